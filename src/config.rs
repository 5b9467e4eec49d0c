//! The configuration: one TOML file, environment variables over it, secrets by reference.
//!
//! What comes in: the file's path and the environment. What goes out: a [`Config`] that is right in itself, or every
//! problem at once with its line and what to do. Unknown keys, missing secrets, missing mappings and impossible
//! combinations are refused; a configuration is never half used. It calls nobody: `tillbridge check` does.
//! How variables override the file is said at [`OTHER_VARIABLES`]' module and in the file that `tillbridge init` writes.
//! Next in the flow: [`crate::app`] opens what the configuration names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::policy::{Channel, Retention};

mod catalogue;
mod channels;
mod environment;
mod infrastructure;
mod keys;
mod magento2;
mod nearest;
mod problem;
mod profile;
mod read;
mod schema;
mod shape;
mod sides;
mod tree;

pub use environment::{OTHER_VARIABLES, PREFIX};
pub use infrastructure::{BusChoice, JournalChoice, Listen};
pub use magento2::Magento2Settings;
pub use nearest::{did_you_mean, nearest};
pub use problem::{ConfigErrors, Place, Problem};
pub use profile::{PROFILE_NAMES, PROFILES, Profile};
pub use schema::schema;
pub use sides::{OfficeConfig, ShopifySettings, StorefrontConfig};

/// Everything one deployment is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The durable record.
    pub journal: JournalChoice,
    /// How long what has ended is kept in it.
    pub keep: Retention,
    /// The distributor of work.
    pub bus: BusChoice,
    /// Where the program listens.
    pub listen: Listen,
    /// The web shops.
    pub storefronts: Vec<StorefrontConfig>,
    /// The back offices.
    pub offices: Vec<OfficeConfig>,
    /// What is joined to what; at least one.
    pub channels: Vec<Channel>,
}

impl Config {
    /// Reads the configuration file with this process's environment. Relative paths in it start at the working directory.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every problem found.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigErrors::single(
                &file,
                format!("the file cannot be read: {}", problem::reason(&error)),
                "name another with --config, or write one with `tillbridge init counter-intelligence-shopify`",
            )
        })?;
        // A variable that is not text cannot be meant: names and values of the configuration are text.
        let texts =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::read(&file, &text, &texts.collect())
    }

    /// Reads a configuration from its text and the given environment variables; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every problem found.
    pub fn read(file: &str, text: &str, variables: &BTreeMap<String, String>) -> Result<Self, ConfigErrors> {
        let report = problem::Report::default();
        let read = read_all(text, variables, &report);
        report.into_errors(file)?;
        // Whatever keeps a part from being read has been reported, so this is reached by a flaw of the reader alone.
        read.ok_or_else(|| ConfigErrors::single(file, "the configuration cannot be read", "report this as a defect"))
    }
}

fn read_all(text: &str, variables: &BTreeMap<String, String>, report: &problem::Report) -> Option<Config> {
    let mut tree = tree::parse(text, report)?;
    environment::lay_over(&mut tree, variables, report);
    shape::check(&tree, keys::ROOT, "the configuration", report);

    let context = read::Context { report, variables };
    let root = read::Section::of(&context, &tree);
    let journal = infrastructure::journal(&root.section("journal"));
    let keep = infrastructure::keep(&root.section("journal"));
    let journal_is_shared = root.section("journal").value("postgres").is_some();
    let bus = infrastructure::bus(&root.section("bus"), journal_is_shared);
    let listen = infrastructure::listen(&root.section("listen"));
    let storefronts = sides::storefronts(&root);
    let offices = sides::offices(&root);
    let channels = channels::channels(&root);
    Some(Config { journal: journal?, keep, bus: bus?, listen: listen?, storefronts, offices, channels })
}
