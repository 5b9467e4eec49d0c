//! `check`, `webhooks` and `poll` with a simulated shop and an office's database at the other end.

use rusqlite::Connection;
use tillbridge::domain::{ChannelName, Currency, Money, Version};
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::journal::{Journal as _, Written};
use tillbridge::sandbox::shopify::lives::OrderPlan;
use tillbridge::sandbox::shopify::{ShopLocation, ShopOptions, ShopSandbox};

use super::{Desk, assert_seen};

const ADDRESS: &str = "https://bridge.example/webhooks/kiwi-web";

/// A shop, an office, and a desk whose configuration joins them.
struct Town {
    desk: Desk,
    shop: ShopSandbox,
    runtime: tokio::runtime::Runtime,
}

impl Town {
    /// A shop with one location, which the configuration shows the branch `WEB` at, and an office with branches `WEB`, `AKL`.
    fn new() -> Self {
        Self::with(|options| options, "WEB")
    }

    fn with(change: impl FnOnce(ShopOptions) -> ShopOptions, branch: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let mut options = ShopOptions::new("kiwi-web.myshopify.com", "NZD").unwrap();
        options.locations = vec![ShopLocation { name: "Warehouse".to_owned(), id: Some(101) }];
        let shop = runtime.block_on(ShopSandbox::start(change(options))).unwrap();
        let desk = Desk::with(&format!(
            r#"
            [storefronts.kiwi-web]
            kind = "shopify"
            shop = "kiwi-web.myshopify.com"
            endpoint = "{}"
            token = {{ env = "TOKEN" }}
            webhook_secret = {{ env = "SECRET" }}
            [offices.kiwi]
            kind = "counter-intelligence"
            database = {{ env = "OFFICE" }}
            [[channels]]
            name = "kiwi"
            storefront = "kiwi-web"
            office = "kiwi"
            profile = "counter-intelligence-shopify"
            sale = {{ branch = "{branch}" }}
            locations = {{ {branch} = 101 }}
            payments = {{ otherwise = "WEB" }}
            customers = {{ receive = "always" }}
            "#,
            shop.graphql_url(),
        ))
        .set("TOKEN", &shop.token())
        .set("SECRET", &shop.secret());
        let office = desk.path().join("office.db");
        let desk = desk.set("OFFICE", &format!("sqlite:{}", office.display()));
        let connection = Connection::open(office).unwrap();
        connection.execute_batch(include_str!("../../../schemas/office/sqlite.sql")).unwrap();
        connection
            .execute_batch("INSERT INTO office_branch (branch, name) VALUES ('WEB', 'Web'), ('AKL', 'Auckland')")
            .unwrap();
        Self { desk, shop, runtime }
    }

    /// Runs a command; ports differ from run to run.
    fn run(&self, arguments: &[&str]) -> String {
        self.desk.run(arguments).replace(&self.shop.address().to_string(), "[SHOP]")
    }

    /// An order, an account, and a style that was written once and is not at the shop. Answers the order's number.
    fn has_done_what_nobody_told(&self) -> u64 {
        let office = Connection::open(self.desk.path().join("office.db")).unwrap();
        office
            .execute_batch(
                "INSERT INTO office_style (style, title, internet_active) VALUES ('SHIRT', 'Shirt', 1);
                 INSERT INTO office_variant (sku, style) VALUES ('SHIRT-M', 'SHIRT');
                 INSERT INTO office_price (sku, retail) VALUES ('SHIRT-M', 4000);",
            )
            .unwrap();
        let marker = office.query_row("SELECT marker FROM ci_product", [], |row| row.get(0)).unwrap();
        let journal = SqliteJournal::open(&self.desk.path().join("tillbridge.db")).unwrap();
        let written = Written { entity: "product:SHIRT".into(), version: Version(marker), value: "before".into() };
        self.runtime.block_on(async {
            journal.keep_written(&ChannelName::parse("kiwi").unwrap(), vec![written]).await.unwrap();
            let price = Money::parse("40.00", Currency::parse("NZD").unwrap()).unwrap();
            let info = self.shop.put_up_for_sale("MUG", price, &[]).await.unwrap();
            let account = self.shop.edit_customer(None, |customer| {
                customer.id = 5_550_001;
                customer.email = Some("ana@example.com".into());
            });
            account.await.unwrap();
            self.shop.place_order(&OrderPlan::plain(price.currency(), &[(&info, 1)])).await.unwrap()
        })
    }

    fn close_the_shop(&self) {
        self.runtime.block_on(self.shop.shutdown());
    }
}

#[test]
fn a_check_of_sides_that_fit() {
    let town = Town::new();
    assert_seen!(town.run(&["check"]));
}

#[test]
fn a_check_for_programs_is_one_document() {
    let town = Town::new();
    let seen = town.run(&["check", "--json"]);
    for secret in [town.shop.token(), town.shop.secret()] {
        assert!(!seen.contains(&secret), "{seen}");
    }
    assert_seen!(seen);
}

#[test]
fn a_check_of_sides_that_do_not_fit() {
    let town = Town::with(
        |options| ShopOptions { locations: vec![ShopLocation { name: "Attic".to_owned(), id: Some(7) }], ..options },
        "WLG",
    );
    assert_seen!(town.run(&["check"]));
}

#[test]
fn a_check_of_a_shop_that_grants_too_little() {
    let few = vec!["read_orders".to_owned(), "read_products".to_owned()];
    let town = Town::with(|options| ShopOptions { scopes: few, ..options }, "WEB");
    assert_seen!(town.run(&["check"]));
}

#[test]
fn a_check_with_a_wrong_token() {
    let town = Town::new();
    town.shop.replace_token("another");
    assert_seen!(town.run(&["check"]));
}

#[test]
fn a_check_tells_of_every_part_even_when_the_first_fails() {
    let town = Town::new();
    std::fs::remove_file(town.desk.path().join("office.db")).unwrap();
    let desk = town.desk.run(&["check"]);
    assert_seen!(desk);
}

#[test]
fn webhooks_are_registered_once() {
    let town = Town::new();
    let before = town.run(&["webhooks", "audit", "kiwi-web", "--address", ADDRESS]);
    let first = town.run(&["webhooks", "register", "kiwi-web", "--address", ADDRESS]);
    let again = town.run(&["webhooks", "register", "kiwi-web", "--address", ADDRESS]);
    let list = town.run(&["webhooks", "list", "kiwi-web"]);
    let after = town.run(&["webhooks", "audit", "kiwi-web", "--address", ADDRESS]);
    assert_seen!([before, first, again, list, after].join("\n"));
}

#[test]
fn webhooks_that_go_elsewhere_are_found() {
    let town = Town::new();
    town.run(&["webhooks", "register", "kiwi-web", "--address", "https://old.example/webhooks/kiwi-web"]);
    let text = town.run(&["webhooks", "audit", "kiwi-web", "--address", ADDRESS]);
    let json = town.run(&["webhooks", "audit", "kiwi-web", "--address", ADDRESS, "--json"]);
    assert_seen!(format!("{text}\n{json}"));
}

#[test]
fn webhooks_of_a_shop_that_does_not_answer() {
    let town = Town::new();
    town.close_the_shop();
    let seen = town.run(&["webhooks", "list", "kiwi-web"]);
    assert!(seen.contains("exit code: 1") && seen.contains("error: ") && seen.contains("hint: "), "{seen}");
    assert!(!seen.contains(&town.shop.token()), "{seen}");
}

#[test]
fn a_poll_reads_what_changed_and_the_next_one_nothing() {
    let town = Town::new();
    let office = Connection::open(town.desk.path().join("office.db")).unwrap();
    office
        .execute_batch(
            "INSERT INTO office_style (style, title, internet_active) VALUES ('SHIRT', 'Shirt', 1);
             INSERT INTO office_variant (sku, style) VALUES ('SHIRT-M', 'SHIRT'), ('SHIRT-L', 'SHIRT');
             INSERT INTO office_stock (sku, branch, on_hand) VALUES ('SHIRT-M', 'WEB', 3), ('SHIRT-L', 'WEB', 4);",
        )
        .unwrap();
    town.run(&["migrate"]);
    let first = town.run(&["poll", "kiwi", "stock"]);
    let second = town.run(&["poll", "kiwi"]);
    let third = town.run(&["poll", "kiwi"]);
    assert_seen!([first, second, third].join("\n"));
}

// proves F-252
#[test]
fn a_stock_audit_of_a_shop_without_products_has_nothing_to_compare() {
    let town = Town::new();
    town.run(&["migrate"]);
    assert_seen!(town.run(&["stock", "audit", "kiwi"]));
}

#[test]
fn a_reconciliation_tells_what_it_found_and_hands_it_over_once() {
    let town = Town::new();
    town.run(&["migrate"]);
    let order = town.has_done_what_nobody_told();
    // The shop's numbers differ from run to run.
    let run =
        |arguments: &[&str]| town.run(arguments).replace(&order.to_string(), "[ORDER]").replace("5550001", "[ID]");
    let dry = run(&["reconcile", "kiwi", "--since", "2026-01-01T00:00:00Z", "--dry-run"]);
    let json = run(&["reconcile", "kiwi", "--dry-run", "--json"]);
    let first = run(&["reconcile", "kiwi"]);
    let second = run(&["reconcile", "kiwi"]);
    assert_seen!([dry, json, first, second].join("\n"));
}

#[test]
fn a_reconciliation_with_a_shop_that_does_not_answer() {
    let town = Town::new();
    town.run(&["migrate"]);
    town.close_the_shop();
    let seen = town.run(&["reconcile", "kiwi"]);
    assert!(seen.contains("exit code: 1") && seen.contains("error: ") && seen.contains("hint: "), "{seen}");
}

#[test]
fn webhooks_that_are_gone_are_made_again() {
    let town = Town::new();
    town.run(&["webhooks", "register", "kiwi-web", "--address", ADDRESS]);
    town.shop.forget_subscription("orders/fulfilled");
    assert_seen!(town.run(&["webhooks", "repair", "kiwi-web", "--address", ADDRESS]));
}
