//! What the stories are about: a shop's signed calls, polled records, stock and sales, and short ways to say what happens.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use tillbridge::domain::{
    BranchCode, ChannelName, DeliveryId, DocumentRef, Draft, Event, EventId, EventType, Fact, HandlerName, HandlingId,
    NewDelivery, OrderCancelled, Origin, Secret, Sku, StockLevel, StorefrontName, Verified, Version,
};
use tillbridge::journal::{
    Appended, Claim, DeliverySettlement, Link, LinkKind, Outcome, PolledPage, Raised, Selection, Settlement, Verdict,
};
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};
use tillbridge::storefront::{Call, Storefront};

use super::shelf::Shelf;

pub const LEASE: Duration = Duration::from_secs(60);
/// A second short of it.
pub const NEARLY_A_LEASE: Duration = Duration::from_secs(59);
pub const SECOND: Duration = Duration::from_secs(1);
const SECRET: &str = "the-shops-client-secret";

static SHOP: LazyLock<Shopify> = LazyLock::new(|| {
    // Another test of this binary may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: "kiwi-web.myshopify.com".into(),
        endpoint: None,
        access: Access::Token(Secret::new("shpat_0".into())),
        webhook_secrets: vec![Secret::new(SECRET.into())],
        publications: vec![],
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
    })
    .unwrap()
});

/// A call as the shop makes it, past the verifier.
pub fn signed(webhook: &str, event: Option<&str>, body: &[u8]) -> Verified<NewDelivery> {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body).finalize();
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.into_bytes());
    let mut headers = vec![
        ("x-shopify-hmac-sha256".to_owned(), signature),
        ("x-shopify-topic".to_owned(), "orders/fulfilled".to_owned()),
        ("x-shopify-shop-domain".to_owned(), "kiwi-web.myshopify.com".to_owned()),
        ("x-shopify-webhook-id".to_owned(), webhook.to_owned()),
    ];
    headers.extend(event.map(|event| ("x-shopify-event-id".to_owned(), event.to_owned())));
    SHOP.verify(Call { path: vec![], headers, body: Bytes::copy_from_slice(body) }).unwrap()
}

/// A record as a poll reads it.
pub fn record(key: &str) -> NewDelivery {
    NewDelivery {
        origin: Origin::office("kiwi"),
        topic: "stock".into(),
        dedupe_key: key.into(),
        fold_key: None,
        headers: BTreeMap::new(),
        body: Bytes::from(format!(r#"{{"record":"{key}"}}"#)),
    }
}

pub fn kiwi() -> ChannelName {
    channel("kiwi")
}

pub fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

pub fn handler(name: &str) -> HandlerName {
    HandlerName::parse(name).unwrap()
}

/// A stock figure of a SKU; the entity is the SKU.
pub fn stock(sku: &str, version: i64) -> Draft {
    Draft {
        source_document: format!("{sku}#{version}"),
        entity: sku.to_owned(),
        version: Version(version),
        time: "2026-11-22T11:59:00Z".parse().unwrap(),
        fact: Fact::StockChanged(StockLevel {
            sku: Sku::parse(sku).unwrap(),
            branch: BranchCode::parse("WEB").unwrap(),
            on_hand: version,
        }),
    }
}

/// A cancelled order: a document, which has no versions.
pub fn cancelled(order: &str) -> Draft {
    let time = "2026-11-22T11:58:00Z".parse().unwrap();
    Draft {
        source_document: order.to_owned(),
        entity: order.to_owned(),
        version: Version(0),
        time,
        fact: Fact::OrderCancelled(OrderCancelled { sale: DocumentRef::parse(order).unwrap(), cancelled_at: time }),
    }
}

pub fn event(channel: &ChannelName, delivery: DeliveryId, draft: Draft) -> Event {
    Event { id: EventId(uuid::Uuid::now_v7()), channel: channel.clone(), source: "office/kiwi".into(), delivery, draft }
}

/// Everything, or what is set on it.
pub fn all() -> Selection {
    Selection::default()
}

pub fn of_type(kind: EventType) -> Selection {
    Selection { event_type: Some(kind), ..all() }
}

pub fn invoice_link(key: &str, other: &str) -> Link {
    Link { kind: LinkKind::Invoice, key: key.into(), other: other.into() }
}

pub fn retry(after: Duration) -> Outcome {
    Outcome::Retry { after, reason: "the office restarts".into(), counts: true }
}

pub fn wait_for_invoice(key: &str) -> Outcome {
    Outcome::Wait {
        kind: LinkKind::Invoice,
        key: key.into(),
        look_again: Duration::from_secs(600),
        reason: format!("no invoice for {key} yet"),
    }
}

pub fn dead(reason: &str) -> Outcome {
    Outcome::Dead { reason: reason.into(), action: "map the SKU".into(), lacks: None }
}

pub fn done() -> Outcome {
    Outcome::Done("written".into())
}

pub fn id_of(appended: Appended) -> DeliveryId {
    match appended {
        Appended::New(id) | Appended::Duplicate(id) => id,
    }
}

impl Shelf {
    /// Polls one record and appends it.
    pub async fn receives(&self, key: &str) -> DeliveryId {
        id_of(self.journal.append_polled(page(None, &uuid::Uuid::new_v4().to_string(), &[key])).await.unwrap()[0])
    }

    /// Takes the deliveries that are due and settles the one given; others stay with their lease.
    pub async fn settles_delivery(&self, id: DeliveryId, verdict: Verdict) -> usize {
        let taken = self.journal.take_deliveries(1_000, LEASE).await.unwrap();
        let mine = taken.iter().find(|taken| taken.delivery.id == id).expect("the delivery is due");
        let settlement = DeliverySettlement { id, fence: mine.fence, verdict, demand: vec![] };
        self.journal.settle_deliveries(vec![settlement]).await.unwrap()
    }

    /// Lets a new delivery raise events, each for these handlers.
    pub async fn raises_in(&self, channel: &ChannelName, drafts: Vec<Draft>, handlers: &[&str]) -> DeliveryId {
        let id = self.receives(&uuid::Uuid::new_v4().to_string()).await;
        let raised = drafts
            .into_iter()
            .map(|draft| Raised {
                event: event(channel, id, draft),
                handlers: handlers.iter().map(|name| handler(name)).collect(),
            })
            .collect();
        self.settles_delivery(id, Verdict::Handled(raised)).await;
        id
    }

    /// The same in the channel `kiwi`.
    pub async fn raises(&self, drafts: Vec<Draft>, handlers: &[&str]) -> DeliveryId {
        self.raises_in(&kiwi(), drafts, handlers).await
    }

    /// Takes what is due for the bus.
    pub async fn publishes(&self) -> Vec<HandlingId> {
        let outgoing = self.journal.take_outbox(1_000, LEASE).await.unwrap();
        outgoing.into_iter().map(|message| message.handling).collect()
    }

    pub async fn claims(&self, handlings: &[HandlingId]) -> Vec<Claim> {
        let mut claims = self.journal.claim(handlings, LEASE).await.unwrap();
        claims.sort_by_key(|claim| claim.handling);
        claims
    }

    /// Publishes what is due and claims all of it.
    pub async fn works(&self) -> Vec<Claim> {
        let due = self.publishes().await;
        self.claims(&due).await
    }

    /// Publishes what is due and claims the only one there is.
    pub async fn works_on_one(&self) -> Claim {
        let claims = self.works().await;
        assert_eq!(claims.len(), 1, "one handling can be worked on");
        claims.into_iter().next().unwrap()
    }

    /// Settles one attempt; answers whether it was applied.
    pub async fn settles(&self, claim: &Claim, outcome: Outcome) -> bool {
        self.keeps(Settlement::of(claim, outcome)).await
    }

    /// Settles one attempt with what is to be kept.
    pub async fn keeps(&self, settlement: Settlement) -> bool {
        self.journal.settle(vec![settlement]).await.unwrap().each[0]
    }

    /// How many handlings are in a state.
    pub async fn handlings_in(&self, state: &str) -> i64 {
        self.journal.counts().await.unwrap().handlings_in(state)
    }
}

/// A page of a poll of the task `office/kiwi/<task>`.
pub fn page(from: Option<&str>, task: &str, keys: &[&str]) -> PolledPage {
    PolledPage {
        task: task.to_owned(),
        from: from.map(str::to_owned),
        to: format!("after {}", keys.last().unwrap_or(&"nothing")),
        deliveries: keys.iter().map(|key| record(key)).collect(),
    }
}
