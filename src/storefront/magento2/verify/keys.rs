//! The public keys Adobe signs its events with, fetched once and kept for a day.
//!
//! What comes in: the path a call names. What goes out: the key, or nothing yet. The host is ours to name, never the call's:
//! only a path is taken, and only one that looks like one. Anybody may call us, so how often is fetched, how long it takes and
//! how much is kept are bounded; a key that is at hand is never lost to calls that name others.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use super::PublicKey;
use crate::storefront::Call;
use crate::storefront::magento2::config::Magento2ConfigError;

/// Where Adobe publishes them.
const HOST: &str = "https://static.adobeioevents.com";
/// How long a key is good for; Adobe says a day at most.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);
/// The most keys that are kept.
const MOST_KEYS: usize = 16;
/// The most fetches within [`PERIOD`].
const MOST_FETCHES: usize = 12;
const PERIOD: Duration = Duration::from_secs(60);
/// How long one fetch may take: senders wait ten seconds.
const DEADLINE: Duration = Duration::from_secs(4);
/// The longest answer that is read, in bytes.
const MAX_KEY: usize = 16 * 1024;
/// The longest path, in bytes.
const MAX_PATH: usize = 200;

/// See the module.
#[derive(Debug)]
pub struct Keys {
    http: reqwest::Client,
    base: Url,
    kept: Mutex<Kept>,
    /// One fetch at a time: those who wait find what the first has fetched.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    keys: BTreeMap<String, (PublicKey, Instant)>,
    fetches: Vec<Instant>,
}

impl Keys {
    /// `base`: another address than Adobe's, for rehearsals.
    pub fn new(base: Option<&str>) -> Result<Self, Magento2ConfigError> {
        let base = Url::parse(base.unwrap_or(HOST))
            .map_err(|_| Magento2ConfigError::WayIn("io_events_keys", "it is no address"))?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .build()
            .map_err(|error| Magento2ConfigError::Client(error.to_string()))?;
        Ok(Self { http, base, kept: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// Whether this could be the path of a key: absolute, and with nothing in it that leads elsewhere.
    pub fn is_path(path: &str) -> bool {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
        path.len() <= MAX_PATH
            && path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains("..")
            && path.bytes().all(fine)
    }

    /// The key of that path, where it was fetched within the day.
    pub fn at_hand(&self, path: &str) -> Option<PublicKey> {
        let kept = self.kept();
        let (key, since) = kept.keys.get(path)?;
        (since.elapsed() < GOOD_FOR).then(|| key.clone())
    }

    /// Fetches the keys a call names that are not at hand.
    pub async fn prepare(&self, call: &Call) {
        for (_, header) in super::IO_EVENTS {
            let Some(path) = call.header(header).filter(|path| Self::is_path(path)) else { continue };
            if self.at_hand(path).is_some() {
                continue;
            }
            let Ok(_turn) = tokio::time::timeout(DEADLINE, self.turn.lock()).await else { return };
            if self.at_hand(path).is_none() && self.may_fetch() {
                self.fetch(path).await;
            }
        }
    }

    fn may_fetch(&self) -> bool {
        let mut kept = self.kept();
        kept.fetches.retain(|at| at.elapsed() < PERIOD);
        let may = kept.fetches.len() < MOST_FETCHES;
        if may {
            kept.fetches.push(Instant::now());
        }
        may
    }

    /// A read: may be repeated. What went wrong shows as the key not being at hand.
    async fn fetch(&self, path: &str) {
        match self.read(path).await {
            Ok(key) => {
                let mut kept = self.kept();
                if kept.keys.len() >= MOST_KEYS && !kept.keys.contains_key(path) {
                    let oldest = kept.keys.iter().min_by_key(|(_, (_, since))| *since).map(|(path, _)| path.clone());
                    oldest.and_then(|path| kept.keys.remove(&path));
                }
                kept.keys.insert(path.to_owned(), (key, Instant::now()));
            }
            Err(why) => tracing::warn!(why, "a public key of Adobe I/O Events could not be fetched"),
        }
    }

    async fn read(&self, path: &str) -> Result<PublicKey, &'static str> {
        let mut url = self.base.clone();
        url.set_path(path);
        let mut answer = self.http.get(url).send().await.map_err(|_| "no answer in time")?;
        if answer.status().as_u16() != 200 {
            return Err("there is no such key");
        }
        let mut pem = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| "the connection broke")? {
            if pem.len() + chunk.len() > MAX_KEY {
                return Err("the answer is too long for a key");
            }
            pem.extend_from_slice(&chunk);
        }
        std::str::from_utf8(&pem).ok().and_then(PublicKey::from_pem).ok_or("the answer is no RSA public key")
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
