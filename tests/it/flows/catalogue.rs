//! Products as a channel wants them shown: categories, further fields, pictures, large products, branches.

use tillbridge::domain::{Branch, BranchCode, Money, Sku, StyleCode};
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::office::NewVariant;
use tillbridge::sandbox::shopify::{Product, ShopFile};
use tillbridge::storefront::{CategoryAs, MetafieldRule, NewProducts, Texts};

use crate::support::house::{Deployment, House, on_both_deployments};

fn product(house: &House, style: &StyleCode) -> Product {
    house.town().shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap()
}

fn money(house: &House, text: &str) -> Money {
    Money::parse(text, house.town().shop.catalogue()[0].price.currency()).unwrap()
}

fn field(field: &str, key: &str, kind: Option<&str>) -> MetafieldRule {
    MetafieldRule {
        field: field.to_owned(),
        namespace: "custom".to_owned(),
        key: key.to_owned(),
        kind: kind.map(str::to_owned),
    }
}

fn calls(house: &House, operation: &str) -> u64 {
    house.town().shop.api_calls().of(operation).calls
}

on_both_deployments! {
    // proves F-325 F-327 F-351
    async fn a_stock_group_becomes_one_collection_and_a_product_moves_with_its_group(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().catalogue.category = CategoryAs::Collection;
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let collections = shop.collections();
        let titles: Vec<&str> = collections.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(titles.len(), 3, "one a group, however many styles it has: {titles:?}");
        assert!(collections.iter().all(|one| !one.published_on.is_empty()), "shown where products are");
        let style = &house.town().assortment.active[0];
        let tops = collections.iter().find(|one| one.title == "Tops").unwrap().id;
        let before = product(&house, style);
        assert_eq!((before.collections.iter().copied().collect::<Vec<_>>(), before.product_type.as_str()), (vec![tops], ""));

        office.add_category("SALE", "Clearance").await.unwrap();
        office.set_category(style, "SALE").await.unwrap();
        house.rest().await;
        let clearance = shop.collections().into_iter().find(|one| one.title == "Clearance").unwrap().id;
        assert_eq!(product(&house, style).collections.into_iter().collect::<Vec<_>>(), [clearance]);
        assert_eq!(product(&house, style).id, before.id);
        house.keeps_its_promises(0).await;
    }

    /// Another process knows nothing of what the first looked up; the key in the collection does.
    // proves F-351
    async fn a_collection_is_found_again_by_the_offices_key(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().catalogue.category = CategoryAs::Collection;
        house.opens().await;
        house.stop().await;
        house.start().await;
        let style = StyleCode::parse("SCARF").unwrap();
        house.town().office.add_style(&style, 1, 2, money(&house, "25.00")).await.unwrap();
        house.town().office.set_category(&style, "EXTRAS").await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.collections().len(), 3);
        assert_eq!(product(&house, &style).collections.len(), 1);
        house.keeps_its_promises(0).await;
    }

    // proves F-353 F-354
    async fn information_tabs_and_mapped_fields_become_metafields_and_others_do_not(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().catalogue.metafields = vec![
            field("tab:Care", "care", None),
            field("season", "season", Some("single_line_text_field")),
            field("weight", "grams", None),
        ];
        // The shop has its own idea of one of them.
        house.town().shop.define_metafield("custom", "grams", "number_integer");
        let style = house.town().assortment.active[0].clone();
        for (name, value) in [("tab:Care", "<p>Wash cold.</p>"), ("season", "Winter"), ("weight", "180"), ("cost", "7.10")] {
            house.town().office.set_field(&style, name, value).await.unwrap();
        }
        house.opens().await;
        let office = &house.town().office;
        let shown = |key: &str| product(&house, &style).metafield("custom", key).map(str::to_owned);
        assert_eq!(shown("care").as_deref(), Some("<p>Wash cold.</p>"));
        assert_eq!(shown("season").as_deref(), Some("Winter"));
        let grams = product(&house, &style).metafields.into_iter().find(|one| one.key == "grams").unwrap();
        assert_eq!((grams.kind.as_str(), grams.value.as_str()), ("number_integer", "180"));
        assert_eq!(product(&house, &style).metafields.len(), 4, "with the office's key; what is not mapped stays at home");

        office.set_field(&style, "tab:Care", "<p>Wash warm.</p>").await.unwrap();
        office.set_field(&style, "season", "").await.unwrap();
        house.rest().await;
        assert_eq!((shown("care").as_deref(), shown("season")), (Some("<p>Wash warm.</p>"), None));
        let writes = house.town().shop.writes().len();
        office.set_field(&style, "cost", "8.00").await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.writes().len(), writes, "a field that is not mapped is no news for the web");
        house.keeps_its_promises(0).await;
    }

    // proves F-352
    async fn the_brand_is_the_vendor_and_follows(deployment: Deployment) {
        let house = House::open(deployment).await;
        let style = &house.town().assortment.active[0];
        assert!(!product(&house, style).vendor.is_empty());
        house.town().office.set_brand(style, "Kererū").await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, style).vendor, "Kererū");
        house.keeps_its_promises(0).await;
    }

    // proves F-350 F-355
    async fn texts_are_the_shops_after_creation_unless_the_channel_says_always(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let style = house.town().assortment.active[0].clone();
        let first = product(&house, &style);
        assert!(first.description.is_some(), "the office's text is the first one");
        house.town().shop.edit_description(first.id, "<p>Soft.</p>").await.unwrap();
        house.town().office.set_description(&style, "<p>By the office.</p>").await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, &style).description.as_deref(), Some("<p>Soft.</p>"));
        house.stop().await;
        house.rules().catalogue.texts = Texts::Always;
        house.start().await;
        house.town().office.rename(&style, "By the office").await.unwrap();
        house.rest().await;
        let after = product(&house, &style);
        assert_eq!((after.title.as_str(), after.description.as_deref()), ("By the office", Some("<p>By the office.</p>")));
        house.keeps_its_promises(0).await;
    }

    // proves F-355
    async fn new_products_may_be_drafts_that_people_at_the_shop_show(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().catalogue.new_products = NewProducts::Draft;
        house.opens().await;
        let style = house.town().assortment.active[0].clone();
        assert_eq!(product(&house, &style).status, "DRAFT");
        house.town().office.set_brand(&style, "Kererū").await.unwrap();
        house.rest().await;
        assert_eq!((product(&house, &style).status.as_str(), product(&house, &style).vendor.as_str()), ("DRAFT", "Kererū"));
        house.keeps_its_promises(0).await;
    }

    // proves F-326
    async fn a_style_deleted_in_the_office_is_archived(deployment: Deployment) {
        let house = House::open(deployment).await;
        let style = &house.town().assortment.active[0];
        house.town().office.delete_style(style).await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, style).status, "ARCHIVED", "orders still find it");
        house.keeps_its_promises(0).await;
    }

    // proves F-296
    async fn a_picture_is_fetched_once_and_the_shops_own_are_left_alone(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style);
        assert_eq!(before.images.len(), 2);
        shop.add_image(before.id, "https://images.example/model.jpg").await.unwrap();
        // The shop likes one of the office's pictures less.
        shop.remove_image(before.id, before.images[1].id).await.unwrap();
        office.set_image(style, 3, "https://images.example/detail.jpg", "sha256:detail").await.unwrap();
        house.rest().await;
        let sources = |product: &Product| product.images.iter().map(|one| one.source.clone()).collect::<Vec<_>>();
        let with_detail = sources(&product(&house, style));
        assert_eq!(with_detail.len(), 3, "{with_detail:?}");
        assert!(with_detail.contains(&"https://images.example/model.jpg".to_owned()));
        assert!(!with_detail.contains(&before.images[1].source), "what the shop took down stays down");

        // The same picture at another address is the same picture.
        office.set_image(style, 3, "https://cdn.example/moved/detail.jpg", "sha256:detail").await.unwrap();
        office.set_brand(style, "Kererū").await.unwrap();
        house.rest().await;
        assert!(shop.files().iter().all(|file: &ShopFile| file.fetched == 1), "{:?}", shop.files());
        assert_eq!(sources(&product(&house, style)), with_detail);

        office.remove_image(style, 3).await.unwrap();
        house.rest().await;
        let left = sources(&product(&house, style));
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(!left.contains(&"https://images.example/detail.jpg".to_owned()));
        house.keeps_its_promises(0).await;
    }

    async fn a_picture_that_cannot_be_fetched_does_not_keep_a_product_off_the_web(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (office, style) = (&house.town().office, &house.town().assortment.active[0]);
        office.set_image(style, 3, "https://images.example/broken.jpg", "sha256:broken").await.unwrap();
        office.set_brand(style, "Kererū").await.unwrap();
        house.rest().await;
        let shown = product(&house, style);
        assert_eq!((shown.vendor.as_str(), shown.images.len()), ("Kererū", 2));
        house.keeps_its_promises(0).await;
    }

    /// The bridge is replaced while the shop is still at it.
    // proves F-349
    async fn a_large_product_is_written_in_the_background_and_survives_a_restart(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let style = StyleCode::parse("WALL").unwrap();
        let before = calls(&house, "productSet");
        let skus = house.town().office.add_style(&style, 20, 15, money(&house, "12.00")).await.unwrap();
        house.until("the shop has begun", async || calls(&house, "productOperation") > 0).await;
        house.stop().await;
        house.start().await;
        house.rest().await;
        let shown = product(&house, &style);
        assert_eq!(shown.variants.len(), 300);
        assert!(shown.is_visible());
        assert_eq!(calls(&house, "productSet") - before, 1, "asked for once, then only looked after");
        house.town().office.receive_goods(&skus[299], &BranchCode::parse("WEB").unwrap(), 4).await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.stock(skus[299].as_str(), "WEB").unwrap().on_hand, 4);
        house.keeps_its_promises(0).await;
    }

    async fn more_variants_than_a_shop_takes_wait_for_a_person_with_both_figures(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let style = StyleCode::parse("CARPET").unwrap();
        house.town().office.add_style(&style, 45, 46, money(&house, "12.00")).await.unwrap();
        house.until("somebody is told", async || !house.dead_letters().await.is_empty()).await;
        let letters = house.dead_letters().await;
        assert!(letters[0].reason.contains("2070 variants") && letters[0].reason.contains("2048"), "{}", letters[0].reason);
        house.town().office.delete_style(&style).await.unwrap();
        house.journal().discard_dead(&[letters[0].id.clone()], "ana", "split into two styles").await.unwrap();
        house.rest().await;
        house.stop().await;
    }

    // proves F-356
    async fn a_new_sku_for_the_same_colour_and_size_keeps_the_variant_and_its_stock(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style);
        let old = before.variants[0].clone();
        let option = |name: &str| old.option(name).map(str::to_owned);
        let new = NewVariant {
            sku: Sku::parse("TEE-NEW-CODE").unwrap(),
            colour: option("Colour"),
            size: option("Size"),
            barcode: old.barcode.clone(),
            retail: money(&house, "39.90"),
        };
        // In two steps somebody may look between them, and the old one would be gone from the shop before the new one came.
        office.replace_variant(&Sku::parse(old.sku.as_ref().unwrap()).unwrap(), style, &new).await.unwrap();
        office.rename(style, "Tee, renamed").await.unwrap();
        office.receive_goods(&new.sku, &BranchCode::parse("WEB").unwrap(), 3).await.unwrap();
        office.receive_goods(&new.sku, &BranchCode::parse("AKL").unwrap(), 2).await.unwrap();
        house.rest().await;
        let after = product(&house, style);
        assert_eq!((after.id, after.variants.len()), (before.id, before.variants.len()));
        assert_eq!(shop.variant("TEE-NEW-CODE").unwrap().ids.variant, old.id);
        assert_eq!(shop.stock("TEE-NEW-CODE", "WEB").unwrap().on_hand, 3);
        house.keeps_its_promises(0).await;
    }

    // proves F-011 F-344
    async fn branches_get_locations_where_the_channel_asks_for_them(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().catalogue.create_locations = true;
        let wellington = |name: &str| Branch {
            code: BranchCode::parse("WLG").unwrap(),
            name: name.to_owned(),
            line1: Some("1 Quay".to_owned()),
            city: Some("Wellington".to_owned()),
            postcode: None,
            country: Some("NZ".to_owned()),
            closed: false,
        };
        house.town().office.set_branch(&wellington("Wellington")).await.unwrap();
        house.opens().await;
        let names = || house.town().shop.locations().into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(), ["WEB", "AKL", "Wellington"], "two were mapped, one was made");
        let made = house.town().shop.locations()[2].0;
        let sku = &house.town().assortment.skus[0];
        let there = house.pieces(sku.as_str(), "WLG").await;
        assert!(there > 0);
        assert_eq!(house.town().shop.stock(sku.as_str(), "Wellington").unwrap().on_hand, there);
        house.town().office.set_branch(&wellington("Wellington Harbour")).await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.locations()[2], (made, "Wellington Harbour".to_owned()));
        house.keeps_its_promises(0).await;
    }

    // proves F-344
    async fn branches_are_left_alone_unless_the_channel_asks(deployment: Deployment) {
        let house = House::open(deployment).await;
        assert_eq!(house.town().shop.locations().len(), 2);
        let counts = house.journal().counts().await.unwrap();
        assert_eq!(counts.handlings["location"]["ignored"], 3, "each with its reason");
        house.keeps_its_promises(0).await;
    }
}
