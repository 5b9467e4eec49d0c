//! What goes wrong before anything is opened, and `init`.

use super::{Desk, assert_seen};

fn ready() -> Desk {
    Desk::with(tillbridge::config::PROFILES[0].template)
        .set("SHOPIFY_TOKEN", "shpat-secret")
        .set("SHOPIFY_WEBHOOK_SECRET", "hook-secret")
        .set("OFFICE_DATABASE_URL", "sqlite:nowhere")
}

#[test]
fn init_writes_a_configuration_and_never_overwrites_one() {
    let desk = Desk::empty();
    let first = desk.run(&["init", "counter-intelligence-shopify"]);
    let second = desk.run(&["init", "counter-intelligence-shopify"]);
    assert_seen!(format!("{first}\n{second}"));

    let written = std::fs::read_to_string(desk.path().join("tillbridge.toml")).unwrap();
    assert_eq!(written, tillbridge::config::PROFILES[0].template);
}

#[test]
fn init_writes_to_stdout() {
    assert_seen!(Desk::empty().run(&["init", "counter-intelligence-shopify", "--output", "-"]));
}

#[test]
fn init_knows_its_profiles() {
    assert_seen!(Desk::empty().run(&["init", "counter-inteligence-shopify"]));
}

#[test]
fn a_configuration_that_is_not_there() {
    assert_seen!(Desk::empty().run(&["check", "--config", "other.toml"]));
}

#[test]
fn a_configuration_fresh_from_init_says_which_secrets_it_wants() {
    let desk = Desk::empty();
    desk.run(&["init", "counter-intelligence-shopify"]);
    assert_seen!(desk.run(&["check"]));
}

#[test]
fn an_unknown_command() {
    assert_seen!(Desk::empty().run(&["evnts"]));
}

#[test]
fn an_unknown_channel_is_answered_with_the_nearest() {
    assert_seen!(ready().run(&["pause", "mian"]));
}

#[test]
fn an_unknown_storefront_is_answered_with_all() {
    assert_seen!(ready().run(&["webhooks", "list", "magento"]));
}

#[test]
fn an_unknown_kind_of_change() {
    assert_seen!(ready().run(&["poll", "main", "stocks"]));
}

#[test]
fn a_time_that_is_none() {
    assert_seen!(ready().run(&["events", "list", "--since", "yesterday"]));
}

#[test]
fn an_event_type_that_is_none() {
    assert_seen!(ready().run(&["events", "list", "--type", "sale.invoice"]));
}

#[test]
fn an_address_for_webhooks_that_is_not_safe() {
    let arguments = ["webhooks", "register", "web", "--address", "http://bridge.example/webhooks/web"];
    assert_seen!(ready().run(&arguments));
}

#[test]
fn a_role_that_is_none() {
    assert_seen!(ready().run(&["serve", "--roles", "receive,handel"]));
}

#[test]
fn a_log_filter_that_is_none() {
    assert_seen!(ready().set("TILLBRIDGE_LOG", "tillbridge=loud").run(&["status"]));
}

#[test]
fn a_log_format_that_is_none() {
    assert_seen!(ready().set("TILLBRIDGE_LOG_FORMAT", "xml").run(&["status"]));
}

#[test]
fn replaying_everything_must_be_said() {
    assert_seen!(ready().run(&["replay"]));
}
