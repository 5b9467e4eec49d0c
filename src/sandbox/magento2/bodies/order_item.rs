//! A line of an order as the API prints it; a child embeds its parent whole.

use serde_json::{Map, Value, json};

use super::super::orders::OrderRecord;
use super::super::state::State;
use super::{Paper, moment, put_all, put_some};

impl State {
    /// The line's body.
    pub(super) fn order_item_body(&self, order: &OrderRecord, line: usize) -> Value {
        let mut body = self.bare_item(order, line);
        if let Some(parent) = order.items[line].parent {
            body.insert("parent_item_id".to_owned(), order.items[parent].id.into());
            body.insert("parent_item".to_owned(), Value::Object(self.bare_item(order, parent)));
        }
        Value::Object(body)
    }

    fn bare_item(&self, order: &OrderRecord, line: usize) -> Map<String, Value> {
        let (paper, item) = (self.paper(), &order.items[line]);
        let percent = Paper { decimals: 2, noise: false };
        let mut body = Map::new();
        put_all(
            &mut body,
            [
                ("item_id", item.id.into()),
                ("order_id", order.id.into()),
                ("quote_item_id", (item.id + 400).into()),
                ("store_id", order.store.into()),
                ("product_id", item.product.into()),
                ("product_type", item.kind.into()),
                ("sku", item.sku.clone().into()),
                ("name", item.name.clone().into()),
                ("is_virtual", u8::from(item.is_virtual()).into()),
                ("is_qty_decimal", 0.into()),
                ("free_shipping", 0.into()),
                ("no_discount", 0.into()),
                ("qty_ordered", item.ordered.into()),
                ("qty_invoiced", item.invoiced.into()),
                ("qty_shipped", item.shipped.into()),
                ("qty_refunded", item.refunded.into()),
                ("qty_canceled", item.canceled.into()),
                ("tax_percent", percent.number("tax_percent", item.rate)),
                ("created_at", moment(order.created_at).into()),
                ("updated_at", moment(order.updated_at).into()),
                ("weee_tax_applied", "[]".into()),
            ],
        );
        paper.put(&mut body, "price", item.price);
        paper.put(&mut body, "original_price", item.price);
        paper.put(&mut body, "row_total", item.money.map(|money| money.row));
        paper.put(&mut body, "row_invoiced", item.done.map(|money| money.row));
        paper.put(&mut body, "tax_amount", item.money.map(|money| money.tax));
        paper.put(&mut body, "tax_invoiced", item.done.map(|money| money.tax));
        paper.put(&mut body, "discount_amount", item.money.map(|money| money.discount));
        paper.put(&mut body, "discount_invoiced", item.done.map(|money| money.discount));
        if item.counts || item.money.base.row != 0 {
            paper.put(&mut body, "price_incl_tax", item.price_incl);
            paper.put(&mut body, "row_total_incl_tax", item.money.map(|money| money.row_incl));
            paper.put(&mut body, "discount_tax_compensation_amount", item.money.map(|money| money.compensation));
        }
        put_some(&mut body, "product_option", Self::chosen_options(order, line));
        body
    }

    fn chosen_options(order: &OrderRecord, line: usize) -> Option<Value> {
        let item = &order.items[line];
        let attributes = match item.kind {
            "configurable" => {
                let option = |(id, value): &(u64, u64)| json!({ "option_id": id.to_string(), "option_value": value });
                json!({ "configurable_item_options": item.options.iter().map(option).collect::<Vec<_>>() })
            }
            "bundle" => {
                let option = |(at, part): (usize, usize)| {
                    let pieces = order.items[part].ordered / item.ordered.max(1);
                    json!({ "option_id": at + 1, "option_qty": pieces, "option_selections": [at + 1] })
                };
                json!({ "bundle_options": order.children(line).into_iter().enumerate().map(option).collect::<Vec<_>>() })
            }
            _ => return None,
        };
        Some(json!({ "extension_attributes": attributes }))
    }
}
