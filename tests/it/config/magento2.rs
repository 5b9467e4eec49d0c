//! A Magento 2 store in the configuration: what is accepted, and the words each mistake is answered with.

use std::collections::BTreeMap;

use tillbridge::config::{Config, ConfigErrors, Magento2Settings, StorefrontConfig};
use tillbridge::domain::{IntegrationAccess, Secret};
use tillbridge::office::ChangeKind;
use tillbridge::policy::SaleMoment;
use tillbridge::storefront::StockFigure;

const GOOD: &str = r#"[storefronts.kiwi]
kind = "magento2"
url = "https://shop.example/"
consumer_key = { env = "KEY" }
consumer_secret = { env = "SECRET" }
access_token = { env = "TOKEN" }
access_token_secret = { env = "TOKEN_SECRET" }
async_events_token = [{ env = "NEW" }, { env = "OLD" }]

[offices.kiwi]
kind = "counter-intelligence"
database = { env = "OFFICE" }

[[channels]]
name = "kiwi"
storefront = "kiwi"
office = "kiwi"
profile = "counter-intelligence-magento2"

[channels.sale]
branch = "WEB"

[channels.locations]
WEB = "default"

[channels.payments]
otherwise = "WEB"

[channels.reconcile]
every = "1m"
"#;

fn read(text: &str) -> Result<Config, ConfigErrors> {
    let names = ["KEY", "SECRET", "TOKEN", "TOKEN_SECRET", "NEW", "OLD", "OFFICE"];
    let variables: BTreeMap<_, _> = names.iter().map(|name| ((*name).to_owned(), name.to_lowercase())).collect();
    Config::read("tillbridge.toml", text, &variables)
}

fn changed(from: &str, to: &str) -> Result<Config, ConfigErrors> {
    assert!(GOOD.contains(from), "the good configuration has no `{from}`");
    read(&GOOD.replacen(from, to, 1))
}

fn store(config: &Config) -> &Magento2Settings {
    let StorefrontConfig::Magento2(store) = &config.storefronts[0] else { panic!("not a Magento store") };
    store
}

#[test]
fn a_store_is_reached_by_the_four_values_of_an_integration() {
    let config = read(GOOD).unwrap();
    let store = store(&config);
    assert_eq!((store.url.as_str(), store.store.as_deref()), ("https://shop.example", None));
    let IntegrationAccess::OAuth(four) = &store.access else { panic!("{:?}", store.access) };
    assert_eq!(four.token_secret, Secret::new("token_secret".into()));
    assert_eq!(store.async_events, [Secret::new("new".into()), Secret::new("old".into())]);
    assert_eq!(store.shared_secrets, [], "a way in without a secret is closed");
}

#[test]
fn a_paid_invoice_is_booked_and_a_source_shows_what_is_on_the_shelf() {
    let config = read(GOOD).unwrap();
    let channel = &config.channels[0];
    assert_eq!((channel.sale.when, channel.stock.figure), (SaleMoment::Paid, StockFigure::OnHand));
    assert_eq!(channel.reconcile.every.as_secs(), 60);
}

// proves F-014
#[test]
fn how_often_each_side_is_asked_is_the_channels_own() {
    let asked = |config: &Config| {
        let channel = &config.channels[0];
        (channel.reconcile.every.as_secs(), channel.every[&ChangeKind::Stock].as_secs())
    };
    let plain = changed("[channels.reconcile]\nevery = \"1m\"\n", "").unwrap();
    assert_eq!(asked(&plain).0, 15 * 60, "the store, where the file does not say");
    let own = changed("every = \"1m\"\n", "every = \"5m\"\n\n[channels.every]\nstock = \"15m\"\n").unwrap();
    assert_eq!(asked(&own), (5 * 60, 15 * 60));
}

#[test]
fn each_mistake_has_its_line_and_its_remedy() {
    let mistakes = [
        ("url = \"https://shop.example/\"", "url = \"http://shop.example\""),
        ("url = \"https://shop.example/\"", "url = \"https://shop.example/rest/V1\""),
        ("url = \"https://shop.example/\"\n", ""),
        ("consumer_key =", "store = \"en-nz\"\nconsumer_key ="),
        ("consumer_key =", "token = { env = \"TOKEN\" }\nconsumer_key ="),
        ("access_token = { env = \"TOKEN\" }\n", ""),
        ("consumer_key =", "webhook_secrets = { env = \"NEW\" }\nconsumer_key ="),
        ("WEB = \"default\"\n", ""),
        ("counter-intelligence-magento2", "counter-intelligence-shopify"),
    ];
    let words = mistakes.map(|(from, to)| changed(from, to).expect_err("the mistake was accepted").to_string());
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn one_installation_is_met_twice_only_where_each_sale_belongs_to_one_of_its_websites() {
    let twice = |keys: &str, others: &str| {
        let outlet = format!(
            "[storefronts.outlet]\nkind = \"magento2\"\nurl = \"https://shop.example\"\ntoken = {{ env = \"KEY\" }}\n\
             store = \"outlet\"\n{others}\n[offices.kiwi]"
        );
        let text =
            GOOD.replacen("url = \"https://shop.example/\"", &format!("url = \"https://shop.example/\"\n{keys}"), 1);
        read(&text.replacen("[offices.kiwi]", &outlet, 1))
    };
    let own = "only_its_website = true";
    assert!(store(&twice(own, own).unwrap()).only_its_website);
    for (keys, others) in [("", ""), (own, ""), ("", own)] {
        let refused = twice(keys, others).unwrap_err().to_string();
        assert!(refused.contains("would be booked twice") && refused.contains("only_its_website"), "{refused}");
    }
}
