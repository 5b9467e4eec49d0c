//! A credit: what was given back, in goods and in money.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::sale::agree;
use super::{Currency, DocumentRef, Imbalance, LineKind, Money, Payment, Placed, Sku};

/// One line of a credit note. Amounts are positive for what goes back to the buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CreditLine {
    /// The storefront's id of the line, unique within the document.
    pub line: String,
    /// What the line stands for.
    pub kind: LineKind,
    /// What came back, for goods.
    pub sku: Option<Sku>,
    /// The storefront's id of the variant.
    pub variant: Option<String>,
    /// What the buyer read.
    pub title: String,
    /// Pieces; 1 for lines that are no goods.
    pub quantity: i64,
    /// What is credited for the line, after discounts, with or without tax as [`Credit::tax_included`] says.
    pub amount: Money,
    /// Tax credited for the line.
    pub tax: Money,
    /// Whether the pieces go back into stock.
    pub restock: bool,
    /// Whether they do because they never left: then the storefront's order holds them no more.
    #[serde(default)]
    pub never_left: bool,
    /// The storefront's id of the place they go back to, where it says so.
    pub location: Option<String>,
    /// The barcode of what came back, where the storefront was asked for it.
    #[serde(default)]
    pub barcode: Option<String>,
}

impl CreditLine {
    /// A line that is no goods.
    #[must_use]
    pub fn other(line: String, kind: LineKind, title: &str, amount: Money, tax: Money) -> Self {
        Self {
            line,
            kind,
            sku: None,
            variant: None,
            title: title.into(),
            quantity: 1,
            amount,
            tax,
            restock: false,
            never_left: false,
            location: None,
            barcode: None,
        }
    }

    /// Whether it is no thing given back but a difference: between reckoned and paid, or by the rounding of cash.
    #[must_use]
    pub fn is_difference(&self) -> bool {
        self.kind == LineKind::Adjustment
    }
}

/// A refund at the storefront that becomes one credit note with its refund on account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Credit {
    /// The reference that makes it unique in the books.
    pub reference: DocumentRef,
    /// The sale it gives back; its invoice must be in the books first.
    pub sale: DocumentRef,
    /// The order it is of, where the sale it gives back is one of an order's several; `None` where the sale is the order itself.
    #[serde(default)]
    pub order: Option<DocumentRef>,
    /// Booking currency: the shop's.
    pub currency: Currency,
    /// When it was given back, UTC.
    #[schemars(with = "String")]
    pub credited_at: Timestamp,
    /// Whether line amounts contain their tax; `None` when the delivery does not say (the sale does).
    pub tax_included: Option<bool>,
    /// What is given back.
    pub lines: Vec<CreditLine>,
    /// The money that went back; only what really moved.
    pub refunds: Vec<Payment>,
    /// Money that is promised but has not moved yet. A credit note is written when this is zero.
    pub pending: Money,
    /// How the order came about, where the delivery says so.
    #[serde(default)]
    pub placed: Option<Placed>,
}

impl Credit {
    /// What the credit note comes to.
    ///
    /// # Errors
    /// [`Imbalance::Unaddable`] when amounts do not fit together.
    pub fn total(&self, tax_included: bool) -> Result<Money, Imbalance> {
        Ok(Money::sum(self.currency, self.parts(tax_included))?)
    }

    /// Checks promise P6: what is given back on the lines is the money that went back.
    ///
    /// # Errors
    /// [`Imbalance`] with the arithmetic.
    pub fn check_balance(&self, tax_included: bool) -> Result<(), Imbalance> {
        let refunded = Money::sum(self.currency, self.refunds.iter().map(|refund| refund.amount))?;
        agree("the refund", self.currency, &self.parts(tax_included), refunded)
    }

    fn parts(&self, tax_included: bool) -> Vec<Money> {
        let mut parts: Vec<Money> = self.lines.iter().map(|line| line.amount).collect();
        if !tax_included {
            parts.extend(self.lines.iter().map(|line| line.tax));
        }
        parts
    }
}
