//! Products: a simple one, or a configurable one with its children, found by SKU and written where they differ (F-326 to F-334).
//!
//! What comes in: the office's product with the channel's rules. What goes out: SKUs as the ids to keep. Every write looks first
//! and sets absolute values in the scope of all store views, so repeating it is safe; values a store view has of its own stay.
//! Title and text are given at creation and are the shop's from then on, unless the channel says otherwise; categories the shop
//! added, web attributes and prices of known products are left alone: prices have a version of their own (P3).
//! Nothing is deleted: what is gone from the office is disabled.

mod attributes;
mod children;
mod input;
mod plan;
mod shape;
mod slug;

use super::client::{Failure, Found as _, Repeat, Scope};
use super::wire::Id;
use super::{Magento2, repeatable};
use crate::domain::CallError;
use crate::storefront::{PriceRow, ProductLink, ProductStep, ProductWish, VariantLink};

pub use attributes::{Attributes, SetId};
pub use slug::slug;

use input::{AttributeInput, Body, Input};
use plan::{DISABLED, Shape};
use shape::ShopProduct;

/// Types a simple product of the office may be at the shop.
const SIMPLE: [&str; 4] = ["simple", "virtual", "downloadable", "giftcard"];

impl Magento2 {
    pub(super) async fn put_product(
        &self,
        link: Option<&ProductLink>,
        wish: &ProductWish<'_>,
    ) -> Result<ProductStep, CallError> {
        let shape = Shape::of(wish.product)?;
        let sku = shape.sku();
        let found = self.read_product(sku).await?;
        if found.is_none() && link.is_some_and(|link| plan::same_sku(&link.product, sku)) {
            return Err(gone(&format!("product {}", wish.product.style)));
        }
        let fresh = match &shape {
            Shape::Simple(_) => self.put_simple(found, &shape, wish).await?,
            Shape::Configurable { axes, .. } => self.put_configurable(found, &shape, axes, wish).await?,
        };
        let variants = wish.product.variants.iter().map(|variant| VariantLink {
            sku: variant.sku.clone(),
            variant: variant.sku.to_string(),
            stock_item: variant.sku.to_string(),
        });
        let shown = ProductLink { product: sku.to_owned(), variants: variants.collect() };
        // A style that gains or loses its sizes is shown as another product from then on.
        let former = link.map(|link| link.product.as_str()).filter(|former| !plan::same_sku(former, sku));
        let is_variant = |former: &&str| shown.variants.iter().any(|one| plan::same_sku(&one.variant, former));
        if let Some(former) = former.filter(|former| !is_variant(former)) {
            self.disable(former).await?;
        }
        Ok(ProductStep::Done { link: shown, fresh })
    }

    /// Answers whether the product was made.
    async fn put_simple(
        &self,
        found: Option<ShopProduct>,
        shape: &Shape<'_>,
        wish: &ProductWish<'_>,
    ) -> Result<bool, CallError> {
        let Some(found) = found else {
            let (set, view) = (self.new_set().await?, self.view().await?);
            self.create(plan::new_product(wish, shape, set, view.website)).await?;
            self.begin_sales(wish, &[shape.sku()]).await?;
            return Ok(true);
        };
        if !SIMPLE.contains(&found.type_id.as_str()) {
            return Err(other_type(&found, "has neither colours nor sizes in the office"));
        }
        self.change(plan::changes(&found, wish)).await?;
        Ok(false)
    }

    /// The special prices of products that were just made, where a sale is on.
    async fn begin_sales(&self, wish: &ProductWish<'_>, made: &[&str]) -> Result<(), CallError> {
        let new = wish.product.variants.iter().filter(|variant| made.contains(&variant.sku.as_str()));
        let on_sale = new.filter_map(|variant| {
            let (price, before) = variant.price.at(wish.now);
            before.map(|before| PriceRow { variant: variant.sku.to_string(), price, compare_at: Some(before) })
        });
        let rows: Vec<PriceRow> = on_sale.collect();
        if rows.is_empty() { Ok(()) } else { self.write_prices(&rows).await }
    }

    /// A product by its SKU. A read.
    async fn read_product(&self, sku: &str) -> Result<Option<ShopProduct>, CallError> {
        self.client.get(Scope::All, &["products", sku], &[]).await.found()
    }

    /// Creates a product. Where its address is taken, it gets one nobody else can have. Saving the same SKU again changes the
    /// one that is there, so repeating it is safe.
    async fn create(&self, mut input: Input) -> Result<ShopProduct, CallError> {
        let sku = input.sku.clone();
        let mut body = Body { product: input };
        match self.save_new(&body).await {
            Err(CallError::Rejected(why)) if is_url_key(&why) => {
                input = body.product;
                for attribute in input.custom_attributes.iter_mut().filter(|one| one.attribute_code == "url_key") {
                    let digest = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, sku.as_bytes()).simple().to_string();
                    let taken = attribute.value.as_str().unwrap_or_default().to_owned();
                    *attribute = AttributeInput::text("url_key", format!("{taken}-{}", &digest[..8]));
                }
                body = Body { product: input };
                self.save_new(&body).await
            }
            saved => saved,
        }
    }

    async fn save_new(&self, body: &Body) -> Result<ShopProduct, CallError> {
        let saved = self.client.post(Scope::All, &["products"], body, Repeat::Harmless).await;
        saved.map_err(|failure| self.refused(failure))
    }

    /// Writes changes where there are any. Sets absolute values: repeating it is safe.
    async fn change(&self, input: Input) -> Result<(), CallError> {
        if !input.says_something() {
            return Ok(());
        }
        let sku = input.sku.clone();
        let body = Body { product: input };
        let saved: Result<serde_json::Value, Failure> = self.client.put(Scope::All, &["products", &sku], &body).await;
        saved.map(|_| ()).map_err(|failure| self.refused(failure))
    }

    /// A refusal may be about an option or a category that is kept in memory and gone at the shop: it is looked for anew.
    fn refused(&self, failure: Failure) -> CallError {
        let error = repeatable(failure.into());
        if matches!(error, CallError::Rejected(_)) {
            self.known.forget_catalogue();
        }
        error
    }

    /// Takes a product off the web: disabled in all store views, never deleted. One that is gone is off the web already.
    pub(super) async fn disable(&self, sku: &str) -> Result<(), CallError> {
        let body = Body { product: Input { sku: sku.to_owned(), status: Some(DISABLED), ..Input::default() } };
        match self.read_product(sku).await? {
            Some(found) if found.status != Some(DISABLED) => {
                let path = ["products", sku];
                let saved: Result<serde_json::Value, Failure> = self.client.put(Scope::All, &path, &body).await;
                saved.found().map(|_| ()).map_err(repeatable)
            }
            _ => Ok(()),
        }
    }
}

/// The words of Magento's refusal of an address that another product has.
fn is_url_key(why: &str) -> bool {
    why.to_lowercase().contains("url key for specified store already exists")
}

/// Somebody deleted it at the shop.
fn gone(what: &str) -> CallError {
    CallError::Unmapped {
        what: format!("{what} at the shop"),
        fix: "it was deleted there: let it come back by changing its style in the office".into(),
    }
}

fn other_type(found: &ShopProduct, because: &str) -> CallError {
    CallError::Rejected(format!(
        "{} is a {} product at the shop, but {because}: give the product there another SKU, or delete it",
        found.sku, found.type_id
    ))
}

/// Ids in the order they are first named, each once.
fn once(ids: impl IntoIterator<Item = Id>) -> Vec<Id> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}
