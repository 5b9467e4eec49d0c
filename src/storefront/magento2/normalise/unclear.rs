//! Why what was read cannot become a document. Never carries personal data.

use rust_decimal::Decimal;

use crate::domain::{BadName, MoneyError};

#[derive(Debug, thiserror::Error)]
pub(super) enum Unclear {
    /// The JSON cannot be read.
    #[error("{0}")]
    Body(String),
    /// A field that is needed is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A time is not one.
    #[error("`{0}` is not a time of Magento, such as 2026-11-01 09:30:00")]
    Time(&'static str),
    /// Amounts do not fit the currency or each other.
    #[error("{what}: {error}")]
    Amount {
        /// Which amount.
        what: &'static str,
        /// What is wrong.
        error: MoneyError,
    },
    /// A row is of no row of the order.
    #[error("it has a row of item {0}, which the order does not have")]
    NoRow(u64),
    /// Pieces are not whole.
    #[error("item {0} is sold in parts of a piece, which the office does not count: book it by hand")]
    Pieces(u64),
    /// A row contradicts itself.
    #[error(
        "item {row} does not balance: {pieces} x {price} = {computed}, but the store says {stated}: compare it with the order \
         there, which some versions of Magento state wrongly, and book it by hand"
    )]
    Row {
        /// The order's row.
        row: u64,
        /// Pieces.
        pieces: i64,
        /// Price of one.
        price: Decimal,
        /// What they come to.
        computed: Decimal,
        /// What was stated.
        stated: Decimal,
    },
    /// A credit memo gives back what no invoice sold.
    #[error("no paid invoice of its order is there that it could give back")]
    NoInvoice,
    /// A reference cannot be made.
    #[error(transparent)]
    Name(#[from] BadName),
}

/// A time of Magento's: UTC, without saying so.
pub(super) fn time(name: &'static str, text: Option<&str>) -> Result<jiff::Timestamp, Unclear> {
    let text = text.ok_or(Unclear::Missing(name))?;
    let at = text.parse::<jiff::civil::DateTime>().map_err(|_| Unclear::Time(name))?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| Unclear::Time(name))?;
    Ok(at.timestamp())
}
