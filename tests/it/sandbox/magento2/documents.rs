//! Orders, invoices, shipments and credit memos: what they carry, what they do to each other, what is refused.

use serde_json::{Value, json};
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, LineSort, OrderPhase, OrderPlan};

use super::stranger::Stranger;

async fn shop_with(pieces: i64) -> Stranger {
    let stranger = Stranger::open().await;
    stranger.shop.put_up_for_sale("TEE", 2_000, pieces).await.unwrap();
    stranger
}

fn tees(pieces: i64) -> OrderPlan {
    OrderPlan::by_guest(vec![LinePlan::simple("TEE", pieces, 2_000)]).sent_for(575, 1_500)
}

#[tokio::test]
async fn an_invoice_is_paid_and_an_order_complete_when_it_is_also_shipped() {
    let stranger = shop_with(10).await;
    let order = stranger.shop.place_order(&tees(2)).await.unwrap();
    let invoice = stranger.post("/V1/order/1/invoice", json!({})).await;
    assert_eq!(invoice, "1");
    let body = stranger.get("/V1/invoices/1").await;
    assert_eq!((&body["state"], &body["order_id"], &body["grand_total"]), (&2.into(), &1.into(), &json!(45.75)));
    assert!(body.get("customer_id").is_none() && body.get("billing_address").is_none());
    assert_eq!(stranger.get("/V1/orders/1").await["state"], "processing");
    stranger.post("/V1/order/1/ship", json!({})).await;
    assert_eq!(stranger.shop.order(order).unwrap().phase, OrderPhase::Complete);
}

#[tokio::test]
async fn nothing_is_invoiced_shipped_or_given_back_twice() {
    let stranger = shop_with(10).await;
    stranger.shop.place_order(&tees(2)).await.unwrap();
    let of = |pieces: i64| json!({ "items": [{ "order_item_id": 1, "qty": pieces }] });
    assert_eq!(stranger.refused("POST", "/V1/order/1/refund", json!({})).await.0, 400);
    assert_eq!(stranger.refused("POST", "/V1/order/1/invoice", of(3)).await.0, 400);
    stranger.post("/V1/order/1/invoice", of(1)).await;
    assert_eq!(stranger.refused("POST", "/V1/order/1/invoice", of(2)).await.0, 400);
    stranger.post("/V1/order/1/invoice", of(1)).await;
    assert_eq!(stranger.refused("POST", "/V1/order/1/ship", of(3)).await.0, 400);
    stranger.post("/V1/order/1/ship", of(2)).await;
    assert_eq!(stranger.refused("POST", "/V1/order/1/ship", of(1)).await.0, 400);
    stranger.post("/V1/order/1/refund", json!({})).await;
    assert_eq!(stranger.refused("POST", "/V1/order/1/refund", json!({})).await.0, 400);
    assert_eq!(stranger.shop.order(1).unwrap().phase, OrderPhase::Closed);
}

#[tokio::test]
async fn parts_of_an_order_come_to_the_whole_to_the_cent() {
    let stranger = shop_with(10).await;
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 3, 1_999).less(1_000)]).sent_for(575, 1_500);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    for _ in 0..3 {
        stranger.shop.invoice_part(order, &[(0, 1)]).await.unwrap();
    }
    let view = stranger.shop.order(order).unwrap();
    let sum = view.invoices.iter().skip(1).fold(view.invoices[0].grand, |sum, one| sum.plus(one.grand).unwrap());
    assert_eq!((view.invoices.len(), sum), (3, view.grand));
}

#[tokio::test]
async fn a_credit_memo_has_adjustments_on_no_line() {
    let stranger = shop_with(10).await;
    let order = stranger.shop.place_order(&tees(2)).await.unwrap();
    stranger.shop.invoice(order).await.unwrap();
    let arguments = json!({ "shipping_amount": 0, "adjustment_positive": 1.5, "adjustment_negative": "0.25" });
    let wish = json!({ "items": [{ "order_item_id": 1, "qty": 1 }], "arguments": arguments });
    stranger.post("/V1/order/1/refund", wish).await;
    let memo = stranger.get("/V1/creditmemo/1").await;
    assert_eq!((&memo["adjustment_positive"], &memo["adjustment_negative"]), (&json!(1.5), &json!(0.25)));
    assert_eq!(memo["grand_total"], json!(21.25));
    let too_much = CreditPlan { positive: 10_000, ..CreditPlan::default() };
    assert!(stranger.shop.credit(order, &too_much).await.is_err());
}

#[tokio::test]
async fn an_invoice_that_is_not_paid_is_open_until_the_money_comes() {
    let stranger = shop_with(10).await;
    let order = stranger.shop.place_order(&tees(1)).await.unwrap();
    let invoice = stranger.shop.invoice_unpaid(order).await.unwrap();
    assert_eq!(stranger.get("/V1/invoices/1").await["state"], 1);
    assert!(stranger.shop.credit(order, &CreditPlan::default()).await.is_err());
    stranger.shop.capture(invoice).await.unwrap();
    assert_eq!(stranger.get("/V1/invoices/1").await["state"], 2);
}

#[tokio::test]
async fn a_cancelled_order_takes_no_money_and_what_is_invoiced_is_not_cancelled() {
    let stranger = shop_with(10).await;
    let first = stranger.shop.place_order(&tees(2)).await.unwrap();
    stranger.post("/V1/orders/1/cancel", json!({})).await;
    assert_eq!(stranger.shop.order(first).unwrap().phase, OrderPhase::Canceled);
    assert_eq!(stranger.refused("POST", "/V1/order/1/invoice", json!({})).await.0, 400);
    let second = stranger.shop.place_order(&tees(2)).await.unwrap();
    stranger.shop.invoice_part(second, &[(0, 1)]).await.unwrap();
    stranger.shop.cancel(second).await.unwrap();
    let view = stranger.shop.order(second).unwrap();
    assert_eq!((view.phase, view.lines[0].canceled, view.lines[0].invoiced), (OrderPhase::Processing, 1, 1));
}

#[tokio::test]
async fn a_careless_comment_takes_the_status_away() {
    let stranger = shop_with(10).await;
    stranger.shop.place_order(&tees(1)).await.unwrap();
    let remark = |status: Option<&str>| {
        let mut remark =
            json!({ "comment": "seen", "is_customer_notified": 0, "is_visible_on_front": 0, "parent_id": 1 });
        if let Some(status) = status {
            remark["status"] = status.into();
        }
        json!({ "statusHistory": remark })
    };
    stranger.post("/V1/orders/1/comments", remark(Some("pending"))).await;
    assert_eq!(stranger.get("/V1/orders/1").await["status"], "pending");
    stranger.post("/V1/orders/1/comments", remark(None)).await;
    assert!(stranger.get("/V1/orders/1").await.get("status").is_none());
}

#[tokio::test]
async fn a_childs_line_embeds_its_parent_and_both_carry_the_childs_sku() {
    let stranger = Stranger::open().await;
    configurable(&stranger).await;
    let line = LinePlan::simple("CAP-S", 2, 3_000).sold_as(LineSort::ChildOf("CAP".to_owned()));
    stranger.shop.place_order(&OrderPlan::by_guest(vec![line])).await.unwrap();
    let order = stranger.get("/V1/orders/1").await;
    let (parent, child) = (&order["items"][0], &order["items"][1]);
    assert_eq!((&parent["sku"], &child["sku"]), (&"CAP-S".into(), &"CAP-S".into()));
    assert_eq!((&parent["row_total_incl_tax"], &child["row_total"]), (&60.into(), &0.into()));
    assert_eq!((&child["parent_item_id"], &child["parent_item"]["item_id"]), (&parent["item_id"], &parent["item_id"]));
    let assignment = &order["extension_attributes"]["shipping_assignments"][0];
    assert_eq!(assignment["items"], order["items"]);
    stranger.shop.invoice(1).await.unwrap();
    let rows = stranger.get("/V1/invoices/1").await["items"].clone();
    assert!(rows[0].get("row_total").is_some() && rows[1].get("row_total").is_none(), "{rows}");
}

#[tokio::test]
async fn a_dynamic_bundle_repeats_its_parts_on_the_order_and_not_on_the_invoice() {
    let stranger = shop_with(20).await;
    stranger.shop.put_up_for_sale("KIT", 0, 0).await.unwrap();
    let kit = LinePlan::simple("KIT", 1, 0).sold_as(LineSort::DynamicBundle(vec![("TEE".to_owned(), 2, 1_150)]));
    stranger.shop.place_order(&OrderPlan::by_guest(vec![kit])).await.unwrap();
    let order = stranger.get("/V1/orders/1").await;
    assert_eq!((&order["items"][0]["row_total"], &order["items"][1]["row_total"]), (&20.into(), &20.into()));
    assert_eq!((&order["subtotal"], &order["grand_total"]), (&20.into(), &23.into()));
    stranger.shop.invoice(1).await.unwrap();
    let invoice = stranger.get("/V1/invoices/1").await;
    assert_eq!((&invoice["items"][0].get("row_total"), &invoice["subtotal"]), (&None, &20.into()));
}

#[tokio::test]
async fn a_guest_has_no_customer_and_perhaps_no_name() {
    let stranger = shop_with(10).await;
    stranger.shop.place_order(&tees(1)).await.unwrap();
    let order = stranger.get("/V1/orders/1").await;
    assert_eq!((&order["customer_is_guest"], &order["customer_group_id"]), (&1.into(), &0.into()));
    for absent in ["customer_id", "customer_firstname", "coupon_code"] {
        assert!(order.get(absent).is_none(), "{absent}");
    }
    assert_eq!(order["payment"]["cc_last4"], Value::Null);
    assert_eq!(order["billing_address"]["firstname"], "Gina");
}

/// A cap in two sizes.
async fn configurable(stranger: &Stranger) {
    for (sku, label) in [("CAP-S", "S"), ("CAP-M", "M")] {
        let option = stranger.shop.add_option("size", label).await.unwrap();
        stranger.shop.put_up_for_sale(sku, 3_000, 5).await.unwrap();
        let size =
            json!({ "sku": sku, "custom_attributes": [{ "attribute_code": "size", "value": option.to_string() }] });
        stranger.shop.save_product(sku, &size).await.unwrap();
    }
    let sizes: Vec<Value> =
        stranger.shop.options_of("size").iter().map(|(id, _)| json!({ "value_index": id })).collect();
    let extension = json!({
        "configurable_product_options": [{ "attribute_id": "94", "label": "Size", "position": 0, "values": sizes }],
        "configurable_product_links": [1, 2],
    });
    let cap = json!({
        "sku": "CAP", "name": "Cap", "attribute_set_id": 4, "type_id": "configurable", "extension_attributes": extension,
    });
    stranger.shop.save_product("CAP", &cap).await.unwrap();
}
