//! What a shop is asked when it may not have told everything: windows by time, to the last page, or not at all.

use jiff::Timestamp;
use serde_json::{Value, json};
use tillbridge::domain::{CallError, Delivery, DeliveryId, Fact, Normalised, Sku};
use tillbridge::storefront::{
    Listings as _, ProductDrift, ProductLink, Storefront as _, VariantLink, Visibility, WholeOrders as _,
};

use super::products::{at_shop, product, shirt, wish};
use super::recorder::Recorder;

fn since() -> Timestamp {
    "2026-11-22T10:00:00.25Z".parse().unwrap()
}

fn page(list: &str, nodes: &Value, after: Option<&str>) -> Value {
    json!({ list: { "nodes": nodes, "pageInfo": { "hasNextPage": after.is_some(), "endCursor": after } } })
}

fn customer(id: u64, changed_at: &str) -> Value {
    json!({
        "id": format!("gid://shopify/Customer/{id}"), "updatedAt": changed_at, "firstName": "Ana", "lastName": "Ngata",
        "defaultEmailAddress": { "emailAddress": "Ana@Example.com" },
        "defaultPhoneNumber": { "phoneNumber": "+6421555123" },
        "defaultAddress": {
            "firstName": "Ana", "lastName": "Ngata", "company": null, "address1": "8 Test Quay", "address2": null,
            "city": "Auckland", "provinceCode": "AUK", "zip": "1010", "countryCodeV2": "NZ", "phone": null,
        },
    })
}

fn listed(id: u64, style: Option<&str>, status: &str) -> Value {
    json!({
        "id": format!("gid://shopify/Product/{id}"), "status": status, "vendor": "Tui", "productType": "Tops",
        "updatedAt": "2026-11-22T11:00:00Z", "variantsCount": { "count": 2 },
        "metafield": style.map(|style| json!({ "value": style })),
    })
}

#[tokio::test]
async fn customers_that_changed_are_listed_page_by_page_and_become_what_a_webhook_would_have_told() {
    let shop = Recorder::start().await;
    // Beyond what a double can hold exactly.
    let id = 706_405_506_930_370_085;
    shop.says("ListCustomers", page("customers", &json!([customer(id, "2026-11-22T11:00:00Z")]), Some("c1")))
        .says("ListCustomers", page("customers", &json!([]), None));
    let storefront = shop.storefront();
    let first = storefront.accounts_since(since(), None).await.unwrap();
    let last = storefront.accounts_since(since(), first.next.as_deref()).await.unwrap();
    assert_eq!((first.accounts.len(), last.accounts.len(), last.next), (1, 0, None));
    insta::assert_json_snapshot!(shop.requests());
    let account = &first.accounts[0];
    let delivery = Delivery { id: DeliveryId(uuid::Uuid::nil()), received_at: since(), content: account.news.clone() };
    let Normalised::Events(drafts) = storefront.normalise(&delivery) else { panic!("it is news") };
    assert_eq!((&drafts[0].entity, drafts[0].version), (&account.entity, account.version));
    let Fact::AccountChanged(told) = &drafts[0].fact else { panic!("{:?}", drafts[0]) };
    assert_eq!((told.id.as_str(), told.profile.email.as_deref()), ("706405506930370085", Some("ana@example.com")));
    let address = told.profile.billing.as_ref().unwrap();
    assert_eq!((address.city.as_deref(), address.country.as_deref()), (Some("Auckland"), Some("NZ")));
}

#[tokio::test]
async fn products_are_listed_by_window_or_whole_with_the_offices_key() {
    let shop = Recorder::start().await;
    let rows = json!([
        listed(1, Some("SHIRT"), "ACTIVE"),
        listed(2, None, "UNLISTED"),
        listed(3, Some("HAT"), "ARCHIVED"),
        listed(4, Some("CAP"), "A_STATUS_OF_TOMORROW"),
    ]);
    shop.says("ListProducts", page("products", &rows, None)).says("ListProducts", page("products", &json!([]), None));
    let storefront = shop.storefront();
    let changed = storefront.products_since(Some(since()), None).await.unwrap();
    let seen: Vec<_> = changed
        .products
        .iter()
        .map(|one| (one.style.as_ref().map(tillbridge::domain::StyleCode::as_str), one.visibility))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("SHIRT"), Visibility::Shown),
            (None, Visibility::ByAddress),
            (Some("HAT"), Visibility::Hidden),
            (Some("CAP"), Visibility::Hidden)
        ]
    );
    assert!(storefront.products_since(None, None).await.unwrap().products.is_empty());
    insta::assert_json_snapshot!(shop.requests());
}

/// A term the shop did not understand is left out, and everything fits: then nothing may be believed.
#[tokio::test]
async fn a_search_that_was_not_understood_fails_whatever_was_asked_for() {
    let shop = Recorder::start().await;
    let warning =
        json!({ "search": [{ "warnings": [{ "field": "updated_at", "message": "Invalid search field." }] }] });
    for (operation, list) in [("ListOrders", "orders"), ("ListCustomers", "customers"), ("ListProducts", "products")] {
        let answer = json!({ "data": page(list, &json!([]), None), "extensions": warning });
        shop.answers(operation, 200, answer);
    }
    let storefront = shop.storefront();
    let refusals = [
        storefront.orders_since(since(), None).await.map(drop),
        storefront.accounts_since(since(), None).await.map(drop),
        storefront.products_since(Some(since()), None).await.map(drop),
    ];
    for refusal in refusals {
        assert!(matches!(&refusal, Err(CallError::Rejected(why)) if why.contains("updated_at")), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_comparison_names_what_an_update_would_write_and_writes_nothing() {
    let shop = Recorder::start().await;
    let small = at_shop("SHIRT-R-S", 11, "another", &[("Colour", "Red"), ("Size", "S")]);
    let foreign = at_shop("SHIRT-OLD", 13, "949", &[("Colour", "Red"), ("Size", "XL")]);
    let by_hand = product("DRAFT", "Somebody", &["Colour", "Size"], &[small, foreign], None);
    shop.says("ReadProduct", by_hand);
    let variants = [("SHIRT-R-S", 11), ("SHIRT-R-M", 12)].map(|(sku, id)| VariantLink {
        sku: Sku::parse(sku).unwrap(),
        variant: format!("gid://shopify/ProductVariant/{id}"),
        stock_item: format!("gid://shopify/InventoryItem/{id}0"),
    });
    let link = ProductLink { product: "gid://shopify/Product/1".into(), variants: variants.into() };
    let mut office = shirt();
    office.variants[0].price.retail = super::products::money("44.00");
    let drift = shop.storefront().compare_product(&link, &wish(&office)).await.unwrap();
    let differs = [
        "vendor",
        "status",
        "variant SHIRT-R-M is missing",
        "the codes of variant SHIRT-R-S",
        "variants the office does not have: 1",
    ];
    let prices = vec![Sku::parse("SHIRT-R-S").unwrap()];
    assert_eq!(drift, ProductDrift { differs: differs.map(str::to_owned).into(), prices });
    assert_eq!(shop.operations(), ["ReadProduct"]);
}
