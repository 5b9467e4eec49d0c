//! How a storefront lets us in, and that it has stopped to.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Secret;

/// How a storefront lets us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A token that does not end.
    Token(Secret),
    /// An app of the storefront's own organisation asks for a token of a day, again and again.
    ClientCredentials {
        /// The app's client id.
        id: String,
        /// The app's client secret.
        secret: Secret,
    },
    /// An app that was installed with a token of an hour and a refresh token that changes with every use.
    Expiring {
        /// The app's client id.
        id: String,
        /// The app's client secret.
        secret: Secret,
        /// The refresh token the installation ended with. A new one here begins anew.
        refresh_token: Secret,
        /// Where the current pair is kept; processes that serve one shop share it.
        file: PathBuf,
    },
}

/// How a storefront lets an integration of its own in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationAccess {
    /// Its access token alone.
    Bearer(Secret),
    /// Four values that sign each request by OAuth 1.0a.
    OAuth(Box<OAuthKeys>),
}

/// What an integration signs its requests with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthKeys {
    /// Consumer key.
    pub consumer_key: Secret,
    /// Consumer secret.
    pub consumer_secret: Secret,
    /// Access token.
    pub token: Secret,
    /// Access token secret.
    pub token_secret: Secret,
}

/// A storefront has removed the app through which it was served. Whatever was stored stays; nothing can be written any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StorefrontLeft {
    /// When, UTC.
    #[schemars(with = "String")]
    pub left_at: Timestamp,
}
