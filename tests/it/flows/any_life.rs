//! Any life an order may have, told in any order: placed, paid, edited, shipped, given back, exchanged, cancelled, and every
//! webhook once, twice or late. In the end the office has, for each order, the money that came in less the money that went
//! back, and its stock has moved by what left less what came back.
//!
//! `ORDER_LIVES=10000` raises the number of lives; the seed of a life that fails is in the message.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tillbridge::domain::SaleMoment;
use tillbridge::journal::Selection;
use tillbridge::rehearsal::{BRANCHES, Side, TownPlan};
use tillbridge::sandbox::office::BookedDocument;
use tillbridge::sandbox::shopify::lives::{
    EditPlan, Life, LinePlan, LineSort, OrderPlan, PaymentPlan, RefundLedger, RefundLinePlan, RefundPayment,
    RefundPlan, Restock, SkuInfo,
};
use tillbridge::sandbox::shopify::{ShopSandbox, WebhookWeather};
use tillbridge::storefront::StockFigure;

use crate::support::house::{Deployment, House};

/// Lives at the same time.
const AT_ONCE: usize = 48;
/// Lives after which the bridge comes to rest, so that a slow machine is given its time.
const BATCH: u64 = 120;

/// What one life has done so far, as whoever lives it remembers.
struct Mirror<'a> {
    shop: &'a ShopSandbox,
    goods: &'a [SkuInfo],
    dice: StdRng,
    /// Whether it is shipped from more than one place. Who books at payment cannot know from where it will be.
    several_places: bool,
    order: u64,
    plan: OrderPlan,
    refunds: Vec<RefundPlan>,
    pending: Vec<(usize, u64)>,
    /// Pieces of each line that were shipped, and of these those that came back.
    shipped: Vec<i64>,
    returned: Vec<i64>,
    /// Pieces that were taken off or given back before they were shipped.
    off: Vec<i64>,
    /// What the office's stock is to move by, by SKU and branch.
    moves: Moves,
    /// What happened, in words, for whoever has to find out why it does not balance.
    story: Vec<String>,
}

/// Pieces by SKU and branch.
type Moves = BTreeMap<(String, usize), i64>;

/// A life that was lived.
struct Lived {
    order: u64,
    seed: u64,
    moves: Moves,
    story: Vec<String>,
}

impl Mirror<'_> {
    fn between(&mut self, least: i64, most: i64) -> i64 {
        self.dice.random_range(least..=most.max(least))
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.dice.random_range(0..times) == 0
    }

    fn to_ship(&self, line: usize) -> i64 {
        if self.plan.lines[line].sort != LineSort::Goods {
            return 0;
        }
        self.plan.lines[line].quantity - self.shipped[line] - self.off[line]
    }

    fn with_buyer(&self, line: usize) -> i64 {
        self.shipped[line] - self.returned[line]
    }

    fn outstanding(&self) -> i64 {
        i64::try_from(self.shop.order(self.order).unwrap().outstanding.amount().mantissa()).unwrap()
    }

    fn moved(&mut self, line: usize, place: usize, pieces: i64) {
        if let Some(sku) = self.plan.lines[line].sku.clone() {
            *self.moves.entry((sku, place)).or_insert(0) += pieces;
        }
    }

    fn ledger(&self) -> RefundLedger<'_> {
        RefundLedger::after(&self.plan, &self.refunds)
    }

    async fn pay(&mut self, all: bool) {
        let due = self.outstanding();
        if due > 0 {
            let amount = if all { due } else { self.between(1, due) };
            let gateway = ["shopify_payments", "paypal", "gift_card"][self.dice.random_range(0..3)];
            let payment = PaymentPlan { gateway: gateway.to_owned(), amount };
            self.shop.pay(self.order, payment.clone()).await.unwrap();
            self.story.push(format!("{payment:?}"));
            self.plan.payments.push(payment);
        }
    }

    fn new_line(&mut self) -> LinePlan {
        let info = self.goods[self.dice.random_range(0..self.goods.len())].clone();
        let pieces = self.between(1, 3);
        LinePlan::goods(&info, pieces)
    }

    fn grows(&mut self, line: LinePlan) {
        self.plan.lines.push(line);
        for counts in [&mut self.shipped, &mut self.returned, &mut self.off] {
            counts.push(0);
        }
    }

    async fn edit(&mut self) {
        let add: Vec<LinePlan> = if self.one_in(2) { vec![self.new_line()] } else { Vec::new() };
        let open: Vec<usize> = (0..self.plan.lines.len()).filter(|line| self.to_ship(*line) > 0).collect();
        let mut take_off = Vec::new();
        if let Some(line) = open.first().copied().filter(|_| self.one_in(2)) {
            take_off.push((line, self.between(1, self.to_ship(line))));
        }
        if add.is_empty() && take_off.is_empty() {
            return;
        }
        let edit = EditPlan { add: add.clone(), take_off: take_off.clone(), restock: true };
        self.shop.edit_order(self.order, &edit).await.unwrap();
        self.story.push(format!("{edit:?}"));
        if !take_off.is_empty() {
            let ledger = self.ledger();
            let lines =
                take_off.iter().map(|(line, pieces)| ledger.pieces_of(*line, *pieces, Restock::Cancel)).collect();
            self.refunds.push(RefundPlan { lines, ..RefundPlan::default() });
        }
        for (line, pieces) in take_off {
            self.off[line] += pieces;
        }
        for line in add {
            self.grows(line);
        }
    }

    async fn ship(&mut self, all: bool) {
        let place = usize::from(self.several_places && self.one_in(4));
        let mut pieces = Vec::new();
        for line in 0..self.plan.lines.len() {
            let open = self.to_ship(line);
            if open > 0 && (all || self.one_in(2)) {
                pieces.push((line, if all { open } else { self.between(1, open) }));
            }
        }
        if pieces.is_empty() {
            return;
        }
        self.shop.fulfil_part(self.order, place, &pieces).await.unwrap();
        self.story.push(format!("ships from {place}: {pieces:?}"));
        for (line, count) in pieces {
            self.shipped[line] += count;
            self.moved(line, place, -count);
        }
    }

    /// Some pieces that are with the buyer, or not shipped yet.
    fn some_back(&mut self) -> Option<RefundLinePlan> {
        let line = self.dice.random_range(0..self.plan.lines.len());
        if self.plan.lines[line].sort != LineSort::Goods {
            return None;
        }
        let (left, held, open) = (self.ledger().pieces_left(line), self.with_buyer(line), self.to_ship(line));
        let (most, restock) = if open > 0 && self.one_in(2) {
            (open, Restock::Cancel)
        } else {
            let place = usize::from(self.one_in(3));
            (held, if self.one_in(3) { Restock::NoRestock } else { Restock::Return { location: place } })
        };
        // Pieces that do not come back go from what is not shipped first; here they are always with the buyer.
        if most.min(left) < 1 || (restock == Restock::NoRestock && open > 0) {
            return None;
        }
        let pieces = self.between(1, most.min(left));
        Some(self.ledger().pieces_of(line, pieces, restock))
    }

    fn came_back(&mut self, row: &RefundLinePlan) {
        match row.restock {
            Restock::Cancel => self.off[row.line] += row.quantity,
            Restock::Return { location } => {
                self.returned[row.line] += row.quantity;
                self.moved(row.line, location, row.quantity);
            }
            Restock::NoRestock => self.returned[row.line] += row.quantity,
        }
    }

    async fn give_back(&mut self) {
        if self.outstanding() > 0 || !self.pending.is_empty() {
            return;
        }
        let Some(row) = self.some_back() else { return };
        let mut refund = self.ledger().paid(RefundPlan { lines: vec![row], ..RefundPlan::default() });
        if self.one_in(4) && !refund.payments.is_empty() {
            refund.payments.iter_mut().for_each(|payment| payment.pending = true);
        }
        let is_pending = refund.payments.iter().any(|payment| payment.pending);
        let id = self.shop.refund(self.order, &refund).await.unwrap();
        self.story.push(format!("{refund:?}"));
        self.came_back(&row);
        self.refunds.push(refund);
        if is_pending {
            self.pending.push((self.refunds.len() - 1, id));
        }
    }

    async fn settle(&mut self) {
        if let Some((index, id)) = self.pending.pop() {
            let arrives = !self.one_in(3);
            self.shop.settle_refund(id, arrives).await.unwrap();
            self.story.push(format!("money of refund {id} arrives: {arrives}"));
            for payment in &mut self.refunds[index].payments {
                (payment.pending, payment.failed) = (false, !arrives);
            }
        }
    }

    async fn exchange(&mut self) {
        let held: Vec<usize> = (0..self.plan.lines.len())
            .filter(|line| self.plan.lines[*line].sort == LineSort::Goods && self.with_buyer(*line) > 0)
            .filter(|line| self.ledger().pieces_left(*line) > 0)
            .collect();
        let Some(line) = held.first().copied() else { return };
        let row = self.ledger().pieces_of(line, 1, Restock::Return { location: 0 });
        let instead = self.new_line();
        self.shop.exchange(self.order, &[row], std::slice::from_ref(&instead)).await.unwrap();
        self.story.push(format!("exchanges {row:?} for {instead:?}"));
        self.came_back(&row);
        self.refunds.push(RefundPlan { lines: vec![row], ..RefundPlan::default() });
        self.grows(instead);
    }

    /// What is owed goes back, oldest payment first.
    async fn pay_back(&mut self) {
        let mut owed = -self.outstanding();
        let mut payments = Vec::new();
        for (payment, paid) in self.plan.payments.iter().enumerate() {
            let rows = self.refunds.iter().flat_map(|refund| &refund.payments);
            let back: i64 = rows.filter(|row| row.payment == payment && !row.failed).map(|row| row.amount).sum();
            let amount = owed.min(paid.amount - back);
            if amount > 0 {
                payments.push(RefundPayment { payment, amount, rounding: 0, pending: false, failed: false });
                owed -= amount;
            }
        }
        if !payments.is_empty() {
            let refund = RefundPlan { payments, ..RefundPlan::default() };
            self.shop.pay_back(self.order, &refund).await.unwrap();
            self.story.push(format!("pays back {refund:?}"));
            self.refunds.push(refund);
        }
    }
}

/// Lives one life to an end at which nobody owes anybody, or the shop owes the buyer. Answers what it did to stock.
async fn live(shop: &ShopSandbox, goods: &[SkuInfo], seed: u64, several_places: bool) -> Lived {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut plan = Life::generate(seed, goods[0].price.currency(), true, goods).order;
    if plan.cash_rounding == 0 && dice.random_range(0..3) == 0 {
        plan.payments.truncate(dice.random_range(0..2));
    }
    let order = shop.place_order(&plan).await.unwrap();
    let count = plan.lines.len();
    let mut life = Mirror {
        shop,
        goods,
        dice,
        several_places,
        order,
        plan,
        refunds: Vec::new(),
        pending: Vec::new(),
        shipped: vec![0; count],
        returned: vec![0; count],
        off: vec![0; count],
        moves: Moves::new(),
        story: Vec::new(),
    };
    life.story.push(format!("{:?}", life.plan));
    let ends_early = life.one_in(12);
    for _ in 0..life.between(0, 7) {
        match life.between(0, 9) {
            0 | 1 => life.pay(false).await,
            2 | 3 if !ends_early => life.ship(false).await,
            4 | 5 => life.edit().await,
            6 | 7 if !ends_early => life.give_back().await,
            8 => life.exchange().await,
            _ => life.settle().await,
        }
    }
    while !life.pending.is_empty() {
        life.settle().await;
    }
    if ends_early {
        let with_money = life.outstanding() <= 0 && life.one_in(2);
        if with_money {
            shop.cancel(order).await.unwrap();
        } else {
            shop.cancel_without_refund(order).await.unwrap();
        }
        life.story.push(format!("is cancelled, with its money: {with_money}"));
        if !with_money && life.one_in(2) {
            life.pay_back().await;
        }
        return Lived { order, seed, moves: Moves::new(), story: life.story };
    }
    life.ship(true).await;
    life.pay(true).await;
    if life.one_in(2) {
        life.give_back().await;
    }
    while !life.pending.is_empty() {
        life.settle().await;
    }
    if life.one_in(2) {
        life.pay_back().await;
    }
    Lived { order, seed, moves: life.moves, story: life.story }
}

async fn lives_at(when: SaleMoment, lives: u64, first: u64) {
    let mut plan = TownPlan::new("kiwi");
    (plan.styles, plan.stock, plan.points) = (4, 1_000_000, (2_000_000_000, 1_000_000));
    // The shelf is compared with what was done to it, not with what the bridge tells the shop.
    plan.every = Duration::from_secs(3_600);
    let mut house = House::build(Deployment::Embedded, vec![plan]).await;
    house.lease(Duration::from_secs(600));
    house.rules().sale.when = when;
    if when == SaleMoment::Paid {
        house.rules().stock.figure = StockFigure::Available;
    }
    house.opens().await;
    let town = house.town();
    let goods = Arc::new(town.shop.catalogue());
    let weather = WebhookWeather {
        same_id_twice: 60,
        new_id_twice: 60,
        delay_up_to: Duration::from_millis(250),
        // No webhook is to be lost because the machine has no time to take it.
        first_retry_after: Duration::from_millis(250),
        answer_within: Duration::from_secs(60),
    };
    town.shop.webhook_weather(weather);
    let mut before = BTreeMap::new();
    for info in goods.iter() {
        for (place, branch) in BRANCHES.iter().enumerate() {
            before.insert((info.sku.clone(), place), house.pieces(&info.sku, branch).await);
        }
    }
    let mut running = tokio::task::JoinSet::new();
    let (mut moves, mut by_order) = (Moves::new(), BTreeMap::new());
    let mut take = |done: Lived| {
        for (slot, pieces) in &done.moves {
            *moves.entry(slot.clone()).or_insert(0) += pieces;
        }
        by_order.insert(format!("order:{}", done.order), done);
    };
    for seed in first..first + lives {
        if (seed - first) % BATCH == BATCH - 1 {
            while let Some(done) = running.join_next().await {
                take(done.unwrap());
            }
            house.rest().await;
        }
        if running.len() >= AT_ONCE {
            take(running.join_next().await.unwrap().unwrap());
        }
        let (shop, goods) = (town.shop.clone(), goods.clone());
        running.spawn(async move { live(&shop, &goods, seed, when != SaleMoment::Paid).await });
    }
    while let Some(done) = running.join_next().await {
        take(done.unwrap());
    }
    house.rest().await;
    // What waits is woken by what it waits for, or looks again by itself, at the latest after some hours.
    for _ in 0..3 {
        if house.journal().counts().await.unwrap().handlings_in("waiting") > 0 {
            house.time_passes(7);
            house.rest().await;
        }
    }
    assert_eq!(troubled(&house, "waiting", &by_order).await, Vec::<String>::new());
    assert_eq!(troubled(&house, "dead", &by_order).await, Vec::<String>::new());
    assert_eq!(house.town().differences().await.unwrap(), Vec::<String>::new());
    assert_eq!(stock_is_off(&house, &by_order).await, Vec::<String>::new());
    let mut unexplained = Vec::new();
    for (slot, was) in before {
        let is = house.pieces(&slot.0, BRANCHES[slot.1]).await;
        let by = moves.get(&slot).copied().unwrap_or(0);
        if is - was != by {
            unexplained.push(format!("{} at {} moved by {}, not {by}", slot.0, BRANCHES[slot.1], is - was));
        }
    }
    assert_eq!(unexplained, Vec::<String>::new());
    house.rest().await;
    assert_eq!(house.journal().counts().await.unwrap().unfinished(), 0);
    house.keeps_its_promises(0).await;
}

/// Orders whose documents moved other stock than left and came back, each with its life and its documents.
async fn stock_is_off(house: &House, lived: &BTreeMap<String, Lived>) -> Vec<String> {
    let office = &house.town().office;
    let mut booked: BTreeMap<String, Vec<BookedDocument>> = BTreeMap::new();
    for document in office.invoices().await.unwrap().into_iter().chain(office.credit_notes().await.unwrap()) {
        let order = document.credits.as_deref().unwrap_or(&document.reference);
        let order = order.split('/').nth(1).unwrap_or_default().to_owned();
        booked.entry(order).or_default().push(document);
    }
    let mut found = Vec::new();
    for (order, life) in lived {
        let documents = booked.remove(order).unwrap_or_default();
        let mut moves = Moves::new();
        for document in &documents {
            let sign = if document.credits.is_some() { 1 } else { -1 };
            for line in document.lines.iter().filter(|line| line.moves_stock) {
                let branch = line.branch.as_ref().unwrap_or(&document.branch);
                let place = BRANCHES.iter().position(|one| one == branch).unwrap();
                *moves.entry((line.sku.clone().unwrap(), place)).or_insert(0) += sign * line.quantity;
            }
        }
        moves.retain(|_, pieces| *pieces != 0);
        let mut expected = life.moves.clone();
        expected.retain(|_, pieces| *pieces != 0);
        if moves != expected {
            let (seed, story) = (life.seed, &life.story);
            found.push(format!("seed {seed}: {moves:?}, not {expected:?}; {story:#?}; {documents:#?}"));
        }
    }
    found
}

/// Handlings in a state, each with the life it is of.
async fn troubled(house: &House, state: &str, lived: &BTreeMap<String, Lived>) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = Selection { after, limit: 10_000, ..Selection::default() };
        let events = house.journal().events(&page).await.unwrap();
        let Some(last) = events.last() else { return found };
        after = Some(last.row);
        for event in events.iter().filter(|event| event.handlings.iter().any(|one| one.ends_with(state))) {
            let trace = house.journal().trace(event.id.0).await.unwrap().unwrap();
            let handlings = trace.events.iter().flat_map(|event| &event.handlings);
            let reasons: Vec<&str> =
                handlings.filter(|one| one.state == state).map(|one| one.reason.as_str()).collect();
            let life = lived.get(&event.entity).map(|life| format!("seed {}: {:#?}", life.seed, life.story));
            found.push(format!("{} {}: {reasons:?}; {}", event.event_type, event.entity, life.unwrap_or_default()));
        }
    }
}

fn how_many() -> u64 {
    std::env::var("ORDER_LIVES").ok().and_then(|text| text.parse().ok()).unwrap_or(320)
}

// proves F-336 F-337 F-338 F-339 F-359 F-361
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_life_balances_when_booked_at_shipping() {
    lives_at(SaleMoment::Fulfilled, how_many() / 2, 1).await;
}

// proves F-336 F-337 F-338 F-339 F-361
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_life_balances_when_booked_at_payment() {
    lives_at(SaleMoment::Paid, how_many() / 4, 2_000_001).await;
}

// proves F-336 F-337 F-338 F-339 F-361
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_life_balances_when_booked_with_each_shipment() {
    lives_at(SaleMoment::EachFulfilment, how_many() / 4, 1_000_001).await;
}
