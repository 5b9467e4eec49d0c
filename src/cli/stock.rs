//! `tillbridge stock`: the stock a storefront shows against what it should show, all of it (F-252).

use super::output::counted;
use super::pause::channel_named;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::flow::reconcile::{self, Scope, Window};
use crate::flow::stocktake::{Count, Report};
use crate::handlers::Desk;

/// Commands of `tillbridge stock`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Compare every figure and report what differs; writes nothing
    #[command(
        after_help = "A figure in doubt may be right: pieces there are not explained yet, and the running bridge counts it within
two minutes. Exit code 1 when anything differs or is in doubt."
    )]
    Audit(Args),
    /// Compare every figure and hand over what differs to be written
    #[command(
        after_help = "The storefront is asked for orders nobody has told of first. What is handed over is decided anew by the
running bridge; a figure that changes meanwhile is left to it."
    )]
    Resync(Args),
}

/// Arguments of both
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The channel whose stock is compared
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs a command of `tillbridge stock`.
pub async fn run(command: &Command, output: &mut Output) -> Result<Exit, Failure> {
    let (Command::Audit(args) | Command::Resync(args)) = command;
    let config = args.config.load()?;
    let channel = channel_named(&config, &args.channel)?;
    let journal = app::journal_beside(&config.journal).await?;
    let missing =
        |what: &str, name: &str| Failure::usage(format!("there is no {what} `{name}`"), "add it to the configuration");
    let storefront = config.storefronts.iter().find(|storefront| *storefront.name() == channel.storefront);
    let storefront = storefront.ok_or_else(|| missing("storefront", channel.storefront.as_str()))?;
    let office = config.offices.iter().find(|office| *office.name() == channel.office);
    let office = office.ok_or_else(|| missing("office", channel.office.as_str()))?;
    let (storefront, office) = (app::storefront(storefront)?, app::office(office).await?);
    let desk = Desk { channel, journal: journal.as_ref(), storefront: storefront.as_ref(), office: office.as_ref() };
    let resync = matches!(command, Command::Resync(_));
    let window = Window { since: None, overlap: desk.channel.reconcile.overlap, dry_run: !resync };
    let Some(report) = reconcile::once(&desk, window, Scope { stock: Some(Count::All), ..Scope::ORDERS }).await?.stock
    else {
        let hint = "try again, for the running bridge may have asked at the same moment; if this stays so, see that \
                    `tillbridge serve` runs with the role normalise";
        return Err(Failure::failed("orders nobody had told of are not normalised yet", hint));
    };
    if args.json {
        output.json(&report)?;
    } else {
        describe(&report, output)?;
    }
    let differing = report.drifts.len();
    if resync {
        if !args.json {
            output
                .line(format_args!("{} handed over to be decided", counted(differing, "figure is", "figures are")))?;
        }
        return Ok(Exit::Fine);
    }
    Ok(if differing == 0 { Exit::Fine } else { Exit::Failed })
}

fn describe(report: &Report, output: &mut Output) -> std::io::Result<()> {
    let absent = match report.absent {
        0 => String::new(),
        absent => format!("; {} not at the storefront", counted(absent, "is", "are")),
    };
    output.line(format_args!(
        "{} compared, {}{absent}",
        counted(report.compared, "figure", "figures"),
        counted(report.drifts.len(), "differs", "differ"),
    ))?;
    if report.drifts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = report.drifts.iter().map(row).collect();
    output.table(&["SKU", "BRANCH", "SHOWN", "SHOULD", "BELIEVED"], &rows)
}

fn row(drift: &crate::handlers::stock::drift::Drift) -> Vec<String> {
    vec![
        drift.sku.to_string(),
        drift.branch.to_string(),
        drift.shown.to_string(),
        drift.should.to_string(),
        match drift.believed {
            Some(believed) if drift.doubted => format!("{believed}, in doubt"),
            Some(believed) => believed.to_string(),
            None => "-".to_owned(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchCode, Sku, Version};
    use crate::handlers::stock::drift::Drift;

    #[test]
    fn a_figure_in_doubt_says_so_though_it_may_be_right() {
        let drift = |believed, doubted| {
            let (sku, branch) = (Sku::parse("TEE-M").unwrap(), BranchCode::parse("WEB").unwrap());
            row(&Drift { sku, branch, shown: 7, should: 7, believed, doubted, version: Version(1) })
        };
        assert_eq!(drift(Some(7), true), ["TEE-M", "WEB", "7", "7", "7, in doubt"]);
        assert_eq!(drift(Some(8), false), ["TEE-M", "WEB", "7", "7", "8"]);
        assert_eq!(drift(None, false), ["TEE-M", "WEB", "7", "7", "-"]);
    }
}
