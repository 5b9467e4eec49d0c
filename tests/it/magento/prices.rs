//! Prices: only what differs is sent, and a row that is refused inside an answer of success is not taken for written.

use serde_json::{Value, json};
use tillbridge::domain::CallError;
use tillbridge::storefront::{PriceRow, Storefront as _};

use super::products::money;
use super::recorder::Recorder;

const BASE: &str = "POST /rest/all/V1/products/base-prices";
const SPECIAL: &str = "POST /rest/all/V1/products/special-price";

fn row(sku: &str, price: &str, before: Option<&str>) -> PriceRow {
    PriceRow { variant: sku.into(), price: money(price), compare_at: before.map(money) }
}

fn there(store: &Recorder, base: Value, special: Value, modules: &[&str]) {
    store
        .says("POST /rest/all/V1/products/base-prices-information", base)
        .says("POST /rest/all/V1/products/special-price-information", special)
        .says("GET /rest/all/V1/modules", json!(modules));
}

fn price(sku: &str, price: f64) -> Value {
    json!({ "sku": sku, "price": price, "store_id": 0 })
}

// proves F-287, F-288, F-289
#[tokio::test]
async fn a_sale_begins_and_another_ends_with_what_differs_alone() {
    let store = Recorder::start().await;
    there(
        &store,
        json!([price("A", 40.0), price("B", 20.0), price("C", 9.950_000_000_000_001)]),
        json!([price("B", 15.0)]),
        &[],
    );
    store.says(BASE, json!([])).says(&format!("{SPECIAL}-delete"), json!([])).says(SPECIAL, json!([]));
    let rows = [row("A", "30.00", Some("40.00")), row("B", "25.00", None), row("C", "9.95", None)];
    store.storefront().set_prices("TEE", &rows).await.unwrap();
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn prices_that_are_there_already_are_only_read() {
    let store = Recorder::start().await;
    there(&store, json!([price("a", 40.0)]), json!([price("A", 30.0)]), &[]);
    store.storefront().set_prices("TEE", &[row("A", "30.00", Some("40.00"))]).await.unwrap();
    assert_eq!(store.left(), Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_schedules_its_updates_is_told_to_begin_ahead() {
    let store = Recorder::start().await;
    there(&store, json!([price("A", 40.0)]), json!([]), &["Magento_CatalogStaging"]);
    store.says(SPECIAL, json!([]));
    store.storefront().set_prices("TEE", &[row("A", "30.00", Some("40.00"))]).await.unwrap();
    let sent = store.requests().as_array().unwrap().last().unwrap().clone();
    let from = sent["body"]["prices"][0]["price_from"].as_str().unwrap();
    let from = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", from).unwrap();
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    assert!(from > now, "{from} is not ahead of {now}");
}

#[tokio::test]
async fn a_row_that_is_refused_in_an_answer_of_success_is_a_refusal() {
    let refusal = |message: &str, parameters: Value| json!([{ "message": message, "parameters": parameters }]);
    let store = Recorder::start().await;
    there(&store, json!([]), json!([]), &[]);
    store.says(BASE, refusal("Invalid attribute %fieldName = %fieldValue.", json!(["SKU", "A"])));
    let error = store.storefront().set_prices("TEE", &[row("A", "40.00", None)]).await.unwrap_err();
    assert!(matches!(&error, CallError::Unmapped { what, .. } if what.contains("SKU = A")), "{error}");

    there(&store, json!([]), json!([]), &[]);
    store.says(
        BASE,
        refusal("Invalid attribute Price = %price. Row ID: SKU = %SKU.", json!({ "price": "40", "SKU": "A" })),
    );
    let error = store.storefront().set_prices("TEE", &[row("A", "40.00", None)]).await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected(why) if why.contains("Price = 40. Row ID: SKU = A")), "{error}");
}

#[tokio::test]
async fn prices_go_out_in_lists_a_limited_store_takes() {
    let store = Recorder::start().await;
    for _ in 0..2 {
        there(&store, json!([]), json!([]), &[]);
        store.says(BASE, json!([]));
    }
    let rows: Vec<PriceRow> = (1..=21).map(|at| row(&format!("S{at}"), "1.00", None)).collect();
    store.storefront().set_prices("TEE", &rows).await.unwrap();
    let requests = store.requests();
    let sent = requests.as_array().unwrap().iter().filter(|one| one["request"] == BASE);
    let sizes: Vec<usize> = sent.map(|one| one["body"]["prices"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [20, 1]);
}
