//! What is ordered and given back, before anything has an id. Amounts are whole smallest units of the base currency.

use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::figures::Minor;
use crate::domain::Currency;

/// An order to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlan {
    /// Who buys.
    pub buyer: Buyer,
    /// Where the invoice goes.
    pub billing: Place,
    /// Where the goods go, when not to the billing address.
    pub shipping_to: Option<Place>,
    /// What is bought.
    pub lines: Vec<LinePlan>,
    /// Carriage as the buyer sees it, with or without tax as the shop's prices are.
    pub carriage: Minor,
    /// Tax on the carriage, in hundredths of a percent.
    pub carriage_rate: i64,
    /// What is taken off the carriage.
    pub carriage_discount: Minor,
    /// Payment method, such as `checkmo`.
    pub method: String,
    /// Coupon code that made the discounts.
    pub coupon: Option<String>,
    /// Paid by gift cards and by store credit as far as it comes to so much; Adobe Commerce alone has them.
    pub paid_by: (Minor, Minor),
    /// The currency the buyer sees, and how much of it one unit of the base currency is.
    pub foreign: Option<(Currency, Decimal)>,
    /// The store view it is placed in, when not the default.
    pub store: Option<u64>,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// The account, if there is one.
    pub account: Option<u64>,
    /// E-mail address.
    pub email: String,
    /// First name; guests may lack it.
    pub first: Option<String>,
    /// Last name; guests may lack it.
    pub last: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Company.
    pub company: Option<String>,
    /// Lines of the street.
    pub street: Vec<String>,
    /// Town.
    pub city: String,
    /// Postcode.
    pub postcode: Option<String>,
    /// Country's ISO code of two letters.
    pub country: String,
    /// Region's name, code and the installation's id.
    pub region: Option<(String, String, u64)>,
    /// Telephone number.
    pub telephone: Option<String>,
}

/// What a line stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineSort {
    /// Something on the shelf.
    Simple,
    /// Something that is not sent.
    Virtual,
    /// One of a configurable's children, sold under the configurable with this SKU.
    ChildOf(String),
    /// A part of a grouped product, sold by itself.
    Grouped,
    /// A bundle at a price of its own; parts: SKU and pieces in each bundle.
    FixedBundle(Vec<(String, i64)>),
    /// A bundle at the sum of its parts: SKU, pieces in each bundle, unit price.
    DynamicBundle(Vec<(String, i64, Minor)>),
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlan {
    /// The SKU that is sold; for a bundle, the bundle's.
    pub sku: String,
    /// What it stands for.
    pub sort: LineSort,
    /// Pieces.
    pub pieces: i64,
    /// Price of one piece before discounts, with or without tax as the shop's prices are.
    pub unit: Minor,
    /// Discount on the whole line.
    pub discount: Minor,
    /// Tax in hundredths of a percent.
    pub rate: i64,
}

/// What is given back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreditPlan {
    /// Index of the order's top line, pieces, and whether they go back on the shelf.
    pub lines: Vec<(usize, i64, bool)>,
    /// Carriage without tax that is given back; `None` gives all that is left.
    pub carriage: Option<Minor>,
    /// What is given on top.
    pub positive: Minor,
    /// What is kept back.
    pub negative: Minor,
    /// The invoice it is made from.
    pub invoice: Option<u64>,
}

impl OrderPlan {
    /// A guest's order of these lines, paid by bank transfer, without carriage.
    #[must_use]
    pub fn by_guest(lines: Vec<LinePlan>) -> Self {
        Self {
            buyer: Buyer { account: None, email: "guest@example.com".to_owned(), first: None, last: None },
            billing: Place::example("Gina", "Guest"),
            shipping_to: None,
            lines,
            carriage: 0,
            carriage_rate: 0,
            carriage_discount: 0,
            method: "banktransfer".to_owned(),
            coupon: None,
            paid_by: (0, 0),
            foreign: None,
            store: None,
        }
    }

    /// The same with carriage.
    #[must_use]
    pub fn sent_for(mut self, carriage: Minor, rate: i64) -> Self {
        (self.carriage, self.carriage_rate) = (carriage, rate);
        self
    }

    /// The rate to the buyer's currency; one where there is none.
    pub(super) fn foreign_rate(&self) -> Decimal {
        self.foreign.map_or(Decimal::ONE, |(_, rate)| rate)
    }

    /// An amount of the base currency in the buyer's, rounded to the cent.
    pub(super) fn converted(&self, amount: Minor) -> Minor {
        let exact = Decimal::from(amount) * self.foreign_rate();
        let rounded = exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        Minor::from_str(&rounded.normalize().to_string()).unwrap_or(amount)
    }
}

impl LinePlan {
    /// Pieces of something on the shelf, at 15 % tax.
    #[must_use]
    pub fn simple(sku: &str, pieces: i64, unit: Minor) -> Self {
        Self { sku: sku.to_owned(), sort: LineSort::Simple, pieces, unit, discount: 0, rate: 1_500 }
    }

    /// The same with so much off the whole line.
    #[must_use]
    pub fn less(mut self, discount: Minor) -> Self {
        self.discount = discount;
        self
    }

    /// The same as another sort of line.
    #[must_use]
    pub fn sold_as(mut self, sort: LineSort) -> Self {
        self.sort = sort;
        self
    }
}

impl Place {
    /// An address in Auckland.
    #[must_use]
    pub fn example(first: &str, last: &str) -> Self {
        Self {
            first: first.to_owned(),
            last: last.to_owned(),
            company: None,
            street: vec!["12 Harbour Street".to_owned()],
            city: "Auckland".to_owned(),
            postcode: Some("1010".to_owned()),
            country: "NZ".to_owned(),
            region: None,
            telephone: Some("+64 9 555 0100".to_owned()),
        }
    }
}
