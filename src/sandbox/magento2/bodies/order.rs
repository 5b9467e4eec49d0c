//! An order as the API prints it.

use serde_json::{Map, Value, json};

use super::super::figures::{Both, Totals};
use super::super::orders::{Comment, OrderRecord};
use super::super::plans::Place;
use super::super::state::State;
use super::{Paper, moment, put_all, put_some};

impl State {
    pub(in super::super) fn paper(&self) -> Paper {
        Paper { decimals: self.options.currency.decimals(), noise: self.options.float_noise }
    }

    /// The order's body.
    pub(in super::super) fn order_body(&self, order: &OrderRecord) -> Value {
        let paper = self.paper();
        let mut body = Map::new();
        self.put_heads(&mut body, order);
        put_totals(paper, &mut body, order.totals);
        put_progress(paper, &mut body, order);
        let items: Vec<Value> = (0..order.items.len()).map(|line| self.order_item_body(order, line)).collect();
        let is_virtual = order.shipping.is_none();
        put_all(
            &mut body,
            [
                ("is_virtual", u8::from(is_virtual).into()),
                ("items", Value::Array(items.clone())),
                ("billing_address", address(order, &order.billing, "billing")),
                ("payment", self.payment(order)),
                ("status_histories", order.comments.iter().rev().map(|one| comment(order.id, one)).collect()),
            ],
        );
        let shipping = json!({ "total": self.carriage(order) });
        let mut assignment = json!({ "shipping": shipping, "items": items });
        if let Some(place) = &order.shipping {
            assignment["shipping"]["address"] = address(order, place, "shipping");
            assignment["shipping"]["method"] = "flatrate_flatrate".into();
        }
        let title = method_title(&order.method);
        let mut extension = json!({
            "shipping_assignments": [assignment],
            "payment_additional_info": [{ "key": "method_title", "value": title }, { "key": "reference", "value": "null" }],
            "applied_taxes": self.applied_taxes(order),
            "item_applied_taxes": self.item_applied_taxes(order),
        });
        if let Some(more) = extension.as_object_mut() {
            more.extend(by_cards(paper, order.totals));
        }
        body.insert("extension_attributes".to_owned(), extension);
        Value::Object(body)
    }

    fn put_heads(&self, body: &mut Map<String, Value>, order: &OrderRecord) {
        let base = self.options.currency.code();
        put_all(
            body,
            [
                ("entity_id", order.id.into()),
                ("increment_id", order.increment.clone().into()),
                ("state", order.phase.code().into()),
                ("store_id", order.store.into()),
                ("store_name", "Main Website\nMain Website Store\nDefault Store View".into()),
                ("created_at", moment(order.created_at).into()),
                ("updated_at", moment(order.updated_at).into()),
                ("base_currency_code", base.into()),
                ("global_currency_code", base.into()),
                ("store_currency_code", order.currency.code().into()),
                ("order_currency_code", order.currency.code().into()),
                ("base_to_global_rate", 1.into()),
                ("base_to_order_rate", order.rate.to_string().parse::<f64>().unwrap_or(1.0).into()),
                ("store_to_base_rate", 0.into()),
                ("store_to_order_rate", 0.into()),
                ("customer_email", order.buyer.email.clone().into()),
                ("customer_is_guest", u8::from(order.buyer.account.is_none()).into()),
                ("customer_group_id", u8::from(order.buyer.account.is_some()).into()),
                ("billing_address_id", order.billing.0.into()),
                ("quote_id", (order.id + 100).into()),
                ("total_item_count", order.tops().len().into()),
                ("total_qty_ordered", order.tops().iter().map(|line| order.items[*line].ordered).sum::<i64>().into()),
            ],
        );
        put_some(body, "status", order.status.clone());
        put_some(body, "customer_id", order.customer);
        put_some(body, "customer_firstname", order.buyer.first.clone());
        put_some(body, "customer_lastname", order.buyer.last.clone());
        put_some(body, "coupon_code", order.coupon.clone());
        put_some(body, "discount_description", order.coupon.clone());
        if order.shipping.is_some() {
            body.insert("shipping_description".to_owned(), "Flat Rate - Fixed".into());
        }
    }

    fn payment(&self, order: &OrderRecord) -> Value {
        let paper = self.paper();
        let mut body = Map::new();
        paper.put(&mut body, "amount_ordered", order.totals.map(Totals::grand));
        paper.put(&mut body, "shipping_amount", order.totals.map(|totals| totals.shipping.row));
        if order.invoiced.base.grand() > 0 {
            paper.put(&mut body, "amount_paid", order.invoiced.map(Totals::grand));
        }
        put_all(
            &mut body,
            [
                ("entity_id", order.id.into()),
                ("parent_id", order.id.into()),
                ("method", order.method.clone().into()),
                ("additional_information", json!([method_title(&order.method)])),
                ("account_status", Value::Null),
                ("cc_last4", Value::Null),
            ],
        );
        Value::Object(body)
    }

    fn carriage(&self, order: &OrderRecord) -> Value {
        let mut body = Map::new();
        put_carriage(self.paper(), &mut body, order.totals);
        Value::Object(body)
    }

    fn applied_taxes(&self, order: &OrderRecord) -> Value {
        let (tax, rate) = (order.totals.map(|totals| totals.rows.tax + totals.shipping.tax), highest_rate(order));
        if tax.base == 0 { json!([]) } else { json!([self.tax(rate, tax)]) }
    }

    fn item_applied_taxes(&self, order: &OrderRecord) -> Value {
        let mut rows = Vec::new();
        for item in order.items.iter().filter(|item| item.counts && item.money.base.tax != 0) {
            let taxes = [self.tax(item.rate, item.money.map(|money| money.tax))];
            rows.push(json!({ "type": "product", "item_id": item.id, "applied_taxes": taxes }));
        }
        let carriage = order.totals.map(|totals| totals.shipping.tax);
        if carriage.base != 0 {
            rows.push(json!({ "type": "shipping", "applied_taxes": [self.tax(order.shipping_rate, carriage)] }));
        }
        Value::Array(rows)
    }

    fn tax(&self, rate: i64, amount: Both<i64>) -> Value {
        let paper = self.paper();
        let percent = Paper { decimals: 2, noise: false }.number("percent", rate);
        json!({
            "code": "GST", "title": "GST", "percent": percent,
            "amount": paper.number("amount", amount.shown), "base_amount": paper.number("base_amount", amount.base),
        })
    }
}

fn highest_rate(order: &OrderRecord) -> i64 {
    order.items.iter().map(|item| item.rate).max().unwrap_or(0)
}

/// The totals of an order, an invoice or a credit memo.
pub(super) fn put_totals(paper: Paper, body: &mut Map<String, Value>, totals: Both<Totals>) {
    paper.put(body, "subtotal", totals.map(|totals| totals.rows.row));
    paper.put(body, "subtotal_incl_tax", totals.map(|totals| totals.rows.row_incl));
    // On the heads of documents a discount is below zero, on their rows it is not.
    paper.put(body, "discount_amount", totals.map(|totals| -totals.rows.discount - totals.shipping.discount));
    paper.put(body, "discount_tax_compensation_amount", totals.map(|totals| totals.rows.compensation));
    paper.put(body, "tax_amount", totals.map(|totals| totals.rows.tax + totals.shipping.tax));
    paper.put(body, "grand_total", totals.map(Totals::grand));
    put_carriage(paper, body, totals);
}

/// What Adobe Commerce says of gift cards and store credit, where there are any.
pub(super) fn by_cards(paper: Paper, totals: Both<Totals>) -> Map<String, Value> {
    let mut body = Map::new();
    for (field, amount) in [
        ("gift_cards_amount", totals.map(|totals| totals.cards)),
        ("customer_balance_amount", totals.map(|totals| totals.balance)),
    ] {
        if amount.base != 0 {
            paper.put(&mut body, field, amount);
        }
    }
    body
}

fn put_carriage(paper: Paper, body: &mut Map<String, Value>, totals: Both<Totals>) {
    paper.put(body, "shipping_amount", totals.map(|totals| totals.shipping.row));
    paper.put(body, "shipping_incl_tax", totals.map(|totals| totals.shipping.row_incl));
    paper.put(body, "shipping_tax_amount", totals.map(|totals| totals.shipping.tax));
    paper.put(body, "shipping_discount_amount", totals.map(|totals| totals.shipping.discount));
    let compensation = totals.map(|totals| totals.shipping.compensation);
    paper.put(body, "shipping_discount_tax_compensation_amount", compensation);
}

fn put_progress(paper: Paper, body: &mut Map<String, Value>, order: &OrderRecord) {
    let (invoiced, refunded) = (order.invoiced.map(Totals::grand), order.refunded.map(Totals::grand));
    let due = order.totals.with(invoiced, |totals, paid| totals.grand() - paid);
    paper.put(body, "total_due", due);
    if invoiced.base != 0 {
        paper.put(body, "total_invoiced", invoiced);
        paper.put(body, "total_paid", invoiced);
        paper.put(body, "subtotal_invoiced", order.invoiced.map(|totals| totals.rows.row));
        paper.put(body, "tax_invoiced", order.invoiced.map(|totals| totals.rows.tax + totals.shipping.tax));
        paper.put(body, "shipping_invoiced", order.invoiced.map(|totals| totals.shipping.row));
    }
    if refunded.base != 0 {
        paper.put(body, "total_refunded", refunded);
        paper.put(body, "total_offline_refunded", refunded);
        paper.put(body, "subtotal_refunded", order.refunded.map(|totals| totals.rows.row));
        paper.put(body, "shipping_refunded", order.refunded.map(|totals| totals.shipping.row));
        paper.put(body, "adjustment_positive", order.refunded.map(|totals| totals.positive));
        paper.put(body, "adjustment_negative", order.refunded.map(|totals| totals.negative));
    }
}

fn address(order: &OrderRecord, (id, place): &(u64, Place), kind: &str) -> Value {
    let mut body = json!({
        "address_type": kind, "entity_id": id, "parent_id": order.id, "email": order.buyer.email,
        "firstname": place.first, "lastname": place.last, "street": place.street, "city": place.city,
        "country_id": place.country, "telephone": place.telephone,
    });
    if let Some(postcode) = &place.postcode {
        body["postcode"] = postcode.clone().into();
    }
    if let Some(company) = &place.company {
        body["company"] = company.clone().into();
    }
    if let Some((name, code, region)) = &place.region {
        (body["region"], body["region_code"], body["region_id"]) =
            (name.clone().into(), code.clone().into(), (*region).into());
    }
    body
}

/// A remark as it stands in the body of what it is about.
pub(super) fn comment(parent: u64, comment: &Comment) -> Value {
    json!({
        "entity_id": comment.id, "parent_id": parent, "entity_name": "order", "comment": comment.text,
        "status": comment.status, "is_customer_notified": u8::from(comment.notified),
        "is_visible_on_front": u8::from(comment.visible), "created_at": moment(comment.at),
    })
}

fn method_title(method: &str) -> &str {
    match method {
        "checkmo" => "Check / Money order",
        "banktransfer" => "Bank Transfer Payment",
        "cashondelivery" => "Cash On Delivery",
        "purchaseorder" => "Purchase Order",
        "free" => "No Payment Information Required",
        other => other,
    }
}
