//! Finds orders nobody told of: webhooks are not guaranteed to come, and a deleted subscription sends none.
//!
//! What comes in: a moment. What goes out: the orders that changed since, oldest change first; and for one whose change is not
//! known a delivery of the topic `orders/reconciled`, made of what the API says of the order now. Its body has the fields of
//! Shopify's order webhooks that tell what became of the pieces, `id`, `currency`, `created_at`, `updated_at`, `source_name`,
//! `test`, `line_items`, `fulfillments` and `refunds`, and no others: no name, no address, no money. What is to be booked is read
//! from the shop when it is booked. Next in the flow: [`super::normalise`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shopify;
use super::graphql::{ListOrders, list_orders, number};
use super::normalise::{TOPIC_RECONCILED, TOPIC_UNREAD, version_at};
use crate::domain::{CallError, DocumentRef, LineKind, NewDelivery, OrderState, Origin};
use crate::storefront::{ListedOrder, OrderPage};

/// Rows of a page.
const PAGE: i64 = 50;
/// Refunds of an order that are listed; an order with more is taken for missed, and so read whole.
const FEW: i64 = 20;

impl Shopify {
    pub(super) async fn list_orders(&self, since: Timestamp, after: Option<&str>) -> Result<OrderPage, CallError> {
        let variables = list_orders::Variables {
            first: PAGE,
            few: FEW,
            after: after.map(str::to_owned),
            search: changed_since(since),
        };
        let page = self.client.call::<ListOrders>(variables).await?.orders;
        let next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        let orders = page.nodes.iter().map(listed).collect::<Result<_, _>>()?;
        Ok(OrderPage { orders, next })
    }

    /// The pieces of an order as one of its webhooks would have told them. Of one that cannot be read only that it changed: it is
    /// read again when it is to be booked, and what stands in the way then is put before a person.
    pub(super) async fn read_missed(&self, order: &ListedOrder) -> Result<NewDelivery, CallError> {
        let (topic, changed_at, body) = match self.read_order(&order.sale).await {
            Ok(state) => (TOPIC_RECONCILED, state.changed_at, body(order, &state)),
            Err(CallError::Rejected(why) | CallError::Unmapped { what: why, .. }) => {
                tracing::warn!(storefront = %self.name, order = order.order, why, "a missed order cannot be read");
                (TOPIC_UNREAD, order.changed_at, unread(order))
            }
            Err(error) => return Err(error),
        };
        let body = serde_json::to_vec(&body);
        let body = body.map_err(|error| CallError::Rejected(format!("the order cannot be written: {error}")))?;
        Ok(NewDelivery {
            origin: Origin::storefront(self.name.as_str()),
            topic: topic.to_owned(),
            dedupe_key: format!("{}:{}@{changed_at}", topic.trim_start_matches("orders/"), order.order),
            fold_key: None,
            headers: BTreeMap::new(),
            body: body.into(),
        })
    }
}

/// The search for what changed at or after a moment; the shop tells times by whole seconds.
pub(super) fn changed_since(since: Timestamp) -> String {
    format!("updated_at:>='{}'", Timestamp::from_second(since.as_second()).unwrap_or(since))
}

fn listed(order: &list_orders::ListOrdersOrdersNodes) -> Result<ListedOrder, CallError> {
    let unclear = |what: &str| CallError::Rejected(format!("a listed order's {what} cannot be read"));
    let changed_at: Timestamp = order.updated_at.parse().map_err(|_| unclear("time of change"))?;
    let id = number(&order.id).to_owned();
    Ok(ListedOrder {
        sale: DocumentRef::parse(format!("order:{id}")).map_err(|_| unclear("id"))?,
        order: id,
        changed_at,
        version: version_at(changed_at).ok_or_else(|| unclear("time of change"))?,
        fulfilled: order.display_fulfillment_status == list_orders::OrderDisplayFulfillmentStatus::FULFILLED,
        refunds: order.refunds.iter().map(|refund| format!("refund:{}", number(&refund.id))).collect(),
    })
}

fn unread(order: &ListedOrder) -> Value {
    json!({ "id": order.order, "updated_at": order.changed_at.to_string() })
}

fn body(order: &ListedOrder, state: &OrderState) -> Value {
    let lines = state.lines.iter().map(|line| {
        json!({
            "id": line.whole.line,
            "sku": line.whole.sku,
            "variant_id": line.whole.variant.as_deref().map(number),
            "quantity": line.whole.quantity,
            "current_quantity": line.current,
            "fulfillable_quantity": line.to_ship,
            "gift_card": line.whole.kind == LineKind::GiftCard,
        })
    });
    let goods = state.lines.iter().filter(|line| matches!(line.whole.kind, LineKind::Goods | LineKind::GiftCard));
    let goods: Vec<&str> = goods.map(|line| line.whole.line.as_str()).collect();
    let lines: Vec<Value> = lines.filter(|line| goods.iter().any(|id| line["id"] == **id)).collect();
    let shipments = state.shipped.iter().map(|pieces| {
        let line = json!({ "id": pieces.line, "quantity": pieces.pieces });
        json!({ "status": "success", "location_id": pieces.location.as_deref().map(number), "line_items": [line] })
    });
    let refunds = state.returns.iter().map(|back| {
        let pieces = back.lines.iter().filter(|line| line.of.is_some() && line.credit.kind == LineKind::Goods);
        let pieces: Vec<Value> = pieces
            .map(|line| {
                let restock = match (line.credit.restock, line.taken_off) {
                    (true, true) => "cancel",
                    (true, false) => "return",
                    (false, _) => "no_restock",
                };
                json!({
                    "line_item_id": line.of,
                    "quantity": line.credit.quantity,
                    "restock_type": restock,
                    "location_id": line.credit.location.as_deref().map(number),
                })
            })
            .collect();
        json!({ "id": number(back.reference.as_str().trim_start_matches("refund:")), "refund_line_items": pieces })
    });
    json!({
        "id": order.order,
        "currency": state.currency.code(),
        "created_at": state.sold_at.to_string(),
        "updated_at": state.changed_at.to_string(),
        "source_name": if state.placed.at_till { "pos" } else { "web" },
        "test": state.placed.test,
        "line_items": lines,
        "fulfillments": shipments.collect::<Vec<_>>(),
        "refunds": refunds.collect::<Vec<_>>(),
    })
}
