//! Years pass, what is old is let go of, and nothing is told or booked a second time for it.

use tillbridge::domain::EventType;
use tillbridge::flow::sweep;
use tillbridge::journal::Swept;
use tillbridge::sandbox::shopify::lives::{Life, RefundLedger, RefundPlan, Restock};
use uuid::Uuid;

use super::by_hand::{Webhook, life, order_of, ship};
use crate::support::house::{Deployment, House, on_both_deployments};

/// Longer than anything is kept.
const YEARS: i64 = 24 * 401;

on_both_deployments! {
    async fn what_is_told_again_after_years_changes_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let goods = shop.catalogue();
        for seed in 400..410 {
            shop.live(&Life::generate(seed, goods[0].price.currency(), true, &goods)).await.unwrap();
        }
        // One life more, told by hand, so that it can be told again.
        let order = order_of(&house, &[2]);
        let ledger = RefundLedger::new(&order);
        let given_back = vec![ledger.pieces_of(0, 1, Restock::NoRestock)];
        let refund = ledger.paid(RefundPlan { lines: given_back, ..RefundPlan::default() });
        let life = life(7, order, vec![refund]);
        let sale = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
        let refund = Webhook::of(house.town(), "refunds/create", life.refund_bodies().remove(0));
        ship(&house, &[2]).await;
        assert_eq!(sale.send(&house).await, 200);
        assert_eq!(refund.send(&house).await, 200);
        house.until("both are booked", async || {
            let counts = house.journal().counts().await.unwrap();
            counts.unfinished() + counts.handlings_in("waiting") == 0
        }).await;
        house.rest().await;
        let books = (office.invoices().await.unwrap(), office.credit_notes().await.unwrap());
        assert!(books.0.len() > 5 && !books.1.is_empty());
        let events = house.journal().counts().await.unwrap().events;

        house.time_passes(YEARS);
        let stage = &house.bridge.as_ref().unwrap().stage;
        let swept = sweep::once(stage, Uuid::new_v4()).await.unwrap();
        assert!(swept.deliveries > 20 && swept.events > 20 && swept.handlings > 20, "{swept:?}");
        let somebody_else = sweep::once(stage, Uuid::new_v4()).await.unwrap();
        assert_eq!(somebody_else, Swept::default(), "the first process has the task for a while yet");

        // The very same calls, the same facts under other numbers, and the same facts as news of a shop's backup.
        let told_anew = [
            Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body()),
            Webhook::of(house.town(), "refunds/create", life.refund_bodies().remove(0)),
        ];
        let before = house.received().await;
        for webhook in [&sale, &refund, &sale.again(), &refund.again()] {
            assert_eq!(webhook.send(&house).await, 200);
        }
        assert_eq!(house.received().await, before, "they are duplicates still");
        for webhook in &told_anew {
            assert_eq!(webhook.send(&house).await, 200);
        }
        house.rest().await;
        let after = house.journal().counts().await.unwrap();
        for kind in [EventType::SaleInvoiced, EventType::SaleCredited] {
            assert_eq!(after.events.get(kind.as_str()), events.get(kind.as_str()), "{}", kind.as_str());
        }
        assert_eq!((office.invoices().await.unwrap(), office.credit_notes().await.unwrap()), books);

        // And the bridge works as on its first day.
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(office.invoices().await.unwrap().len(), books.0.len() + 1);
        house.keeps_its_promises(0).await;
    }
}
