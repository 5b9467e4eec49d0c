//! A journal with a short history: one stock figure that was written, one sale that was given up, one delivery nobody
//! understood, one without news.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tillbridge::domain::{
    ChannelName, Delivery, DeliveryId, Draft, Event, EventId, EventType, Fact, HandlerName, NewDelivery, Origin,
    Version,
};
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::journal::{
    Appended, DeliverySettlement, Effect, Journal, Outcome, PolledPage, Raised, Settlement, Verdict,
};

use super::Desk;

const LEASE: Duration = Duration::from_secs(60);

const SALE: &str = r#"{
    "reference": "order:5900000000001", "number": "1001", "currency": "NZD", "sold_at": "2026-11-01T00:00:00Z",
    "buyer": { "kind": "guest", "profile": { "first_name": "Aroha", "email": "aroha@example.test" } },
    "tax_included": true, "lines": [],
    "stated_tax": { "amount": "0.00", "currency": "NZD" }, "stated_total": { "amount": "0.00", "currency": "NZD" },
    "cash_rounding": { "amount": "0.00", "currency": "NZD" },
    "payments": { "known": "each", "payments": [] }
}"#;

/// The numbers a story needs.
pub struct Ledger {
    pub sale: EventId,
    pub sale_delivery: DeliveryId,
    pub stock: EventId,
}

/// A desk whose journal, `tillbridge.db`, has the history.
pub fn desk_with_history() -> (Desk, Ledger) {
    let desk = Desk::with(tillbridge::config::PROFILES[0].template)
        .set("SHOPIFY_TOKEN", "shpat-secret")
        .set("SHOPIFY_WEBHOOK_SECRET", "hook-secret")
        .set("OFFICE_DATABASE_URL", "sqlite:nowhere/office.db")
        .set("USER", "wiremu");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let journal = SqliteJournal::open(&desk.path().join("tillbridge.db")).unwrap();
    let ledger = runtime.block_on(write(&journal));
    (desk, ledger)
}

async fn write(journal: &dyn Journal) -> Ledger {
    let shop = Origin::storefront("web");
    let office = Origin::office("main");
    let page = PolledPage {
        task: "office/main/stock".to_owned(),
        from: None,
        to: "815".to_owned(),
        deliveries: vec![
            delivery(&office, "stock", "stock 815"),
            delivery(&shop, "orders/fulfilled", "order 5900000000001"),
            delivery(&shop, "orders/fulfilled", "order 5900000000001"),
            delivery(&shop, "refunds/create", "refund of nobody knows what"),
            delivery(&shop, "orders/fulfilled", "order that was told before"),
        ],
    };
    let appended = journal.append_polled(page).await.unwrap();
    let duplicates = appended.iter().filter(|appended| matches!(appended, Appended::Duplicate(_))).count();
    assert_eq!(duplicates, 1);

    let mut events = BTreeMap::new();
    let mut sale_delivery = None;
    let mut settlements = Vec::new();
    for taken in journal.take_deliveries(10, LEASE).await.unwrap() {
        let verdict = match taken.delivery.content.dedupe_key.as_str() {
            "stock 815" => {
                let fact = r#"{ "sku": "SHIRT-RED-M", "branch": "WEB", "on_hand": 7 }"#;
                handled(&mut events, &taken.delivery, EventType::StockChanged, "stock:SHIRT-RED-M@WEB", fact, "stock")
            }
            "order 5900000000001" => {
                sale_delivery = Some(taken.delivery.id);
                handled(&mut events, &taken.delivery, EventType::SaleInvoiced, "order:5900000000001", SALE, "invoice")
            }
            "refund of nobody knows what" => Verdict::Rejected("the refund has no order".to_owned()),
            _ => Verdict::Ignored("an older version of an order that is known".to_owned()),
        };
        settlements.push(DeliverySettlement { id: taken.delivery.id, fence: taken.fence, verdict, demand: vec![] });
    }
    assert_eq!(journal.settle_deliveries(settlements).await.unwrap(), 2);

    let due: Vec<_> = journal.take_outbox(10, LEASE).await.unwrap().iter().map(|outgoing| outgoing.handling).collect();
    let mut settlements = Vec::new();
    for claim in journal.claim(&due, LEASE).await.unwrap() {
        let settlement = if claim.event.event_type() == EventType::SaleInvoiced {
            let reason = "no counterpart for gateway `afterpay`".to_owned();
            let action = "add it to [channels.payments], then retry".to_owned();
            Settlement::of(&claim, Outcome::Dead { reason, action, lacks: None })
        } else {
            let key = "stock SHIRT-RED-M@WEB#815".to_owned();
            let effect = Effect { key, kind: "storefront stock", result: "7".to_owned() };
            Settlement { effects: vec![effect], ..Settlement::of(&claim, Outcome::Done("7 shown".to_owned())) }
        };
        settlements.push(settlement);
    }
    assert_eq!(journal.settle(settlements).await.unwrap().each, [true, true]);
    let event = |kind| events[&kind];
    Ledger {
        sale: event(EventType::SaleInvoiced),
        stock: event(EventType::StockChanged),
        sale_delivery: sale_delivery.unwrap(),
    }
}

fn delivery(origin: &Origin, topic: &str, key: &str) -> NewDelivery {
    NewDelivery {
        origin: origin.clone(),
        topic: topic.to_owned(),
        dedupe_key: key.to_owned(),
        fold_key: None,
        headers: BTreeMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

fn handled(
    events: &mut BTreeMap<EventType, EventId>,
    delivery: &Delivery,
    kind: EventType,
    entity: &str,
    fact: &str,
    handler: &str,
) -> Verdict {
    let id = EventId(uuid::Uuid::now_v7());
    events.insert(kind, id);
    let origin = &delivery.content.origin;
    let event = Event {
        id,
        channel: ChannelName::parse("main").unwrap(),
        source: format!("{}/{}", origin.side.as_str(), origin.name),
        delivery: delivery.id,
        draft: Draft {
            source_document: entity.to_owned(),
            entity: entity.to_owned(),
            version: Version(0),
            time: "2026-11-01T00:00:00Z".parse().unwrap(),
            fact: Fact::from_json(kind, fact).unwrap(),
        },
    };
    Verdict::Handled(vec![Raised { event, handlers: vec![HandlerName::parse(handler).unwrap()] }])
}
