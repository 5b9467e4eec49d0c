//! Channels hold one another up by nothing: neither by a side that is slow, nor by a flood, nor by being known to some processes
//! only.

use std::collections::BTreeSet;

use bytes::Bytes;
use tillbridge::bus::{Lane, Message};
use tillbridge::domain::{ChannelName, EventId, EventType, HandlerName, HandlingId};
use tillbridge::flow::unattended;
use tillbridge::journal::{Selection, TraceHandling};
use tillbridge::rehearsal::{Town, TownPlan};
use tillbridge::sandbox::shopify::Fault;
use tillbridge::sandbox::shopify::lives::PaymentPlan;

use super::by_hand::order_in;
use crate::support::house::{Deployment, House, on_both_deployments};

/// What the shop is asked where an order was paid in several ways.
const QUESTION: &str = "order";
/// More than may be on their way at a time, so that the flood fills the bus and waits in the journal besides.
const FLOOD: i64 = 1_200;
/// Longer than it is believed that somebody works for a channel, in seconds.
const FORGOTTEN: i64 = 200;

/// Two shops with an office each. Work may take as long as it likes: no attempt comes to its end by the clock.
async fn two_towns(deployment: Deployment) -> House {
    let mut house = House::build(deployment, vec![TownPlan::new("kiwi"), TownPlan::new("weka")]).await;
    house.lease(std::time::Duration::from_secs(600));
    house.opens().await;
    house
}

/// Somebody buys a piece in a town and it is shipped. The shop has to be asked who paid how much where it was paid in two ways.
async fn sells(town: &Town, in_two_ways: bool) {
    let mut plan = order_in(town, &[1]);
    if in_two_ways {
        let paid = |gateway: &str, amount| PaymentPlan { gateway: gateway.to_owned(), amount };
        plan.payments = vec![paid("gift_card", 100), paid("paypal", plan.totals().to_pay - 100)];
    }
    let order = town.shop.place_order(&plan).await.unwrap();
    town.shop.fulfil(order).await.unwrap();
}

/// How many invoices an office has.
async fn booked(town: &Town) -> i64 {
    town.office.document_counts().await.unwrap().0
}

async fn invoices(house: &House, state: &str) -> i64 {
    let counts = house.journal().counts().await.unwrap();
    counts.handlings.get("invoice").and_then(|states| states.get(state)).copied().unwrap_or(0)
}

/// A shop answers nobody who asks how its sales were paid, and so many are sold that everybody who may work on them waits for it, and
/// some of them wait besides. Answers how often it was asked.
async fn keeps_its_workers_waiting(house: &House, town: &Town) -> u64 {
    town.shop.fail_sometimes(Some(QUESTION), Fault::UntilCleared, 1_000);
    for busy in 1..=2 {
        for _ in 0..4 {
            sells(town, true).await;
        }
        house.until("the shop is asked", async || town.shop.failed_calls(QUESTION) >= busy).await;
    }
    town.shop.failed_calls(QUESTION)
}

/// The sales of a town with how far their invoices are.
async fn sales(house: &House, town: &Town) -> Vec<(EventId, TraceHandling)> {
    let (channel, event_type) = (Some(named(town).clone()), Some(EventType::SaleInvoiced));
    let selection = Selection { channel, event_type, limit: 100, ..Selection::default() };
    let mut sales = Vec::new();
    for row in house.journal().events(&selection).await.unwrap() {
        let trace = house.journal().trace(row.id.0).await.unwrap().unwrap();
        let events = trace.events.into_iter().filter(|event| event.id == row.id);
        let handlings = events.flat_map(|event| event.handlings).filter(|one| one.handler == "invoice");
        sales.extend(handlings.map(|handling| (row.id, handling)));
    }
    sales
}

fn named(town: &Town) -> &ChannelName {
    &town.channel.name
}

/// The second town's channel is paused with a sale that is known and not booked; then the bridge ends.
async fn ends_with_a_sale_in_hand(house: &mut House) -> ChannelName {
    let town = &house.towns[1];
    let channel = named(town).clone();
    house.journal().pause(&channel, "while the configuration is changed").await.unwrap();
    sells(town, false).await;
    town.shop.webhooks_idle().await;
    house
        .until("the sale is known", async || {
            let new = house.journal().counts().await.unwrap().deliveries.get("new").copied().unwrap_or(0);
            new == 0 && invoices(house, "ready").await == 1
        })
        .await;
    house.stop().await;
    channel
}

on_both_deployments! {
    async fn a_shop_that_answers_slowly_holds_up_no_other_channels_sale(deployment: Deployment) {
        let house = two_towns(deployment).await;
        let [slow, other] = &house.towns[..] else { unreachable!() };
        let asked = keeps_its_workers_waiting(&house, slow).await;

        sells(other, false).await;
        house.until("the other channel's sale is booked", async || booked(other).await == 1).await;
        // Nobody got beyond the first question: all of them are still being worked on.
        assert_eq!(slow.shop.failed_calls(QUESTION), asked);
        assert!(invoices(&house, "running").await >= 2);
        assert_eq!(booked(slow).await, 0);

        slow.shop.clear_faults();
        house.until("the slow shop's sales are booked", async || booked(slow).await == 8).await;
        house.keeps_its_promises(0).await;
    }

    /// Somebody moves messages by hand, and puts them where they do not belong.
    async fn a_message_in_the_queue_of_another_channel_books_nothing_there(deployment: Deployment) {
        let house = two_towns(deployment).await;
        let [slow, other] = &house.towns[..] else { unreachable!() };
        keeps_its_workers_waiting(&house, slow).await;
        for _ in 0..2 {
            sells(slow, true).await;
        }
        let waiting = async || {
            let all = sales(&house, slow).await;
            let is_all = all.len() == 10;
            let waiting = all.into_iter().filter(|(_, sale)| is_all && sale.state == "published");
            waiting.collect::<Vec<_>>()
        };
        house.until("those that nobody is free for are on their way", async || waiting().await.len() >= 2).await;
        let waiting = waiting().await;
        let lane = Lane { channel: named(other).clone(), handler: HandlerName::parse("invoice").unwrap() };
        let astray = waiting.iter().map(|(event, sale)| Message {
            handling: HandlingId(sale.id),
            lane: lane.clone(),
            event: *event,
            event_type: EventType::SaleInvoiced,
            body: Bytes::from_static(b"{}"),
        });
        let taken = house.bridge.as_ref().unwrap().stage.bus.publish(astray.collect()).await;
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
        house.until("they are sent back", async || {
            let all = sales(&house, slow).await;
            all.iter().any(|(_, sale)| sale.reason.contains("the queue of another channel"))
        }).await;
        assert_eq!(booked(other).await, 0);

        slow.shop.clear_faults();
        house.until("all are booked where they belong", async || booked(slow).await == 10).await;
        assert_eq!(booked(other).await, 0);
        house.keeps_its_promises(0).await;
    }

    async fn a_flood_on_one_channel_holds_up_no_other_channels_sale(deployment: Deployment) {
        let house = two_towns(deployment).await;
        let [flooded, other] = &house.towns[..] else { unreachable!() };
        flooded.shop.fail_sometimes(Some(QUESTION), Fault::UntilCleared, 1_000);
        house.journal().pause(named(flooded), "so that all of it comes at once").await.unwrap();
        let people = (0..8).map(async |_| {
            for _ in 0..FLOOD / 8 {
                sells(flooded, true).await;
            }
        });
        futures::future::join_all(people).await;
        house.until("the flood waits", async || invoices(&house, "ready").await == FLOOD).await;
        house.journal().resume(named(flooded)).await.unwrap();
        // No more may be on their way, and those that are being worked on come to no end.
        house.until("the bus is full of it", async || {
            let (published, running) = (invoices(&house, "published").await, invoices(&house, "running").await);
            running > 0 && published >= 512 && published + running < FLOOD
        }).await;

        sells(other, false).await;
        house.until("the other channel's sale is booked", async || booked(other).await == 1).await;
        assert_eq!(booked(flooded).await, 0, "before any of the flood");

        flooded.shop.clear_faults();
        house.until("the flood is being worked off", async || booked(flooded).await > 0).await;
        house.stop_without_checks().await;
    }

    async fn work_of_a_channel_that_is_in_no_configuration_any_more_waits_for_a_person_until_it_is_in_one_again(deployment: Deployment) {
        let mut house = House::open_with(deployment, vec![TownPlan::new("kiwi"), TownPlan::new("weka")]).await;
        let weka = ends_with_a_sale_in_hand(&mut house).await;

        house.leaves_out(Some("weka"));
        house.start().await;
        house.journal().resume(&weka).await.unwrap();
        house.seconds_pass(FORGOTTEN);
        house.until("a person is told", async || house.dead_letters().await.iter().any(|one| one.handler == "invoice")).await;
        for letter in house.dead_letters().await {
            assert_eq!(letter.channel, "weka");
            assert!(letter.reason.contains("channel `weka` is not in the configuration"), "{}", letter.reason);
            assert!(letter.action.contains("put the channel back"), "{}", letter.action);
        }
        // The other channel goes on meanwhile.
        sells(&house.towns[0], false).await;
        house.until("the other channel's sale is booked", async || booked(&house.towns[0]).await == 1).await;
        assert_eq!(booked(&house.towns[1]).await, 0);
        house.stop().await;

        house.leaves_out(None);
        house.start().await;
        house.until("the sale is booked", async || booked(&house.towns[1]).await == 1).await;
        house.keeps_its_promises(0).await;
    }

    async fn a_channel_that_nobody_works_for_is_told_of_until_somebody_does(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let stage = house.bridge.as_ref().unwrap().stage.clone();
        assert_eq!(unattended::look(&stage).await.unwrap(), BTreeSet::new());

        house.stop().await;
        assert_eq!(unattended::look(&stage).await.unwrap(), BTreeSet::new(), "somebody did a moment ago");
        house.seconds_pass(FORGOTTEN);
        assert_eq!(unattended::look(&stage).await.unwrap(), BTreeSet::from([named(house.town()).clone()]));
        drop(stage);

        house.start().await;
        let stage = &house.bridge.as_ref().unwrap().stage;
        assert_eq!(unattended::look(stage).await.unwrap(), BTreeSet::new());
        house.keeps_its_promises(0).await;
    }
}

/// Two processes whose configurations differ in age: one publishes what it does not know, and leaves it to the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_of_a_channel_that_only_others_know_is_left_to_them() {
    if !crate::support::rooms::both("work_of_a_channel_that_only_others_know_is_left_to_them") {
        return;
    }
    let plans = vec![TownPlan::new("kiwi"), TownPlan::new("weka")];
    let mut house = House::open_with(Deployment::Distributed, plans).await;
    let weka = ends_with_a_sale_in_hand(&mut house).await;

    // Somebody worked for it a moment ago, and may again in a moment.
    house.leaves_out(Some("weka"));
    house.start().await;
    house.journal().resume(&weka).await.unwrap();
    house.until("it is handed over", async || invoices(&house, "published").await == 1).await;
    assert!(house.dead_letters().await.is_empty());

    house.leaves_out(None);
    let beside = house.one_more().await;
    house.until("who knows the channel books its sale", async || booked(&house.towns[1]).await == 1).await;
    assert!(house.dead_letters().await.is_empty());
    assert!(beside.end(crate::support::house::PATIENCE).await);
    house.stop_without_checks().await;
}
