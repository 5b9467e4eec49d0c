//! The stages, in the order data meets them: receive and poll → normalise → publish → handle.
//!
//! What comes in: calls from storefronts, changes of offices. What goes out: settled work in the journal. Each stage is a
//! loop that takes what is due from the journal, does one thing, and settles it in one transaction; none talks to another
//! but through the journal, so any of them may run in any number of processes (P4). A [`Bells`] only spares the wait until
//! the next look.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::bus::Bus;
use crate::domain::ChannelName;
use crate::handlers::{self, Desk, Sides};
use crate::journal::Journal;
use crate::policy::Retention;

pub mod circuit;
pub mod handle;
pub mod health;
pub mod normalise;
pub mod poll;
pub mod publish;
pub mod receive;
pub mod reconcile;
pub mod replay;
pub mod share;
pub mod stocktake;
pub mod strays;
pub mod sweep;
pub mod unattended;
pub mod watch;

mod own;

pub use circuit::Circuits;
pub use health::{Beat, Beats};

/// What a process does. Any set of roles may run in any process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Answers webhooks.
    Receive,
    /// Turns deliveries into events.
    Normalise,
    /// Puts due work on the bus.
    Publish,
    /// Works.
    Handle,
    /// Asks offices for changes.
    Poll,
    /// Answers operators and does nothing else; every process answers them.
    Admin,
}

impl Role {
    /// Every role there is.
    pub const ALL: &'static [Self] =
        &[Self::Receive, Self::Normalise, Self::Publish, Self::Handle, Self::Poll, Self::Admin];

    /// The word used on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Normalise => "normalise",
            Self::Publish => "publish",
            Self::Handle => "handle",
            Self::Poll => "poll",
            Self::Admin => "admin",
        }
    }

    /// Reads the word used on the command line.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == word)
    }
}

/// Rings a stage in the same process when the one before it has committed work. Missing a ring costs only the wait until
/// the stage looks by itself.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    /// There may be deliveries to normalise.
    pub deliveries: Arc<Notify>,
    /// There may be handlings to publish.
    pub outbox: Arc<Notify>,
}

/// How eager the stages are.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often a stage looks by itself.
    pub look: Duration,
    /// The most deliveries or handlings taken at once.
    pub batch: usize,
    /// How long taken work belongs to who took it.
    pub lease: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { look: Duration::from_millis(200), batch: 256, lease: Duration::from_secs(60) }
    }
}

/// What every stage needs.
#[derive(Clone)]
pub struct Stage {
    /// The durable record.
    pub journal: Arc<dyn Journal>,
    /// The distributor of work.
    pub bus: Arc<dyn Bus>,
    /// Both sides of every channel.
    pub sides: Arc<Sides>,
    /// Bells between the stages.
    pub bells: Bells,
    /// How eager they are.
    pub pace: Pace,
    /// How long what has ended is kept.
    pub keep: Retention,
    /// Signs of life of the loops, for readiness.
    pub beats: Beats,
    /// Where nothing gets through.
    pub circuits: Circuits,
    /// This process, among those that share a journal.
    pub process: Uuid,
    /// Rung when the process is to end: stages finish what they hold and return.
    pub stop: CancellationToken,
}

impl Stage {
    /// What a handler works with in a channel; `None` where the configuration of this process does not have it.
    #[must_use]
    pub fn desk(&self, channel: &ChannelName) -> Option<Desk<'_>> {
        let channel = self.sides.channels.iter().find(|one| one.name == *channel)?;
        Some(Desk {
            channel,
            journal: self.journal.as_ref(),
            storefront: self.sides.storefronts.get(&channel.storefront)?.as_ref(),
            office: self.sides.offices.get(&channel.office)?.as_ref(),
        })
    }
}

/// The running stages of a process.
pub struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    /// Starts the loops of these roles. `Receive` and `Admin` are web servers and are started by [`crate::ops`] and
    /// [`receive`] on their own.
    #[must_use]
    pub fn start(stage: &Stage, roles: &[Role]) -> Self {
        let tasks = TaskTracker::new();
        if roles.contains(&Role::Normalise) {
            tasks.spawn(named("normalise", normalise::run(stage.clone())));
        }
        if roles.contains(&Role::Publish) {
            tasks.spawn(named("publish", publish::run(stage.clone())));
        }
        if roles.contains(&Role::Handle) {
            tasks.spawn(named("circuit", circuit::run(stage.clone())));
            // Without a name: it says the same again by the clock, whatever work there is.
            tasks.spawn(strays::run(stage.clone()));
            for channel in &stage.sides.channels {
                for handler in handlers::all() {
                    for worker in 0..handler.policy().workers {
                        let work = handle::run(stage.clone(), Arc::clone(&handler), channel.name.clone(), worker);
                        tasks.spawn(named(handler.policy().name, work));
                    }
                }
            }
        }
        if unattended::is_for(roles) {
            // Without a name, as above.
            tasks.spawn(unattended::run(stage.clone()));
        }
        if share::is_for(roles) {
            // Without a name, as above.
            tasks.spawn(share::run(stage.clone()));
        }
        if roles.contains(&Role::Poll) {
            for (channel, kind, every) in poll::tasks(&stage.sides) {
                tasks.spawn(named("poll", poll::run(stage.clone(), channel, kind, every)));
            }
        }
        if roles.contains(&Role::Poll) {
            tasks.spawn(named("sweep", sweep::run(stage.clone())));
            for storefront in stage.sides.storefronts.keys() {
                tasks.spawn(named("watch", watch::run(stage.clone(), storefront.clone())));
            }
            for channel in &stage.sides.channels {
                tasks.spawn(named("reconcile", reconcile::run(stage.clone(), channel.name.clone())));
            }
        }
        tasks.close();
        Self { tasks, stop: stage.stop.clone() }
    }

    /// Makes the channels known to the journal; one that is to begin paused is, the first time (F-021). What nobody had known
    /// the channel of goes on by that, so a process that is to work says first that it will. A process whose roles call
    /// storefronts counts from here on.
    ///
    /// # Errors
    /// When the journal does not answer.
    pub async fn introduce(stage: &Stage, roles: &[Role]) -> Result<(), crate::journal::JournalError> {
        if roles.contains(&Role::Handle) {
            strays::vouch(stage).await?;
        }
        for channel in &stage.sides.channels {
            let name = &channel.name;
            let reason = format!("not let go yet: `tillbridge check`, then `tillbridge resume {name}`");
            stage.journal.introduce(name, channel.begins_paused.then_some(reason.as_str())).await?;
        }
        if share::is_for(roles) {
            share::once(stage, stage.process, share::LEASE).await?;
        }
        Ok(())
    }

    /// Stops taking new work and waits until what is held is settled, at most that long. Answers whether all of it was.
    pub async fn drain(self, patience: Duration) -> bool {
        self.stop.cancel();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

tokio::task_local! {
    static LOOP: &'static str;
}

async fn named(name: &'static str, work: impl Future<Output = ()>) {
    LOOP.scope(name, work).await;
}

/// The name of the loop whose work the caller does: a stage, or a handler. `None` outside of them, as at the webhook door.
#[must_use]
pub fn at_work() -> Option<&'static str> {
    LOOP.try_with(|name| *name).ok()
}

/// How long a stage waits for its bell after a round that left nothing due: whatever came meanwhile from another process is
/// found soon, and nobody asks the journal again at once for what is not there.
const SOON: Duration = Duration::from_millis(5);

/// How long a stage rests after a round that took so many.
fn rest_after(taken: usize, pace: &Pace) -> Duration {
    if taken == 0 {
        pace.look
    } else if taken < pace.batch {
        SOON.min(pace.look)
    } else {
        Duration::ZERO
    }
}

/// Waits for a bell, the next look or the end. Answers whether to go on.
async fn rest(bell: Option<&Notify>, look: Duration, stop: &CancellationToken) -> bool {
    let rung = async {
        match bell {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => false,
        () = rung => true,
        () = tokio::time::sleep(look) => true,
    }
}
