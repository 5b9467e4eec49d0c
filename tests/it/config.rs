//! The configuration: what is accepted, what is refused and in which words.

mod environment;
mod magento2;
mod mistakes;
mod schema;

use std::collections::BTreeMap;

use tillbridge::config::{Config, ConfigErrors};

/// A configuration in which everything is right; line numbers in the snapshots count in it.
const GOOD: &str = r#"[journal]
sqlite = "shop.db"

[listen]
webhooks = "0.0.0.0:8080"
admin = "127.0.0.1:8081"

[storefronts.kiwi-web]
kind = "shopify"
shop = "kiwi-web.myshopify.com"
token = { env = "KIWI_TOKEN" }
webhook_secret = [{ env = "KIWI_SECRET" }, { env = "KIWI_SECRET_OLD" }]

[offices.kiwi]
kind = "counter-intelligence"
database = { env = "KIWI_OFFICE" }

[[channels]]
name = "kiwi"
storefront = "kiwi-web"
office = "kiwi"
profile = "counter-intelligence-shopify"

[channels.sale]
when = "fulfilled"
branch = "WEB"

[channels.stock]
figure = "available"

[channels.locations]
WEB = 101
AKL = "gid://shopify/Location/102"

[channels.payments]
codes = { shopify_payments = "WEB-CC" }
otherwise = "WEB"

[channels.every]
stock = "15m"
"#;

fn secrets() -> BTreeMap<String, String> {
    let pairs = [
        ("KIWI_TOKEN", "shpat-kiwi"),
        ("KIWI_SECRET", "new-secret"),
        ("KIWI_SECRET_OLD", "old-secret\n"),
        ("KIWI_OFFICE", "postgres://kiwi"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn read(text: &str) -> Result<Config, ConfigErrors> {
    Config::read("tillbridge.toml", text, &secrets())
}

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let mut all = secrets();
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Config::read("tillbridge.toml", text, &all)
}

/// The good configuration with one passage changed; the passage must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the good configuration has no `{from}`");
    GOOD.replacen(from, to, 1)
}

mod accepted {
    use std::time::Duration;

    use tillbridge::config::{BusChoice, JournalChoice, StorefrontConfig};
    use tillbridge::domain::{BranchCode, Secret};
    use tillbridge::office::ChangeKind;
    use tillbridge::storefront::StockFigure;
    use tillbridge::storefront::shopify::Access;

    use super::*;

    // proves F-014 F-250
    #[test]
    fn a_channel_has_its_own_rules_over_those_of_its_profile() {
        let config = read(GOOD).unwrap();
        let channel = &config.channels[0];

        assert_eq!(channel.every[&ChangeKind::Stock], Duration::from_secs(15 * 60), "as the file says");
        assert_eq!(channel.every[&ChangeKind::Products], Duration::from_secs(60), "as the profile says");
        assert_eq!(channel.stock.figure, StockFigure::Available);
        assert_eq!(channel.payments.code("shopify_payments"), Some("WEB-CC"));
        assert_eq!(channel.payments.code("afterpay"), Some("WEB"));
    }

    #[test]
    fn a_location_may_be_given_by_its_number_alone() {
        let config = read(GOOD).unwrap();
        let locations = &config.channels[0].stock.locations;

        assert_eq!(locations[&BranchCode::parse("WEB").unwrap()], "gid://shopify/Location/101");
        assert_eq!(locations[&BranchCode::parse("AKL").unwrap()], "gid://shopify/Location/102");
    }

    #[test]
    fn secrets_come_from_the_environment_without_line_ends() {
        let config = read(GOOD).unwrap();
        let StorefrontConfig::Shopify(shop) = &config.storefronts[0] else { panic!("not a Shopify shop") };

        assert_eq!(shop.access, Access::Token(Secret::new("shpat-kiwi".into())));
        assert_eq!(shop.webhook_secrets, [Secret::new("new-secret".into()), Secret::new("old-secret".into())]);
    }

    #[test]
    fn secrets_come_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "shpat-from-file\n").unwrap();
        let text = changed("token = { env = \"KIWI_TOKEN\" }", &format!("token = {{ file = {path:?} }}"));

        let config = read(&text).unwrap();
        let StorefrontConfig::Shopify(shop) = &config.storefronts[0] else { panic!("not a Shopify shop") };

        assert_eq!(shop.access, Access::Token(Secret::new("shpat-from-file".into())));
    }

    #[test]
    fn a_file_without_journal_and_bus_works_in_one_process() {
        let config = read(&changed("[journal]\nsqlite = \"shop.db\"\n", "")).unwrap();

        assert_eq!(config.journal, JournalChoice::Sqlite("tillbridge.db".into()));
        assert_eq!(config.bus, BusChoice::Local);
        assert_eq!(config.listen.body_limit, 16 * 1024 * 1024);
    }

    #[test]
    fn a_configuration_shows_no_secret_when_it_is_printed() {
        let printed = format!("{:?}", read(GOOD).unwrap());

        for secret in secrets().values() {
            assert!(!printed.contains(secret.trim()), "{printed}");
        }
        assert!(printed.contains("[secret]"));
    }

    #[test]
    fn what_init_writes_is_accepted_for_every_profile() {
        let names = [
            "SHOPIFY_TOKEN",
            "SHOPIFY_WEBHOOK_SECRET",
            "MAGENTO_CONSUMER_KEY",
            "MAGENTO_CONSUMER_SECRET",
            "MAGENTO_ACCESS_TOKEN",
            "MAGENTO_ACCESS_TOKEN_SECRET",
            "OFFICE_DATABASE_URL",
        ];
        let variables = names.map(|name| (name, "x"));
        for profile in tillbridge::config::PROFILES {
            let config = read_with(profile.template, &variables).unwrap();
            assert_eq!(config.channels.len(), 1);
        }
    }
}
