//! The servers a test may use, given by the environment; `./tests/run` starts them.

/// Address of a PostgreSQL server where databases may be created, if there is one.
pub fn postgres() -> Option<String> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// Address of a RabbitMQ server where queues may be declared, if there is one.
pub fn rabbitmq() -> Option<String> {
    std::env::var("AMQP_URL").ok().filter(|url| !url.is_empty())
}
