//! Group commit without a timer: one task takes whatever waits, writes it as one statement, and answers everybody after the
//! commit. While it writes the next batch gathers by itself, so batches grow with the load and nobody waits for company.

use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::append::write;
use super::connect::client;
use super::trouble::Trouble;
use crate::journal::gate::{QUEUE, full, gone};
use crate::journal::plan::deliveries::DeliveryRow;
use crate::journal::{Appended, JournalError};

/// Most deliveries in one statement.
const BATCH: usize = 256;
/// The longest a storefront is kept waiting; it hangs up after five seconds.
const DEADLINE: Duration = Duration::from_secs(20);
const TRIES: u32 = 5;

struct Waiting {
    row: DeliveryRow,
    reply: oneshot::Sender<Result<Appended, JournalError>>,
    _room: OwnedSemaphorePermit,
}

/// A handle to the appending task. The task ends, its queue emptied, when this is dropped.
#[derive(Debug)]
pub(super) struct Appender(mpsc::Sender<Waiting>);

impl Appender {
    pub(super) fn start(pool: Pool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(Desk { pool, connection: None }.serve(waiting));
        Self(queue)
    }

    /// Writes a delivery with the next batch, or refuses at once when too many wait.
    pub(super) async fn append(&self, row: DeliveryRow, room: OwnedSemaphorePermit) -> Result<Appended, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Waiting { row, reply, _room: room }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }
}

struct Desk {
    pool: Pool,
    /// Kept between batches, so that appending never waits behind other work for a connection.
    connection: Option<Client>,
}

impl Desk {
    async fn serve(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            let (rows, replies): (Vec<_>, Vec<_>) =
                batch.drain(..).map(|Waiting { row, reply, _room: room }| (row, (reply, room))).unzip();
            let answers = self.answers(&rows).await;
            for ((reply, _room), answer) in replies.into_iter().zip(answers) {
                // Whoever asked may have gone away; what was committed stays committed.
                let _ = reply.send(answer);
            }
        }
    }

    /// One answer a row. When a batch is refused for what is in it, its rows are tried one by one, so that only the culprit
    /// hears of it.
    async fn answers(&mut self, rows: &[DeliveryRow]) -> Vec<Result<Appended, JournalError>> {
        match self.write(rows).await {
            Ok(appended) => appended.into_iter().map(Ok).collect(),
            Err(JournalError::Broken(_)) if rows.len() > 1 => {
                let mut answers = Vec::with_capacity(rows.len());
                for row in rows {
                    let answer = self.write(std::slice::from_ref(row)).await;
                    answers.push(answer.map(|appended| appended[0]));
                }
                answers
            }
            Err(error) => rows.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn write(&mut self, rows: &[DeliveryRow]) -> Result<Vec<Appended>, JournalError> {
        for _ in 1..TRIES {
            match self.write_once(rows).await {
                Err(Trouble::Again(_)) => {}
                outcome => return outcome.map_err(JournalError::from),
            }
        }
        self.write_once(rows)
            .await
            .map_err(|trouble| JournalError::Unavailable(JournalError::from(trouble).to_string()))
    }

    async fn write_once(&mut self, rows: &[DeliveryRow]) -> Result<Vec<Appended>, Trouble> {
        let connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => client(&self.pool).await?,
        };
        if let Ok(outcome) = tokio::time::timeout(DEADLINE, write(&connection, rows)).await {
            self.connection = Some(connection);
            return outcome;
        }
        // An answer may still be on its way over this connection: nobody may use it again.
        drop(Object::take(connection));
        Err(Trouble::Failed(JournalError::Unavailable("PostgreSQL did not answer in time".to_owned())))
    }
}
