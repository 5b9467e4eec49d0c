//! The promises, checked at rest.

use crate::journal::{Journal, Selection};

use super::Side;

/// Every promise that was broken, in words; empty when all is well. `expected_dead` dead letters are part of the rehearsal.
///
/// # Errors
/// When the journal or an office does not answer.
pub async fn broken<S: Side + ?Sized>(
    journal: &dyn Journal,
    towns: &[&S],
    expected_dead: usize,
) -> anyhow::Result<Vec<String>> {
    let mut broken = Vec::new();
    for town in towns {
        let differences = town.differences().await?;
        broken.extend(differences.into_iter().map(|one| format!("{}: {one}", town.channel().name)));
    }
    let counts = journal.counts().await?;
    if counts.unfinished() > 0 {
        let (deliveries, handlings) = (&counts.deliveries, &counts.handlings);
        let unfinished = counts.unfinished();
        broken
            .push(format!("P4: {unfinished} never came to an end: deliveries {deliveries:?}, handlings {handlings:?}"));
    }
    let waiting = counts.handlings_in("waiting");
    if waiting > 0 {
        broken.push(format!("P4: {waiting} handlings still wait for something"));
    }
    let dead = journal.dead(&Selection { limit: 20, ..Selection::default() }).await?;
    if dead.len() != expected_dead {
        broken.push(format!("{} dead letters where {expected_dead} were expected", dead.len()));
        broken.extend(dead.into_iter().map(|letter| format!("dead letter {}: {}", letter.id, letter.reason)));
    }
    Ok(broken)
}
