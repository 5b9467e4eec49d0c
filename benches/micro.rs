//! What one event costs in processor time and allocations, apart from disk and network: `cargo bench --bench micro`.
//!
//! The order is the one `tillbridge bench` sends. Each figure is for one event; a copy of the body is given beside them, as what the
//! machine can do at best.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use tillbridge::bus::local::LocalBus;
use tillbridge::bus::{Bus, Lane, Message};
use tillbridge::domain::{
    ChannelName, Currency, Delivery, DeliveryId, Event, EventId, EventType, HandlerName, HandlingId, Normalised,
};
use tillbridge::rehearsal::{Side, Town, TownPlan};
use tillbridge::sandbox::shopify::lives::{Life, invented_catalogue};
use tillbridge::storefront::{Call, Storefront};
use tokio::runtime::Runtime;
use uuid::Uuid;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Messages published and taken at a time.
const BATCH: usize = 256;

fn main() {
    divan::main();
}

/// A shop's adapter, one call to it, and what becomes of that.
struct Scene {
    storefront: Arc<dyn Storefront>,
    call: Call,
    delivery: Delivery,
    event: Event,
    json: String,
}

static SCENE: LazyLock<Scene> =
    LazyLock::new(|| scene().unwrap_or_else(|error| panic!("no scene to measure: {error:#}")));

fn scene() -> anyhow::Result<Scene> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::TempDir::new()?;
    let runtime = Runtime::new()?;
    let town = runtime.block_on(Town::found(&TownPlan::new("micro"), folder.path()))?;
    let storefront = town.storefront()?;
    let currency = Currency::parse("NZD")?;
    let body = Life::generate(7, currency, true, &invented_catalogue(currency, 40)).order_fulfilled_body();
    let headers = [
        ("x-shopify-topic", "orders/fulfilled".to_owned()),
        ("x-shopify-hmac-sha256", signature(&body, &town.shop.secret())),
        ("x-shopify-shop-domain", town.domain.clone()),
        ("x-shopify-api-version", "2026-10".to_owned()),
        ("x-shopify-webhook-id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043".to_owned()),
        ("x-shopify-event-id", "98880550-7158-44d4-b7cd-2c97c8a091b5".to_owned()),
        ("x-shopify-triggered-at", "2026-11-01T00:00:00Z".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let call = Call { path: Vec::new(), headers, body };
    let verified = storefront.verify(call.clone())?;
    let content = verified.into_inner();
    let delivery = Delivery { id: DeliveryId(Uuid::now_v7()), received_at: Timestamp::UNIX_EPOCH, content };
    let Normalised::Events(drafts) = storefront.normalise(&delivery) else { anyhow::bail!("the order means nothing") };
    let draft = drafts.into_iter().next().ok_or_else(|| anyhow::anyhow!("the order means nothing"))?;
    let channel = town.channel.name.clone();
    let event =
        Event { id: EventId(Uuid::now_v7()), channel, source: "storefront/micro".into(), delivery: delivery.id, draft };
    let json = event.to_cloud_event()?;
    Ok(Scene { storefront, call, delivery, event, json })
}

fn signature(body: &[u8], secret: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[divan::bench]
fn a_copy_of_the_body(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    bencher.bench(|| black_box(&scene.call.body).to_vec());
}

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    bencher.with_inputs(|| scene.call.clone()).bench_values(|call| scene.storefront.verify(call).is_ok());
}

#[divan::bench]
fn normalise(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    bencher.bench(|| scene.storefront.normalise(black_box(&scene.delivery)));
}

#[divan::bench]
fn event_to_json(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    bencher.bench(|| black_box(&scene.event).to_cloud_event());
}

#[divan::bench]
fn event_from_json(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    bencher.bench(|| Event::from_cloud_event(black_box(&scene.json)));
}

/// Through the bus in the process and acknowledged: a batch, divided by its length.
#[divan::bench]
fn publish_and_take_a_batch_of_256(bencher: Bencher<'_, '_>) {
    let scene = &*SCENE;
    let (Ok(runtime), Ok(channel), Ok(handler)) =
        (Runtime::new(), ChannelName::parse("kiwi"), HandlerName::parse("invoice"))
    else {
        return;
    };
    let lane = Lane { channel, handler };
    let bus = LocalBus::new(BATCH * 4, [lane.clone()]);
    let Ok(mut consumer) = runtime.block_on(bus.consume(&lane, 512)) else { return };
    let message = Message {
        handling: HandlingId(1),
        lane,
        event: scene.event.id,
        event_type: EventType::SaleInvoiced,
        body: Bytes::from(scene.json.clone()),
    };
    bencher
        .counter(divan::counter::ItemsCount::new(BATCH))
        .with_inputs(|| vec![message.clone(); BATCH])
        .bench_local_values(|batch| {
            runtime.block_on(async {
                bus.publish(batch).await;
                let taken = consumer.next(BATCH, Duration::ZERO).await;
                let tickets: Vec<_> = taken.iter().map(|one| one.ticket).collect();
                consumer.ack(&tickets).await;
                taken.len()
            })
        });
}
