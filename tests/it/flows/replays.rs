//! Doing a whole day again, any number of times, changes nothing that is right.

use tillbridge::flow::replay::carry_on;
use tillbridge::journal::{NewReplay, ReplayMode, Selection};
use tillbridge::sandbox::shopify::lives::Life;
use tokio_util::sync::CancellationToken;

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};
use crate::support::replays::{begin, replay};

on_both_deployments! {
    async fn replaying_a_finished_day_twice_changes_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let goods = shop.catalogue();
        for seed in 200..210 {
            shop.live(&Life::generate(seed, goods[0].price.currency(), true, &goods)).await.unwrap();
        }
        house.rest().await;
        let books = (office.invoices().await.unwrap(), office.credit_notes().await.unwrap());
        let customers = office.customers().await.unwrap();
        let (writes, catalogue, stock) = (shop.writes(), shop.catalogue(), shop.stock_writes());
        let effects = house.journal().counts().await.unwrap().effects;

        for mode in [ReplayMode::Handle, ReplayMode::Normalise, ReplayMode::Handle, ReplayMode::Normalise] {
            let run = replay(house.journal(), mode, &Selection::default()).await;
            assert!(run.done > 50, "{run:?}");
            house.rest().await;
        }
        assert_eq!((office.invoices().await.unwrap(), office.credit_notes().await.unwrap()), books);
        assert_eq!(office.customers().await.unwrap(), customers);
        assert_eq!(shop.writes(), writes, "nothing was written outside");
        assert_eq!(shop.stock_writes(), stock);
        assert_eq!(shop.catalogue(), catalogue);
        assert_eq!(house.journal().counts().await.unwrap().effects, effects);
        house.keeps_its_promises(0).await;
    }

    async fn a_replay_that_was_stopped_is_carried_on_to_its_end(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let halt = CancellationToken::new();
        let all = Selection::default();
        let total = house.journal().count_replay(ReplayMode::Handle, &all).await.unwrap().values().sum();
        let replay = NewReplay { mode: ReplayMode::Handle, selection: all, who: "ana".into(), per_second: 100, total };
        let run = house.journal().begin_replay(&replay).await.unwrap();
        let mut steps = 0;
        let stopped = carry_on(house.journal(), run.id, 100, &halt, |_| {
            steps += 1;
            if steps == 1 {
                halt.cancel();
            }
        });
        let stopped = stopped.await.unwrap().unwrap();
        assert!(stopped.finished_at.is_none() && stopped.done < total, "{stopped:?}");
        let resumed = carry_on(house.journal(), run.id, 100_000, &CancellationToken::new(), |_| {}).await;
        let resumed = resumed.unwrap().unwrap();
        assert_eq!((resumed.done, resumed.finished_at.is_some()), (total, true));
        house.rest().await;
        let unknown = carry_on(house.journal(), 999, 100, &CancellationToken::new(), |_| {}).await.unwrap();
        assert!(unknown.is_none());
        assert_eq!(begin(house.journal(), ReplayMode::Handle, &Selection::default(), "ben").await.total, total);
        house.keeps_its_promises(0).await;
    }
}
