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

/// A storefront has removed the app through which it was served. Whatever was stored stays; nothing can be written any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StorefrontLeft {
    /// When, UTC.
    #[schemars(with = "String")]
    pub left_at: Timestamp,
}
