//! Access tokens: which ones the shop accepts, and how its token endpoint grants new ones.
//!
//! What comes in: the form of a grant. What goes out: a token with its length of life, or the refusal a real shop words. A refresh
//! token may be used again until its replacement is used for the first time; then it is retired.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::state::State;

/// How long a token of the client-credentials grant works.
const DAY: i64 = 86_399;
/// How long a token that comes with a refresh token works.
const HOUR: i64 = 3_600;
/// How long a refresh token may lie unused.
const REFRESH_DAYS: i64 = 90;

/// Everything that opens the Admin API besides the token that does not end.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: BTreeMap<String, Timestamp>,
    refresh: BTreeMap<String, Refresh>,
    granted: u64,
    removed: bool,
}

#[derive(Debug)]
struct Refresh {
    ends: Timestamp,
    /// The refresh token whose use made this one; retired when this one is used.
    made_by: Option<String>,
    retired: bool,
}

impl State {
    /// Whether a call with that token is let in; counts those that are not.
    pub(super) fn lets_in(&mut self, token: Option<&str>) -> bool {
        let opens = token.is_some_and(|token| self.opens(token));
        self.refused += u64::from(!opens);
        opens
    }

    /// Whether that token opens the Admin API now.
    fn opens(&self, token: &str) -> bool {
        let issued = self.tokens.issued.get(token).is_some_and(|ends| self.now() < *ends);
        !self.tokens.removed && (issued || token == self.options.token)
    }

    /// Installs the app with expiring tokens; answers the refresh token the installation ends with.
    pub(super) fn install_expiring(&mut self) -> String {
        self.tokens.removed = false;
        self.new_refresh_token(None)
    }

    /// Removes the app: nothing opens any more.
    pub(super) fn remove_app(&mut self) {
        self.tokens = Tokens { removed: true, granted: self.tokens.granted, ..Tokens::default() };
    }

    /// Installs the app again as it was.
    pub(super) fn install_again(&mut self) {
        self.tokens.removed = false;
    }

    /// Ends every token that was granted, refresh tokens left alone.
    pub(super) fn end_granted_tokens(&mut self) {
        self.tokens.issued.clear();
    }

    /// How many tokens were granted so far.
    pub(super) fn tokens_granted(&self) -> u64 {
        self.tokens.granted
    }

    /// Answers a form. The error is a status with a body.
    pub(super) fn grant(&mut self, form: &BTreeMap<String, String>) -> Result<Value, (u16, Value)> {
        let given = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
        let refused = |status, word: &str| Err((status, json!({ "error": word })));
        if given("client_id") != self.options.client_id || given("client_secret") != self.options.secret {
            return refused(401, "invalid_client");
        }
        if self.tokens.removed {
            return refused(400, "app_not_installed");
        }
        match given("grant_type") {
            "client_credentials" => {
                let token = self.new_token(DAY);
                Ok(json!({ "access_token": token, "scope": self.options.scopes.join(","), "expires_in": DAY }))
            }
            "refresh_token" => {
                let used = given("refresh_token").to_owned();
                if !self.use_refresh_token(&used) {
                    return refused(400, "invalid_grant");
                }
                let (token, refresh) = (self.new_token(HOUR), self.new_refresh_token(Some(used)));
                Ok(json!({
                    "access_token": token,
                    "scope": self.options.scopes.join(","),
                    "expires_in": HOUR,
                    "refresh_token": refresh,
                    "refresh_token_expires_in": REFRESH_DAYS * 86_400,
                }))
            }
            _ => refused(400, "unsupported_grant_type"),
        }
    }

    fn use_refresh_token(&mut self, token: &str) -> bool {
        let now = self.now();
        let Some(found) = self.tokens.refresh.get(token).filter(|found| !found.retired && now < found.ends) else {
            return false;
        };
        // Everything that was made by the same use is one generation: using one of them retires what made it.
        if let Some(before) = found.made_by.clone().and_then(|before| self.tokens.refresh.get_mut(&before)) {
            before.retired = true;
        }
        true
    }

    fn new_token(&mut self, seconds: i64) -> String {
        self.tokens.granted += 1;
        let token = format!("shpat_granted_{}", self.ids.next());
        self.tokens.issued.insert(token.clone(), after(self.now(), SignedDuration::from_secs(seconds)));
        token
    }

    fn new_refresh_token(&mut self, made_by: Option<String>) -> String {
        let token = format!("shprt_{}", self.ids.next());
        let ends = after(self.now(), SignedDuration::from_hours(24 * REFRESH_DAYS));
        self.tokens.refresh.insert(token.clone(), Refresh { ends, made_by, retired: false });
        token
    }
}

fn after(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
