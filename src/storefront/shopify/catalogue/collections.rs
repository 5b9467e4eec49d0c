//! Categories as collections (F-327, F-351): made once, found again by the office's key in a unique metafield.

use super::definitions::Owner;
use super::no_payload;
use crate::domain::CallError;
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{CreateCollection, FindCollection, create_collection, find_collection};
use crate::storefront::shopify::refusal::{refused, user_errors};

/// Key of the metafield that carries the office's key of a category.
const CATEGORY_KEY: &str = "category";

impl Shopify {
    /// The collection of a category, made and shown where products are when there is none yet. A collection keeps the title
    /// the shop gives it.
    pub(in crate::storefront::shopify) async fn collection_of(
        &self,
        key: &str,
        title: &str,
    ) -> Result<String, CallError> {
        if let Some(id) = self.known.collection(key) {
            return Ok(id);
        }
        self.ensure_key(Owner::Collection, CATEGORY_KEY, "Point-of-sale category").await?;
        let id = match self.find_collection(key).await? {
            Some(id) => id,
            None => self.create_collection(key, title).await?,
        };
        self.publish(&id).await?;
        self.known.keep_collection(key, id.clone());
        Ok(id)
    }

    async fn find_collection(&self, key: &str) -> Result<Option<String>, CallError> {
        let key = find_collection::UniqueMetafieldValueInput {
            namespace: Some(self.key_namespace.clone()),
            key: CATEGORY_KEY.into(),
            value: key.to_owned(),
        };
        let answer = self.client.call::<FindCollection>(find_collection::Variables { key }).await?;
        Ok(answer.collection_by_identifier.map(|collection| collection.id))
    }

    async fn create_collection(&self, key: &str, title: &str) -> Result<String, CallError> {
        let metafield = create_collection::MetafieldInput {
            namespace: Some(self.key_namespace.clone()),
            key: Some(CATEGORY_KEY.into()),
            type_: Some("id".into()),
            value: Some(key.to_owned()),
        };
        let collection =
            create_collection::CollectionCreateInput { title: title.to_owned(), metafields: Some(vec![metafield]) };
        let variables = create_collection::Variables { collection };
        let payload =
            self.client.call::<CreateCollection>(variables).await?.collection_create.ok_or_else(no_payload)?;
        let errors = user_errors!(plain payload.user_errors);
        if let Some(made) = payload.collection {
            return Ok(made.id);
        }
        // This mutation has no codes. If somebody else was faster, the key finds theirs.
        if let Some(id) = self.find_collection(key).await? {
            return Ok(id);
        }
        refused(&format!("the collection of category {key}"), &errors)?;
        Err(no_payload())
    }
}
