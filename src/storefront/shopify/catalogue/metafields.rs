//! The office's further fields as metafields of a product (F-353, F-354).
//!
//! What comes in: the channel's map and the product's fields. What goes out: the values that differ; one the office has
//! emptied is deleted. Everything else the shop keeps with the product is left alone. Sets absolute values: repeating is safe.

use super::definitions::Owner;
use super::no_payload;
use super::shape::ShopProduct;
use crate::domain::CallError;
use crate::storefront::ProductWish;
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{DeleteMetafields, SetMetafields, delete_metafields, set_metafields};
use crate::storefront::shopify::refusal::{refused, user_errors};

/// The type of a metafield that neither the shop nor the configuration gives one.
const DEFAULT_KIND: &str = "multi_line_text_field";
/// The most metafields one call takes.
const MOST: usize = 25;

/// A metafield as it is to be; without a value it is not to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub namespace: String,
    pub key: String,
    pub kind: String,
    pub value: Option<String>,
}

/// The keys as the API names them in a filter.
pub fn names(wish: &ProductWish<'_>) -> Vec<String> {
    wish.rules.metafields.iter().map(|rule| format!("{}.{}", rule.namespace, rule.key)).collect()
}

impl Shopify {
    /// The metafields a product is to have, by the channel's map.
    pub(in crate::storefront::shopify) async fn wanted_metafields(
        &self,
        wish: &ProductWish<'_>,
    ) -> Result<Vec<Wanted>, CallError> {
        let mut wanted = Vec::new();
        for rule in &wish.rules.metafields {
            let defined = self.definition(Owner::Product, &rule.namespace, &rule.key).await?;
            let kind = defined.or_else(|| rule.kind.clone()).unwrap_or_else(|| DEFAULT_KIND.into());
            let value = wish.product.fields.get(&rule.field).cloned();
            wanted.push(Wanted { namespace: rule.namespace.clone(), key: rule.key.clone(), kind, value });
        }
        Ok(wanted)
    }

    /// Writes the metafields that differ from what was read.
    pub(super) async fn write_metafields(&self, shop: &ShopProduct, wanted: &[Wanted]) -> Result<(), CallError> {
        let about = format!("metafields of product {}", shop.id);
        let there = |field: &Wanted| shop.metafields.get(&(field.namespace.clone(), field.key.clone()));
        let (mut set, mut gone) = (Vec::new(), Vec::new());
        for field in wanted {
            match (&field.value, there(field)) {
                (Some(value), found) if found != Some(value) => set.push(set_metafields::MetafieldsSetInput {
                    owner_id: shop.id.clone(),
                    namespace: Some(field.namespace.clone()),
                    key: field.key.clone(),
                    type_: Some(field.kind.clone()),
                    value: value.clone(),
                }),
                (None, Some(_)) => gone.push(delete_metafields::MetafieldIdentifierInput {
                    owner_id: shop.id.clone(),
                    namespace: field.namespace.clone(),
                    key: field.key.clone(),
                }),
                _ => {}
            }
        }
        for metafields in set.chunks(MOST) {
            let variables = set_metafields::Variables { metafields: metafields.to_vec() };
            let payload = self.client.call::<SetMetafields>(variables).await?.metafields_set;
            let errors = user_errors!(payload.ok_or_else(no_payload)?.user_errors);
            if errors.iter().any(|error| error.is(&["INVALID_TYPE"])) {
                // Somebody has defined it since it was looked up.
                self.known.forget_definitions();
            }
            refused(&about, &errors)?;
        }
        for metafields in gone.chunks(MOST) {
            let variables = delete_metafields::Variables { metafields: metafields.to_vec() };
            let payload = self.client.call::<DeleteMetafields>(variables).await?.metafields_delete;
            refused(&about, &user_errors!(plain payload.ok_or_else(no_payload)?.user_errors))?;
        }
        Ok(())
    }
}
