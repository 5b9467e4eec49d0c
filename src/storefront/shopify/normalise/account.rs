//! Accounts: made, changed, merged.

use serde::Deserialize;

use super::buyer::address;
use super::ledger::{Unclear, text};
use super::wire::PostalAddress;
use crate::domain::{Account, CustomerMerged, CustomerProfile, Delivery, Draft, Fact, Normalised, Version};
use crate::storefront::shopify::graphql::number;

/// The body of `customers/create` and `customers/update`.
#[derive(Deserialize)]
pub(super) struct Customer {
    id: u64,
    updated_at: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    default_address: Option<PostalAddress>,
}

/// The body of `customers/merge`.
#[derive(Deserialize)]
pub(super) struct Merge {
    admin_graphql_api_customer_kept_id: String,
    admin_graphql_api_customer_deleted_id: String,
    status: String,
}

/// The entity that events of an account are about.
pub(in crate::storefront::shopify) fn account_entity(id: u64) -> String {
    format!("account:{id}")
}

/// The version of an account that changed at a moment.
pub(in crate::storefront::shopify) fn account_version(changed_at: jiff::Timestamp) -> Version {
    Version(changed_at.as_microsecond())
}

/// An account as it is now. Stamps have a resolution of a second, so two changes may share one: each delivery is a fact of its own,
/// and of two with one stamp the later counts.
pub(super) fn changed(delivery: &Delivery, customer: &Customer) -> Result<Normalised, Unclear> {
    let at = customer.updated_at.as_ref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let at = at.ok_or_else(|| Unclear::Body("`updated_at` is missing or is no time".into()))?;
    let billing = customer.default_address.as_ref().map(address);
    let profile = CustomerProfile {
        first_name: text(customer.first_name.as_ref()),
        last_name: text(customer.last_name.as_ref()),
        email: text(customer.email.as_ref()).map(|email| email.to_lowercase()),
        phone: text(customer.phone.as_ref()).or_else(|| billing.as_ref()?.phone.clone()),
        shipping: billing.clone(),
        billing,
    };
    let (entity, version) = (account_entity(customer.id), account_version(at));
    Ok(Normalised::Events(vec![Draft {
        source_document: format!("{entity}#{}:{}", version.0, delivery.id),
        entity,
        version,
        time: at,
        fact: Fact::AccountChanged(Account { id: customer.id.to_string(), profile }),
    }]))
}

/// Two accounts are one, once the shop is done with it.
pub(super) fn merged(delivery: &Delivery, merge: &Merge) -> Normalised {
    if !merge.status.eq_ignore_ascii_case("completed") {
        return Normalised::Ignored("the accounts were not merged (yet)".into());
    }
    let kept = number(&merge.admin_graphql_api_customer_kept_id).to_owned();
    let gone = number(&merge.admin_graphql_api_customer_deleted_id).to_owned();
    Normalised::Events(vec![Draft {
        source_document: format!("merge:{gone}>{kept}"),
        entity: format!("account:{kept}"),
        version: Version(0),
        time: delivery.received_at,
        fact: Fact::CustomerMerged(CustomerMerged { kept, gone }),
    }])
}
