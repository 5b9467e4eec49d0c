//! The shop's arithmetic, in whole smallest units: rows with their taxes, parts of rows, totals of documents.
//!
//! What comes in: unit prices, pieces, rates and discounts. What goes out: the figures Magento would have on its documents:
//! tax counted on the row after discount, and for prices that contain tax the `discount_tax_compensation_amount` that makes the
//! row add up again. It shares nothing with the adapters, so that agreement between the two proves something.

/// An amount in the smallest unit of a currency: cents, or yen.
pub type Minor = i64;

/// The same thing in the website's base currency and in the currency the buyer saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// Base currency.
    pub base: T,
    /// Order currency.
    pub shown: T,
}

impl<T> Both<T> {
    /// Works on each of the two.
    pub(super) fn map<U>(self, mut work: impl FnMut(T) -> U) -> Both<U> {
        Both { base: work(self.base), shown: work(self.shown) }
    }

    /// Joins two pairs.
    pub(super) fn with<U, V>(self, other: Both<U>, mut work: impl FnMut(T, U) -> V) -> Both<V> {
        Both { base: work(self.base, other.base), shown: work(self.shown, other.shown) }
    }
}

/// The amounts of a row, or of the shipping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowMoney {
    /// Without tax, before discount.
    pub row: Minor,
    /// With tax, before discount.
    pub row_incl: Minor,
    /// What is taken off.
    pub discount: Minor,
    /// Tax on what is left.
    pub tax: Minor,
    /// Tax that the discount saved, where prices contain tax.
    pub compensation: Minor,
}

/// A row and the price of one piece, without and with tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Priced {
    pub money: RowMoney,
    pub price: Minor,
    pub price_incl: Minor,
}

/// Divides and rounds half away from zero.
pub(super) fn round_div(amount: i128, by: i128) -> Minor {
    let (by, sign) = if by < 0 { (-by, -1) } else { (by, 1) };
    let amount = amount * sign;
    let rounded = (amount.abs() * 2 + by) / (2 * by.max(1)) * amount.signum();
    Minor::try_from(rounded).unwrap_or(Minor::MAX)
}

/// An amount times a rate in hundredths of a percent.
fn share(amount: Minor, rate: i64, included: bool) -> Minor {
    let by = if included { 10_000 + i128::from(rate) } else { 10_000 };
    round_div(i128::from(amount) * i128::from(rate), by)
}

impl Priced {
    /// A row of so many pieces at a unit price, which contains tax or not; `rate` is in hundredths of a percent.
    pub(super) fn row(unit: Minor, pieces: i64, rate: i64, included: bool, discount: Minor) -> Self {
        let gross = unit * pieces;
        let before = share(gross, rate, included);
        let tax = share(gross - discount, rate, included);
        let (row, row_incl) = if included { (gross - before, gross) } else { (gross, gross + before) };
        let compensation = if included { before - tax } else { 0 };
        let price = if included { round_div(i128::from(row), i128::from(pieces.max(1))) } else { unit };
        let price_incl = if included { unit } else { unit + share(unit, rate, false) };
        Self { money: RowMoney { row, row_incl, discount, tax, compensation }, price, price_incl }
    }
}

impl RowMoney {
    /// What the row adds to a grand total.
    #[must_use]
    pub fn payable(self) -> Minor {
        self.row + self.tax + self.compensation - self.discount
    }

    /// The share of `pieces` after `done` of `all`. Roundings are carried, so that all shares together are the whole.
    pub(super) fn part(self, done: i64, pieces: i64, all: i64) -> Self {
        let upto =
            |amount: Minor, count: i64| round_div(i128::from(amount) * i128::from(count), i128::from(all.max(1)));
        self.map(|amount| upto(amount, done + pieces) - upto(amount, done))
    }

    /// The share of an amount without tax in a whole of which some is left.
    pub(super) fn worth(self, amount: Minor, left: Self) -> Self {
        if amount == left.row {
            return left;
        }
        let scaled = |whole: Minor| round_div(i128::from(whole) * i128::from(amount), i128::from(self.row.max(1)));
        Self { row: amount, ..self.map(scaled) }.with(left, Minor::min)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        self.with(other, |one, other| one + other)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.with(other, |one, other| one - other)
    }

    fn map(self, mut work: impl FnMut(Minor) -> Minor) -> Self {
        Self {
            row: work(self.row),
            row_incl: work(self.row_incl),
            discount: work(self.discount),
            tax: work(self.tax),
            compensation: work(self.compensation),
        }
    }

    fn with(self, other: Self, work: impl Fn(Minor, Minor) -> Minor) -> Self {
        Self {
            row: work(self.row, other.row),
            row_incl: work(self.row_incl, other.row_incl),
            discount: work(self.discount, other.discount),
            tax: work(self.tax, other.tax),
            compensation: work(self.compensation, other.compensation),
        }
    }
}

/// The totals of an order, an invoice or a credit memo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All rows together.
    pub rows: RowMoney,
    /// The shipping.
    pub shipping: RowMoney,
    /// What a credit memo gives on top.
    pub positive: Minor,
    /// What a credit memo keeps back.
    pub negative: Minor,
    /// Paid, or paid back, by gift cards; of Adobe Commerce.
    pub cards: Minor,
    /// Paid, or paid back, by store credit; of Adobe Commerce.
    pub balance: Minor,
}

impl Totals {
    /// What it comes to, however it is paid.
    #[must_use]
    pub fn worth(self) -> Minor {
        self.rows.payable() + self.shipping.payable() + self.positive - self.negative
    }

    /// The grand total: what is left after gift cards and store credit.
    #[must_use]
    pub fn grand(self) -> Minor {
        self.worth() - self.cards - self.balance
    }

    /// The same, paid by so much of gift cards and of store credit as it comes to, gift cards first.
    #[must_use]
    pub(super) fn paid_by(self, cards: Minor, balance: Minor) -> Self {
        let cards = cards.clamp(0, self.worth().max(0));
        Self { cards, balance: balance.clamp(0, (self.worth() - cards).max(0)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_that_a_discount_saves_is_compensated_where_prices_contain_it() {
        // Two at 60.00 with 20 % in them, 12.00 off: 100 + 18 + 2 - 12 = 108.
        let row = Priced::row(6_000, 2, 2_000, true, 1_200).money;
        assert_eq!(row, RowMoney { row: 10_000, row_incl: 12_000, discount: 1_200, tax: 1_800, compensation: 200 });
        assert_eq!(row.payable(), 10_800);
    }

    #[test]
    fn tax_comes_on_top_where_they_do_not() {
        // 22.00 less 3.30, 23 % on the rest.
        let row = Priced::row(2_200, 1, 2_300, false, 330).money;
        assert_eq!((row.row, row.tax, row.compensation, row.payable()), (2_200, 430, 0, 2_300));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let whole = Priced::row(333, 7, 1_500, true, 101).money;
        let parts = [(0, 2), (2, 1), (3, 4)].map(|(done, pieces)| whole.part(done, pieces, 7));
        assert_eq!(parts.into_iter().fold(RowMoney::default(), RowMoney::plus), whole);
    }
}
