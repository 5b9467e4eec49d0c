//! Many at once: whatever meets, each handling is settled once, one at a time works on an entity, and no error surfaces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillbridge::journal::{Effect, Journal, ReplayMode, Settlement};
use tokio::task::JoinSet;

use super::shelf::Shelf;
use super::things::*;
use crate::support::replays::replay;

on_both_journals! {
    workers_that_meet_settle_each_handling_once
    appends_normalising_and_operators_do_not_get_in_each_others_way
}

const ENTITIES: i64 = 12;
const VERSIONS: i64 = 25;
const DEADLINE: Duration = Duration::from_secs(120);

/// What the workers saw.
#[derive(Default)]
struct Record {
    busy: Mutex<BTreeSet<String>>,
    settled: Mutex<BTreeMap<i64, usize>>,
    count: AtomicUsize,
}

async fn work(journal: Arc<dyn Journal>, record: Arc<Record>, wanted: usize, worker: usize) {
    while record.count.load(Ordering::SeqCst) < wanted {
        let due = journal.take_outbox(16, LEASE).await.unwrap();
        // Every message comes twice, as a bus may deliver it.
        let mut numbers: Vec<_> = due.iter().map(|message| message.handling).collect();
        numbers.extend(numbers.clone());
        let claims = journal.claim(&numbers, LEASE).await.unwrap();
        let mine: BTreeSet<_> = claims.iter().map(|claim| claim.event.draft.entity.clone()).collect();
        for entity in &mine {
            assert!(record.busy.lock().unwrap().insert(entity.clone()), "two work on {entity} at once");
        }
        tokio::task::yield_now().await;
        let settlements: Vec<_> = claims
            .iter()
            .map(|claim| {
                // Some have to wait for a link that another one brings.
                let (entity, version) = (&claim.event.draft.entity, claim.event.draft.version.0);
                if version % 5 == 0 && version != 0 && claim.fence == 1 {
                    let before = format!("{entity}#{}", version - 1);
                    return Settlement::of(claim, wait_for_invoice(&before));
                }
                let mut settlement = Settlement::of(claim, done());
                let document = &claim.event.draft.source_document;
                settlement.links = vec![invoice_link(document, &format!("INV {document}"))];
                settlement.effects = vec![Effect { key: document.clone(), kind: "stock", result: worker.to_string() }];
                settlement
            })
            .collect();
        let finals: Vec<_> = settlements.iter().map(|settlement| settlement.outcome == done()).collect();
        for entity in &mine {
            record.busy.lock().unwrap().remove(entity);
        }
        let applied = journal.settle(settlements).await.unwrap().each;
        assert!(applied.iter().all(|applied| *applied), "nobody's lease ran out");
        for (claim, _) in claims.iter().zip(finals).filter(|(_, done)| *done) {
            *record.settled.lock().unwrap().entry(claim.handling.0).or_default() += 1;
            record.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn workers_that_meet_settle_each_handling_once(shelf: Shelf) {
    let drafts: Vec<_> =
        (1..=VERSIONS).flat_map(|version| (0..ENTITIES).map(move |n| stock(&format!("E{n}"), version))).collect();
    let wanted = drafts.len();
    shelf.raises(drafts, &["stock"]).await;
    let record = Arc::new(Record::default());
    let mut workers = JoinSet::new();
    for worker in 0..6 {
        workers.spawn(work(shelf.journal.clone(), record.clone(), wanted, worker));
    }
    // Time goes on, so that turns that were missed come again.
    let clock = shelf.clock.clone();
    let ticking = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..50 {
            ticks.tick().await;
            clock.moves_on(Duration::from_millis(900));
        }
    });
    let all_done = async {
        while let Some(worker) = workers.join_next().await {
            worker.unwrap();
        }
    };
    tokio::time::timeout(DEADLINE, all_done).await.expect("all is settled in time");
    ticking.abort();
    let settled = record.settled.lock().unwrap().clone();
    assert_eq!(settled.len(), wanted);
    assert!(settled.values().all(|times| *times == 1));
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!((counts.handlings_in("done"), counts.unfinished()), (i64::try_from(wanted).unwrap(), 0));
    assert_eq!(counts.effects["stock"], i64::try_from(wanted).unwrap());
    assert_eq!(shelf.look("SELECT 'turns', count(*) FROM turn").await, [("turns".to_owned(), 0)]);
}

async fn appends_normalising_and_operators_do_not_get_in_each_others_way(shelf: Shelf) {
    let mut tasks: JoinSet<()> = JoinSet::new();
    for sender in 0..4 {
        let journal = shelf.journal.clone();
        tasks.spawn(async move {
            for n in 0..60 {
                // Half of them come from two senders.
                let id = if n % 2 == 0 { format!("shared-{n}") } else { format!("{sender}-{n}") };
                journal.append(signed(&id, Some(&id), b"{}")).await.unwrap();
            }
        });
    }
    for _ in 0..3 {
        let journal = shelf.journal.clone();
        tasks.spawn(async move {
            let mut quiet = 0;
            while quiet < 50 {
                let taken = journal.take_deliveries(7, LEASE).await.unwrap();
                quiet = if taken.is_empty() { quiet + 1 } else { 0 };
                let settlements = taken
                    .iter()
                    .enumerate()
                    .map(|(n, taken)| tillbridge::journal::DeliverySettlement {
                        id: taken.delivery.id,
                        fence: taken.fence,
                        demand: vec![],
                        verdict: if n % 5 == 4 {
                            tillbridge::journal::Verdict::Rejected("no".into())
                        } else {
                            tillbridge::journal::Verdict::Handled(vec![tillbridge::journal::Raised {
                                event: event(&kiwi(), taken.delivery.id, cancelled(&taken.delivery.content.dedupe_key)),
                                handlers: vec![handler("order")],
                            }])
                        },
                    })
                    .collect();
                journal.settle_deliveries(settlements).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    let journal = shelf.journal.clone();
    tasks.spawn(async move {
        for _ in 0..30 {
            let letters: Vec<_> = journal.dead(&all()).await.unwrap().into_iter().map(|letter| letter.id).collect();
            journal.retry_dead(&letters, "ana").await.unwrap();
            replay(journal.as_ref(), ReplayMode::Handle, &all()).await;
            journal.counts().await.unwrap();
            journal.ping().await.unwrap();
        }
    });
    let all_done = async {
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    };
    tokio::time::timeout(DEADLINE, all_done).await.expect("everybody comes to an end");
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!(counts.deliveries.values().sum::<i64>(), 30 + 4 * 30);
    assert_eq!(counts.duplicates, 3 * 30);
    let rows = shelf.look("SELECT 'events', count(*) FROM event").await[0].1;
    assert_eq!(counts.events["order.cancelled"], rows);
    assert_eq!(counts.handlings_in("ready"), rows);
}
