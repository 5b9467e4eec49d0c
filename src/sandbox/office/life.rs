//! What happens in a shop: each method is one thing a person at a till or a desk does, committed when it returns.

use jiff::Timestamp;

use super::cells::{Cell, Cells, change, insert_rows, text};
use super::{SandboxOffice, committed};
use crate::domain::{BranchCode, CallError, Money, Sku, StyleCode};
use crate::office::counter_intelligence::database::{Param, on};

/// A colour and size that is new in the assortment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVariant {
    /// Its key.
    pub sku: Sku,
    /// Colour, where the style has colours.
    pub colour: Option<String>,
    /// Size, where the style has sizes.
    pub size: Option<String>,
    /// Barcode.
    pub barcode: Option<String>,
    /// What it costs.
    pub retail: Money,
}

impl NewVariant {
    /// The rows of its own and of its price.
    fn rows(&self, style: &StyleCode) -> (Cells, Cells) {
        let variant = vec![
            ("sku", text(&self.sku)),
            ("style", text(style)),
            ("colour", Cell::Text(self.colour.clone())),
            ("size", Cell::Text(self.size.clone())),
            ("barcode", Cell::Text(self.barcode.clone())),
        ];
        (variant, vec![("sku", text(&self.sku)), ("retail", Cell::Amount(Some(self.retail)))])
    }
}

/// The row of a colour and size that is deleted.
fn deleted(sku: &Sku) -> Cells {
    vec![("sku", text(sku)), ("deleted", Cell::Flag(true))]
}

/// All methods fail with [`CallError::Rejected`] when the office refuses (an unknown SKU, a quantity below one) and with
/// [`CallError::Transient`] when its database cannot be reached.
impl SandboxOffice {
    /// Sells pieces at a till: stock falls.
    pub async fn sell_at_till(&self, sku: &Sku, branch: &BranchCode, quantity: i64) -> Result<(), CallError> {
        self.move_stock("office_till_sale", sku, branch, quantity).await
    }

    /// Books pieces in from a supplier: stock rises.
    pub async fn receive_goods(&self, sku: &Sku, branch: &BranchCode, quantity: i64) -> Result<(), CallError> {
        self.move_stock("office_goods_in", sku, branch, quantity).await
    }

    async fn move_stock(&self, table: &'static str, sku: &Sku, branch: &BranchCode, n: i64) -> Result<(), CallError> {
        self.add(table, vec![("sku", text(sku)), ("branch", text(branch)), ("quantity", Cell::Int(n))]).await
    }

    /// Sets the regular price.
    pub async fn set_price(&self, sku: &Sku, retail: Money) -> Result<(), CallError> {
        self.change("office_price", vec![("sku", text(sku)), ("retail", Cell::Amount(Some(retail)))]).await
    }

    /// Sets or, with `None`, ends a sale price.
    pub async fn set_sale(
        &self,
        sku: &Sku,
        sale: Option<Money>,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<(), CallError> {
        let sale = ("sale", Cell::Amount(sale));
        let row = vec![("sku", text(sku)), sale, ("sale_from", Cell::Time(from)), ("sale_until", Cell::Time(until))];
        self.change("office_price", row).await
    }

    /// Puts a style on the web or takes it off.
    pub async fn set_internet_active(&self, style: &StyleCode, active: bool) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("internet_active", Cell::Flag(active))]).await
    }

    /// Gives a style another title.
    pub async fn rename(&self, style: &StyleCode, title: &str) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("title", text(title))]).await
    }

    /// Gives a category another name.
    pub async fn rename_category(&self, category: &str, name: &str) -> Result<(), CallError> {
        self.change("office_category", vec![("category", text(category)), ("name", text(name))]).await
    }

    /// Adds a colour and size to a style, with its price.
    pub async fn add_variant(&self, style: &StyleCode, variant: &NewVariant) -> Result<(), CallError> {
        let (variant, price) = variant.rows(style);
        let work = on(move |session| {
            Box::pin(async move {
                insert_rows(session, "office_variant", &[variant]).await?;
                insert_rows(session, "office_price", &[price]).await
            })
        });
        committed(self.database.write(work).await?)
    }

    /// Gives a colour and size a new SKU at one moment: whoever reads sees the old one or the new one.
    pub async fn replace_variant(&self, old: &Sku, style: &StyleCode, new: &NewVariant) -> Result<(), CallError> {
        let gone = deleted(old);
        let (variant, price) = new.rows(style);
        let work = on(move |session| {
            Box::pin(async move {
                change(session, "office_variant", &gone).await?;
                insert_rows(session, "office_variant", &[variant]).await?;
                insert_rows(session, "office_price", &[price]).await
            })
        });
        committed(self.database.write(work).await?)
    }

    /// Deletes a colour and size, with its price and stock.
    pub async fn remove_variant(&self, sku: &Sku) -> Result<(), CallError> {
        self.change("office_variant", deleted(sku)).await
    }

    /// Deletes a style with all that belongs to it.
    pub async fn delete_style(&self, style: &StyleCode) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("deleted", Cell::Flag(true))]).await
    }

    /// Adds a picture to a style, at a place in their order.
    pub async fn add_image(&self, style: &StyleCode, position: i64, url: &str) -> Result<(), CallError> {
        let row = vec![("style", text(style)), ("position", Cell::Int(position)), ("url", text(url))];
        self.add("office_image", row).await
    }

    /// Adds a way of paying.
    pub async fn add_pay_code(&self, pay_code: &str, name: &str) -> Result<(), CallError> {
        self.add("office_pay_code", vec![("pay_code", text(pay_code)), ("name", text(name))]).await
    }

    /// Adds a customer at the counter and answers the number.
    pub async fn add_customer(&self, email: Option<&str>, web_customer: bool) -> Result<i64, CallError> {
        let email = email.map(str::to_owned);
        let row = vec![("email", Cell::Text(email)), ("web_customer", Cell::Flag(web_customer))];
        let work = on(move |session| {
            Box::pin(async move {
                insert_rows(session, "office_customer", &[row]).await?;
                let newest = "SELECT CAST(max(number) AS text) FROM office_customer";
                session.rows(newest, &[]).await?.first_mut().map_or(Ok(0), |row| row.int(0))
            })
        });
        committed(self.database.write(work).await?)
    }

    /// Writes down what a customer at the counter says of themselves: names and telephone.
    pub async fn rename_customer(
        &self,
        number: i64,
        first: &str,
        last: &str,
        phone: Option<&str>,
    ) -> Result<(), CallError> {
        let row = vec![
            ("number", Cell::Int(number)),
            ("first_name", text(first)),
            ("last_name", text(last)),
            ("phone", Cell::Text(phone.map(str::to_owned))),
        ];
        self.change("office_customer", row).await
    }

    /// Gives a customer another e-mail address.
    pub async fn set_customer_email(&self, number: i64, email: &str) -> Result<(), CallError> {
        self.change("office_customer", vec![("number", Cell::Int(number)), ("email", text(email))]).await
    }

    /// Writes down what a customer says about marketing mail, and when they said it.
    pub async fn set_consent(&self, number: i64, subscribed: bool, at: Timestamp) -> Result<(), CallError> {
        let word = if subscribed { "subscribed" } else { "unsubscribed" };
        let row = vec![
            ("number", Cell::Int(number)),
            ("email_consent", text(word)),
            ("email_consent_at", Cell::Time(Some(at))),
        ];
        self.change("office_customer", row).await
    }

    /// Gives a customer a billing address.
    pub async fn add_address(&self, number: i64, line1: &str, city: &str, country: &str) -> Result<(), CallError> {
        let row = vec![
            ("customer", Cell::Int(number)),
            ("kind", text("billing")),
            ("line1", text(line1)),
            ("city", text(city)),
            ("country", text(country)),
        ];
        self.add("office_address", row).await
    }

    /// Changes the street of a customer's billing address.
    pub async fn move_house(&self, number: i64, line1: &str) -> Result<(), CallError> {
        self.change("office_address", vec![("customer", Cell::Int(number)), ("line1", text(line1))]).await
    }

    /// Deletes a customer.
    pub async fn delete_customer(&self, number: i64) -> Result<(), CallError> {
        self.change("office_customer", vec![("number", Cell::Int(number)), ("deleted", Cell::Flag(true))]).await
    }

    /// Pretends to be another build of the product, for rehearsing what the bridge says of it.
    pub async fn set_build(&self, version: i64, build: i64) -> Result<(), CallError> {
        let work = on(move |session| {
            Box::pin(async move {
                let sql = "UPDATE office_setting SET version = $1, build = $2";
                session.rows(sql, &[Param::Int(version), Param::Int(build)]).await.map(drop)
            })
        });
        committed(self.database.write(work).await?)
    }
}
