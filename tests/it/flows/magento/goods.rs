//! Goods of every kind that Magento sells: what leaves the office's shelf is counted once, and the money comes to the cent.

use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, LineSort, OrderPlan};
use tillbridge::sandbox::office::{BookedDocument, BookedLine};

use super::{bundle, documents, open, skus};
use crate::support::house::{Deployment, House, on_both_deployments};

/// Pieces of each line of goods and what it comes to with its tax, and the total.
fn told(document: &BookedDocument) -> (Vec<String>, String) {
    let goods = document.lines.iter().filter(|line| line.sku.is_some());
    let line = |line: &BookedLine| {
        let amount = if document.tax_included { line.amount } else { line.amount.plus(line.tax).unwrap() };
        format!("{} x {} = {}", line.quantity, line.sku.as_deref().unwrap(), amount.amount())
    };
    (goods.map(line).collect(), document.total.to_string())
}

async fn newest_invoice(house: &House) -> (Vec<String>, String) {
    told(house.magento().office.invoices().await.unwrap().last().unwrap())
}

async fn newest_credit(house: &House) -> (Vec<String>, String) {
    told(house.magento().office.credit_notes().await.unwrap().last().unwrap())
}

async fn are_booked(house: &House, booked: (usize, usize)) {
    house.until("it is booked", async || documents(house).await == booked).await;
    house.rest().await;
}

on_both_deployments! {
    /// A bundle at a price of its own: 59.99 with the tax in it, 4.01 off both of them, one ball and two straps in each.
    // proves F-336 F-338
    async fn the_price_of_a_bundle_is_shared_by_its_parts_to_the_cent(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        bundle(shop, "KIT").await;
        let [ball, strap] = [0, 1].map(|at| skus(house.magento()).remove(at));
        let before = [house.pieces(&ball, "WEB").await, house.pieces(&strap, "WEB").await];
        let parts = LineSort::FixedBundle(vec![(ball.clone(), 1), (strap.clone(), 2)]);
        let kits = LinePlan::simple("KIT", 2, 5_999).less(401).sold_as(parts);
        let order = shop.place_order(&OrderPlan::by_guest(vec![kits])).await.unwrap();
        shop.invoice_part(order, &[(0, 1)]).await.unwrap();
        are_booked(&house, (1, 0)).await;
        // Half of 119.98 less half of 4.01 is 57.985: the store rounds the first half up. A third of it is the ball's.
        let (first, total) = newest_invoice(&house).await;
        assert_eq!((first.len(), total.as_str()), (2, "57.99 NZD"), "{first:?}");
        assert_eq!(first, [format!("1 x {ball} = 19.33"), format!("2 x {strap} = 38.66")]);
        shop.invoice(order).await.unwrap();
        are_booked(&house, (2, 0)).await;
        assert_eq!(newest_invoice(&house).await.1, "57.98 NZD", "both together are 115.97");
        shop.ship(order, Some("WEB")).await.unwrap();
        house.rest().await;
        let now = [house.pieces(&ball, "WEB").await, house.pieces(&strap, "WEB").await];
        assert_eq!(now, [before[0] - 2, before[1] - 4]);

        shop.credit(order, &CreditPlan { lines: vec![(0, 2, false)], ..CreditPlan::default() }).await.unwrap();
        are_booked(&house, (2, 1)).await;
        let (back, total) = newest_credit(&house).await;
        assert_eq!((back.len(), total.as_str()), (2, "115.97 NZD"), "{back:?}");
        assert_eq!([house.pieces(&ball, "WEB").await, house.pieces(&strap, "WEB").await], now, "nobody has counted them in");
        house.keeps_its_promises(0).await;
    }

    /// A bundle at the price of its parts: the order repeats their sum on the bundle's own row.
    // proves F-336 F-338
    async fn a_bundle_priced_by_its_parts_is_booked_as_its_parts(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        bundle(shop, "KIT").await;
        let [ball, strap] = [0, 1].map(|at| skus(house.magento()).remove(at));
        let parts = LineSort::DynamicBundle(vec![(ball.clone(), 1, 2_700), (strap.clone(), 2, 1_433)]);
        let kits = LinePlan::simple("KIT", 3, 0).sold_as(parts);
        let order = shop.place_order(&OrderPlan::by_guest(vec![kits]).sent_for(650, 1_500)).await.unwrap();
        shop.invoice_part(order, &[(0, 2)]).await.unwrap();
        are_booked(&house, (1, 0)).await;
        let goods = vec![format!("2 x {ball} = 54.00"), format!("4 x {strap} = 57.32")];
        assert_eq!(newest_invoice(&house).await, (goods, "117.82 NZD".to_owned()), "with 6.50 for the parcel");
        shop.credit(order, &CreditPlan { lines: vec![(0, 1, false)], carriage: Some(0), ..CreditPlan::default() }).await.unwrap();
        are_booked(&house, (1, 1)).await;
        let goods = vec![format!("1 x {ball} = 27.00"), format!("2 x {strap} = 28.66")];
        assert_eq!(newest_credit(&house).await, (goods, "55.66 NZD".to_owned()));
        house.keeps_its_promises(0).await;
    }

    /// What is not sent leaves with its invoice: nothing waits for a parcel, and nothing of it stays on a shelf when it is given
    /// back.
    // proves F-336 F-338
    async fn virtual_goods_leave_with_their_invoice(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let [lesson, mug] = [0, 1].map(|at| skus(house.magento()).remove(at));
        let before = house.pieces(&lesson, "WEB").await;
        let lessons = LinePlan::simple(&lesson, 3, 4_500).sold_as(LineSort::Virtual);
        let plan = OrderPlan::by_guest(vec![lessons.clone(), LinePlan::simple(&mug, 1, 1_999)]).sent_for(500, 1_500);
        let order = shop.place_order(&plan).await.unwrap();
        shop.invoice(order).await.unwrap();
        are_booked(&house, (1, 0)).await;
        let goods = vec![format!("3 x {lesson} = 135.00"), format!("1 x {mug} = 19.99")];
        assert_eq!(newest_invoice(&house).await, (goods, "159.99 NZD".to_owned()));
        assert_eq!((house.pieces(&lesson, "WEB").await, shop.pieces(&lesson, "WEB")), (before - 3, before - 3));
        shop.credit(order, &CreditPlan { lines: vec![(0, 1, false)], carriage: Some(0), ..CreditPlan::default() }).await.unwrap();
        are_booked(&house, (1, 1)).await;
        assert_eq!(newest_credit(&house).await, (vec![format!("1 x {lesson} = 45.00")], "45.00 NZD".to_owned()));
        assert_eq!(house.pieces(&lesson, "WEB").await, before - 3);

        // An order of nothing else has no address to send to.
        let order = shop.place_order(&OrderPlan::by_guest(vec![lessons])).await.unwrap();
        shop.invoice(order).await.unwrap();
        are_booked(&house, (2, 1)).await;
        assert_eq!(newest_invoice(&house).await.1, "135.00 NZD");
        house.keeps_its_promises(0).await;
    }

    /// Parts of a grouped product are sold each by itself.
    // proves F-336
    async fn parts_of_a_grouped_product_are_goods_like_any_other(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let [table, chair] = [0, 1].map(|at| skus(house.magento()).remove(at));
        let grouped = |sku: &str, pieces, unit| LinePlan::simple(sku, pieces, unit).sold_as(LineSort::Grouped);
        let plan = OrderPlan::by_guest(vec![grouped(&table, 1, 19_999), grouped(&chair, 4, 3_333).less(1_001)]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.invoice(order).await.unwrap();
        shop.ship(order, Some("WEB")).await.unwrap();
        are_booked(&house, (1, 0)).await;
        let goods = vec![format!("1 x {table} = 199.99"), format!("4 x {chair} = 123.31")];
        assert_eq!(newest_invoice(&house).await, (goods, "323.30 NZD".to_owned()));
        house.keeps_its_promises(0).await;
    }
}
