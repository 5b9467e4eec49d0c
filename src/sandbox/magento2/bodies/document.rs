//! Invoices and credit memos as the API prints them: no customer, no addresses, no payment.

use serde_json::{Map, Value, json};

use super::super::figures::Totals;
use super::super::orders::{Document, DocumentRow, OrderRecord};
use super::super::state::State;
use super::order::{by_cards, comment, put_totals};
use super::{moment, put_all, put_some};

impl State {
    /// The body of an invoice.
    pub(in super::super) fn invoice_body(&self, invoice: &Document) -> Option<Value> {
        let order = self.orders.get(&invoice.order)?;
        let mut body = self.document_head(order, invoice);
        let pieces = |row: &&DocumentRow| order.items[row.item].parent.is_none();
        let pieces: i64 = invoice.rows.iter().filter(pieces).map(|row| row.pieces).sum();
        body.insert("total_qty".to_owned(), pieces.into());
        body.insert("can_void_flag".to_owned(), 0.into());
        let rows = invoice.rows.iter().map(|row| self.document_row(order, invoice, row)).map(Value::Object);
        body.insert("items".to_owned(), rows.collect());
        Some(Value::Object(body))
    }

    /// The body of a credit memo.
    pub(in super::super) fn memo_body(&self, memo: &Document) -> Option<Value> {
        let (order, paper) = (self.orders.get(&memo.order)?, self.paper());
        let mut body = self.document_head(order, memo);
        paper.put(&mut body, "adjustment_positive", memo.totals.map(|totals| totals.positive));
        paper.put(&mut body, "adjustment_negative", memo.totals.map(|totals| totals.negative));
        paper.put(&mut body, "adjustment", memo.totals.map(|totals| totals.positive - totals.negative));
        put_some(&mut body, "invoice_id", memo.invoice);
        let row = |row: &DocumentRow| {
            let mut body = self.document_row(order, memo, row);
            put_all(
                &mut body,
                [
                    ("base_cost", Value::Null),
                    ("weee_tax_applied", "[]".into()),
                    ("weee_tax_applied_row_amount", 0.into()),
                    ("weee_tax_row_disposition", 0.into()),
                ],
            );
            Value::Object(body)
        };
        body.insert("items".to_owned(), memo.rows.iter().map(row).collect());
        Some(Value::Object(body))
    }

    fn document_head(&self, order: &OrderRecord, document: &Document) -> Map<String, Value> {
        let base = self.options.currency.code();
        let mut body = Map::new();
        put_totals(self.paper(), &mut body, document.totals.map(|totals: Totals| totals));
        // The order says what was taken off the carriage; its documents do not.
        body.remove("shipping_discount_amount");
        body.remove("base_shipping_discount_amount");
        put_all(
            &mut body,
            [
                ("entity_id", document.id.into()),
                ("increment_id", document.increment.clone().into()),
                ("order_id", order.id.into()),
                ("store_id", order.store.into()),
                ("state", document.state.into()),
                ("billing_address_id", order.billing.0.into()),
                ("created_at", moment(document.created_at).into()),
                ("updated_at", moment(document.updated_at).into()),
                ("base_currency_code", base.into()),
                ("global_currency_code", base.into()),
                ("store_currency_code", order.currency.code().into()),
                ("order_currency_code", order.currency.code().into()),
                ("base_to_global_rate", 1.into()),
                ("base_to_order_rate", order.rate.to_string().parse::<f64>().unwrap_or(1.0).into()),
                ("store_to_base_rate", 0.into()),
                ("store_to_order_rate", 0.into()),
                ("comments", document.comments.iter().map(|one| comment(document.id, one)).collect()),
            ],
        );
        put_some(&mut body, "shipping_address_id", order.shipping.as_ref().map(|(id, _)| *id));
        put_some(&mut body, "discount_description", order.coupon.clone());
        let more = by_cards(self.paper(), document.totals);
        put_some(&mut body, "extension_attributes", Some(more).filter(|more| !more.is_empty()));
        body
    }

    fn document_row(&self, order: &OrderRecord, document: &Document, row: &DocumentRow) -> Map<String, Value> {
        let (paper, item) = (self.paper(), &order.items[row.item]);
        let mut body = Map::new();
        paper.put(&mut body, "price", item.price);
        if let Some(money) = row.money {
            paper.put(&mut body, "price_incl_tax", item.price_incl);
            paper.put(&mut body, "row_total", money.map(|money| money.row));
            paper.put(&mut body, "row_total_incl_tax", money.map(|money| money.row_incl));
            paper.put(&mut body, "tax_amount", money.map(|money| money.tax));
            paper.put(&mut body, "discount_tax_compensation_amount", money.map(|money| money.compensation));
            if money.base.discount != 0 {
                paper.put(&mut body, "discount_amount", money.map(|money| money.discount));
            }
        }
        let also = json!({
            "entity_id": row.id, "parent_id": document.id, "order_item_id": item.id, "product_id": item.product,
            "sku": item.sku, "name": item.name, "qty": row.pieces,
        });
        if let Value::Object(also) = also {
            body.extend(also);
        }
        body
    }
}
