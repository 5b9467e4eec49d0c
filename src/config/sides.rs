//! `[storefronts.NAME]` and `[offices.NAME]`: the systems that are joined, each of one kind.

use super::magento2::{Magento2Settings, magento2};
use super::read::Section;
use crate::domain::{Access, OfficeName, Secret, StorefrontName};

/// A storefront, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorefrontConfig {
    /// A Shopify shop.
    Shopify(ShopifySettings),
    /// A Magento 2 store.
    Magento2(Magento2Settings),
}

/// How a Shopify shop is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopifySettings {
    /// Its name in the configuration.
    pub name: StorefrontName,
    /// Permanent domain, `NAME.myshopify.com`.
    pub shop: String,
    /// Full address of another Admin API.
    pub endpoint: Option<String>,
    /// How its Admin API lets us in.
    pub access: Access,
    /// What webhooks may be signed with; at least one.
    pub webhook_secrets: Vec<Secret>,
    /// Names of the sales channels that products appear in; empty means the online store.
    pub publications: Vec<String>,
    /// Namespace of the metafield that holds the office's key.
    pub pos_key_namespace: String,
    /// Where its webhooks are to be sent, from the outside.
    pub webhook_address: Option<String>,
}

/// An office, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeConfig {
    /// A Counter Intelligence head office.
    CounterIntelligence {
        /// Its name in the configuration.
        name: OfficeName,
        /// URL of its database.
        database: Secret,
    },
}

impl StorefrontConfig {
    /// Its name.
    pub fn name(&self) -> &StorefrontName {
        match self {
            Self::Shopify(shop) => &shop.name,
            Self::Magento2(store) => &store.name,
        }
    }

    /// Its kind, as written in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Shopify(_) => "shopify",
            Self::Magento2(_) => "magento2",
        }
    }
}

impl OfficeConfig {
    /// Its name.
    pub fn name(&self) -> &OfficeName {
        match self {
            Self::CounterIntelligence { name, .. } => name,
        }
    }

    /// Its kind, as written in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CounterIntelligence { .. } => "counter-intelligence",
        }
    }
}

/// The storefronts of the file. A new kind of storefront is a line here and its keys in [`super::keys`].
pub(super) fn storefronts(root: &Section<'_>) -> Vec<StorefrontConfig> {
    let read = |(name, section): (&str, Section<'_>)| match section.text("kind")?.value {
        "shopify" => shopify(name, &section).map(StorefrontConfig::Shopify),
        "magento2" => magento2(name, &section).map(StorefrontConfig::Magento2),
        _ => None,
    };
    let found: Vec<StorefrontConfig> = root.named("storefronts").into_iter().filter_map(read).collect();
    refuse_one_sale_twice(root, &found);
    found
}

/// One installation of Magento may be met as several storefronts, one for each of its websites; each sale must belong to one.
fn refuse_one_sale_twice(root: &Section<'_>, found: &[StorefrontConfig]) {
    let stores =
        found.iter().filter_map(|one| if let StorefrontConfig::Magento2(store) = one { Some(store) } else { None });
    let mut seen: Vec<&Magento2Settings> = Vec::new();
    for store in stores {
        let same = |one: &&&Magento2Settings| one.url == store.url;
        if let Some(other) = seen.iter().find(same)
            && !(store.only_its_website && other.only_its_website)
        {
            let what = format!(
                "[storefronts.{}] and [storefronts.{}] are one installation, and its sales would be booked twice",
                other.name, store.name
            );
            let hint =
                "give both only_its_website = true and as `store` views of different websites, or keep one of them";
            root.section("storefronts").add(root.section("storefronts").place(), what, hint);
        }
        seen.push(store);
    }
}

/// The offices of the file. A new kind of office is a line here and its keys in [`super::keys`].
pub(super) fn offices(root: &Section<'_>) -> Vec<OfficeConfig> {
    let read = |(name, section): (&str, Section<'_>)| match section.text("kind")?.value {
        "counter-intelligence" => counter_intelligence(name, &section),
        _ => None,
    };
    root.named("offices").into_iter().filter_map(read).collect()
}

fn shopify(name: &str, section: &Section<'_>) -> Option<ShopifySettings> {
    let name = checked(name, section, |name| StorefrontName::parse(name));
    let shop = section.text("shop").and_then(|found| {
        if is_shop_domain(found.value) {
            return Some(found.value.to_owned());
        }
        let what = format!("`shop` must be the permanent domain, but is `{}`", found.value);
        section.add(found.place, what, "write it like \"kiwi-web.myshopify.com\", without https://");
        None
    });
    let endpoint = section.text("endpoint").filter(|found| {
        let fine = is_safe_endpoint(found.value);
        if !fine {
            let what = "`endpoint` must be https, or http to this machine: the access token is sent there";
            section.add(found.place, what, "write it like \"https://…\" or \"http://127.0.0.1:4000\", or leave it out");
        }
        fine
    });
    let webhook_address = section.text("webhook_address").filter(|found| {
        let fine = found.value.starts_with("https://");
        if !fine {
            let what = "`webhook_address` must begin with https://: a shop sends its webhooks nowhere else";
            section.add(found.place, what, "write it like \"https://bridge.example/webhooks/NAME\", or leave it out");
        }
        fine
    });
    let namespace = section.text("pos_key_namespace").filter(|found| {
        let fine = is_namespace(found.value);
        if !fine {
            let what = format!("`pos_key_namespace` cannot be `{}`", found.value);
            section.add(found.place, what, "use 3 to 255 letters, digits, `-` and `_`");
        }
        fine
    });
    let access = access(section);
    let webhook_secrets = section.secrets("webhook_secret");
    if webhook_secrets.is_empty() {
        return None;
    }
    Some(ShopifySettings {
        name: name?,
        shop: shop?,
        endpoint: endpoint.map(|found| found.value.to_owned()),
        access: access?,
        webhook_secrets,
        publications: section.texts("publications"),
        pos_key_namespace: namespace.map_or("tillbridge", |found| found.value).to_owned(),
        webhook_address: webhook_address.map(|found| found.value.trim_end_matches('/').to_owned()),
    })
}

/// One of the three ways in, and nothing of another.
fn access(section: &Section<'_>) -> Option<Access> {
    let given = |keys: &[&'static str]| keys.iter().copied().find(|key| section.value(key).is_some());
    if section.value("token").is_some() {
        if let Some(other) = given(&["client_id", "client_secret", "refresh_token", "token_file"]) {
            let what = format!("`token` and `{other}` are two ways to get in");
            section.add(section.place(), what, "keep `token` for a token that does not end, or take it out");
            return None;
        }
        return section.secret("token").map(Access::Token);
    }
    let Some(first) = given(&["client_id", "client_secret", "refresh_token", "token_file"]) else {
        let hint = "add token = { env = \"NAME\" }, or client_id with client_secret = { env = \"NAME\" }";
        section.add(section.place(), "the shop has no access: there is neither `token` nor `client_id`", hint);
        return None;
    };
    let mut wanted = vec!["client_id", "client_secret"];
    if given(&["refresh_token", "token_file"]).is_some() {
        wanted.extend(["refresh_token", "token_file"]);
    }
    let missing: Vec<_> = wanted.iter().filter(|key| section.value(key).is_none()).collect();
    if !missing.is_empty() {
        let names = missing.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        section.add(section.place(), format!("`{first}` needs {names} beside it"), "add what is missing");
        return None;
    }
    let id = section.text("client_id")?.value.to_owned();
    let secret = section.secret("client_secret")?;
    if wanted.len() == 2 {
        return Some(Access::ClientCredentials { id, secret });
    }
    let file = section.text("token_file")?.value.into();
    Some(Access::Expiring { id, secret, refresh_token: section.secret("refresh_token")?, file })
}

fn counter_intelligence(name: &str, section: &Section<'_>) -> Option<OfficeConfig> {
    let name = checked(name, section, |name| OfficeName::parse(name));
    let database = section.secret("database");
    Some(OfficeConfig::CounterIntelligence { name: name?, database: database? })
}

/// A table's name ends up in web addresses and queue names, so it is kept to what is safe there.
pub(super) fn checked<T>(
    name: &str,
    section: &Section<'_>,
    parse: impl Fn(&str) -> Result<T, crate::domain::BadName>,
) -> Option<T> {
    if is_plain(name)
        && let Ok(name) = parse(name)
    {
        return Some(name);
    }
    section.add(section.place(), format!("`{name}` cannot be a name"), PLAIN_HINT);
    None
}

/// What names consist of.
pub(super) const PLAIN_HINT: &str = "use 1 to 64 lower-case letters, digits, `-` and `_`";

/// Whether a name may stand in web addresses, variables and queue names.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

fn is_shop_domain(text: &str) -> bool {
    let name = text.strip_suffix(".myshopify.com").unwrap_or_default();
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_namespace(text: &str) -> bool {
    (3..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

pub(super) fn is_safe_endpoint(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let loopback = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => return false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_over_https_or_within_the_machine_only() {
        for fine in ["https://shop.test/admin", "http://127.0.0.1:4000", "http://localhost:1", "http://[::1]:1"] {
            assert!(is_safe_endpoint(fine), "{fine}");
        }
        for bad in ["http://shop.test", "http://127.0.0.1.evil.test", "ftp://127.0.0.1", "https://u:p@shop.test", "x"] {
            assert!(!is_safe_endpoint(bad), "{bad}");
        }
    }

    #[test]
    fn a_shop_is_known_by_its_permanent_domain() {
        assert!(is_shop_domain("kiwi-web.myshopify.com"));
        for bad in ["kiwi.co.nz", "https://kiwi-web.myshopify.com", ".myshopify.com", "a/b.myshopify.com"] {
            assert!(!is_shop_domain(bad), "{bad}");
        }
    }
}
