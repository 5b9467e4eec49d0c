//! Stock that cannot oversell: tills and the web sell the same few things at the same time (P5).
//!
//! Whatever the web shows and the web has taken together, is what the office had to begin with less what the tills sold. So
//! each figure the bridge writes can be judged where it lands: with what orders had taken by then it may not come to more.

use std::time::Duration;

use tillbridge::domain::{BranchCode, Sku};
use tillbridge::flow::reconcile::EarlyCount;
use tillbridge::flow::stocktake;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::lives::{OrderPlan, RefundLinePlan, RefundPayment, RefundPlan, Restock, SkuInfo};
use tillbridge::sandbox::shopify::{Fault, ShopSandbox, WebhookWeather};
use tillbridge::storefront::StockFigure;

use crate::support::house::{Deployment, House, on_both_deployments};

fn web() -> BranchCode {
    BranchCode::parse("WEB").unwrap()
}

fn info(house: &House, sku: &Sku) -> SkuInfo {
    house.town().shop.catalogue().into_iter().find(|info| info.sku == sku.as_str()).unwrap()
}

/// An order of one thing, prices containing their tax.
fn order(info: &SkuInfo, pieces: i64) -> OrderPlan {
    let mut plan = OrderPlan::plain(info.price.currency(), &[(info, pieces)]);
    plan.taxes_included = true;
    plan
}

fn available(shop: &ShopSandbox, sku: &Sku) -> i64 {
    shop.stock(sku.as_str(), "WEB").unwrap().available
}

/// A house with one town whose channel writes that figure.
async fn house(deployment: Deployment, figure: StockFigure) -> House {
    let mut house = House::build(deployment, vec![TownPlan { stock: 60, ..TownPlan::new("kiwi") }]).await;
    house.rules().stock.figure = figure;
    house.opens().await;
    house
}

/// Counts what is in doubt, if the bridge has left a wish for that.
async fn counts_if_wished(house: &House) -> Option<stocktake::Report> {
    let mut early = EarlyCount::new(Duration::ZERO);
    let desk = house.desk();
    let found = early.if_wished(&desk, desk.channel.reconcile).await.unwrap()?;
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    assert!(early.if_wished(&desk, desk.channel.reconcile).await.unwrap().is_none(), "one wish is answered once");
    Some(found.stock.unwrap())
}

async fn counts_early(house: &House) -> stocktake::Report {
    counts_if_wished(house).await.unwrap()
}

/// Tills and the web sell in rounds; between the rounds the tills rest until the bridge has heard of all they did.
async fn storm(deployment: Deployment, figure: StockFigure) {
    let house = house(deployment, figure).await;
    let (shop, office) = (&house.town().shop, &house.town().office);
    let rounds: i64 = std::env::var("STOCK_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let skus: Vec<Sku> = house.town().assortment.skus[..3].to_vec();
    let infos: Vec<SkuInfo> = skus.iter().map(|sku| info(&house, sku)).collect();
    shop.webhook_weather(WebhookWeather {
        same_id_twice: 200,
        new_id_twice: 200,
        delay_up_to: Duration::from_millis(400),
        ..WebhookWeather::default()
    });
    let mut limits = Vec::new();
    for sku in &skus {
        limits.push(house.pieces(sku.as_str(), "WEB").await);
    }
    let before = shop.stock_writes().len();
    let (mut seen, mut changes) = (before, 0);
    let mut ordered = 0_usize;
    for round in 0..rounds {
        for sku in &skus {
            // Goods come in while nothing else happens: the limit rises by them.
            office.receive_goods(sku, &web(), 12).await.unwrap();
        }
        house.rest().await;
        for limit in &mut limits {
            *limit += 12;
        }
        seen = judged(&house, &skus, &limits, seen);
        changes += skus.len();
        let tills = async {
            let mut sold = vec![0; skus.len()];
            for sale in 0..12 {
                let at = sale % skus.len();
                let pieces = 1 + i64::try_from(sale % 2).unwrap();
                if available(shop, &skus[at]) > pieces {
                    office.sell_at_till(&skus[at], &web(), pieces).await.unwrap();
                    sold[at] += pieces;
                    changes += 1;
                }
                // As fast as the bridge follows: the next sale comes when something was shown, or at once.
                tokio::task::yield_now().await;
            }
            sold
        };
        let people = async {
            let mut orders = Vec::new();
            for number in 0..12 {
                ordered += 1;
                let info = &infos[number % 3];
                if available(shop, &Sku::parse(&info.sku).unwrap()) < 2 {
                    continue;
                }
                let id = shop.place_order(&order(info, 1 + i64::try_from(number % 2).unwrap())).await.unwrap();
                match number % 4 {
                    0 => shop.fulfil(id).await.unwrap(),
                    1 => shop.cancel(id).await.unwrap(),
                    2 => orders.push(id),
                    _ => {
                        shop.fulfil(id).await.unwrap();
                        shop.refund(id, &taken_back(info, 1)).await.unwrap();
                    }
                }
            }
            orders
        };
        let (sold, open) = tokio::join!(tills, people);
        for order in open {
            // Some stay open over the round's end.
            if order % 2 == u64::from(round % 2 == 0) {
                shop.fulfil(order).await.unwrap();
            }
        }
        house.rest().await;
        seen = judged(&house, &skus, &limits, seen);
        for (at, sold) in sold.iter().enumerate() {
            limits[at] -= sold;
            let level = shop.stock(skus[at].as_str(), "WEB").unwrap();
            let there = house.pieces(skus[at].as_str(), "WEB").await;
            assert_eq!(level.on_hand, there, "round {round}: {} at rest, {level:?}", skus[at]);
        }
    }
    let writes = shop.stock_writes().len() - before;
    eprintln!(
        "{figure:?} on {deployment:?}: {changes} changes at the tills, {ordered} web orders, {writes} stock writes"
    );
    assert!(writes * 10 <= changes * 12, "{writes} writes for {changes} changes");
    let waiting = async || house.journal().counts().await.unwrap().handlings_in("waiting") == 0;
    house.until("refunds of cancelled orders look whether there is anything to wait for", waiting).await;
    house.keeps_its_promises(0).await;
}

/// One piece came back and went on the shelf.
fn taken_back(info: &SkuInfo, pieces: i64) -> RefundPlan {
    let subtotal = i64::try_from(info.price.amount().mantissa()).unwrap() * pieces;
    let line = RefundLinePlan { line: 0, quantity: pieces, restock: Restock::Return { location: 0 }, subtotal, tax: 0 };
    let payment = RefundPayment { payment: 0, amount: subtotal, rounding: 0, pending: false, failed: false };
    RefundPlan { lines: vec![line], payments: vec![payment], ..RefundPlan::default() }
}

/// No figure written since may, with what orders had taken, come to more than the office could give.
fn judged(house: &House, skus: &[Sku], limits: &[i64], since: usize) -> usize {
    let writes = house.town().shop.stock_writes();
    for write in writes[since..].iter().filter(|write| write.location == "WEB") {
        let Some(at) = skus.iter().position(|sku| sku.as_str() == write.sku) else { continue };
        let shown = write.available + write.taken;
        assert!(shown <= limits[at], "{write:?} shows {} more than the office can give", shown - limits[at]);
    }
    writes.len()
}

on_both_deployments! {
    // proves F-343 F-362
    async fn tills_and_web_sell_the_same_few_pieces_and_never_one_too_many_on_hand(deployment: Deployment) {
        storm(deployment, StockFigure::OnHand).await;
    }

    // proves F-343 F-362
    async fn tills_and_web_sell_the_same_few_pieces_and_never_one_too_many_available(deployment: Deployment) {
        storm(deployment, StockFigure::Available).await;
    }

    /// What cannot be booked is gone from the shelf all the same, whatever the office still shows.
    async fn what_was_shipped_and_is_not_booked_is_not_shown_again(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let otherwise = house.rules().payments.otherwise.take();
        house.opens().await;
        let sku = house.town().assortment.skus[0].clone();
        let (info, before) = (info(&house, &sku), house.pieces(sku.as_str(), "WEB").await);
        let mut odd = order(&info, 5);
        odd.pay_by("a gateway nobody mapped");
        let id = house.town().shop.place_order(&odd).await.unwrap();
        house.town().shop.fulfil(id).await.unwrap();
        house.rest().await;
        assert_eq!(house.dead_letters().await.len(), 1, "its payment has no code");
        house.town().office.sell_at_till(&sku, &web(), 1).await.unwrap();
        house.rest().await;
        assert_eq!(house.pieces(sku.as_str(), "WEB").await, before - 1);
        assert_eq!(available(&house.town().shop, &sku), before - 6);
        house.stop().await;
        house.rules().payments.otherwise = otherwise;
        house.start().await;
        house.until("it is tried again by itself", async || house.dead_letters().await.is_empty()).await;
        house.rest().await;
        assert_eq!(available(&house.town().shop, &sku), before - 6, "booking it changes nothing on the web");
        house.keeps_its_promises(0).await;
    }

    async fn what_came_back_and_was_booked_before_the_shop_told_is_not_shown_twice(deployment: Deployment) {
        for figure in [StockFigure::OnHand, StockFigure::Available] {
            let house = house(deployment, figure).await;
            let (shop, office) = (&house.town().shop, &house.town().office);
            let sku = house.town().assortment.skus[0].clone();
            let info = info(&house, &sku);
            let id = shop.place_order(&order(&info, 3)).await.unwrap();
            house.rest().await;
            // The shop tells of the money that went back, and is late with the order itself: what it tells leads to both documents.
            shop.hold_webhooks_of("orders/");
            shop.fulfil(id).await.unwrap();
            shop.refund(id, &taken_back(&info, 3)).await.unwrap();
            let both = async || office.document_counts().await.unwrap() == (1, 1);
            house.until("the invoice and the credit note are booked", both).await;
            // A figure decided now knows of an order that is booked and still to be shipped.
            let writes = shop.stock_writes().len();
            office.receive_goods(&sku, &web(), 1).await.unwrap();
            house.until("the new goods are shown", async || shop.stock_writes().len() > writes).await;
            shop.hold_webhooks(false);
            house.rest().await;
            house.keeps_its_promises(0).await;
        }
    }

    /// News is waited for since it was missed, whatever the office's clock shows.
    async fn a_figure_found_too_low_is_put_right_when_its_order_is_told_at_last(deployment: Deployment) {
        for figure in [StockFigure::OnHand, StockFigure::Available] {
            let house = house(deployment, figure).await;
            let (shop, office) = (&house.town().shop, &house.town().office);
            house.time_passes(2);
            let sku = house.town().assortment.skus[0].clone();
            let info = info(&house, &sku);
            shop.hold_webhooks_of("orders/");
            let id = shop.place_order(&order(&info, 3)).await.unwrap();
            shop.fulfil(id).await.unwrap();
            let mut lost = taken_back(&info, 1);
            lost.lines[0].restock = Restock::NoRestock;
            shop.refund(id, &lost).await.unwrap();
            // The refund leads to both documents, so the office's figure tells of pieces whose order is still to be told.
            let both = async || office.document_counts().await.unwrap() == (1, 1);
            house.until("the invoice and the credit note are booked", both).await;
            let there = house.pieces(sku.as_str(), "WEB").await;
            let low = async || available(shop, &sku) == there - 3;
            house.until("pieces that may have been sold besides are not shown", low).await;
            shop.hold_webhooks(false);
            house.rest().await;
            assert_eq!(available(shop, &sku), there, "{figure:?}: all is told");
            house.keeps_its_promises(0).await;
        }
    }

    /// Whether one was sold after a write that got there, or four were and it never did, only news can tell.
    async fn a_write_without_an_answer_and_a_sale_after_it_end_with_the_right_figure(deployment: Deployment) {
        let house = house(deployment, StockFigure::Available).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = house.town().assortment.skus[0].clone();
        let info = info(&house, &sku);
        let before = house.pieces(sku.as_str(), "WEB").await;
        shop.hold_webhooks(true);
        shop.fail_next(Some("inventorySetQuantities"), Fault::ErrorAfterCommit(502), 3);
        office.sell_at_till(&sku, &web(), 3).await.unwrap();
        house.until("the write is there", async || available(shop, &sku) == before - 3).await;
        let id = shop.place_order(&order(&info, 1)).await.unwrap();
        house.until("the worse is believed", async || available(shop, &sku) == before - 3 - 4).await;
        shop.hold_webhooks(false);
        house.until("the order is told", async || house.open_pieces(&sku).await == 1).await;
        house.time_passes(1);
        house.rest().await;
        assert_eq!(available(shop, &sku), before - 3 - 4, "which account is true nobody can tell");
        let found = counts_early(&house).await;
        assert_eq!((found.compared, found.drifts.len()), (1, 1), "of all figures, the one in doubt is counted");
        house.rest().await;
        assert_eq!(available(shop, &sku), before - 3 - 1);
        shop.fulfil(id).await.unwrap();
        house.rest().await;
        house.keeps_its_promises(0).await;
    }

    /// What nobody ever tells is asked for; and what is there was taken by hand where nobody has sold it.
    async fn a_figure_that_nobody_explains_is_counted_before_its_time(deployment: Deployment) {
        let house = house(deployment, StockFigure::OnHand).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = house.town().assortment.skus[0].clone();
        let before = house.pieces(sku.as_str(), "WEB").await;
        assert!(counts_if_wished(&house).await.is_none(), "nothing is in doubt");
        shop.correct_stock(sku.as_str(), "WEB", before - 5).await.unwrap();
        office.sell_at_till(&sku, &web(), 2).await.unwrap();
        house.until("five more are not shown", async || available(shop, &sku) == before - 2 - 5).await;
        house.time_passes(1);
        house.rest().await;
        let writes = shop.writes().len();
        let found = counts_early(&house).await;
        assert_eq!((found.compared, found.drifts.len()), (1, 1));
        house.rest().await;
        assert_eq!(available(shop, &sku), before - 2);
        assert!(counts_if_wished(&house).await.is_some(), "another process has not heard that this wish was answered");
        house.rest().await;
        assert_eq!(shop.writes().len(), writes + 1);
        house.keeps_its_promises(0).await;
    }

    /// Five pieces go and nobody tells; a count sees it. Before it is acted upon, five more are sold at the till, and the bridge
    /// takes both off. What the count saw is then just what the office has, and not what the shop shows.
    async fn a_count_that_a_write_has_overtaken_proves_nothing(deployment: Deployment) {
        let house = house(deployment, StockFigure::OnHand).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = house.town().assortment.skus[0].clone();
        let before = house.pieces(sku.as_str(), "WEB").await;
        shop.correct_stock(sku.as_str(), "WEB", before - 5).await.unwrap();
        let desk = house.desk();
        let seen = stocktake::look(&desk, stocktake::Count::All).await.unwrap();
        office.sell_at_till(&sku, &web(), 5).await.unwrap();
        house.until("five more are not shown", async || available(shop, &sku) == before - 5 - 5).await;
        let report = stocktake::compare(&desk, seen).await.unwrap();
        assert_eq!((report.drifts[0].shown, report.drifts[0].should), (before - 5, before - 5));
        assert_eq!(stocktake::raise(&desk, &report, true).await.unwrap(), 1);
        house.time_passes(1);
        house.rest().await;
        assert_eq!(counts_early(&house).await.drifts.len(), 1, "it is in doubt until it is counted anew");
        house.keeps_its_promises(0).await;
    }

    async fn a_write_without_an_answer_is_not_forgotten_when_the_figure_is_what_it_was_again(deployment: Deployment) {
        let house = house(deployment, StockFigure::Available).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = house.town().assortment.skus[0].clone();
        let before = house.pieces(sku.as_str(), "WEB").await;
        shop.fail_next(Some("inventorySetQuantities"), Fault::ErrorAfterCommit(502), 1);
        office.sell_at_till(&sku, &web(), 3).await.unwrap();
        house.until("the write is there", async || available(shop, &sku) == before - 3).await;
        office.receive_goods(&sku, &web(), 3).await.unwrap();
        house.rest().await;
        assert_eq!(available(shop, &sku), before);
        house.keeps_its_promises(0).await;
    }

    async fn few_pieces_are_not_shown_and_some_are_kept_back(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let rules = &mut house.rules().stock;
        (rules.figure, rules.show_from, rules.safety) = (StockFigure::Available, 4, 2);
        house.start().await;
        house.rest().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = house.town().assortment.skus[0].clone();
        let there = house.pieces(sku.as_str(), "WEB").await;
        assert_eq!(available(shop, &sku), there - 2);
        office.sell_at_till(&sku, &web(), there - 6).await.unwrap();
        house.rest().await;
        assert_eq!(available(shop, &sku), 4);
        office.sell_at_till(&sku, &web(), 1).await.unwrap();
        house.rest().await;
        assert_eq!(available(shop, &sku), 0, "three would be fewer than are shown at all");
        house.stop().await;
    }

    // proves F-252
    async fn all_of_the_stock_is_compared_and_what_is_too_high_is_corrected(deployment: Deployment) {
        let house = house(deployment, StockFigure::OnHand).await;
        let (shop, bridge) = (&house.town().shop, house.bridge.as_ref().unwrap());
        let desk = house.desk();
        let look = async || {
            let seen = stocktake::look(&desk, stocktake::Count::All).await.unwrap();
            stocktake::compare(&desk, seen).await.unwrap()
        };
        let all = house.town().assortment.skus.len() * 2;
        let report = look().await;
        assert_eq!((report.compared, report.drifts.len()), (all, 0));
        let [high, low] = [0, 1].map(|at| house.town().assortment.skus[at].clone());
        let there = house.pieces(high.as_str(), "WEB").await;
        shop.correct_stock(high.as_str(), "WEB", there + 7).await.unwrap();
        shop.correct_stock(low.as_str(), "AKL", 1).await.unwrap();
        let writes = shop.writes().len();
        let report = look().await;
        let found: Vec<_> = report.drifts.iter().map(|one| (&one.sku, one.shown - one.should)).collect();
        let low_by = 1 - house.pieces(low.as_str(), "AKL").await;
        let mut expected = vec![(&high, 7), (&low, low_by)];
        expected.sort();
        assert_eq!(found, expected);
        // The low one may be a sale nobody has told of.
        assert_eq!(stocktake::raise(&desk, &report, false).await.unwrap(), 1);
        bridge.stage.bells.deliveries.notify_one();
        house.rest().await;
        assert_eq!((available(shop, &high), shop.writes().len()), (there, writes + 1));
        // It is none: everything was told.
        assert_eq!(stocktake::raise(&desk, &look().await, true).await.unwrap(), 1);
        bridge.stage.bells.deliveries.notify_one();
        house.rest().await;
        assert_eq!(shop.writes().len(), writes + 2);
        assert_eq!(look().await.drifts, []);
        house.keeps_its_promises(0).await;
    }
}
