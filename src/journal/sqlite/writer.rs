//! The one writer: takes whatever waits, does it in one transaction, commits, answers everybody.
//!
//! What comes in: closures over [`Work`]. What goes out: their answers, after the commit (P1). Each runs in a savepoint, so one
//! that fails takes nothing of its neighbours with it. The queue is bounded: appends are turned away when it is full,
//! everything else waits its turn.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::lock::beside;
use super::work::{Work, failure};
use crate::journal::JournalError;
use crate::journal::clock::Clock;
use crate::journal::gate::{QUEUE, full, gone};
use crate::journal::tally::Tally;

/// Most pieces of work in one transaction.
const BATCH: usize = 512;
/// A WAL that grew beyond this, because readers from outside kept it from starting over, is cut back by waiting for them.
const LARGEST_WAL: u64 = 256 << 20;
/// How many commits lie between two looks at the WAL's size.
const LOOK_EVERY: u32 = 128;

/// A piece of work on its way through the writer.
trait Job: Send {
    /// Does it; `None` when it failed and is to be undone.
    fn run(&mut self, work: Work<'_>) -> Option<Tally>;
    /// Tells whoever waits.
    fn answer(self: Box<Self>, committed: &Result<(), JournalError>);
}

struct Asked<F, T> {
    work: Option<F>,
    found: Option<Result<T, JournalError>>,
    reply: oneshot::Sender<Result<T, JournalError>>,
}

impl<F, T> Job for Asked<F, T>
where
    F: FnOnce(&Work<'_>) -> Result<T, JournalError> + Send,
    T: Send,
{
    fn run(&mut self, work: Work<'_>) -> Option<Tally> {
        let found = self.work.take()?(&work);
        let kept = found.is_ok();
        self.found = Some(found);
        kept.then(|| work.into_tally())
    }

    fn answer(self: Box<Self>, committed: &Result<(), JournalError>) {
        let answer = match (self.found, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (Some(Ok(found)), Ok(())) => Ok(found),
            (None, Ok(())) => Err(gone()),
        };
        // Whoever asked may have gone away; what was committed stays committed.
        let _ = self.reply.send(answer);
    }
}

/// A handle to the writer's thread. Dropping it finishes what waits and closes the file.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; the lock, if there is one, is let go when it ends.
    pub(super) fn start(
        connection: Connection,
        lock: Option<File>,
        path: &Path,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let mut desk = Desk { connection, clock, wal: beside(path, "-wal"), commits: 0 };
        let thread = std::thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || {
                desk.serve(waiting);
                drop(desk);
                drop(lock);
            })
            .map_err(|error| JournalError::Unavailable(format!("no thread for the journal's writer: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does a piece of work, or refuses at once when too many wait.
    pub(super) async fn do_now<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (job, answer) = ask(work);
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }

    /// Does a piece of work, waiting for room in the queue.
    pub(super) async fn do_soon<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (job, answer) = ask(work);
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

type Answer<T> = oneshot::Receiver<Result<T, JournalError>>;

fn ask<T: Send + 'static>(
    work: impl FnOnce(&Work<'_>) -> Result<T, JournalError> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Asked { work: Some(work), found: None, reply }), answer)
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has told its callers already.
            let _ = thread.join();
        }
    }
}

/// What the writer's thread holds.
struct Desk {
    connection: Connection,
    clock: Clock,
    wal: PathBuf,
    commits: u32,
}

impl Desk {
    fn serve(&mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut jobs = vec![first];
            while jobs.len() < BATCH
                && let Ok(next) = waiting.try_recv()
            {
                jobs.push(next);
            }
            let committed = self.commit(&mut jobs);
            if committed.is_err() && !self.connection.is_autocommit() {
                // Nothing of a failed batch may be left for the next one to commit.
                let _ = self.plain("ROLLBACK");
            }
            for job in jobs {
                job.answer(&committed);
            }
            self.keep_wal_small();
        }
    }

    fn plain(&self, sql: &str) -> Result<(), JournalError> {
        let statement = self.connection.prepare_cached(sql);
        statement.and_then(|mut statement| statement.execute([])).map(drop).map_err(|error| failure(&error))
    }

    fn commit(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), JournalError> {
        self.plain("BEGIN IMMEDIATE")?;
        let total = Work::new(&self.connection, self.clock.micros());
        for job in jobs {
            self.plain("SAVEPOINT job")?;
            if let Some(tally) = job.run(Work::new(&self.connection, self.clock.micros())) {
                total.tally().absorb(tally);
            } else if self.connection.is_autocommit() {
                // A full disk and the like undo the whole transaction: nobody's work was kept.
                return Err(JournalError::Unavailable(
                    "SQLite undid the whole batch, as it does on a full disk".to_owned(),
                ));
            } else {
                self.plain("ROLLBACK TO job")?;
            }
            self.plain("RELEASE job")?;
        }
        total.write_tally()?;
        self.plain("COMMIT")
    }

    /// SQLite copies the WAL back as it commits, but starts it over only in a moment without readers. Where such a moment
    /// never comes by itself, it is waited for.
    fn keep_wal_small(&mut self) {
        self.commits = self.commits.wrapping_add(1);
        if !self.commits.is_multiple_of(LOOK_EVERY) {
            return;
        }
        if std::fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > LARGEST_WAL) {
            let cut = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            match cut {
                Ok(0) => {}
                Ok(_) => tracing::warn!("a reader keeps the journal's write-ahead log from being cut back"),
                Err(error) => tracing::warn!(%error, "the journal's write-ahead log could not be cut back"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sqlite::{lock, schema};

    struct Bench {
        writer: Writer,
        _folder: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tillbridge.db");
        let lock = lock::acquire(&path).unwrap();
        let connection = schema::open(&path, 0).unwrap();
        Bench { writer: Writer::start(connection, Some(lock), &path, Clock::default()).unwrap(), _folder: folder }
    }

    impl Bench {
        async fn pragma(&self, text: String) -> i64 {
            let found = self.writer.do_soon(move |work| work.rows(&text, [], |row| row.get(0))).await.unwrap();
            found[0]
        }

        async fn writes(&self, task: &str, bytes: usize) -> Result<usize, JournalError> {
            let (task, text) = (task.to_owned(), "x".repeat(bytes));
            let insert = "INSERT INTO poll_cursor (task, position, changed_at) VALUES (?1, ?2, 0)";
            self.writer.do_soon(move |work| work.run(insert, [&task, &text])).await
        }

        async fn tasks(&self) -> Vec<String> {
            let list = "SELECT task FROM poll_cursor ORDER BY task";
            self.writer.do_soon(move |work| work.rows(list, [], |row| row.get(0))).await.unwrap()
        }
    }

    #[tokio::test]
    async fn work_that_fails_takes_nothing_of_its_neighbours_with_it() {
        let bench = bench();
        let failing = bench.writer.do_soon(|work| {
            work.run("INSERT INTO poll_cursor (task, position, changed_at) VALUES ('half', '', 0)", [])?;
            work.run("INSERT INTO no_such_table VALUES (1)", [])
        });
        let (before, failed, after) = tokio::join!(bench.writes("a", 1), failing, bench.writes("b", 1));
        assert!(matches!(failed, Err(JournalError::Broken(_))), "{failed:?}");
        assert_eq!((before.unwrap(), after.unwrap()), (1, 1));
        assert_eq!(bench.tasks().await, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_full_disk_refuses_and_keeps_what_was_acknowledged() {
        let bench = bench();
        bench.writes("before", 10).await.unwrap();
        let pages = bench.pragma("PRAGMA page_count".to_owned()).await;
        bench.pragma(format!("PRAGMA max_page_count = {}", pages + 2)).await;
        let refused = bench.writes("large", 1_000_000).await;
        assert!(matches!(&refused, Err(JournalError::Unavailable(text)) if text.contains("full")), "{refused:?}");
        assert_eq!(bench.tasks().await, ["before"]);
        bench.pragma(format!("PRAGMA max_page_count = {}", pages + 10_000)).await;
        bench.writes("large", 1_000_000).await.expect("there is room again");
        assert_eq!(bench.tasks().await, ["before", "large"]);
    }

    #[tokio::test]
    async fn a_writer_that_died_is_unavailable_and_hangs_nobody() {
        let bench = bench();
        let died = bench.writer.do_soon::<()>(|_| panic!("as by a defect")).await;
        assert!(matches!(died, Err(JournalError::Unavailable(_))));
        let later = bench.writer.do_now(|work| work.run("SELECT 1", [])).await;
        assert!(matches!(later, Err(JournalError::Unavailable(_))));
    }
}
