//! Who bought, as far as the books need to know.

use serde::{Deserialize, Serialize};

/// A postal address. Every part may be missing: point-of-sale and digital orders have none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Address {
    /// First name of the person at the address.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street, house number.
    pub line1: Option<String>,
    /// Flat, floor, care of.
    pub line2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province, as a code where the source has one.
    pub region: Option<String>,
    /// Postal code.
    pub postcode: Option<String>,
    /// ISO 3166 alpha-2 country code.
    pub country: Option<String>,
    /// Telephone number as given.
    pub phone: Option<String>,
}

/// What is known of a person who bought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct CustomerProfile {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail address, lower case.
    pub email: Option<String>,
    /// Telephone number as given.
    pub phone: Option<String>,
    /// Where the bill goes.
    pub billing: Option<Address>,
    /// Where the goods go.
    pub shipping: Option<Address>,
}

/// Who a document is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Buyer {
    /// A person with an account at the storefront.
    Account {
        /// The storefront's id of the account.
        id: String,
        /// What is known of the person.
        profile: CustomerProfile,
    },
    /// A person who bought without an account.
    Guest {
        /// What the order says of the person; may be all but empty at a till.
        profile: CustomerProfile,
    },
}

impl Buyer {
    /// What is known of the person.
    #[must_use]
    pub fn profile(&self) -> &CustomerProfile {
        match self {
            Self::Account { profile, .. } | Self::Guest { profile } => profile,
        }
    }
}
