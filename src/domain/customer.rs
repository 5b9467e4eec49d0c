//! Who bought, as far as the books need to know.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::privacy::ERASED;

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

impl CustomerProfile {
    /// The same with what the addresses say of the person: who has no name or telephone of their own is called what the bill says,
    /// else what the parcel says.
    #[must_use]
    pub fn completed(self) -> Self {
        let Self { first_name, last_name, email, phone, billing, shipping } = self;
        let from_addresses = |part: fn(&Address) -> &Option<String>| {
            [&billing, &shipping].into_iter().flatten().find_map(|address| part(address).clone())
        };
        Self {
            first_name: first_name.or_else(|| from_addresses(|address| &address.first_name)),
            last_name: last_name.or_else(|| from_addresses(|address| &address.last_name)),
            email: email.map(|email| email.to_lowercase()),
            phone: phone.or_else(|| from_addresses(|address| &address.phone)),
            billing,
            shipping,
        }
    }

    /// Whether what was personal in it was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        [&self.first_name, &self.last_name, &self.email, &self.phone]
            .into_iter()
            .any(|part| part.as_deref() == Some(ERASED))
    }
}

/// Whether somebody wants marketing mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Yes.
    Subscribed,
    /// No, or no more.
    Unsubscribed,
}

/// A person's word about marketing mail, and since when it holds. The newer of two words counts, whoever was told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Consent {
    /// What they said.
    pub state: ConsentState,
    /// When, UTC.
    #[schemars(with = "String")]
    pub changed_at: Timestamp,
}

/// A customer as the office has them now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Customer {
    /// The office's number.
    pub number: String,
    /// Whether they are for the web; guests of a web shop are not.
    pub web_customer: bool,
    /// Whether, of several customers with this e-mail address, this is the one that speaks for it: the lowest number among the web
    /// customers, else the lowest (F-032).
    pub speaks: bool,
    /// Keys of storefronts the office knows them by, such as `kiwi-web/customer:7`.
    pub keys: Vec<String>,
    /// What is known of them.
    pub profile: CustomerProfile,
    /// What they said about marketing mail.
    pub consent: Option<Consent>,
}

/// An account as the storefront has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Account {
    /// The storefront's id of it.
    pub id: String,
    /// What is known of the person.
    pub profile: CustomerProfile,
}

/// Two accounts of a storefront became one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CustomerMerged {
    /// Id of the account that is left.
    pub kept: String,
    /// Id of the account that is gone.
    pub gone: String,
}
