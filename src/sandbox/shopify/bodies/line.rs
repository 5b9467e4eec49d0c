//! Lines and carriage of an order.

use serde::Serialize;

use super::super::ids::gid;
use super::super::lives::{LineSort, Minor};
use super::super::orders::OrderRecord;
use super::primitives::{PriceSet, Stationery, TaxLine};

#[derive(Serialize)]
pub(super) struct LineItem {
    id: u64,
    admin_graphql_api_id: String,
    attributed_staffs: [(); 0],
    current_quantity: i64,
    fulfillable_quantity: i64,
    fulfillment_service: &'static str,
    fulfillment_status: Option<&'static str>,
    gift_card: bool,
    grams: i64,
    name: String,
    price: String,
    price_set: PriceSet,
    product_exists: bool,
    product_id: Option<u64>,
    properties: [(); 0],
    quantity: i64,
    requires_shipping: bool,
    sales_line_item_group_id: Option<u64>,
    sku: Option<String>,
    taxable: bool,
    title: String,
    total_discount: String,
    total_discount_set: PriceSet,
    variant_id: Option<u64>,
    variant_inventory_management: Option<&'static str>,
    variant_title: Option<String>,
    vendor: Option<String>,
    tax_lines: Vec<TaxLine>,
    duties: Vec<Duty>,
    discount_allocations: Vec<Allocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip_payment_gateway: Option<TippedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip_payment_method: Option<TippedBy>,
}

/// The gateway of a tip. Only tips have one; it is null until the order is paid.
#[derive(Clone, Serialize)]
struct TippedBy(Option<String>);

#[derive(Serialize)]
pub(super) struct Allocation {
    amount: String,
    amount_set: PriceSet,
    discount_application_index: usize,
}

#[derive(Serialize)]
struct Duty {
    id: String,
    admin_graphql_api_id: String,
    harmonized_system_code: &'static str,
    country_code_of_origin: &'static str,
    #[serde(flatten)]
    amounts: PriceSet,
    tax_lines: Vec<TaxLine>,
}

#[derive(Serialize)]
pub(super) struct ShippingLine {
    id: u64,
    carrier_identifier: Option<String>,
    code: String,
    current_discounted_price_set: PriceSet,
    discounted_price: String,
    discounted_price_set: PriceSet,
    is_removed: bool,
    phone: Option<String>,
    price: String,
    price_set: PriceSet,
    requested_fulfillment_service_id: Option<String>,
    source: &'static str,
    title: String,
    tax_lines: Vec<TaxLine>,
    discount_allocations: Vec<Allocation>,
}

/// One line.
pub(super) fn line_item(by: Stationery, order: &OrderRecord, index: usize) -> LineItem {
    let plan = &order.plan.lines[index];
    let goods = plan.sort == LineSort::Goods;
    let gateway = || order.plan.payments.first().map(|payment| payment.gateway.clone());
    let tipped_by = (plan.sort == LineSort::Tip).then(|| TippedBy(gateway()));
    LineItem {
        id: order.lines[index],
        admin_graphql_api_id: gid("LineItem", order.lines[index]),
        attributed_staffs: [],
        current_quantity: order.current_quantity(index),
        fulfillable_quantity: order.fulfillable_quantity(index),
        fulfillment_service: "manual",
        fulfillment_status: if goods { line_status(order, index) } else { None },
        gift_card: plan.sort == LineSort::GiftCard,
        grams: if goods { 250 } else { 0 },
        name: plan.title.clone(),
        price: by.text(plan.unit_price),
        price_set: by.set(plan.unit_price),
        product_exists: plan.ids.is_some(),
        product_id: plan.ids.map(|ids| ids.product),
        properties: [],
        quantity: plan.quantity,
        requires_shipping: goods,
        sales_line_item_group_id: None,
        sku: plan.sku.clone(),
        taxable: !plan.taxes.is_empty(),
        title: plan.title.clone(),
        total_discount: by.text(0),
        total_discount_set: by.set(0),
        variant_id: plan.ids.map(|ids| ids.variant),
        variant_inventory_management: plan.ids.map(|_| "shopify"),
        variant_title: None,
        vendor: None,
        tax_lines: by.taxes(&plan.taxes),
        duties: duty(by, order, index).into_iter().collect(),
        discount_allocations: allocations(by, &plan.discounts),
        tip_payment_method: tipped_by.clone(),
        tip_payment_gateway: tipped_by,
    }
}

fn line_status(order: &OrderRecord, index: usize) -> Option<&'static str> {
    match (order.shipped_quantity(index), order.fulfillable_quantity(index)) {
        (0, _) => None,
        (_, 0) => Some("fulfilled"),
        _ => Some("partial"),
    }
}

/// One line as it stands in a shipment: as many pieces as are in it.
pub(super) fn shipped_item(by: Stationery, order: &OrderRecord, index: usize, pieces: i64) -> LineItem {
    LineItem { quantity: pieces, ..line_item(by, order, index) }
}

fn duty(by: Stationery, order: &OrderRecord, index: usize) -> Option<Duty> {
    let amount = order.plan.lines[index].duty;
    (amount != 0).then(|| Duty {
        id: order.duties[index].to_string(),
        admin_graphql_api_id: gid("Duty", order.duties[index]),
        harmonized_system_code: "610910",
        country_code_of_origin: "PT",
        amounts: by.set(amount),
        tax_lines: Vec::new(),
    })
}

fn allocations(by: Stationery, discounts: &[(usize, Minor)]) -> Vec<Allocation> {
    discounts
        .iter()
        .map(|(index, amount)| Allocation {
            amount: by.text(*amount),
            amount_set: by.set(*amount),
            discount_application_index: *index,
        })
        .collect()
}

/// One row of carriage.
pub(super) fn shipping_line(by: Stationery, order: &OrderRecord, index: usize) -> ShippingLine {
    let plan = &order.plan.shipping[index];
    let back: Minor = order
        .refunds
        .iter()
        .flat_map(|refund| &refund.plan.shipping)
        .filter(|(carriage, ..)| *carriage == index)
        .map(|(_, amount, _)| amount)
        .sum();
    ShippingLine {
        id: order.shipping[index],
        carrier_identifier: None,
        code: plan.title.clone(),
        current_discounted_price_set: by.set(plan.amount() - back),
        discounted_price: by.text(plan.amount()),
        discounted_price_set: by.set(plan.amount()),
        is_removed: false,
        phone: None,
        price: by.text(plan.price),
        price_set: by.set(plan.price),
        requested_fulfillment_service_id: None,
        source: "shopify",
        title: plan.title.clone(),
        tax_lines: by.taxes(&plan.taxes),
        discount_allocations: allocations(by, &plan.discounts),
    }
}
