//! The gate every call of a bridge to its ports passes, where a story disturbs one of them.
//!
//! A step is a call of a port's function by one loop: a stage or a handler. The gate writes down which steps a bridge takes, and
//! at a step that was chosen it lets the process die before or after, makes the call twice, or hides its success. What an operator
//! types runs in a process of its own ([`beside`]), which dies alone.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use tillbridge::bus::BusError;
use tillbridge::domain::CallError;
use tillbridge::flow;
use tillbridge::journal::JournalError;
use tokio::sync::{Notify, watch};

/// Nobody types the same command more often.
const TRIES: usize = 20;

tokio::task_local! {
    /// Who works in a process beside the bridge, and what is rung when that process dies.
    static BESIDE: (&'static str, Arc<Notify>);
}

/// Does work in a process beside the bridge, as an operator's command does. Where that dies or fails it is begun anew, until it ends
/// well; it takes no notice of the bridge's death.
pub async fn beside<T, E: Debug>(who: &'static str, work: impl AsyncFn() -> Result<T, E>) -> T {
    let mut failed = None;
    for _ in 0..TRIES {
        let death = Arc::new(Notify::new());
        let ended = tokio::select! {
            biased;
            () = death.notified() => continue,
            ended = BESIDE.scope((who, Arc::clone(&death)), work()) => ended,
        };
        match ended {
            Ok(answer) => return answer,
            Err(error) => failed = Some(error),
        }
    }
    panic!("{who} never ends well: {failed:?}");
}

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// The process dies before the call is made.
    DiesBefore,
    /// The call is made, and the process dies before it hears the answer.
    DiesAfter,
    /// The call is made twice.
    Twice,
    /// The call is made, and the answer is lost.
    AnswerIsLost,
}

impl Disturbance {
    pub const ALL: [Self; 4] = [Self::DiesBefore, Self::DiesAfter, Self::Twice, Self::AnswerIsLost];
}

/// See the module.
#[derive(Debug)]
pub struct Gate {
    /// The step that is to be disturbed, and how, until it was.
    chosen: Mutex<Option<(String, Disturbance)>>,
    /// What befalls the bridge besides.
    mishap: Mutex<Option<(&'static str, Disturbance)>>,
    /// How often each step was taken.
    taken: Mutex<BTreeMap<String, usize>>,
    /// Which life the process lives: one that has ended does nothing any more.
    life: watch::Sender<u64>,
    /// The life that was begun last.
    begun: AtomicU64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            chosen: Mutex::default(),
            mishap: Mutex::default(),
            taken: Mutex::default(),
            life: watch::Sender::new(0),
            begun: AtomicU64::new(0),
        }
    }
}

impl Gate {
    /// Chooses the step that is disturbed the next time it is taken.
    pub fn choose(&self, step: &str, disturbance: Disturbance) {
        *self.chosen.lock().unwrap() = Some((step.to_owned(), disturbance));
    }

    /// Whatever is chosen, this step is disturbed the next time it is taken.
    pub fn has(&self, mishap: Option<(&'static str, Disturbance)>) {
        *self.mishap.lock().unwrap() = mishap;
    }

    /// Chooses no step any more. Answers whether the one that was chosen was taken and disturbed.
    pub fn rests(&self) -> bool {
        self.chosen.lock().unwrap().take().is_none()
    }

    /// A process begins to live.
    pub fn begins(&self) -> u64 {
        let life = *self.life.borrow();
        self.begun.store(life, Ordering::SeqCst);
        life
    }

    /// Does work that needs a living process; `None` where it dies before, or has died already.
    pub async fn unless_it_dies<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut life = self.life.subscribe();
        tokio::select! {
            biased;
            _ = life.wait_for(|life| *life > begun) => None,
            done = work => Some(done),
        }
    }

    /// Takes down all steps that were taken so far, and begins anew.
    pub fn steps(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    /// Passes a call that may be made twice.
    pub async fn pass<'call, T: Answer>(
        &self,
        life: u64,
        port: &'static str,
        function: &'static str,
        call: impl Fn() -> BoxFuture<'call, T> + Send,
    ) -> T {
        self.unless_over(life).await;
        let answer = match self.meets(port, function) {
            None => call().await,
            Some(Disturbance::DiesBefore) => self.dies().await,
            Some(Disturbance::DiesAfter) => {
                call().await;
                self.dies().await
            }
            Some(Disturbance::Twice) => {
                call().await;
                call().await
            }
            Some(Disturbance::AnswerIsLost) => call().await.lost(),
        };
        self.unless_over(life).await;
        answer
    }

    /// What happens at this call.
    fn meets(&self, port: &'static str, function: &'static str) -> Option<Disturbance> {
        // The story itself asks the ports, too; the door is the only one without a loop.
        let beside = BESIDE.try_with(|(who, _)| *who).ok();
        let who = beside.or_else(flow::at_work).or((function == "append").then_some("receive"))?;
        let step = format!("{who}: {port}.{function}");
        *self.taken.lock().unwrap().entry(step.clone()).or_default() += 1;
        let mut chosen = self.chosen.lock().unwrap();
        if chosen.as_ref().is_some_and(|(chosen, _)| *chosen == step) {
            return chosen.take().map(|(_, disturbance)| disturbance);
        }
        let mut mishap = self.mishap.lock().unwrap();
        mishap.take_if(|(befallen, _)| *befallen == step).map(|(_, disturbance)| disturbance)
    }

    async fn dies<T>(&self) -> T {
        if BESIDE.try_with(|(_, death)| death.notify_one()).is_err() {
            self.life.send_modify(|life| *life += 1);
        }
        std::future::pending().await
    }

    async fn unless_over(&self, life: u64) {
        let is_beside = BESIDE.try_with(|_| ()).is_ok();
        if !is_beside && *self.life.borrow() != life {
            std::future::pending::<()>().await;
        }
    }
}

/// An answer that can get lost.
pub trait Answer: Send {
    /// What the caller hears instead, who must not take it for a failure of the call itself.
    fn lost(self) -> Self;
}

impl Answer for () {
    fn lost(self) -> Self {}
}

impl<T: Send> Answer for Result<T, CallError> {
    fn lost(self) -> Self {
        Err(CallError::InDoubt("the answer was lost on the way".into()))
    }
}

impl<T: Send> Answer for Result<T, JournalError> {
    fn lost(self) -> Self {
        Err(JournalError::Unavailable("the answer was lost on the way".into()))
    }
}

impl<T: Send> Answer for Vec<Result<T, CallError>> {
    fn lost(self) -> Self {
        self.into_iter().map(Answer::lost).collect()
    }
}

impl Answer for Vec<Result<(), BusError>> {
    fn lost(self) -> Self {
        self.into_iter().map(|_| Err(BusError::Unconfirmed("the confirmation was lost on the way".into()))).collect()
    }
}
