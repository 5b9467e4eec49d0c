//! `[storefronts.NAME]` of the kind `magento2`.

use super::read::Section;
use super::sides::{checked, is_safe_endpoint};
use crate::domain::StorefrontName;
use crate::storefront::magento2::{
    Access, AttributeNames, DEFAULT_STORE, Magento2Config, OAuth, WaysIn, is_store_code,
};

/// The four values of an integration, in the order its administration shows them.
const FOUR: [&str; 4] = ["consumer_key", "consumer_secret", "access_token", "access_token_secret"];

pub(super) fn magento2(name: &str, section: &Section<'_>) -> Option<Magento2Config> {
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
        None => Some(DEFAULT_STORE.to_owned()),
        Some(found) if is_store_code(found.value) => Some(found.value.to_owned()),
        Some(found) => {
            let what = format!("`store` must be the code of one store view, but is `{}`", found.value);
            section.add(found.place, what, "see Stores > All Stores in the administration, such as \"default\"");
            None
        }
    };
    let access = access(section);
    let ways_in = WaysIn {
        async_events: section.secrets("async_events_token"),
        io_events: section.texts("io_events_client"),
        commerce_webhooks: section.secrets("commerce_webhooks_key"),
        shared_secrets: section.secrets("webhook_secret"),
    };
    let named = |key: &str, default: String| section.text(key).map_or(default, |found| found.value.to_owned());
    let names = AttributeNames::default();
    let names = AttributeNames {
        attribute_set: named("attribute_set", names.attribute_set),
        colour: named("colour_attribute", names.colour),
        size: named("size_attribute", names.size),
    };
    Some(Magento2Config { name: name?, url: url?, store: store?, access: access?, ways_in, names })
}

/// Either way in, and nothing of the other.
fn access(section: &Section<'_>) -> Option<Access> {
    let given: Vec<_> = FOUR.into_iter().filter(|key| section.value(key).is_some()).collect();
    if section.value("token").is_some() {
        if let Some(other) = given.first() {
            let what = format!("`token` and `{other}` are two ways to get in");
            let hint = "keep `token` where the store allows bearer tokens, or take it out";
            section.add(section.place(), what, hint);
            return None;
        }
        return section.secret("token").map(Access::Bearer);
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
    Some(Access::OAuth(Box::new(OAuth {
        consumer_key: consumer_key?,
        consumer_secret: consumer_secret?,
        token: token?,
        token_secret: token_secret?,
    })))
}

fn names_rest(url: &str) -> bool {
    let path = url.trim_end_matches('/');
    path.ends_with("/rest") || path.contains("/rest/")
}
