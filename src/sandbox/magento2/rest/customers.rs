//! `/V1/customers`, `/V1/addresses`, `/V1/customerGroups`.

use serde_json::json;

use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::{criteria, number};

/// Fields accounts can be searched by.
const COLUMNS: &[&str] = &[
    "id",
    "entity_id",
    "email",
    "website_id",
    "store_id",
    "group_id",
    "created_at",
    "updated_at",
    "firstname",
    "lastname",
];

/// The groups of every installation.
const GROUPS: &[(u64, &str)] = &[(0, "NOT LOGGED IN"), (1, "General"), (2, "Wholesale"), (3, "Retailer")];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["customers", "search"]) => {
            let rows = state.customers.values().map(|customer| {
                let mut body = state.customer_body(customer);
                body["entity_id"] = customer.id.into();
                body
            });
            let rows = rows.collect();
            let mut page = criteria(state, request)?.page(rows, COLUMNS)?;
            for row in page["items"].as_array_mut().into_iter().flatten() {
                if let Some(row) = row.as_object_mut() {
                    row.remove("entity_id");
                }
            }
            Ok(page)
        }
        ("GET", ["customers", id]) => {
            let id = number(id)?;
            let customer = state.customers.get(&id).ok_or_else(|| Refusal::no_such("customerId", id))?;
            Ok(state.customer_body(customer))
        }
        ("POST", ["customers"]) => {
            if let Some(password) = request::text(&request.body, "password")?
                && password.len() < 8
            {
                return Err(Refusal::bad(
                    "The password needs at least 8 characters. Create a new password and try again.",
                ));
            }
            let id = state.write_customer(None, request::needed(&request.body, "customer")?)?;
            written(state, id)
        }
        ("PUT", ["customers", id]) => {
            let id = state.write_customer(Some(number(id)?), request::needed(&request.body, "customer")?)?;
            written(state, id)
        }
        ("DELETE", ["customers", id]) => state.delete_customer(number(id)?).map(|()| true.into()),
        ("DELETE", ["addresses", id]) => {
            let id = number(id)?;
            let holder = state.customers.values_mut().find(|one| one.addresses.iter().any(|address| address.id == id));
            let holder = holder.ok_or_else(|| Refusal::no_such("addressId", id))?;
            holder.addresses.retain(|address| address.id != id);
            Ok(true.into())
        }
        ("GET", ["customerGroups", "search"]) => {
            let row = |(id, code): &(u64, &str)| json!({ "id": id, "code": code, "tax_class_id": 3 });
            criteria(state, request)?.page(GROUPS.iter().map(row).collect(), &["id", "code"])
        }
        _ => Err(Refusal::no_route()),
    }
}

fn written(state: &mut State, id: u64) -> Reply {
    state.wrote("customer", id.to_string());
    let customer = state.customers.get(&id).ok_or_else(Refusal::missing)?;
    Ok(state.customer_body(customer))
}
