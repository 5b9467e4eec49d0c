//! Environment variables over the file.

use std::time::Duration;

use tillbridge::config::{JournalChoice, StorefrontConfig};
use tillbridge::domain::{BranchCode, Secret};
use tillbridge::office::ChangeKind;
use tillbridge::storefront::shopify::Access;

use super::{GOOD, changed, read_with};

#[test]
fn a_variable_overrides_a_value_of_a_section() {
    let config = read_with(GOOD, &[("TILLBRIDGE_LISTEN__WEBHOOKS", "127.0.0.1:9000")]).unwrap();
    assert_eq!(config.listen.webhooks.to_string(), "127.0.0.1:9000");
}

#[test]
fn a_variable_sets_a_value_that_the_file_leaves_out() {
    let config = read_with(GOOD, &[("TILLBRIDGE_LISTEN__BODY_LIMIT", "1 MiB")]).unwrap();
    assert_eq!(config.listen.body_limit, 1 << 20);
}

#[test]
fn a_variable_finds_a_channel_by_its_name_and_a_branch_whatever_its_case() {
    let variables = [
        ("TILLBRIDGE_CHANNELS__KIWI__SALE__BRANCH", "AKL"),
        ("TILLBRIDGE_CHANNELS__KIWI__EVERY__PRICES", "5m"),
        ("TILLBRIDGE_CHANNELS__KIWI__LOCATIONS__WEB", "900"),
    ];
    let config = read_with(GOOD, &variables).unwrap();
    let channel = &config.channels[0];

    assert_eq!(channel.sale.branch.as_str(), "AKL");
    assert_eq!(channel.every[&ChangeKind::Prices], Duration::from_secs(300));
    assert_eq!(channel.stock.locations[&BranchCode::parse("WEB").unwrap()], "gid://shopify/Location/900");
}

#[test]
fn a_variable_over_a_secret_holds_the_secret_itself() {
    let config = read_with(GOOD, &[("TILLBRIDGE_STOREFRONTS__KIWI_WEB__TOKEN", "shpat-other")]).unwrap();
    let StorefrontConfig::Shopify(shop) = &config.storefronts[0] else { panic!("not a Shopify shop") };
    assert_eq!(shop.access, Access::Token(Secret::new("shpat-other".into())));
}

#[test]
fn a_variable_can_name_the_database_of_the_journal() {
    let text = changed("sqlite = \"shop.db\"", "");
    let config = read_with(&text, &[("TILLBRIDGE_JOURNAL__POSTGRES", "postgres://journal")]).unwrap();
    assert_eq!(
        config.journal,
        JournalChoice::Postgres { url: Secret::new("postgres://journal".into()), connections: 16 }
    );
}

#[test]
fn how_long_things_are_kept_is_said_in_days() {
    let keep = |text: &str| read_with(&changed("sqlite = \"shop.db\"", text), &[]).unwrap().keep;
    let days = |number: u64| Duration::from_secs(number * 24 * 3600);
    assert_eq!((keep("").deliveries, keep("").events), (days(30), days(400)));
    let long = keep("keep_deliveries = \"500d\"");
    assert_eq!((long.deliveries, long.events), (days(500), days(500)), "what a delivery meant is kept as long as it");
    assert_eq!(keep("keep_events = \"1000 days\"").events, days(1_000));
}

#[test]
fn a_secrets_own_variable_may_have_the_prefix() {
    let text = changed("KIWI_TOKEN", "TILLBRIDGE_KIWI_TOKEN");
    let config = read_with(&text, &[("TILLBRIDGE_KIWI_TOKEN", "shpat-prefixed")]).unwrap();
    let StorefrontConfig::Shopify(shop) = &config.storefronts[0] else { panic!("not a Shopify shop") };
    assert_eq!(shop.access, Access::Token(Secret::new("shpat-prefixed".into())));
}

#[test]
fn documented_variables_of_other_purpose_are_no_mistake() {
    let variables: Vec<_> = tillbridge::config::OTHER_VARIABLES.iter().map(|(name, _)| (*name, "x")).collect();
    read_with(GOOD, &variables).unwrap();
}

#[test]
fn variables_that_mean_nothing_are_refused() {
    let variables = [
        ("TILLBRIDGE_LISTEN__WEBHOOK", "127.0.0.1:9000"),
        ("TILLBRIDGE_CHANNELS__KIVI__SALE__BRANCH", "AKL"),
        ("TILLBRIDGE_CHANNELS__KIWI__LOCATIONS__WLG", "7"),
        ("TILLBRIDGE_CHANNELS__KIWI__NAME__FIRST", "x"),
        ("TILLBRIDGE_STOREFRONTS__OTHER__SHOP", "x"),
        ("TILLBRIDGE_", "x"),
    ];
    insta::assert_snapshot!(read_with(GOOD, &variables).unwrap_err().to_string());
}

#[test]
fn a_bad_value_in_a_variable_is_reported_at_the_variable() {
    let variables = [("TILLBRIDGE_LISTEN__ADMIN", "everywhere"), ("TILLBRIDGE_CHANNELS__KIWI__EVERY__STOCK", "0s")];
    insta::assert_snapshot!(read_with(GOOD, &variables).unwrap_err().to_string());
}
