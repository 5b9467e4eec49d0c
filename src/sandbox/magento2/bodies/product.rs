//! Products as the API prints them for one store view.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value, json};

use super::super::catalogue::{EVERYWHERE, Media, Product, SuperOption};
use super::super::state::State;
use super::super::stock::DEFAULT_SOURCE;
use super::{moment, put_all, put_some};

/// Attributes that are fields of their own, not custom ones.
const OWN: &[&str] = &["name", "status", "visibility"];

impl State {
    /// The body of a product as a store view sees it.
    pub(in super::super) fn product_body(&self, product: &Product, store: u64) -> Value {
        let mut body = Map::new();
        put_all(
            &mut body,
            [
                ("id", product.id.into()),
                ("sku", product.sku.clone().into()),
                ("attribute_set_id", product.set.into()),
                ("status", whole(product.text(store, "status"), 1)),
                ("visibility", whole(product.text(store, "visibility"), 4)),
                ("type_id", product.kind.clone().into()),
                ("created_at", moment(product.created_at).into()),
                ("updated_at", moment(product.updated_at).into()),
                ("product_links", product.links.clone().into()),
                ("options", json!([])),
                ("media_gallery_entries", product.media.iter().map(media_body).collect()),
                ("tier_prices", product.tier_prices.clone().into()),
            ],
        );
        put_some(&mut body, "name", product.text(store, "name"));
        put_some(&mut body, "price", product.price.map(decimal));
        put_some(&mut body, "weight", product.weight.map(decimal));
        body.insert("extension_attributes".to_owned(), self.product_extension(product));
        let custom = custom_attributes(product, store);
        if !custom.is_empty() {
            body.insert("custom_attributes".to_owned(), custom.into());
        }
        Value::Object(body)
    }

    fn product_extension(&self, product: &Product) -> Value {
        let link =
            |(category, position): (&u64, &i64)| json!({ "position": position, "category_id": category.to_string() });
        let mut extension = json!({
            "website_ids": product.websites,
            "category_links": product.categories.iter().map(link).collect::<Vec<_>>(),
            "stock_item": stock_item_body(self, product),
        });
        if product.kind == "configurable" {
            let options: Vec<Value> = product.options.iter().map(|option| option_body(product, option)).collect();
            extension["configurable_product_options"] = options.into();
            extension["configurable_product_links"] = product.children.clone().into();
        }
        extension
    }
}

fn custom_attributes(product: &Product, store: u64) -> Vec<Value> {
    let scopes = [EVERYWHERE, store];
    let codes: BTreeSet<&String> =
        scopes.iter().filter_map(|scope| product.values.get(scope)).flat_map(BTreeMap::keys).collect();
    let mut rows = Vec::new();
    for code in codes.into_iter().filter(|code| !OWN.contains(&code.as_str())) {
        if let Some(value) = product.value(store, code) {
            rows.push(json!({ "attribute_code": code, "value": value }));
        }
    }
    if !product.categories.is_empty() {
        let ids: Vec<String> = product.categories.keys().map(u64::to_string).collect();
        rows.push(json!({ "attribute_code": "category_ids", "value": ids }));
    }
    // The special price of the view shows as attributes of the product, too.
    let special = product.specials.iter().filter(|special| special.store == store || special.store == EVERYWHERE);
    if let Some(special) = special.max_by_key(|special| special.store) {
        rows.push(json!({ "attribute_code": "special_price", "value": special.price.to_string() }));
        for (code, date) in [("special_from_date", &special.from), ("special_to_date", &special.to)] {
            if let Some(date) = date {
                rows.push(json!({ "attribute_code": code, "value": date }));
            }
        }
    }
    rows
}

/// A picture's entry.
pub(in super::super) fn media_body(media: &Media) -> Value {
    json!({
        "id": media.id, "media_type": "image", "label": media.label, "position": media.position,
        "disabled": media.disabled, "types": media.types, "file": media.file,
    })
}

/// One of a configurable's options.
pub(in super::super) fn option_body(product: &Product, option: &SuperOption) -> Value {
    let values: Vec<Value> = option.values.iter().map(|value| json!({ "value_index": value })).collect();
    json!({
        "id": option.id, "attribute_id": option.attribute.to_string(), "label": option.label,
        "position": option.position, "values": values, "product_id": product.id,
    })
}

/// The legacy stock item: what the default source holds, and the settings.
pub(in super::super) fn stock_item_body(state: &State, product: &Product) -> Value {
    let pieces = state.stock.pieces(&product.sku, DEFAULT_SOURCE);
    let mut body = json!({
        "item_id": product.id, "product_id": product.id, "stock_id": 1, "qty": pieces, "is_in_stock": pieces > 0,
        "is_qty_decimal": false, "show_default_notification_message": false, "use_config_min_qty": true, "min_qty": 0,
        "use_config_min_sale_qty": 1, "min_sale_qty": 1, "use_config_max_sale_qty": true, "max_sale_qty": 10000,
        "use_config_backorders": true, "backorders": 0, "use_config_notify_stock_qty": true, "notify_stock_qty": 1,
        "use_config_qty_increments": true, "qty_increments": 0, "use_config_enable_qty_inc": true,
        "enable_qty_increments": false, "use_config_manage_stock": true, "manage_stock": true, "low_stock_date": null,
        "is_decimal_divided": false, "stock_status_changed_auto": 0,
    });
    for (name, value) in &product.stock_item {
        body[name] = value.clone();
    }
    body
}

fn whole(text: Option<String>, otherwise: i64) -> Value {
    text.and_then(|text| text.parse().ok()).unwrap_or(otherwise).into()
}

fn decimal(amount: rust_decimal::Decimal) -> Value {
    let whole = amount.normalize();
    if whole.scale() == 0
        && let Ok(number) = whole.to_string().parse::<i64>()
    {
        return number.into();
    }
    whole.to_string().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}
