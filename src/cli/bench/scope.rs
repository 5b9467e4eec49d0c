//! Which deployments a run measures, and how much of everything.

use super::super::Failure;

/// How the bridge is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Deployment {
    /// SQLite and the bus in the process
    Embedded,
    /// PostgreSQL and RabbitMQ
    Distributed,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Every amount of work is divided by this.
    pub quick: u64,
    /// The only deployment, where one was named.
    only: Option<Deployment>,
    has_postgres: bool,
    has_broker: bool,
}

impl Scope {
    /// Takes the servers from the environment.
    ///
    /// # Errors
    /// When a deployment was named whose servers were not.
    pub fn of(quick: u64, only: Option<Deployment>) -> Result<Self, Failure> {
        let is_given = |name| std::env::var_os(name).is_some();
        let (has_postgres, has_broker) = (is_given("DATABASE_URL"), is_given("AMQP_URL"));
        let scope = Self { quick: quick.max(1), only, has_postgres, has_broker };
        if only == Some(Deployment::Distributed) && !scope.distributed() {
            let hint = "set DATABASE_URL and AMQP_URL to servers where databases and queues may be made";
            return Err(Failure::usage("the distributed deployment needs its servers", hint));
        }
        Ok(scope)
    }

    /// Whether SQLite and the bus in the process are measured.
    pub fn embedded(self) -> bool {
        self.only != Some(Deployment::Distributed)
    }

    /// Whether PostgreSQL and RabbitMQ are measured.
    pub fn distributed(self) -> bool {
        self.postgres() && self.has_broker
    }

    /// Whether PostgreSQL is measured where no bus is needed.
    pub fn postgres(self) -> bool {
        self.only != Some(Deployment::Embedded) && self.has_postgres
    }
}
