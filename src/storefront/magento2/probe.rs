//! Who the store is, which version, what its modules can do and what our integration may do there (F-005), for `tillbridge check`
//! and start-up.
//!
//! What comes in: nothing. What goes out: a description, or why it cannot be worked with. Reads only; may be repeated. The
//! permissions that writes need beyond those of reads cannot be tried without writing: a write that lacks one names it.

use serde::Deserialize;
use serde_json::Value;

use super::Magento2;
use super::client::{Failure, Scope};
use crate::domain::CallError;
use crate::storefront::StorefrontDescription;

/// The least version whose web API this adapter was written for.
const LEAST: (u32, u32) = (2, 3);
/// Where a store tells its version, unless that was switched off.
const VERSION_PAGE: &str = "magento_version";
/// Modules that came with that version.
const OF_LEAST: [&str; 3] = ["Magento_GraphQl", "Magento_Inventory", "Magento_AsynchronousOperations"];
const INVENTORY: &str = "Magento_InventoryApi";
/// The source, or the only stock, where a store has no other.
const DEFAULT_SOURCE: &str = "default";

/// What is read besides the store itself, and what Magento calls the permission for it.
const READS: &[(&[&str], &str)] = &[
    (&["orders"], "Magento_Sales::actions_view"),
    (&["invoices"], "Magento_Sales::sales_invoice"),
    (&["creditmemos"], "Magento_Sales::sales_creditmemo"),
    (&["shipments"], "Magento_Sales::shipment"),
    (&["customers", "search"], "Magento_Customer::customer"),
    (&["products"], "Magento_Catalog::products"),
    (&["categories", "list"], "Magento_Catalog::categories"),
    (&["products", "attribute-sets", "sets", "list"], "Magento_Catalog::sets"),
];

#[derive(Deserialize)]
struct StoreConfig {
    #[serde(default)]
    code: String,
    #[serde(default)]
    base_currency_code: String,
}

#[derive(Deserialize)]
struct Sources {
    #[serde(default)]
    items: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    source_code: String,
    #[serde(default)]
    name: Option<String>,
}

/// Permissions that were found out so far.
#[derive(Default)]
struct Granted {
    yes: Vec<String>,
    no: Vec<String>,
}

impl Granted {
    /// Notes whether a reading was permitted; hands on what else went wrong.
    fn note<T>(&mut self, resource: &str, reading: Result<T, Failure>) -> Result<Option<T>, CallError> {
        match reading {
            Ok(value) => {
                self.yes.push(resource.to_owned());
                Ok(Some(value))
            }
            Err(Failure::Denied { resource: named, .. }) => {
                self.no.push(named);
                Ok(None)
            }
            Err(other) => Err(other.into()),
        }
    }
}

impl Magento2 {
    pub(super) async fn read_description(&self) -> Result<StorefrontDescription, CallError> {
        let told = self.version().await?;
        let mut granted = Granted::default();
        let stores: Result<Vec<StoreConfig>, Failure> =
            self.client.get(Scope::Store, &["store", "storeConfigs"], &[]).await;
        let stores = granted.note("Magento_Backend::store", stores)?.unwrap_or_default();
        let modules: Result<Vec<String>, Failure> = self.client.get(Scope::Store, &["modules"], &[]).await;
        let modules = granted.note("Magento_Backend::admin", modules)?;
        for (path, resource) in READS {
            let reading = self.client.get::<Value>(Scope::Store, path, &one()).await;
            granted.note(resource, reading)?;
        }
        let has = |module: &str| modules.as_ref().is_some_and(|all| all.iter().any(|one| one == module));
        let locations = if has(INVENTORY) {
            let query = [("searchCriteria[pageSize]", "300".to_owned())];
            let sources = self.client.get::<Sources>(Scope::Store, &["inventory", "sources"], &query).await;
            let sources = granted.note("Magento_InventoryApi::source", sources)?.map(|sources| sources.items);
            let named = |source: Source| (source.source_code.clone(), source.name.unwrap_or(source.source_code));
            sources.unwrap_or_default().into_iter().map(named).collect()
        } else {
            vec![(DEFAULT_SOURCE.to_owned(), "the only stock".to_owned())]
        };
        if granted.yes.is_empty() {
            return Err(CallError::Unauthorised(
                "the store refuses everything: check the integration's token, and that the administration allows it as a bearer \
                 token (Stores > Configuration > Services > OAuth), or give all four values for OAuth"
                    .into(),
            ));
        }
        let version = match told {
            Some(version) => version,
            None if OF_LEAST.iter().any(|module| has(module)) => "2.3 or later".to_owned(),
            None => "not told".to_owned(),
        };
        let store = stores.iter().find(|one| one.code == self.store);
        if store.is_none() && !stores.is_empty() {
            let codes: Vec<&str> = stores.iter().map(|one| one.code.as_str()).collect();
            let (store, codes) = (&self.store, codes.join(", "));
            return Err(CallError::Rejected(format!("the store has no view `{store}`: set `store` to one of {codes}")));
        }
        Ok(StorefrontDescription {
            identity: self.url.clone(),
            version,
            currency: store.map(|one| one.base_currency_code.clone()).unwrap_or_default(),
            scopes: granted.yes,
            missing_scopes: granted.no,
            locations,
        })
    }

    /// The version the store tells to everybody, such as `Magento/2.4 (Community)`; refused where it is too old. `None` where the
    /// store does not tell.
    async fn version(&self) -> Result<Option<String>, CallError> {
        let page = match self.client.plain_page(VERSION_PAGE).await {
            Ok(page) => page,
            Err(CallError::Rejected(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((product, version)) = told(&page) else { return Ok(None) };
        if product == "Magento" && version < LEAST {
            return Err(CallError::Rejected(format!(
                "the store is Magento {}.{}, and this program needs {}.{} or later: update the store",
                version.0, version.1, LEAST.0, LEAST.1
            )));
        }
        Ok(Some(format!("{product} {}.{}", version.0, version.1)))
    }
}

/// The least a listing can be asked for.
fn one() -> [(&'static str, String); 2] {
    [("searchCriteria[pageSize]", "1".to_owned()), ("searchCriteria[currentPage]", "1".to_owned())]
}

/// Product and version of a page such as `Magento/2.4 (Community)`.
fn told(page: &str) -> Option<(String, (u32, u32))> {
    let (product, rest) = page.trim().split_once('/')?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == ' ';
    if product.is_empty() || product.len() > 40 || !product.chars().all(plain) {
        return None;
    }
    let number = rest.split_whitespace().next()?;
    let mut parts = number.split('.');
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next().unwrap_or("0").parse().ok()?);
    Some((product.to_owned(), (major, minor)))
}

#[cfg(test)]
mod tests;
