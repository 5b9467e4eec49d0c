//! The lines of a sale: goods, gift cards, tips, carriage, duties and fees, each with its discounts and taxes.

use std::collections::BTreeMap;

use super::demand::shipments;
use super::ledger::{Ledger, Unclear, text};
use super::wire::{Allocation, Duty, LineItem, Order, ShippingLine};
use crate::domain::{LineKind, Money, SaleLine, Sku};

/// Every line of an order as it was sold, whatever was taken back later.
pub(super) fn lines(ledger: Ledger, order: &Order) -> Result<Vec<SaleLine>, Unclear> {
    let mut lines = Vec::with_capacity(order.line_items.len() + 2);
    for item in &order.line_items {
        let parts = item_line(ledger, item)?.split(left_from(order, item));
        lines.extend(parts.map_err(|error| Unclear::Amount { what: "a line item in parts", error })?);
    }
    lines.extend(tip_without_line(ledger, order)?);
    for (at, shipping) in order.shipping_lines.iter().enumerate() {
        lines.extend(shipping_line(ledger, shipping, at)?);
    }
    lines.extend(duty_lines(ledger, order)?);
    lines.extend(fee_line(ledger, order)?);
    Ok(lines)
}

/// What a line item stands for.
pub(super) fn kind(item: &LineItem) -> LineKind {
    if item.tip_payment_gateway || item.tip_payment_method {
        LineKind::Tip
    } else if item.gift_card {
        LineKind::GiftCard
    } else {
        LineKind::Goods
    }
}

/// The SKU of a line item. One that is empty or no SKU at all is as good as none: the handler names the line.
pub(super) fn sku(item: &LineItem) -> Option<Sku> {
    item.sku.as_ref().and_then(|sku| Sku::parse(sku).ok())
}

/// The variant as the API calls it, which is how cross-references keep it.
pub(super) fn variant(item: &LineItem) -> Option<String> {
    item.variant_id.as_ref().map(|id| format!("gid://shopify/ProductVariant/{id}"))
}

/// What the buyer read.
pub(super) fn title(item: &LineItem) -> String {
    text(item.name.as_ref()).or_else(|| text(item.title.as_ref())).unwrap_or_else(|| format!("line {}", item.id))
}

fn item_line(ledger: Ledger, item: &LineItem) -> Result<SaleLine, Unclear> {
    let price = ledger.either("the price of a line item", item.price_set.as_ref(), item.price)?;
    Ok(SaleLine {
        line: item.id.to_string(),
        kind: kind(item),
        sku: sku(item),
        variant: variant(item),
        location: None,
        title: title(item),
        quantity: item.quantity,
        unit_price: price.ok_or(Unclear::Missing("line_items[].price"))?,
        discount: discounts(ledger, &item.discount_allocations)?,
        tax: ledger.taxes(&item.tax_lines)?,
        barcode: None,
    })
}

/// Where the pieces of a line left from. Those that never left, or from nobody knows where, count for the channel's branch.
fn left_from(order: &Order, item: &LineItem) -> Vec<(Option<String>, i64)> {
    let mut shipped: BTreeMap<String, i64> = BTreeMap::new();
    let mut rest = item.quantity;
    for (place, pieces) in shipments(order, item) {
        let Some(place) = place else { continue };
        let here = pieces.min(rest);
        rest -= here;
        *shipped.entry(place).or_default() += here;
    }
    let mut places: Vec<_> =
        shipped.into_iter().filter(|(_, pieces)| *pieces > 0).map(|(place, pieces)| (Some(place), pieces)).collect();
    if rest > 0 || places.is_empty() {
        places.push((None, rest));
    }
    places
}

/// Discounts stand in the allocations only: `total_discount` stays at zero.
fn discounts(ledger: Ledger, allocations: &[Allocation]) -> Result<Money, Unclear> {
    let each = allocations.iter().map(|part| ledger.or_zero("a discount", part.amount_set.as_ref(), part.amount));
    let each = each.collect::<Result<Vec<_>, _>>()?;
    ledger.sum("the discounts of a line", each)
}

/// Some orders state a tip without a line for it.
fn tip_without_line(ledger: Ledger, order: &Order) -> Result<Option<SaleLine>, Unclear> {
    let tip = ledger.or_zero("`total_tip_received`", None, order.total_tip_received)?;
    if tip.is_zero() || order.line_items.iter().any(|item| kind(item) == LineKind::Tip) {
        return Ok(None);
    }
    Ok(Some(charge(ledger, "tip".into(), LineKind::Tip, "Tip".into(), tip)))
}

fn shipping_line(ledger: Ledger, shipping: &ShippingLine, at: usize) -> Result<Option<SaleLine>, Unclear> {
    if shipping.is_removed {
        return Ok(None);
    }
    let what = "the price of a shipping line";
    let reduced = ledger.either(what, shipping.discounted_price_set.as_ref(), shipping.discounted_price)?;
    let price = ledger.either(what, shipping.price_set.as_ref(), shipping.price)?.or(reduced);
    let price = price.ok_or(Unclear::Missing("shipping_lines[].price"))?;
    let discount = match reduced {
        // Without allocations the reduced price alone says what was taken off.
        Some(reduced) if shipping.discount_allocations.is_empty() => ledger.sum(what, [price, reduced.negated()])?,
        _ => discounts(ledger, &shipping.discount_allocations)?,
    };
    let tax = ledger.taxes(&shipping.tax_lines)?;
    if price.is_zero() && discount.is_zero() && tax.is_zero() {
        return Ok(None);
    }
    let id = shipping.id.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
    let title = text(shipping.title.as_ref()).unwrap_or_else(|| "Shipping".into());
    let line = charge(ledger, format!("shipping:{id}"), LineKind::Shipping, title, price);
    Ok(Some(SaleLine { discount, tax, ..line }))
}

/// Duties, one line each; where only their total is stated, one line of that. Duties inside the prices are no lines.
fn duty_lines(ledger: Ledger, order: &Order) -> Result<Vec<SaleLine>, Unclear> {
    if order.duties_included {
        return Ok(Vec::new());
    }
    let duties = order.line_items.iter().flat_map(|item| item.duties.iter().map(move |duty| (item, duty)));
    let lines = duties.enumerate().map(|(at, (item, duty))| duty_line(ledger, item, duty, at));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    if !lines.is_empty() {
        return Ok(lines);
    }
    let set = order.original_total_duties_set.as_ref().or(order.current_total_duties_set.as_ref());
    let total = ledger.or_zero("`original_total_duties_set`", set, None)?;
    let line = charge(ledger, "duties".into(), LineKind::Duty, "Import duties".into(), total);
    Ok(if total.is_zero() { Vec::new() } else { vec![line] })
}

fn duty_line(ledger: Ledger, item: &LineItem, duty: &Duty, at: usize) -> Result<SaleLine, Unclear> {
    let what = "a duty";
    let amount = match &duty.shop_money {
        Some(cash) => ledger.cash(what, cash)?,
        None => ledger.or_zero(what, duty.price_set.as_ref(), None)?,
    };
    let id = duty.id.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
    let title = match text(duty.harmonized_system_code.as_ref()) {
        Some(code) => format!("Import duty {code}"),
        None => "Import duty".into(),
    };
    let line = charge(ledger, format!("duty:{}:{id}", item.id), LineKind::Duty, title, amount);
    Ok(SaleLine { tax: ledger.taxes(&duty.tax_lines)?, ..line })
}

fn fee_line(ledger: Ledger, order: &Order) -> Result<Option<SaleLine>, Unclear> {
    let original = order.original_total_additional_fees_set.as_ref();
    let set = original.or(order.current_total_additional_fees_set.as_ref());
    let fees = ledger.or_zero("`original_total_additional_fees_set`", set, None)?;
    let line = charge(ledger, "fees".into(), LineKind::Fee, "Additional fees".into(), fees);
    Ok((!fees.is_zero()).then_some(line))
}

/// A line that is no goods: one piece, no discount, no tax.
fn charge(ledger: Ledger, line: String, kind: LineKind, title: String, price: Money) -> SaleLine {
    let nothing = ledger.zero();
    SaleLine {
        line,
        kind,
        sku: None,
        variant: None,
        location: None,
        title,
        quantity: 1,
        unit_price: price,
        discount: nothing,
        tax: nothing,
        barcode: None,
    }
}
