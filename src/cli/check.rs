//! `tillbridge check`: is the configuration right, and do both sides answer and fit together?
//!
//! What comes in: the configuration. What goes out: one finding per part, all of them, whatever fails. It only reads on
//! both sides; secrets are never shown.

mod channel;
mod parts;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ConfigFile, Exit, Failure, Output};
use crate::app;

/// Arguments of `tillbridge check`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all is well, 1 a part does not work or does not fit, 2 the configuration is wrong

Examples:
  tillbridge check --config /etc/tillbridge/tillbridge.toml
  tillbridge check --json"
)]
pub struct Args {
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Works and fits.
    Ok,
    /// Does not.
    Failed,
}

/// What was found out about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Such as `journal` or `office kiwi`.
    pub part: String,
    /// How it is.
    pub state: State,
    /// What it says of itself, or what is wrong.
    pub detail: String,
    /// What to do about it; empty when all is well.
    pub hint: String,
}

impl Finding {
    pub fn ok(part: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { part: part.into(), state: State::Ok, detail: detail.into(), hint: String::new() }
    }

    pub fn failed(part: impl Into<String>, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { part: part.into(), state: State::Failed, detail: detail.into(), hint: hint.into() }
    }

    fn failure(part: impl Into<String>, failure: Failure) -> Self {
        Self::failed(part, failure.what, failure.hint.unwrap_or_default())
    }
}

/// Checks everything.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let mut findings = vec![Finding::ok("configuration", args.config.config.display().to_string())];
    findings.push(parts::journal(&config).await);
    findings.push(parts::bus(&config).await);

    let mut storefronts = BTreeMap::new();
    for settings in &config.storefronts {
        let (description, finding) = parts::storefront(settings).await;
        findings.push(finding);
        storefronts.extend(description.map(|description| (settings.name(), description)));
    }
    let mut offices = BTreeMap::new();
    for settings in &config.offices {
        let (description, finding) = parts::office(settings).await;
        findings.push(finding);
        offices.extend(description.map(|description| (settings.name(), description)));
    }
    for channel in &config.channels {
        let settings = config.storefronts.iter().find(|settings| *settings.name() == channel.storefront);
        if let Some(Ok(storefront)) = settings.map(app::storefront) {
            findings.extend(channel::asked(channel, storefront.as_ref()));
        }
        // A side that does not answer has its own finding; what could not be compared is not called well.
        if let (Some(storefront), Some(office)) = (storefronts.get(&channel.storefront), offices.get(&channel.office)) {
            findings.extend(channel::compare(channel, storefront, office));
        }
    }
    tell(&findings, args.json, output)?;
    let failed = findings.iter().any(|finding| finding.state == State::Failed);
    Ok(if failed { Exit::Failed } else { Exit::Fine })
}

fn tell(findings: &[Finding], json: bool, output: &mut Output) -> std::io::Result<()> {
    if json {
        return output.json(&findings);
    }
    let word = |state| if state == State::Ok { "ok" } else { "failed" };
    let row = |finding: &Finding| vec![finding.part.clone(), word(finding.state).to_owned(), finding.detail.clone()];
    output.table(&["PART", "STATE", "DETAIL"], &findings.iter().map(row).collect::<Vec<_>>())?;
    for finding in findings.iter().filter(|finding| !finding.hint.is_empty()) {
        output.line(format_args!("\nhint: {}: {}", finding.part, finding.hint))?;
    }
    Ok(())
}
