//! Products: created once under the office's key, then kept up to date by the ids the shop gave them.
//!
//! What comes in: the office's product. What goes out: the ids to keep. Title, description and pictures are given at creation
//! only and are the shop's from then on; maker, type, status, the set of variants, their SKUs and barcodes stay the office's.
//! Prices of known variants are left to [`Shopify::write_prices`], because they have a version of their own (P3): a product
//! that was read before a price change must not bring the old price back.
//! Every write may be repeated: what is there is read first, and only what differs is written.

mod inputs;
mod plan;
mod shape;

use jiff::Timestamp;

use super::graphql::{
    CreateKeyDefinition, CreateVariants, DeleteVariants, FindKeyDefinition, FindProduct, Publish, SetPrices,
    SetProduct, UpdateProduct, UpdateVariants, create_key_definition, create_variants, delete_variants,
    find_key_definition, find_product, publish, set_prices, set_product, update_product, update_variants,
};
use super::refusal::{gone, refused, user_errors};
use super::{Shopify, repeatable};
use crate::domain::{CallError, Product, StyleCode};
use crate::storefront::{PriceRow, ProductLink};
use plan::{Plan, Steps};
use shape::ShopProduct;

/// The most entries a list in a request may have.
const MOST_ENTRIES: usize = 250;
/// The most variants a product may have.
const MOST_VARIANTS: usize = 2048;
/// Key of the metafield that carries the office's style code.
const STYLE_KEY: &str = "style";

impl Shopify {
    pub(super) async fn create(&self, product: &Product, now: Timestamp) -> Result<ProductLink, CallError> {
        inputs::check(product)?;
        self.ensure_key_definition().await?;
        let found = self.find_by_style(&product.style).await?;
        let id = match found {
            // Created before, here or by a call whose answer was lost: its texts and pictures are the shop's by now.
            Some(id) => {
                let known = ProductLink { product: id.clone(), variants: Vec::new() };
                self.bring_up_to_date(&known, product, now).await?;
                id
            }
            None => {
                let key = set_product::UniqueMetafieldValueInput {
                    namespace: Some(self.key_namespace.clone()),
                    key: STYLE_KEY.into(),
                    value: product.style.to_string(),
                };
                let input = inputs::new_product(&self.key_namespace, product, now);
                self.set_product(&product.style, set_product::ProductSetIdentifiers::CustomId(key), input).await?
            }
        };
        self.publish(&id).await?;
        self.read_shop_product(&id, &product.style).await?.link(product)
    }

    pub(super) async fn update(
        &self,
        link: &ProductLink,
        product: &Product,
        now: Timestamp,
    ) -> Result<ProductLink, CallError> {
        inputs::check(product)?;
        let (before, variants_changed) = self.bring_up_to_date(link, product, now).await?;
        // What was taken off the web comes back into the channels; else where it is shown is the shop's choice.
        if !before.active {
            self.publish(&before.id).await?;
        }
        if variants_changed {
            return self.read_shop_product(&before.id, &product.style).await?.link(product);
        }
        before.link(product)
    }

    /// Writes what differs. Answers how the product was before, and whether its variants were written.
    async fn bring_up_to_date(
        &self,
        link: &ProductLink,
        product: &Product,
        now: Timestamp,
    ) -> Result<(ShopProduct, bool), CallError> {
        let before = self.read_shop_product(&link.product, &product.style).await?;
        if let Some(input) = inputs::product_changes(&before, product) {
            self.write_product(&product.style, input).await?;
        }
        match plan::plan(&before, link, product) {
            Plan::Reshape(kept) => {
                let input = inputs::reshaped(&before, &kept, product, now);
                let identifier = set_product::ProductSetIdentifiers::Id(before.id.clone());
                self.set_product(&product.style, identifier, input).await?;
            }
            Plan::Steps(steps) if steps == Steps::default() => return Ok((before, false)),
            Plan::Steps(steps) => self.take_steps(&before, steps, product, now).await?,
        }
        Ok((before, true))
    }

    /// New variants first, so that the last variant is never the one to go.
    async fn take_steps(
        &self,
        before: &ShopProduct,
        steps: Steps<'_>,
        product: &Product,
        now: Timestamp,
    ) -> Result<(), CallError> {
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

    /// Takes a product off the web by making it a draft; one that is gone is off the web already.
    pub(super) async fn archive(&self, product: &str) -> Result<(), CallError> {
        let input = inputs::draft(product);
        match self.write_product(&product, input).await {
            Err(CallError::Unmapped { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    pub(super) async fn write_prices(&self, product: &str, rows: &[PriceRow]) -> Result<(), CallError> {
        let about = format!("prices of product {product}");
        for rows in rows.chunks(MOST_ENTRIES) {
            let variants = rows.iter().map(inputs::price).collect();
            let variables = set_prices::Variables { product: super::graphql::gid("Product", product), variants };
            let payload = self.client.call::<SetPrices>(variables).await?.product_variants_bulk_update;
            refused(&about, &user_errors!(payload.ok_or_else(no_payload)?.user_errors))?;
        }
        Ok(())
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
    ) -> Result<String, CallError> {
        let answer = self.client.call::<SetProduct>(set_product::Variables { identifier, input }).await?;
        let payload = answer.product_set.ok_or_else(no_payload)?;
        refused(&format!("product {style}"), &user_errors!(payload.user_errors))?;
        payload.product.map(|product| product.id).ok_or_else(no_payload)
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
            None => refused(&about, &errors),
        }
    }

    async fn publish(&self, product: &str) -> Result<(), CallError> {
        let publications = self.publications().await?.iter();
        let publications = publications.map(|id| publish::PublicationInput { publication_id: Some(id.clone()) });
        let variables = publish::Variables { product: product.to_owned(), publications: publications.collect() };
        let payload = self.client.call::<Publish>(variables).await?.publishable_publish.ok_or_else(no_payload)?;
        refused(&format!("showing product {product}"), &user_errors!(plain payload.user_errors))
    }

    /// The metafield that carries the office's key has to be defined as unique before it can find a product; done once.
    async fn ensure_key_definition(&self) -> Result<(), CallError> {
        self.key_defined.get_or_try_init(|| self.define_key()).await.copied()
    }

    async fn define_key(&self) -> Result<(), CallError> {
        let about = format!("the metafield definition {}.{STYLE_KEY}", self.key_namespace);
        let wanted = find_key_definition::MetafieldDefinitionIdentifierInput {
            namespace: Some(self.key_namespace.clone()),
            key: STYLE_KEY.into(),
            owner_type: find_key_definition::MetafieldOwnerType::PRODUCT,
        };
        let variables = find_key_definition::Variables { definition: wanted };
        if let Some(found) = self.client.call::<FindKeyDefinition>(variables).await?.metafield_definition {
            if found.type_.name == "id" {
                return Ok(());
            }
            let why =
                format!("{about} is of type {}, but must be `id`: choose another pos_key_namespace", found.type_.name);
            return Err(CallError::Rejected(why));
        }
        let definition = create_key_definition::MetafieldDefinitionInput {
            name: "Point-of-sale style".into(),
            namespace: Some(self.key_namespace.clone()),
            key: STYLE_KEY.into(),
            owner_type: create_key_definition::MetafieldOwnerType::PRODUCT,
            type_: "id".into(),
        };
        let variables = create_key_definition::Variables { definition };
        let payload = self.client.call::<CreateKeyDefinition>(variables).await?.metafield_definition_create;
        let errors = user_errors!(payload.ok_or_else(no_payload)?.user_errors);
        // Somebody else was faster: it is there.
        if errors.iter().any(|error| error.is(&["TAKEN"])) { Ok(()) } else { refused(&about, &errors) }
    }
}

/// A mutation answered with neither a payload nor an error.
fn no_payload() -> CallError {
    CallError::Transient("the shop answered a write with nothing".into())
}
