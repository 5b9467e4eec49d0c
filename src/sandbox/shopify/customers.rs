//! The shop's customers: who they are, where they live, whether they want mail. No two share an e-mail address or a telephone number.
//!
//! What comes in: accounts made by people and by the API. What goes out: records for the API to show, and webhooks.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bodies::{customer_body, customer_deleted_body, customer_merged_body};
use super::state::State;

/// A customer of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopCustomer {
    /// Id.
    pub id: u64,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Addresses, the default one first.
    pub addresses: Vec<ShopAddress>,
    /// Whether they want marketing mail, in the API's word.
    pub consent: String,
    /// Since when.
    pub consent_at: Option<Timestamp>,
    /// When made.
    pub created_at: Timestamp,
    /// When last changed.
    pub updated_at: Timestamp,
}

/// An address of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopAddress {
    /// Id.
    pub id: u64,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street.
    pub address1: Option<String>,
    /// More of it.
    pub address2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Province.
    pub province_code: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// Country.
    pub country_code: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// All customers.
#[derive(Debug, Default)]
pub(super) struct Customers(BTreeMap<u64, ShopCustomer>);

/// Why a customer cannot be so: the field and the shop's words.
pub(super) type Objection = (&'static str, &'static str);

impl Customers {
    pub(super) fn get(&self, id: u64) -> Option<&ShopCustomer> {
        self.0.get(&id)
    }

    pub(super) fn by_email(&self, email: &str) -> Option<&ShopCustomer> {
        self.0.values().find(|one| one.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email.trim())))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ShopCustomer> {
        self.0.values()
    }

    pub(super) fn put(&mut self, customer: ShopCustomer) {
        self.0.insert(customer.id, customer);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<ShopCustomer> {
        self.0.remove(&id)
    }

    /// What the shop has against a customer, as it words it.
    pub(super) fn objections(&self, customer: &ShopCustomer) -> Vec<Objection> {
        let mut found = Vec::new();
        let others = || self.0.values().filter(|other| other.id != customer.id);
        if let Some(email) = &customer.email {
            if !is_email(email) {
                found.push(("email", "Email is invalid"));
            } else if others()
                .any(|other| other.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email)))
            {
                found.push(("email", "Email has already been taken"));
            }
        }
        if let Some(phone) = &customer.phone {
            if !is_e164(phone) {
                found.push(("phone", "Phone is invalid"));
            } else if others().any(|other| other.phone.as_ref() == Some(phone)) {
                found.push(("phone", "Phone has already been taken"));
            }
        }
        let nameless = [&customer.first_name, &customer.last_name, &customer.email, &customer.phone];
        if nameless.into_iter().all(|part| part.as_deref().unwrap_or_default().is_empty()) {
            found.push(("email", "A name, phone number, or email address must be present"));
        }
        found
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && !text.contains(' '))
}

/// `+`, a country's code that does not begin with 0, eight to fifteen digits in all.
pub(super) fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
}

impl State {
    /// A customer without anything, as new.
    pub(super) fn blank_customer(&mut self) -> ShopCustomer {
        let now = self.now();
        ShopCustomer {
            id: self.ids.next(),
            first_name: None,
            last_name: None,
            email: None,
            phone: None,
            addresses: Vec::new(),
            consent: "NOT_SUBSCRIBED".to_owned(),
            consent_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Keeps a customer and tells subscribers.
    pub(super) fn keep_customer(&mut self, mut customer: ShopCustomer, topic: &'static str, tell: bool) {
        customer.updated_at = self.now();
        if tell {
            self.notify(topic, customer_body(self.stationery(), &customer));
        }
        self.customers.put(customer);
    }

    /// Folds one customer into another, as the merchant does.
    pub(super) fn merge_customers(&mut self, kept: u64, gone: u64) -> bool {
        if kept == gone || self.customers.get(kept).is_none() {
            return false;
        }
        let Some(folded) = self.customers.remove(gone) else { return false };
        if let Some(mut customer) = self.customers.get(kept).cloned() {
            customer.addresses.extend(folded.addresses);
            self.keep_customer(customer, "customers/update", true);
        }
        for order in self.orders.values_mut() {
            if let super::lives::BuyerPlan::Account { id, .. } = &mut order.plan.buyer
                && *id == gone
            {
                *id = kept;
            }
        }
        self.notify("customers/merge", customer_merged_body(kept, gone));
        true
    }

    /// Deletes a customer.
    pub(super) fn delete_customer(&mut self, id: u64) -> bool {
        let gone = self.customers.remove(id).is_some();
        if gone {
            self.notify("customers/delete", customer_deleted_body(id));
        }
        gone
    }
}
