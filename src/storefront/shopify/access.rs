//! The access token: held, lent to every call, fetched anew before it ends.
//!
//! What comes in: how the configuration says to get in ([`Access`]). What goes out: a token for one call ([`Lent`]), or the class
//! of what stands in the way. One fetch serves all workers: whoever finds the token ending goes, the others wait for what comes
//! back. A fetch that fails while the token at hand still works is tried again later and stops nobody.
//!
//! **An expiring token's pair is stored before it is used.** Shopify keeps the refresh token that was used until its replacement
//! is used for the first time. So whatever happens between asking and storing (an answer that is lost, a crash, a full disk), the
//! refresh token on disk still works and the next fetch repeats it; were the new pair used first, a crash would leave only a
//! refresh token that is retired, and the installation would be lost.
//! Next in the flow: [`super::client`] sends it.

mod grant;
mod store;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::config::ShopifyConfigError;
use crate::domain::{Access, CallError, Secret};
use grant::Granted;
use store::{Kept, Store};

/// A token is fetched anew this long before it ends, or at nine tenths of a shorter life.
const LONGEST_MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How long a failed early fetch waits for its next try.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// How long another worker's or process's fetch is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A token for one call.
#[derive(Clone)]
pub struct Lent {
    /// The header's value; never logged.
    pub header: HeaderValue,
    /// Which fetch it came from.
    fetch: u64,
}

/// Keeps the token of one shop.
pub struct Keeper {
    way: Way,
    held: Mutex<Option<Held>>,
    fetching: tokio::sync::Mutex<()>,
}

enum Way {
    Fixed(HeaderValue),
    Fetched { endpoint: Url, id: String, secret: Secret, store: Option<Store> },
}

#[derive(Clone)]
struct Held {
    lent: Lent,
    ends: Timestamp,
    renew_at: Timestamp,
}

impl Keeper {
    /// Calls nobody. Tokens are fetched from the origin of `api`.
    pub fn new(access: Access, api: &Url) -> Result<Self, ShopifyConfigError> {
        let mut endpoint = api.clone();
        endpoint.set_path("/admin/oauth/access_token");
        endpoint.set_query(None);
        let way = match access {
            Access::Token(token) => Way::Fixed(header(token.expose()).ok_or(ShopifyConfigError::Token)?),
            Access::ClientCredentials { id, secret } => Way::Fetched { endpoint, id, secret, store: None },
            Access::Expiring { id, secret, refresh_token, file } => {
                Way::Fetched { endpoint, id, secret, store: Some(Store::new(file, refresh_token)) }
            }
        };
        Ok(Self { way, held: Mutex::new(None), fetching: tokio::sync::Mutex::new(()) })
    }

    /// The token to call with; fetches one where none is held or the one held is about to end.
    pub async fn token(&self, http: &reqwest::Client) -> Result<Lent, CallError> {
        if let Way::Fixed(header) = &self.way {
            return Ok(Lent { header: header.clone(), fetch: 0 });
        }
        let fresh = |held: &Held| Timestamp::now() < held.renew_at;
        if let Some(held) = self.held().filter(fresh) {
            return Ok(held.lent);
        }
        let _turn = self.turn().await?;
        if let Some(held) = self.held().filter(fresh) {
            return Ok(held.lent);
        }
        match (self.fetch(http, None).await, self.held()) {
            (Ok(lent), _) => Ok(lent),
            (Err(error), Some(mut held)) if Timestamp::now() < held.ends => {
                tracing::warn!(%error, "the access token could not be fetched early and is used until it ends");
                held.renew_at = later(Timestamp::now(), TRY_AGAIN).min(held.ends);
                self.hold(held.clone());
                Ok(held.lent)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Another token in place of one the shop refused; `None` where there is no way to get another.
    pub async fn after_refusal(&self, http: &reqwest::Client, refused: &Lent) -> Result<Option<Lent>, CallError> {
        if matches!(self.way, Way::Fixed(_)) {
            return Ok(None);
        }
        let _turn = self.turn().await?;
        if let Some(held) = self.held().filter(|held| held.lent.fetch != refused.fetch) {
            return Ok(Some(held.lent));
        }
        self.fetch(http, Some(refused)).await.map(Some)
    }

    async fn turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, CallError> {
        tokio::time::timeout(PATIENCE, self.fetching.lock()).await.map_err(|_| busy())
    }

    /// Fetches a token and holds it. The caller has the turn.
    async fn fetch(&self, http: &reqwest::Client, refused: Option<&Lent>) -> Result<Lent, CallError> {
        let Way::Fetched { endpoint, id, secret, store } = &self.way else { return Err(busy()) };
        let asked_at = Timestamp::now();
        let (token, ends) = match store {
            None => {
                let granted = grant::client_credentials(http, endpoint, id, secret).await?;
                let ends = later(asked_at, granted.lives);
                (granted.access_token, ends)
            }
            Some(store) => {
                let kept = refresh(http, endpoint, (id, secret), store, asked_at, refused).await?;
                (kept.access_token, kept.ends)
            }
        };
        let header = header(token.expose()).ok_or_else(|| {
            CallError::Unauthorised("the shop granted an access token with characters no token has".into())
        })?;
        let fetch = self.held().map_or(1, |held| held.lent.fetch + 1);
        let held = Held { lent: Lent { header, fetch }, ends, renew_at: renew_at(asked_at, ends) };
        self.hold(held.clone());
        Ok(held.lent)
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Held) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[access token]")
    }
}

/// The pair another process stored meanwhile, or a new one, stored before anybody uses it. The file stays locked from reading
/// to storing, so of several processes one asks.
async fn refresh(
    http: &reqwest::Client,
    endpoint: &Url,
    app: (&str, &Secret),
    store: &Store,
    now: Timestamp,
    refused: Option<&Lent>,
) -> Result<Kept, CallError> {
    let locked = tokio::time::timeout(PATIENCE, store.lock()).await.map_err(|_| busy())??;
    let refresh_token = match locked.read().await? {
        Some(kept) => {
            let was_refused =
                refused.is_some_and(|lent| header(kept.access_token.expose()).as_ref() == Some(&lent.header));
            if !was_refused && now < renew_at_of(&kept) {
                return Ok(kept);
            }
            kept.refresh_token
        }
        None => store.first().clone(),
    };
    let Granted { access_token, lives, refresh_token } =
        grant::refresh(http, endpoint, app.0, app.1, &refresh_token).await?;
    let refresh_token = refresh_token.ok_or_else(|| {
        CallError::Unauthorised(
            "the shop granted a token without a refresh token: the app does not use expiring tokens, so \
            set `token` instead of `refresh_token`"
                .into(),
        )
    })?;
    let kept = Kept { access_token, granted: now, ends: later(now, lives), refresh_token };
    locked.write(kept.clone()).await?;
    Ok(kept)
}

fn renew_at_of(kept: &Kept) -> Timestamp {
    renew_at(kept.granted, kept.ends)
}

/// When a token is to be fetched anew.
fn renew_at(granted: Timestamp, ends: Timestamp) -> Timestamp {
    let margin = (ends.duration_since(granted) / 10).min(LONGEST_MARGIN);
    ends.checked_sub(margin).unwrap_or(ends)
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn busy() -> CallError {
    CallError::Throttled { wait: Duration::from_secs(1), reason: "another worker is fetching the access token".into() }
}

/// A token as a header that is never logged.
fn header(token: &str) -> Option<HeaderValue> {
    let token = token.trim();
    let proper = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::from_str(token).ok().filter(|_| proper)?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
