//! Deliveries out to be normalised, and their ends with the events they raised.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use futures::try_join;
use tokio_postgres::Row;
use uuid::Uuid;

use super::append::uuid;
use super::demand;
use super::replays::renew;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::journal::plan::deliveries::{DueDelivery, End, EventRow, Prepared, taken_too_often};
use crate::journal::plan::{MOST_TAKINGS, delivery, handling};
use crate::journal::{Taken, text};

/// Where they come from takes turns, so that a flood of one does not hold up another.
const DUE: &str = "WITH RECURSIVE source(origin) AS ( \
    (SELECT origin FROM delivery WHERE due IS NOT NULL ORDER BY origin, due, id LIMIT 1) UNION ALL \
    SELECT n.origin FROM source s CROSS JOIN LATERAL (SELECT origin FROM delivery \
    WHERE due IS NOT NULL AND origin > s.origin ORDER BY origin, due, id LIMIT 1) n) \
    SELECT id, origin, topic, dedupe_key, fold_key, headers, body, received_at, fence, attempts FROM ( \
    SELECT f.*, row_number() OVER (PARTITION BY f.origin ORDER BY f.due, f.id) AS turn FROM source s CROSS JOIN LATERAL ( \
    SELECT id, origin, topic, dedupe_key, fold_key, headers, body, received_at, fence, attempts, due FROM delivery \
    WHERE origin = s.origin AND due <= $1 ORDER BY due, id LIMIT $2 FOR UPDATE SKIP LOCKED) f \
    ORDER BY turn, f.due, f.id LIMIT $2) t ORDER BY due, id";
const TAKE: &str = "UPDATE delivery SET due = $2, fence = fence + 1, attempts = attempts + 1, changed_at = $3 \
    WHERE id = ANY($1::bytea[])";
const HELD: &str =
    "SELECT id, fence FROM delivery WHERE id = ANY($1::bytea[]) AND state = 'new' ORDER BY id FOR UPDATE";
const END: &str = "UPDATE delivery d SET state = e.state, reason = e.reason, due = NULL, changed_at = $4 \
    FROM unnest($1::bytea[], $2::text[], $3::text[]) AS e(id, state, reason) WHERE d.id = e.id";
const BURY: &str =
    "INSERT INTO dead (delivery, since) SELECT id, $2 FROM unnest($1::bytea[]) AS t(id) ON CONFLICT DO NOTHING";
const CHANNEL: &str =
    "INSERT INTO channel (name) SELECT name FROM unnest($1::text[]) AS t(name) ON CONFLICT DO NOTHING";
/// Numbers are drawn in the order of arrival and keys are entered in their own order, so that listings read as things came
/// and two processes that raise the same facts meet in one order.
const RAISE: &str = "WITH come AS (SELECT nextval('event_seq') AS seq, t.* FROM unnest($1::bytea[], $2::bytea[], $3::text[], \
    $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[]) \
    AS t(id, delivery, channel, kind, entity, source_document, version, body)) \
    INSERT INTO event (seq, id, delivery, channel, kind, entity, source_document, version, raised_at, body) \
    SELECT seq, id, delivery, channel, kind, entity, source_document, version, $9, body FROM come \
    ORDER BY channel COLLATE \"C\", kind COLLATE \"C\", source_document COLLATE \"C\", seq \
    ON CONFLICT DO NOTHING RETURNING id, seq";
const HANDLE: &str = "INSERT INTO handling (event, handler, channel, entity, state, due, raised_at, changed_at) \
    SELECT event, handler, channel, entity, 'ready', $5, $5, $5 \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS t(event, handler, channel, entity)";

fn due(row: &Row) -> Result<DueDelivery, Trouble> {
    Ok(DueDelivery {
        id: uuid(row, 0)?,
        origin: row.try_get(1)?,
        topic: row.try_get(2)?,
        dedupe_key: row.try_get(3)?,
        fold_key: row.try_get(4)?,
        headers: row.try_get(5)?,
        body: row.try_get(6)?,
        received_at: row.try_get(7)?,
        fence: row.try_get(8)?,
        attempts: row.try_get(9)?,
    })
}

/// Takes what is due.
pub(super) struct Take {
    pub limit: usize,
    pub lease: i64,
}

#[async_trait]
impl Batch for Take {
    type Answer = Vec<Taken>;
    const REPEATABLE: bool = true;

    /// What was taken too often, or cannot be read, is rejected on the way.
    async fn run(&self, work: &Work<'_>) -> Result<Vec<Taken>, Trouble> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let (mut taken, mut ends) = (Vec::new(), Vec::new());
        for row in work.rows(DUE, &[&work.now, &limit]).await? {
            let row = due(&row)?;
            if row.attempts >= MOST_TAKINGS {
                ends.push((row.id, delivery::REJECTED, taken_too_often(row.attempts)));
                continue;
            }
            match row.delivery() {
                Ok(content) => {
                    let attempt = u32::try_from(row.attempts + 1).unwrap_or(u32::MAX);
                    taken.push(Taken { delivery: content, fence: row.fence + 1, attempt });
                }
                Err(error) => ends.push((row.id, delivery::REJECTED, text::reason(&error.to_string()))),
            }
        }
        if !taken.is_empty() {
            let ids: Vec<&[u8]> = taken.iter().map(|taken| taken.delivery.id.0.as_bytes().as_slice()).collect();
            work.run(TAKE, &[&ids, &work.now.saturating_add(self.lease), &work.now]).await?;
        }
        end(work, &ends).await?;
        Ok(taken)
    }
}

/// Ends of normalising.
pub(super) struct Settle<'a> {
    pub prepared: &'a [Prepared],
}

#[async_trait]
impl Batch for Settle<'_> {
    type Answer = usize;

    /// Writes the ends whose fence still holds; answers how many events were new.
    async fn run(&self, work: &Work<'_>) -> Result<usize, Trouble> {
        let ids: BTreeSet<&[u8]> = self.prepared.iter().map(|settlement| settlement.id.as_bytes().as_slice()).collect();
        let ids: Vec<&[u8]> = ids.into_iter().collect();
        let mut fences = HashMap::new();
        for row in work.rows(HELD, &[&ids]).await? {
            fences.insert(uuid(&row, 0)?, row.try_get::<_, i64>(1)?);
        }
        let mut standing = Vec::with_capacity(self.prepared.len());
        for settlement in self.prepared {
            // Removed as it is found: a second settlement of the same delivery in one batch comes too late.
            if fences.get(&settlement.id) == Some(&settlement.fence) && fences.remove(&settlement.id).is_some() {
                standing.push(settlement);
            }
        }
        let events: Vec<&EventRow> = standing.iter().flat_map(|settlement| events_of(settlement)).collect();
        let new = raise(work, &events).await?;
        // Taken before: it may have raised them itself.
        let again =
            standing.iter().filter(|settlement| settlement.fence > 1).flat_map(|settlement| events_of(settlement));
        let known: Vec<&EventRow> = again.filter(|event| !new.contains_key(&event.id)).collect();
        let own = renew(work, &known).await?;
        let ends: Vec<_> = standing
            .iter()
            .map(|settlement| {
                let raised = events_of(settlement)
                    .iter()
                    .filter(|event| new.contains_key(&event.id) || own.contains(&event.id))
                    .count();
                let (state, reason) = settlement.end.state(raised);
                (settlement.id, state, reason)
            })
            .collect();
        // Neither needs the other's answer; both are sent before the first is awaited.
        try_join!(hand_out(work, &events, &new), end(work, &ends))?;
        demand::state(work, standing.iter().flat_map(|settlement| &settlement.demand)).await?;
        Ok(new.len())
    }
}

fn events_of(settlement: &Prepared) -> &[EventRow] {
    match &settlement.end {
        End::Raised(events) => events,
        End::Ignored(_) | End::Rejected(_) => &[],
    }
}

/// Writes the events that are new; answers their numbers.
async fn raise(work: &Work<'_>, events: &[&EventRow]) -> Result<BTreeMap<Uuid, i64>, Trouble> {
    if events.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&[u8]> = events.iter().map(|event| event.id.as_bytes().as_slice()).collect();
    let origins: Vec<&[u8]> = events.iter().map(|event| event.delivery.as_bytes().as_slice()).collect();
    let channels: Vec<_> = events.iter().map(|event| event.channel.as_str()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    let entities: Vec<_> = events.iter().map(|event| event.entity.as_str()).collect();
    let documents: Vec<_> = events.iter().map(|event| event.source_document.as_str()).collect();
    let versions: Vec<_> = events.iter().map(|event| event.version).collect();
    let bodies: Vec<_> = events.iter().map(|event| event.body.as_slice()).collect();
    let rows = work
        .rows(RAISE, &[&ids, &origins, &channels, &kinds, &entities, &documents, &versions, &bodies, &work.now])
        .await?;
    let mut new = BTreeMap::new();
    for row in &rows {
        new.insert(uuid(row, 0)?, row.try_get::<_, i64>(1)?);
    }
    Ok(new)
}

/// A ready handling for each handler of each new event.
async fn hand_out(work: &Work<'_>, events: &[&EventRow], new: &BTreeMap<Uuid, i64>) -> Result<(), Trouble> {
    let (mut numbers, mut handlers, mut channels, mut entities) = (vec![], vec![], vec![], vec![]);
    let mut names = BTreeSet::new();
    for event in events {
        let Some(number) = new.get(&event.id) else { continue };
        work.tally().event(event.kind);
        names.insert(event.channel.as_str());
        for handler in &event.handlers {
            numbers.push(*number);
            handlers.push(handler.as_str());
            channels.push(event.channel.as_str());
            entities.push(event.entity.as_str());
            work.tally().handling(handler, handling::READY, 1);
        }
    }
    if !names.is_empty() {
        work.run(CHANNEL, &[&names.into_iter().collect::<Vec<_>>()]).await?;
    }
    if !numbers.is_empty() {
        work.run(HANDLE, &[&numbers, &handlers, &channels, &entities, &work.now]).await?;
    }
    Ok(())
}

async fn end(work: &Work<'_>, ends: &[(Uuid, &'static str, String)]) -> Result<(), Trouble> {
    if ends.is_empty() {
        return Ok(());
    }
    let ids: Vec<&[u8]> = ends.iter().map(|(id, ..)| id.as_bytes().as_slice()).collect();
    let states: Vec<_> = ends.iter().map(|(_, state, _)| *state).collect();
    let reasons: Vec<_> = ends.iter().map(|(.., reason)| reason.as_str()).collect();
    work.run(END, &[&ids, &states, &reasons, &work.now]).await?;
    let rejected: Vec<&[u8]> = ends
        .iter()
        .filter(|(_, state, _)| *state == delivery::REJECTED)
        .map(|(id, ..)| id.as_bytes().as_slice())
        .collect();
    if !rejected.is_empty() {
        work.run(BURY, &[&rejected, &work.now]).await?;
    }
    for (_, state, _) in ends {
        work.tally().delivery(delivery::NEW, -1);
        work.tally().delivery(state, 1);
    }
    Ok(())
}
