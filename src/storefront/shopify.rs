//! Shopify: the storefront adapter.

mod graphql;
