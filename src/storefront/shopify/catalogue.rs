//! Products: created once under the office's key, then kept up to date by the ids the shop gave them.
//!
//! What comes in: the office's product with the channel's rules. What goes out: the ids to keep, or the number of an operation
//! for a product too large to wait for. Title and text are given at creation and are the shop's from then on, unless the
//! channel says otherwise; maker, category, status, mapped metafields, the set of variants, their SKUs and barcodes stay the
//! office's. Prices of known variants are left to [`Shopify::write_prices`], because they have a version of their own (P3): a
//! product that was read before a price change must not bring the old price back.
//! Every write may be repeated: what is there is read first, and only what differs is written.

mod collections;
mod compare;
mod definitions;
pub(super) mod inputs;
mod metafields;
mod operations;
mod pictures;
mod plan;
mod shape;

use super::graphql::{
    CreateVariants, DeleteVariants, FindProduct, Publish, SetProduct, UpdateProduct, UpdateVariants, create_variants,
    delete_variants, find_product, publish, set_product, update_product, update_variants,
};
use super::refusal::{UserError, gone, refused, user_errors};
use super::{Shopify, repeatable};
use crate::domain::{CallError, StyleCode};
use crate::storefront::{NewProducts, ProductLink, ProductStep, ProductWish};
pub(super) use definitions::Owner;
use plan::{Plan, Steps};
use shape::ShopProduct;

/// The most entries a list in a request may have.
const MOST_ENTRIES: usize = 250;
/// The most variants a product may have.
const MOST_VARIANTS: usize = 2048;
/// A product with more variants is written while nobody waits: the shop gives up a call after some ten seconds.
const MOST_AT_ONCE: usize = 100;
/// Key of the metafield that carries the office's style code.
pub(super) const STYLE_KEY: &str = "style";

/// How a product stood before it was brought up to date.
enum Brought {
    Done { before: Box<ShopProduct>, variants_changed: bool },
    UnderWay(String),
}

/// What became of a whole product that was sent.
enum Sent {
    Done(String),
    UnderWay(String),
}

impl Shopify {
    pub(super) async fn create(&self, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        inputs::check(wish.product)?;
        self.ensure_key(Owner::Product, STYLE_KEY, "Point-of-sale style").await?;
        let style = &wish.product.style;
        if let Some(id) = self.find_by_style(style).await? {
            // Created before, here or by a call whose answer was lost: its texts and pictures are the shop's by now.
            let known = ProductLink { product: id.clone(), variants: Vec::new() };
            return match self.bring_up_to_date(&known, wish).await? {
                Brought::UnderWay(operation) => Ok(ProductStep::UnderWay(operation)),
                Brought::Done { before, variants_changed } => {
                    self.publish(&id).await?;
                    Ok(ProductStep::Done { link: self.link(&before, variants_changed, wish).await?, fresh: false })
                }
            };
        }
        let key = set_product::UniqueMetafieldValueInput {
            namespace: Some(self.key_namespace.clone()),
            key: STYLE_KEY.into(),
            value: style.to_string(),
        };
        let input = inputs::new_product(&self.key_namespace, wish, &self.wanted_metafields(wish).await?);
        let identifier = set_product::ProductSetIdentifiers::CustomId(key);
        match self.set_product(style, identifier, input).await? {
            Sent::UnderWay(operation) => Ok(ProductStep::UnderWay(operation)),
            Sent::Done(id) => {
                self.publish(&id).await?;
                Ok(ProductStep::Done {
                    link: self.read_variant_ids(&id, style).await?.link(wish.product)?,
                    fresh: true,
                })
            }
        }
    }

    pub(super) async fn update(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        inputs::check(wish.product)?;
        match self.bring_up_to_date(link, wish).await? {
            Brought::UnderWay(operation) => Ok(ProductStep::UnderWay(operation)),
            Brought::Done { before, variants_changed } => {
                // What was taken off the web comes back into the channels; else where it is shown is the shop's choice.
                if !before.active && wish.rules.new_products == NewProducts::Active {
                    self.publish(&before.id).await?;
                }
                Ok(ProductStep::Done { link: self.link(&before, variants_changed, wish).await?, fresh: false })
            }
        }
    }

    /// The ids of a product that was brought up to date.
    async fn link(
        &self,
        before: &ShopProduct,
        variants_changed: bool,
        wish: &ProductWish<'_>,
    ) -> Result<ProductLink, CallError> {
        if variants_changed {
            return self.read_variant_ids(&before.id, &wish.product.style).await?.link(wish.product);
        }
        before.ids().link(wish.product)
    }

    /// Writes what differs. Answers how the product was before, and whether its variants were written.
    async fn bring_up_to_date(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<Brought, CallError> {
        let product = wish.product;
        let before = self.read_shop_product(&link.product, &product.style, metafields::names(wish)).await?;
        if let Some(input) = inputs::product_changes(&before, wish) {
            self.write_product(&product.style, input).await?;
        }
        self.write_metafields(&before, &self.wanted_metafields(wish).await?).await?;
        match plan::plan(&before, link, product) {
            Plan::Reshape(kept) => {
                let input = inputs::reshaped(&before, &kept, product, wish.now);
                let identifier = set_product::ProductSetIdentifiers::Id(before.id.clone());
                if let Sent::UnderWay(operation) = self.set_product(&product.style, identifier, input).await? {
                    return Ok(Brought::UnderWay(operation));
                }
            }
            Plan::Steps(steps) if steps == Steps::default() => {
                return Ok(Brought::Done { before: Box::new(before), variants_changed: false });
            }
            Plan::Steps(steps) => self.take_steps(&before, steps, wish).await?,
        }
        Ok(Brought::Done { before: Box::new(before), variants_changed: true })
    }

    /// New variants first, so that the last variant is never the one to go.
    async fn take_steps(
        &self,
        before: &ShopProduct,
        steps: Steps<'_>,
        wish: &ProductWish<'_>,
    ) -> Result<(), CallError> {
        let (product, now) = (wish.product, wish.now);
        let about = format!("product {}", product.style);
        for new in steps.create.chunks(MOST_ENTRIES) {
            let variants = new.iter().map(|variant| inputs::new_variant(before, product, variant, now)).collect();
            let variables = create_variants::Variables { product: before.id.clone(), variants };
            let answer = self.client.call::<CreateVariants>(variables).await.map_err(repeatable)?;
            let payload = answer.product_variants_bulk_create.ok_or_else(no_payload)?;
            refused(&about, &user_errors!(payload.user_errors))?;
            let made = payload.product_variants.map_or(0, |made| made.len());
            if made != new.len() {
                return Err(CallError::Conflict(format!("{about}: {} new variants were sent, {made} made", new.len())));
            }
        }
        for changed in steps.update.chunks(MOST_ENTRIES) {
            let variants = changed.iter().map(|(id, variant)| inputs::changed_variant(id, variant)).collect();
            let variables = update_variants::Variables { product: before.id.clone(), variants };
            let payload = self.client.call::<UpdateVariants>(variables).await?.product_variants_bulk_update;
            refused(&about, &user_errors!(payload.ok_or_else(no_payload)?.user_errors))?;
        }
        for gone in steps.delete.chunks(MOST_ENTRIES) {
            let variables = delete_variants::Variables { product: before.id.clone(), variants: gone.to_vec() };
            let payload = self.client.call::<DeleteVariants>(variables).await?.product_variants_bulk_delete;
            refused(&about, &user_errors!(payload.ok_or_else(no_payload)?.user_errors))?;
        }
        Ok(())
    }

    /// Takes a product off the web: a draft, or archived for good; one that is gone is off the web already.
    pub(super) async fn archive(&self, product: &str, for_good: bool) -> Result<(), CallError> {
        let input = inputs::off_the_web(product, for_good);
        match self.write_product(&product, input).await {
            Err(CallError::Unmapped { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    async fn find_by_style(&self, style: &StyleCode) -> Result<Option<String>, CallError> {
        let key = find_product::UniqueMetafieldValueInput {
            namespace: Some(self.key_namespace.clone()),
            key: STYLE_KEY.into(),
            value: style.to_string(),
        };
        let answer = self.client.call::<FindProduct>(find_product::Variables { key }).await?;
        Ok(answer.product_by_identifier.map(|product| product.id))
    }

    async fn set_product(
        &self,
        style: &StyleCode,
        identifier: set_product::ProductSetIdentifiers,
        input: set_product::ProductSetInput,
    ) -> Result<Sent, CallError> {
        let synchronous = input.variants.as_ref().is_none_or(|variants| variants.len() <= MOST_AT_ONCE);
        let variables = set_product::Variables { identifier, input, synchronous };
        let payload = self.client.call::<SetProduct>(variables).await?.product_set.ok_or_else(no_payload)?;
        self.refused_product(&format!("product {style}"), &user_errors!(payload.user_errors))?;
        match (payload.product, payload.product_set_operation) {
            (_, Some(operation)) if !synchronous => Ok(Sent::UnderWay(operation.id)),
            (Some(product), _) => Ok(Sent::Done(product.id)),
            _ => Err(no_payload()),
        }
    }

    async fn write_product(
        &self,
        about: &(dyn std::fmt::Display + Sync),
        input: update_product::ProductUpdateInput,
    ) -> Result<(), CallError> {
        let about = format!("product {about}");
        let payload = self.client.call::<UpdateProduct>(update_product::Variables { product: input }).await?;
        let errors = user_errors!(plain payload.product_update.ok_or_else(no_payload)?.user_errors);
        // This mutation has no codes; that it means the id is all there is to go by.
        match errors.iter().find(|error| error.field.last().is_some_and(|field| field == "id")) {
            Some(error) => Err(gone(&about, &error.message)),
            None => self.refused_product(&about, &errors),
        }
    }

    /// What was refused; a collection that is gone is looked for anew next time.
    fn refused_product(&self, about: &(dyn std::fmt::Display + Sync), errors: &[UserError]) -> Result<(), CallError> {
        let is_collection = |error: &UserError| error.field.iter().any(|part| part.starts_with("collections"));
        if let Some(error) = errors.iter().find(|error| is_collection(error)) {
            self.known.forget_collections();
            return Err(CallError::Conflict(format!("{about}: {}", error.message)));
        }
        refused(&about.to_string(), errors)
    }

    /// Shows a product or collection in the configured channels.
    async fn publish(&self, product: &str) -> Result<(), CallError> {
        let publications = self.publications().await?.iter();
        let publications = publications.map(|id| publish::PublicationInput { publication_id: Some(id.clone()) });
        let variables = publish::Variables { product: product.to_owned(), publications: publications.collect() };
        let payload = self.client.call::<Publish>(variables).await?.publishable_publish.ok_or_else(no_payload)?;
        refused(&format!("showing {product}"), &user_errors!(plain payload.user_errors))
    }
}

/// A mutation answered with neither a payload nor an error.
fn no_payload() -> CallError {
    CallError::Transient("the shop answered a write with nothing".into())
}
