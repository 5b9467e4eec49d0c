//! What people at a desk do to the assortment beyond tills and prices: fields, pictures, categories, levels, branches.

use super::cells::{Cell, Cells, insert_rows, text};
use super::{SandboxOffice, committed};
use crate::domain::{Branch, CallError, Money, Sku, StyleCode};
use crate::office::counter_intelligence::database::{Param, on};

/// All methods fail with [`CallError::Rejected`] when the office refuses (an unknown style) and with
/// [`CallError::Transient`] when its database cannot be reached.
impl SandboxOffice {
    /// Writes a further field of a style, such as the information tab `tab:Care`; an empty text empties it.
    pub async fn set_field(&self, style: &StyleCode, field: &str, value: &str) -> Result<(), CallError> {
        let sql = "INSERT INTO office_field (style, field, value) VALUES ($1, $2, nullif($3, '')) \
                   ON CONFLICT (style, field) DO UPDATE SET value = excluded.value";
        self.run(sql, &[style.as_str(), field, value]).await
    }

    /// Gives a style another maker.
    pub async fn set_brand(&self, style: &StyleCode, brand: &str) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("brand", text(brand))]).await
    }

    /// Rewrites a style's text.
    pub async fn set_description(&self, style: &StyleCode, html: &str) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("description", text(html))]).await
    }

    /// Adds a category.
    pub async fn add_category(&self, category: &str, name: &str) -> Result<(), CallError> {
        self.add("office_category", vec![("category", text(category)), ("name", text(name))]).await
    }

    /// Moves a style into another category.
    pub async fn set_category(&self, style: &StyleCode, category: &str) -> Result<(), CallError> {
        self.change("office_style", vec![("style", text(style)), ("category", text(category))]).await
    }

    /// Gives a SKU another barcode.
    pub async fn set_barcode(&self, sku: &Sku, barcode: &str) -> Result<(), CallError> {
        self.change("office_variant", vec![("sku", text(sku)), ("barcode", text(barcode))]).await
    }

    /// Puts a picture at a place in a style's order, in place of the one there; `hash` tells its content.
    pub async fn set_image(&self, style: &StyleCode, at: i64, url: &str, hash: &str) -> Result<(), CallError> {
        let sql = "INSERT INTO office_image (style, position, url, hash) \
                   VALUES ($1, CAST(CAST($2 AS text) AS bigint), $3, nullif($4, '')) \
                   ON CONFLICT (style, position) DO UPDATE SET url = excluded.url, hash = excluded.hash";
        self.run(sql, &[style.as_str(), &at.to_string(), url, hash]).await
    }

    /// Takes a picture away.
    pub async fn remove_image(&self, style: &StyleCode, at: i64) -> Result<(), CallError> {
        let sql = "UPDATE office_image SET deleted = (1 = 1) \
                   WHERE style = $1 AND position = CAST(CAST($2 AS text) AS bigint)";
        self.run(sql, &[style.as_str(), &at.to_string()]).await
    }

    /// Sets the price of a further level, in whatever currency that level has.
    pub async fn set_level_price(&self, sku: &Sku, level: &str, amount: Money) -> Result<(), CallError> {
        let (sku, level) = (sku.to_string(), level.to_owned());
        let work = on(move |session| {
            Box::pin(async move {
                let shown = session.amount_out(amount)?;
                let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
                let sql = "INSERT INTO office_level_price (sku, level, amount, currency) \
                           VALUES ($1, $2, CAST(CAST($3 AS text) AS numeric), $4) \
                           ON CONFLICT (sku, level) DO UPDATE SET amount = excluded.amount, currency = excluded.currency";
                let code = amount.currency().code().to_owned();
                let texts = [Param::Text(&sku), Param::Text(&level), Param::Text(&shown), Param::Text(&code)];
                session.rows(sql, &texts).await.map(drop)
            })
        });
        committed(self.database.write(work).await?)
    }

    /// Opens a branch, or changes its name and address.
    pub async fn set_branch(&self, branch: &Branch) -> Result<(), CallError> {
        let sql = "INSERT INTO office_branch (branch, name, line1, city, postcode, country) \
                   VALUES ($1, $2, nullif($3, ''), nullif($4, ''), nullif($5, ''), nullif($6, '')) \
                   ON CONFLICT (branch) DO UPDATE SET name = excluded.name, line1 = excluded.line1, \
                   city = excluded.city, postcode = excluded.postcode, country = excluded.country";
        let Branch { code, name, line1, city, postcode, country, closed: _ } = branch;
        let [line1, city, postcode, country] =
            [line1, city, postcode, country].map(|part| part.as_deref().unwrap_or_default());
        self.run(sql, &[code.as_str(), name, line1, city, postcode, country]).await
    }

    /// Adds a style that is for the web, with so many colours in so many sizes, all at one price and none in stock.
    pub async fn add_style(
        &self,
        style: &StyleCode,
        colours: usize,
        sizes: usize,
        retail: Money,
    ) -> Result<Vec<Sku>, CallError> {
        self.add_styles(std::slice::from_ref(style), colours, sizes, retail).await
    }

    /// Adds several such styles at one moment: whoever reads sees all of them or none.
    pub async fn add_styles(
        &self,
        styles: &[StyleCode],
        colours: usize,
        sizes: usize,
        retail: Money,
    ) -> Result<Vec<Sku>, CallError> {
        let (mut skus, mut heads) = (Vec::new(), Vec::<Cells>::new());
        let (mut variants, mut prices) = (Vec::<Cells>::new(), Vec::<Cells>::new());
        for style in styles {
            heads.push(vec![("style", text(style)), ("title", text(style)), ("internet_active", Cell::Flag(true))]);
            let kinds = (0..colours).flat_map(|colour| (0..sizes).map(move |size| (colour, size)));
            for (position, (colour, size)) in (0_i64..).zip(kinds) {
                let sku = Sku::parse(format!("{style}-C{colour:02}-S{size:02}"));
                let sku = sku.map_err(|error| CallError::Rejected(error.to_string()))?;
                variants.push(vec![
                    ("sku", text(&sku)),
                    ("style", text(style)),
                    ("colour", text(format!("Colour {colour:02}"))),
                    ("size", text(format!("Size {size:02}"))),
                    ("position", Cell::Int(position)),
                ]);
                prices.push(vec![("sku", text(&sku)), ("retail", Cell::Amount(Some(retail)))]);
                skus.push(sku);
            }
        }
        let work = on(move |session| {
            Box::pin(async move {
                insert_rows(session, "office_style", &heads).await?;
                insert_rows(session, "office_variant", &variants).await?;
                insert_rows(session, "office_price", &prices).await
            })
        });
        committed(self.database.write(work).await?)?;
        Ok(skus)
    }

    async fn run(&self, sql: &'static str, texts: &[&str]) -> Result<(), CallError> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let work = on(move |session| {
            Box::pin(async move {
                let params: Vec<Param<'_>> = texts.iter().map(|text| Param::Text(text)).collect();
                session.rows(sql, &params).await.map(drop)
            })
        });
        committed(self.database.write(work).await?)
    }
}
