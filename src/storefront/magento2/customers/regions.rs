//! Regions of countries: their ids are the installation's own, so they are looked up by code and kept.

use std::sync::Arc;

use serde::Deserialize;

use super::super::Magento2;
use super::super::client::{Found as _, Scope};
use super::super::known::Regions;
use super::super::wire::Id;
use crate::domain::CallError;

#[derive(Deserialize)]
struct Country {
    #[serde(default)]
    available_regions: Vec<Region>,
}

#[derive(Deserialize)]
struct Region {
    id: Id,
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
}

impl Magento2 {
    /// Code, id and name of a region, by its code or its name; `None` where the shop knows none of that country. A read.
    pub(super) async fn region(&self, country: &str, region: &str) -> Result<Option<(String, Id, String)>, CallError> {
        let country = country.to_uppercase();
        let regions = match self.known.regions(&country) {
            Some(known) => known,
            None => {
                let path = ["directory", "countries", &country];
                let found: Option<Country> = self.client.get(Scope::Store, &path, &[]).await.found()?;
                let regions = found.map(|found| found.available_regions).unwrap_or_default();
                let regions: Regions =
                    Arc::new(regions.into_iter().map(|region| (region.code, region.id, region.name)).collect());
                self.known.keep_regions(&country, Arc::clone(&regions));
                regions
            }
        };
        let is_it = |text: &str| text.trim().eq_ignore_ascii_case(region.trim());
        Ok(regions.iter().find(|(code, _, name)| is_it(code) || is_it(name)).cloned())
    }
}
