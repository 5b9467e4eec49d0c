//! What the adapter needs to know of one shop, and the checks that make it safe to use.

use reqwest::Url;

use crate::domain::{Access, Secret, StorefrontName};

/// The Admin API version that every request asks for and that webhook bodies should come in.
pub const API_VERSION: &str = "2026-10";

/// Namespace of the metafield that carries the office's key, unless the configuration names another.
pub const DEFAULT_KEY_NAMESPACE: &str = "tillbridge";

/// One shop's settings, as read from the configuration.
#[derive(Debug, Clone)]
pub struct ShopifyConfig {
    /// The storefront's name in the configuration.
    pub name: StorefrontName,
    /// The shop's own domain, such as `kiwi-web.myshopify.com`.
    pub shop: String,
    /// Address of the Admin API instead of the shop's; `https`, or anything on this machine (the simulated shop).
    pub endpoint: Option<String>,
    /// How the Admin API lets us in.
    pub access: Access,
    /// Client secrets that may have signed a webhook; the old one stays here for an hour after a rotation.
    pub webhook_secrets: Vec<Secret>,
    /// Names of the sales channels products are shown in; empty means the online store.
    pub publications: Vec<String>,
    /// Namespace of the metafield that carries the office's key ([`DEFAULT_KEY_NAMESPACE`]).
    pub pos_key_namespace: String,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShopifyConfigError {
    /// The shop's domain is not of the form Shopify gives.
    #[error("`shop` must be the shop's own domain, such as `kiwi-web.myshopify.com`, but is `{0}`")]
    Shop(String),
    /// The address override cannot be used.
    #[error("`endpoint` must be an https address (or http on this machine): {0}")]
    Endpoint(String),
    /// There is nothing to check webhooks with.
    #[error("`webhook_secret` must name at least one secret, and none may be empty")]
    WebhookSecrets,
    /// The token is empty or has characters no token has.
    #[error("`token` must be an Admin API access token, but it is empty or has characters that no token has")]
    Token,
    /// Shopify would not take the namespace.
    #[error("`pos_key_namespace` must be 3 to 255 letters, digits, `-` or `_`, but is `{0}`")]
    Namespace(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot start: {0}")]
    Client(String),
}

impl ShopifyConfig {
    /// The shop's domain in lower case.
    pub(super) fn checked_shop(&self) -> Result<String, ShopifyConfigError> {
        let shop = self.shop.trim().to_ascii_lowercase();
        let label = shop.strip_suffix(".myshopify.com").unwrap_or_default();
        let proper = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if label.is_empty() || !proper { Err(ShopifyConfigError::Shop(self.shop.clone())) } else { Ok(shop) }
    }

    /// The address requests go to.
    pub(super) fn checked_endpoint(&self, shop: &str) -> Result<Url, ShopifyConfigError> {
        let text =
            self.endpoint.clone().unwrap_or_else(|| format!("https://{shop}/admin/api/{API_VERSION}/graphql.json"));
        let url = Url::parse(&text).map_err(|error| ShopifyConfigError::Endpoint(error.to_string()))?;
        let here = match url.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if here => Ok(url),
            "http" => {
                Err(ShopifyConfigError::Endpoint("plain http would show the token to everybody on the way".into()))
            }
            other => Err(ShopifyConfigError::Endpoint(format!("`{other}` is not a scheme this program speaks"))),
        }
    }

    /// The secrets webhooks are checked with.
    pub(super) fn checked_secrets(&self) -> Result<Vec<Secret>, ShopifyConfigError> {
        if self.webhook_secrets.is_empty() || self.webhook_secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(ShopifyConfigError::WebhookSecrets);
        }
        Ok(self.webhook_secrets.clone())
    }

    /// The namespace of the office's key.
    pub(super) fn checked_namespace(&self) -> Result<String, ShopifyConfigError> {
        let name = self.pos_key_namespace.as_str();
        let proper = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if proper && (3..=255).contains(&name.len()) {
            Ok(name.to_owned())
        } else {
            Err(ShopifyConfigError::Namespace(name.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(shop: &str, endpoint: Option<&str>) -> ShopifyConfig {
        ShopifyConfig {
            name: StorefrontName::parse("kiwi-web").unwrap(),
            shop: shop.into(),
            endpoint: endpoint.map(str::to_owned),
            access: Access::Token(Secret::new("shpat_0".into())),
            webhook_secrets: vec![Secret::new("s".into())],
            publications: Vec::new(),
            pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
        }
    }

    #[test]
    fn a_shop_is_named_by_its_own_domain() {
        assert_eq!(config("Kiwi-Web.myshopify.com", None).checked_shop().unwrap(), "kiwi-web.myshopify.com");
        for bad in ["", "kiwi", "kiwi.example.com", ".myshopify.com", "a.b.myshopify.com", "a/b.myshopify.com"] {
            assert!(config(bad, None).checked_shop().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_token_only_travels_over_https_or_on_this_machine() {
        let at = |endpoint| config("kiwi.myshopify.com", endpoint).checked_endpoint("kiwi.myshopify.com");
        assert_eq!(at(None).unwrap().as_str(), "https://kiwi.myshopify.com/admin/api/2026-10/graphql.json");
        for good in ["https://shop.test/api", "http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/x"] {
            assert!(at(Some(good)).is_ok(), "{good}");
        }
        for bad in ["http://shop.test/api", "http://127.0.0.1.example.com/", "ftp://localhost/", "kiwi", ""] {
            assert!(at(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_and_namespaces_are_looked_at() {
        let mut settings = config("kiwi.myshopify.com", None);
        settings.webhook_secrets.push(Secret::new(String::new()));
        assert!(matches!(settings.checked_secrets(), Err(ShopifyConfigError::WebhookSecrets)));
        settings.pos_key_namespace = "a.b".into();
        assert!(matches!(settings.checked_namespace(), Err(ShopifyConfigError::Namespace(_))));
    }
}
