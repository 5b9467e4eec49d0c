//! The first load of a catalogue: time, API calls and peak memory, against a plain loop of one call per item.
//!
//! The loop sends one `productSet` per product, with all its variants, and one `inventorySetQuantities` per figure, one after the
//! other; a sample of it is run against a shop of its own and the whole is reckoned from what the sample cost.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Figure;
use super::child::Folder;
use super::scene::{Measured, Scene};
use crate::rehearsal::{BRANCHES, Side, Town, TownPlan};
use crate::sandbox::shopify::ApiCalls;

/// Styles whose internet-active ones have 20,000 variants.
const STYLES: u64 = 4_445;
/// Points a standard plan restores each second.
const STANDARD: u64 = 100;
/// Products and figures in the sample of the plain loop.
const SAMPLE: (usize, usize) = (150, 400);
/// How long the load may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Measures both in one run.
pub async fn measure(quick: u64) -> anyhow::Result<Vec<Figure>> {
    let styles = u32::try_from((STYLES / quick).max(200))?;
    let folder = Folder::new()?;
    let begun = Instant::now();
    let scene = Scene::set(Measured::Sqlite, "receive,normalise,publish,handle,poll", &folder, styles).await?;
    let (products, variants) = (scene.town.assortment.active.len(), scene.town.assortment.skus.len());
    while !scene.town.is_on_the_web() || !scene.town.differences().await?.is_empty() {
        ensure!(begun.elapsed() < PATIENCE, "the catalogue did not reach the shop");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let took = begun.elapsed();
    let peak = scene.process.peak_kib()?;
    let (calls, points) = totals(&scene.town.shop.api_calls());
    scene.end().await?;
    let figures = variants * BRANCHES.len();
    let plain = plain_loop(products, figures).await?;
    let what = format!("first load of {variants} variants in {products} products and {figures} stock figures");
    Ok(vec![
        Figure::new(
            format!("{what}: time"),
            format!("{} s", took.as_secs()),
            format!(
                "the plain loop {} s, and {} s at a standard plan's {STANDARD} points/s",
                plain.seconds,
                plain.points / STANDARD
            ),
        ),
        Figure::new(
            format!("{what}: API"),
            format!("{points} points in {calls} calls"),
            format!("the plain loop {} points in {} calls", plain.points, products + figures),
        ),
        Figure::new(format!("{what}: peak memory"), format!("{} MiB", peak / 1024), "the whole bridge in one process"),
    ])
}

fn totals(calls: &ApiCalls) -> (u64, u64) {
    let all = calls.by_operation.values();
    all.fold((0, 0), |(calls, points), one| (calls + one.calls, points + one.actual))
}

struct Plain {
    seconds: u64,
    points: u64,
}

/// One call per item, reckoned from a sample.
async fn plain_loop(products: usize, figures: usize) -> anyhow::Result<Plain> {
    let folder = Folder::new()?;
    let plan = TownPlan { styles: 1, points: (1_000_000, 10_000), ..TownPlan::new("plain") };
    let town = Town::found(&plan, folder.path()).await?;
    let begun = Instant::now();
    let mut items = Vec::new();
    for number in 0..SAMPLE.0 {
        let answer = ask(&town, SET_PRODUCT, json!({ "input": product(number) })).await?;
        let variants = answer["data"]["productSet"]["product"]["variants"]["nodes"].as_array().cloned();
        items.extend(variants.context("the plain loop's product was refused")?);
    }
    let (for_products, points_for_products) = (begun.elapsed(), totals(&town.shop.api_calls()).1);
    let location = town.shop.location(BRANCHES[0]).context("the shop has no location")?;
    for number in 0..SAMPLE.1 {
        let item = &items[number % items.len()]["inventoryItem"]["id"];
        let row = json!({ "inventoryItemId": item, "locationId": format!("gid://shopify/Location/{location}"),
            "quantity": number, "changeFromQuantity": null });
        let input = json!({ "name": "on_hand", "reason": "correction", "quantities": [row] });
        let answer = ask(&town, SET_STOCK, json!({ "input": input, "key": format!("plain-{number}") })).await?;
        let errors = answer["data"]["inventorySetQuantities"]["userErrors"].as_array().map(Vec::len);
        ensure!(errors == Some(0), "the plain loop's figure was refused: {answer}");
    }
    let for_figures = begun.elapsed().saturating_sub(for_products);
    let points_for_figures = totals(&town.shop.api_calls()).1 - points_for_products;
    town.shop.shutdown().await;
    let whole = |sample: u128, of: usize, items: usize| sample * items as u128 / of as u128;
    let millis =
        whole(for_products.as_millis(), SAMPLE.0, products) + whole(for_figures.as_millis(), SAMPLE.1, figures);
    let points =
        whole(points_for_products.into(), SAMPLE.0, products) + whole(points_for_figures.into(), SAMPLE.1, figures);
    Ok(Plain { seconds: u64::try_from(millis / 1000)?, points: u64::try_from(points)? })
}

const SET_PRODUCT: &str = "mutation Set($input: ProductSetInput!) { productSet(input: $input) {
  product { id variants(first: 10) { nodes { id inventoryItem { id } } } } userErrors { message } } }";
const SET_STOCK: &str = "mutation Stock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { message } } }";

/// A product of five sizes, as many as the assortment's have on average.
fn product(number: usize) -> Value {
    let sizes = ["S", "M", "L", "XL", "XXL"];
    let values: Vec<Value> = sizes.iter().map(|size| json!({ "name": size })).collect();
    let variant = |size: &&str| {
        json!({ "optionValues": [{ "optionName": "Size", "name": size }], "price": "39.90",
            "sku": format!("PLAIN-{number}-{size}"), "inventoryItem": { "tracked": true } })
    };
    let variants: Vec<Value> = sizes.iter().map(variant).collect();
    json!({ "title": format!("Plain {number}"), "variants": variants,
        "productOptions": [{ "name": "Size", "values": values }] })
}

async fn ask(town: &Town, query: &str, variables: Value) -> anyhow::Result<Value> {
    let request = reqwest::Client::new()
        .post(town.shop.graphql_url())
        .header("x-shopify-access-token", town.shop.token())
        .json(&json!({ "query": query, "variables": variables }));
    Ok(request.send().await?.error_for_status()?.json().await?)
}
