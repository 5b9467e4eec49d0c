//! Who bought: the account, or what the order's addresses say of a guest.

use super::ledger::text;
use super::wire::{Order, PostalAddress};
use crate::domain::{Address, Buyer, CustomerProfile};

/// The buyer of an order. An order without a customer is a guest's.
pub(super) fn buyer(order: &Order) -> Buyer {
    let billing = order.billing_address.as_ref().map(address);
    let shipping = order.shipping_address.as_ref().map(address);
    let customer = order.customer.as_ref();
    let email = [customer.and_then(|who| who.email.as_ref()), order.email.as_ref(), order.contact_email.as_ref()];
    let phone = [customer.and_then(|who| who.phone.as_ref()), order.phone.as_ref()];
    let profile = CustomerProfile {
        first_name: customer.and_then(|who| text(who.first_name.as_ref())),
        last_name: customer.and_then(|who| text(who.last_name.as_ref())),
        email: email.into_iter().find_map(text),
        phone: phone.into_iter().find_map(text),
        billing,
        shipping,
    }
    .completed();
    match customer {
        Some(customer) => Buyer::Account { id: customer.id.to_string(), profile },
        None => Buyer::Guest { profile },
    }
}

pub(super) fn address(from: &PostalAddress) -> Address {
    Address {
        first_name: text(from.first_name.as_ref()),
        last_name: text(from.last_name.as_ref()),
        company: text(from.company.as_ref()),
        line1: text(from.address1.as_ref()),
        line2: text(from.address2.as_ref()),
        city: text(from.city.as_ref()),
        region: text(from.province_code.as_ref()).or_else(|| text(from.province.as_ref())),
        postcode: text(from.zip.as_ref()),
        country: text(from.country_code.as_ref()).map(|code| code.to_uppercase()),
        phone: text(from.phone.as_ref()),
    }
}
