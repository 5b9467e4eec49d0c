//! What a shop asks for on behalf of its customers, or for itself (the compliance topics).

use serde::Deserialize;

use super::ledger::text;
use crate::domain::{Delivery, Draft, Fact, Normalised, Person, PrivacyRequest, PrivacyWish, Version};

/// The body of `customers/data_request` and `customers/redact`.
#[derive(Deserialize)]
pub(super) struct Asked {
    customer: Customer,
    #[serde(default)]
    orders_requested: Vec<u64>,
    #[serde(default)]
    orders_to_redact: Vec<u64>,
    data_request: Option<Number>,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<u64>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
struct Number {
    id: u64,
}

/// A customer asks.
pub(super) fn asked(delivery: &Delivery, wish: PrivacyWish, asked: &Asked) -> Normalised {
    let orders = asked.orders_requested.iter().chain(&asked.orders_to_redact);
    let person = Person {
        id: asked.customer.id.map(|id| id.to_string()),
        email: text(asked.customer.email.as_ref()),
        phone: text(asked.customer.phone.as_ref()),
        orders: orders.map(ToString::to_string).collect(),
        numbers: Vec::new(),
    };
    raised(delivery, wish, asked.data_request.as_ref().map(|number| number.id.to_string()), person)
}

/// The shop asks.
pub(super) fn shop_asked(delivery: &Delivery) -> Normalised {
    raised(delivery, PrivacyWish::EraseStorefront, None, Person::default())
}

/// Each request is a fact of its own, carried out one after the other.
fn raised(delivery: &Delivery, wish: PrivacyWish, number: Option<String>, person: Person) -> Normalised {
    let asked_at = delivery.received_at;
    Normalised::Events(vec![Draft {
        source_document: format!("privacy:{}", delivery.id),
        entity: "privacy".into(),
        version: Version(0),
        time: asked_at,
        fact: Fact::PrivacyRequested(PrivacyRequest { wish, number, person, asked_at }),
    }])
}
