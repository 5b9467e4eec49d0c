//! A customer with addresses and consent.

use apollo_compiler::response::JsonValue;

use super::super::super::customers::{ShopAddress, ShopCustomer};
use super::super::super::ids::gid;
use super::super::desk::Desk;
use super::super::object::{ConnectionKind, Object, leaf, maybe, page, text};
use super::order::moment;

/// The customer of an id.
pub(in super::super) fn customer<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    desk.state().customers.get(id).cloned().map(customer_of)
}

/// A customer of a list.
pub(in super::super) fn known_customer<'s>(desk: &'s Desk<'_>, id: u64) -> Object<'s> {
    customer(desk, id).unwrap_or_else(|| Object::new("Customer", |_| None))
}

/// One address of a customer.
pub(in super::super) fn address<'s>(desk: &'s Desk<'_>, customer: u64, id: u64) -> Option<Object<'s>> {
    let state = desk.state();
    let found = state.customers.get(customer)?.addresses.iter().find(|one| one.id == id)?.clone();
    Some(address_of(&found))
}

fn customer_of<'s>(customer: ShopCustomer) -> Object<'s> {
    Object::new("Customer", move |ask| match ask.name {
        "id" => leaf(gid("Customer", customer.id)),
        "updatedAt" => leaf(moment(customer.updated_at)),
        "defaultAddress" => maybe(customer.addresses.first().map(address_of)),
        "firstName" => text(customer.first_name.as_deref()),
        "lastName" => text(customer.last_name.as_deref()),
        "defaultEmailAddress" => maybe(customer.email.clone().map(|email| {
            let (state, at) = (customer.consent.clone(), customer.consent_at.map(|at| at.to_string()));
            Object::new("CustomerEmailAddress", move |ask| match ask.name {
                "emailAddress" => leaf(email.as_str()),
                "marketingState" => leaf(state.as_str()),
                "marketingUpdatedAt" => text(at.as_deref()),
                _ => None,
            })
        })),
        "defaultPhoneNumber" => maybe(customer.phone.clone().map(|phone| {
            Object::new("CustomerPhoneNumber", move |ask| match ask.name {
                "phoneNumber" => leaf(phone.as_str()),
                _ => None,
            })
        })),
        "addressesV2" => {
            page(ConnectionKind("MailingAddressConnection"), ask, &customer.addresses, |one| one.id, address_of)
        }
        _ => None,
    })
}

fn address_of<'s>(address: &ShopAddress) -> Object<'s> {
    let address = address.clone();
    Object::new("MailingAddress", move |ask| match ask.name {
        // The real shop says behind the number what kind of address it is.
        "id" => leaf(format!("{}?model_name=CustomerAddress", gid("MailingAddress", address.id))),
        "firstName" => text(address.first_name.as_deref()),
        "lastName" => text(address.last_name.as_deref()),
        "company" => text(address.company.as_deref()),
        "address1" => text(address.address1.as_deref()),
        "address2" => text(address.address2.as_deref()),
        "city" => text(address.city.as_deref()),
        "province" => text(None),
        "provinceCode" => text(address.province_code.as_deref()),
        "zip" => text(address.zip.as_deref()),
        "countryCodeV2" => leaf(address.country_code.clone().map_or(JsonValue::Null, JsonValue::from)),
        "phone" => text(address.phone.as_deref()),
        _ => None,
    })
}
