//! What the office has on its books for one order: the sum of all documents booked for it so far.
//!
//! What comes in: the [`Entry`] of each document, made of nothing but the document itself, so the ledger and the books cannot
//! tell two stories. What goes out: the figures [`super::reckon`] compares with what should be there. Kept in the journal
//! with each document's number, in one transaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Credit, Currency, DocumentRef, Imbalance, LineKind, Money, MoneyError, Payments, Sale, SaleLine};

/// The id of a line that says what the shop owes the buyer, or settles it.
pub(super) const BALANCE: &str = "balance";

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Whether line prices contain tax.
    pub tax_included: bool,
    /// The number people use for the sale.
    pub order_number: String,
    /// Invoices so far.
    pub invoices: u32,
    /// What was invoiced, by line; charges by their kind.
    pub sold: BTreeMap<String, Sold>,
    /// Money that invoices say came in.
    pub received: Money,
    /// Cash rounding within it.
    pub rounding: Money,
    /// What the shop owes the buyer by these documents: given back or paid too much, and not paid out yet.
    pub owed: Money,
    /// What was credited, by the reference of the refund.
    pub returns: BTreeMap<String, Returned>,
}

/// What was invoiced of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// Pieces; none for charges.
    pub pieces: i64,
    /// Amount after discounts, with or without tax as the documents say.
    pub amount: Money,
    /// Its tax.
    pub tax: Money,
    /// Pieces by the place they left from; an empty name where that was not known.
    pub from: BTreeMap<String, i64>,
}

/// What was credited of one refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Money that credit notes say went back.
    pub paid: Money,
    /// Credit notes so far; the first has what was given back.
    pub notes: u32,
    /// Transactions that are known to be part of it.
    pub transactions: Vec<String>,
}

/// What one document adds to the [`Books`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    number: Option<String>,
    tax_included: bool,
    sold: Vec<(String, Sold)>,
    received: Money,
    rounding: Money,
    owed: Money,
    credit: Option<(String, Returned)>,
}

/// The name of a line in the books. What is charged for the whole order goes by its kind, because storefronts name such lines
/// differently from one place to the next.
pub(super) fn key(kind: LineKind, line: &str) -> &str {
    match kind {
        LineKind::Shipping => "shipping",
        LineKind::Duty => "duty",
        LineKind::Fee => "fee",
        _ => line.split('@').next().unwrap_or(line),
    }
}

fn counts(kind: LineKind) -> bool {
    matches!(kind, LineKind::Goods | LineKind::GiftCard | LineKind::Tip)
}

impl Entry {
    /// What an invoice adds.
    ///
    /// # Errors
    /// [`Imbalance::Unaddable`] when amounts do not fit together.
    pub fn of_sale(sale: &Sale) -> Result<Self, Imbalance> {
        let nothing = Money::zero(sale.currency);
        let mut entry = Self {
            number: Some(sale.number.clone()),
            tax_included: sale.tax_included,
            sold: Vec::with_capacity(sale.lines.len()),
            received: match &sale.payments {
                Payments::Each { payments } => Money::sum(sale.currency, payments.iter().map(|one| one.amount))?,
                Payments::AskStorefront { .. } => sale.to_pay()?,
            },
            rounding: sale.cash_rounding,
            owed: nothing,
            credit: None,
        };
        for line in &sale.lines {
            if line.line == BALANCE {
                entry.owed = entry.owed.plus(line.amount()?)?;
            } else {
                entry.sold.push((key(line.kind, &line.line).to_owned(), sold(line)?));
            }
        }
        Ok(entry)
    }

    /// What a credit note adds.
    ///
    /// # Errors
    /// [`Imbalance::Unaddable`] when amounts do not fit together.
    pub fn of_credit(credit: &Credit) -> Result<Self, Imbalance> {
        let nothing = Money::zero(credit.currency);
        let balance = credit.lines.iter().filter(|line| line.line == BALANCE).map(|line| line.amount.negated());
        let returned = Returned {
            paid: Money::sum(credit.currency, credit.refunds.iter().map(|refund| refund.amount))?,
            notes: 1,
            transactions: credit.refunds.iter().filter_map(|refund| refund.reference.clone()).collect(),
        };
        Ok(Self {
            number: None,
            tax_included: false,
            sold: Vec::new(),
            received: nothing,
            rounding: nothing,
            owed: Money::sum(credit.currency, balance)?,
            credit: Some((refund_of(&credit.reference).to_owned(), returned)),
        })
    }
}

fn sold(line: &SaleLine) -> Result<Sold, MoneyError> {
    let pieces = if counts(line.kind) { line.quantity } else { 0 };
    let mut from = BTreeMap::new();
    if line.kind == LineKind::Goods {
        from.insert(line.location.clone().unwrap_or_default(), pieces);
    }
    Ok(Sold { pieces, amount: line.amount()?, tax: line.tax, from })
}

/// The refund a credit note is of, whichever of its notes it is.
fn refund_of(reference: &DocumentRef) -> &str {
    reference.as_str().split('/').next().unwrap_or_default()
}

impl Books {
    /// Books with nothing in them.
    #[must_use]
    pub fn empty(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self {
            tax_included: false,
            order_number: String::new(),
            invoices: 0,
            sold: BTreeMap::new(),
            received: nothing,
            rounding: nothing,
            owed: nothing,
            returns: BTreeMap::new(),
        }
    }

    /// Adds a document.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together; the books are then as they were.
    pub fn enter(&mut self, entry: &Entry) -> Result<(), MoneyError> {
        let mut books = self.clone();
        if let Some(number) = &entry.number {
            books.invoices += 1;
            books.order_number.clone_from(number);
            books.tax_included = entry.tax_included;
        }
        for (key, sold) in &entry.sold {
            match books.sold.get_mut(key) {
                Some(known) => known.add(sold)?,
                None => {
                    books.sold.insert(key.clone(), sold.clone());
                }
            }
        }
        books.received = books.received.plus(entry.received)?;
        books.rounding = books.rounding.plus(entry.rounding)?;
        books.owed = books.owed.plus(entry.owed)?;
        if let Some((refund, returned)) = &entry.credit {
            match books.returns.get_mut(refund) {
                Some(known) => {
                    known.paid = known.paid.plus(returned.paid)?;
                    known.notes += returned.notes;
                    known.transactions.extend(returned.transactions.iter().cloned());
                }
                None => {
                    books.returns.insert(refund.clone(), returned.clone());
                }
            }
        }
        *self = books;
        Ok(())
    }

    /// What was credited of a refund.
    #[must_use]
    pub fn returned(&self, refund: &DocumentRef) -> Option<&Returned> {
        self.returns.get(refund.as_str())
    }

    /// Whether a transaction is part of a credit note already.
    #[must_use]
    pub fn knows_transaction(&self, id: &str) -> bool {
        self.returns.values().any(|one| one.transactions.iter().any(|known| known == id))
    }

    /// Whether these books have everything a sale as told by a delivery has: the same pieces for the same amounts.
    #[must_use]
    pub fn cover(&self, sale: &Sale) -> bool {
        let Ok(told) = Entry::of_sale(sale) else { return false };
        let mut fresh = Self::empty(sale.currency);
        if fresh.enter(&told).is_err() {
            return false;
        }
        let same = |(key, line): (&String, &Sold)| {
            self.sold.get(key).is_some_and(|known| known.pieces >= line.pieces && known.amount == line.amount)
        };
        fresh.sold.iter().all(same)
    }
}

impl Sold {
    fn add(&mut self, more: &Self) -> Result<(), MoneyError> {
        self.pieces += more.pieces;
        self.amount = self.amount.plus(more.amount)?;
        self.tax = self.tax.plus(more.tax)?;
        for (place, pieces) in &more.from {
            *self.from.entry(place.clone()).or_insert(0) += pieces;
        }
        Ok(())
    }
}
