//! Handlings out to the bus, and back when the bus did not take them.

use async_trait::async_trait;

use super::append::uuid;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::HandlingId;
use crate::journal::plan::claim::DAMAGED;
use crate::journal::plan::outbox::{Due, FEW_ON_THEIR_WAY, MOST_ON_THEIR_WAY};
use crate::journal::plan::{handling, handling_state};
use crate::journal::{Outgoing, text};

/// By channel and handler, so that no backlog is looked through for the sake of another, nor that of a paused channel at all; channels
/// take turns, and none puts more on its way to a handler than it may. Bodies are read last, of what is taken.
const DUE: &str = "WITH RECURSIVE pair(channel, handler) AS ( \
    (SELECT channel, handler FROM handling WHERE due IS NOT NULL ORDER BY channel, handler, due, id LIMIT 1) UNION ALL \
    SELECT n.channel, n.handler FROM pair p CROSS JOIN LATERAL (SELECT channel, handler FROM handling \
    WHERE due IS NOT NULL AND (channel, handler) > (p.channel, p.handler) ORDER BY channel, handler, due, id LIMIT 1) n) \
    SELECT h.id, h.handler, h.state, e.id, e.kind, e.body, h.channel FROM ( \
    SELECT d.*, p.channel, row_number() OVER (PARTITION BY p.channel ORDER BY d.due, d.id) AS turn \
    FROM pair p JOIN channel c ON c.name = p.channel AND c.paused IS NULL CROSS JOIN LATERAL ( \
    SELECT count(*) AS n FROM (SELECT state FROM handling WHERE channel = p.channel AND handler = p.handler AND due > $1 \
    ORDER BY due LIMIT 2 * $3::bigint) w WHERE w.state = 'published') f CROSS JOIN LATERAL ( \
    SELECT id, event, handler, state, due FROM handling WHERE channel = p.channel AND handler = p.handler AND due <= $1 \
    ORDER BY due, id LIMIT CASE WHEN f.n > $4::bigint THEN 0 ELSE LEAST($2::bigint, $3::bigint - f.n) END \
    FOR UPDATE SKIP LOCKED) d ORDER BY turn, d.due, d.id LIMIT $2::bigint) h \
    JOIN event e ON e.seq = h.event ORDER BY h.due, h.id";
const PUBLISH: &str = "UPDATE handling SET state = 'published', due = $2, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    changed_at = $3, \
    reason = CASE WHEN state = 'running' THEN 'interrupted' ELSE reason END WHERE id = ANY($1::bigint[])";
const END: &str = "UPDATE handling h SET state = 'dead', due = NULL, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    reason = e.reason, action = $3, changed_at = $4 FROM unnest($1::bigint[], $2::text[]) AS e(id, reason) WHERE h.id = e.id";
const UNPUBLISH: &str = "WITH back AS (SELECT id FROM handling WHERE id = ANY($1::bigint[]) AND state = 'published' \
    ORDER BY id FOR UPDATE) UPDATE handling h SET state = 'ready', due = $2, changed_at = $3 FROM back WHERE h.id = back.id \
    RETURNING h.handler";

/// Takes what is due.
pub(super) struct Take {
    pub limit: usize,
    pub lease: i64,
}

#[async_trait]
impl Batch for Take {
    type Answer = Vec<Outgoing>;
    const REPEATABLE: bool = true;

    async fn run(&self, work: &Work<'_>) -> Result<Vec<Outgoing>, Trouble> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let (mut outgoing, mut published) = (Vec::new(), Vec::new());
        let (mut damaged, mut reasons) = (Vec::new(), Vec::new());
        for row in work.rows(DUE, &[&work.now, &limit, &MOST_ON_THEIR_WAY, &FEW_ON_THEIR_WAY]).await? {
            let due = Due {
                id: row.try_get(0)?,
                handler: row.try_get(1)?,
                state: handling_state(row.try_get(2)?)?,
                event: uuid(&row, 3)?,
                kind: row.try_get(4)?,
                body: row.try_get(5)?,
                channel: row.try_get(6)?,
            };
            match due.outgoing() {
                Ok(message) => {
                    work.tally().moved(&due.handler, due.state, handling::PUBLISHED);
                    published.push(due.id);
                    outgoing.push(message);
                }
                Err(error) => {
                    work.tally().moved(&due.handler, due.state, handling::DEAD);
                    damaged.push(due.id);
                    reasons.push(text::reason(&error.to_string()));
                }
            }
        }
        if !published.is_empty() {
            work.run(PUBLISH, &[&published, &work.now.saturating_add(self.lease), &work.now]).await?;
        }
        if !damaged.is_empty() {
            work.run(END, &[&damaged, &reasons, &DAMAGED, &work.now]).await?;
            work.bury(&damaged).await?;
        }
        Ok(outgoing)
    }
}

/// Puts back what the bus did not take.
pub(super) struct Unpublish<'a> {
    pub handlings: &'a [HandlingId],
    pub after: i64,
}

#[async_trait]
impl Batch for Unpublish<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let ids: Vec<i64> = self.handlings.iter().map(|handling| handling.0).collect();
        for row in work.rows(UNPUBLISH, &[&ids, &work.now.saturating_add(self.after), &work.now]).await? {
            work.tally().moved(row.try_get(0)?, handling::PUBLISHED, handling::READY);
        }
        Ok(())
    }
}
