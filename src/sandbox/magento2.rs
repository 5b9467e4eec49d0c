//! A simulated Magento 2.4: the REST API, what its modules tell, and the shop's life, in one process and without a network.
//!
//! What comes in: REST over HTTP from a bridge, and what people do in the shop ([`MagentoSandbox::place_order`] and its like).
//! What goes out: answers that refuse what the real shop refuses, with its quirks, and the calls of its webhook modules. Trouble
//! comes on demand: [`MagentoFault`]s on the API, [`HookWeather`] on deliveries. It is written from Magento's own facts, not from
//! what the bridge sends.
//! The way through it: [`server`] → [`access`] → [`rest`] → [`state`] → [`hooks`].

mod access;
mod bodies;
mod catalogue;
mod customers;
mod desk;
mod faults;
mod figures;
mod hooks;
mod lives;
mod look;
mod merchant;
mod options;
mod orders;
mod plans;
mod request;
mod rest;
mod saving;
mod search;
mod server;
mod state;
mod stock;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use faults::MagentoFault;
pub use figures::Minor;
pub use hooks::{HookCounts, HookSubscription, HookWay, HookWeather};
pub use lives::Lived;
pub use look::{CallLog, MagentoDocument, MagentoLine, MagentoOrder, MagentoProduct, Write};
pub use options::{IntegrationKeys, MagentoOptions};
pub use orders::OrderPhase;
pub use plans::{Buyer, CreditPlan, LinePlan, LineSort, OrderPlan, Place};

use crate::sandbox::clock::Clock;
use crate::sandbox::locked;
use faults::Faults;
use hooks::PostOffice;
use look::AtOnce;
use request::Refusal;
use state::State;

/// Why a shop could not open.
#[derive(Debug, thiserror::Error)]
pub enum MagentoError {
    /// The address cannot be listened on.
    #[error("the simulated Magento cannot listen on {address}: {cause}; choose another address or free this one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// No HTTP client could be made for webhooks.
    #[error("no HTTP client for webhooks: {0}")]
    Client(#[from] reqwest::Error),
}

/// What the shop says when it does not do what the merchant wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// Whether there was too little on the shelves, or what was wanted is not for sale.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        self.0 == stock::TOO_LITTLE || self.0 == desk::NOT_FOR_SALE
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.message)
    }
}

/// A running shop. Clones are the same shop; it closes with [`MagentoSandbox::shutdown`].
#[derive(Clone)]
pub struct MagentoSandbox {
    core: Arc<Core>,
    address: SocketAddr,
}

/// What the handle and the server share.
struct Core {
    state: Arc<Mutex<State>>,
    /// Scheme, host and port as signatures name them.
    base: String,
    clock: Arc<Clock>,
    faults: Faults,
    bears: AtOnce,
    post_office: Arc<PostOffice>,
    closing: CancellationToken,
}

impl MagentoSandbox {
    /// Opens a shop.
    ///
    /// # Errors
    /// [`MagentoError`] when it cannot listen.
    pub async fn start(options: MagentoOptions) -> Result<Self, MagentoError> {
        // Somebody else in the process may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wanted = options.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let listen_error = |cause| MagentoError::Listen { address: wanted, cause };
        let listener = tokio::net::TcpListener::bind(wanted).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let closing = CancellationToken::new();
        let clock = Arc::new(Clock::default());
        let seed = options.seed;
        let state = Arc::new(Mutex::new(State::new(options, Arc::clone(&clock))));
        let post_office = PostOffice::open(Arc::clone(&state), seed, closing.clone())?;
        let base = format!("http://{address}");
        let core = Arc::new(Core {
            state,
            base,
            clock,
            faults: Faults::new(seed),
            bears: AtOnce::default(),
            post_office,
            closing,
        });
        server::serve(listener, Arc::clone(&core));
        Ok(Self { core, address })
    }

    /// The shop's base URL; the API lies beneath it at `/rest`. Adobe's public keys lie beneath it, too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the integration was given.
    #[must_use]
    pub fn keys(&self) -> IntegrationKeys {
        self.read(|state| state.options.keys.clone())
    }

    /// The key with which Adobe Commerce Webhooks are verified, as the merchant copies it.
    #[must_use]
    pub fn webhook_key(&self) -> &'static str {
        hooks::webhook_key()
    }

    /// Closes the shop: no call is answered and nothing told any more.
    pub async fn shutdown(&self) {
        self.core.closing.cancel();
        self.core.post_office.closed().await;
    }

    /// Puts the shop's clock forward.
    pub fn advance_clock(&self, by: Duration) {
        self.core.clock.advance(by);
    }

    /// The next calls whose method and path begin so (`POST products`; any, without one) go wrong.
    pub fn fail_next(&self, operation: Option<&str>, fault: MagentoFault, times: u32) {
        self.core.faults.next(operation, fault, times);
    }

    /// Each such call goes wrong with a chance of so many in a thousand.
    pub fn fail_sometimes(&self, operation: Option<&str>, fault: MagentoFault, in_thousand: u32) {
        self.core.faults.chance(operation, fault, in_thousand);
    }

    /// How many calls of [`Self::fail_next`] have not come yet.
    #[must_use]
    pub fn faults_to_come(&self) -> u32 {
        self.core.faults.to_come()
    }

    /// No more faults.
    pub fn clear_faults(&self) {
        self.core.faults.clear();
    }

    /// Changes the integration's permissions; `None` allows everything.
    pub fn allow(&self, resources: Option<&[&str]>) {
        let resources = resources.map(|all| all.iter().map(|&one| one.to_owned()).collect());
        locked(&self.core.state).options.resources = resources;
    }

    /// Switches the bearer token on or off.
    pub fn allow_bearer(&self, allowed: bool) {
        locked(&self.core.state).options.bearer_allowed = allowed;
    }

    /// Tells of everything from now on in that way; `{event}` in the address is replaced by the event's name.
    pub fn tell(&self, way: HookWay, address: &str) {
        locked(&self.core.state).subscriptions.add(way, None, address);
    }

    /// Tells nobody any more.
    pub fn tell_nobody(&self) {
        locked(&self.core.state).subscriptions.all.clear();
    }

    /// Who is told.
    #[must_use]
    pub fn told(&self) -> Vec<HookSubscription> {
        self.read(|state| state.subscriptions.all.clone())
    }

    /// What befalls deliveries from now on.
    pub fn hook_weather(&self, weather: HookWeather) {
        self.core.post_office.set_weather(weather);
    }

    /// Keeps deliveries back (`true`) until they are let go again (`false`).
    pub fn hold_hooks(&self, hold: bool) {
        self.core.post_office.hold(hold);
    }

    /// Stops the shop's clock, so that whatever happens happens in one second, or lets it go again.
    pub fn stop_clock(&self, stop: bool) {
        self.core.clock.stop(stop);
    }

    /// The next so many deliveries are lost without a trace; with 0 no more are.
    pub fn lose_hooks(&self, deliveries: u64) {
        self.core.post_office.lose(deliveries);
    }

    /// What became of deliveries so far.
    #[must_use]
    pub fn hook_counts(&self) -> HookCounts {
        self.core.post_office.counts()
    }

    /// Resolves when every delivery that is due was taken or given up.
    pub async fn hooks_idle(&self) {
        self.core.post_office.idle().await;
    }

    /// Looks at the shop's memory.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&locked(&self.core.state))
    }

    /// Changes the shop's memory and tells what there is to tell.
    async fn act<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Refusal> + Send) -> Result<T, Refused> {
        let (outcome, notices) = {
            let mut state = locked(&self.core.state);
            let outcome = work(&mut state);
            (outcome, state.take_notices())
        };
        self.core.post_office.post(notices).await;
        outcome.map_err(Refused::from)
    }
}

impl std::fmt::Debug for MagentoSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MagentoSandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
