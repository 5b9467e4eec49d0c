//! The same stories with a Magento store: what differs is told here.

mod any_life;
mod catalogue;
mod customers;
mod duplicates;
mod goods;
mod kinds_of_store;
mod outward;
mod payments;
mod returns;
mod sales;
mod shared;
mod trouble;
mod two_shops;
mod ways_in;

use std::time::Duration;

use tillbridge::flow::reconcile::{self, Found, Scope, Window};
use tillbridge::rehearsal::{MagentoTown, TownPlan};
use tillbridge::sandbox::magento2::{LinePlan, MagentoSandbox, OrderPlan};

use crate::sandbox::magento2::stranger::Received;
use crate::support::house::{Deployment, House};

const WINDOW: Window = Window { since: None, overlap: Duration::from_secs(600), dry_run: false };

/// A house with a small assortment, whose pictures stay at the office: sales do not depend on them.
async fn open(deployment: Deployment) -> House {
    let mut house = House::build_magento(deployment, TownPlan { styles: 3, ..TownPlan::new("kauri") }).await;
    let town = house.magento();
    for style in &town.assortment.active {
        for position in 1..=2 {
            town.office.remove_image(style, position).await.unwrap();
        }
    }
    house.opens().await;
    house
}

/// Asks the store once, for documents alone.
async fn asks(house: &House) -> Found {
    let found = reconcile::once(&house.desk(), WINDOW, Scope::ORDERS).await.unwrap();
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    found
}

/// Makes a call at the bridge's door as a store made it; `path` is what stands behind the storefront's name. Answers status and body.
async fn call_by(client: &reqwest::Client, house: &House, path: &str, call: &Received) -> (u16, String) {
    let address = house.bridge.as_ref().unwrap().address_for(house.magento());
    let mut request = client.post(format!("{address}{path}")).body(call.body.clone());
    let own = |name: &str| name.starts_with("x-") || name == "content-type";
    for (name, value) in call.headers.iter().filter(|(name, _)| own(name)) {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// SKUs that are for sale with enough pieces.
fn skus(town: &MagentoTown) -> Vec<String> {
    let simple = town.shop.products().into_iter().filter(|one| one.kind == "simple" && one.enabled);
    simple.map(|one| one.sku).collect()
}

/// A guest's order of something that is for sale, sent to them for 6.50.
fn order(town: &MagentoTown, pieces: i64) -> OrderPlan {
    let sku = skus(town).remove(0);
    OrderPlan::by_guest(vec![LinePlan::simple(&sku, pieces, 2_300)]).sent_for(650, 1_500)
}

/// Puts a bundle up for sale.
async fn bundle(shop: &MagentoSandbox, sku: &str) {
    shop.put_up_for_sale(sku, 100, 0).await.unwrap();
    shop.save_product(sku, &serde_json::json!({ "sku": sku, "type_id": "bundle" })).await.unwrap();
}

/// How many invoices and credit notes the office has.
async fn documents(house: &House) -> (usize, usize) {
    let office = &house.magento().office;
    (office.invoices().await.unwrap().len(), office.credit_notes().await.unwrap().len())
}
