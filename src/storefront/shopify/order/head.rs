//! Everything an order says about itself, put together.

use jiff::Timestamp;

use super::super::graphql::{number, read_order, read_order_lines};
use super::super::refusal::code;
use super::{lines, movements, returns, shop, unreadable};
use crate::domain::{
    Address, Buyer, CallError, Currency, CustomerProfile, DocumentRef, LineKind, Money, OrderLine, OrderState, Placed,
    ShippedPieces,
};

/// Puts an order together from its parts.
pub(super) fn state(
    sale: &DocumentRef,
    head: &read_order::ReadOrderOrder,
    items: Vec<read_order_lines::Line>,
    shipments: Vec<(String, Vec<(String, i64)>)>,
    refunds: Vec<returns::Found>,
) -> Result<OrderState, CallError> {
    let currency = Currency::parse(&code(Some(&head.currency_code)).unwrap_or_default()).map_err(|e| unreadable(&e))?;
    let zero = Money::zero(currency);
    let tip = shop!(head.total_tip_received_set, currency)?;
    let mut all = lines::items(items, currency, tip, head.duties_included)?;
    let duties = head.original_total_duties_set.as_ref().map(|set| shop!(set, currency)).transpose()?.unwrap_or(zero);
    let fees = head.original_total_additional_fees_set.as_ref();
    let fees = fees.map(|set| shop!(set, currency)).transpose()?.unwrap_or(zero);
    let stated = |kind| all.iter().any(|line: &OrderLine| line.whole.kind == kind);
    let (has_tip, has_duties) = (stated(LineKind::Tip), stated(LineKind::Duty) || head.duties_included);
    if !tip.is_zero() && !has_tip {
        all.push(lines::charge("tip".into(), LineKind::Tip, "Tip".into(), tip));
    }
    all.extend(lines::shipping(&head.shipping_lines.nodes, currency)?);
    if !duties.is_zero() && !has_duties {
        all.push(lines::charge("duties".into(), LineKind::Duty, "Import duties".into(), duties));
    }
    if !fees.is_zero() {
        all.push(lines::charge("fees".into(), LineKind::Fee, "Additional fees".into(), fees));
    }
    let place = |shipment: &str| {
        let found = head.fulfillments.iter().find(|one| one.id == shipment)?;
        Some(number(&found.location.as_ref()?.id).to_owned())
    };
    let mut shipped = Vec::new();
    for (shipment, pieces) in shipments {
        let location = place(&shipment);
        shipped.extend(pieces.into_iter().map(|(line, pieces)| ShippedPieces {
            line,
            location: location.clone(),
            pieces,
        }));
    }
    let left = all.iter().filter(|line| line.whole.kind == LineKind::Goods).any(|line| line.current > 0);
    let money = movements::sort(&head.transactions, currency)?;
    let at = |refund: &str| {
        let found = head.refunds.iter().find(|one| one.id == refund);
        found.map(|one| one.processed_at.as_str()).unwrap_or_default().to_owned()
    };
    let ids: Vec<String> = head.refunds.iter().map(|one| one.id.clone()).collect();
    let mut found = Vec::with_capacity(refunds.len());
    for (id, refund) in ids.iter().zip(refunds) {
        found.push(returns::one(id, moment(&at(id))?, refund, &all, currency)?);
    }
    let fees_left = head.current_total_additional_fees_set.as_ref().map(|set| shop!(set, currency)).transpose()?;
    let fees_back = fees.minus(fees_left.unwrap_or(fees)).map_err(|error| unreadable(&error))?;
    returns::share_fees(&mut found, fees_back, head.taxes_included)?;
    use read_order::OrderDisplayFulfillmentStatus as Status;
    let all_shipped = matches!(
        head.display_fulfillment_status,
        Status::FULFILLED | Status::FULFILLMENT_NOT_REQUIRED | Status::RESTOCKED
    );
    Ok(OrderState {
        sale: sale.clone(),
        number: head.name.clone(),
        currency,
        sold_at: moment(&head.processed_at)?,
        changed_at: moment(&head.updated_at)?,
        buyer: buyer(head),
        placed: Placed {
            at_till: head.source_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("pos")),
            test: head.test,
        },
        tax_included: head.taxes_included,
        complete: all_shipped || head.cancelled_at.is_some() || (!left && shipped.is_empty()),
        cancelled: head.cancelled_at.is_some(),
        lines: all,
        shipped,
        payments: money.payments,
        cash_rounding: money.rounding,
        returns: found,
        stated_total: shop!(head.total_price_set, currency)?,
        stated_tax: head.total_tax_set.as_ref().map(|set| shop!(set, currency)).transpose()?.unwrap_or(zero),
        stated_current: shop!(head.current_total_price_set, currency)?,
        stated_refunded: money.refunded,
    })
}

fn moment(text: &str) -> Result<Timestamp, CallError> {
    text.parse().map_err(|_| CallError::Rejected("a time of the order cannot be read".into()))
}

fn text(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// As the webhook's body is read: the account, else what the order says of a guest.
fn buyer(order: &read_order::ReadOrderOrder) -> Buyer {
    let billing = order.billing_address.as_ref().map(address);
    let shipping = order.shipping_address.as_ref().map(address);
    let customer = order.customer.as_ref();
    let account_email = customer.and_then(|who| who.default_email_address.as_ref()).map(|email| &email.email_address);
    let account_phone = customer.and_then(|who| who.default_phone_number.as_ref()).map(|phone| &phone.phone_number);
    let profile = CustomerProfile {
        first_name: customer.and_then(|who| text(who.first_name.as_ref())),
        last_name: customer.and_then(|who| text(who.last_name.as_ref())),
        email: text(account_email).or_else(|| text(order.email.as_ref())),
        phone: text(account_phone).or_else(|| text(order.phone.as_ref())),
        billing,
        shipping,
    }
    .completed();
    match customer {
        Some(customer) => Buyer::Account { id: number(&customer.id).to_owned(), profile },
        None => Buyer::Guest { profile },
    }
}

fn address(from: &read_order::Postal) -> Address {
    Address {
        first_name: text(from.first_name.as_ref()),
        last_name: text(from.last_name.as_ref()),
        company: text(from.company.as_ref()),
        line1: text(from.address1.as_ref()),
        line2: text(from.address2.as_ref()),
        city: text(from.city.as_ref()),
        region: text(from.province_code.as_ref()).or_else(|| text(from.province.as_ref())),
        postcode: text(from.zip.as_ref()),
        country: from.country_code_v2.as_ref().and_then(|country| code(Some(country))),
        phone: text(from.phone.as_ref()),
    }
}
