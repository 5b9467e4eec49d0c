//! What RabbitMQ is asked for: queues, dead letters, verdicts on messages that nobody takes or that are refused.

use std::time::Duration;

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use tillbridge::bus::rabbitmq::RabbitBus;
use tillbridge::bus::{Bus, BusError, BusHealth};
use tillbridge::domain::EventType;

use super::broker::Corner;
use super::stories::*;

const NO_TIME: Duration = Duration::ZERO;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_nobody_takes_is_unroutable_and_its_neighbours_are_taken() {
    let (invoice, stranger) = (lane("invoice"), lane("stranger"));
    let Some(corner) = Corner::open("unroutable", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    // Many, so that confirmations come in groups and returns fall between them.
    let is_lost = |number: i64| number % 7 == 3;
    let batch = (0..700).map(|number| message(if is_lost(number) { &stranger } else { &invoice }, number)).collect();
    let verdicts = within("publishing", bus.publish(batch)).await;
    for (verdict, number) in verdicts.iter().zip(0..) {
        match verdict {
            Ok(()) => assert!(!is_lost(number), "{number} was taken by nobody"),
            Err(BusError::Unroutable(key)) => {
                assert!(is_lost(number), "{number} was taken");
                assert_eq!(key, "sale.invoiced.stranger.kiwi");
            }
            Err(other) => panic!("{number}: {other}"),
        }
    }
    assert!(matches!(bus.consume(&stranger, 1).await.err(), Some(BusError::Unroutable(_))));
    // The same channel is good for the next batch.
    publish(&bus, messages(&invoice, [1_000])).await;
    bus.close().await;
    corner.close().await;
}

/// Processes may run with configurations of different age: what one does not know is taken where another knows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_does_not_know_a_channel_hands_over_to_one_that_does() {
    let (known, new) = (lane("invoice"), lane_of("weka", "invoice"));
    let Some(corner) = Corner::open("ages", &[known.clone(), new.clone()]).await else { return };
    let old = corner.bus_knowing(&[known]).await;
    let verdicts = within("publishing", old.publish(messages(&new, [1]))).await;
    assert!(matches!(verdicts[..], [Err(BusError::Unroutable(_))]), "{verdicts:?}");
    let young = corner.bus().await;
    publish(&old, messages(&new, [1])).await;
    let mut consumer = young.consume(&new, 1).await.unwrap();
    assert_eq!(numbers(&within("taking", consumer.next(1, NO_TIME)).await), [1]);
    drop(consumer);
    old.close().await;
    young.close().await;
    corner.close().await;
}

/// Each consumer has a channel to itself, and by default a broker allows a connection no more than 2,047.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_consumers_than_a_connection_has_channels_all_get_their_share() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("consumers", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    let many: i64 = 2_100;
    publish(&bus, messages(&invoice, 0..many)).await;
    let mut consumers = Vec::new();
    for _ in 0..many {
        consumers.push(bus.consume(&invoice, 1).await.unwrap());
    }
    // Each holds its one until all have theirs.
    let taking = consumers.iter_mut().map(|consumer| consumer.next(1, NO_TIME));
    let held = within("a message for each", futures::future::join_all(taking)).await;
    let mut came: Vec<i64> = held.iter().flat_map(|received| numbers(received)).collect();
    came.sort_unstable();
    assert_eq!(came, (0..many).collect::<Vec<_>>());
    assert_eq!(bus.health(), BusHealth::Up);
    drop(consumers);
    bus.close().await;
    assert!(matches!(bus.health(), BusHealth::Down(_)));
    corner.close().await;
}

/// It has the handler's name alone and is bound to all that ends with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_from_before_each_channel_had_its_own_fills_no_more() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("left over", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    let (old, events) = (corner.queue("invoice"), corner.queue("events"));
    let door = &corner.back_door;
    door.queue_declare(old.as_str().into(), QueueDeclareOptions::default(), FieldTable::default()).await.unwrap();
    let options = QueueBindOptions::default();
    door.queue_bind(old.as_str().into(), events.into(), "#.invoice".into(), options, FieldTable::default())
        .await
        .unwrap();
    publish(&bus, messages(&invoice, [1])).await;
    corner.take_from("kiwi.invoice").await;
    assert_eq!(corner.waiting("invoice").await, 0);
    corner.delete_queue("invoice").await;
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_the_broker_refuses_is_unconfirmed_and_only_that_one() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("refused", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    // Somebody else listens to credits, with a queue that refuses when it is full, and it holds one.
    let full = corner.queue("listener");
    let mut settings = FieldTable::default();
    settings.insert("x-max-length".into(), AMQPValue::LongInt(1));
    settings.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let door = &corner.back_door;
    door.queue_declare(full.as_str().into(), QueueDeclareOptions::default(), settings).await.unwrap();
    let events = corner.queue("events");
    let credits = "sale.credited.#".into();
    let options = QueueBindOptions::default();
    door.queue_bind(full.as_str().into(), events.into(), credits, options, FieldTable::default()).await.unwrap();

    let mut batch = messages(&invoice, 0..6);
    for credit in [1, 3, 5] {
        batch[credit].event_type = EventType::SaleCredited;
    }
    let verdicts = within("publishing", bus.publish(batch)).await;
    let refused: Vec<_> = verdicts.iter().map(|verdict| matches!(verdict, Err(BusError::Unconfirmed(_)))).collect();
    assert_eq!(refused, [false, false, false, true, false, true], "{verdicts:?}");

    door.queue_delete(full.into(), QueueDeleteOptions::default()).await.unwrap();
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_at_the_broker_is_durable_and_names_its_event_and_handling() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("message shape", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    let sent = message(&invoice, i64::MAX);
    publish(&bus, vec![sent.clone()]).await;
    let found = corner.take_from("kiwi.invoice").await;
    assert_eq!(found.routing_key.as_str(), "sale.invoiced.invoice.kiwi");
    assert_eq!(found.data, sent.body);
    assert_eq!(*found.properties.delivery_mode(), Some(2));
    assert_eq!(found.properties.content_type().as_ref().unwrap().as_str(), "application/cloudevents+json");
    assert_eq!(found.properties.message_id().as_ref().unwrap().as_str(), sent.event.to_string());
    let headers = found.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.get("tillbridge-handling"), Some(&AMQPValue::LongLongInt(i64::MAX)));
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_read_goes_to_the_dead_queue_and_stops_nobody() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("unreadable", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    corner.smuggle("kiwi.invoice", b"from elsewhere").await;
    publish(&bus, messages(&invoice, [1])).await;
    let mut consumer = bus.consume(&invoice, 1).await.unwrap();
    assert_eq!(numbers(&within("taking", consumer.next(1, NO_TIME)).await), [1]);
    assert_eq!(corner.take_from("dead").await.data, b"from elsewhere");
    drop(consumer);
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_consumers_keep_dying_goes_to_the_dead_queue() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("crash loop", std::slice::from_ref(&invoice)).await else { return };
    let bus = corner.bus().await;
    publish(&bus, messages(&invoice, [1])).await;
    // The first delivery and ten more; the eleventh return is over the limit.
    for life in 0..11 {
        let mut dying = bus.consume(&invoice, 1).await.unwrap();
        assert_eq!(numbers(&within("taking", dying.next(1, NO_TIME)).await), [1], "life {life}");
    }
    let dead = corner.take_from("dead").await;
    assert_eq!(dead.routing_key.as_str(), "sale.invoiced.invoice.kiwi");
    assert_eq!(*dead.properties.delivery_mode(), Some(2));
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_settings_is_named_in_the_health_and_mended_by_deleting_it() {
    let invoice = lane("invoice");
    let Some(corner) = Corner::open("drift", std::slice::from_ref(&invoice)).await else { return };
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let name = corner.queue("kiwi.invoice");
    corner.back_door.queue_declare(name.as_str().into(), durable, FieldTable::default()).await.unwrap();
    let bus = corner.bus().await;
    let BusHealth::Down(why) = bus.health() else { panic!("the bus took a queue that is not as declared") };
    for word in [name.as_str(), "other settings", "rabbitmqctl delete_queue"] {
        assert!(why.contains(word), "`{word}` is missing in: {why}");
    }
    assert!(bus.publish(messages(&invoice, [1])).await.iter().all(is_unavailable));
    corner.delete_queue("kiwi.invoice").await;
    until_health(&bus, "up", |health| *health == BusHealth::Up).await;
    publish(&bus, messages(&invoice, [1])).await;
    bus.close().await;
    corner.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_of_another_kind_is_named_in_the_health() {
    let Some(corner) = Corner::open("exchange drift", &[]).await else { return };
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let name = corner.queue("events");
    let door = &corner.back_door;
    door.exchange_declare(name.as_str().into(), ExchangeKind::Direct, durable, FieldTable::default()).await.unwrap();
    let bus = corner.bus().await;
    let BusHealth::Down(why) = bus.health() else { panic!("the bus took an exchange that is not as declared") };
    assert!(why.contains(&name) && why.contains("other settings"), "{why}");
    bus.close().await;
    corner.close().await;
}

#[tokio::test]
async fn an_address_that_can_never_work_is_refused_and_one_without_a_broker_is_not() {
    let wrong = RabbitBus::connect("http://till:s3cret@broker/", "shop", &[]).await.unwrap_err();
    assert!(!wrong.to_string().contains("s3cret"), "{wrong}");
    assert!(RabbitBus::connect("amqp://broker", "a prefix", &[]).await.is_err());
    // Port 1 answers nobody.
    let bus = within("connecting", RabbitBus::connect("amqp://u:s3cret@127.0.0.1:1/shop", "shop", &[])).await.unwrap();
    let BusHealth::Down(why) = bus.health() else { panic!("up without a broker") };
    assert!(why.contains("127.0.0.1:1") && !why.contains("s3cret"), "{why}");
    let verdicts = within("publishing", bus.publish(messages(&lane("invoice"), [1]))).await;
    assert!(verdicts.iter().all(is_unavailable));
    within("closing", bus.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_named_in_the_health_but_not_shown() {
    let Some(corner) = Corner::open("wrong password", &[]).await else { return };
    let mut uri: lapin::uri::AMQPUri = crate::support::servers::rabbitmq().unwrap().parse().unwrap();
    uri.authority.userinfo.password = "s3cret-and-wrong".into();
    let bus = within("connecting", RabbitBus::connect(&uri.to_string(), &corner.prefix, &[])).await.unwrap();
    let BusHealth::Down(why) = bus.health() else { panic!("up with a wrong password") };
    assert!(why.contains("check user, password") && !why.contains("s3cret"), "{why}");
    bus.close().await;
    corner.close().await;
}
