//! Orders: what was ordered, shipped, given back.

use apollo_compiler::response::JsonValue;
use rust_decimal::Decimal;

use super::super::super::bodies::buyer_of;
use super::super::super::ids::gid;
use super::super::super::lives::{LineSort, Minor, TaxPlan};
use super::super::super::orders::OrderRecord;
use super::super::desk::Desk;
use super::super::object::{ConnectionKind, Object, Val, leaf, many, maybe, one, page, text};
use super::movement::{movements, show};
use super::refund::refund_of;
use super::{location, variant};
use crate::domain::Currency;

/// An order by id.
pub(in super::super) fn order<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let order = desk.state().orders.get(&id)?.clone();
    Some(Object::new("Order", move |ask| {
        let plan = &order.plan;
        let set = |amount: Minor| one(bag(amount, plan.currency));
        let set_unless_zero = |amount: Minor| if amount == 0 { Some(Val::Leaf(JsonValue::Null)) } else { set(amount) };
        let totals = plan.totals();
        match ask.name {
            "id" => leaf(gid("Order", order.id)),
            "name" => leaf(format!("#{}", order.number)),
            "currencyCode" => leaf(plan.currency.code()),
            "createdAt" | "processedAt" => leaf(moment(order.placed_at)),
            "updatedAt" => leaf(moment(order.updated_at)),
            "cancelledAt" => text(order.cancelled_at.map(moment).as_deref()),
            "displayFulfillmentStatus" => leaf(display_status(&order)),
            "taxesIncluded" => leaf(plan.taxes_included),
            "dutiesIncluded" => leaf(false),
            "edited" => leaf(order.edits > 0),
            "test" => leaf(plan.test),
            "sourceName" => leaf(if plan.at_till { "pos" } else { "web" }),
            "email" => text(Some(buyer_of(&order).email.as_str()).filter(|email| !email.is_empty())),
            "phone" => text(None),
            "customer" => maybe(buyer_of(&order).account.map(customer)),
            "billingAddress" => maybe(buyer_of(&order).address.map(address)),
            "shippingAddress" => maybe(buyer_of(&order).address.filter(|_| !plan.shipping.is_empty()).map(address)),
            "totalPriceSet" => set(totals.total),
            "currentTotalPriceSet" => set(order.current_total()),
            "totalTaxSet" => set(totals.tax),
            "totalTipReceivedSet" => set(totals.tips),
            "originalTotalDutiesSet" => set_unless_zero(totals.duties),
            "originalTotalAdditionalFeesSet" => set_unless_zero(totals.fees),
            "currentTotalAdditionalFeesSet" if totals.fees == 0 => Some(Val::Leaf(JsonValue::Null)),
            "currentTotalAdditionalFeesSet" => {
                set(totals.fees - order.refunds.iter().map(|refund| refund.plan.fees).sum::<Minor>())
            }
            "lineItems" => {
                let all: Vec<usize> = (0..order.lines.len()).collect();
                let (ids, record) = (order.lines.clone(), order.clone());
                let show = move |index: &usize| line(desk, &record, *index);
                page(ConnectionKind("LineItemConnection"), ask, &all, move |index| ids[*index], show)
            }
            "shippingLines" => {
                let all: Vec<usize> = (0..order.shipping.len()).collect();
                let (ids, record) = (order.shipping.clone(), order.clone());
                let show = move |index: &usize| carriage(&record, *index);
                page(ConnectionKind("ShippingLineConnection"), ask, &all, move |index| ids[*index], show)
            }
            "fulfillments" => {
                many((0..order.shipments.len()).take(ask.first()).map(|index| shipment_of(desk, &order, index)))
            }
            "refunds" => many((0..order.refunds.len()).take(ask.first()).map(|index| refund_of(desk, &order, index))),
            "transactions" => many(movements(&order).into_iter().take(ask.first()).map(show)),
            _ => None,
        }
    }))
}

/// An order that is known to be there.
pub(in super::super) fn known_order<'s>(desk: &'s Desk<'_>, id: u64) -> Object<'s> {
    order(desk, id).unwrap_or_else(|| Object::new("Order", |_| None))
}

/// A shipment by id.
pub(in super::super) fn shipment<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let state = desk.state();
    let mut found = state.orders.values().filter_map(|order| {
        let index = order.shipments.iter().position(|shipment| shipment.id == id)?;
        Some((order.clone(), index))
    });
    let (order, index) = found.next()?;
    drop(found);
    drop(state);
    Some(shipment_of(desk, &order, index))
}

fn display_status(order: &OrderRecord) -> &'static str {
    let all_back = (0..order.lines.len())
        .all(|line| order.plan.lines[line].sort != LineSort::Goods || order.current_quantity(line) == 0);
    match order.fulfillment_status() {
        Some("fulfilled") => "FULFILLED",
        Some(_) => "PARTIALLY_FULFILLED",
        None if all_back && !order.refunds.is_empty() => "RESTOCKED",
        None => "UNFULFILLED",
    }
}

fn shipment_of<'s>(desk: &'s Desk<'_>, order: &OrderRecord, index: usize) -> Object<'s> {
    let (order, shipment) = (order.clone(), order.shipments[index].clone());
    Object::new("Fulfillment", move |ask| match ask.name {
        "id" => leaf(gid("Fulfillment", shipment.id)),
        "status" => leaf("SUCCESS"),
        "location" => maybe(location(desk, shipment.location)),
        "fulfillmentLineItems" => {
            let (ids, record) = (order.lines.clone(), order.clone());
            let show = move |row: &(usize, i64)| {
                let (record, (index, pieces)) = (record.clone(), *row);
                Object::new("FulfillmentLineItem", move |ask| match ask.name {
                    "id" => leaf(gid("FulfillmentLineItem", record.lines[index])),
                    "quantity" => leaf(pieces),
                    "lineItem" => one(line(desk, &record, index)),
                    _ => None,
                })
            };
            let kind = ConnectionKind("FulfillmentLineItemConnection");
            page(kind, ask, &shipment.pieces, move |(index, _)| ids[*index], show)
        }
        _ => None,
    })
}

/// One line.
pub(super) fn line<'s>(desk: &'s Desk<'_>, order: &OrderRecord, index: usize) -> Object<'s> {
    let order = order.clone();
    Object::new("LineItem", move |ask| {
        let plan = &order.plan.lines[index];
        let currency = order.plan.currency;
        match ask.name {
            "id" => leaf(gid("LineItem", order.lines[index])),
            "name" => leaf(plan.title.as_str()),
            "sku" => text(plan.sku.as_deref()),
            "quantity" => leaf(plan.quantity),
            "currentQuantity" => leaf(order.current_quantity(index)),
            "unfulfilledQuantity" => leaf(order.fulfillable_quantity(index)),
            "requiresShipping" => leaf(plan.sort == LineSort::Goods),
            "isGiftCard" => leaf(plan.sort == LineSort::GiftCard),
            "variant" => maybe(plan.ids.and_then(|ids| variant(desk, ids.variant))),
            "originalUnitPriceSet" => one(bag(plan.unit_price, currency)),
            "discountAllocations" => many(
                plan.discounts
                    .iter()
                    .map(|(_, amount)| holding("DiscountAllocation", "allocatedAmountSet", *amount, currency)),
            ),
            "taxLines" => taxes(&plan.taxes, currency),
            "duties" => many((plan.duty != 0).then(|| duty(order.duties[index], plan.duty, currency))),
            _ => None,
        }
    })
}

/// A duty.
pub(super) fn duty<'s>(id: u64, amount: Minor, currency: Currency) -> Object<'s> {
    Object::new("Duty", move |ask| match ask.name {
        "id" => leaf(gid("Duty", id)),
        "harmonizedSystemCode" => leaf("610910"),
        "price" => one(bag(amount, currency)),
        "taxLines" => many(Vec::new()),
        _ => None,
    })
}

fn carriage<'s>(order: &OrderRecord, index: usize) -> Object<'s> {
    let (id, plan, currency) = (order.shipping[index], order.plan.shipping[index].clone(), order.plan.currency);
    Object::new("ShippingLine", move |ask| match ask.name {
        "id" => leaf(gid("ShippingLine", id)),
        "title" => leaf(plan.title.as_str()),
        "isRemoved" => leaf(false),
        "originalPriceSet" => one(bag(plan.price, currency)),
        "discountedPriceSet" => one(bag(plan.amount(), currency)),
        "taxLines" => taxes(&plan.taxes, currency),
        _ => None,
    })
}

fn taxes<'s>(taxes: &[TaxPlan], currency: Currency) -> Option<Val<'s>> {
    many(taxes.iter().map(|tax| holding("TaxLine", "priceSet", tax.amount, currency)).collect::<Vec<_>>())
}

/// An object with one amount in it.
fn holding<'s>(kind: &'static str, field: &'static str, amount: Minor, currency: Currency) -> Object<'s> {
    Object::new(kind, move |ask| if ask.name == field { one(bag(amount, currency)) } else { None })
}

fn customer<'s>((id, first, last, email): (u64, String, String, String)) -> Object<'s> {
    Object::new("Customer", move |ask| match ask.name {
        "id" => leaf(gid("Customer", id)),
        "firstName" => leaf(first.as_str()),
        "lastName" => leaf(last.as_str()),
        "defaultEmailAddress" => {
            let email = email.clone();
            one(Object::new("CustomerEmailAddress", move |ask| match ask.name {
                "emailAddress" => leaf(email.as_str()),
                "marketingState" => leaf("NOT_SUBSCRIBED"),
                "marketingUpdatedAt" => text(None),
                _ => None,
            }))
        }
        "defaultPhoneNumber" => Some(Val::Leaf(JsonValue::Null)),
        "addressesV2" => {
            let none: [u64; 0] = [];
            page(ConnectionKind("MailingAddressConnection"), ask, &none, |id| *id, |_| address(serde_json::Value::Null))
        }
        _ => None,
    })
}

fn address<'s>(fields: serde_json::Value) -> Object<'s> {
    Object::new("MailingAddress", move |ask| {
        let field = match ask.name {
            "firstName" => "first_name",
            "lastName" => "last_name",
            "provinceCode" => "province_code",
            "countryCodeV2" => "country_code",
            "id" => return leaf("gid://shopify/MailingAddress/1"),
            name @ ("address1" | "address2" | "city" | "company" | "phone" | "province" | "zip") => name,
            _ => return None,
        };
        text(fields.get(field).and_then(serde_json::Value::as_str))
    })
}

/// A moment as the API writes it: UTC, to the second.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// An amount in shop and buyer currency.
pub(super) fn bag<'s>(amount: Minor, currency: Currency) -> Object<'s> {
    Object::new("MoneyBag", move |ask| match ask.name {
        "shopMoney" | "presentmentMoney" => one(money(amount, currency)),
        _ => None,
    })
}

/// An amount the way the API writes decimals: no needless zeros, but always one digit after the point.
fn money<'s>(amount: Minor, currency: Currency) -> Object<'s> {
    let mut decimal = Decimal::new(amount, currency.decimals()).normalize();
    if decimal.scale() == 0 {
        decimal.rescale(1);
    }
    Object::new("MoneyV2", move |ask| match ask.name {
        "amount" => leaf(decimal.to_string()),
        "currencyCode" => leaf(currency.code()),
        _ => None,
    })
}
