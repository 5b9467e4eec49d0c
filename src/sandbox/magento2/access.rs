//! Who may come in: the integration's token as a bearer, or an OAuth 1.0a signature over the call.
//!
//! What comes in: the `Authorization` header, the method, the address as the server sees it, and the query. What goes out:
//! nothing, or 401 in the shop's words. A nonce is good for one call of a consumer; a clock may be slow, but not fast.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::BTreeMap;

use super::request::Refusal;
use super::state::State;

/// How far in the future a call's timestamp may lie, in seconds.
const AHEAD: i64 = 600;

/// What a signature is made over.
pub(super) struct Signed<'a> {
    pub method: &'a str,
    /// Scheme, host and path as the server sees them, still encoded.
    pub address: &'a str,
    /// Decoded query.
    pub query: &'a [(String, String)],
}

impl State {
    /// Lets a call in or answers why not.
    pub(super) fn let_in(&mut self, header: Option<&str>, call: &Signed<'_>, resource: &str) -> Result<(), Refusal> {
        let admitted = match header.and_then(|header| header.split_once(' ')) {
            Some((kind, token)) if kind.eq_ignore_ascii_case("bearer") => {
                let known = self.options.bearer_allowed && token.trim() == self.options.keys.token;
                known.then_some(()).ok_or_else(|| Refusal::unauthorised(resource))
            }
            Some((kind, rest)) if kind.eq_ignore_ascii_case("oauth") => self.check_signature(rest, call),
            _ => Err(Refusal::unauthorised(resource)),
        };
        let granted = self.options.resources.as_ref().is_none_or(|granted| granted.contains(resource));
        let admitted = admitted.and_then(|()| granted.then_some(()).ok_or_else(|| Refusal::unauthorised(resource)));
        if admitted.is_err() {
            self.refused += 1;
        }
        admitted
    }

    fn check_signature(&mut self, header: &str, call: &Signed<'_>) -> Result<(), Refusal> {
        let said: BTreeMap<String, String> = header.split(',').filter_map(pair).collect();
        let problem = |why: &str| Refusal { status: 401, ..Refusal::bad(why) };
        let part = |name: &str| said.get(name).map(String::as_str);
        let needed = |name: &str| {
            part(name)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| Refusal { status: 400, ..Refusal::bad(format!("parameter_absent: {name}")) })
        };
        let (key, token) = (needed("oauth_consumer_key")?, needed("oauth_token")?);
        let (nonce, stamp, signature) =
            (needed("oauth_nonce")?, needed("oauth_timestamp")?, needed("oauth_signature")?);
        if part("oauth_version").is_some_and(|version| version != "1.0") {
            return Err(problem("The OAuth version is not supported."));
        }
        if needed("oauth_signature_method")? != "HMAC-SHA256" {
            return Err(problem("Signature method is not supported."));
        }
        let keys = &self.options.keys;
        if key != keys.consumer_key {
            return Err(problem("A consumer having the specified key does not exist."));
        }
        if token != keys.token {
            return Err(problem("Specified token does not exist."));
        }
        let stamp = stamp.parse::<i64>().map_err(|_| problem("The timestamp is not valid."))?;
        if stamp < 1 || stamp > self.now().as_second() + AHEAD {
            return Err(problem("The timestamp value in the oauth_timestamp parameter is invalid."));
        }
        let secret = format!("{}&{}", escape(&keys.consumer_secret), escape(&keys.token_secret));
        let params = said.iter().filter(|(name, _)| name.starts_with("oauth_") && *name != "oauth_signature");
        let params = params.map(|(name, value)| (name.clone(), value.clone())).chain(call.query.iter().cloned());
        let expected = signature_of(&secret, &base_string(call.method, call.address, params.collect()));
        if expected != signature {
            return Err(problem("The signature is invalid. Verify and try again."));
        }
        if !self.nonces.insert(nonce.to_owned()) {
            return Err(problem("The nonce is already being used by the consumer with ID 1."));
        }
        Ok(())
    }
}

/// `name="value"` of the header, decoded.
fn pair(part: &str) -> Option<(String, String)> {
    let (name, value) = part.trim().split_once('=')?;
    Some((unescape(name), unescape(value.trim_matches('"'))))
}

/// What is signed: method, address and all parameters in order.
fn base_string(method: &str, address: &str, params: Vec<(String, String)>) -> String {
    let mut params: Vec<(String, String)> =
        params.into_iter().map(|(name, value)| (escape(&name), escape(&value))).collect();
    params.sort();
    let joined: Vec<String> = params.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", method.to_uppercase(), escape(address), escape(&joined.join("&")))
}

fn signature_of(secret: &str, text: &str) -> String {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

/// Percent-encoding of RFC 3986.
fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// Undoes percent-encoding; what is none stays.
pub(super) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_a_vector_made_by_another_implementation() {
        let tail = "0123456789abcdef0123456789abcd";
        let oauth = [
            ("oauth_consumer_key", format!("ck{tail}")),
            ("oauth_token", format!("tk{tail}")),
            ("oauth_signature_method", "HMAC-SHA256".to_owned()),
            ("oauth_nonce", "n0nceABC123".to_owned()),
            ("oauth_timestamp", "1789000000".to_owned()),
            ("oauth_version", "1.0".to_owned()),
        ];
        let mut params: Vec<_> = oauth.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let secret = format!("cs{tail}&ts{tail}");
        let write = base_string("POST", "https://shop.example.com/rest/all/V1/products", params.clone());
        assert_eq!(signature_of(&secret, &write), "z44NL1VBLqtiWZ5nvKwMrQint7+o1l6dcFzR4sWYC9g=");
        let filter = "searchCriteria[filter_groups][0][filters][0]";
        params.extend([
            (format!("{filter}[field]"), "updated_at".to_owned()),
            (format!("{filter}[value]"), "2026-11-01 00:00:00".to_owned()),
            (format!("{filter}[condition_type]"), "gteq".to_owned()),
            ("searchCriteria[pageSize]".to_owned(), "100".to_owned()),
        ]);
        let read = base_string("GET", "https://shop.example.com/rest/all/V1/orders", params);
        assert_eq!(signature_of(&secret, &read), "u+CyOBHcgOs5OudHCtbjvWY7B87CAPZiYnqmgd3IqV0=");
    }
}
