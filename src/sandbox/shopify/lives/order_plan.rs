//! What is ordered, before anything has an id. Amounts are whole smallest units of the currency.

use crate::domain::{Currency, Money};

/// An amount in the smallest unit of a currency: cents, or yen.
pub type Minor = i64;

/// What a shop knows of one SKU, enough to sell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuInfo {
    /// The SKU.
    pub sku: String,
    /// What the buyer reads.
    pub title: String,
    /// Price of one piece.
    pub price: Money,
    /// The shop's ids.
    pub ids: LineIds,
}

/// The ids a sold line refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineIds {
    /// Product.
    pub product: u64,
    /// Variant.
    pub variant: u64,
    /// Inventory item.
    pub inventory_item: u64,
}

/// An order to be placed, paid in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlan {
    /// The shop's currency.
    pub currency: Currency,
    /// Whether prices contain their tax.
    pub taxes_included: bool,
    /// Who buys.
    pub buyer: BuyerPlan,
    /// What is bought; tips too.
    pub lines: Vec<LinePlan>,
    /// How it travels.
    pub shipping: Vec<Carriage>,
    /// Discounts that lines and carriage refer to by index.
    pub discounts: Vec<DiscountPlan>,
    /// Additional fees.
    pub fees: Minor,
    /// What cash rounding adds to the sum that is paid, or takes from it.
    pub cash_rounding: Minor,
    /// How it is paid; adds up to [`Totals::to_pay`].
    pub payments: Vec<PaymentPlan>,
    /// A gift message, kept as a note attribute.
    pub gift_message: Option<String>,
    /// Whether it is sold at the shop's own point of sale.
    pub at_till: bool,
    /// Whether it is placed as a test.
    pub test: bool,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuyerPlan {
    /// A person with an account.
    Account {
        /// Id of the account.
        id: u64,
        /// Number that makes name and e-mail.
        person: u32,
    },
    /// A person without an account who left an e-mail address.
    Guest {
        /// Number that makes name and e-mail.
        person: u32,
    },
    /// Somebody who left nothing at all.
    Nobody,
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSort {
    /// Goods that are shipped.
    Goods,
    /// A gift card that is sold.
    GiftCard,
    /// A tip.
    Tip,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlan {
    /// What it stands for.
    pub sort: LineSort,
    /// The SKU, for goods.
    pub sku: Option<String>,
    /// The shop's ids, where the thing exists there.
    pub ids: Option<LineIds>,
    /// What the buyer reads.
    pub title: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of one piece before discounts.
    pub unit_price: Minor,
    /// Discounts on the whole line: index into [`OrderPlan::discounts`] and amount.
    pub discounts: Vec<(usize, Minor)>,
    /// Taxes on the whole line after discounts.
    pub taxes: Vec<TaxPlan>,
    /// Import duty on the whole line.
    pub duty: Minor,
}

/// Carriage of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carriage {
    /// What the buyer reads.
    pub title: String,
    /// Price before discounts.
    pub price: Minor,
    /// Discounts: index into [`OrderPlan::discounts`] and amount.
    pub discounts: Vec<(usize, Minor)>,
    /// Taxes after discounts.
    pub taxes: Vec<TaxPlan>,
}

/// One tax on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxPlan {
    /// Its name.
    pub title: String,
    /// Its rate, in parts of a hundred thousand.
    pub rate: i64,
    /// What it comes to.
    pub amount: Minor,
}

/// How a discount is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscountMethod {
    /// Percent of the price.
    Percent(i64),
    /// A fixed amount.
    Fixed(Minor),
}

/// A discount that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscountPlan {
    /// The code the buyer entered; `None` for one that applies by itself.
    pub code: Option<String>,
    /// Its name.
    pub title: String,
    /// How it is reckoned.
    pub method: DiscountMethod,
    /// Whether it applies to carriage instead of lines.
    pub on_shipping: bool,
    /// Whether it is spread over the whole order.
    pub across: bool,
}

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentPlan {
    /// The shop's word for the way of paying.
    pub gateway: String,
    /// How much is paid.
    pub amount: Minor,
}

/// What an order comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Lines without tips, before discounts.
    pub line_items: Minor,
    /// Discounts on lines.
    pub line_discounts: Minor,
    /// Lines without tips, after discounts.
    pub subtotal: Minor,
    /// Carriage before discounts.
    pub shipping: Minor,
    /// Discounts on carriage.
    pub shipping_discounts: Minor,
    /// All taxes.
    pub tax: Minor,
    /// Import duties.
    pub duties: Minor,
    /// Additional fees.
    pub fees: Minor,
    /// Tips.
    pub tips: Minor,
    /// What the order comes to.
    pub total: Minor,
    /// What is paid: the total with cash rounding.
    pub to_pay: Minor,
}

impl LinePlan {
    /// What the whole line comes to after discounts.
    #[must_use]
    pub fn amount(&self) -> Minor {
        self.unit_price * self.quantity - sum_of(&self.discounts)
    }

    /// All taxes on the line.
    #[must_use]
    pub fn tax(&self) -> Minor {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }
}

impl Carriage {
    /// What carriage comes to after discounts.
    #[must_use]
    pub fn amount(&self) -> Minor {
        self.price - sum_of(&self.discounts)
    }

    /// All taxes on it.
    #[must_use]
    pub fn tax(&self) -> Minor {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }
}

impl OrderPlan {
    /// A plain order of some goods: no discounts, taxes or carriage, paid by card by a guest.
    #[must_use]
    pub fn plain(currency: Currency, goods: &[(&SkuInfo, i64)]) -> Self {
        let lines: Vec<LinePlan> = goods.iter().map(|(info, quantity)| LinePlan::goods(info, *quantity)).collect();
        let mut plan = Self {
            currency,
            taxes_included: false,
            buyer: BuyerPlan::Guest { person: 1 },
            lines,
            shipping: Vec::new(),
            discounts: Vec::new(),
            fees: 0,
            cash_rounding: 0,
            payments: Vec::new(),
            gift_message: None,
            at_till: false,
            test: false,
        };
        plan.pay_by("shopify_payments");
        plan
    }

    /// Replaces the payments by a single one of everything that is to be paid.
    pub fn pay_by(&mut self, gateway: &str) {
        self.payments = vec![PaymentPlan { gateway: gateway.to_owned(), amount: self.totals().to_pay }];
    }

    /// What the order comes to.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let goods = || self.lines.iter().filter(|line| line.sort != LineSort::Tip);
        let line_items = goods().map(|line| line.unit_price * line.quantity).sum::<Minor>();
        let line_discounts = goods().map(|line| sum_of(&line.discounts)).sum::<Minor>();
        let shipping = self.shipping.iter().map(|carriage| carriage.price).sum::<Minor>();
        let shipping_discounts = self.shipping.iter().map(|carriage| sum_of(&carriage.discounts)).sum::<Minor>();
        let tax = self.lines.iter().map(LinePlan::tax).sum::<Minor>()
            + self.shipping.iter().map(Carriage::tax).sum::<Minor>();
        let duties = self.lines.iter().map(|line| line.duty).sum::<Minor>();
        let tips = self.lines.iter().filter(|line| line.sort == LineSort::Tip).map(LinePlan::amount).sum::<Minor>();
        let subtotal = line_items - line_discounts;
        let untaxed = subtotal + shipping - shipping_discounts + duties + self.fees + tips;
        let total = if self.taxes_included { untaxed } else { untaxed + tax };
        Totals {
            line_items,
            line_discounts,
            subtotal,
            shipping,
            shipping_discounts,
            tax,
            duties,
            fees: self.fees,
            tips,
            total,
            to_pay: total + self.cash_rounding,
        }
    }
}

impl LinePlan {
    /// Goods at their price, without discounts or taxes.
    #[must_use]
    pub fn goods(info: &SkuInfo, quantity: i64) -> Self {
        Self {
            sort: LineSort::Goods,
            sku: Some(info.sku.clone()),
            ids: Some(info.ids),
            title: info.title.clone(),
            quantity,
            unit_price: minor(info.price),
            discounts: Vec::new(),
            taxes: Vec::new(),
            duty: 0,
        }
    }
}

/// Money in smallest units.
pub(in super::super) fn minor(money: Money) -> Minor {
    i64::try_from(money.amount().mantissa()).unwrap_or(i64::MAX)
}

fn sum_of(discounts: &[(usize, Minor)]) -> Minor {
    discounts.iter().map(|(_, amount)| amount).sum()
}
