//! `branch.changed` → the branch's location at the storefront (F-344), where the channel has locations made.
//!
//! A branch that is mapped in the configuration is joined to its location by that alone; making others is opt-in, because a
//! location changes how the storefront routes orders and may count against its plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{Branch, BranchCode, CallError, EventType, Fact, Side, Version};
use crate::journal::{Claim, Effect, JournalError, Link, LinkKind, Outcome, Settlement};

use super::outcome::after_failure;
use super::state::{Fresh, WriteState, wrote};
use super::{Desk, Policy};

const POLICY: Policy = Policy {
    name: "location",
    consumes: &[EventType::BranchChanged],
    batch: 16,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[Side::Storefront],
};

/// How often a figure that waits for its location looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Joins branches to locations.
pub(super) struct WriteLocation;

#[async_trait]
impl WriteState for WriteLocation {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError> {
        let Fresh { claims, mut settled } = fresh;
        for (claim, last) in claims {
            let Fact::BranchChanged(branch) = &claim.event.draft.fact else { continue };
            if let Some(reason) = left_alone(desk, branch) {
                settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
                continue;
            }
            if last.is_some_and(|last| last.value == branch.name) {
                let outcome = Outcome::Ignored("its location is there already".into());
                settled.push(wrote(claim, outcome, branch.name.clone()));
                continue;
            }
            let made = match desk.storefront.abilities().locations {
                Some(locations) => locations.location(branch).await,
                None => Err(CallError::Rejected("this storefront has no locations that we could make".into())),
            };
            settled.push(match made {
                Ok(id) => done(claim, branch, id),
                Err(error) => Settlement::of(claim, after_failure(desk, claim, &error).await),
            });
        }
        Ok(settled)
    }
}

/// The locations that were made for branches which the configuration does not map.
pub(super) async fn made<'b>(
    desk: &Desk<'_>,
    branches: impl Iterator<Item = &'b BranchCode>,
) -> Result<BTreeMap<BranchCode, String>, JournalError> {
    if !desk.channel.catalogue.create_locations {
        return Ok(BTreeMap::new());
    }
    let unmapped: BTreeSet<&BranchCode> =
        branches.filter(|branch| !desk.channel.stock.locations.contains_key(*branch)).collect();
    let keys: Vec<String> = unmapped.iter().map(ToString::to_string).collect();
    let found = desk.journal.links(&desk.channel.name, LinkKind::Location, &keys).await?;
    let made = unmapped.into_iter().zip(found).filter_map(|(branch, location)| Some((branch.clone(), location?)));
    Ok(made.collect())
}

/// Figures of a branch wait for its location.
pub(super) fn waits(branch: &BranchCode) -> Outcome {
    Outcome::Wait {
        kind: LinkKind::Location,
        key: branch.to_string(),
        look_again: LOOK_AGAIN,
        reason: format!("waits for branch {branch} to have a location at the storefront"),
    }
}

/// Why nothing is done about a branch.
fn left_alone(desk: &Desk<'_>, branch: &Branch) -> Option<String> {
    if let Some(location) = desk.channel.stock.locations.get(&branch.code) {
        return Some(format!("the configuration joins it to {location}"));
    }
    if !desk.channel.catalogue.create_locations {
        return Some(format!("branch {} is not shown on the web", branch.code));
    }
    let closed = "it is closed; deactivate its location at the storefront once nothing lies there any more";
    branch.closed.then(|| closed.to_owned())
}

fn done(claim: &Claim, branch: &Branch, id: String) -> Settlement {
    let Version(version) = claim.event.draft.version;
    let mut settlement = wrote(claim, Outcome::Done(id.clone()), branch.name.clone());
    settlement.effects.push(Effect {
        key: format!("storefront location {}#{version}", claim.event.draft.entity),
        kind: "storefront location",
        result: id.clone(),
    });
    settlement.links.push(Link { kind: LinkKind::Location, key: branch.code.to_string(), other: id });
    settlement
}
