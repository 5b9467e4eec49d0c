//! `/V1/products/base-prices`, `special-price`, `tier-prices`: whatever goes wrong with a row is said in a 200.

use serde_json::{Value, json};

use super::super::catalogue::Special;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::bounded;

/// Addresses of this family.
const ADDRESSES: &[&str] = &[
    "base-prices",
    "base-prices-information",
    "special-price",
    "special-price-delete",
    "special-price-information",
    "tier-prices",
    "tier-prices-information",
    "tier-prices-delete",
];

/// Whether an address is one of prices.
pub(super) fn is_one(part: &str) -> bool {
    ADDRESSES.contains(&part)
}

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("POST", ["products", "base-prices"]) => each(state, &request.body, base_price),
        ("POST", ["products", "special-price"]) => each(state, &request.body, special_price),
        ("POST", ["products", "special-price-delete"]) => each(state, &request.body, no_special_price),
        ("POST" | "PUT", ["products", "tier-prices"]) => each(state, &request.body, tier_price),
        ("POST", ["products", "special-price-information"]) => {
            let mut rows = Vec::new();
            for sku in skus(&request.body)? {
                let Some(product) = state.catalogue.by_sku(&sku) else { continue };
                rows.extend(product.specials.iter().map(|special| {
                    json!({
                        "price": number(special.price), "store_id": special.store, "sku": product.sku,
                        "price_from": special.from, "price_to": special.to,
                    })
                }));
            }
            Ok(rows.into())
        }
        ("POST", ["products", "base-prices-information"]) => {
            let skus = skus(&request.body)?;
            let found = skus.iter().filter_map(|sku| state.catalogue.by_sku(sku));
            let row = |(sku, price): (String, rust_decimal::Decimal)| json!({ "sku": sku, "price": number(price), "store_id": 0 });
            Ok(found.filter_map(|product| Some(row((product.sku.clone(), product.price?)))).collect())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn skus(body: &Value) -> Result<Vec<String>, Refusal> {
    Ok(request::list(body, "skus")?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Works on every row; those that are refused are told in the answer, without saying which they were but by their SKU.
fn each(state: &mut State, body: &Value, work: impl Fn(&mut State, &Value) -> Result<(), Value>) -> Reply {
    let rows = bounded(state, request::list(body, "prices")?)?;
    for row in rows {
        request::needed_text(row, "sku")?;
    }
    let mut refused = Vec::new();
    for row in rows {
        if let Err(why) = work(state, row) {
            refused.push(why);
        }
    }
    Ok(refused.into())
}

fn invalid(field: &str, value: &str) -> Value {
    json!({ "message": "Invalid attribute %fieldName = %fieldValue.", "parameters": [field, value] })
}

fn base_price(state: &mut State, row: &Value) -> Result<(), Value> {
    let (sku, price) = priced(row)?;
    let product = state.catalogue.by_sku_mut(&sku).ok_or_else(|| invalid("SKU", &sku))?;
    if !matches!(product.kind.as_str(), "simple" | "virtual" | "downloadable" | "bundle") {
        return Err(invalid("SKU", &sku));
    }
    product.price = Some(price);
    state.wrote("base price", sku);
    Ok(())
}

fn special_price(state: &mut State, row: &Value) -> Result<(), Value> {
    let (sku, price) = priced(row)?;
    let date = |name: &str| request::text(row, name).ok().flatten().filter(|date| !date.is_empty());
    let (from, to) = (date("price_from"), date("price_to"));
    let store = row.get("store_id").and_then(Value::as_u64).unwrap_or(0);
    let now = super::super::bodies::moment(state.now());
    let refused = |message: &str| {
        json!({
            "message": message,
            "parameters": [sku.clone(), store.to_string(), from.clone(), to.clone()],
        })
    };
    let dates = [&from, &to];
    if dates.into_iter().flatten().any(|date| !is_moment(date)) {
        return Err(refused("Invalid attribute %label = %priceTo. Row ID: SKU = %SKU"));
    }
    let staging = state.options.staging;
    if staging && from.as_ref().is_none_or(|from| *from <= now) {
        return Err(refused("The Future Update Start Time is invalid. It can't be earlier than the current time."));
    }
    let product = state.catalogue.by_sku_mut(&sku).ok_or_else(|| {
        refused(
            "The product that was requested doesn't exist. Verify the product and try again. Row ID: SKU = %SKU, \
             Store ID: %storeId, Price From: %priceFrom, Price To: %priceTo.",
        )
    })?;
    if !matches!(product.kind.as_str(), "simple" | "virtual" | "downloadable" | "bundle") {
        return Err(refused("Row ID: SKU = %SKU: this type of product has no special price."));
    }
    let goes_on = |known: &Special| {
        known.store == store && known.to.as_ref().zip(from.as_ref()).is_none_or(|(to, from)| to >= from)
    };
    if staging && product.specials.iter().any(goes_on) {
        return Err(refused("Future Update already exists in this time range. Set a different range and try again."));
    }
    product.specials.retain(|known| known.store != store);
    product.specials.push(Special { store, price, from, to });
    state.wrote("special price", sku);
    Ok(())
}

fn no_special_price(state: &mut State, row: &Value) -> Result<(), Value> {
    let (sku, price) = priced(row)?;
    let store = row.get("store_id").and_then(Value::as_u64).unwrap_or(0);
    let product = state.catalogue.by_sku_mut(&sku).ok_or_else(|| invalid("SKU", &sku))?;
    // Only the very row is taken away.
    product.specials.retain(|known| known.store != store || known.price != price);
    state.wrote("special price deleted", sku);
    Ok(())
}

fn tier_price(state: &mut State, row: &Value) -> Result<(), Value> {
    let (sku, _) = priced(row)?;
    let product = state.catalogue.by_sku_mut(&sku).ok_or_else(|| invalid("SKU", &sku))?;
    product.tier_prices.push(row.clone());
    state.wrote("tier price", sku);
    Ok(())
}

fn priced(row: &Value) -> Result<(String, rust_decimal::Decimal), Value> {
    let sku = request::text(row, "sku").ok().flatten().unwrap_or_default();
    let price =
        request::decimal(row, "price").ok().flatten().filter(|price| !price.is_sign_negative() || price.is_zero());
    price.map(|price| (sku.clone(), price)).ok_or_else(|| {
        let shown = row.get("price").map(ToString::to_string).unwrap_or_default();
        json!({
            "message": "Invalid attribute Price = %price. Row ID: SKU = %SKU, Store ID: %storeId.",
            "parameters": { "price": shown, "SKU": sku, "storeId": row.get("store_id") },
        })
    })
}

fn is_moment(text: &str) -> bool {
    jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).is_ok()
        || jiff::civil::Date::strptime("%Y-%m-%d", text).is_ok()
}

fn number(amount: rust_decimal::Decimal) -> Value {
    amount.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}
