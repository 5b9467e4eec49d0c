//! What is sold on the web is booked in the office.

use tillbridge::sandbox::shopify::lives::{Life, OrderPlan};

use crate::support::house::{Deployment, House, on_both_deployments};

on_both_deployments! {
    /// F-335, F-358 to F-361.
    async fn a_fulfilled_order_becomes_one_paid_invoice(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let goods = shop.catalogue();
        let mut plan = OrderPlan::plain(goods[0].price.currency(), &[(&goods[0], 2), (&goods[1], 1)]);
        plan.taxes_included = true;
        let order = shop.place_order(&plan).await.unwrap();
        house.rest().await;
        assert!(house.town().office.invoices().await.unwrap().is_empty(), "an order is no sale before it is shipped");
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = house.town().office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0].lines.iter().filter(|line| line.kind == "goods").count(), 2);
        assert_eq!(invoices[0].total, shop.order(order).unwrap().captured);
        house.keeps_its_promises(0).await;
    }

    async fn fifty_lives_of_orders_are_booked_to_the_cent(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let goods = shop.catalogue();
        for seed in 0..50 {
            let life = Life::generate(seed, goods[0].price.currency(), true, &goods);
            shop.live(&life).await.unwrap();
        }
        house.keeps_its_promises(0).await;
    }
}
