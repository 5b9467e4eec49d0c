//! Asks the shop's token endpoint for an access token.
//!
//! What comes in: the app's id and secret, and a refresh token where there is one. What goes out: the token with its length of
//! life, or a [`CallError`]. Both grants may be repeated: a day's token is simply granted again, and a refresh token that was
//! used stays good until its replacement is used. Nothing the endpoint says of the secrets is repeated in an error.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;

use crate::domain::{CallError, Secret};

/// The longest answer that is read, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What was granted.
pub struct Granted {
    pub access_token: Secret,
    /// How long it works.
    pub lives: SignedDuration,
    /// The refresh token that replaces the one that was used.
    pub refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: i64,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
}

/// A token of a day for an app of the shop's own organisation. May be repeated.
pub async fn client_credentials(
    http: &reqwest::Client,
    endpoint: &Url,
    id: &str,
    secret: &Secret,
) -> Result<Granted, CallError> {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret.expose())];
    ask(http, endpoint, &form, "see that the app is installed and that `client_id` and `client_secret` are the app's")
        .await
}

/// A token of an hour for a refresh token. May be repeated until the refresh token that came back is used.
pub async fn refresh(
    http: &reqwest::Client,
    endpoint: &Url,
    id: &str,
    secret: &Secret,
    refresh_token: &Secret,
) -> Result<Granted, CallError> {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", id),
        ("client_secret", secret.expose()),
        ("refresh_token", refresh_token.expose()),
    ];
    ask(http, endpoint, &form, "install the app anew and set its new `refresh_token`").await
}

async fn ask(http: &reqwest::Client, endpoint: &Url, form: &[(&str, &str)], fix: &str) -> Result<Granted, CallError> {
    let sending =
        http.post(endpoint.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(form));
    let mut response = sending.send().await.map_err(|error| {
        let what = if error.is_timeout() { "no answer in time" } else { "no connection to the shop" };
        CallError::Transient(format!("fetching an access token: {what}"))
    })?;
    let status = response.status().as_u16();
    let waits = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    loop {
        let lost = |_| CallError::Transient("fetching an access token: the connection broke".into());
        let Some(chunk) = response.chunk().await.map_err(lost)? else { break };
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(CallError::Transient("fetching an access token: the answer is too long".into()));
        }
        body.extend_from_slice(&chunk);
    }
    match status {
        200 => granted(&body),
        429 => {
            let wait = Duration::from_secs(waits.unwrap_or(2).clamp(1, 3_600));
            Err(CallError::Throttled { wait, reason: "fetching an access token: too many requests (429)".into() })
        }
        408 | 500..=599 => Err(CallError::Transient(format!("fetching an access token: the shop answered {status}"))),
        _ => {
            let word = serde_json::from_slice::<Refusal>(&body).ok().and_then(|refusal| refusal.error);
            let word =
                word.filter(|word| word.len() <= 40 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let word = word.map(|word| format!(", {word}")).unwrap_or_default();
            Err(CallError::Unauthorised(format!("no access token was granted ({status}{word}): {fix}")))
        }
    }
}

fn granted(body: &[u8]) -> Result<Granted, CallError> {
    let unclear = || CallError::Transient("fetching an access token: the answer cannot be read".into());
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unclear())?;
    if answer.expires_in < 1 {
        return Err(unclear());
    }
    Ok(Granted {
        access_token: Secret::new(answer.access_token),
        lives: SignedDuration::from_secs(answer.expires_in),
        refresh_token: answer.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
    })
}

/// The form as it goes over the wire; never part of an address.
fn encoded(form: &[(&str, &str)]) -> String {
    let Ok(mut paper) = Url::parse("form:") else { return String::new() };
    paper.query_pairs_mut().extend_pairs(form);
    paper.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_carries_any_secret_as_it_is() {
        assert_eq!(encoded(&[("a", "x&y=z +%"), ("b", "é")]), "a=x%26y%3Dz+%2B%25&b=%C3%A9");
    }
}
