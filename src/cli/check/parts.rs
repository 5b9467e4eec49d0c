//! Each part on its own: journal, bus, storefronts, offices. Every call has a deadline.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::{Failure, Finding};
use crate::app;
use crate::bus::BusHealth;
use crate::config::{BusChoice, Config, JournalChoice, OfficeConfig, StorefrontConfig};
use crate::handlers;
use crate::office::OfficeDescription;
use crate::storefront::StorefrontDescription;

/// How long a part may take to answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// How far an office's clock may be from ours. Sale prices begin and end by it.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;

pub async fn journal(config: &Config) -> Finding {
    let (part, kind) = match &config.journal {
        JournalChoice::Sqlite(path) => ("journal", format!("SQLite file {}", path.display())),
        JournalChoice::Postgres { .. } => ("journal", "PostgreSQL".to_owned()),
    };
    let open = async {
        match &config.journal {
            // As `serve` would: the file is made where it is not there yet.
            JournalChoice::Sqlite(path) if !path.exists() => app::journal(&config.journal).await,
            _ => app::journal_beside(&config.journal).await,
        }
    };
    let answer = timeout(DEADLINE, async { open.await?.ping().await }).await;
    match answer {
        Ok(Ok(())) => Finding::ok(part, format!("{kind} can be written to")),
        Ok(Err(error)) => Finding::failure(part, error.into()),
        Err(_) => silent(part),
    }
}

pub async fn bus(config: &Config) -> Finding {
    if config.bus == BusChoice::Local {
        return Finding::ok("bus", "inside the process");
    }
    let bus = match timeout(DEADLINE, app::bus(&config.bus, app::lanes(config, &handlers::names()))).await {
        Ok(Ok(bus)) => bus,
        Ok(Err(error)) => return Finding::failure("bus", Failure::from(app::OpenError::from(error))),
        Err(_) => return silent("bus"),
    };
    let health = bus.health();
    bus.close().await;
    match health {
        BusHealth::Up => Finding::ok("bus", "RabbitMQ answers"),
        BusHealth::Blocked(reason) => {
            Finding::failed("bus", format!("RabbitMQ holds back: {reason}"), "give the broker memory or disk space")
        }
        BusHealth::Down(reason) => {
            Finding::failed("bus", format!("RabbitMQ is not connected: {reason}"), "see that the broker runs")
        }
    }
}

pub async fn storefront(settings: &StorefrontConfig) -> (Option<StorefrontDescription>, Finding) {
    let part = format!("storefront {}", settings.name());
    let storefront = match app::storefront(settings) {
        Ok(storefront) => storefront,
        Err(error) => return (None, Finding::failure(part, error.into())),
    };
    match timeout(DEADLINE, storefront.describe()).await {
        Ok(Ok(description)) => {
            let finding = judge_storefront(part, &description);
            (Some(description), finding)
        }
        Ok(Err(error)) => (None, Finding::failure(part, error.into())),
        Err(_) => (None, silent(part)),
    }
}

fn judge_storefront(part: String, description: &StorefrontDescription) -> Finding {
    let StorefrontDescription { identity, version, currency, missing_scopes, locations, .. } = description;
    if missing_scopes.is_empty() {
        let locations: Vec<_> = locations.iter().map(|(id, name)| format!("{id} ({name})")).collect();
        let locations = locations.join(", ");
        return Finding::ok(part, format!("{identity}, API {version}, {currency}, locations: {locations}"));
    }
    let scopes = missing_scopes.join(", ");
    Finding::failed(
        part,
        format!("{identity} does not grant {scopes}"),
        format!("grant {scopes} to the app in the shop's administration, then install it again"),
    )
}

pub async fn office(settings: &OfficeConfig) -> (Option<OfficeDescription>, Finding) {
    let part = format!("office {}", settings.name());
    let probe = async { Ok(app::office(settings).await?.probe().await?) };
    match timeout(DEADLINE, probe).await {
        Ok(Ok(description)) => {
            let finding = judge_office(part, &description, Timestamp::now());
            (Some(description), finding)
        }
        Ok(Err(failure)) => (None, Finding::failure(part, failure)),
        Err(_) => (None, silent(part)),
    }
}

fn judge_office(part: String, description: &OfficeDescription, now: Timestamp) -> Finding {
    let OfficeDescription { version, currency, clock, problems, branches } = description;
    if !problems.is_empty() {
        let hint = "mend them in the office's database; the contract is in schemas/office";
        return Finding::failed(part, format!("{version}: {}", problems.join("; ")), hint);
    }
    let skew = clock.duration_since(now).as_secs();
    if skew.abs() > CLOCK_TOLERANCE_SECONDS {
        let detail = format!("its clock is {} s {}", skew.abs(), if skew > 0 { "ahead" } else { "behind" });
        return Finding::failed(part, detail, "set the clocks of both machines by a time server");
    }
    Finding::ok(part, format!("{version}, {currency}, branches: {}", branches.join(", ")))
}

fn silent(part: impl Into<String>) -> Finding {
    let seconds = DEADLINE.as_secs();
    Finding::failed(
        part,
        format!("no answer within {seconds} s"),
        "see that it runs and that the network lets us through",
    )
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn an_office_whose_clock_is_wrong_is_not_well() {
        let office = |clock: &str| OfficeDescription {
            version: "CI 9".into(),
            currency: "NZD".into(),
            clock: clock.parse().unwrap(),
            branches: vec![],
            problems: vec![],
        };
        let now = "2026-11-22T08:00:00Z".parse().unwrap();

        assert_eq!(judge_office("office".into(), &office("2026-11-22T08:00:59Z"), now).state, State::Ok);
        let finding = judge_office("office".into(), &office("2026-11-22T07:58:00Z"), now);
        assert_eq!((finding.state, finding.detail.as_str()), (State::Failed, "its clock is 120 s behind"));
    }

    #[test]
    fn a_storefront_without_a_permission_names_it() {
        let storefront = StorefrontDescription {
            identity: "kiwi-web.myshopify.com".into(),
            version: "2026-07".into(),
            currency: "NZD".into(),
            scopes: vec![],
            missing_scopes: vec!["write_inventory".into()],
            locations: vec![],
        };
        let finding = judge_storefront("storefront kiwi-web".into(), &storefront);
        assert_eq!(finding.state, State::Failed);
        assert_eq!(finding.detail, "kiwi-web.myshopify.com does not grant write_inventory");
    }
}
