//! What comes in wrong gets a clear outcome, and nothing is lost: what is authentic is kept, what is not never gets in.

use serde_json::{Value, json};

use super::by_hand::{Webhook, hexadecimal, life, order_of, ship, signature};
use crate::support::house::{Deployment, House, on_both_deployments};
use tillbridge::rehearsal::TownPlan;

/// A fulfilled order as the shop would tell it, to be spoilt.
fn order(house: &House, seed: u64, pieces: &[i64]) -> Value {
    serde_json::from_slice(&life(seed, order_of(house, pieces), Vec::new()).order_fulfilled_body()).unwrap()
}

/// An order with one field replaced, found by its path.
fn with(mut order: Value, path: &str, value: Value) -> Value {
    *order.pointer_mut(path).unwrap() = value;
    order
}

on_both_deployments! {
    async fn what_cannot_be_understood_is_kept_and_says_where(deployment: Deployment) {
        let house = House::open(deployment).await;
        let whole = order(&house, 1, &[1]);
        let text = whole.to_string();
        let mut not_text = text.clone().into_bytes();
        let title = text.find("\"title\":\"").unwrap() + 9;
        not_text[title] = 0xff;
        let mut nameless = whole.clone();
        nameless.as_object_mut().unwrap().remove("id");
        let spoilt: [(Vec<u8>, &str); 10] = [
            (text.as_bytes()[..text.len() / 2].to_vec(), "ends too early"),
            (not_text, "not UTF-8"),
            (Vec::new(), "ends too early"),
            (b"null".to_vec(), "not of the expected shape"),
            (b"[]".to_vec(), "not of the expected shape"),
            (format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(), "at line 1"),
            (nameless.to_string().into_bytes(), "`id` is missing"),
            (with(whole.clone(), "/line_items/0/quantity", json!("two")).to_string().into_bytes(), "expected shape"),
            (with(whole.clone(), "/total_price", json!("12,50")).to_string().into_bytes(), "expected shape"),
            (with(whole, "/currency", json!("NZ$")).to_string().into_bytes(), "currency"),
        ];
        let count = spoilt.len();
        for (at, (body, why)) in spoilt.into_iter().enumerate() {
            assert_eq!(Webhook::of(house.town(), "orders/fulfilled", body).send(&house).await, 200, "{why}");
            house.rest().await;
            let letters = house.dead_letters().await;
            assert_eq!(letters.len(), at + 1, "{why}");
            assert!(letters[at].reason.contains(why), "`{}` does not say `{why}`", letters[at].reason);
            assert!(!letters[at].action.is_empty());
        }
        assert_eq!(house.town().office.document_counts().await.unwrap(), (0, 0));
        house.keeps_its_promises(count).await;
    }

    /// Ids beyond what a float holds keep their last digit, words nobody knows do no harm, and new fields are passed over.
    async fn what_is_only_unusual_is_booked(deployment: Deployment) {
        let house = House::open(deployment).await;
        let mut unusual = order(&house, 1, &[2]);
        unusual["id"] = json!(9_007_199_254_740_993_u64);
        unusual["financial_status"] = json!("expired");
        unusual["a_field_of_tomorrow"] = json!({ "with": ["things", 1, null] });
        unusual["note"] = json!("\u{0000}\u{202e}🧦 \" \\ </script>");
        ship(&house, &[2]).await;
        let webhook = Webhook::of(house.town(), "orders/fulfilled", unusual.to_string());
        assert_eq!(webhook.send(&house).await, 200);
        house.rest().await;
        let invoices = house.town().office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1, "{:?}", house.dead_letters().await);
        assert!(invoices[0].reference.ends_with("order:9007199254740993"), "{}", invoices[0].reference);
        house.keeps_its_promises(0).await;
    }

    async fn what_is_too_large_is_refused_and_what_is_merely_long_is_booked(deployment: Deployment) {
        let mut town = TownPlan::new("kiwi");
        town.stock = 1_000;
        let house = House::open_with(deployment, vec![town]).await;
        let before = house.received().await;
        let ten_megabytes = format!("{{\"id\":1,\"note\":\"{}\"}}", "x".repeat(10 << 20));
        assert_eq!(Webhook::of(house.town(), "orders/fulfilled", ten_megabytes).send(&house).await, 413);
        let line = r#"{"id":7,"price":"1.00","quantity":1},"#;
        let million_lines = format!("{{\"id\":1,\"line_items\":[{}]}}", line.repeat(1_000_000).trim_end_matches(','));
        assert_eq!(Webhook::of(house.town(), "orders/fulfilled", million_lines).send(&house).await, 413);
        assert_eq!(house.received().await, before);

        let mut long = order(&house, 1, &[1]);
        let line = long["line_items"][0].clone();
        let lines: Vec<Value> = (0..400_u64)
            .map(|number| with(line.clone(), "/id", json!(7_000_000_000_000_u64 + number)))
            .collect();
        let cents = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
        for total in ["total_price", "total_tax", "subtotal_price", "total_line_items_price"] {
            let sum = cents(&long[total]) * rust_decimal::Decimal::from(400);
            long[total] = json!(sum.to_string());
        }
        let names: Vec<String> = long.as_object().unwrap().keys().filter(|key| key.ends_with("_set")).cloned().collect();
        for name in names {
            long.as_object_mut().unwrap().remove(&name);
        }
        long["line_items"] = json!(lines);
        long["fulfillments"] = json!([]);
        ship(&house, &[400]).await;
        let webhook = Webhook::of(house.town(), "orders/fulfilled", long.to_string());
        assert_eq!(webhook.send(&house).await, 200);
        house.rest().await;
        let invoices = house.town().office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1, "{:?}", house.dead_letters().await);
        assert_eq!(invoices[0].lines.len(), 400);
        house.keeps_its_promises(0).await;
    }

    /// A signature in hexadecimal, of another secret or of another body is nobody's; what it came with is not kept.
    async fn what_is_not_signed_as_the_shop_signs_never_gets_in(deployment: Deployment) {
        let house = House::open(deployment).await;
        let before = house.received().await;
        let body = order(&house, 1, &[1]).to_string();
        let secret = house.town().shop.secret();
        let base64 = signature(&secret, body.as_bytes());
        let webhook = Webhook::of(house.town(), "orders/fulfilled", body.clone());
        let hex = hexadecimal(&base64);
        for wrong in [hex, signature("another secret", body.as_bytes()), signature(&secret, b"{}"), String::new()] {
            assert_eq!(webhook.signed(&wrong).send(&house).await, 401, "{wrong}");
        }
        assert_eq!(house.received().await, before);
        ship(&house, &[1]).await;
        assert_eq!(webhook.send(&house).await, 200);
        house.rest().await;
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }

    /// Whoever recorded a call can send it again: with its own id it is a duplicate, and under a new one no new fact.
    async fn an_old_delivery_played_again_changes_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let first = order(&house, 1, &[2]).to_string();
        let recorded = Webhook::of(house.town(), "orders/fulfilled", first.clone());
        ship(&house, &[3]).await;
        assert_eq!(recorded.send(&house).await, 200);
        house.rest().await;
        let newer = Webhook::of(house.town(), "orders/fulfilled", order(&house, 2, &[1]).to_string());
        assert_eq!(newer.send(&house).await, 200);
        house.rest().await;
        let shelf = house.pieces(&house.town().shop.catalogue()[0].sku, "WEB").await;
        for replay in [recorded.clone(), recorded.again(), Webhook::of(house.town(), "orders/fulfilled", first)] {
            assert_eq!(replay.send(&house).await, 200);
        }
        house.rest().await;
        assert_eq!(house.town().office.document_counts().await.unwrap(), (2, 0));
        assert_eq!(house.pieces(&house.town().shop.catalogue()[0].sku, "WEB").await, shelf);
        house.keeps_its_promises(0).await;
    }
}
