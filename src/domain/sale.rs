//! A sale: what was sold, for how much, and how it was paid.
//!
//! The arithmetic of promise P6 is [`Sale::check_balance`]: a document that does not add up to the last unit never reaches
//! an office.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Buyer, Currency, DocumentRef, Money, MoneyError, Placed, SaleMoment, Sku};

/// What a line stands for. The office books each kind to an account of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Goods or a service; the only kind that moves stock.
    Goods,
    /// A gift card that was sold: a liability, not revenue.
    GiftCard,
    /// A tip.
    Tip,
    /// Carriage.
    Shipping,
    /// Import duty.
    Duty,
    /// Any other fee.
    Fee,
    /// Difference between calculated and actual refund, or cash rounding.
    Adjustment,
}

impl LineKind {
    /// The word used in the office contract and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::GiftCard => "gift_card",
            Self::Tip => "tip",
            Self::Shipping => "shipping",
            Self::Duty => "duty",
            Self::Fee => "fee",
            Self::Adjustment => "adjustment",
        }
    }
}

/// One line of a sale. Amounts are the line's whole, not one piece's, except `unit_price`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SaleLine {
    /// The storefront's id of the line, unique within the document.
    pub line: String,
    /// What the line stands for.
    pub kind: LineKind,
    /// What was sold; `None` for lines that are no goods, and for goods whose SKU the storefront does not know.
    pub sku: Option<Sku>,
    /// The storefront's id of the variant that was sold, where there is one.
    pub variant: Option<String>,
    /// What the buyer read.
    pub title: String,
    /// The storefront's id of the place the pieces left from, where all of them left from one.
    pub location: Option<String>,
    /// Pieces.
    pub quantity: i64,
    /// Price of one piece before discounts, with or without tax as [`Sale::tax_included`] says.
    pub unit_price: Money,
    /// All discounts on the line together; zero or more.
    pub discount: Money,
    /// All taxes on the line together, after discounts.
    pub tax: Money,
    /// The barcode of what was sold, where the storefront was asked for it.
    #[serde(default)]
    pub barcode: Option<String>,
}

impl SaleLine {
    /// Pieces × price − discount: with tax where prices include it.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        self.unit_price.times(self.quantity)?.minus(self.discount)
    }

    /// The line in parts, one for each place its pieces left from; `None` stands for the line's own place. Discount and tax are
    /// shared by running totals, so that the parts add up to the line.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together.
    pub fn split(self, places: Vec<(Option<String>, i64)>) -> Result<Vec<Self>, MoneyError> {
        let (several, mut so_far) = (places.len() > 1, 0);
        let mut parts = Vec::with_capacity(places.len());
        for (place, quantity) in places {
            let part = |amount: Money| {
                amount.share(so_far + quantity, self.quantity)?.minus(amount.share(so_far, self.quantity)?)
            };
            let (discount, tax) = (part(self.discount)?, part(self.tax)?);
            let line = match &place {
                Some(place) if several => format!("{}@{place}", self.line),
                _ => self.line.clone(),
            };
            let location = place.or_else(|| self.location.clone());
            parts.push(Self { line, location, quantity, discount, tax, ..self.clone() });
            so_far += quantity;
        }
        Ok(parts)
    }
}

/// One payment of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Payment {
    /// The storefront's id of the transaction, where known; unique within the document.
    pub reference: Option<String>,
    /// The storefront's word for the way of paying, such as `shopify_payments` or `gift_card`.
    pub gateway: String,
    /// How much.
    pub amount: Money,
}

/// How a sale was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "known", rename_all = "snake_case")]
pub enum Payments {
    /// Each payment is known.
    Each {
        /// The payments; they add up to [`Sale::to_pay`].
        payments: Vec<Payment>,
    },
    /// The delivery names several ways of paying but not their amounts; they must be read from the storefront.
    AskStorefront {
        /// The storefront's id of the order.
        order: String,
        /// The ways of paying it names.
        gateways: Vec<String>,
    },
}

/// A sale that is complete at the storefront and becomes one invoice, fully paid, in the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sale {
    /// The reference that makes it unique in the books.
    pub reference: DocumentRef,
    /// The order it is of, where the storefront itself writes the invoices of an order and this is one of them; `None` where the
    /// reference is the order's own.
    #[serde(default)]
    pub order: Option<DocumentRef>,
    /// The number people use for it, such as `#1001`.
    pub number: String,
    /// Booking currency: the shop's, not the buyer's.
    pub currency: Currency,
    /// When it was sold, UTC.
    #[schemars(with = "String")]
    pub sold_at: Timestamp,
    /// Who bought.
    pub buyer: Buyer,
    /// Whether line prices contain their tax.
    pub tax_included: bool,
    /// Everything that was sold and charged.
    pub lines: Vec<SaleLine>,
    /// What the storefront says all taxes come to.
    pub stated_tax: Money,
    /// What the storefront says the sale comes to, tax included, cash rounding not.
    pub stated_total: Money,
    /// What cash rounding adds to (or takes from) the sum that was paid; zero without cash.
    pub cash_rounding: Money,
    /// How it was paid.
    pub payments: Payments,
    /// The moment the delivery tells of; a channel books sales at one moment.
    #[serde(default)]
    pub moment: SaleMoment,
    /// How the order came about.
    #[serde(default)]
    pub placed: Placed,
}

/// A document whose parts do not add up, with the arithmetic a person needs to see why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Imbalance {
    /// A sum differs from what the storefront stated.
    #[error("{what} does not balance: {arithmetic} = {computed}, but the storefront says {stated}")]
    Differs {
        /// Which sum.
        what: &'static str,
        /// The parts, written out.
        arithmetic: String,
        /// What the parts come to.
        computed: Money,
        /// What was stated.
        stated: Money,
    },
    /// Amounts could not even be added.
    #[error("the amounts cannot be added: {0}")]
    Unaddable(#[from] MoneyError),
}

impl Sale {
    /// What was to be paid: the stated total with cash rounding.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together.
    pub fn to_pay(&self) -> Result<Money, MoneyError> {
        self.stated_total.plus(self.cash_rounding)
    }

    /// Checks promise P6: the lines add up to the stated total, their taxes to the stated tax and, where they are known, the
    /// payments to what was to be paid.
    ///
    /// # Errors
    /// [`Imbalance`] with the arithmetic.
    pub fn check_balance(&self) -> Result<(), Imbalance> {
        let lines = self.lines.iter().map(SaleLine::amount).collect::<Result<Vec<_>, _>>()?;
        let taxes: Vec<Money> = self.lines.iter().map(|line| line.tax).collect();
        agree("tax", self.currency, &taxes, self.stated_tax)?;
        let mut parts = lines;
        if !self.tax_included {
            parts.push(self.stated_tax);
        }
        agree("the total", self.currency, &parts, self.stated_total)?;
        if let Payments::Each { payments } = &self.payments {
            let paid: Vec<Money> = payments.iter().map(|payment| payment.amount).collect();
            agree("what was paid", self.currency, &paid, self.to_pay()?)?;
        }
        Ok(())
    }
}

/// Compares a sum with what was stated.
pub(super) fn agree(what: &'static str, currency: Currency, parts: &[Money], stated: Money) -> Result<(), Imbalance> {
    let computed = Money::sum(currency, parts.iter().copied())?;
    if computed == stated {
        return Ok(());
    }
    const SHOWN: usize = 24;
    let mut arithmetic = parts.iter().take(SHOWN).map(|part| part.amount().to_string()).collect::<Vec<_>>().join(" + ");
    if parts.len() > SHOWN {
        arithmetic = format!("{arithmetic} + … ({} more)", parts.len() - SHOWN);
    }
    if arithmetic.is_empty() {
        arithmetic.push('0');
    }
    Err(Imbalance::Differs { what, arithmetic, computed, stated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CustomerProfile;

    fn euros(text: &str) -> Money {
        Money::parse(text, Currency::parse("EUR").unwrap()).unwrap()
    }

    fn sale(tax_included: bool, total: &str) -> Sale {
        let line = |id: &str, kind, pieces, price: &str, discount: &str, tax: &str| SaleLine {
            line: id.into(),
            kind,
            sku: None,
            variant: None,
            location: None,
            title: id.into(),
            quantity: pieces,
            unit_price: euros(price),
            discount: euros(discount),
            tax: euros(tax),
            barcode: None,
        };
        Sale {
            reference: DocumentRef::parse("order:1").unwrap(),
            order: None,
            number: "#1".into(),
            currency: Currency::parse("EUR").unwrap(),
            sold_at: Timestamp::UNIX_EPOCH,
            buyer: Buyer::Guest { profile: CustomerProfile::default() },
            tax_included,
            lines: vec![
                line("shirt", LineKind::Goods, 3, "10.00", "0.01", "2.00"),
                line("post", LineKind::Shipping, 1, "5.00", "0.00", "0.33"),
            ],
            stated_tax: euros("2.33"),
            stated_total: euros(total),
            cash_rounding: euros("-0.02"),
            payments: Payments::AskStorefront { order: "1".into(), gateways: Vec::new() },
            moment: SaleMoment::Fulfilled,
            placed: Placed::default(),
        }
    }

    #[test]
    fn tax_counts_once_whether_prices_contain_it_or_not() {
        assert_eq!(sale(true, "34.99").check_balance(), Ok(()));
        assert_eq!(sale(false, "37.32").check_balance(), Ok(()));
    }

    #[test]
    fn a_cent_too_few_is_told_with_its_arithmetic() {
        let imbalance = sale(false, "37.31").check_balance().unwrap_err();
        assert_eq!(
            imbalance.to_string(),
            "the total does not balance: 29.99 + 5.00 + 2.33 = 37.32 EUR, but the storefront says 37.31 EUR"
        );
    }

    #[test]
    fn what_was_paid_is_the_total_with_cash_rounding() {
        let mut sale = sale(true, "34.99");
        let pay = |amount| Payments::Each {
            payments: vec![Payment { reference: None, gateway: "cash".into(), amount: euros(amount) }],
        };
        sale.payments = pay("34.97");
        assert_eq!(sale.check_balance(), Ok(()));
        sale.payments = pay("34.99");
        assert!(sale.check_balance().is_err());
    }
}
