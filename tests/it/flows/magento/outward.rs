//! Prices and stock on their way to Magento.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use tillbridge::domain::{BranchCode, Currency, Money};
use tillbridge::sandbox::magento2::{LinePlan, OrderPlan};

use crate::support::house::{Deployment, House, on_both_deployments};

fn nzd(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("NZD").unwrap()).unwrap()
}

/// Base price and special price of a SKU at the shop.
fn shown(house: &House, sku: &str) -> (Decimal, Option<Decimal>) {
    let product = house.magento().shop.product(sku).unwrap();
    (product.price.unwrap().normalize(), product.specials.first().map(|(_, price, ..)| price.normalize()))
}

fn amounts(base: &str, special: Option<&str>) -> (Decimal, Option<Decimal>) {
    let amount = |text: &str| text.parse::<Decimal>().unwrap().normalize();
    (amount(base), special.map(amount))
}

on_both_deployments! {
    // proves F-287 F-288 F-289
    async fn a_price_follows_and_a_sale_begins_and_ends_by_itself(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let office = &house.magento().office;
        let sku = house.magento().assortment.skus[0].clone();
        assert_eq!(shown(&house, sku.as_str()), amounts("39.90", None));
        office.set_price(&sku, nzd("42.00")).await.unwrap();
        house.rest().await;
        assert_eq!(shown(&house, sku.as_str()), amounts("42", None));

        let (from, until) = (house.now() + SignedDuration::from_hours(20), house.now() + SignedDuration::from_hours(44));
        office.set_sale(&sku, Some(nzd("30.00")), Some(from), Some(until)).await.unwrap();
        house.rest().await;
        assert_eq!(shown(&house, sku.as_str()), amounts("42", None), "not before its time");
        house.time_passes(21);
        house.until("the sale begins", async || shown(&house, sku.as_str()) == amounts("42", Some("30"))).await;
        house.time_passes(24);
        house.until("the sale ends", async || shown(&house, sku.as_str()) == amounts("42", None)).await;
        house.keeps_its_promises(0).await;
    }

    // proves F-250
    async fn a_till_sale_becomes_the_figure_of_a_source(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = house.magento().assortment.skus[0].clone();
        for branch in ["WEB", "AKL"] {
            let before = house.pieces(sku.as_str(), branch).await;
            assert_eq!(shop.pieces(sku.as_str(), branch), before);
            office.sell_at_till(&sku, &BranchCode::parse(branch).unwrap(), 2).await.unwrap();
            house.rest().await;
            assert_eq!(shop.pieces(sku.as_str(), branch), before - 2);
        }
        let writes = shop.writes().len();
        office.sell_at_till(&sku, &BranchCode::parse("WLG").unwrap(), 1).await.unwrap();
        house.rest().await;
        assert_eq!(shop.writes().len(), writes, "a branch that is not shown is no news");
        house.keeps_its_promises(0).await;
    }

    /// Placing an order reserves pieces and leaves them on the shelf, an invoice takes them off the office's figure, shipping off
    /// the shelf. Whatever comes first, Magento sells what the office has less what the web has sold and the office not booked
    /// (P5).
    // proves F-250
    async fn pieces_of_an_order_are_counted_once_from_the_cart_to_the_parcel(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = house.magento().assortment.skus[0].clone();
        let web = BranchCode::parse("WEB").unwrap();
        let total = async || house.pieces(sku.as_str(), "WEB").await + house.pieces(sku.as_str(), "AKL").await;
        let (all, shelf) = (total().await, shop.pieces(sku.as_str(), "WEB"));
        assert_eq!(shop.salable(sku.as_str()), all);

        let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(sku.as_str(), 3, 3_990)])).await.unwrap();
        shop.hooks_idle().await;
        office.sell_at_till(&sku, &web, 2).await.unwrap();
        house.rest().await;
        assert_eq!((shop.pieces(sku.as_str(), "WEB"), shop.salable(sku.as_str())), (shelf - 2, all - 5), "ordered");

        shop.invoice(order).await.unwrap();
        shop.hooks_idle().await;
        house.until("the invoice is booked", async || total().await == all - 5).await;
        office.sell_at_till(&sku, &web, 1).await.unwrap();
        house.rest().await;
        assert_eq!((shop.pieces(sku.as_str(), "WEB"), shop.salable(sku.as_str())), (shelf - 3, all - 6), "paid");

        shop.ship(order, Some("WEB")).await.unwrap();
        shop.hooks_idle().await;
        office.sell_at_till(&sku, &web, 1).await.unwrap();
        house.rest().await;
        assert_eq!((shop.pieces(sku.as_str(), "WEB"), shop.salable(sku.as_str())), (shelf - 7, all - 7), "sent");
        house.keeps_its_promises(0).await;
    }
}
