//! Metafield definitions: the unique ones that carry the office's keys, and what type the shop gave the others.
//!
//! Looked up before they are made, and asked once a process: repeating is safe.

use super::no_payload;
use crate::domain::CallError;
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{
    CreateKeyDefinition, FindKeyDefinition, create_key_definition, find_key_definition,
};
use crate::storefront::shopify::refusal::{refused, user_errors};

/// What a metafield belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Product,
    Collection,
    Location,
}

impl Owner {
    fn word(self) -> &'static str {
        match self {
            Self::Product => "PRODUCT",
            Self::Collection => "COLLECTION",
            Self::Location => "LOCATION",
        }
    }
}

impl Shopify {
    /// The metafield that carries an office's key has to be defined as unique before it can find anything.
    pub(in crate::storefront::shopify) async fn ensure_key(
        &self,
        owner: Owner,
        key: &str,
        name: &str,
    ) -> Result<(), CallError> {
        let namespace = self.key_namespace.clone();
        let about = format!("the metafield definition {namespace}.{key}");
        match self.definition(owner, &namespace, key).await? {
            Some(kind) if kind == "id" => return Ok(()),
            Some(kind) => {
                let why = format!("{about} is of type {kind}, but must be `id`: choose another pos_key_namespace");
                return Err(CallError::Rejected(why));
            }
            None => {}
        }
        let definition = create_key_definition::MetafieldDefinitionInput {
            name: name.into(),
            namespace: Some(namespace.clone()),
            key: key.into(),
            owner_type: create_key_definition::MetafieldOwnerType::Other(owner.word().into()),
            type_: "id".into(),
        };
        let variables = create_key_definition::Variables { definition };
        let payload = self.client.call::<CreateKeyDefinition>(variables).await?.metafield_definition_create;
        let errors = user_errors!(payload.ok_or_else(no_payload)?.user_errors);
        // Somebody else was faster: it is there.
        if !errors.iter().any(|error| error.is(&["TAKEN"])) {
            refused(&about, &errors)?;
        }
        self.known.keep_definition(owner.word(), &namespace, key, Some("id".into()));
        Ok(())
    }

    /// The type of a metafield's definition, where there is one.
    pub(super) async fn definition(
        &self,
        owner: Owner,
        namespace: &str,
        key: &str,
    ) -> Result<Option<String>, CallError> {
        if let Some(known) = self.known.definition(owner.word(), namespace, key) {
            return Ok(known.kind);
        }
        let wanted = find_key_definition::MetafieldDefinitionIdentifierInput {
            namespace: Some(namespace.to_owned()),
            key: key.into(),
            owner_type: find_key_definition::MetafieldOwnerType::Other(owner.word().into()),
        };
        let variables = find_key_definition::Variables { definition: wanted };
        let found = self.client.call::<FindKeyDefinition>(variables).await?.metafield_definition;
        let kind = found.map(|found| found.type_.name);
        self.known.keep_definition(owner.word(), namespace, key, kind.clone());
        Ok(kind)
    }
}
