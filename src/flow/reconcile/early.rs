//! Counts that come before their time, since there are figures that nobody can explain.
//!
//! What comes in: the wish for a count, left by the handler that writes stock. What goes out: a reconciliation of orders and of
//! the figures in doubt. Few wishes bring few counts, and many do not bring more than one a minute (P5).
//! Next in the flow: [`super::once`].

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Version;
use crate::handlers::Desk;
use crate::handlers::stock::{Unread, recount};
use crate::policy::ReconcileRules;

use super::{Count, Found, Scope, Window, once};

/// The shortest time between two counts.
pub(super) const APART: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub struct EarlyCount {
    apart: Duration,
    /// The latest wish that was looked into.
    answered: Version,
    /// When the next may come.
    next: Instant,
}

impl EarlyCount {
    /// As a process begins: the first count may come when counts are to be apart, too.
    #[must_use]
    pub fn new(apart: Duration) -> Self {
        Self { apart, answered: Version(0), next: Instant::now() + apart }
    }

    /// Counts what is in doubt, if that is wished for and long enough after the count before. Answers `None` where nothing was
    /// asked. Repeating it is safe.
    ///
    /// # Errors
    /// [`Unread`] when a side or the journal does not answer; it is looked into again the next time.
    pub async fn if_wished(&mut self, desk: &Desk<'_>, rules: ReconcileRules) -> Result<Option<Found>, Unread> {
        if Instant::now() < self.next {
            return Ok(None);
        }
        let Some(wish) = recount::wished(desk).await?.filter(|wish| *wish > self.answered) else { return Ok(None) };
        self.next = Instant::now() + self.apart;
        let found = in_doubt(desk, rules).await?;
        // Where what was sold is not all known yet, it is looked into again.
        if found.stock.is_some() {
            self.answered = wish;
        }
        Ok(Some(found))
    }
}

/// Counts the figures in doubt.
async fn in_doubt(desk: &Desk<'_>, rules: ReconcileRules) -> Result<Found, Unread> {
    let window = Window { since: None, overlap: rules.overlap, dry_run: false };
    once(desk, window, Scope { stock: Some(Count::InDoubt), ..Scope::ORDERS }).await
}
