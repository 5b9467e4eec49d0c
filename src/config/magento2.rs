//! `[storefronts.NAME]` of the kind `magento2`.

use super::read::Section;
use super::sides::{checked, is_safe_endpoint};
use crate::domain::{IntegrationAccess, OAuthKeys, Secret, StorefrontName};

/// How a Magento 2 store is reached, and how it may call us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magento2Settings {
    /// Its name in the configuration.
    pub name: StorefrontName,
    /// Base URL, without `/rest`.
    pub url: String,
    /// Code of the store view that customers belong to; `None` means Magento's own default.
    pub store: Option<String>,
    /// Whether only sales and accounts of that view's website are taken in.
    pub only_its_website: bool,
    /// How its web API lets us in.
    pub access: IntegrationAccess,
    /// Verification tokens of Mage-OS Async Events.
    pub async_events: Vec<Secret>,
    /// Client ids that Adobe I/O Events name as the recipient.
    pub io_events: Vec<String>,
    /// Where Adobe's public keys are fetched from, instead of Adobe.
    pub io_events_keys: Option<String>,
    /// Public keys of Adobe Commerce Webhooks, in PEM.
    pub commerce_webhooks: Vec<Secret>,
    /// What modules that sign nothing send.
    pub shared_secrets: Vec<Secret>,
    /// Name of the attribute set of new products, where it is not Magento's own.
    pub attribute_set: Option<String>,
    /// Code of the attribute for colours, where it is another.
    pub colour: Option<String>,
    /// Code of the attribute for sizes, where it is another.
    pub size: Option<String>,
}

/// The four values of an integration, in the order its administration shows them.
const FOUR: [&str; 4] = ["consumer_key", "consumer_secret", "access_token", "access_token_secret"];

pub(super) fn magento2(name: &str, section: &Section<'_>) -> Option<Magento2Settings> {
    let name = checked(name, section, |name| StorefrontName::parse(name));
    let url = section.text("url").and_then(|found| {
        if is_safe_endpoint(found.value) && !found.value.contains(['?', '#']) && !names_rest(found.value) {
            return Some(found.value.trim_end_matches('/').to_owned());
        }
        let what = "`url` must be https, or http to this machine, and end before /rest: the access token is sent there";
        section.add(found.place, what, "write it like \"https://shop.example\"");
        None
    });
    let store = match section.text("store") {
        None => Some(None),
        Some(found) if is_store_code(found.value) => Some(Some(found.value.to_owned())),
        Some(found) => {
            let what = format!("`store` must be the code of one store view, but is `{}`", found.value);
            section.add(found.place, what, "see Stores > All Stores in the administration, such as \"default\"");
            None
        }
    };
    let access = access(section);
    let io_events_keys = section.text("io_events_keys").filter(|found| {
        let fine = is_safe_endpoint(found.value);
        if !fine {
            let what = "`io_events_keys` must be https, or http to this machine";
            section.add(found.place, what, "leave it out: Adobe's own address is the default");
        }
        fine
    });
    let named = |key: &str| section.text(key).map(|found| found.value.to_owned());
    Some(Magento2Settings {
        name: name?,
        url: url?,
        store: store?,
        only_its_website: section.flag("only_its_website", false),
        access: access?,
        async_events: section.secrets("async_events_token"),
        io_events: section.texts("io_events_client"),
        io_events_keys: io_events_keys.map(|found| found.value.to_owned()),
        commerce_webhooks: section.secrets("commerce_webhooks_key"),
        shared_secrets: section.secrets("webhook_secret"),
        attribute_set: named("attribute_set"),
        colour: named("colour_attribute"),
        size: named("size_attribute"),
    })
}

/// Either way in, and nothing of the other.
fn access(section: &Section<'_>) -> Option<IntegrationAccess> {
    let given: Vec<_> = FOUR.into_iter().filter(|key| section.value(key).is_some()).collect();
    if section.value("token").is_some() {
        if let Some(other) = given.first() {
            let what = format!("`token` and `{other}` are two ways to get in");
            let hint = "keep `token` where the store allows bearer tokens, or take it out";
            section.add(section.place(), what, hint);
            return None;
        }
        return section.secret("token").map(IntegrationAccess::Bearer);
    }
    if given.is_empty() {
        let hint =
            "add token = { env = \"NAME\" }, or consumer_key, consumer_secret, access_token and access_token_secret";
        section.add(section.place(), "the store has no access: there is neither `token` nor `consumer_key`", hint);
        return None;
    }
    let missing: Vec<_> = FOUR.iter().filter(|key| !given.contains(key)).map(|key| format!("`{key}`")).collect();
    if !missing.is_empty() {
        let what = format!("`{}` needs {} beside it", given[0], missing.join(" and "));
        section.add(section.place(), what, "add what is missing; the administration shows all four under Integrations");
        return None;
    }
    let [consumer_key, consumer_secret, token, token_secret] = FOUR.map(|key| section.secret(key));
    Some(IntegrationAccess::OAuth(Box::new(OAuthKeys {
        consumer_key: consumer_key?,
        consumer_secret: consumer_secret?,
        token: token?,
        token_secret: token_secret?,
    })))
}

/// A letter, then letters, digits and `_`, as the store's administration asks.
fn is_store_code(text: &str) -> bool {
    text != "all"
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= 32
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn names_rest(url: &str) -> bool {
    let path = url.trim_end_matches('/');
    path.ends_with("/rest") || path.contains("/rest/")
}
