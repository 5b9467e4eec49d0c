//! Prices by the price endpoints: the base price, and the special price while a sale is on (F-287 to F-289).
//!
//! What comes in: what the buyer pays, and the former price while a sale is on. What goes out: rows of the global scope, at most
//! twenty a call, and only those that differ from what is there. A sale begins and ends by our own clock, so special prices
//! carry no dates: those are a matter of the store's time zone, and the last day has been honoured a day too long. Adobe
//! Commerce makes scheduled updates of special prices, which must begin a moment ahead; where one sale follows another there, the
//! regular price stands in between for that moment.
//! A row that is refused comes inside an answer of success and is found by its SKU. Sets absolute values: repeating is safe.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Failure, Repeat, Scope, filled};
use super::wire::Amount;
use super::{Magento2, repeatable};
use crate::domain::CallError;
use crate::storefront::PriceRow;

/// The most rows of a call, by the limit that shops switch on against large requests.
const MOST_ROWS: usize = 20;
/// All store views.
const EVERYWHERE: u64 = 0;
/// How far ahead a scheduled update begins.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// A base price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Base {
    price: Amount,
    store_id: u64,
    sku: String,
}

/// A special price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Special {
    price: Amount,
    store_id: u64,
    sku: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_to: Option<String>,
}

#[derive(Serialize)]
struct Prices<'a, T> {
    prices: &'a [T],
}

#[derive(Serialize)]
struct Skus<'a> {
    skus: &'a [&'a str],
}

/// What became of a row, where it was refused.
#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    message: String,
    #[serde(default)]
    parameters: Value,
}

/// What has to be written of some rows. Pure.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    base: Vec<Base>,
    special: Vec<Special>,
    gone: Vec<Special>,
}

impl Changes {
    fn of(rows: &[PriceRow], base: &[Base], special: &[Special], from: Option<&String>) -> Self {
        let own = |store: u64, known: &str, sku: &str| store == EVERYWHERE && known.eq_ignore_ascii_case(sku);
        let mut changes = Self::default();
        for row in rows {
            let sku = &row.variant;
            let regular = Amount(row.compare_at.unwrap_or(row.price).amount().normalize());
            if !base.iter().any(|known| own(known.store_id, &known.sku, sku) && known.price == regular) {
                changes.base.push(Base { price: regular, store_id: EVERYWHERE, sku: sku.clone() });
            }
            let known: Vec<&Special> = special.iter().filter(|known| own(known.store_id, &known.sku, sku)).collect();
            if row.compare_at.is_none() {
                changes.gone.extend(known.into_iter().cloned());
                continue;
            }
            let price = Amount(row.price.amount().normalize());
            let is_so = |known: &&Special| known.price == price && known.price_to.is_none();
            if !known.iter().any(is_so) {
                let price_from = from.cloned();
                // Of two scheduled updates of one time the second is refused; anywhere else the new row takes the old one's place.
                if price_from.is_some() {
                    changes.gone.extend(known.into_iter().cloned());
                }
                changes.special.push(Special {
                    price,
                    store_id: EVERYWHERE,
                    sku: sku.clone(),
                    price_from,
                    price_to: None,
                });
            }
        }
        changes
    }
}

impl Magento2 {
    pub(super) async fn write_prices(&self, rows: &[PriceRow]) -> Result<(), CallError> {
        for rows in rows.chunks(MOST_ROWS) {
            let skus: Vec<&str> = rows.iter().map(|row| row.variant.as_str()).collect();
            let base: Vec<Base> = self.price_information("base-prices-information", &skus).await?;
            let special: Vec<Special> = self.price_information("special-price-information", &skus).await?;
            let scheduled = self.schedules_prices().await?;
            let from = scheduled.then(|| (Timestamp::now() + AHEAD).strftime("%Y-%m-%d %H:%M:%S").to_string());
            let changes = Changes::of(rows, &base, &special, from.as_ref());
            self.send_prices("base-prices", &changes.base).await?;
            self.send_prices("special-price-delete", &changes.gone).await?;
            self.send_prices("special-price", &changes.special).await?;
        }
        Ok(())
    }

    /// Asks what is there. A read, although it is posted.
    async fn price_information<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        skus: &[&str],
    ) -> Result<Vec<T>, CallError> {
        let answer = self.client.post(Scope::All, &["products", what], &Skus { skus }, Repeat::Harmless).await;
        match answer {
            Ok(rows) => Ok(rows),
            // Some versions refuse the whole question when one SKU is not there.
            Err(Failure::NotFound(_)) => Err(unknown(skus)),
            Err(other) => Err(other.into()),
        }
    }

    async fn send_prices<T: Serialize + Sync>(&self, what: &str, prices: &[T]) -> Result<(), CallError> {
        if prices.is_empty() {
            return Ok(());
        }
        let sent = self.client.post(Scope::All, &["products", what], &Prices { prices }, Repeat::Harmless).await;
        let refused: Vec<Refused> = sent.map_err(|failure: Failure| repeatable(failure.into()))?;
        if refused.is_empty() {
            return Ok(());
        }
        let said: Vec<String> = refused.iter().map(|row| filled(&row.message, &named(row))).collect();
        let said = said.join("; ");
        if refused.iter().all(is_unknown_sku) {
            return Err(CallError::Unmapped {
                what: format!("a price at the shop ({said})"),
                fix: "the product was deleted there: let it come back by changing its style in the office".into(),
            });
        }
        Err(CallError::Rejected(format!("{what}: {said}")))
    }

    /// Whether special prices are scheduled updates. A read, once; a store that does not show its modules is taken for one
    /// without.
    async fn schedules_prices(&self) -> Result<bool, CallError> {
        let read = || async {
            match self.client.get::<Vec<String>>(Scope::All, &["modules"], &[]).await {
                Ok(modules) => Ok(modules.iter().any(|module| module == "Magento_CatalogStaging")),
                Err(
                    Failure::NotFound(_)
                    | Failure::NoRoute(_)
                    | Failure::Denied { .. }
                    | Failure::Call(CallError::Unauthorised(_)),
                ) => Ok(false),
                Err(Failure::Call(error)) => Err(error),
            }
        };
        self.known.staging.get_or_try_init(read).await.copied()
    }
}

/// The parameters by the names the template has for them; they come in the order of its places.
fn named(row: &Refused) -> Value {
    let Value::Array(values) = &row.parameters else { return row.parameters.clone() };
    let places = row.message.split('%').skip(1).map(|after| {
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(after.len());
        after[..end].to_owned()
    });
    let names: HashMap<String, Value> = places.zip(values.iter().cloned()).collect();
    serde_json::to_value(names).unwrap_or_default()
}

/// Whether a row was refused because there is no such product.
fn is_unknown_sku(row: &Refused) -> bool {
    let values: Vec<&Value> = match &row.parameters {
        Value::Array(values) => values.iter().collect(),
        Value::Object(values) => values.values().collect(),
        _ => Vec::new(),
    };
    let names_sku = values.iter().any(|value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("sku")));
    row.message.contains("product that was requested doesn't exist")
        || (row.message.contains("%fieldName") && names_sku)
}

fn unknown(skus: &[&str]) -> CallError {
    CallError::Unmapped {
        what: format!("one of {} at the shop", skus.join(", ")),
        fix: "the product was deleted there: let it come back by changing its style in the office".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Currency, Money};

    fn money(text: &str) -> Money {
        Money::parse(text, Currency::parse("NZD").unwrap()).unwrap()
    }

    fn row(sku: &str, price: &str, before: Option<&str>) -> PriceRow {
        PriceRow { variant: sku.into(), price: money(price), compare_at: before.map(money) }
    }

    fn base(sku: &str, price: &str) -> Base {
        Base { price: Amount(price.parse().unwrap()), store_id: 0, sku: sku.into() }
    }

    fn special(sku: &str, price: &str) -> Special {
        Special {
            price: Amount(price.parse().unwrap()),
            store_id: 0,
            sku: sku.into(),
            price_from: None,
            price_to: None,
        }
    }

    #[test]
    fn what_is_so_already_is_not_written() {
        let rows = [row("A", "40.00", None), row("B", "30.00", Some("40.00"))];
        let there = [base("a", "40"), base("B", "40")];
        assert_eq!(Changes::of(&rows, &there, &[special("B", "30")], None), Changes::default());
    }

    #[test]
    fn the_end_of_a_sale_takes_the_very_special_price_away() {
        let other_view = Special { store_id: 3, ..special("A", "20") };
        let changes =
            Changes::of(&[row("A", "40.00", None)], &[base("A", "40")], &[special("A", "30"), other_view], None);
        assert_eq!(changes, Changes { gone: vec![special("A", "30")], ..Changes::default() });
    }

    #[test]
    fn a_sale_strikes_the_base_price_through() {
        let changes = Changes::of(&[row("A", "30.00", Some("40.00"))], &[base("A", "30")], &[], None);
        let wanted = Changes { base: vec![base("A", "40")], special: vec![special("A", "30")], gone: Vec::new() };
        assert_eq!(changes, wanted);
    }

    #[test]
    fn a_refused_row_is_said_with_its_words() {
        let row = |message: &str, parameters: Value| Refused { message: message.into(), parameters };
        let unknown = row("Invalid attribute %fieldName = %fieldValue.", json!(["SKU", "X-1"]));
        assert!(is_unknown_sku(&unknown));
        assert_eq!(filled(&unknown.message, &named(&unknown)), "Invalid attribute SKU = X-1.");
        let price =
            row("Invalid attribute Price = %price. Row ID: SKU = %SKU.", json!({ "price": "-1", "SKU": "X-1" }));
        assert!(!is_unknown_sku(&price));
        assert_eq!(filled(&price.message, &named(&price)), "Invalid attribute Price = -1. Row ID: SKU = X-1.");
    }
}
