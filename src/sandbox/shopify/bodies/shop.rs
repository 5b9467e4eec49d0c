//! What a shop says of itself, and what the law makes it ask.

use serde::Serialize;

use super::super::options::ShopOptions;
use super::bytes_of;

/// The shop's id.
const SHOP_ID: u64 = 6_612_345_678_901_234_567;

#[derive(Serialize)]
struct Shop<'a> {
    id: u64,
    name: &'a str,
    email: String,
    domain: &'a str,
    myshopify_domain: &'a str,
    currency: &'a str,
    taxes_included: bool,
    shop_owner: &'static str,
}

/// The shop, as `app/uninstalled` carries it.
pub(in super::super) fn shop_body(options: &ShopOptions) -> bytes::Bytes {
    bytes_of(&Shop {
        id: SHOP_ID,
        name: &options.name,
        email: format!("owner@{}", options.domain),
        domain: &options.domain,
        myshopify_domain: &options.domain,
        currency: options.currency.code(),
        taxes_included: options.taxes_included,
        shop_owner: "Owen Owner",
    })
}

/// Whom a request is about.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Person {
    pub id: u64,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Serialize)]
struct DataRequest<'a> {
    shop_id: u64,
    shop_domain: &'a str,
    orders_requested: &'a [u64],
    customer: &'a Person,
    data_request: Number,
}

#[derive(Serialize)]
struct Number {
    id: u64,
}

/// A customer asks what is kept.
pub(in super::super) fn data_request_body(
    options: &ShopOptions,
    customer: &Person,
    orders: &[u64],
    request: u64,
) -> bytes::Bytes {
    bytes_of(&DataRequest {
        shop_id: SHOP_ID,
        shop_domain: &options.domain,
        orders_requested: orders,
        customer,
        data_request: Number { id: request },
    })
}

#[derive(Serialize)]
struct Redact<'a> {
    shop_id: u64,
    shop_domain: &'a str,
    customer: &'a Person,
    orders_to_redact: &'a [u64],
}

/// A customer asks to be forgotten.
pub(in super::super) fn redact_body(options: &ShopOptions, customer: &Person, orders: &[u64]) -> bytes::Bytes {
    bytes_of(&Redact { shop_id: SHOP_ID, shop_domain: &options.domain, customer, orders_to_redact: orders })
}

#[derive(Serialize)]
struct ShopRedact<'a> {
    shop_id: u64,
    shop_domain: &'a str,
}

/// The shop asks to be forgotten.
pub(in super::super) fn shop_redact_body(options: &ShopOptions) -> bytes::Bytes {
    bytes_of(&ShopRedact { shop_id: SHOP_ID, shop_domain: &options.domain })
}
