//! Who bought: the account, or what the order says of a guest. Names may stand on the addresses alone.

use super::wire::{Address as Wire, Order, Region};
use crate::domain::{Address, Buyer, CustomerProfile};

pub(super) fn buyer(order: &Order) -> Buyer {
    let assignments = order.extension_attributes.as_ref().and_then(|more| more.shipping_assignments.as_ref());
    let shipping = assignments.into_iter().flatten().find_map(|one| one.shipping.as_ref()?.address.as_ref());
    let profile = CustomerProfile {
        first_name: order.customer_firstname.clone(),
        last_name: order.customer_lastname.clone(),
        email: order.customer_email.clone(),
        phone: None,
        billing: order.billing_address.as_ref().map(address),
        shipping: shipping.map(address),
    }
    .completed();
    match order.customer_id {
        Some(id) if id.0 > 0 => Buyer::Account { id: id.to_string(), profile },
        _ => Buyer::Guest { profile },
    }
}

pub(super) fn address(from: &Wire) -> Address {
    let mut street = from.street.iter().flatten().map(|line| line.trim()).filter(|line| !line.is_empty());
    let line1 = street.next().map(str::to_owned);
    let rest: Vec<&str> = street.collect();
    let region = match &from.region {
        Some(Region::Name(name)) => from.region_code.clone().or_else(|| filled(name)),
        Some(Region::Known { region_code, region }) => {
            region_code.as_deref().and_then(filled).or_else(|| region.as_deref().and_then(filled))
        }
        None => from.region_code.clone(),
    };
    Address {
        first_name: from.firstname.clone(),
        last_name: from.lastname.clone(),
        company: from.company.clone(),
        line1,
        line2: (!rest.is_empty()).then(|| rest.join(", ")),
        city: from.city.clone(),
        region,
        postcode: from.postcode.clone(),
        country: from.country_id.as_ref().map(|code| code.to_uppercase()),
        phone: from.telephone.clone(),
    }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
