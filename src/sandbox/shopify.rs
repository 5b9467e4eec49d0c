//! A simulated Shopify: the Admin API, the webhooks and the shop's life, in one process and without a network.
//!
//! What comes in: GraphQL over HTTP from a bridge, and what people do in the shop ([`ShopSandbox::place_order`] and its like).
//! What goes out: answers that refuse what the real shop refuses, and signed webhooks. Trouble comes on demand: [`Fault`]s on
//! the API, [`WebhookWeather`] on deliveries.
//! The way through it: [`server`] → [`graphql`] → [`state`] → [`webhooks`]; [`lives`] invents what happens.

mod bodies;
mod bulk;
mod catalogue;
mod cost;
mod counter;
mod customers;
mod faults;
mod files;
mod graphql;
mod idempotency;
mod ids;
pub mod lives;
mod look;
mod markets;
mod merchant;
mod options;
mod orders;
mod restore;
mod server;
mod state;
mod stock;
mod tokens;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use catalogue::{Image, Metafield, Product, ProductOption, Variant};
pub use counter::CounterError;
pub use customers::{ShopAddress, ShopCustomer};
pub use faults::Fault;
pub use files::ShopFile;
pub use look::{ApiCalls, CallCount, OrderView, StockFigures, StockWrite, VariantView, Write};
pub use markets::{ShopCollection, ShopPriceList};
pub use options::{OpeningStock, ShopLocation, ShopOptions};
pub use webhooks::{ShopSubscription, WebhookCounts, WebhookWeather};

use crate::sandbox::clock::Clock;
use crate::sandbox::locked;
use faults::Faults;
use state::State;
use webhooks::PostOffice;

/// Why a shop could not open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The address cannot be listened on.
    #[error("the simulated shop cannot listen on {address}: {cause}; choose another address or free this one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The schema in `schemas/shopify/admin.graphql` is not valid GraphQL.
    #[error("schemas/shopify/admin.graphql is not a valid schema: {0}")]
    Schema(String),
    /// No HTTP client could be made for webhooks.
    #[error("no HTTP client for webhooks: {0}")]
    Client(#[from] reqwest::Error),
    /// A shop needs a place to keep its stock.
    #[error("a shop needs at least one location; add one to its options")]
    NoLocation,
}

/// A running shop. Clones are the same shop; it closes with [`ShopSandbox::shutdown`].
#[derive(Clone)]
pub struct ShopSandbox {
    core: Arc<Core>,
    address: SocketAddr,
}

/// What the handle and the server share.
struct Core {
    state: Arc<Mutex<State>>,
    clock: Arc<Clock>,
    faults: Faults,
    post_office: Arc<PostOffice>,
    closing: CancellationToken,
}

impl ShopSandbox {
    /// Opens a shop.
    ///
    /// # Errors
    /// [`ShopError`] when it cannot listen, or its schema or options are no good.
    pub async fn start(options: ShopOptions) -> Result<Self, ShopError> {
        if options.locations.is_empty() {
            return Err(ShopError::NoLocation);
        }
        graphql::schema()?;
        // Somebody else in the process may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wanted = options.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let listen_error = |cause| ShopError::Listen { address: wanted, cause };
        let listener = tokio::net::TcpListener::bind(wanted).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let closing = CancellationToken::new();
        let clock = Arc::new(Clock::default());
        let (seed, secret) = (options.seed, options.secret.clone());
        let state = Arc::new(Mutex::new(State::new(options, Arc::clone(&clock))));
        locked(&state).bulk.base = format!("http://{address}");
        let post_office = PostOffice::open(Arc::clone(&state), secret, seed, closing.clone())?;
        let core = Arc::new(Core { state, clock, faults: Faults::new(seed), post_office, closing });
        server::serve(listener, Arc::clone(&core));
        Ok(Self { core, address })
    }

    /// Where the Admin API listens.
    #[must_use]
    pub fn graphql_url(&self) -> String {
        let version = self.read(|state| state.options.api_version.clone());
        format!("http://{}/admin/api/{version}/graphql.json", self.address)
    }

    /// Host and port it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The access token it accepts.
    #[must_use]
    pub fn token(&self) -> String {
        self.read(|state| state.options.token.clone())
    }

    /// The secret webhooks are signed with at first; see [`ShopSandbox::sign_webhooks_with`].
    #[must_use]
    pub fn secret(&self) -> String {
        self.read(|state| state.options.secret.clone())
    }

    /// The shop's domain.
    #[must_use]
    pub fn domain(&self) -> String {
        self.read(|state| state.options.domain.clone())
    }

    /// Closes the shop: no call is answered and no webhook sent any more.
    pub async fn shutdown(&self) {
        self.core.closing.cancel();
        self.core.post_office.closed().await;
    }

    /// Makes the shop another one than it began as.
    pub fn change(&self, change: impl FnOnce(&mut ShopOptions)) {
        change(&mut locked(&self.core.state).options);
    }

    /// Puts the shop's clock forward: keys grow old, the bucket fills up.
    pub fn advance_clock(&self, by: Duration) {
        self.core.clock.advance(by);
    }

    /// The next calls of a root field (of any, without one) go wrong.
    pub fn fail_next(&self, operation: Option<&str>, fault: Fault, times: u32) {
        self.core.faults.next(operation, fault, times);
    }

    /// How many calls of a root field met a fault so far.
    #[must_use]
    pub fn failed_calls(&self, operation: &str) -> u64 {
        self.core.faults.met(operation)
    }

    /// Each call of a root field (of any, without one) goes wrong with a chance of so many in a thousand.
    pub fn fail_sometimes(&self, operation: Option<&str>, fault: Fault, in_thousand: u32) {
        self.core.faults.chance(operation, fault, in_thousand);
    }

    /// No more faults.
    pub fn clear_faults(&self) {
        self.core.faults.clear();
    }

    /// Empties the bucket of points, as another worker of the same app would.
    pub fn drain_bucket(&self) {
        let mut state = locked(&self.core.state);
        let now = state.now();
        state.bucket.drain(now);
    }

    /// Accepts another token from now on; the old one is refused.
    pub fn replace_token(&self, token: &str) {
        token.clone_into(&mut locked(&self.core.state).options.token);
    }

    /// The app's client id; its client secret is [`ShopSandbox::secret`].
    #[must_use]
    pub fn client_id(&self) -> String {
        self.read(|state| state.options.client_id.clone())
    }

    /// Installs the app with expiring tokens. Answers the refresh token the installation ends with.
    #[must_use]
    pub fn install_with_expiring_tokens(&self) -> String {
        locked(&self.core.state).install_expiring()
    }

    /// Every customer, by id.
    #[must_use]
    pub fn customers(&self) -> Vec<ShopCustomer> {
        self.read(|state| state.customers.all().cloned().collect())
    }

    /// How many tokens the shop has granted.
    #[must_use]
    pub fn tokens_granted(&self) -> u64 {
        self.read(State::tokens_granted)
    }

    /// How many calls came with a token that does not open.
    #[must_use]
    pub fn refused_calls(&self) -> u64 {
        self.read(|state| state.refused)
    }

    /// Ends every granted token at once, as Shopify does when it suspects a leak.
    pub fn end_granted_tokens(&self) {
        locked(&self.core.state).end_granted_tokens();
    }

    /// The merchant removes the app: no token opens any more, its subscriptions are gone, and the app is told.
    pub async fn uninstall_app(&self) {
        let notices = {
            let mut state = locked(&self.core.state);
            state.remove_app();
            state.subscriptions.end();
            let body = bodies::shop_body(&state.options);
            state.notify("app/uninstalled", body);
            state.take_notices()
        };
        self.core.post_office.post(notices).await;
    }

    /// The merchant installs the app again; the token that does not end opens again, webhooks go to that address.
    pub fn install_app_again(&self, address: &str) {
        locked(&self.core.state).install_again();
        self.subscribe_all(address);
    }

    /// Subscribes an address to every topic, those of the app's own file included.
    pub fn subscribe_all(&self, address: &str) {
        let mut state = locked(&self.core.state);
        let State { subscriptions, ids, .. } = &mut *state;
        subscriptions.add_all(ids, address);
    }

    /// Deletes the subscriptions to a topic, as the shop does after eight failed deliveries.
    pub fn forget_subscription(&self, topic: &str) {
        locked(&self.core.state).subscriptions.forget(topic);
    }

    /// Whether writes of the API come back as webhooks; they do at first, as in a real shop.
    pub fn echo_own_writes(&self, echo: bool) {
        locked(&self.core.state).echoes = echo;
    }

    /// What befalls webhook deliveries from now on.
    pub fn webhook_weather(&self, weather: WebhookWeather) {
        self.core.post_office.set_weather(weather);
    }

    /// Keeps deliveries back (`true`) until they are let go again (`false`). The shop waits once ten thousand are kept.
    pub fn hold_webhooks(&self, hold: bool) {
        self.core.post_office.hold(hold.then_some(""));
    }

    /// Keeps deliveries back whose topic begins so, such as `orders/`, until [`Self::hold_webhooks`] lets them go.
    pub fn hold_webhooks_of(&self, topics: &str) {
        self.core.post_office.hold(Some(topics));
    }

    /// The next so many deliveries are lost without a trace.
    pub fn lose_webhooks(&self, deliveries: u64) {
        self.core.post_office.lose(deliveries);
    }

    /// Signs with another secret from now on.
    pub fn sign_webhooks_with(&self, secret: &str) {
        self.core.post_office.set_secret(secret);
    }

    /// What became of deliveries so far.
    #[must_use]
    pub fn webhook_counts(&self) -> WebhookCounts {
        self.core.post_office.counts()
    }

    /// Resolves when every delivery that is due was taken or given up.
    pub async fn webhooks_idle(&self) {
        self.core.post_office.idle().await;
    }

    /// Looks at the shop's memory.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&locked(&self.core.state))
    }

    /// Changes the shop's memory and sends what there is to tell.
    async fn act<T, E>(&self, work: impl FnOnce(&mut State) -> Result<T, E> + Send) -> Result<T, E> {
        let (outcome, notices) = {
            let mut state = locked(&self.core.state);
            let outcome = work(&mut state);
            (outcome, state.take_notices())
        };
        self.core.post_office.post(notices).await;
        outcome
    }
}

impl std::fmt::Debug for ShopSandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShopSandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
