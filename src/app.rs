//! The composition: the only room that knows every journal, bus, storefront and office by its type.
//!
//! What comes in: the checked configuration. What goes out: the ports behind their traits. A new storefront or office is
//! one line here. Opening calls the other side only where its adapter must (databases, brokers); every such call has the
//! adapter's deadline.
//! Next in the flow: [`crate::flow`] for the stages, [`crate::cli`] for operators.

use std::sync::Arc;

use crate::bus::local::LocalBus;
use crate::bus::rabbitmq::RabbitBus;
use crate::bus::{self, Bus, BusError, Lane};
use crate::config::{BusChoice, Config, JournalChoice, Magento2Settings, OfficeConfig, StorefrontConfig};
use crate::domain::{CallError, ChannelName, HandlerName, OfficeName, StorefrontName};
use crate::handlers::Sides;
use crate::journal::postgres::PostgresJournal;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::{Journal, JournalError};
use crate::office::Office;
use crate::office::counter_intelligence::CounterIntelligence;
use crate::policy::{AsksTooMuch, Channel};
use crate::storefront::Storefront;
use crate::storefront::magento2::{AttributeNames, DEFAULT_STORE, Magento2, Magento2Config, WaysIn};
use crate::storefront::shopify::{Shopify, ShopifyConfig};

/// How many handlings wait in each lane of the in-process bus. What finds no room stays in the journal.
const LOCAL_QUEUE: usize = 10_000;

/// What could not be opened, and why.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal.
    #[error("the journal could not be opened: {0}")]
    Journal(#[from] JournalError),
    /// The bus.
    #[error("the bus could not be opened: {0}")]
    Bus(#[from] BusError),
    /// A storefront.
    #[error("storefront `{0}` could not be opened: {1}")]
    Storefront(StorefrontName, String),
    /// A channel whose rules its storefront cannot keep.
    #[error("channel `{0}` cannot work: {what}", what = .1.what)]
    Channel(ChannelName, AsksTooMuch),
    /// An office.
    #[error("office `{0}` could not be opened: {1}")]
    Office(OfficeName, #[source] CallError),
}

/// Everything a process works with.
#[derive(Clone)]
pub struct Connections {
    /// The durable record.
    pub journal: Arc<dyn Journal>,
    /// The distributor of work.
    pub bus: Arc<dyn Bus>,
    /// Both sides of every channel.
    pub sides: Arc<Sides>,
}

/// Opens everything the configuration names. Each of `handlers` has a lane of the bus for each channel.
///
/// # Errors
/// [`OpenError`] with the first part that could not be opened.
pub async fn connect(config: &Config, handlers: &[HandlerName]) -> Result<Connections, OpenError> {
    let journal = journal(&config.journal).await?;
    let bus = bus(&config.bus, lanes(config, handlers)).await?;
    let mut sides = Sides { channels: config.channels.iter().cloned().map(Arc::new).collect(), ..Sides::default() };
    for settings in &config.storefronts {
        sides.storefronts.insert(settings.name().clone(), storefront(settings)?);
        if let StorefrontConfig::Shopify(shop) = settings
            && let Some(address) = &shop.webhook_address
        {
            sides.addresses.insert(shop.name.clone(), address.clone());
        }
    }
    for channel in &sides.channels {
        suits(channel, &sides)?;
    }
    for settings in &config.offices {
        sides.offices.insert(settings.name().clone(), office(settings).await?);
    }
    Ok(Connections { journal, bus, sides: Arc::new(sides) })
}

/// A channel that asks for what its storefront cannot do does not start.
fn suits(channel: &Channel, sides: &Sides) -> Result<(), OpenError> {
    let Some(storefront) = sides.storefronts.get(&channel.storefront) else { return Ok(()) };
    let asked = channel.asks_too_much(&storefront.abilities()).into_iter().next();
    asked.map_or(Ok(()), |asked| Err(OpenError::Channel(channel.name.clone(), asked)))
}

/// Opens the journal for the process that works with it, creating what is not there yet.
///
/// # Errors
/// [`JournalError`] when it cannot be reached, is another process's alone, or is of another version.
pub async fn journal(choice: &JournalChoice) -> Result<Arc<dyn Journal>, JournalError> {
    match choice {
        JournalChoice::Sqlite(path) => Ok(Arc::new(SqliteJournal::open(path)?)),
        JournalChoice::Postgres { url, connections } => {
            Ok(Arc::new(PostgresJournal::connect(url.expose(), *connections as usize).await?))
        }
    }
}

/// Opens the journal for an operator's question or order, beside whatever process works with it.
///
/// # Errors
/// As [`journal`]; also when there is no journal yet.
pub async fn journal_beside(choice: &JournalChoice) -> Result<Arc<dyn Journal>, JournalError> {
    match choice {
        JournalChoice::Sqlite(path) => Ok(Arc::new(SqliteJournal::attach(path)?)),
        JournalChoice::Postgres { .. } => journal(choice).await,
    }
}

/// Brings the journal's tables up to date and names what was done. Running it again changes nothing.
///
/// # Errors
/// [`JournalError`] when it cannot be reached or changed.
pub async fn migrate(choice: &JournalChoice) -> Result<Vec<&'static str>, JournalError> {
    match choice {
        JournalChoice::Sqlite(path) => SqliteJournal::open(path).map(|_| Vec::new()),
        JournalChoice::Postgres { url, .. } => PostgresJournal::migrate(url.expose()).await,
    }
}

/// The lanes of a configuration.
#[must_use]
pub fn lanes(config: &Config, handlers: &[HandlerName]) -> Vec<Lane> {
    bus::lanes(config.channels.iter().map(|channel| &channel.name), handlers)
}

/// Opens the bus with these lanes.
///
/// # Errors
/// [`BusError`] when the broker cannot be reached.
pub async fn bus(choice: &BusChoice, lanes: Vec<Lane>) -> Result<Arc<dyn Bus>, BusError> {
    match choice {
        BusChoice::Local => Ok(Arc::new(LocalBus::new(LOCAL_QUEUE, lanes))),
        BusChoice::RabbitMq { url, prefix } => Ok(Arc::new(RabbitBus::connect(url.expose(), prefix, &lanes).await?)),
    }
}

/// Opens a storefront. Calls nobody yet.
///
/// # Errors
/// [`OpenError::Storefront`] when its settings cannot work.
pub fn storefront(settings: &StorefrontConfig) -> Result<Arc<dyn Storefront>, OpenError> {
    match settings {
        StorefrontConfig::Shopify(shop) => {
            let opened = Shopify::new(ShopifyConfig {
                name: shop.name.clone(),
                shop: shop.shop.clone(),
                endpoint: shop.endpoint.clone(),
                access: shop.access.clone(),
                webhook_secrets: shop.webhook_secrets.clone(),
                publications: shop.publications.clone(),
                pos_key_namespace: shop.pos_key_namespace.clone(),
            });
            match opened {
                Ok(shopify) => Ok(Arc::new(shopify)),
                Err(error) => Err(OpenError::Storefront(shop.name.clone(), error.to_string())),
            }
        }
        StorefrontConfig::Magento2(store) => {
            let opened = Magento2::new(Magento2Config {
                name: store.name.clone(),
                url: store.url.clone(),
                store: store.store.clone().unwrap_or_else(|| DEFAULT_STORE.to_owned()),
                only_its_website: store.only_its_website,
                access: store.access.clone(),
                ways_in: WaysIn {
                    async_events: store.async_events.clone(),
                    io_events: store.io_events.clone(),
                    io_events_keys: store.io_events_keys.clone(),
                    commerce_webhooks: store.commerce_webhooks.clone(),
                    shared_secrets: store.shared_secrets.clone(),
                },
                names: attribute_names(store),
            });
            match opened {
                Ok(magento) => Ok(Arc::new(magento)),
                Err(error) => Err(OpenError::Storefront(store.name.clone(), error.to_string())),
            }
        }
    }
}

/// What a Magento store calls what products differ by, where it is not as Magento has it.
fn attribute_names(store: &Magento2Settings) -> AttributeNames {
    let default = AttributeNames::default();
    let named = |name: &Option<String>, default: String| name.clone().unwrap_or(default);
    AttributeNames {
        attribute_set: named(&store.attribute_set, default.attribute_set),
        colour: named(&store.colour, default.colour),
        size: named(&store.size, default.size),
    }
}

/// Opens an office.
///
/// # Errors
/// [`OpenError::Office`] when it cannot be reached.
pub async fn office(settings: &OfficeConfig) -> Result<Arc<dyn Office>, OpenError> {
    match settings {
        OfficeConfig::CounterIntelligence { name, database } => {
            let opened = CounterIntelligence::connect(name.clone(), database.expose()).await;
            match opened {
                Ok(office) => Ok(Arc::new(office)),
                Err(error) => Err(OpenError::Office(name.clone(), error)),
            }
        }
    }
}
