//! `/V1/store`, `/V1/modules`, `/V1/taxClasses`: what the installation says of itself.

use serde_json::{Value, json};

use super::super::request::{Refusal, Reply, Request};
use super::super::state::{OTHER_WEBSITE, State, WEBSITE};
use super::criteria;

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["store", "storeConfigs"]) => Ok(stores(state, |(code, id)| {
            json!({
                "id": id, "code": code, "website_id": state.website_of(*id), "locale": "en_NZ", "timezone": "Pacific/Auckland",
                "base_currency_code": state.options.currency.code(), "weight_unit": "kgs",
                "default_display_currency_code": state.options.currency.code(), "base_url": "http://127.0.0.1/",
            })
        })),
        ("GET", ["store", "storeViews"]) => Ok(stores(state, |(code, id)| {
            json!({
                "id": id, "code": code, "name": code, "website_id": state.website_of(*id), "store_group_id": 1, "is_active": 1,
            })
        })),
        ("GET", ["store", "websites"]) => Ok(websites(state)),
        ("GET", ["modules"]) => Ok(modules(state)),
        ("GET", ["taxClasses", "search"]) => {
            let rows = vec![
                json!({ "class_id": 2, "class_name": "Taxable Goods", "class_type": "PRODUCT" }),
                json!({ "class_id": 3, "class_name": "Retail Customer", "class_type": "CUSTOMER" }),
            ];
            criteria(state, request)?.page(rows, &["class_id", "class_name", "class_type"])
        }
        _ => Err(Refusal::no_route()),
    }
}

fn stores(state: &State, print: impl Fn(&(String, u64)) -> Value) -> Value {
    state.options.stores.iter().map(print).collect()
}

fn websites(state: &State) -> Value {
    let mut websites = vec![
        json!({ "id": 0, "code": "admin", "name": "Admin", "default_group_id": 0 }),
        json!({ "id": WEBSITE, "code": "base", "name": "Main Website", "default_group_id": 1 }),
    ];
    if !state.options.other_website.is_empty() {
        websites.push(json!({ "id": OTHER_WEBSITE, "code": "other", "name": "Other Website", "default_group_id": 2 }));
    }
    websites.into()
}

fn modules(state: &State) -> Value {
    let mut modules = vec!["Magento_Store", "Magento_Catalog", "Magento_Customer", "Magento_Sales"];
    if state.options.inventory {
        modules.extend(["Magento_Inventory", "Magento_InventoryApi", "Magento_InventorySalesApi"]);
    }
    if state.options.staging {
        modules.extend(["Magento_Staging", "Magento_CatalogStaging"]);
    }
    json!(modules)
}
