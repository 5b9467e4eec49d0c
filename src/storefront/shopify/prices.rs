//! Prices: of the variants themselves, and fixed prices in the price lists of markets (F-287 to F-289).
//!
//! What comes in: rows with absolute prices. What goes out: at most 250 of them a call. A price that is no longer reduced
//! clears the struck-through one; a list takes only its own currency. Repeating is safe.

use super::Shopify;
use super::graphql::{
    DeleteListPrices, ReadPriceList, SetListPrices, SetPrices, delete_list_prices, gid, read_price_list,
    set_list_prices, set_prices,
};
use super::refusal::{code, refused, user_errors};
use crate::domain::{CallError, Money};
use crate::storefront::PriceRow;

/// The most rows of one call.
const MOST_ROWS: usize = 250;

impl Shopify {
    pub(super) async fn write_prices(&self, product: &str, rows: &[PriceRow]) -> Result<(), CallError> {
        let about = format!("prices of product {product}");
        for rows in rows.chunks(MOST_ROWS) {
            let variants = rows.iter().map(price).collect();
            let variables = set_prices::Variables { product: gid("Product", product), variants };
            let payload = self.client.call::<SetPrices>(variables).await?.product_variants_bulk_update;
            refused(&about, &user_errors!(payload.ok_or_else(no_payload)?.user_errors))?;
        }
        Ok(())
    }

    pub(super) async fn write_list_prices(
        &self,
        list: &str,
        rows: &[PriceRow],
        gone: &[String],
    ) -> Result<(), CallError> {
        let id = gid("PriceList", list);
        let currency = self.currency_of_list(&id).await?;
        if let Some(row) = rows.iter().find(|row| row.price.currency().code() != currency) {
            return Err(CallError::Unmapped {
                what: format!("a price in {} for price list {list}, which is in {currency}", row.price.currency()),
                fix: "map the list to a price level of its currency under [channels.prices.lists]".into(),
            });
        }
        let about = format!("prices of price list {list}");
        for rows in rows.chunks(MOST_ROWS) {
            let prices = rows.iter().map(list_price).collect();
            let payload = self.client.call::<SetListPrices>(set_list_prices::Variables { list: id.clone(), prices });
            let payload = payload.await?.price_list_fixed_prices_add.ok_or_else(no_payload)?;
            refused(&about, &user_errors!(payload.user_errors))?;
        }
        for variants in gone.chunks(MOST_ROWS) {
            let variants = variants.iter().map(|variant| gid("ProductVariant", variant)).collect();
            let payload =
                self.client.call::<DeleteListPrices>(delete_list_prices::Variables { list: id.clone(), variants });
            let payload = payload.await?.price_list_fixed_prices_delete.ok_or_else(no_payload)?;
            let errors = user_errors!(payload.user_errors);
            // What has no fixed price, or is no more, is as it is to be.
            if !errors.iter().all(|error| error.is(&["PRICE_NOT_FIXED", "VARIANT_NOT_FOUND"])) {
                refused(&about, &errors)?;
            }
        }
        Ok(())
    }

    async fn currency_of_list(&self, id: &str) -> Result<String, CallError> {
        if let Some(known) = self.known.price_list(id) {
            return Ok(known);
        }
        let found = self.client.call::<ReadPriceList>(read_price_list::Variables { list: id.to_owned() }).await?;
        let list = found.price_list.ok_or_else(|| CallError::Unmapped {
            what: format!("price list {id} at the shop"),
            fix: "name one of the shop's price lists under [channels.prices.lists]".into(),
        })?;
        let currency = code(Some(list.currency)).unwrap_or_default();
        self.known.keep_price_list(id, currency.clone());
        Ok(currency)
    }
}

/// A price; no former price clears the one that is struck through.
fn price(row: &PriceRow) -> set_prices::ProductVariantsBulkInput {
    set_prices::ProductVariantsBulkInput {
        id: Some(gid("ProductVariant", &row.variant)),
        option_values: None,
        barcode: None,
        price: Some(row.price.amount().to_string()),
        compare_at_price: row.compare_at.map(|former| former.amount().to_string()),
        inventory_item: None,
    }
}

/// A fixed price replaces the one before it, its struck-through price with it.
fn list_price(row: &PriceRow) -> set_list_prices::PriceListPriceInput {
    let money = |amount: Money| set_list_prices::MoneyInput {
        amount: amount.amount().to_string(),
        currency_code: set_list_prices::CurrencyCode::Other(amount.currency().code().to_owned()),
    };
    set_list_prices::PriceListPriceInput {
        variant_id: gid("ProductVariant", &row.variant),
        price: money(row.price),
        compare_at_price: row.compare_at.map(money),
    }
}

fn no_payload() -> CallError {
    CallError::Transient("the shop answered a price write with nothing".into())
}
