//! What is given back on the web is credited in the office.

use tillbridge::sandbox::shopify::lives::{OrderPlan, RefundLedger, RefundPlan, Restock};

use super::by_hand::{Webhook, life, order_of};
use crate::support::house::{Deployment, House, on_both_deployments};

/// Some pieces of some lines given back, with their money.
fn give_back(order: &OrderPlan, before_fulfilment: bool, lines: &[(usize, i64, Restock)]) -> RefundPlan {
    let ledger = RefundLedger::new(order);
    let lines = lines.iter().map(|(line, pieces, restock)| ledger.pieces_of(*line, *pieces, *restock)).collect();
    ledger.paid(RefundPlan { before_fulfilment, lines, ..RefundPlan::default() })
}

on_both_deployments! {
    /// F-338, F-339, F-347.
    async fn only_what_is_put_back_on_the_shelf_raises_stock(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let goods = shop.catalogue();
        let before = [house.pieces(&goods[0].sku, "WEB").await, house.pieces(&goods[1].sku, "WEB").await];
        let plan = order_of(&house, &[2, 2]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        let refund = give_back(&plan, false, &[(0, 1, Restock::Return { location: 0 }), (1, 1, Restock::NoRestock)]);
        shop.refund(order, &refund).await.unwrap();
        house.rest().await;
        let credits = office.credit_notes().await.unwrap();
        assert_eq!(credits.len(), 1);
        assert_eq!(credits[0].total, shop.order(order).unwrap().refunded);
        assert_eq!(credits[0].customer, office.invoices().await.unwrap()[0].customer);
        let moves: Vec<_> = credits[0].lines.iter().map(|line| (line.sku.clone().unwrap(), line.moves_stock)).collect();
        assert_eq!(moves, [(goods[0].sku.clone(), true), (goods[1].sku.clone(), false)]);
        assert_eq!(house.pieces(&goods[0].sku, "WEB").await, before[0] - 1);
        assert_eq!(house.pieces(&goods[1].sku, "WEB").await, before[1] - 2);
        house.keeps_its_promises(0).await;
    }

    /// F-347.
    async fn goods_that_come_back_to_another_shop_lie_there(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let sku = shop.catalogue()[0].sku.clone();
        let (web, auckland) = (house.pieces(&sku, "WEB").await, house.pieces(&sku, "AKL").await);
        let plan = order_of(&house, &[2]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        shop.refund(order, &give_back(&plan, false, &[(0, 1, Restock::Return { location: 1 })])).await.unwrap();
        house.rest().await;
        assert_eq!((house.pieces(&sku, "WEB").await, house.pieces(&sku, "AKL").await), (web - 2, auckland + 1));
        house.keeps_its_promises(0).await;
    }

    async fn a_credit_note_that_comes_before_its_invoice_waits_for_it(deployment: Deployment) {
        let house = House::open(deployment).await;
        let office = &house.town().office;
        let order = order_of(&house, &[2]);
        let refund = give_back(&order, false, &[(0, 1, Restock::Return { location: 0 })]);
        let life = life(1, order, vec![refund]);
        let refund = Webhook::of(house.town(), "refunds/create", life.refund_bodies().remove(0));
        assert_eq!(refund.send(&house).await, 200);
        house.rest().await;
        assert_eq!(house.journal().counts().await.unwrap().handlings["credit_note"]["waiting"], 1);
        assert_eq!(office.document_counts().await.unwrap(), (0, 0));
        let order = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
        assert_eq!(order.send(&house).await, 200);
        house.until("both are booked", async || office.document_counts().await.unwrap() == (1, 1)).await;
        // The shop never heard of the piece that came back; it is looked for there until its news must have been lost.
        house.time_passes(1);
        house.rest().await;
        let credits = office.credit_notes().await.unwrap();
        assert_eq!(credits[0].credits.as_ref(), Some(&office.invoices().await.unwrap()[0].reference));
        house.keeps_its_promises(0).await;
    }

    /// The order tells of its early refund once more when it is shipped.
    async fn a_refund_told_twice_is_credited_once(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = shop.catalogue()[0].sku.clone();
        let before = house.pieces(&sku, "WEB").await;
        let plan = order_of(&house, &[3]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.refund(order, &give_back(&plan, true, &[(0, 1, Restock::Cancel)])).await.unwrap();
        house.rest().await;
        shop.fulfil(order).await.unwrap();
        house.until("both are booked", async || office.document_counts().await.unwrap() == (1, 1)).await;
        house.rest().await;
        assert_eq!(house.journal().counts().await.unwrap().events["sale.credited"], 1);
        let invoices = office.invoices().await.unwrap();
        let sold: i64 = invoices[0].lines.iter().map(|line| line.quantity).sum();
        assert_eq!(sold, 3, "the invoice says what was sold at first");
        assert_eq!(house.pieces(&sku, "WEB").await, before - 2);
        house.keeps_its_promises(0).await;
    }
}
