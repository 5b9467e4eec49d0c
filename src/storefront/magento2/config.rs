//! What the adapter needs to know of one store, and the checks that make it safe to use.

use reqwest::Url;

use crate::domain::{IntegrationAccess as Access, Secret, StorefrontName};

/// The store view whose values are meant where none is named: Magento's own default.
pub const DEFAULT_STORE: &str = "default";

/// One store's settings, as read from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magento2Config {
    /// The storefront's name in the configuration.
    pub name: StorefrontName,
    /// Base URL of the store, `https` or on this machine; a store code in its path does no harm.
    pub url: String,
    /// Code of the store view that customers and store-view values belong to ([`DEFAULT_STORE`]).
    pub store: String,
    /// Whether only sales and accounts of that view's website are taken in, and not those of all websites of the installation.
    pub only_its_website: bool,
    /// How its web API lets us in.
    pub access: Access,
    /// How it may call us.
    pub ways_in: WaysIn,
    /// What it calls colour and size.
    pub names: AttributeNames,
}

/// What the store calls what products differ by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeNames {
    /// Attribute set of new products, by its name in the administration.
    pub attribute_set: String,
    /// Code of the attribute that carries the colour.
    pub colour: String,
    /// Code of the attribute that carries the size.
    pub size: String,
}

impl Default for AttributeNames {
    fn default() -> Self {
        Self { attribute_set: "Default".into(), colour: "color".into(), size: "size".into() }
    }
}

/// What calls are proven with, by the way they come in. A way without a secret is closed; with none open the store is polled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Verification tokens of Mage-OS Async Events; several while they are being changed.
    pub async_events: Vec<Secret>,
    /// Client ids that Adobe I/O Events name as the recipient.
    pub io_events: Vec<String>,
    /// Public keys of Adobe Commerce Webhooks, in PEM; several while they are being changed.
    pub commerce_webhooks: Vec<Secret>,
    /// Where Adobe's public keys are fetched from, instead of Adobe; for rehearsals.
    pub io_events_keys: Option<String>,
    /// What modules that sign nothing send in the header `x-tillbridge-secret`.
    pub shared_secrets: Vec<Secret>,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Magento2ConfigError {
    /// The base URL cannot be used.
    #[error("`url` must be the store's https address (or http on this machine): {0}")]
    Url(String),
    /// The store code has characters no store code has.
    #[error("`store` must be the code of a store view, letters, digits and `_`, but is `{0}`")]
    Store(String),
    /// A part of the access is empty or has characters none has.
    #[error("`{0}` is empty or has characters that it never has")]
    Access(&'static str),
    /// A key of a way in cannot be read.
    #[error("`{0}` cannot be used: {1}")]
    WayIn(&'static str, &'static str),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot start: {0}")]
    Client(String),
}

impl Magento2Config {
    /// The base URL without a trailing slash in its path.
    pub(super) fn checked_url(&self) -> Result<Url, Magento2ConfigError> {
        let refused = |why: &str| Err(Magento2ConfigError::Url(why.to_owned()));
        let Ok(mut url) = Url::parse(self.url.trim()) else { return refused("it is no address") };
        let here = match url.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
            None => return refused("it names no host"),
        };
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return refused("plain http would show the access token to everybody on the way"),
            _ => return refused("it is neither https nor http"),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return refused("it must have neither user, question mark nor `#`");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.ends_with("/rest") || path.contains("/rest/") {
            return refused("it must end before `/rest`");
        }
        url.set_path(&path);
        Ok(url)
    }

    /// The store view's code.
    pub(super) fn checked_store(&self) -> Result<String, Magento2ConfigError> {
        let proper = is_store_code(&self.store);
        if proper { Ok(self.store.clone()) } else { Err(Magento2ConfigError::Store(self.store.clone())) }
    }
}

/// Whether a store view may have this code: a letter, then letters, digits and `_`, as Magento's administration asks.
#[must_use]
pub fn is_store_code(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.len() <= 32
        && text != "all"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<Url, Magento2ConfigError> {
        let access = Access::Bearer(Secret::new("0".into()));
        let name = StorefrontName::parse("kiwi").unwrap();
        let url = url.to_owned();
        Magento2Config {
            name,
            url,
            store: DEFAULT_STORE.into(),
            only_its_website: false,
            access,
            ways_in: WaysIn::default(),
            names: AttributeNames::default(),
        }
        .checked_url()
    }

    #[test]
    fn the_token_only_travels_over_https_or_on_this_machine() {
        assert_eq!(at("https://shop.example/").unwrap().as_str(), "https://shop.example/");
        assert_eq!(at("https://shop.example/nz/").unwrap().path(), "/nz");
        for good in ["http://127.0.0.1:9", "http://localhost:9/", "http://[::1]:9"] {
            assert!(at(good).is_ok(), "{good}");
        }
        for bad in [
            "http://shop.example",
            "http://127.0.0.1.example/",
            "ftp://localhost",
            "shop",
            "",
            "https://u:p@shop.example",
            "https://shop.example/rest/V1",
            "https://shop.example/?x",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_store_view_is_named_by_its_code() {
        for good in ["default", "en_nz", "B2b"] {
            assert!(is_store_code(good), "{good}");
        }
        for bad in ["", "all", "en-nz", "1st", "en/nz", "_x"] {
            assert!(!is_store_code(bad), "{bad}");
        }
    }
}
