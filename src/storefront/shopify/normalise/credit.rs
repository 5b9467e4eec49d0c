//! Refunds: goods from the refund's lines, money only from transactions that went through.
//!
//! What the lines come to and what was paid out may differ; Shopify keeps the difference as order adjustments, which become
//! lines here with their sign turned, so that lines and money balance.

use super::ledger::{Ledger, Unclear, time};
use super::wire::{LineItem, MoneySet, Order, OrderAdjustment, Refund, RefundLine};
use super::{change, events_or, lines, money_out, sale};
use crate::domain::{Credit, CreditLine, DocumentRef, Draft, Fact, LineKind, Normalised, Version};

/// A refund that came by itself. Whether prices contain tax is the order's to say.
pub(super) fn created(refund: &Refund) -> Result<Normalised, Unclear> {
    let code = currency_of(refund).ok_or(Unclear::Missing("a shop currency"))?;
    let ledger = Ledger::new(code)?;
    let draft = draft(ledger, refund, None)?;
    Ok(events_or(draft.into_iter().collect(), "the refund moved neither money nor goods"))
}

/// A refund inside its order.
pub(super) fn embedded(ledger: Ledger, refund: &Refund, order: &Order) -> Result<Option<Draft>, Unclear> {
    draft(ledger, refund, Some(order))
}

fn draft(ledger: Ledger, refund: &Refund, order: Option<&Order>) -> Result<Option<Draft>, Unclear> {
    let order_id = refund.order_id.as_ref().or(order.map(|order| &order.id)).ok_or(Unclear::Missing("order_id"))?;
    let credited_at =
        time(&[("processed_at", refund.processed_at.as_ref()), ("created_at", refund.created_at.as_ref())])?;
    let money = match money_out::money_out(ledger, refund) {
        // What was paid out in the buyer's currency is known to the shop in its own.
        Err(Unclear::ForeignMoney { .. }) => {
            return change::unsettled(order_id, &refund.id, credited_at).map(Some);
        }
        money => money?,
    };
    if !money.pending.is_zero() {
        return change::unsettled(order_id, &refund.id, credited_at).map(Some);
    }
    let mut lines = credit_lines(ledger, refund, order)?;
    lines.extend(money.rounding_line(ledger));
    if lines.is_empty() && money.refunds.is_empty() && money.pending.is_zero() {
        return Ok(None);
    }
    let reference = DocumentRef::parse(format!("refund:{}", refund.id))?;
    let sale = sale::reference(order_id)?;
    Ok(Some(Draft {
        source_document: reference.to_string(),
        // An order's documents take turns: its invoice and its credit notes have one entity.
        entity: sale.to_string(),
        version: Version(0),
        time: credited_at,
        fact: Fact::SaleCredited(Credit {
            reference,
            sale,
            order: None,
            currency: ledger.currency,
            credited_at,
            tax_included: order.map(|order| order.taxes_included),
            lines,
            refunds: money.refunds,
            pending: money.pending,
            placed: order.map(sale::placed),
        }),
    }))
}

/// The shop's currency, from whatever part of the refund names it.
fn currency_of(refund: &Refund) -> Option<&str> {
    let lines = refund.refund_line_items.iter().map(|line| line.subtotal_set.as_ref());
    let shipping = refund.refund_shipping_lines.iter().map(|line| line.subtotal_amount_set.as_ref());
    let adjustments = refund.order_adjustments.iter().map(|line| line.amount_set.as_ref());
    let totals = [refund.total_duties_set.as_ref(), refund.total_additional_fees_set.as_ref()];
    let sets = lines.chain(shipping).chain(adjustments).chain(totals).flatten();
    let named = sets.filter_map(|set| set.shop_money.as_ref()).map(|cash| cash.currency_code.as_str());
    named.chain(refund.transactions.iter().filter_map(|one| one.currency.as_deref())).next()
}

fn credit_lines(ledger: Ledger, refund: &Refund, order: Option<&Order>) -> Result<Vec<CreditLine>, Unclear> {
    let mut lines = Vec::new();
    for (at, line) in refund.refund_line_items.iter().enumerate() {
        lines.push(goods_line(ledger, line, order, at)?);
    }
    for (at, line) in refund.refund_shipping_lines.iter().enumerate() {
        let amount = ledger.or_zero("a refunded shipping line", line.subtotal_amount_set.as_ref(), None)?;
        let tax = ledger.or_zero("the tax of a refunded shipping line", line.tax_amount_set.as_ref(), None)?;
        let id = line.id.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
        lines.push(CreditLine::other(format!("shipping:{id}"), LineKind::Shipping, "Shipping", amount, tax));
    }
    // Before 2024-10 refunded carriage was an adjustment; where both are there they say the same thing.
    let carriage_is_known = !refund.refund_shipping_lines.is_empty();
    for (at, adjustment) in refund.order_adjustments.iter().enumerate() {
        let is_carriage = adjustment.kind.as_deref() == Some("shipping_refund");
        if !(is_carriage && carriage_is_known) {
            lines.push(adjustment_line(ledger, adjustment, is_carriage, at)?);
        }
    }
    for (at, duty) in refund.duties.iter().enumerate() {
        let amount = ledger.or_zero("a refunded duty", duty.amount_set.as_ref(), None)?;
        let id = duty.duty_id.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
        lines.push(CreditLine::other(format!("duty:{id}"), LineKind::Duty, "Import duty", amount, ledger.zero()));
    }
    let no_duties = refund.duties.iter().all(|duty| duty.amount_set.is_none());
    let totals: [(bool, &str, LineKind, &str, Option<&MoneySet>); 2] = [
        (no_duties, "duties", LineKind::Duty, "Import duties", refund.total_duties_set.as_ref()),
        (true, "fees", LineKind::Fee, "Additional fees", refund.total_additional_fees_set.as_ref()),
    ];
    for (counts, name, kind, title, set) in totals {
        if counts {
            let amount = ledger.or_zero("a refunded total", set, None)?;
            lines.push(CreditLine::other(name.into(), kind, title, amount, ledger.zero()));
        }
    }
    lines.retain(|line| line.kind == LineKind::Goods || !(line.amount.is_zero() && line.tax.is_zero()));
    Ok(lines)
}

fn goods_line(ledger: Ledger, line: &RefundLine, order: Option<&Order>, at: usize) -> Result<CreditLine, Unclear> {
    let wanted = line.line_item_id.as_ref();
    let sold =
        |order: &'_ Order| -> Option<usize> { order.line_items.iter().position(|item| Some(&item.id) == wanted) };
    let from_order = order.and_then(|order| sold(order).map(|found| &order.line_items[found]));
    let item: Option<&LineItem> = line.line_item.as_ref().or(from_order);
    let id = line.id.as_ref().or(wanted).map_or_else(|| format!("line:{at}"), ToString::to_string);
    Ok(CreditLine {
        line: id,
        kind: item.map_or(LineKind::Goods, lines::kind),
        sku: item.and_then(lines::sku),
        variant: item.and_then(lines::variant),
        title: item.map_or_else(|| "Returned goods".into(), lines::title),
        quantity: line.quantity,
        amount: ledger.or_zero("`subtotal` of a refund line", line.subtotal_set.as_ref(), line.subtotal)?,
        tax: ledger.or_zero("`total_tax` of a refund line", line.total_tax_set.as_ref(), line.total_tax)?,
        restock: restocks(line),
        never_left: never_left(line),
        location: taken_back_at(line),
        barcode: None,
    })
}

/// The place that took the pieces back. What was cancelled before it left was booked off the channel's branch, and goes back
/// to where it was booked, whichever place would have shipped it.
fn taken_back_at(line: &RefundLine) -> Option<String> {
    line.location_id.as_ref().filter(|_| !never_left(line)).map(ToString::to_string)
}

/// Whether the pieces were cancelled before they left.
fn never_left(line: &RefundLine) -> bool {
    line.restock_type.as_deref() == Some("cancel")
}

/// Whether the pieces go back into stock. A word that is not known yet is decided by whether Shopify names a place for them.
fn restocks(line: &RefundLine) -> bool {
    match line.restock_type.as_deref() {
        Some("return" | "cancel" | "legacy_restock") => true,
        Some("no_restock") | None => false,
        Some(_) => line.location_id.is_some(),
    }
}

/// An adjustment above zero is money kept back, one below zero is money given on top.
fn adjustment_line(
    ledger: Ledger,
    adjustment: &OrderAdjustment,
    is_carriage: bool,
    at: usize,
) -> Result<CreditLine, Unclear> {
    let amount = ledger.or_zero("an order adjustment", adjustment.amount_set.as_ref(), adjustment.amount)?;
    let tax = ledger.or_zero("the tax of an adjustment", adjustment.tax_amount_set.as_ref(), adjustment.tax_amount)?;
    let id = adjustment.id.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
    let (kind, title) =
        if is_carriage { (LineKind::Shipping, "Shipping") } else { (LineKind::Adjustment, "Refund adjustment") };
    Ok(CreditLine::other(format!("adjustment:{id}"), kind, title, amount.negated(), tax.negated()))
}
