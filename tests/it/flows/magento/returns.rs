//! Goods that are given back: those that never left stay on the office's shelf, those that did are counted in by a person.
//!
//! Magento does not say in a credit memo whether "return to stock" was ticked; only its own figure shows it.

use tillbridge::domain::{BranchCode, Sku};
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, OrderPlan};

use super::{documents, open, skus};
use crate::support::house::{Deployment, House, on_both_deployments};

fn pieces_back(pieces: i64, return_to_stock: bool) -> CreditPlan {
    CreditPlan { lines: vec![(0, pieces, return_to_stock)], ..CreditPlan::default() }
}

/// What the office has and what the store's source has, each less what was there before, once all is booked.
async fn moved(house: &House, sku: &str, before: i64, booked: (usize, usize)) -> (i64, i64) {
    house.until("it is booked", async || documents(house).await == booked).await;
    house.rest().await;
    (house.pieces(sku, "WEB").await - before, house.magento().shop.pieces(sku, "WEB") - before)
}

/// Whether each line of the newest credit note put something on the office's shelf, and how many pieces it has.
async fn restocked(house: &House) -> Vec<(bool, i64)> {
    let credits = house.magento().office.credit_notes().await.unwrap();
    credits.last().unwrap().lines.iter().map(|line| (line.moves_stock, line.quantity)).collect()
}

on_both_deployments! {
    /// Whether a piece had left is told by what happened first, not by the order's sums.
    // proves F-338
    async fn what_comes_back_while_the_rest_is_unpaid_is_no_piece_that_never_left(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let sku = skus(house.magento()).remove(0);
        let before = house.pieces(&sku, "WEB").await;
        let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 5, 2_300)])).await.unwrap();
        shop.invoice_part(order, &[(0, 2)]).await.unwrap();
        shop.ship_part(order, Some("WEB"), &[(0, 2)]).await.unwrap();
        shop.credit(order, &pieces_back(1, false)).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (1, 1)).await, (-2, -2), "it came back, and nobody has counted it in");
        assert_eq!(restocked(&house).await, [(false, 1)]);

        shop.invoice(order).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (2, 1)).await, (-5, -2), "three are paid for and still here");
        shop.credit(order, &pieces_back(1, false)).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (2, 2)).await, (-4, -2), "one of the three will not leave");
        assert_eq!(restocked(&house).await, [(true, 1)]);
        shop.ship(order, Some("WEB")).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (2, 2)).await, (-4, -4));
        house.keeps_its_promises(0).await;
    }

    // proves F-338
    async fn one_credit_memo_may_give_back_some_that_left_and_some_that_did_not(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let sku = skus(house.magento()).remove(0);
        let before = house.pieces(&sku, "WEB").await;
        let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 4, 2_333)])).await.unwrap();
        shop.invoice(order).await.unwrap();
        shop.ship_part(order, Some("WEB"), &[(0, 2)]).await.unwrap();
        shop.credit(order, &pieces_back(3, false)).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (1, 1)).await, (-2, -2));
        assert_eq!(restocked(&house).await, [(true, 2), (false, 1)]);
        house.keeps_its_promises(0).await;
    }

    /// "Return to stock" raises the store's own source at once. The office rises only when somebody counts the pieces in; until
    /// then the web does not go on showing what the office does not have.
    async fn what_is_returned_to_stock_in_the_store_counts_once_the_office_has_counted_it(deployment: Deployment) {
        let house = open(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = skus(house.magento()).remove(0);
        let before = house.pieces(&sku, "WEB").await;
        let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 3, 2_300)])).await.unwrap();
        shop.invoice(order).await.unwrap();
        shop.ship(order, Some("WEB")).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (1, 0)).await, (-3, -3));
        shop.credit(order, &pieces_back(2, true)).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (1, 1)).await, (-3, -1), "the store has put them on its shelf");
        assert_eq!(restocked(&house).await, [(false, 2)]);

        let (web, item) = (BranchCode::parse("WEB").unwrap(), Sku::parse(sku.clone()).unwrap());
        office.sell_at_till(&item, &web, 1).await.unwrap();
        house.until("the office's figure is what counts", async || shop.pieces(&sku, "WEB") == before - 4).await;
        // What put two more there than was known might still be told; after an hour it will not.
        house.time_passes(1);
        office.receive_goods(&item, &web, 2).await.unwrap();
        assert_eq!(moved(&house, &sku, before, (1, 1)).await, (-2, -2), "both have been counted in");
        house.keeps_its_promises(0).await;
    }

    /// Nothing left, so nothing comes back: the box "return to stock" changes nothing.
    async fn what_never_left_stays_on_both_shelves_whatever_is_ticked(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let sku = skus(house.magento()).remove(0);
        let before = house.pieces(&sku, "WEB").await;
        for (number, ticked) in [(1, true), (2, false)] {
            let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 2, 2_300)])).await.unwrap();
            shop.invoice(order).await.unwrap();
            shop.credit(order, &pieces_back(2, ticked)).await.unwrap();
            assert_eq!(moved(&house, &sku, before, (number, number)).await, (0, 0), "ticked: {ticked}");
            assert_eq!(restocked(&house).await, [(true, 2)]);
        }
        house.keeps_its_promises(0).await;
    }
}
