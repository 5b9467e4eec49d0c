//! The effect ledger: what is about to happen is committed before it does.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;

use super::demand;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::journal::{Intent, Standing, text};

const INTEND: &str = "INSERT INTO effect (channel, key, handling, state, plan, changed_at) \
    SELECT t.channel, t.key, t.handling, 'intended', t.plan, $5 \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS t(channel, key, handling, plan) ON CONFLICT DO NOTHING \
    RETURNING channel, key";
const STANDING: &str = "SELECT e.channel, e.key, e.state, e.result, e.plan FROM unnest($1::text[], $2::text[]) AS t(channel, key) \
    JOIN effect e ON e.channel = t.channel AND e.key = t.key";

/// Intents to be written.
pub(super) struct Intending<'a> {
    pub intents: &'a [Intent],
}

#[async_trait]
impl Batch for Intending<'_> {
    type Answer = Vec<Standing>;

    /// Answers how each effect stood; of two intents with one key in a batch the second is in doubt.
    async fn run(&self, work: &Work<'_>) -> Result<Vec<Standing>, Trouble> {
        let slots: Vec<(String, String)> = self
            .intents
            .iter()
            .map(|intent| (intent.channel.as_str().to_owned(), text::clean(&intent.key).into_owned()))
            .collect();
        let mut wanted = BTreeMap::new();
        for (slot, intent) in slots.iter().zip(self.intents) {
            wanted.entry(slot).or_insert((intent.handling.0, intent.plan.as_deref().map(text::clean)));
        }
        let channels: Vec<_> = wanted.keys().map(|(channel, _)| channel.as_str()).collect();
        let keys: Vec<_> = wanted.keys().map(|(_, key)| key.as_str()).collect();
        let handlings: Vec<_> = wanted.values().map(|(handling, _)| *handling).collect();
        let plans: Vec<_> = wanted.values().map(|(_, plan)| plan.as_deref()).collect();
        let mut fresh = HashSet::new();
        for row in work.rows(INTEND, &[&channels, &keys, &handlings, &plans, &work.now]).await? {
            fresh.insert((row.try_get::<_, String>(0)?, row.try_get::<_, String>(1)?));
        }
        let (mut done, mut plans) = (HashMap::new(), HashMap::new());
        if fresh.len() < wanted.len() {
            for row in work.rows(STANDING, &[&channels, &keys]).await? {
                let slot = (row.try_get::<_, String>(0)?, row.try_get::<_, String>(1)?);
                if row.try_get::<_, &str>(2)? == "done" {
                    done.insert(slot, row.try_get::<_, String>(3)?);
                } else {
                    plans.insert(slot, row.try_get::<_, Option<String>>(4)?);
                }
            }
        }
        demand::intend(work, self.intents).await?;
        let standing = |slot: &(String, String)| match done.get(slot) {
            Some(result) => Standing::Done(result.clone()),
            None if fresh.remove(slot) => Standing::Fresh,
            None => Standing::InDoubt { plan: plans.get(slot).cloned().flatten() },
        };
        Ok(slots.iter().map(standing).collect())
    }
}
