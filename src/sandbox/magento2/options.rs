//! What a simulated Magento is like.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::domain::{Currency, MoneyError};

/// How to set up a shop. Start from [`MagentoOptions::new`] and change what matters.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a real shop has, too")]
pub struct MagentoOptions {
    /// The website's base currency.
    pub currency: Currency,
    /// Whether its prices contain tax.
    pub taxes_included: bool,
    /// The integration's keys.
    pub keys: IntegrationKeys,
    /// Whether the access token alone opens as a bearer token; off in a real shop since 2.4.4 until somebody switches it on.
    pub bearer_allowed: bool,
    /// What the integration may do; `None` for everything.
    pub resources: Option<BTreeSet<String>>,
    /// Store views: code and id; the first is the default.
    pub stores: Vec<(String, u64)>,
    /// Ids of store views that belong to another website than the first.
    pub other_website: BTreeSet<u64>,
    /// Sources of stock besides `default`. With any, the website sells from these; otherwise from `default`.
    pub sources: Vec<String>,
    /// Whether the inventory modules (MSI) are installed.
    pub inventory: bool,
    /// Whether it is Adobe Commerce, where special prices are scheduled updates.
    pub staging: bool,
    /// The largest page size, where the shop limits it.
    pub page_cap: Option<usize>,
    /// The most list elements in one call, where the shop limits them.
    pub input_limit: Option<usize>,
    /// Whether numbers come with the noise of floating point.
    pub float_noise: bool,
    /// What the page of the version says.
    pub version: String,
    /// Where ids and chance come from.
    pub seed: u64,
    /// Address to listen on; a free port of this machine when none is given.
    pub listen: Option<SocketAddr>,
}

/// What an integration is given when it is activated.
#[derive(Clone, PartialEq, Eq)]
pub struct IntegrationKeys {
    /// Consumer key.
    pub consumer_key: String,
    /// Consumer secret.
    pub consumer_secret: String,
    /// Access token.
    pub token: String,
    /// Access token secret.
    pub token_secret: String,
}

impl MagentoOptions {
    /// A shop with one store view, one source, everything allowed and the bearer token switched on.
    ///
    /// # Errors
    /// [`MoneyError`] when the currency is none.
    pub fn new(currency: &str) -> Result<Self, MoneyError> {
        let key = |tail: &str| format!("sandbox{tail}0123456789abcdef01234");
        Ok(Self {
            currency: Currency::parse(currency)?,
            taxes_included: true,
            keys: IntegrationKeys {
                consumer_key: key("ck"),
                consumer_secret: key("cs"),
                token: key("tk"),
                token_secret: key("ts"),
            },
            bearer_allowed: true,
            resources: None,
            stores: vec![("default".to_owned(), 1)],
            other_website: BTreeSet::new(),
            sources: Vec::new(),
            inventory: true,
            staging: false,
            page_cap: None,
            input_limit: None,
            float_noise: true,
            version: "Magento/2.4 (Community)".to_owned(),
            seed: 1,
            listen: None,
        })
    }
}

impl std::fmt::Debug for MagentoOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MagentoOptions")
            .field("currency", &self.currency)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}
