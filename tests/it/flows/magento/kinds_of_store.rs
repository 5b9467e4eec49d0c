//! Stores that are not like the newest Magento Open Source: an older one, one without the inventory modules, and Adobe Commerce.

use rust_decimal::Decimal;
use tillbridge::domain::{BranchCode, Currency, Money, Sku};
use tillbridge::rehearsal::{Side as _, TownPlan};
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, OrderPlan};
use tillbridge::storefront::StockFigure;

use super::{documents, order, skus};
use crate::support::house::{Deployment, House, on_both_deployments};

fn nzd(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("NZD").unwrap()).unwrap()
}

fn small() -> TownPlan {
    TownPlan { styles: 3, ..TownPlan::new("kauri") }
}

on_both_deployments! {
    /// 2.4.2 lets the access token in by itself, knows no limits on large requests, writes numbers as floats, and has none of the
    /// fields that 2.4.9 added to orders.
    // proves F-004 F-005
    async fn a_store_of_2_4_2_is_served_with_the_token_alone(deployment: Deployment) {
        let mut house = House::build_magento_with(deployment, small(), |options| {
            "Magento/2.4 (Community)".clone_into(&mut options.version);
            options.bearer_allowed = true;
        }).await;
        house.magentos[0].signs = false;
        house.opens().await;
        let town = house.magento();
        let told = town.storefront().unwrap().describe().await.unwrap();
        assert_eq!((told.version.as_str(), told.currency.as_str()), ("Magento 2.4", "NZD"));
        assert_eq!(told.missing_scopes, Vec::<String>::new());
        assert!(town.products_shown() >= town.assortment.active.len());
        let bought = town.shop.place_order(&order(town, 2)).await.unwrap();
        town.shop.invoice(bought).await.unwrap();
        town.shop.ship(bought, Some("WEB")).await.unwrap();
        town.shop.credit(bought, &CreditPlan { lines: vec![(0, 1, false)], ..CreditPlan::default() }).await.unwrap();
        house.until("all is booked", async || documents(&house).await == (1, 1)).await;
        house.keeps_its_promises(0).await;
    }

    /// Without the inventory modules a product has one stock item, off which an order takes its pieces at once: what is written
    /// there is what can be sold.
    // proves F-250
    async fn the_one_stock_item_of_a_store_without_sources_shows_what_can_be_sold(deployment: Deployment) {
        let mut house = House::build_magento_with(deployment, small(), |options| options.inventory = false).await;
        house.opens().await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        assert_eq!(house.magento().channel.stock.figure, StockFigure::Available);
        let (sku, web) = (skus(house.magento()).remove(0), BranchCode::parse("WEB").unwrap());
        let item = Sku::parse(sku.clone()).unwrap();
        let before = house.pieces(&sku, "WEB").await;
        let shown = || shop.pieces(&sku, "default");
        assert_eq!(shown(), before);
        let three = OrderPlan::by_guest(vec![LinePlan::simple(&sku, 3, 2_300)]);
        let order = shop.place_order(&three).await.unwrap();
        assert_eq!(shown(), before - 3, "Magento takes them off by itself");
        shop.hooks_idle().await;
        office.sell_at_till(&item, &web, 2).await.unwrap();
        house.rest().await;
        assert_eq!((shown(), house.pieces(&sku, "WEB").await), (before - 5, before - 2), "not counted twice");
        shop.invoice(order).await.unwrap();
        shop.ship(order, None).await.unwrap();
        house.until("it is booked", async || documents(&house).await == (1, 0)).await;
        house.rest().await;
        assert_eq!((shown(), house.pieces(&sku, "WEB").await), (before - 5, before - 5));
        let off = shop.place_order(&three).await.unwrap();
        shop.hooks_idle().await;
        house.rest().await;
        shop.cancel(off).await.unwrap();
        shop.hooks_idle().await;
        office.sell_at_till(&item, &web, 1).await.unwrap();
        house.rest().await;
        assert_eq!((shown(), house.pieces(&sku, "WEB").await), (before - 6, before - 6));
        house.keeps_its_promises(0).await;
    }

    /// Adobe Commerce makes scheduled updates of special prices, which begin ahead and must not overlap.
    // proves F-289
    async fn a_sale_on_adobe_commerce_is_scheduled_changed_and_ended(deployment: Deployment) {
        let mut house = House::build_magento_with(deployment, small(), |options| {
            options.staging = true;
            "Magento/2.4 (Enterprise)".clone_into(&mut options.version);
        }).await;
        house.opens().await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = house.magento().assortment.skus[0].clone();
        let sales = || -> Vec<(Decimal, bool)> {
            let specials = shop.product(sku.as_str()).unwrap().specials;
            specials.iter().map(|(_, price, from, to)| (price.normalize(), from.is_some() && to.is_none())).collect()
        };
        assert_eq!(sales(), []);
        for price in ["30.00", "28.50"] {
            office.set_sale(&sku, Some(nzd(price)), None, None).await.unwrap();
            house.rest().await;
            assert_eq!(sales(), [(price.parse::<Decimal>().unwrap().normalize(), true)]);
        }
        let writes = shop.writes().len();
        office.set_price(&sku, nzd("41.00")).await.unwrap();
        house.rest().await;
        assert_eq!(shop.writes().len(), writes + 1, "the base price alone");
        office.set_sale(&sku, None, None, None).await.unwrap();
        house.rest().await;
        assert_eq!(sales(), []);
        house.keeps_its_promises(0).await;
    }
}
