//! Accounts: made and changed.

use super::buyer::address;
use super::unclear::{Unclear, time};
use super::wire::{Address, CustomerRead};
use crate::domain::{Account, CustomerProfile, Delivery, Draft, Fact, Normalised, Version};

/// An account as it is now. Stamps have a resolution of a second, so two changes may share one: each delivery is a fact of its own,
/// and of two with one stamp the later counts.
pub(super) fn changed(delivery: &Delivery, read: &CustomerRead) -> Result<Normalised, Unclear> {
    let customer = &read.customer;
    let at = time("updated_at", customer.updated_at.as_deref().or(customer.created_at.as_deref()))?;
    let of = |wanted: fn(&Address) -> Option<bool>| {
        let marked = customer.addresses.iter().find(|one| wanted(one) == Some(true));
        marked.or(customer.addresses.first()).map(address)
    };
    let profile = CustomerProfile {
        first_name: customer.firstname.clone(),
        last_name: customer.lastname.clone(),
        email: customer.email.clone(),
        phone: None,
        billing: of(|address| address.default_billing),
        shipping: of(|address| address.default_shipping),
    }
    .completed();
    let id = customer.id.to_string();
    Ok(Normalised::Events(vec![Draft {
        source_document: format!("account:{id}#{}:{}", at.as_microsecond(), delivery.id),
        entity: format!("account:{id}"),
        version: Version(at.as_microsecond()),
        time: at,
        fact: Fact::AccountChanged(Account { id, profile }),
    }]))
}
