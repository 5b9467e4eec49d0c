//! Names and codes that come from outside, as types that cannot be mixed up or be empty.

use serde::{Deserialize, Serialize};

/// Why a text cannot be a name: it is empty, too long, or has control characters in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to {max} characters without control characters, but is {found}")]
pub struct BadName {
    what: &'static str,
    max: usize,
    found: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(std::sync::Arc<str>);

        impl $type {
            /// Reads a name from outside.
            ///
            /// # Errors
            /// [`BadName`] when the text is empty, too long or has control characters.
            pub fn parse(text: impl AsRef<str>) -> Result<Self, BadName> {
                let text = text.as_ref().trim();
                let found = if text.is_empty() {
                    "empty".to_owned()
                } else if text.chars().count() > $max {
                    format!("{} characters long", text.chars().count())
                } else if text.chars().any(char::is_control) {
                    "a text with control characters".to_owned()
                } else {
                    return Ok(Self(text.into()));
                };
                Err(BadName { what: $what, max: $max, found })
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": $max })
            }
            fn inline_schema() -> bool {
                true
            }
        }
    };
}

name!(
    /// A channel: one storefront joined to one office.
    ChannelName, "a channel name", 64
);
name!(
    /// A web shop as the configuration calls it.
    StorefrontName, "a storefront name", 64
);
name!(
    /// A back office as the configuration calls it.
    OfficeName, "an office name", 64
);
name!(
    /// A consumer that writes one kind of event to the other side.
    HandlerName, "a handler name", 64
);
name!(
    /// A stock-keeping unit: one style in one colour and one size. Not unique at every storefront.
    Sku, "a SKU", 255
);
name!(
    /// The office's code of a product before colour and size.
    StyleCode, "a style code", 255
);
name!(
    /// The office's code of a shop, warehouse or other place that holds stock.
    BranchCode, "a branch code", 64
);
name!(
    /// The reference of a source document, unique within a channel, such as `order:5900000000001`. The office keeps it and
    /// refuses a second document with the same one, which is how promise P2 ends in the books.
    DocumentRef, "a document reference", 128
);
