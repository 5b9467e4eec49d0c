//! How Magento's web API lets us in: a bearer token, or a signature by OAuth 1.0a.
//!
//! What comes in: a request's method and address. What goes out: its `Authorization` header. Magento verifies OAuth by
//! RFC 5849 with HMAC-SHA256; the JSON body is not part of what is signed. Secrets never reach a text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use reqwest::header::HeaderValue;
use sha2::Sha256;

use super::config::Magento2ConfigError;
use crate::domain::{IntegrationAccess as Access, OAuthKeys, Secret};

/// Refuses what could not be sent.
pub(super) fn check(access: &Access) -> Result<(), Magento2ConfigError> {
    let proper = |name, secret: &Secret| {
        let text = secret.expose();
        let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if fine { Ok(()) } else { Err(Magento2ConfigError::Access(name)) }
    };
    match access {
        Access::Bearer(token) => proper("token", token),
        Access::OAuth(four) => {
            proper("consumer_key", &four.consumer_key)?;
            proper("consumer_secret", &four.consumer_secret)?;
            proper("access_token", &four.token)?;
            proper("access_token_secret", &four.token_secret)
        }
    }
}

/// The header for one request: a signature is good for one, because its nonce is.
pub(super) fn header(access: &Access, method: &str, url: &Url) -> Option<HeaderValue> {
    let text = match access {
        Access::Bearer(token) => format!("Bearer {}", token.expose()),
        // Magento refuses a nonce that was used and, in some versions, one with other signs than letters and digits.
        Access::OAuth(four) => {
            let nonce = format!("{:032x}", rand::random::<u128>());
            sign(four, method, url, &nonce, jiff::Timestamp::now().as_second())
        }
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header's value (RFC 5849, section 3). `timestamp`: seconds since 1970.
fn sign(keys: &OAuthKeys, method: &str, url: &Url, nonce: &str, timestamp: i64) -> String {
    let mut parameters = vec![
        ("oauth_consumer_key".to_owned(), keys.consumer_key.expose().to_owned()),
        ("oauth_nonce".to_owned(), nonce.to_owned()),
        ("oauth_signature_method".to_owned(), "HMAC-SHA256".to_owned()),
        ("oauth_timestamp".to_owned(), timestamp.to_string()),
        ("oauth_token".to_owned(), keys.token.expose().to_owned()),
        ("oauth_version".to_owned(), "1.0".to_owned()),
    ];
    let mut header: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    parameters.extend(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));

    let mut escaped: Vec<_> = parameters.iter().map(|(name, value)| (escape(name), escape(value))).collect();
    escaped.sort();
    let joined = escaped.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut plain = url.clone();
    plain.set_query(None);
    let base = format!("{}&{}&{}", method.to_ascii_uppercase(), escape(plain.as_str()), escape(&joined));

    let key = format!("{}&{}", escape(keys.consumer_secret.expose()), escape(keys.token_secret.expose()));
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    header.push(format!("oauth_signature=\"{}\"", escape(&signature)));
    format!("OAuth {}", header.join(", "))
}

/// Percent-encoding as RFC 3986 has it: everything but letters, digits, `-`, `.`, `_` and `~`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(char::from(HEX[usize::from(byte >> 4)]));
            escaped.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    escaped
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::super::client::address;
    use super::*;

    fn four() -> OAuthKeys {
        let secret = |head: &str| Secret::new(format!("{head}0123456789abcdef0123456789abcd"));
        OAuthKeys {
            consumer_key: secret("ck"),
            consumer_secret: secret("cs"),
            token: secret("tk"),
            token_secret: secret("ts"),
        }
    }

    fn signature(method: &str, path: &[&str], query: &[(&str, String)]) -> String {
        let base = Url::parse("https://shop.example.com").unwrap();
        let url = address(&base, "all", path, query).unwrap();
        let header = sign(&four(), method, &url, "n0nceABC123", 1_789_000_000);
        let (_, after) = header.split_once("oauth_signature=\"").unwrap();
        after.trim_end_matches('"').to_owned()
    }

    // The expected values were computed apart from this program, by an independent implementation of RFC 5849.
    #[test]
    fn a_write_is_signed_as_magento_checks_it() {
        let expected = escape("z44NL1VBLqtiWZ5nvKwMrQint7+o1l6dcFzR4sWYC9g=");
        assert_eq!(signature("POST", &["products"], &[]), expected);
    }

    #[test]
    fn the_brackets_and_spaces_of_a_search_are_signed_in_their_order() {
        let query = [
            ("searchCriteria[filter_groups][0][filters][0][field]", "updated_at".to_owned()),
            ("searchCriteria[filter_groups][0][filters][0][value]", "2026-11-01 00:00:00".to_owned()),
            ("searchCriteria[filter_groups][0][filters][0][condition_type]", "gteq".to_owned()),
            ("searchCriteria[pageSize]", "100".to_owned()),
        ];
        let expected = escape("u+CyOBHcgOs5OudHCtbjvWY7B87CAPZiYnqmgd3IqV0=");
        assert_eq!(signature("GET", &["orders"], &query), expected);
    }

    #[test]
    fn each_request_has_a_nonce_of_its_own() {
        let url = Url::parse("https://shop.example/rest/V1/orders").unwrap();
        let access = Access::OAuth(Box::new(four()));
        let of = || header(&access, "GET", &url).unwrap().to_str().unwrap().to_owned();
        assert_ne!(of(), of());
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_by_name() {
        let refused = check(&Access::Bearer(Secret::new("a\nb".into())));
        assert_eq!(refused, Err(Magento2ConfigError::Access("token")));
        let mut values = four();
        values.token_secret = Secret::new(String::new());
        let refused = check(&Access::OAuth(Box::new(values)));
        assert_eq!(refused, Err(Magento2ConfigError::Access("access_token_secret")));
    }
}
