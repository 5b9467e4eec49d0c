//! A connection that comes back: a supervisor rebuilds connection and topology after any loss.
//!
//! What comes in: the broker's address and topology, and complaints from those who use the connection. What goes out: the
//! present [`State`], which publisher and consumers watch; each rebuilt connection has a new generation, and whatever belongs
//! to an old one is worthless. A lost connection, a cancelled consumer and a missed heartbeat are all treated alike: rebuild.
//! Next in the flow: [`super::publisher`] and [`super::consumer`] open their channels on it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use lapin::{Connection, Event};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::dial::{Address, Line};
use super::fault;
use super::topology::Topology;

/// The first wait before a rebuild; it doubles up to the longest, and each is shortened by chance to spread reconnections.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A connection that held this long starts the waits over.
const STEADY: Duration = Duration::from_secs(30);
/// The client library tells of some losses only by its status, so that is looked at this often.
const LOOK: Duration = Duration::from_millis(250);
/// How long [`Link::close`] waits for the supervisor.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// How a link is.
#[derive(Clone)]
pub(super) enum State {
    /// The first attempt is under way.
    Starting,
    /// Connected, everything declared.
    Up(Session),
    /// Connected, but the broker wants no messages, for this reason.
    Blocked(Session, Arc<str>),
    /// Not connected, for this reason; being rebuilt.
    Down(Arc<str>),
    /// Closed for good.
    Closed,
}

/// One life of the connection.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) generation: u64,
    pub(super) connection: Arc<Connection>,
}

/// What does not work on a generation of the connection.
#[derive(Default)]
struct Complaint {
    generation: u64,
    why: String,
}

/// A supervised connection.
pub(super) struct Link {
    state: watch::Receiver<State>,
    complaints: watch::Sender<Complaint>,
    stop: CancellationToken,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Starts the supervisor. `name` tells the links of a process apart in logs, metrics and at the broker.
    pub(super) fn start(name: &'static str, address: Address, topology: Topology) -> Arc<Self> {
        let (state, watched) = watch::channel(State::Starting);
        let (complaints, heard) = watch::channel(Complaint::default());
        let stop = CancellationToken::new();
        let supervisor = Supervisor { name, address, topology, state, complaints: heard, stop: stop.clone() };
        let task = tokio::spawn(supervisor.run());
        Arc::new(Self { state: watched, complaints, stop, supervisor: Mutex::new(Some(task)) })
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Waits until the first attempt has come to something.
    pub(super) async fn started(&self) {
        // An error means that the supervisor has ended, which is an outcome too.
        let _ = self.state.clone().wait_for(|state| !matches!(state, State::Starting)).await;
    }

    /// Waits for a connection newer than the one that was given up, for ever if need be.
    pub(super) async fn session(&self, given_up: u64) -> Session {
        let mut state = self.state.clone();
        loop {
            if let State::Up(session) | State::Blocked(session, _) = &*state.borrow_and_update()
                && session.generation > given_up
            {
                return session.clone();
            }
            if state.changed().await.is_err() {
                // The link is closed: nothing comes any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Asks for a rebuild because something on this generation does not work. One complaint is enough; older ones are
    /// ignored.
    pub(super) fn complain(&self, generation: u64, why: String) {
        self.complaints.send_if_modified(|last| {
            let newer = generation > last.generation;
            if newer {
                *last = Complaint { generation, why };
            }
            newer
        });
    }

    /// Closes the connection for good, within a deadline.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let task = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = timeout(STOP_DEADLINE, task).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Supervisor {
    name: &'static str,
    address: Address,
    topology: Topology,
    state: watch::Sender<State>,
    complaints: watch::Receiver<Complaint>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(mut self) {
        let stop = self.stop.clone();
        let mut generation = 0;
        let mut attempts = 0;
        while !stop.is_cancelled() {
            let built = stop.run_until_cancelled(self.build()).await;
            let began = Instant::now();
            match built {
                None => break,
                Some(Err(why)) => self.down(&why),
                Some(Ok(line)) => {
                    generation += 1;
                    self.up(generation, &line);
                    let lost = self.watch(generation, &line.connection).await;
                    if let Some(why) = &lost {
                        self.down(why);
                    } else {
                        self.state.send_replace(State::Closed);
                    }
                    line.hang_up().await;
                }
            }
            attempts = if began.elapsed() >= STEADY { 1 } else { attempts + 1 };
            let _ = stop.run_until_cancelled(tokio::time::sleep(wait(attempts))).await;
        }
        self.state.send_replace(State::Closed);
    }

    async fn build(&self) -> Result<Line, String> {
        let line = Line::open(&self.address, &format!("tillbridge {}", self.name)).await?;
        let deadline = self.topology.deadline();
        let declared = match timeout(deadline, self.topology.declare(&line.connection)).await {
            Ok(declared) => declared,
            Err(_) => Err(format!("RabbitMQ did not declare the queues within {} s", deadline.as_secs())),
        };
        match declared {
            Ok(()) => Ok(line),
            Err(why) => {
                line.hang_up().await;
                Err(why)
            }
        }
    }

    /// Waits for the end of a connection; none when it is to be closed for good.
    async fn watch(&mut self, generation: u64, connection: &Arc<Connection>) -> Option<String> {
        let session = Session { generation, connection: Arc::clone(connection) };
        let mut events = std::pin::pin!(connection.events_listener());
        let mut look = tokio::time::interval(LOOK);
        let mut why = "the connection was lost".to_owned();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                Ok(complaint) = self.complaints.wait_for(|complaint| complaint.generation == generation) => {
                    return Some(complaint.why.clone());
                }
                Some(event) = events.next() => match event {
                    Event::ConnectionBlocked(reason) => {
                        tracing::warn!(link = self.name, %reason, "rabbitmq wants no messages for now");
                        self.state.send_replace(State::Blocked(session.clone(), reason.into()));
                    }
                    Event::ConnectionUnblocked => {
                        tracing::info!(link = self.name, "rabbitmq takes messages again");
                        self.state.send_replace(State::Up(session.clone()));
                    }
                    Event::Error(error) => why = fault::explain(&error),
                    _ => {}
                },
                _ = look.tick() => {
                    if !connection.status().connected() {
                        return Some(why);
                    }
                }
            }
        }
    }

    fn up(&self, generation: u64, line: &Line) {
        if generation > 1 {
            metrics::counter!("tillbridge_bus_rebuilds_total", "link" => self.name).increment(1);
        }
        tracing::info!(link = self.name, generation, broker = %self.address, "connected to rabbitmq");
        self.state.send_replace(State::Up(Session { generation, connection: Arc::clone(&line.connection) }));
    }

    fn down(&self, why: &str) {
        tracing::warn!(link = self.name, broker = %self.address, why, "rabbitmq connection is down, rebuilding it");
        self.state.send_replace(State::Down(why.into()));
    }
}

/// Twice as long each time, up to the longest; the second half of each is left to chance.
fn wait(attempts: u32) -> Duration {
    let longest = LONGEST_WAIT.as_millis().try_into().unwrap_or(u64::MAX);
    let first: u64 = FIRST_WAIT.as_millis().try_into().unwrap_or(u64::MAX);
    let full = first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(longest);
    Duration::from_millis(rand::random_range(full / 2..=full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for attempts in 0..100 {
            let wait = wait(attempts);
            assert!(wait >= FIRST_WAIT / 2 && wait <= LONGEST_WAIT, "{attempts}: {wait:?}");
        }
        assert!(wait(100) >= LONGEST_WAIT / 2);
    }
}
