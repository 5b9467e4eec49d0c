//! Who bought. People are invented from a number.

use serde::Serialize;

use super::super::ids::gid;
use super::super::lives::BuyerPlan;
use super::super::orders::OrderRecord;
use super::primitives::Stationery;

const FIRST: [&str; 8] = ["Aroha", "Björn", "Chiara", "Dmitri", "Élodie", "Fatima", "Güneş", "Hēmi"];
const LAST: [&str; 7] = ["Ngata", "O'Neill", "Papadopoulos", "Quintero", "Rossi", "Sørensen", "Tanaka"];

#[derive(Serialize)]
pub(super) struct Address {
    first_name: String,
    last_name: String,
    name: String,
    company: Option<String>,
    address1: String,
    address2: Option<String>,
    city: &'static str,
    zip: String,
    province: Option<&'static str>,
    province_code: Option<&'static str>,
    country: &'static str,
    country_code: &'static str,
    phone: Option<String>,
    latitude: Option<()>,
    longitude: Option<()>,
}

#[derive(Serialize)]
pub(super) struct Customer {
    id: u64,
    created_at: String,
    updated_at: String,
    first_name: String,
    last_name: String,
    state: &'static str,
    note: Option<String>,
    verified_email: bool,
    multipass_identifier: Option<String>,
    tax_exempt: bool,
    email: String,
    phone: Option<String>,
    currency: String,
    tax_exemptions: [(); 0],
    admin_graphql_api_id: String,
}

fn names(person: u32) -> (String, String) {
    let index = person as usize;
    (FIRST[index % FIRST.len()].to_owned(), format!("{} {}", LAST[index % LAST.len()], person))
}

/// The e-mail address a buyer left; empty for somebody who left nothing, as the shop writes it.
pub(super) fn email(buyer: &BuyerPlan) -> String {
    match buyer {
        BuyerPlan::Account { person, .. } | BuyerPlan::Guest { person } => format!("buyer{person}@example.com"),
        BuyerPlan::Nobody => String::new(),
    }
}

/// Where the buyer lives, if that is known.
pub(super) fn address(buyer: &BuyerPlan) -> Option<Address> {
    let (BuyerPlan::Account { person, .. } | BuyerPlan::Guest { person }) = buyer else { return None };
    let (first_name, last_name) = names(*person);
    Some(Address {
        name: format!("{first_name} {last_name}"),
        first_name,
        last_name,
        company: person.is_multiple_of(3).then(|| format!("Trading {person} Ltd")),
        address1: format!("{} Test Quay", person % 300 + 1),
        address2: None,
        city: "Auckland",
        zip: format!("{:04}", person % 9000 + 600),
        province: Some("Auckland"),
        province_code: Some("AUK"),
        country: "New Zealand",
        country_code: "NZ",
        phone: None,
        latitude: None,
        longitude: None,
    })
}

/// The account, if there is one.
pub(super) fn customer(by: Stationery, order: &OrderRecord) -> Option<Customer> {
    let BuyerPlan::Account { id, person } = &order.plan.buyer else { return None };
    let (first_name, last_name) = names(*person);
    Some(Customer {
        id: *id,
        created_at: by.moment(order.placed_at),
        updated_at: by.moment(order.placed_at),
        first_name,
        last_name,
        state: "enabled",
        note: None,
        verified_email: true,
        multipass_identifier: None,
        tax_exempt: false,
        email: email(&order.plan.buyer),
        phone: None,
        currency: by.currency.code().to_owned(),
        tax_exemptions: [],
        admin_graphql_api_id: gid("Customer", *id),
    })
}

/// Who bought, for the API to show.
pub(in super::super) struct BuyerFacts {
    /// The e-mail address; empty for none.
    pub email: String,
    /// Id, names and e-mail address of the account.
    pub account: Option<(u64, String, String, String)>,
    /// The address, as bodies have it.
    pub address: Option<serde_json::Value>,
}

/// Who bought an order.
pub(in super::super) fn buyer_of(order: &OrderRecord) -> BuyerFacts {
    let buyer = &order.plan.buyer;
    let account = match buyer {
        BuyerPlan::Account { id, person } => {
            let (first, last) = names(*person);
            Some((*id, first, last, email(buyer)))
        }
        _ => None,
    };
    let address = address(buyer).and_then(|address| serde_json::to_value(address).ok());
    BuyerFacts { email: email(buyer), account, address }
}
