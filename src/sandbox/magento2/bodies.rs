//! Documents as the REST API prints them. One file for each kind.
//!
//! What comes in: records. What goes out: JSON with Magento's habits: fields that hold nothing are left out, amounts are numbers
//! with the noise of floating point, times are UTC without a zone.

mod customer;
mod document;
mod order;
mod order_item;
mod product;
mod shipment;
mod tree;

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::figures::{Both, Minor};

pub(super) use product::{media_body, option_body, stock_item_body};

/// How one shop prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper {
    /// Decimal places of its currency.
    pub decimals: u32,
    /// Whether numbers come with noise.
    pub noise: bool,
}

impl Paper {
    /// An amount as a number. Which ones are noisy depends on the field and the amount alone, so a document that is read twice
    /// is the same twice.
    pub(super) fn number(self, name: &str, amount: Minor) -> Value {
        let scale = 10_i64.pow(self.decimals);
        let is_noisy = self.noise && (name.bytes().map(i64::from).sum::<i64>() + amount) % 5 == 0;
        if amount % scale == 0 && !(is_noisy && amount == 0 && name.contains("compensation")) {
            return (amount / scale).into();
        }
        let printed: f64 = rust_decimal::Decimal::new(amount, self.decimals).to_string().parse().unwrap_or_default();
        let printed = match (is_noisy, amount) {
            (false, _) => printed,
            (true, 0) => 3.55e-15,
            (true, _) => printed.next_down(),
        };
        Number::from_f64(printed).map_or(Value::Null, Value::Number)
    }

    /// Puts an amount in both currencies into a body.
    pub(super) fn put(self, body: &mut Map<String, Value>, name: &str, amount: Both<Minor>) {
        body.insert(name.to_owned(), self.number(name, amount.shown));
        let base = base_name(name);
        let printed = self.number(&base, amount.base);
        body.insert(base, printed);
    }
}

/// The field of the same amount in the base currency; one was shortened to fit a column's name.
fn base_name(name: &str) -> String {
    match name {
        "shipping_discount_tax_compensation_amount" => "base_shipping_discount_tax_compensation_amnt".to_owned(),
        "weee_tax_applied_row_amount" => "base_weee_tax_applied_row_amnt".to_owned(),
        _ => format!("base_{name}"),
    }
}

/// A moment: UTC, to the second, without saying so.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Puts a value in if there is one.
fn put_some(body: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), value.into());
    }
}

/// Puts several values in.
fn put_all<const N: usize>(body: &mut Map<String, Value>, values: [(&str, Value); N]) {
    body.extend(values.map(|(name, value)| (name.to_owned(), value)));
}
