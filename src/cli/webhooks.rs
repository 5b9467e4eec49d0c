//! `tillbridge webhooks`: registers and audits a storefront's webhooks. Registering looks first, so repeating it is safe.

use std::sync::Arc;

use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::config::did_you_mean;
use crate::flow::watch::audit::{self, audit, missing};
use crate::storefront::{Storefront, Subscriptions};

/// Commands of `tillbridge webhooks`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Subscribe to every topic the bridge needs
    #[command(after_help = "Example:
  tillbridge webhooks register kiwi-web --address https://bridge.example/webhooks/kiwi-web")]
    Register {
        #[command(flatten)]
        storefront: Which,
        #[command(flatten)]
        address: Address,
    },
    /// List the subscriptions there are
    List {
        #[command(flatten)]
        storefront: Which,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make again what is missing: shops delete subscriptions whose deliveries failed too often
    Repair {
        #[command(flatten)]
        storefront: Which,
        #[command(flatten)]
        address: Address,
    },
    /// Find subscriptions that are missing, left over, or sent to the wrong place
    Audit {
        #[command(flatten)]
        storefront: Which,
        #[command(flatten)]
        address: Address,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Which storefront
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// The storefront, as the configuration calls it
    #[arg(value_name = "STOREFRONT")]
    storefront: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Where webhooks are to arrive
#[derive(Debug, Clone, clap::Args)]
pub struct Address {
    /// The public address of the bridge, ending in /webhooks/STOREFRONT
    #[arg(long, value_name = "URL", value_parser = https)]
    address: String,
}

fn https(text: &str) -> Result<String, String> {
    match reqwest::Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("write the whole address, such as https://bridge.example/webhooks/kiwi-web".to_owned()),
    }
}

/// Runs a command of `tillbridge webhooks`.
pub async fn run(command: &Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Register { storefront, address } => {
            let storefront = open(storefront)?;
            let webhooks = webhooks(storefront.as_ref())?;
            for topic in webhooks.wanted_topics() {
                let subscription = webhooks.subscribe(topic, &address.address).await?;
                output.line(format_args!("{topic} is sent to {}", subscription.address))?;
            }
            Ok(Exit::Fine)
        }
        Command::Repair { storefront, address } => {
            let storefront = open(storefront)?;
            let webhooks = webhooks(storefront.as_ref())?;
            let found = webhooks.subscriptions().await?;
            let missing = missing(webhooks.wanted_topics(), &address.address, &found);
            for topic in &missing {
                let subscription = webhooks.subscribe(topic, &address.address).await?;
                output.line(format_args!("{topic} was missing and is sent to {} again", subscription.address))?;
            }
            if missing.is_empty() {
                let wanted = webhooks.wanted_topics().len();
                output.line(format_args!("all {wanted} topics are sent to {}", address.address))?;
            }
            Ok(Exit::Fine)
        }
        Command::List { storefront, json } => {
            let storefront = open(storefront)?;
            let subscriptions = webhooks(storefront.as_ref())?.subscriptions().await?;
            if *json {
                output.json(&subscriptions)?;
            } else {
                let row = |s: &crate::storefront::Subscription| {
                    vec![s.topic.clone(), s.version.clone(), s.address.clone(), s.id.clone()]
                };
                let rows: Vec<_> = subscriptions.iter().map(row).collect();
                output.table(&["TOPIC", "VERSION", "ADDRESS", "ID"], &rows)?;
            }
            Ok(Exit::Fine)
        }
        Command::Audit { storefront, address, json } => {
            let storefront = open(storefront)?;
            let webhooks = webhooks(storefront.as_ref())?;
            let version = storefront.describe().await?.version;
            let found = webhooks.subscriptions().await?;
            let findings = audit(webhooks.wanted_topics(), &address.address, &version, &found);
            if *json {
                output.json(&findings)?;
            } else if findings.is_empty() {
                let wanted = webhooks.wanted_topics().len();
                output
                    .line(format_args!("all {wanted} topics are sent to {} in version {version}", address.address))?;
            } else {
                let rows: Vec<_> = findings.iter().map(audit::Finding::cells).collect();
                output.table(&["FINDING", "TOPIC", "DETAIL", "TO DO"], &rows)?;
            }
            Ok(if findings.is_empty() { Exit::Fine } else { Exit::Failed })
        }
    }
}

fn open(which: &Which) -> Result<Arc<dyn Storefront>, Failure> {
    let config = which.config.load()?;
    let settings = config.storefronts.iter().find(|settings| settings.name().as_str() == which.storefront);
    let settings = settings.ok_or_else(|| {
        let names: Vec<_> = config.storefronts.iter().map(|settings| settings.name().as_str()).collect();
        Failure::usage(format!("there is no storefront `{}`", which.storefront), did_you_mean(&which.storefront, names))
    })?;
    Ok(app::storefront(settings)?)
}

fn webhooks(storefront: &dyn Storefront) -> Result<&dyn Subscriptions, Failure> {
    storefront.abilities().webhooks.ok_or_else(|| {
        let what = format!("subscriptions of `{}` cannot be made or listed from here", storefront.name());
        Failure::usage(what, "set its webhooks up in its own administration; what they miss is found by asking it")
    })
}
