//! The order itself.

use bytes::Bytes;
use serde::Serialize;

use super::super::ids::gid;
use super::super::lives::{DiscountMethod, DiscountPlan, LineSort, Minor, TaxPlan};
use super::super::orders::OrderRecord;
use super::bytes_of;
use super::customer::{Address, Customer, address, customer, email};
use super::line::{LineItem, ShippingLine, line_item, shipping_line};
use super::primitives::{PriceSet, Stationery, TaxLine};
use super::refund::{Refund, refund_of};
use super::shipment::{FulfillmentBody, fulfillments};

#[derive(Serialize)]
struct Order {
    id: u64,
    admin_graphql_api_id: String,
    app_id: u64,
    browser_ip: Option<String>,
    buyer_accepts_marketing: bool,
    cancel_reason: Option<&'static str>,
    cancelled_at: Option<String>,
    cart_token: Option<String>,
    checkout_token: Option<String>,
    client_details: Option<()>,
    closed_at: Option<String>,
    confirmation_number: String,
    confirmed: bool,
    contact_email: Option<String>,
    created_at: String,
    currency: String,
    current_shipping_price_set: PriceSet,
    current_subtotal_price: String,
    current_subtotal_price_set: PriceSet,
    current_total_additional_fees_set: Option<PriceSet>,
    current_total_discounts: String,
    current_total_discounts_set: PriceSet,
    current_total_duties_set: Option<PriceSet>,
    current_total_price: String,
    current_total_price_set: PriceSet,
    current_total_tax: String,
    current_total_tax_set: PriceSet,
    customer_locale: &'static str,
    device_id: Option<u64>,
    discount_codes: Vec<DiscountCode>,
    duties_included: bool,
    email: String,
    estimated_taxes: bool,
    financial_status: &'static str,
    fulfillment_status: Option<&'static str>,
    landing_site: Option<String>,
    landing_site_ref: Option<String>,
    location_id: Option<u64>,
    merchant_business_entity_id: &'static str,
    merchant_of_record_app_id: Option<u64>,
    name: String,
    note: Option<String>,
    note_attributes: Vec<NoteAttribute>,
    number: u64,
    order_number: u64,
    order_status_url: String,
    original_total_additional_fees_set: Option<PriceSet>,
    original_total_duties_set: Option<PriceSet>,
    payment_gateway_names: Vec<String>,
    phone: Option<String>,
    po_number: Option<String>,
    presentment_currency: String,
    processed_at: String,
    reference: Option<String>,
    referring_site: Option<String>,
    source_identifier: Option<String>,
    source_name: &'static str,
    source_url: Option<String>,
    subtotal_price: String,
    subtotal_price_set: PriceSet,
    tags: &'static str,
    tax_exempt: bool,
    tax_lines: Vec<TaxLine>,
    taxes_included: bool,
    test: bool,
    token: String,
    total_cash_rounding_payment_adjustment_set: PriceSet,
    total_cash_rounding_refund_adjustment_set: PriceSet,
    total_discounts: String,
    total_discounts_set: PriceSet,
    total_line_items_price: String,
    total_line_items_price_set: PriceSet,
    total_outstanding: String,
    total_price: String,
    total_price_set: PriceSet,
    total_shipping_price_set: PriceSet,
    total_tax: String,
    total_tax_set: PriceSet,
    total_tip_received: String,
    total_weight: i64,
    updated_at: String,
    user_id: Option<u64>,
    billing_address: Option<Address>,
    customer: Option<Customer>,
    discount_applications: Vec<DiscountApplication>,
    fulfillments: Vec<FulfillmentBody>,
    line_items: Vec<LineItem>,
    line_item_groups: [(); 0],
    payment_terms: Option<()>,
    refunds: Vec<Refund>,
    returns: [(); 0],
    shipping_address: Option<Address>,
    shipping_lines: Vec<ShippingLine>,
}

#[derive(Serialize)]
struct NoteAttribute {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct DiscountCode {
    code: String,
    amount: String,
    r#type: &'static str,
}

#[derive(Serialize)]
struct DiscountApplication {
    target_type: &'static str,
    r#type: &'static str,
    value: String,
    value_type: &'static str,
    allocation_method: &'static str,
    target_selection: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

/// What is left of the totals after refunds.
struct Current {
    subtotal: Minor,
    tax: Minor,
    shipping: Minor,
    duties: Minor,
    fees: Minor,
    total: Minor,
}

/// Body of every `orders/*` topic.
pub(in super::super) fn order_body(by: Stationery, order: &OrderRecord) -> Bytes {
    let plan = &order.plan;
    let totals = plan.totals();
    let current = current(order);
    let address = || address(&plan.buyer);
    let email = email(&plan.buyer);
    let discounts = totals.line_discounts + totals.shipping_discounts;
    let refund_rounding: Minor = order.refunds.iter().map(|refund| refund.plan.rounding()).sum();
    bytes_of(&Order {
        id: order.id,
        admin_graphql_api_id: gid("Order", order.id),
        app_id: 580_111,
        browser_ip: None,
        buyer_accepts_marketing: false,
        cancel_reason: order.cancelled_at.map(|_| "customer"),
        cancelled_at: order.cancelled_at.map(|at| by.moment(at)),
        cart_token: None,
        checkout_token: Some(format!("{:032x}", order.id)),
        client_details: None,
        closed_at: order.shipments.last().filter(|_| order.is_fulfilled()).map(|last| by.moment(last.at)),
        confirmation_number: format!("{:09X}", order.id % 0x000f_ffff_ffff),
        confirmed: true,
        contact_email: (!email.is_empty()).then(|| email.clone()),
        created_at: by.moment(order.placed_at),
        currency: by.currency.code().to_owned(),
        current_shipping_price_set: by.set(current.shipping),
        current_subtotal_price: by.text(current.subtotal),
        current_subtotal_price_set: by.set(current.subtotal),
        current_total_additional_fees_set: by.set_unless_zero(current.fees),
        current_total_discounts: by.text(discounts),
        current_total_discounts_set: by.set(discounts),
        current_total_duties_set: by.set_unless_zero(current.duties),
        current_total_price: by.text(current.total),
        current_total_price_set: by.set(current.total),
        current_total_tax: by.text(current.tax),
        current_total_tax_set: by.set(current.tax),
        customer_locale: "en-NZ",
        device_id: None,
        discount_codes: codes(by, order),
        duties_included: false,
        email,
        estimated_taxes: false,
        financial_status: order.financial_status(),
        fulfillment_status: order.fulfillment_status(),
        landing_site: None,
        landing_site_ref: None,
        location_id: None,
        merchant_business_entity_id: "MTAwMDAwMDAx",
        merchant_of_record_app_id: None,
        name: format!("#{}", order.number),
        note: None,
        note_attributes: gift_message(order),
        number: order.number.saturating_sub(1000),
        order_number: order.number,
        order_status_url: format!("https://shop.example.com/orders/{:x}", order.id),
        original_total_additional_fees_set: by.set_unless_zero(totals.fees),
        original_total_duties_set: by.set_unless_zero(totals.duties),
        payment_gateway_names: gateways(order),
        phone: None,
        po_number: None,
        presentment_currency: by.currency.code().to_owned(),
        processed_at: by.moment(order.placed_at),
        reference: None,
        referring_site: None,
        source_identifier: None,
        source_name: if plan.at_till { "pos" } else { "web" },
        source_url: None,
        subtotal_price: by.text(totals.subtotal),
        subtotal_price_set: by.set(totals.subtotal),
        tags: "",
        tax_exempt: false,
        tax_lines: by.taxes(&merged_taxes(order)),
        taxes_included: plan.taxes_included,
        test: plan.test,
        token: format!("{:032x}", order.id),
        total_cash_rounding_payment_adjustment_set: by.set(plan.cash_rounding),
        total_cash_rounding_refund_adjustment_set: by.set(refund_rounding),
        total_discounts: by.text(discounts),
        total_discounts_set: by.set(discounts),
        total_line_items_price: by.text(totals.line_items),
        total_line_items_price_set: by.set(totals.line_items),
        total_outstanding: by.text(order.outstanding()),
        total_price: by.text(totals.total),
        total_price_set: by.set(totals.total),
        total_shipping_price_set: by.set(totals.shipping),
        total_tax: by.text(totals.tax),
        total_tax_set: by.set(totals.tax),
        total_tip_received: by.text(totals.tips),
        total_weight: 250
            * plan.lines.iter().filter(|line| line.sort == LineSort::Goods).map(|line| line.quantity).sum::<i64>(),
        updated_at: by.moment(order.updated_at),
        user_id: None,
        billing_address: address(),
        customer: customer(by, order),
        discount_applications: plan.discounts.iter().map(|discount| application(by, discount)).collect(),
        fulfillments: fulfillments(by, order),
        line_items: (0..plan.lines.len()).map(|line| line_item(by, order, line)).collect(),
        line_item_groups: [],
        payment_terms: None,
        refunds: order.refunds.iter().map(|refund| refund_of(by, order, refund)).collect(),
        returns: [],
        shipping_address: address().filter(|_| !plan.shipping.is_empty()),
        shipping_lines: (0..plan.shipping.len()).map(|row| shipping_line(by, order, row)).collect(),
    })
}

fn current(order: &OrderRecord) -> Current {
    let totals = order.plan.totals();
    let tip = |line: usize| order.plan.lines[line].sort == LineSort::Tip;
    let refunds = || order.refunds.iter().map(|refund| &refund.plan);
    let rows = |tips: bool| -> Minor {
        order.refunded_lines().filter(|row| tip(row.line) == tips).map(|row| row.subtotal).sum()
    };
    let subtotal = totals.subtotal - rows(false);
    let tax = totals.tax
        - order.refunded_lines().map(|row| row.tax).sum::<Minor>()
        - refunds().flat_map(|refund| &refund.shipping).map(|(_, _, tax)| tax).sum::<Minor>();
    let shipping = totals.shipping
        - totals.shipping_discounts
        - refunds().flat_map(|refund| &refund.shipping).map(|(_, amount, _)| amount).sum::<Minor>();
    let duties = totals.duties - refunds().flat_map(|refund| &refund.duties).map(|(_, amount)| amount).sum::<Minor>();
    let fees = totals.fees - refunds().map(|refund| refund.fees).sum::<Minor>();
    let untaxed = subtotal + shipping + duties + fees + totals.tips - rows(true);
    let total = if order.plan.taxes_included { untaxed } else { untaxed + tax };
    Current { subtotal, tax, shipping, duties, fees, total }
}

/// The taxes of everything, one row for each name and rate.
fn merged_taxes(order: &OrderRecord) -> Vec<TaxPlan> {
    let mut merged: Vec<TaxPlan> = Vec::new();
    let lines = order.plan.lines.iter().flat_map(|line| &line.taxes);
    for tax in lines.chain(order.plan.shipping.iter().flat_map(|carriage| &carriage.taxes)) {
        match merged.iter_mut().find(|known| known.title == tax.title && known.rate == tax.rate) {
            Some(known) => known.amount += tax.amount,
            None => merged.push(tax.clone()),
        }
    }
    merged
}

fn gateways(order: &OrderRecord) -> Vec<String> {
    let mut names: Vec<String> = order.plan.payments.iter().map(|payment| payment.gateway.clone()).collect();
    names.dedup();
    names
}

fn gift_message(order: &OrderRecord) -> Vec<NoteAttribute> {
    let message = order.plan.gift_message.iter();
    message.map(|value| NoteAttribute { name: "gift_message", value: value.clone() }).collect()
}

fn application(by: Stationery, discount: &DiscountPlan) -> DiscountApplication {
    let (value, value_type) = match discount.method {
        DiscountMethod::Percent(percent) => (format!("{percent}.0"), "percentage"),
        DiscountMethod::Fixed(amount) => (by.text(amount), "fixed_amount"),
    };
    DiscountApplication {
        target_type: if discount.on_shipping { "shipping_line" } else { "line_item" },
        r#type: if discount.code.is_some() { "discount_code" } else { "automatic" },
        value,
        value_type,
        allocation_method: if discount.across { "across" } else { "each" },
        target_selection: if discount.across || discount.on_shipping { "all" } else { "explicit" },
        code: discount.code.clone(),
        title: discount.code.is_none().then(|| discount.title.clone()),
    }
}

fn codes(by: Stationery, order: &OrderRecord) -> Vec<DiscountCode> {
    let plan = &order.plan;
    let taken = |index: usize| -> Minor {
        let lines = plan.lines.iter().flat_map(|line| &line.discounts);
        let carriage = plan.shipping.iter().flat_map(|carriage| &carriage.discounts);
        lines.chain(carriage).filter(|(of, _)| *of == index).map(|(_, amount)| amount).sum()
    };
    let code = |(index, discount): (usize, &DiscountPlan)| {
        Some(DiscountCode {
            code: discount.code.clone()?,
            amount: by.text(taken(index)),
            r#type: match discount.method {
                _ if discount.on_shipping => "shipping",
                DiscountMethod::Percent(_) => "percentage",
                DiscountMethod::Fixed(_) => "fixed_amount",
            },
        })
    };
    plan.discounts.iter().enumerate().filter_map(code).collect()
}
