//! What a simulated shop is like.

use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::{Currency, MoneyError};

/// How to set up a shop. Start from [`ShopOptions::new`] and change what matters.
#[derive(Clone)]
pub struct ShopOptions {
    /// The shop's `*.myshopify.com` domain.
    pub domain: String,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Whether its prices contain tax.
    pub taxes_included: bool,
    /// The access token it accepts.
    pub token: String,
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret; webhooks are signed with it.
    pub secret: String,
    /// API version it serves, whatever is asked for.
    pub api_version: String,
    /// Permissions granted to the app.
    pub scopes: Vec<String>,
    /// Places that hold stock; the first serves online orders.
    pub locations: Vec<ShopLocation>,
    /// Sales channels a product can be published in.
    pub publications: Vec<String>,
    /// Price lists of its markets: id, name and currency.
    pub price_lists: Vec<(u64, String, Currency)>,
    /// How long it takes to fetch a picture.
    pub picture_time: Duration,
    /// How long it takes to write a large product in the background.
    pub operation_time: Duration,
    /// The most locations its plan allows.
    pub location_limit: usize,
    /// Points the rate limiter's bucket holds.
    pub bucket_size: u32,
    /// Points it regains each second.
    pub restore_rate: u32,
    /// Hours its clock is ahead of UTC, for the moments in webhook bodies.
    pub utc_offset: i8,
    /// Where ids and chance come from.
    pub seed: u64,
    /// Address to listen on; a free port of this machine when none is given.
    pub listen: Option<SocketAddr>,
}

/// A place that holds stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopLocation {
    /// Its name.
    pub name: String,
    /// Its id; one is made up when none is given.
    pub id: Option<u64>,
}

/// Where a new variant's stock begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningStock {
    /// Name of the location.
    pub location: String,
    /// Pieces that can be sold.
    pub available: i64,
    /// Pieces promised to orders from before.
    pub committed: i64,
}

impl ShopOptions {
    /// A New Zealand shop with one location, prices without tax, and the limits of a standard plan.
    ///
    /// # Errors
    /// [`MoneyError`] when the currency is none.
    pub fn new(domain: &str, currency: &str) -> Result<Self, MoneyError> {
        let scopes = [
            "read_customer_merge",
            "read_customers",
            "read_fulfillments",
            "read_inventory",
            "read_locations",
            "read_orders",
            "read_products",
            "read_publications",
            "write_customers",
            "write_files",
            "write_inventory",
            "write_locations",
            "write_products",
            "write_publications",
        ];
        Ok(Self {
            domain: domain.to_owned(),
            name: domain.split('.').next().unwrap_or(domain).to_owned(),
            currency: Currency::parse(currency)?,
            taxes_included: false,
            token: "shpat_sandbox".to_owned(),
            client_id: "sandbox-app".to_owned(),
            secret: "sandbox-secret".to_owned(),
            api_version: "2026-10".to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            locations: vec![ShopLocation { name: "Online".to_owned(), id: None }],
            publications: vec!["Online Store".to_owned()],
            price_lists: Vec::new(),
            picture_time: Duration::from_millis(200),
            operation_time: Duration::from_millis(300),
            location_limit: 20,
            bucket_size: 2_000,
            restore_rate: 100,
            utc_offset: 13,
            seed: 1,
            listen: None,
        })
    }
}

impl std::fmt::Debug for ShopOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShopOptions")
            .field("domain", &self.domain)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}
