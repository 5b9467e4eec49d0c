//! What is done after the day's work: dead letters, replays, and what goes with age.

use std::time::Duration;

use jiff::Timestamp;
use tillbridge::domain::{Sku, StyleCode};
use tillbridge::flow::replay::carry_on;
use tillbridge::flow::sweep;
use tillbridge::journal::{DeadLetter, Edited, JournalError, NewReplay, ReplayMode, Selection};
use tillbridge::sandbox::office::NewVariant;
use tillbridge::sandbox::shopify::lives::{LinePlan, OrderPlan, RefundLedger, RefundPlan, Restock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::scenes::{Scene, nzd, small_house, web};
use crate::flows::by_hand::{Webhook, order_of};
use crate::support::gate::beside;
use crate::support::house::{Deployment, House};

/// Sales of what the office does not have yet and of what it never has, and a call that says nothing.
#[derive(Default)]
pub struct Letters;

impl Letters {
    /// A style that is not on the web, so that nobody but an operator says that it is there.
    fn shelf(house: &House) -> StyleCode {
        house.town().assortment.active[1].clone()
    }

    async fn sells(house: &House, sku: String) {
        let mut plan = order_of(house, &[1]);
        plan.lines[0] = LinePlan { ids: None, title: sku.clone(), sku: Some(sku), ..plan.lines[0].clone() };
        let order = house.town().shop.place_order(&plan).await.unwrap();
        house.town().shop.fulfil(order).await.unwrap();
    }

    /// What an operator does about a letter.
    async fn answers(house: &House, letter: &DeadLetter) -> Result<(), JournalError> {
        let (journal, ids) = (house.journal(), [letter.id.clone()]);
        let unknown = letter.reason.split_once("SKU ").and_then(|(_, rest)| rest.split_once(' ')).map(|(sku, _)| sku);
        match unknown {
            Some(late) if late.starts_with("LATE") => {
                let (sku, size) = (Sku::parse(late).unwrap(), Some(late.to_owned()));
                let variant = NewVariant { sku, colour: None, size, barcode: None, retail: nzd(1_200) };
                // Whoever types it again has added it already.
                drop(house.town().office.add_variant(&Self::shelf(house), &variant).await);
                journal.retry_dead(&ids, "ana").await?;
            }
            Some(wrong) => {
                let right = house
                    .town()
                    .assortment
                    .skus
                    .iter()
                    .find(|sku| sku.as_str().starts_with(Self::shelf(house).as_str()));
                let Some(said) = journal.letter(&letter.id).await? else { return Ok(()) };
                let corrected = String::from_utf8(said).unwrap().replace(wrong, right.unwrap().as_str());
                let edited =
                    journal.edit_dead(&letter.id, corrected.as_bytes(), "ana", "another piece was sent").await?;
                assert!(matches!(edited, Edited::Done | Edited::NoLetter), "{edited:?}");
            }
            None => {
                assert_eq!(letter.handler, "normalise", "{}", letter.reason);
                journal.discard_dead(&ids, "ana", "it says nothing").await?;
            }
        }
        Ok(())
    }
}

impl Scene for Letters {
    const NAME: &'static str = "letters";
    const ITS_OWN: &'static [&'static str] = &["journal.retry_dead", "journal.edit_dead", "journal.discard_dead"];

    async fn build(deployment: Deployment) -> House {
        let house = small_house(deployment).await;
        house.town().office.set_internet_active(&Self::shelf(&house), false).await.unwrap();
        house
    }

    async fn plays(&mut self, house: &House, round: usize) {
        Self::sells(house, format!("LATE{round}")).await;
        Self::sells(house, format!("GONE{round}")).await;
        // A bridge that is dying does not answer, and nobody calls again.
        let nonsense = Webhook::of(house.town(), "orders/fulfilled", "null");
        let _ = tokio::time::timeout(Duration::from_secs(5), nonsense.send(house)).await;
    }

    async fn mends(house: &House) {
        let all = Selection { limit: 100, ..Selection::default() };
        beside("operator", async || {
            for letter in house.journal().dead(&all).await? {
                Self::answers(house, &letter).await?;
            }
            Ok::<_, JournalError>(())
        })
        .await;
    }
}

/// Yesterday done again, while today goes on.
#[derive(Default)]
pub struct Replays {
    /// When the day before began.
    since: Option<Timestamp>,
}

impl Replays {
    /// Has an operator do what is selected again, to the end.
    async fn done_again(house: &House, mode: ReplayMode, selection: &Selection) {
        let journal = house.journal();
        let count = beside("operator", async || journal.count_replay(mode, selection).await).await;
        let before = beside("operator", async || journal.replays().await).await.len();
        let total = count.values().sum();
        let new = NewReplay { mode, selection: selection.clone(), who: "ana".into(), per_second: 100, total };
        beside("operator", async || journal.begin_replay(&new).await).await;
        // Whoever was not answered does not know whether it was begun: what was is carried on.
        let carried = beside("operator", async || {
            for run in journal.replays().await?.iter().filter(|run| run.finished_at.is_none()) {
                carry_on(journal, run.id, run.per_second, &CancellationToken::new(), |_| ()).await?;
            }
            journal.replays().await
        });
        let done: i64 = carried.await[before..].iter().map(|run| run.done).sum();
        assert!(total > 0 && done >= total, "{done} of {total} were handed out");
    }
}

impl Scene for Replays {
    const NAME: &'static str = "replays";
    const ITS_OWN: &'static [&'static str] = &["journal.begin_replay", "journal.replay_step"];

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        let yesterday = Selection { since: self.since.replace(house.now()), ..Selection::default() };
        let sku = &house.town().assortment.skus[round % 3];
        office.receive_goods(sku, &web(), 20).await.unwrap();
        for mode in [ReplayMode::Handle, ReplayMode::Normalise] {
            let until = Some(house.now());
            Self::done_again(house, mode, &Selection { until, ..yesterday.clone() }).await;
        }
        let plan = order_of(house, &[2]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        shop.refund(order, &one_piece_back(&plan)).await.unwrap();
    }
}

fn one_piece_back(plan: &OrderPlan) -> RefundPlan {
    let ledger = RefundLedger::new(plan);
    let lines = vec![ledger.pieces_of(0, 1, Restock::Return { location: 0 })];
    ledger.paid(RefundPlan { lines, ..RefundPlan::default() })
}

/// Orders from years ago of which something comes back, and one that was just placed when all that is old goes.
#[derive(Default)]
pub struct Ageing {
    last: Option<(u64, OrderPlan)>,
}

impl Ageing {
    /// Longer than anything is kept.
    const YEARS: i64 = 24 * 401;
    /// Longer than a pass belongs to who began it and died.
    const LEASE: i64 = 301;
}

impl Scene for Ageing {
    const NAME: &'static str = "ageing";
    const ITS_OWN: &'static [&'static str] = &["journal.hold", "journal.sweep"];

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        office.receive_goods(&house.town().assortment.skus[round % 3], &web(), 20).await.unwrap();
        let plan = order_of(house, &[2]);
        let order = shop.place_order(&plan).await.unwrap();
        house.time_passes(Self::YEARS);
        let stage = &house.bridge.as_ref().unwrap().stage;
        beside("sweep", async || {
            house.seconds_pass(Self::LEASE);
            sweep::once(stage, Uuid::new_v4()).await
        })
        .await;
        shop.fulfil(order).await.unwrap();
        if let Some((order, plan)) = self.last.replace((order, plan)) {
            shop.refund(order, &one_piece_back(&plan)).await.unwrap();
        }
    }
}
