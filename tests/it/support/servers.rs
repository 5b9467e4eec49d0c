//! The servers a test may use, given by the environment; `./tests/run` starts them.
//!
//! A test without its server says so on stderr and returns, so that nobody takes silence for proof; `./tests/run` sets
//! `TILLBRIDGE_TEST_SERVERS=required`, and then a missing server is a failure.

/// Address of a PostgreSQL server where databases may be created, if there is one.
pub fn postgres() -> Option<String> {
    given("DATABASE_URL")
}

/// Address of a RabbitMQ server where queues may be declared, if there is one.
pub fn rabbitmq() -> Option<String> {
    given("AMQP_URL")
}

/// Says that a test was left out, naming the variable that would have let it run.
///
/// # Panics
/// When the caller of the tests promised all servers.
pub fn left_out(test: &str, variable: &str) {
    assert!(
        std::env::var("TILLBRIDGE_TEST_SERVERS").as_deref() != Ok("required"),
        "{test} needs {variable}, and TILLBRIDGE_TEST_SERVERS=required says that it is given"
    );
    eprintln!("left out: {test} needs {variable}");
}

fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}
