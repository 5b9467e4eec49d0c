//! The buses: one list of stories that both tell alike, then what only RabbitMQ can do wrong.

mod broker;
mod conformance;
mod rabbitmq;
mod rabbitmq_faults;
mod stories;
