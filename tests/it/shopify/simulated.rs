//! The adapter against the simulated shop: what is written is there, and repeating it changes nothing.

use tillbridge::domain::{Product, Secret, StorefrontName};
use tillbridge::sandbox::shopify::{ShopOptions, ShopSandbox};
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};
use tillbridge::storefront::{
    PriceRow, ProductLink, ProductStep, StockFigure, StockOutcome, StockRow, Storefront as _, Subscriptions as _,
};
use uuid::Uuid;

use super::products::{money, shirt, variant, wish};

fn link_of(step: ProductStep) -> ProductLink {
    match step {
        ProductStep::Done { link, .. } => link,
        ProductStep::UnderWay(operation) => panic!("{operation} is still under way"),
    }
}

async fn open() -> (ShopSandbox, Shopify) {
    let shop = ShopSandbox::start(ShopOptions::new("kiwi-web.myshopify.com", "NZD").unwrap()).await.unwrap();
    let storefront = Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: shop.domain(),
        endpoint: Some(shop.graphql_url()),
        access: Access::Token(Secret::new(shop.token())),
        webhook_secrets: vec![Secret::new(shop.secret())],
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
    });
    (shop, storefront.unwrap())
}

fn at_shop(shop: &ShopSandbox, product: &Product) -> tillbridge::sandbox::shopify::Product {
    shop.product_by_pos_key(DEFAULT_KEY_NAMESPACE, "style", product.style.as_str()).unwrap()
}

#[tokio::test]
async fn a_product_is_created_once_however_often_it_is_asked_for() {
    let (shop, storefront) = open().await;
    assert!(storefront.describe().await.unwrap().missing_scopes.is_empty());
    let first = link_of(storefront.create_product(&wish(&shirt())).await.unwrap());
    shop.edit_title(at_shop(&shop, &shirt()).id, "The shop's own words").await.unwrap();
    let again = link_of(storefront.create_product(&wish(&shirt())).await.unwrap());
    assert_eq!(first, again);
    assert_eq!(shop.products().len(), 1);
    let product = at_shop(&shop, &shirt());
    assert_eq!(product.title, "The shop's own words");
    shop.shutdown().await;
}

#[tokio::test]
async fn variants_follow_the_office_through_steps_and_a_new_shape() {
    let (shop, storefront) = open().await;
    let mut office = shirt();
    let link = link_of(storefront.create_product(&wish(&office)).await.unwrap());

    office.variants.remove(0);
    office.variants.push(variant("SHIRT-R-L", Some("Red"), Some("L"), "42.00", None));
    let link = link_of(storefront.update_product(&link, &wish(&office)).await.unwrap());
    assert!(shop.variant("SHIRT-R-S").is_none() && shop.variant("SHIRT-R-L").is_some());
    let kept = shop.variant("SHIRT-R-M").unwrap().ids;

    for variant in &mut office.variants {
        variant.colour = None;
    }
    storefront.update_product(&link, &wish(&office)).await.unwrap();
    assert_eq!(shop.variant("SHIRT-R-M").unwrap().ids, kept, "a new shape keeps its ids");
    shop.shutdown().await;
}

#[tokio::test]
async fn prices_and_stock_land_and_a_stale_figure_is_answered_with_what_is_there() {
    let (shop, storefront) = open().await;
    let link = link_of(storefront.create_product(&wish(&shirt())).await.unwrap());
    let described = storefront.describe().await.unwrap();
    let (location, name) = described.locations[0].clone();

    let first = &link.variants[0];
    let sale = PriceRow { variant: first.variant.clone(), price: money("30.00"), compare_at: Some(money("40.00")) };
    storefront.set_prices(&link.product, std::slice::from_ref(&sale)).await.unwrap();
    assert_eq!(shop.variant("SHIRT-R-S").unwrap().compare_at, Some(money("40.00")));
    let over = PriceRow { price: money("40.00"), compare_at: None, ..sale };
    storefront.set_prices(&link.product, &[over]).await.unwrap();
    assert_eq!(shop.variant("SHIRT-R-S").unwrap().compare_at, None);

    let row = |at: usize, quantity, expected| StockRow {
        stock_item: link.variants[at].stock_item.clone(),
        location: location.clone(),
        quantity,
        expected,
    };
    let set = |rows: Vec<StockRow>| {
        let storefront = &storefront;
        async move { storefront.set_stock(Uuid::new_v4(), StockFigure::Available, &rows).await.unwrap() }
    };
    assert_eq!(set(vec![row(0, 5, None), row(1, 7, None)]).await, [StockOutcome::Written, StockOutcome::Written]);
    shop.correct_stock("SHIRT-R-S", &name, 2).await.unwrap();
    let outcomes = set(vec![row(0, 4, Some(5)), row(1, 6, Some(7))]).await;
    assert_eq!(outcomes, [StockOutcome::Stale { found: 2 }, StockOutcome::Written]);
    assert_eq!(shop.stock("SHIRT-R-S", &name).unwrap().available, 2);
    assert_eq!(shop.stock("SHIRT-R-M", &name).unwrap().available, 6);
    shop.shutdown().await;
}

#[tokio::test]
async fn a_product_goes_off_the_web_and_comes_back() {
    let (shop, storefront) = open().await;
    let link = link_of(storefront.create_product(&wish(&shirt())).await.unwrap());
    assert_eq!(shop.catalogue().len(), 2);
    storefront.archive_product(&link.product, false).await.unwrap();
    assert!(shop.catalogue().is_empty());
    storefront.update_product(&link, &wish(&shirt())).await.unwrap();
    assert_eq!(shop.catalogue().len(), 2);
    shop.shutdown().await;
}

#[tokio::test]
async fn subscriptions_are_made_once() {
    let (shop, storefront) = open().await;
    for _ in 0..2 {
        for topic in storefront.wanted_topics() {
            storefront.subscribe(topic, "https://bridge.example/hooks/kiwi-web").await.unwrap();
        }
    }
    assert_eq!(storefront.subscriptions().await.unwrap().len(), storefront.wanted_topics().len());
    shop.shutdown().await;
}
