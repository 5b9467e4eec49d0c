//! Prices that change by themselves, and prices of markets.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tillbridge::domain::{Currency, Money};
use tillbridge::rehearsal::{PRICE_LISTS, TownPlan};
use tillbridge::storefront::ListPrice;

use crate::support::house::{Deployment, House, on_both_deployments};

fn in_currency(code: &str, amount: &str) -> Money {
    Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
}

fn nzd(amount: &str) -> Money {
    in_currency("NZD", amount)
}

fn list(which: usize) -> (u64, String) {
    let id = PRICE_LISTS[which].0;
    (id, format!("gid://shopify/PriceList/{id}"))
}

on_both_deployments! {
    /// The bridge is restarted in between, as it may well be.
    // proves F-289
    async fn a_sale_of_tomorrow_is_written_tomorrow_and_ends_the_day_after(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let sku = house.town().assortment.skus[0].clone();
        let (from, until) =
            (house.now() + SignedDuration::from_hours(20), house.now() + SignedDuration::from_hours(44));
        house.town().office.set_sale(&sku, Some(nzd("30.00")), Some(from), Some(until)).await.unwrap();
        house.rest().await;
        let shown = |house: &House| {
            house.town().shop.variant(sku.as_str()).map(|one| (one.price, one.compare_at)).unwrap()
        };
        assert_eq!(shown(&house), (nzd("39.90"), None), "not before its time");
        assert_eq!(house.journal().counts().await.unwrap().handlings_in("waiting"), 1);
        house.stop().await;
        house.start().await;
        house.rest().await;
        assert_eq!(shown(&house), (nzd("39.90"), None));

        house.time_passes(21);
        house.until("the sale begins", async || shown(&house) == (nzd("30.00"), Some(nzd("39.90")))).await;
        house.time_passes(24);
        house.until("the sale ends", async || shown(&house) == (nzd("39.90"), None)).await;
        house.keeps_its_promises(0).await;
    }

    /// The office changes its mind before the sale begins.
    // proves F-287 F-289
    async fn a_sale_called_off_before_it_begins_never_begins(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (office, shop) = (&house.town().office, &house.town().shop);
        let sku = &house.town().assortment.skus[0];
        office.set_sale(sku, Some(nzd("30.00")), Some(house.now() + SignedDuration::from_hours(2)), None).await.unwrap();
        house.rest().await;
        office.set_sale(sku, None, None, None).await.unwrap();
        house.rest().await;
        let writes = shop.writes().len();
        house.time_passes(3);
        house.until("the waiting one has looked again", async || {
            house.journal().counts().await.unwrap().handlings_in("waiting") == 0
        }).await;
        house.rest().await;
        assert_eq!(shop.writes().len(), writes);
        house.keeps_its_promises(0).await;
    }

    // proves F-287 F-288
    async fn price_lists_of_markets_show_the_same_price_or_a_level_of_their_own(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let ((home, home_id), (away, away_id)) = (list(0), list(1));
        house.rules().prices.lists =
            BTreeMap::from([(home_id, ListPrice::Same), (away_id, ListPrice::Level("AU".to_owned()))]);
        let skus = house.town().assortment.skus.clone();
        house.town().office.set_level_price(&skus[0], "AU", in_currency("AUD", "36.50")).await.unwrap();
        house.opens().await;
        let (office, shop) = (&house.town().office, &house.town().shop);
        let fixed = |list: u64, sku: usize| {
            let variant = shop.variant(skus[sku].as_str()).unwrap().ids.variant;
            shop.price_list(list).unwrap().fixed.get(&variant).copied()
        };
        assert_eq!(fixed(home, 0), Some((3990, None)));
        assert_eq!((fixed(away, 0), fixed(away, 1)), (Some((3650, None)), None));

        office.set_sale(&skus[0], Some(nzd("30.00")), None, None).await.unwrap();
        office.set_level_price(&skus[1], "AU", in_currency("AUD", "20.00")).await.unwrap();
        house.rest().await;
        assert_eq!((fixed(home, 0), fixed(away, 0)), (Some((3000, Some(3990))), Some((3650, None))));
        assert_eq!(fixed(away, 1), Some((2000, None)));
        office.set_sale(&skus[0], None, None, None).await.unwrap();
        house.rest().await;
        assert_eq!(fixed(home, 0), Some((3990, None)), "the struck-through price goes with the sale");
        house.keeps_its_promises(0).await;
    }

    async fn a_level_in_another_currency_than_its_list_waits_for_a_person(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().prices.lists = BTreeMap::from([(list(1).1, ListPrice::Level("AU".to_owned()))]);
        let sku = house.town().assortment.skus[0].clone();
        house.opens().await;
        house.town().office.set_level_price(&sku, "AU", nzd("36.50")).await.unwrap();
        house.until("somebody is told", async || !house.dead_letters().await.is_empty()).await;
        let letters = house.dead_letters().await;
        assert!(letters[0].reason.contains("NZD") && letters[0].reason.contains("AUD"), "{}", letters[0].reason);
        assert!(letters[0].action.contains("[channels.prices.lists]"), "{}", letters[0].action);
        house.town().office.set_level_price(&sku, "AU", in_currency("AUD", "36.50")).await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.price_list(list(1).0).unwrap().fixed.len(), 1);
        house.keeps_its_promises(1).await;
    }
}
