//! Webhooks that a story writes, signs and sends itself, where the simulated shop would send them in its own way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rust_decimal::Decimal;
use tillbridge::domain::{Currency, Money};
use tillbridge::rehearsal::Town;
use tillbridge::sandbox::shopify::lives::{Life, Minor, OrderPlan, RefundPlan};
use uuid::Uuid;

use crate::support::house::House;

/// A webhook call with everything a real one has.
#[derive(Clone)]
pub struct Webhook {
    topic: &'static str,
    body: Bytes,
    id: String,
    event: String,
    domain: String,
    signature: String,
}

impl Webhook {
    /// Signed with the secret of the town's shop, under ids of its own.
    pub fn of(town: &Town, topic: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            topic,
            signature: signature(&town.shop.secret(), &body),
            body,
            id: Uuid::new_v4().to_string(),
            event: Uuid::new_v4().to_string(),
            domain: town.domain.clone(),
        }
    }

    /// The same fact under another webhook id, as when a shop sends it anew.
    pub fn again(&self) -> Self {
        Self { id: Uuid::new_v4().to_string(), ..self.clone() }
    }

    /// The same call under another signature.
    pub fn signed(&self, signature: &str) -> Self {
        Self { signature: signature.to_owned(), ..self.clone() }
    }

    /// Sends it to the house's door; answers the status.
    pub async fn send(&self, house: &House) -> u16 {
        self.sent_by(&caller(), house).await
    }

    /// The same, by a client that makes many calls.
    async fn sent_by(&self, client: &reqwest::Client, house: &House) -> u16 {
        let address = house.bridge.as_ref().unwrap().address_for(house.town());
        let request = client
            .post(address)
            .header("Content-Type", "application/json")
            .header("X-Shopify-Topic", self.topic)
            .header("X-Shopify-Hmac-Sha256", &self.signature)
            .header("X-Shopify-Shop-Domain", &self.domain)
            .header("X-Shopify-API-Version", "2026-10")
            .header("X-Shopify-Webhook-Id", &self.id)
            .header("X-Shopify-Event-Id", &self.event);
        request.body(self.body.clone()).send().await.unwrap().status().as_u16()
    }

    /// Sends it 64 times at once; answers the statuses.
    pub async fn sent_64_times(&self, house: &House) -> Vec<u16> {
        let client = caller();
        at_once(|| self.sent_by(&client, house)).await
    }
}

/// Somebody who calls.
pub fn caller() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The same call 64 times at once; answers what each came to.
pub async fn at_once<T, C: Future<Output = T>>(call: impl Fn() -> C) -> Vec<T> {
    futures::future::join_all((0..64).map(|_| call())).await
}

/// What a shop with this secret writes into the signature header.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A signature as senders write it who take hexadecimal for base64.
pub fn hexadecimal(signature: &str) -> String {
    let bytes = STANDARD.decode(signature).unwrap();
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// An order's life that no shop knows of, to be told by hand.
pub fn life(seed: u64, order: OrderPlan, refunds: Vec<RefundPlan>) -> Life {
    Life { seed, order, refunds }
}

/// A plain order of the first things a shop sells: so many pieces of each. Prices contain tax, as in a house's first town.
pub fn order_of(house: &House, pieces: &[i64]) -> OrderPlan {
    order_in(house.town(), pieces)
}

/// The same in any town.
pub fn order_in(town: &Town, pieces: &[i64]) -> OrderPlan {
    let goods = town.shop.catalogue();
    let wanted: Vec<_> = goods.iter().zip(pieces.iter().copied()).collect();
    let mut plan = OrderPlan::plain(goods[0].price.currency(), &wanted);
    plan.taxes_included = true;
    plan
}

/// The pieces of an order told by hand leave the shelf at the shop too, as they do when a shop ships what it sold: so many of
/// each of the first things it sells.
pub async fn ship(house: &House, pieces: &[i64]) {
    let shop = &house.town().shop;
    for (goods, pieces) in shop.catalogue().iter().zip(pieces) {
        let before = shop.stock(&goods.sku, "WEB").unwrap().available;
        shop.correct_stock(&goods.sku, "WEB", before - pieces).await.unwrap();
    }
}

/// Smallest units as money.
pub fn money(minor: Minor, currency: Currency) -> Money {
    Money::rounded(Decimal::new(minor, currency.decimals()), currency)
}
