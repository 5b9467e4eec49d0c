//! Accounts as the API prints them.

use serde_json::{Value, json};

use super::super::customers::{AddressRecord, CustomerRecord};
use super::super::state::{State, WEBSITE};
use super::moment;

impl State {
    /// The body of an account.
    pub(in super::super) fn customer_body(&self, customer: &CustomerRecord) -> Value {
        let mut body = json!({
            "id": customer.id, "group_id": customer.group, "created_at": moment(customer.created_at),
            "updated_at": moment(customer.updated_at), "created_in": "Default Store View", "email": customer.email,
            "firstname": customer.first, "lastname": customer.last, "store_id": self.default_store(),
            "website_id": WEBSITE, "disable_auto_group_change": 0,
            "addresses": customer.addresses.iter().map(|one| address(customer, one)).collect::<Vec<_>>(),
            "extension_attributes": { "is_subscribed": customer.subscribed },
        });
        for (name, id) in
            [("default_billing", customer.default_billing), ("default_shipping", customer.default_shipping)]
        {
            if let Some(id) = id {
                body[name] = id.to_string().into();
            }
        }
        if let Some(number) = &customer.company_tax {
            body["taxvat"] = number.clone().into();
        }
        body
    }
}

fn address(customer: &CustomerRecord, address: &AddressRecord) -> Value {
    let place = &address.place;
    let mut body = json!({
        "id": address.id, "customer_id": customer.id, "country_id": place.country, "street": place.street,
        "telephone": place.telephone, "city": place.city, "firstname": place.first, "lastname": place.last,
        "region": { "region_code": null, "region": null, "region_id": 0 }, "region_id": 0,
    });
    if let Some((name, code, id)) = &place.region {
        body["region"] = json!({ "region_code": code, "region": name, "region_id": id });
        body["region_id"] = (*id).into();
    }
    for (name, text) in [("company", &place.company), ("postcode", &place.postcode)] {
        if let Some(text) = text {
            body[name] = text.clone().into();
        }
    }
    for (name, default) in
        [("default_billing", customer.default_billing), ("default_shipping", customer.default_shipping)]
    {
        if default == Some(address.id) {
            body[name] = true.into();
        }
    }
    body
}
