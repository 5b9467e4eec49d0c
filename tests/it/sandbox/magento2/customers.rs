//! Accounts: one for each address of a website, replaced as a whole.

use serde_json::{Value, json};
use tillbridge::sandbox::magento2::{LinePlan, OrderPlan};

use super::stranger::Stranger;

fn ada() -> Value {
    let address = |city: &str| {
        json!({
            "firstname": "Ada", "lastname": "Lovelace", "street": ["1 Example Street"], "city": city, "country_id": "NZ",
            "postcode": "6011", "telephone": "555", "default_shipping": city == "Wellington",
        })
    };
    json!({
        "email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace", "website_id": 1, "group_id": 2,
        "addresses": [address("Wellington"), address("Nelson")],
    })
}

#[tokio::test]
async fn an_email_address_belongs_to_one_account() {
    let stranger = Stranger::open().await;
    let made = stranger.post("/V1/customers", json!({ "customer": ada() })).await;
    assert_eq!((&made["id"], &made["default_shipping"]), (&1.into(), &"1".into()));
    let mut again = ada();
    again["email"] = "ADA@example.com".into();
    let (status, words) = stranger.refused("POST", "/V1/customers", json!({ "customer": again })).await;
    assert_eq!(status, 400);
    assert!(words.contains("same email"), "{words}");
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let page =
        stranger.get(&format!("/V1/customers/search?{filter}[field]=email&{filter}[value]=ada@example.com")).await;
    assert_eq!((&page["total_count"], &page["items"][0]["id"]), (&1.into(), &1.into()));
}

#[tokio::test]
async fn addresses_defaults_and_group_that_are_not_sent_are_gone() {
    let stranger = Stranger::open().await;
    stranger.post("/V1/customers", json!({ "customer": ada() })).await;
    let known = stranger.get("/V1/customers/1").await;
    let kept = json!({
        "id": 1, "email": "ada@example.com", "firstname": "Ada", "lastname": "King", "website_id": 1,
        "addresses": [known["addresses"][1]],
    });
    let answer = stranger.call("PUT", "/V1/customers/1", Some(json!({ "customer": kept }))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let after = stranger.get("/V1/customers/1").await;
    assert_eq!(
        (&after["lastname"], &after["group_id"], after.get("default_shipping")),
        (&"King".into(), &1.into(), None)
    );
    assert_eq!(after["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(after["addresses"][0]["id"], known["addresses"][1]["id"]);
}

#[tokio::test]
async fn what_an_account_or_address_needs_is_asked_for() {
    let stranger = Stranger::open().await;
    for missing in ["email", "firstname", "lastname"] {
        let mut wish = ada();
        wish[missing] = "".into();
        assert_eq!(stranger.refused("POST", "/V1/customers", json!({ "customer": wish })).await.0, 400, "{missing}");
    }
    for missing in ["street", "city", "country_id", "telephone"] {
        let mut wish = ada();
        wish["addresses"][0].as_object_mut().unwrap().remove(missing);
        assert_eq!(stranger.refused("POST", "/V1/customers", json!({ "customer": wish })).await.0, 400, "{missing}");
    }
    assert_eq!(stranger.shop.customers(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_account_that_is_deleted_is_gone_from_its_orders() {
    let stranger = Stranger::open().await;
    stranger.shop.put_up_for_sale("TEE", 2_000, 5).await.unwrap();
    let id = stranger.shop.register(None, &ada()).await.unwrap();
    let mut plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    plan.buyer.account = Some(id);
    stranger.shop.place_order(&plan).await.unwrap();
    assert_eq!(stranger.get("/V1/orders/1").await["customer_id"], 1);
    stranger.shop.delete_customer(id).await.unwrap();
    assert!(stranger.get("/V1/orders/1").await.get("customer_id").is_none());
}
