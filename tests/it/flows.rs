//! Whole stories, from one side to the other through the real bridge, on both deployments. Each ends with the promises.

mod sales;
