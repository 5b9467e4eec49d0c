//! Who bought. People are invented from a number.

use serde::Serialize;

use super::super::customers::{ShopAddress, ShopCustomer};
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

#[derive(Serialize)]
struct Whole<'a> {
    id: u64,
    created_at: String,
    updated_at: String,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    state: &'static str,
    note: Option<()>,
    verified_email: bool,
    multipass_identifier: Option<()>,
    tax_exempt: bool,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    currency: &'a str,
    addresses: Vec<WholeAddress<'a>>,
    tax_exemptions: [(); 0],
    admin_graphql_api_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_address: Option<WholeAddress<'a>>,
}

#[derive(Serialize)]
struct WholeAddress<'a> {
    id: u64,
    customer_id: u64,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    company: Option<&'a str>,
    address1: Option<&'a str>,
    address2: Option<&'a str>,
    city: Option<&'a str>,
    province_code: Option<&'a str>,
    zip: Option<&'a str>,
    country_code: Option<&'a str>,
    phone: Option<&'a str>,
    default: bool,
}

/// A customer, as the topics about customers carry them: without consent, which has topics of its own.
pub(in super::super) fn customer_body(by: Stationery, customer: &ShopCustomer) -> bytes::Bytes {
    super::bytes_of(&Whole {
        id: customer.id,
        created_at: by.moment(customer.created_at),
        updated_at: by.moment(customer.updated_at),
        first_name: customer.first_name.as_deref(),
        last_name: customer.last_name.as_deref(),
        state: "disabled",
        note: None,
        verified_email: true,
        multipass_identifier: None,
        tax_exempt: false,
        email: customer.email.as_deref(),
        phone: customer.phone.as_deref(),
        currency: by.currency.code(),
        addresses: Vec::new(),
        tax_exemptions: [],
        admin_graphql_api_id: gid("Customer", customer.id),
        default_address: customer.addresses.first().map(|first| whole_address(customer.id, first, true)),
    })
}

fn whole_address(customer: u64, one: &ShopAddress, default: bool) -> WholeAddress<'_> {
    WholeAddress {
        id: one.id,
        customer_id: customer,
        first_name: one.first_name.as_deref(),
        last_name: one.last_name.as_deref(),
        company: one.company.as_deref(),
        address1: one.address1.as_deref(),
        address2: one.address2.as_deref(),
        city: one.city.as_deref(),
        province_code: one.province_code.as_deref(),
        zip: one.zip.as_deref(),
        country_code: one.country_code.as_deref(),
        phone: one.phone.as_deref(),
        default,
    }
}

#[derive(Serialize)]
struct Deleted {
    id: u64,
    tax_exemptions: [(); 0],
    admin_graphql_api_id: String,
}

/// A customer that is gone.
pub(in super::super) fn customer_deleted_body(id: u64) -> bytes::Bytes {
    super::bytes_of(&Deleted { id, tax_exemptions: [], admin_graphql_api_id: gid("Customer", id) })
}

#[derive(Serialize)]
struct Merged {
    admin_graphql_api_customer_kept_id: String,
    admin_graphql_api_customer_deleted_id: String,
    admin_graphql_api_job_id: Option<()>,
    status: &'static str,
    errors: [(); 0],
}

/// Two customers that became one.
pub(in super::super) fn customer_merged_body(kept: u64, gone: u64) -> bytes::Bytes {
    super::bytes_of(&Merged {
        admin_graphql_api_customer_kept_id: gid("Customer", kept),
        admin_graphql_api_customer_deleted_id: gid("Customer", gone),
        admin_graphql_api_job_id: None,
        status: "completed",
        errors: [],
    })
}

/// Name, e-mail address and home of an account's person, as the shop keeps them.
pub(in super::super) fn known_address(buyer: &BuyerPlan, id: u64) -> Option<(String, ShopAddress)> {
    let home = address(buyer)?;
    let address = ShopAddress {
        id,
        first_name: Some(home.first_name),
        last_name: Some(home.last_name),
        company: home.company,
        address1: Some(home.address1),
        address2: home.address2,
        city: Some(home.city.to_owned()),
        province_code: home.province_code.map(str::to_owned),
        zip: Some(home.zip),
        country_code: Some(home.country_code.to_owned()),
        phone: home.phone,
    };
    Some((email(buyer), address))
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
