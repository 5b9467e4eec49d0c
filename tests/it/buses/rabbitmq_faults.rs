//! The connection to RabbitMQ breaks, falls silent, is blocked, loses its queues: nothing is lost and work goes on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tillbridge::bus::{Bus, BusError, BusHealth};

use super::broker::Corner;
use super::stories::*;

const NO_TIME: Duration = Duration::ZERO;

fn is_down(health: &BusHealth) -> bool {
    matches!(health, BusHealth::Down(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_connections_are_cut_while_publishing_and_consuming() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("cut", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    let bus = Arc::new(bus);
    let wanted: BTreeSet<i64> = (0..3_000).collect();

    let mut consumer = bus.consume(&invoice, 32).await.unwrap();
    let everything = wanted.clone();
    let working = tokio::spawn(async move { work_until(consumer.as_mut(), &everything).await });
    let publishing = {
        let (bus, invoice) = (Arc::clone(&bus), invoice.clone());
        tokio::spawn(async move {
            for batch in 0..30 {
                publish_until_taken(bus.as_ref(), messages(&invoice, batch * 100..(batch + 1) * 100)).await;
            }
        })
    };
    // Four cuts, each as soon as the bus works again, so that they fall into the midst of it.
    for _ in 0..4 {
        until_health(bus.as_ref(), "up", |health| *health == BusHealth::Up).await;
        proxy.cut();
        until_health(bus.as_ref(), "down", is_down).await;
    }
    within("publishing everything", publishing).await.unwrap();
    let came: BTreeSet<i64> = within("taking everything", working).await.unwrap().into_iter().collect();
    assert_eq!(came, wanted);
    until_health(bus.as_ref(), "up", |health| *health == BusHealth::Up).await;
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_falls_silent_is_given_up_and_found_again() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("black hole", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    let mut consumer = bus.consume(&invoice, 4).await.unwrap();
    publish(&bus, messages(&invoice, [1])).await;
    let held = within("taking", consumer.next(1, NO_TIME)).await;
    assert_eq!(numbers(&held), [1]);

    proxy.black_hole();
    // What is on its way when silence falls is given back, not waited for without end.
    let verdicts = within("publishing into silence", bus.publish(messages(&invoice, [2]))).await;
    assert!(matches!(verdicts[..], [Err(BusError::Unavailable(_) | BusError::Unconfirmed(_))]), "{verdicts:?}");
    until_health(&bus, "down", is_down).await;

    proxy.resume();
    until_health(&bus, "up", |health| *health == BusHealth::Up).await;
    publish(&bus, messages(&invoice, [3])).await;
    let after = within("taking after the silence", consumer.next(4, NO_TIME)).await;
    acknowledge(consumer.as_mut(), &held).await;
    acknowledge(consumer.as_mut(), &after).await;
    // The first was never acknowledged: it comes again, over a new connection, and its old ticket is worthless. Only where its
    // connection has outlived the silence, since the other one was given up first, is the ticket good.
    let mut missing = BTreeSet::from([3]);
    if after[0].ticket.generation > held[0].ticket.generation {
        missing.insert(1);
    }
    missing.retain(|number| !numbers(&after).contains(number));
    work_until(consumer.as_mut(), &missing).await;
    drop(consumer);
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_waits_through_an_outage_and_its_tickets_have_a_new_generation() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("outage", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    let mut consumer = bus.consume(&invoice, 4).await.unwrap();
    publish(&bus, messages(&invoice, [1])).await;
    let before = within("taking", consumer.next(1, NO_TIME)).await;
    acknowledge(consumer.as_mut(), &before).await;

    let waiting = tokio::spawn(async move { consumer.next(1, NO_TIME).await });
    proxy.refuse();
    until_health(&bus, "down", is_down).await;
    let verdicts = within("publishing", bus.publish(messages(&invoice, [2]))).await;
    assert!(verdicts.iter().all(is_unavailable), "{verdicts:?}");
    proxy.resume();
    until_health(&bus, "up", |health| *health == BusHealth::Up).await;
    publish_until_taken(&bus, messages(&invoice, [2])).await;
    let after = within("taking after the outage", waiting).await.unwrap();
    assert!(after[0].ticket.generation > before[0].ticket.generation, "{before:?} {after:?}");
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_deleted_under_its_consumer_is_declared_anew_and_consumed_again() {
    let (invoice, stock) = (lane("invoice"), lane("stock"));
    let Some(corner) = Corner::open("deleted queue", &[invoice.clone(), stock.clone()]).await else { return };
    let bus = corner.bus().await;
    let mut consumers = [bus.consume(&invoice, 4).await.unwrap(), bus.consume(&stock, 4).await.unwrap()];
    publish(&bus, vec![message(&invoice, 1), message(&stock, 2)]).await;
    for (consumer, number) in consumers.iter_mut().zip([1, 2]) {
        work_until(consumer.as_mut(), &BTreeSet::from([number])).await;
    }
    let [mut of_invoice, mut of_stock] = consumers;
    let waiting = tokio::spawn(async move { work_until(of_invoice.as_mut(), &BTreeSet::from([3])).await });
    corner.delete_queue("kiwi.invoice").await;
    publish_until_taken(&bus, vec![message(&invoice, 3), message(&stock, 4)]).await;
    within("taking from the new queue", waiting).await.unwrap();
    work_until(of_stock.as_mut(), &BTreeSet::from([4])).await;
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_broker_makes_publishing_fail_at_once_while_consumers_go_on() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("blocked", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    publish(&bus, messages(&invoice, 0..3)).await;

    proxy.say("tillbridge publisher", &connection_blocked("low on memory"));
    until_health(&bus, "blocked", |health| *health == BusHealth::Blocked("low on memory".into())).await;
    let verdicts = within("publishing", bus.publish(messages(&invoice, [3]))).await;
    let Err(BusError::Unavailable(why)) = &verdicts[0] else { panic!("{verdicts:?}") };
    assert!(why.contains("low on memory"), "{why}");
    let mut consumer = bus.consume(&invoice, 1).await.unwrap();
    work_until(consumer.as_mut(), &(0..3).collect()).await;

    proxy.say("tillbridge publisher", &CONNECTION_UNBLOCKED);
    until_health(&bus, "up", |health| *health == BusHealth::Up).await;
    publish(&bus, messages(&invoice, [3])).await;
    work_until(consumer.as_mut(), &BTreeSet::from([3])).await;
    drop(consumer);
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_accepts_connections_and_says_nothing_is_given_up_and_found_again() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("mute", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    proxy.black_hole();
    proxy.cut();
    let is_mute = |health: &BusHealth| matches!(health, BusHealth::Down(why) if why.contains("gave no answer"));
    until_health(&bus, "down for want of an answer", is_mute).await;
    proxy.resume();
    until_health(&bus, "up", |health| *health == BusHealth::Up).await;
    publish(&bus, messages(&invoice, [1])).await;
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_in_time_even_when_the_broker_is_silent() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("close", std::slice::from_ref(&invoice)).await else { return };
    let (bus, proxy) = corner.bus_through_proxy().await;
    publish(&bus, messages(&invoice, [1])).await;
    proxy.black_hole();
    within("closing", bus.close()).await;
    assert!(is_down(&bus.health()));
    assert_eq!(corner.waiting("kiwi.invoice").await, 1);
    corner.close().await;
}

/// Method frames of AMQP 0-9-1 on channel 0: `connection.blocked` (10, 60) with its reason and `connection.unblocked` (10, 61).
fn connection_blocked(reason: &str) -> Vec<u8> {
    let length = u8::try_from(reason.len()).unwrap();
    let payload = [&[0, 10, 0, 60, length], reason.as_bytes()].concat();
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[1, 0, 0], &size[..], &payload, &[0xCE]].concat()
}
const CONNECTION_UNBLOCKED: [u8; 12] = [1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xCE];
