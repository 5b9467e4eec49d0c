//! From a sale or a credit in our own words to the document the office books: items, branches, pay codes, customer.

use crate::domain::{
    BranchCode, Buyer, CallError, Credit, DocumentRef, ERASED, Entry, Imbalance, LineKind, Money, Payment, Payments,
    Sale,
};
use crate::journal::{Claim, Lack, Outcome};
use crate::office::{Document, DocumentCustomer, DocumentKind, DocumentLine, DocumentPayment};

use super::Desk;
use super::document::{Paper, external};
use super::items::{Items, Wanted};
use super::outcome::after_failure;

/// Why no document could be made of an event.
pub(super) enum Refused {
    /// A person must look.
    Dead {
        /// What is wrong.
        reason: String,
        /// What to do.
        action: String,
        /// What it lacks.
        lacks: Option<Lack>,
    },
    /// A call failed on the way.
    Call(CallError),
    /// The delivery does not say enough: the order has to be read.
    Unclear,
}

impl Refused {
    pub(super) fn dead(reason: impl Into<String>, action: impl Into<String>) -> Self {
        Self::Dead { reason: reason.into(), action: action.into(), lacks: None }
    }

    /// The same where it is known what would mend it.
    pub(super) fn lacking(lacks: Lack, reason: impl Into<String>, action: impl Into<String>) -> Self {
        Self::Dead { reason: reason.into(), action: action.into(), lacks: Some(lacks) }
    }

    /// What follows for a claim.
    pub(super) async fn outcome(self, desk: &Desk<'_>, claim: &Claim) -> Outcome {
        match self {
            Self::Dead { reason, action, lacks } => Outcome::Dead { reason, action, lacks },
            Self::Call(error) => after_failure(desk, claim, &error).await,
            Self::Unclear => Outcome::Ignored("nothing can be said of it".into()),
        }
    }

    /// The dead letter of figures that do not add up.
    pub(super) fn unbalanced(imbalance: &Imbalance, what: &str) -> Self {
        Self::dead(
            imbalance.to_string(),
            format!(
                "compare the {what} at the storefront; book it by hand and `tillbridge dead discard` it, or retry once it is mended"
            ),
        )
    }
}

/// The invoice of a sale whose payments are known. `is_final`: whether nothing more can be found out about its lines.
pub(super) fn invoice(desk: &Desk<'_>, sale: &Sale, items: &Items, is_final: bool) -> Result<Paper, Refused> {
    let unbalanced = |imbalance: Imbalance| Refused::unbalanced(&imbalance, "order");
    sale.check_balance().map_err(unbalanced)?;
    let total = sale.to_pay().map_err(|error| unbalanced(error.into()))?;
    let mut lines = Vec::with_capacity(sale.lines.len() + 1);
    for line in &sale.lines {
        lines.push(DocumentLine {
            line: line.line.clone(),
            kind: line.kind,
            moves_stock: line.kind == LineKind::Goods,
            never_left: false,
            branch: branch(desk, line.location.as_deref()),
            sku: items.of(&Wanted::from(line), is_final)?,
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: line.discount,
            amount: line.amount().map_err(|error| unbalanced(error.into()))?,
            tax: line.tax,
        });
    }
    if !sale.cash_rounding.is_zero() {
        lines.push(rounding_line(sale.cash_rounding));
    }
    let payments = match &sale.payments {
        Payments::Each { payments } => pay_codes(desk, payments)?,
        Payments::AskStorefront { .. } => Vec::new(),
    };
    let order = first_invoice(&sale.reference);
    let document = Document {
        kind: DocumentKind::Invoice,
        reference: external(desk, &sale.reference),
        credits: None,
        order_number: sale.number.clone(),
        happened_at: sale.sold_at,
        customer: Some(customer_of(desk, &sale.buyer, order)),
        branch: desk.channel.sale.branch.clone(),
        currency: sale.currency,
        tax_included: sale.tax_included,
        lines,
        payments,
        total,
    };
    let entry = Entry::of_sale(sale).map_err(unbalanced)?;
    Ok(Paper { reference: sale.reference.clone(), document, entry, of: sale.order.clone() })
}

/// The reference of an order's first invoice, whichever of its invoices this is.
fn first_invoice(reference: &DocumentRef) -> &str {
    reference.as_str().split('/').next().unwrap_or_default()
}

/// The credit note of a refund.
pub(super) fn credit_note(
    desk: &Desk<'_>,
    credit: &Credit,
    tax_included: bool,
    order_number: &str,
    items: &Items,
    is_final: bool,
) -> Result<Paper, Refused> {
    let unbalanced = |imbalance: Imbalance| Refused::unbalanced(&imbalance, "refund");
    credit.check_balance(tax_included).map_err(unbalanced)?;
    let total = credit.total(tax_included).map_err(unbalanced)?;
    let mut lines = Vec::with_capacity(credit.lines.len());
    for line in &credit.lines {
        lines.push(DocumentLine {
            line: line.line.clone(),
            kind: line.kind,
            moves_stock: line.kind == LineKind::Goods && line.restock,
            never_left: line.kind == LineKind::Goods && line.restock && line.never_left,
            branch: branch(desk, line.location.as_deref()),
            sku: items.of(&Wanted::from(line), is_final)?,
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: each(line.amount, line.quantity),
            discount: Money::zero(credit.currency),
            amount: line.amount,
            tax: line.tax,
        });
    }
    let document = Document {
        kind: DocumentKind::CreditNote,
        reference: external(desk, &credit.reference),
        credits: Some(external(desk, &credit.sale)),
        order_number: order_number.to_owned(),
        happened_at: credit.credited_at,
        // The money goes back to whoever was invoiced, so that the account nets to nothing.
        customer: None,
        branch: desk.channel.sale.branch.clone(),
        currency: credit.currency,
        tax_included,
        lines,
        payments: pay_codes(desk, &credit.refunds)?,
        total,
    };
    let entry = Entry::of_credit(credit).map_err(unbalanced)?;
    Ok(Paper { reference: credit.reference.clone(), document, entry, of: credit.order.clone() })
}

/// The branch whose stock a line moves: the one shown at the location that shipped it or took it back, else the document's.
fn branch(desk: &Desk<'_>, location: Option<&str>) -> Option<BranchCode> {
    location.and_then(|location| desk.channel.stock.branch_at(location)).cloned()
}

/// What is credited for one piece, rounded: for the eye; the line's amount is what counts.
fn each(amount: Money, pieces: i64) -> Money {
    let pieces = rust_decimal::Decimal::from(pieces.max(1));
    Money::rounded(amount.amount() / pieces, amount.currency())
}

/// Cash rounding as a line of its own, so that lines and payments agree.
fn rounding_line(amount: Money) -> DocumentLine {
    let nothing = Money::zero(amount.currency());
    DocumentLine {
        line: "cash-rounding".into(),
        kind: LineKind::Adjustment,
        sku: None,
        title: "Cash rounding".into(),
        quantity: 1,
        unit_price: amount,
        discount: nothing,
        amount,
        tax: nothing,
        moves_stock: false,
        never_left: false,
        branch: None,
    }
}

/// Payments under the office's pay codes.
fn pay_codes(desk: &Desk<'_>, payments: &[Payment]) -> Result<Vec<DocumentPayment>, Refused> {
    let code = |payment: &Payment| match desk.channel.payments.code(&payment.gateway) {
        Some(code) => Ok(DocumentPayment {
            pay_code: code.to_owned(),
            reference: payment.reference.clone(),
            amount: payment.amount,
        }),
        None => Err(Refused::lacking(
            Lack::Mapping,
            format!("no pay code is configured for the gateway `{}`", payment.gateway),
            format!("add it under [channels.payments] of channel `{}`", desk.channel.name),
        )),
    };
    payments.iter().map(code).collect()
}

/// The customer under a key that is unique over all storefronts of the office. Accounts are known by their id, guests by their
/// e-mail, and guests without one by their order alone.
fn customer_of(desk: &Desk<'_>, buyer: &Buyer, order: &str) -> DocumentCustomer {
    let shop = &desk.channel.storefront;
    let (key, has_account) = match buyer {
        Buyer::Account { id, .. } => (format!("{shop}/customer:{id}"), true),
        Buyer::Guest { profile } => match &profile.email {
            Some(email) if email != ERASED => (guest_key(shop, email), false),
            // Two who were forgotten are not one person.
            _ => (format!("{shop}/guest:{order}"), false),
        },
    };
    DocumentCustomer { key, has_account, profile: buyer.profile().clone() }
}

/// The key of a guest with that e-mail address.
pub(super) fn guest_key(shop: &crate::domain::StorefrontName, email: &str) -> String {
    format!("{shop}/guest:{}", fingerprint(email))
}

/// A key made of an e-mail address without showing it.
fn fingerprint(email: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let digest = Sha256::digest(email.trim().to_lowercase().as_bytes());
    digest.iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
