//! Each mistake and the exact words it is answered with. The snapshots are the table.

use super::{GOOD, changed, read, read_with};

fn words(text: &str) -> String {
    read(text).expect_err("the mistake was accepted").to_string()
}

macro_rules! mistakes {
    ($($(#[$meta:meta])* $name:ident: $from:expr => $to:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(words(&changed($from, $to)));
        })*
    };
}

mistakes! {
    text_that_is_not_toml: "kind = \"shopify\"" => "kind = shopify";
    an_unknown_section: "[listen]" => "[listn]";
    an_unknown_key: "branch = \"WEB\"" => "branhc = \"WEB\"";
    a_number_where_a_text_belongs: "name = \"kiwi\"" => "name = 7";
    a_word_that_is_none_of_the_choices: "figure = \"available\"" => "figure = \"avialable\"";
    a_kind_that_does_not_exist: "kind = \"shopify\"" => "kind = \"magento9\"";
    no_kind: "kind = \"shopify\"\n" => "";
    a_secret_that_stands_in_the_file: "{ env = \"KIWI_TOKEN\" }" => "\"shpat-in-the-open\"";
    a_secret_with_two_sources: "{ env = \"KIWI_TOKEN\" }" => "{ env = \"KIWI_TOKEN\", file = \"/x\" }";
    a_secret_whose_variable_is_not_set: "{ env = \"KIWI_TOKEN\" }" => "{ env = \"KIWI_TOKEM\" }";
    a_secret_whose_file_is_not_there: "{ env = \"KIWI_TOKEN\" }" => "{ file = \"/nowhere/token\" }";
    no_webhook_secret: "[{ env = \"KIWI_SECRET\" }, { env = \"KIWI_SECRET_OLD\" }]" => "[]";
    two_ways_in: "token = { env" => "client_id = \"app\"\ntoken = { env";
    no_way_in: "token = { env = \"KIWI_TOKEN\" }\n" => "";
    half_a_way_in: "token = { env = \"KIWI_TOKEN\" }" => "client_id = \"app\"\ntoken_file = \"kiwi.tokens\"";
    a_shop_by_its_public_domain: "kiwi-web.myshopify.com" => "www.kiwi.co.nz";
    an_endpoint_in_the_open: "kind = \"shopify\"" => "kind = \"shopify\"\nendpoint = \"http://shop.example\"";
    a_namespace_shopify_would_not_take: "kind = \"shopify\"" => "kind = \"shopify\"\npos_key_namespace = \"a.b\"";
    a_name_that_is_no_name: "[offices.kiwi]" => "[offices.\"Kiwi Office\"]";
    no_channel: "[[channels]]" => "[[chanels]]";
    a_channel_with_an_unknown_storefront: "storefront = \"kiwi-web\"" => "storefront = \"kiwi-wbe\"";
    a_channel_with_an_unknown_office: "office = \"kiwi\"" => "office = \"head\"";
    an_unknown_profile: "counter-intelligence-shopify" => "counter-inteligence-shopify";
    no_branch_for_sales: "branch = \"WEB\"\n" => "";
    no_locations: "WEB = 101\nAKL = \"gid://shopify/Location/102\"" => "";
    a_location_that_is_none: "WEB = 101" => "WEB = \"Warehouse\"";
    two_branches_at_one_location: "WEB = 101" => "WEB = 102";
    no_pay_codes: "codes = { shopify_payments = \"WEB-CC\" }\notherwise = \"WEB\"" => "";
    an_interval_that_is_none: "stock = \"15m\"" => "stock = \"often\"";
    an_interval_that_is_too_short: "stock = \"15m\"" => "stock = \"10ms\"";
    a_body_limit_that_is_too_large: "[listen]" => "[listen]\nbody_limit = \"2 GiB\"";
    an_address_without_a_port: "0.0.0.0:8080" => "0.0.0.0";
    admin_for_everybody_without_a_token: "127.0.0.1:8081" => "0.0.0.0:8081";
    one_address_for_two_things: "127.0.0.1:8081" => "0.0.0.0:8080";
    a_time_of_keeping_that_is_none: "sqlite = \"shop.db\"" => "sqlite = \"shop.db\"\nkeep_deliveries = \"12h\"";
    events_kept_shorter_than_deliveries: "sqlite = \"shop.db\"" => "sqlite = \"shop.db\"\nkeep_deliveries = \"60d\"\nkeep_events = \"59d\"";
    two_journals: "sqlite = \"shop.db\"" => "sqlite = \"shop.db\"\npostgres = { env = \"KIWI_OFFICE\" }";
    rabbitmq_without_postgres: "[listen]" => "[bus]\nrabbitmq = { env = \"KIWI_OFFICE\" }\n\n[listen]";
    a_bus_prefix_without_rabbitmq: "[listen]" => "[bus]\nprefix = \"kiwi\"\n\n[listen]";
}

#[test]
fn two_channels_of_one_name() {
    let second = &GOOD[GOOD.find("[[channels]]").unwrap()..];
    insta::assert_snapshot!(words(&format!("{GOOD}\n{second}")));
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(words(""));
}

#[test]
fn all_mistakes_are_reported_together_in_the_order_of_the_file() {
    let text = GOOD
        .replace("webhooks = \"0.0.0.0:8080\"", "webhook = \"0.0.0.0:8080\"")
        .replace("KIWI_TOKEN", "KIWI_TOKEM")
        .replace("office = \"kiwi\"", "office = \"kivi\"")
        .replace("stock = \"15m\"", "stock = 15");
    insta::assert_snapshot!(words(&text));
}

#[test]
fn a_secret_in_the_file_is_not_repeated_in_the_message() {
    let words = words(&changed("{ env = \"KIWI_TOKEN\" }", "\"shpat-in-the-open\""));
    assert!(!words.contains("shpat-in-the-open"), "{words}");
}

#[test]
fn an_empty_secret_is_missing() {
    let errors = read_with(GOOD, &[("KIWI_TOKEN", "  ")]).unwrap_err();
    insta::assert_snapshot!(errors.to_string());
}
