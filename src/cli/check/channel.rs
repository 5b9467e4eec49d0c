//! Whether the two sides of a channel fit together: what is asked of the storefront, currency, branches, locations.

use super::Finding;
use crate::config::did_you_mean;
use crate::office::OfficeDescription;
use crate::policy::Channel;
use crate::storefront::{Storefront, StorefrontDescription};

/// What the channel asks of its storefront in vain.
pub fn asked(channel: &Channel, storefront: &dyn Storefront) -> Vec<Finding> {
    let asked = channel.asks_too_much(&storefront.abilities()).into_iter();
    asked.map(|asked| Finding::failed(format!("channel {}", channel.name), asked.what, asked.fix)).collect()
}

/// One finding, or one per mismatch.
pub fn compare(channel: &Channel, storefront: &StorefrontDescription, office: &OfficeDescription) -> Vec<Finding> {
    let part = || format!("channel {}", channel.name);
    let mut findings = Vec::new();
    if storefront.currency != office.currency {
        let detail = format!("the storefront books in {}, the office in {}", storefront.currency, office.currency);
        findings.push(Finding::failed(part(), detail, "join a storefront and an office of the same currency"));
    }
    let branches = [&channel.sale.branch].into_iter().chain(channel.stock.locations.keys());
    let mut unknown: Vec<_> = branches.filter(|branch| !office.branches.iter().any(|b| b == branch.as_str())).collect();
    unknown.sort();
    unknown.dedup();
    for branch in unknown {
        let hint = did_you_mean(branch.as_str(), office.branches.iter().map(String::as_str));
        findings.push(Finding::failed(part(), format!("the office has no branch `{branch}`"), hint));
    }
    for (branch, location) in &channel.stock.locations {
        if !storefront.locations.iter().any(|(id, _)| id == location) {
            let known: Vec<_> = storefront.locations.iter().map(|(id, name)| format!("{id} ({name})")).collect();
            let hint = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            let detail = format!("the storefront has no location `{location}`, where `{branch}` is to be shown");
            findings.push(Finding::failed(part(), detail, hint));
        }
    }
    if findings.is_empty() {
        let shown: Vec<_> = channel.stock.locations.keys().map(ToString::to_string).collect();
        let detail = format!("sales count for {}, stock of {} is shown", channel.sale.branch, shown.join(", "));
        findings.push(Finding::ok(part(), detail));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::config::Config;

    fn channel() -> Channel {
        let text = crate::config::PROFILES[0].template;
        let variables = ["SHOPIFY_TOKEN", "SHOPIFY_WEBHOOK_SECRET", "OFFICE_DATABASE_URL"];
        let variables = variables.map(|name| (name.to_owned(), "x".to_owned())).into_iter().collect();
        Config::read("test.toml", text, &variables).unwrap().channels.remove(0)
    }

    fn storefront(currency: &str, location: &str) -> StorefrontDescription {
        StorefrontDescription {
            identity: "kiwi-web.myshopify.com".into(),
            version: "2026-07".into(),
            currency: currency.into(),
            scopes: vec![],
            missing_scopes: vec![],
            locations: vec![(location.into(), "Warehouse".into())],
        }
    }

    fn office(branch: &str) -> OfficeDescription {
        OfficeDescription {
            version: "CI 9".into(),
            currency: "NZD".into(),
            clock: jiff::Timestamp::UNIX_EPOCH,
            branches: vec![branch.into()],
            problems: vec![],
        }
    }

    #[test]
    fn sides_that_fit_are_called_well() {
        let findings = compare(&channel(), &storefront("NZD", "gid://shopify/Location/1"), &office("WEB"));
        assert_eq!(findings, [Finding::ok("channel main", "sales count for WEB, stock of WEB is shown")]);
    }

    #[test]
    fn each_mismatch_is_named_once_with_what_there_is() {
        let findings = compare(&channel(), &storefront("AUD", "gid://shopify/Location/9"), &office("WBE"));
        let details: Vec<_> = findings.iter().map(|finding| finding.detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "the storefront books in AUD, the office in NZD",
                "the office has no branch `WEB`",
                "the storefront has no location `gid://shopify/Location/1`, where `WEB` is to be shown",
            ]
        );
        assert_eq!(findings[1].hint, "did you mean `WBE`?");
        assert!(findings.iter().all(|finding| finding.state == State::Failed));
    }
}
