//! `check`, `webhooks` and `poll` with a simulated shop and an office's database at the other end.

use rusqlite::Connection;
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
fn webhooks_that_are_gone_are_made_again() {
    let town = Town::new();
    town.run(&["webhooks", "register", "kiwi-web", "--address", ADDRESS]);
    town.shop.forget_subscription("orders/fulfilled");
    assert_seen!(town.run(&["webhooks", "repair", "kiwi-web", "--address", ADDRESS]));
}
