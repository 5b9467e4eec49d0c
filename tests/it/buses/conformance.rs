//! What every bus does. Each story is told once and run on the bus in this process and on RabbitMQ.

use std::collections::BTreeSet;
use std::time::Duration;

use tillbridge::bus::local::LocalBus;
use tillbridge::bus::{Bus, BusError, BusHealth, Lane, Ticket};

use super::broker::Corner;
use super::stories::*;

/// Runs each story on each bus.
macro_rules! on_every_bus {
    ($($story:ident)*) => {
        mod local_bus {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(&super::LocalBus::new(10_000, super::known())).await;
            })*
        }

        mod rabbit_bus {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let Some(corner) = Corner::open(concat!("rabbit_bus::", stringify!($story)), &known()).await else {
                    return;
                };
                let bus = corner.bus().await;
                super::$story(&bus).await;
                bus.close().await;
                corner.close().await;
            })*
        }
    };
}

on_every_bus! {
    each_message_reaches_exactly_one_of_two_competing_consumers
    the_messages_of_a_lane_come_by_no_other
    a_lane_that_is_full_and_held_up_takes_nothing_from_another_channels
    what_belongs_to_an_unknown_channel_is_unroutable_and_its_neighbours_are_taken
    what_a_dropped_consumer_held_comes_again
    what_was_acknowledged_does_not_come_again
    a_consumer_holds_no_more_than_its_prefetch
    lingering_collects_up_to_the_most_wanted
    a_call_that_is_dropped_while_it_lingers_loses_nothing
    batches_published_at_once_are_each_answered_in_their_own_order
    tickets_of_another_consumer_acknowledge_nothing
    a_closed_bus_refuses_and_says_so
}

const NO_TIME: Duration = Duration::ZERO;

/// The lanes of the stories: two channels, two handlers.
fn known() -> Vec<Lane> {
    ["kiwi", "weka"]
        .into_iter()
        .flat_map(|channel| ["invoice", "stock"].map(|handler| lane_of(channel, handler)))
        .collect()
}

async fn each_message_reaches_exactly_one_of_two_competing_consumers(bus: &dyn Bus) {
    let invoice = lane("invoice");
    let (sender, mut came) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let mut consumer = bus.consume(&invoice, 8).await.unwrap();
        let sender = sender.clone();
        workers.spawn(async move {
            loop {
                let received = consumer.next(4, NO_TIME).await;
                acknowledge(consumer.as_mut(), &received).await;
                for number in numbers(&received) {
                    sender.send(number).unwrap();
                }
            }
        });
    }
    publish(bus, messages(&invoice, 0..500)).await;
    // One more at the end: when it has come too, anything doubled before it would have come as well.
    let mut numbers = Vec::new();
    for _ in 0..500 {
        numbers.push(within("a message", came.recv()).await.unwrap());
    }
    publish(bus, messages(&invoice, [500])).await;
    numbers.push(within("the last message", came.recv()).await.unwrap());
    numbers.sort_unstable();
    assert_eq!(numbers, (0..=500).collect::<Vec<_>>());
}

async fn the_messages_of_a_lane_come_by_no_other(bus: &dyn Bus) {
    let lanes = known();
    let mixed = lanes.iter().cycle().zip(0..100).map(|(lane, number)| message(lane, number)).collect();
    publish(bus, mixed).await;
    for (lane, first) in lanes.iter().zip(0..) {
        let mut consumer = bus.consume(lane, 16).await.unwrap();
        let wanted: BTreeSet<i64> = (first..100).step_by(lanes.len()).collect();
        let mut came = work_until(consumer.as_mut(), &wanted).await;
        came.sort_unstable();
        assert_eq!(came, wanted.into_iter().collect::<Vec<_>>());
    }
}

/// One channel's messages wait by the hundred, and its consumer holds as many as it may and acknowledges none.
async fn a_lane_that_is_full_and_held_up_takes_nothing_from_another_channels(bus: &dyn Bus) {
    let (flooded, other) = (lane_of("kiwi", "invoice"), lane_of("weka", "invoice"));
    publish(bus, messages(&flooded, 0..900)).await;
    let mut slow = bus.consume(&flooded, 3).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 3 {
        held.extend(within("taking", slow.next(10, NO_TIME)).await);
    }
    let mut quick = bus.consume(&other, 3).await.unwrap();
    publish(bus, messages(&other, 1_000..1_010)).await;
    assert_eq!(work_until(quick.as_mut(), &(1_000..1_010).collect()).await, (1_000..1_010).collect::<Vec<_>>());
    // And the flood is all there, for whoever works on it.
    acknowledge(slow.as_mut(), &held).await;
    let kept: BTreeSet<i64> = numbers(&held).into_iter().collect();
    let rest: BTreeSet<i64> = (0..900).filter(|number| !kept.contains(number)).collect();
    assert_eq!(work_until(slow.as_mut(), &rest).await.len(), rest.len());
}

async fn what_belongs_to_an_unknown_channel_is_unroutable_and_its_neighbours_are_taken(bus: &dyn Bus) {
    let (invoice, stranger) = (lane("invoice"), lane_of("moa", "invoice"));
    let batch = vec![message(&invoice, 1), message(&stranger, 2), message(&invoice, 3)];
    let verdicts = within("publishing", bus.publish(batch)).await;
    assert!(matches!(verdicts[..], [Ok(()), Err(BusError::Unroutable(_)), Ok(())]), "{verdicts:?}");
    assert!(matches!(bus.consume(&stranger, 1).await.err(), Some(BusError::Unroutable(_))));
    let mut consumer = bus.consume(&invoice, 4).await.unwrap();
    assert_eq!(work_until(consumer.as_mut(), &BTreeSet::from([1, 3])).await, [1, 3]);
}

async fn what_a_dropped_consumer_held_comes_again(bus: &dyn Bus) {
    let invoice = lane("invoice");
    publish(bus, messages(&invoice, 0..20)).await;
    let mut dying = bus.consume(&invoice, 8).await.unwrap();
    let held = within("taking", dying.next(8, NO_TIME)).await;
    assert!(!held.is_empty());
    drop(dying);
    let mut surviving = bus.consume(&invoice, 8).await.unwrap();
    let mut came = work_until(surviving.as_mut(), &(0..20).collect()).await;
    came.sort_unstable();
    assert_eq!(came, (0..20).collect::<Vec<_>>());
}

async fn what_was_acknowledged_does_not_come_again(bus: &dyn Bus) {
    let invoice = lane("invoice");
    publish(bus, messages(&invoice, 0..10)).await;
    let mut first = bus.consume(&invoice, 4).await.unwrap();
    let mut done = BTreeSet::new();
    while done.len() < 5 {
        let received = within("taking", first.next(5 - done.len(), NO_TIME)).await;
        acknowledge(first.as_mut(), &received).await;
        done.extend(numbers(&received));
    }
    drop(first);
    let mut second = bus.consume(&invoice, 4).await.unwrap();
    let rest: BTreeSet<i64> = (0..10).filter(|number| !done.contains(number)).collect();
    let mut came = work_until(second.as_mut(), &rest).await;
    came.sort_unstable();
    assert_eq!(came, rest.into_iter().collect::<Vec<_>>(), "done before: {done:?}");
}

async fn a_consumer_holds_no_more_than_its_prefetch(bus: &dyn Bus) {
    let invoice = lane("invoice");
    publish(bus, messages(&invoice, 0..10)).await;
    let mut greedy = bus.consume(&invoice, 3).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 3 {
        held.extend(within("taking", greedy.next(10, NO_TIME)).await);
    }
    assert_eq!(held.len(), 3);
    // The other seven are there for somebody else, while the first three stay where they are.
    let mut other = bus.consume(&invoice, 10).await.unwrap();
    let kept: BTreeSet<i64> = numbers(&held).into_iter().collect();
    let rest: BTreeSet<i64> = (0..10).filter(|number| !kept.contains(number)).collect();
    let mut came = work_until(other.as_mut(), &rest).await;
    came.sort_unstable();
    assert_eq!(came, rest.into_iter().collect::<Vec<_>>());
    // Room is made by acknowledging.
    acknowledge(greedy.as_mut(), &held).await;
    drop(other);
    publish(bus, messages(&invoice, [10])).await;
    assert_eq!(numbers(&within("taking", greedy.next(10, NO_TIME)).await), [10]);
}

async fn lingering_collects_up_to_the_most_wanted(bus: &dyn Bus) {
    let invoice = lane("invoice");
    let mut consumer = bus.consume(&invoice, 64).await.unwrap();
    publish(bus, messages(&invoice, 0..10)).await;
    // The linger is far longer than the test may take: it ends because enough have come.
    let first = within("the first batch", consumer.next(6, PATIENCE * 10)).await;
    assert_eq!(numbers(&first), (0..6).collect::<Vec<_>>());
    let taking = async {
        let batch = consumer.next(6, PATIENCE * 10).await;
        (consumer, batch)
    };
    let taking = tokio::spawn(taking);
    publish(bus, messages(&invoice, 10..12)).await;
    let (mut consumer, second) = within("the second batch", taking).await.unwrap();
    assert_eq!(numbers(&second), (6..12).collect::<Vec<_>>());
    // And it ends, with less, when the time is up.
    publish(bus, messages(&invoice, [12])).await;
    let third = within("the third batch", consumer.next(6, Duration::from_millis(20))).await;
    assert_eq!(numbers(&third), [12]);
}

async fn a_call_that_is_dropped_while_it_lingers_loses_nothing(bus: &dyn Bus) {
    let invoice = lane("invoice");
    let mut consumer = bus.consume(&invoice, 64).await.unwrap();
    publish(bus, messages(&invoice, 0..20)).await;
    let mut came = Vec::new();
    within("taking in spite of dropped calls", async {
        // Dropped at every moment from the first to well after the messages have come.
        for patience in 0..40 {
            let call = consumer.next(64, PATIENCE * 10);
            let dropped = tokio::time::timeout(Duration::from_millis(patience), call).await;
            assert!(dropped.is_err(), "64 never come");
        }
        while came.len() < 20 {
            came.extend(numbers(&consumer.next(64, NO_TIME).await));
        }
    })
    .await;
    assert_eq!(came, (0..20).collect::<Vec<_>>());
}

async fn batches_published_at_once_are_each_answered_in_their_own_order(bus: &dyn Bus) {
    let invoice = lane("invoice");
    let batches: i64 = 12;
    let answers = (0..batches).map(async |batch| {
        // Sizes on both sides of what is in flight at a time.
        let size = if batch % 3 == 0 { 400 } else { 7 };
        let first = batch * 1_000;
        let verdicts = within("publishing", bus.publish(messages(&invoice, first..first + size))).await;
        assert_eq!(verdicts.len(), usize::try_from(size).unwrap());
        assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
        first..first + size
    });
    let wanted: BTreeSet<i64> = futures::future::join_all(answers).await.into_iter().flatten().collect();
    let mut consumer = bus.consume(&invoice, 64).await.unwrap();
    let mut came = work_until(consumer.as_mut(), &wanted).await;
    came.sort_unstable();
    assert_eq!(came, wanted.into_iter().collect::<Vec<_>>());
    assert!(bus.publish(Vec::new()).await.is_empty());
}

async fn tickets_of_another_consumer_acknowledge_nothing(bus: &dyn Bus) {
    let invoice = lane("invoice");
    publish(bus, messages(&invoice, [1])).await;
    let mut consumer = bus.consume(&invoice, 4).await.unwrap();
    let received = within("taking", consumer.next(1, NO_TIME)).await;
    let ticket = received[0].ticket;
    consumer.ack(&[Ticket { generation: ticket.generation + 1_000, ..ticket }]).await;
    consumer.ack(&[Ticket { tag: ticket.tag + 1_000, ..ticket }]).await;
    drop(consumer);
    let mut other = bus.consume(&invoice, 4).await.unwrap();
    let again = within("taking again", other.next(1, NO_TIME)).await;
    assert_eq!(numbers(&again), [1]);
    // Acknowledging twice is harmless.
    acknowledge(other.as_mut(), &again).await;
    acknowledge(other.as_mut(), &again).await;
    publish(bus, messages(&invoice, [2])).await;
    assert_eq!(numbers(&within("taking the next", other.next(1, NO_TIME)).await), [2]);
}

async fn a_closed_bus_refuses_and_says_so(bus: &dyn Bus) {
    assert_eq!(bus.health(), BusHealth::Up);
    within("closing", bus.close()).await;
    assert!(matches!(bus.health(), BusHealth::Down(_)));
    let verdicts = within("publishing", bus.publish(messages(&lane("invoice"), [1, 2]))).await;
    assert!(verdicts.len() == 2 && verdicts.iter().all(is_unavailable), "{verdicts:?}");
}

#[tokio::test]
async fn a_full_local_bus_refuses_at_once_and_takes_again_when_there_is_room() {
    let bus = LocalBus::new(3, known());
    let (invoice, stock) = (lane_of("kiwi", "invoice"), lane_of("weka", "invoice"));
    // The fourth is refused, and only that; another channel's queue has its own room.
    let batch: Vec<_> = messages(&invoice, 0..4).into_iter().chain(messages(&stock, [4])).collect();
    let verdicts = bus.publish(batch).await;
    assert!(verdicts[..3].iter().all(Result::is_ok) && verdicts[4].is_ok(), "{verdicts:?}");
    assert!(is_unavailable(&verdicts[3]), "{verdicts:?}");
    // In a consumer's hands a message still counts: room is made by acknowledging.
    let mut consumer = bus.consume(&invoice, 8).await.unwrap();
    let received = consumer.next(1, NO_TIME).await;
    assert!(is_unavailable(&bus.publish(messages(&invoice, [5])).await[0]));
    acknowledge(consumer.as_mut(), &received).await;
    publish(&bus, messages(&invoice, [6])).await;
    let came = work_until(consumer.as_mut(), &BTreeSet::from([1, 2, 6])).await;
    assert_eq!(came, [1, 2, 6]);
}
