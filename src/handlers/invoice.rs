//! `sale.invoiced` → one fully paid invoice in the office, its customer found or created (F-335, F-358 to F-361).

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::{BranchCode, Buyer, CallError, EventType, Fact, LineKind, Payment, Payments, Sale, Sku};
use crate::journal::{Claim, LinkKind, Outcome, Settlement};
use crate::office::{Document, DocumentCustomer, DocumentKind, DocumentLine, DocumentPayment};

use super::document::{Wanted, book, external};
use super::outcome::{after_failure, journal_failed};
use super::{Desk, Handler, Policy};

const POLICY: Policy =
    Policy { name: "invoice", consumes: &[EventType::SaleInvoiced], batch: 64, linger: Duration::ZERO, workers: 2 };

/// Writes invoices.
pub(super) struct WriteInvoice;

/// What a credit note needs to know of the invoice it gives back; kept in the journal with the invoice.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BookedSale {
    /// Whether line prices contain tax.
    pub tax_included: bool,
    /// The number people use for the sale.
    pub order_number: String,
}

#[async_trait]
impl Handler for WriteInvoice {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let variants: Vec<String> = batch.iter().flat_map(variants_of).collect();
        let skus = match desk.journal.links_back(&desk.channel.name, LinkKind::Variant, &variants).await {
            Ok(skus) => skus,
            Err(error) => return journal_failed(batch, &error),
        };
        let known = variants.into_iter().zip(skus).filter_map(|(variant, sku)| Some((variant, sku?))).collect();
        let mut settled = Vec::new();
        let mut wanted = Vec::new();
        for claim in batch {
            let Fact::SaleInvoiced(sale) = &claim.event.draft.fact else { continue };
            match document(desk, sale, &known).await {
                Ok((document, remember)) => {
                    wanted.push(Wanted { claim, reference: sale.reference.clone(), document, remember });
                }
                Err(Refused::Dead { reason, action }) => {
                    settled.push(Settlement::of(claim, Outcome::Dead { reason, action }));
                }
                Err(Refused::Call(error)) => {
                    settled.push(Settlement::of(claim, after_failure(desk, claim, &error).await));
                }
            }
        }
        settled.extend(book(desk, DocumentKind::Invoice, wanted).await);
        settled
    }
}

/// Why no document could be made of an event.
pub(super) enum Refused {
    /// A person must look.
    Dead {
        /// What is wrong.
        reason: String,
        /// What to do.
        action: String,
    },
    /// A call failed on the way.
    Call(CallError),
}

impl Refused {
    pub(super) fn dead(reason: impl Into<String>, action: impl Into<String>) -> Self {
        Self::Dead { reason: reason.into(), action: action.into() }
    }
}

/// SKUs by the storefront's variant id.
pub(super) type KnownVariants = std::collections::HashMap<String, String>;

fn variants_of(claim: &Claim) -> Vec<String> {
    match &claim.event.draft.fact {
        Fact::SaleInvoiced(sale) => sale.lines.iter().filter_map(|line| line.variant.clone()).collect(),
        _ => Vec::new(),
    }
}

async fn document(desk: &Desk<'_>, sale: &Sale, known: &KnownVariants) -> Result<(Document, String), Refused> {
    let mut sale = sale.clone();
    if let Payments::AskStorefront { order, .. } = &sale.payments {
        let payments = desk.storefront.payments(order).await.map_err(Refused::Call)?;
        sale.payments = Payments::Each { payments };
    }
    sale.check_balance().map_err(|imbalance| {
        let action = "compare the order at the storefront; book it by hand and `tillbridge dead discard` it, or retry once it is mended";
        Refused::dead(imbalance.to_string(), action)
    })?;
    let total = sale.to_pay().map_err(|error| Refused::dead(error.to_string(), "look at the order's amounts"))?;
    let mut lines = Vec::with_capacity(sale.lines.len() + 1);
    for line in &sale.lines {
        let amount = line.amount().map_err(|error| Refused::dead(error.to_string(), "look at the order's amounts"))?;
        let sku =
            item(line.kind, line.variant.as_deref(), line.sku.as_ref(), known).map_err(|()| unknown(&line.title))?;
        lines.push(DocumentLine {
            line: line.line.clone(),
            kind: line.kind,
            moves_stock: line.kind == LineKind::Goods,
            branch: branch(desk, line.location.as_deref()),
            sku,
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: line.discount,
            amount,
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
    let booked = BookedSale { tax_included: sale.tax_included, order_number: sale.number.clone() };
    let remember = serde_json::to_string(&booked).unwrap_or_default();
    let document = Document {
        kind: DocumentKind::Invoice,
        reference: external(desk, &sale.reference),
        credits: None,
        order_number: sale.number.clone(),
        happened_at: sale.sold_at,
        customer: Some(customer(desk, &sale)),
        branch: desk.channel.sale.branch.clone(),
        currency: sale.currency,
        tax_included: sale.tax_included,
        lines,
        payments,
        total,
    };
    Ok((document, remember))
}

/// The branch whose stock a line moves: the one shown at the location that shipped it or took it back, else the document's.
pub(super) fn branch(desk: &Desk<'_>, location: Option<&str>) -> Option<BranchCode> {
    location.and_then(|location| desk.channel.stock.branch_at(location)).cloned()
}

/// The item of a line: goods by stored variant id, then by SKU; other kinds have none.
pub(super) fn item(
    kind: LineKind,
    variant: Option<&str>,
    sku: Option<&Sku>,
    known: &KnownVariants,
) -> Result<Option<Sku>, ()> {
    if kind != LineKind::Goods {
        return Ok(None);
    }
    let linked = variant.and_then(|variant| known.get(variant)).and_then(|sku| Sku::parse(sku).ok());
    linked.or_else(|| sku.cloned()).map(Some).ok_or(())
}

/// The dead letter of a line that names no item.
pub(super) fn unknown(title: &str) -> Refused {
    let title: String = title.chars().take(80).collect();
    Refused::dead(
        format!("the line `{title}` has neither a known variant nor a SKU"),
        "give the variant a SKU at the storefront or flag its style internet-active in the office, then `tillbridge dead retry`",
    )
}

/// Cash rounding as a line of its own, so that lines and payments agree.
pub(super) fn rounding_line(amount: crate::domain::Money) -> DocumentLine {
    let nothing = crate::domain::Money::zero(amount.currency());
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
        branch: None,
    }
}

/// Payments under the office's pay codes.
pub(super) fn pay_codes(desk: &Desk<'_>, payments: &[Payment]) -> Result<Vec<DocumentPayment>, Refused> {
    let code = |payment: &Payment| match desk.channel.payments.code(&payment.gateway) {
        Some(code) => Ok(DocumentPayment {
            pay_code: code.to_owned(),
            reference: payment.reference.clone(),
            amount: payment.amount,
        }),
        None => Err(Refused::dead(
            format!("no pay code is configured for the gateway `{}`", payment.gateway),
            format!("add it under [channels.payments] of channel `{}`", desk.channel.name),
        )),
    };
    payments.iter().map(code).collect()
}

/// The customer under a key that is unique over all storefronts of the office.
fn customer(desk: &Desk<'_>, sale: &Sale) -> DocumentCustomer {
    customer_of(desk, &sale.buyer, sale.reference.as_str())
}

/// Accounts are known by their id, guests by their e-mail, and guests without one by their order alone.
pub(super) fn customer_of(desk: &Desk<'_>, buyer: &Buyer, document: &str) -> DocumentCustomer {
    let shop = &desk.channel.storefront;
    let (key, has_account) = match buyer {
        Buyer::Account { id, .. } => (format!("{shop}/customer:{id}"), true),
        Buyer::Guest { profile } => match &profile.email {
            Some(email) => (guest_key(shop, email), false),
            None => (format!("{shop}/guest:{document}"), false),
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
