//! What cannot be booked becomes a dead letter that says why and what to do, and nothing of it is in the office (P6).

use serde_json::{Value, json};
use tillbridge::domain::{BranchCode, Sku};
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::office::NewVariant;

use super::by_hand::{Webhook, life, order_of};
use crate::support::house::{Deployment, House, on_both_deployments};

on_both_deployments! {
    async fn an_order_that_does_not_add_up_is_a_dead_letter_with_the_arithmetic(deployment: Deployment) {
        let house = House::open(deployment).await;
        let order = order_of(&house, &[2, 1]);
        let total = order.totals().total;
        let body = life(5, order, Vec::new()).order_fulfilled_body();
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        let wrong = format!("{}.{:02}", (total + 1) / 100, (total + 1) % 100);
        body["total_price"] = json!(wrong);
        body["total_price_set"]["shop_money"]["amount"] = json!(wrong);
        let webhook = Webhook::of(house.town(), "orders/fulfilled", body.to_string());
        assert_eq!(webhook.send(&house).await, 200);
        house.rest().await;
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        let (reason, right) = (&letters[0].reason, format!("{}.{:02}", total / 100, total % 100));
        assert!(reason.contains(" + ") && reason.contains(&right) && reason.contains(&wrong), "{reason}");
        assert!(letters[0].action.contains("tillbridge dead discard"), "{}", letters[0].action);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (0, 0));
        assert!(house.town().office.customers().await.unwrap().is_empty());
        let discarded = [letters[0].id.clone()];
        assert_eq!(house.journal().discard_dead(&discarded, "ana", "booked by hand").await.unwrap(), 1);
        house.keeps_its_promises(0).await;
    }

    async fn an_unknown_way_of_paying_is_named_and_can_be_mended(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().payments.otherwise = None;
        house.opens().await;
        let mut plan = order_of(&house, &[1]);
        plan.pay_by("carrier_pigeon");
        let order = house.town().shop.place_order(&plan).await.unwrap();
        house.town().shop.fulfil(order).await.unwrap();
        house.rest().await;
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].reason.contains("`carrier_pigeon`"), "{}", letters[0].reason);
        assert!(letters[0].action.contains("[channels.payments]"), "{}", letters[0].action);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (0, 0));
        // Mended as the letter says: the configuration and a start.
        house.stop().await;
        house.rules().payments.codes.insert("carrier_pigeon".to_owned(), "WEB-OTHER".to_owned());
        house.start().await;
        house.until("it is tried again by itself", async || house.dead_letters().await.is_empty()).await;
        house.rest().await;
        assert_eq!(house.town().office.invoices().await.unwrap()[0].payments[0].pay_code, "WEB-OTHER");
        house.keeps_its_promises(0).await;
    }

    async fn an_unknown_sku_is_named_and_booked_once_the_office_has_it(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[1]);
        plan.lines[0].sku = Some("TEE-00001-RED-M".to_owned());
        plan.lines[0].ids = None;
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].reason.contains("TEE-00001-RED-M"), "{}", letters[0].reason);
        assert_eq!(office.document_counts().await.unwrap(), (0, 0));
        let ids = [letters[0].id.clone()];
        assert_eq!(house.journal().retry_dead(&ids, "ana").await.unwrap(), 1);
        house.rest().await;
        assert_eq!(house.dead_letters().await.len(), 1, "nothing was mended yet");

        let sku = Sku::parse("TEE-00001-RED-M").unwrap();
        let new = NewVariant {
            sku: sku.clone(),
            colour: Some("Red".to_owned()),
            size: Some("M".to_owned()),
            barcode: None,
            retail: shop.catalogue()[0].price,
        };
        office.add_variant(&house.town().assortment.active[0], &new).await.unwrap();
        office.receive_goods(&sku, &BranchCode::parse("WEB").unwrap(), 5).await.unwrap();
        house.until("it is booked without anybody asking", async || office.document_counts().await.unwrap() == (1, 0)).await;
        house.rest().await;
        assert_eq!(house.pieces("TEE-00001-RED-M", "WEB").await, 4);
        house.keeps_its_promises(0).await;
    }

    async fn what_cannot_be_read_is_a_dead_letter_that_quotes_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let webhook = Webhook::of(house.town(), "orders/fulfilled", r#"{"id": 1, "email": "mere@example.com", "#);
        assert_eq!(webhook.send(&house).await, 200, "it is authentic, so it is kept");
        house.rest().await;
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].handler, "normalise");
        assert!(!letters[0].reason.contains("mere"), "{}", letters[0].reason);
        house.keeps_its_promises(1).await;
    }
}
