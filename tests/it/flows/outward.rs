//! What changes in the office is shown on the web.

use jiff::{SignedDuration, Timestamp};
use tillbridge::domain::{BranchCode, Money, Sku, StyleCode};
use tillbridge::flow::poll;
use tillbridge::office::ChangeKind;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::office::NewVariant;
use tillbridge::sandbox::shopify::Product;

use crate::support::house::{Deployment, House, on_both_deployments};

/// The product of a style, where the shop has it.
fn product(house: &House, style: &StyleCode) -> Option<Product> {
    house.town().shop.product_by_pos_key("tillbridge", "style", style.as_str())
}

/// SKUs of a product, in the shop's order.
fn skus(product: &Product) -> Vec<Sku> {
    product.variants.iter().map(|variant| Sku::parse(variant.sku.as_ref().unwrap()).unwrap()).collect()
}

fn branch(code: &str) -> BranchCode {
    BranchCode::parse(code).unwrap()
}

fn price(house: &House, text: &str) -> Money {
    Money::parse(text, house.town().shop.catalogue()[0].price.currency()).unwrap()
}

on_both_deployments! {
    // proves F-326 F-340 F-342 F-348 F-349 F-350
    async fn a_style_that_goes_online_appears_with_its_variants_prices_and_stock(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let style = house.town().assortment.active[0].clone();
        house.town().office.set_internet_active(&style, false).await.unwrap();
        house.opens().await;
        assert_eq!(product(&house, &style), None, "what is not for the web never gets there");
        house.town().office.set_internet_active(&style, true).await.unwrap();
        house.rest().await;
        let shown = product(&house, &style).unwrap();
        assert!(shown.is_visible());
        assert_eq!(shown.options.iter().map(|option| option.name.as_str()).collect::<Vec<_>>(), ["Colour", "Size"]);
        let mut shown_skus = skus(&shown);
        let mut ours: Vec<Sku> =
            house.town().assortment.skus.iter().filter(|sku| sku.as_str().starts_with(style.as_str())).cloned().collect();
        shown_skus.sort();
        ours.sort();
        assert_eq!(shown_skus, ours);
        assert_eq!(ours.len(), 9);
        for sku in &ours {
            let variant = house.town().shop.variant(sku.as_str()).unwrap();
            assert_eq!((variant.price, variant.compare_at), (price(&house, "39.90"), None));
            assert!(variant.tracked && variant.barcode.is_some());
            let there = house.pieces(sku.as_str(), "WEB").await;
            assert!(there > 0);
            assert_eq!(house.town().shop.stock(sku.as_str(), "WEB").unwrap().on_hand, there);
        }
        house.keeps_its_promises(0).await;
    }

    // proves F-287 F-288 F-289
    async fn a_sale_price_strikes_the_former_one_through_until_it_ends(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[0];
        let shown = |sku: &Sku| shop.variant(sku.as_str()).map(|variant| (variant.price, variant.compare_at)).unwrap();
        office.set_price(sku, price(&house, "50.00")).await.unwrap();
        house.rest().await;
        assert_eq!(shown(sku), (price(&house, "50.00"), None));
        office.set_sale(sku, Some(price(&house, "35.50")), None, None).await.unwrap();
        house.rest().await;
        assert_eq!(shown(sku), (price(&house, "35.50"), Some(price(&house, "50.00"))));
        office.set_sale(sku, None, None, None).await.unwrap();
        house.rest().await;
        assert_eq!(shown(sku), (price(&house, "50.00"), None));
        house.keeps_its_promises(0).await;
    }

    /// Nobody touches the price when its sale begins or ends.
    // proves F-289
    async fn a_sale_begins_and_ends_at_its_times_by_itself(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[0];
        let (retail, sale) = (price(&house, "39.90"), price(&house, "30.00"));
        let shown = || shop.variant(sku.as_str()).map(|variant| (variant.price, variant.compare_at)).unwrap();
        assert_eq!(shown(), (retail, None));
        let soon = || Timestamp::now() + SignedDuration::from_secs(2);
        office.set_sale(sku, Some(sale), Some(soon()), None).await.unwrap();
        house.until("the sale begins", async || shown() == (sale, Some(retail))).await;
        office.set_sale(sku, Some(sale), None, Some(soon())).await.unwrap();
        house.until("the sale ends", async || shown() == (retail, None)).await;
        house.keeps_its_promises(0).await;
    }

    // proves F-296 F-328 F-355
    async fn what_the_shop_made_of_a_product_survives_a_change_in_the_office(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style).unwrap();
        shop.edit_title(before.id, "The tee of teas").await.unwrap();
        shop.edit_description(before.id, "<p>Soft.</p>").await.unwrap();
        shop.add_image(before.id, "https://images.example/model.jpg").await.unwrap();
        let edited = product(&house, style).unwrap();
        office.rename(style, "Tee, second series").await.unwrap();
        office.add_image(style, 3, "https://images.example/till.jpg").await.unwrap();
        office.rename_category("TOPS", "Shirts").await.unwrap();
        house.rest().await;
        let after = product(&house, style).unwrap();
        assert_eq!(after.product_type, "Shirts", "the office's own fields do follow");
        assert_eq!((&after.title, &after.description), (&edited.title, &edited.description));
        assert_eq!(after.images[..3], edited.images, "the shop's own picture is among them");
        assert_eq!(after.images.len(), 4, "and the office's new one beside them");
        house.keeps_its_promises(0).await;
    }

    // proves F-326
    async fn a_style_taken_off_the_web_is_a_draft_and_comes_back_as_it_is_by_then(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let online = product(&house, style).unwrap();
        let sku = &skus(&online)[0];
        office.set_internet_active(style, false).await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, style).unwrap().status, "DRAFT");
        office.set_price(sku, price(&house, "44.00")).await.unwrap();
        office.sell_at_till(sku, &branch("WEB"), 3).await.unwrap();
        house.rest().await;
        office.set_internet_active(style, true).await.unwrap();
        house.rest().await;
        let back = product(&house, style).unwrap();
        assert_eq!((back.id, back.is_visible()), (online.id, true), "it is the same product, with what the shop made of it");
        assert_eq!(shop.variant(sku.as_str()).unwrap().price, price(&house, "44.00"));
        assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        house.keeps_its_promises(0).await;
    }

    // proves F-349 F-356
    async fn variants_come_and_go_with_the_office(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style).unwrap();
        let gone = skus(&before)[0].clone();
        let new = NewVariant {
            sku: Sku::parse("TEE-RED-S").unwrap(),
            colour: Some("Red".to_owned()),
            size: Some("S".to_owned()),
            barcode: Some("2900000099990".to_owned()),
            retail: price(&house, "41.00"),
        };
        office.add_variant(style, &new).await.unwrap();
        office.receive_goods(&new.sku, &branch("AKL"), 7).await.unwrap();
        office.remove_variant(&gone).await.unwrap();
        house.rest().await;
        let after = product(&house, style).unwrap();
        assert_eq!(after.id, before.id);
        assert_eq!(after.variants.len(), before.variants.len());
        assert_eq!(shop.variant(gone.as_str()), None);
        let shown = shop.variant("TEE-RED-S").unwrap();
        assert_eq!((shown.price, shown.barcode), (new.retail, new.barcode));
        assert_eq!(shop.stock("TEE-RED-S", "AKL").unwrap().on_hand, 7);
        for kept in after.variants.iter().filter(|variant| variant.sku.as_deref() != Some("TEE-RED-S")) {
            assert!(before.variant(kept.id).is_some(), "what was there keeps its id, and so its carts and links");
        }
        house.keeps_its_promises(0).await;
    }

    /// The office decides what is on the web.
    async fn a_product_deleted_at_the_shop_comes_back_whole_with_the_next_change(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style).unwrap();
        shop.delete_product(before.id).await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, style), None);
        office.rename(style, "Tee, once more").await.unwrap();
        house.rest().await;
        let after = product(&house, style).unwrap();
        assert!(after.is_visible());
        assert_eq!(after.title, "Tee, once more");
        for sku in skus(&after) {
            for place in ["WEB", "AKL"] {
                let shown = shop.stock(sku.as_str(), place).unwrap().on_hand;
                assert_eq!(shown, house.pieces(sku.as_str(), place).await, "{sku} at {place}");
            }
        }
        let sku = &skus(&after)[0];
        office.sell_at_till(sku, &branch("WEB"), 1).await.unwrap();
        house.keeps_its_promises(0).await;
    }

    /// There is no place for the figure until the product is back; then it is shown.
    async fn a_till_sale_of_a_product_deleted_at_the_shop_is_not_forgotten(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = &house.town().assortment.active[0];
        let before = product(&house, style).unwrap();
        let sku = &skus(&before)[0];
        shop.delete_product(before.id).await.unwrap();
        office.sell_at_till(sku, &branch("WEB"), 1).await.unwrap();
        house.rest().await;
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].action.contains("changing its style in the office"), "{}", letters[0].action);
        office.rename(style, "Tee, once more").await.unwrap();
        house.rest().await;
        assert_eq!(house.journal().retry_dead(&[letters[0].id.clone()], "ana").await.unwrap(), 1);
        house.rest().await;
        assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        house.keeps_its_promises(0).await;
    }

    // proves F-016 F-251 F-343 F-362
    async fn a_till_sale_lowers_web_stock_with_one_write_and_no_echo(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        shop.echo_own_writes(true);
        let sku = &house.town().assortment.skus[0];
        let (before, writes) = (house.pieces(sku.as_str(), "AKL").await, shop.writes().len());
        office.sell_at_till(sku, &branch("AKL"), 2).await.unwrap();
        house.rest().await;
        assert_eq!(shop.stock(sku.as_str(), "AKL").unwrap().on_hand, before - 2);
        let new: Vec<_> = shop.writes().drain(writes..).map(|write| (write.what, write.entity)).collect();
        assert_eq!(new.len(), 1, "{new:?}");
        // The shop has told of our write by now; a second rest shows that it moved nothing.
        house.rest().await;
        assert_eq!(shop.writes().len(), writes + 1);
        assert_eq!(house.pieces(sku.as_str(), "AKL").await, before - 2);
        house.keeps_its_promises(0).await;
    }

    /// F-362.
    async fn a_burst_of_changes_is_shown_in_few_calls_each_with_its_newest_figure(deployment: Deployment) {
        let plan = TownPlan { styles: 12, ..TownPlan::new("kiwi") };
        let house = House::open_with(deployment, vec![plan]).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let (journal, channel) = (house.journal(), &house.town().channel);
        // Held back, so that how fast this machine is does not decide how much comes together.
        journal.pause(&channel.name, "stocktaking").await.unwrap();
        let (writes, calls) = (shop.writes().len(), shop.api_calls().of("inventorySetQuantities").calls);
        let skus = &house.town().assortment.skus[..40];
        let adapter = &house.bridge.as_ref().unwrap().stage.sides.offices[&channel.office];
        for _ in 0..3 {
            for sku in skus {
                office.sell_at_till(sku, &branch("WEB"), 1).await.unwrap();
            }
            house.until("the office shows the changes", async || office.is_settled().await.unwrap()).await;
            poll::once(journal, adapter.as_ref(), ChangeKind::Stock).await.unwrap();
            house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
        }
        house.until("all changes are events", async || {
            let counts = journal.counts().await.unwrap();
            counts.deliveries.get("new").copied().unwrap_or(0) == 0 && counts.handlings_in("published") == 0
        }).await;
        assert!(journal.counts().await.unwrap().handlings_in("ready") >= 120);
        assert_eq!(shop.writes().len(), writes, "nothing is written for a paused channel");
        journal.resume(&channel.name).await.unwrap();
        house.rest().await;
        let calls = shop.api_calls().of("inventorySetQuantities").calls - calls;
        // On an idle machine one or two; a busy one hands the changes over in more pieces.
        assert!((1..=24).contains(&calls), "{calls} calls for 120 changes of 40 figures");
        for sku in skus {
            let there = house.pieces(sku.as_str(), "WEB").await;
            assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, there);
        }
        house.keeps_its_promises(0).await;
    }

    async fn a_branch_that_is_not_mapped_is_not_shown(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[0];
        let (writes, before) = (shop.writes(), house.journal().counts().await.unwrap());
        office.sell_at_till(sku, &branch("WLG"), 2).await.unwrap();
        house.rest().await;
        assert_eq!(shop.writes(), writes);
        let after = house.journal().counts().await.unwrap();
        assert_eq!(after.handlings["stock"]["ignored"] - before.handlings["stock"]["ignored"], 1, "with its reason");
        house.keeps_its_promises(0).await;
    }

    /// F-361: fewer pieces than there should be may be a sale nobody has told of yet, so no more are shown for now.
    async fn a_figure_lowered_at_the_shop_is_never_raised_blindly(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let (shop, office) = (house.town().shop.clone(), house.town().office.clone());
        let sku = &house.town().assortment.skus[0].clone();
        shop.correct_stock(sku.as_str(), "WEB", 3).await.unwrap();
        house.rest().await;
        assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, 3, "a webhook of stock is no news for the office");
        office.sell_at_till(sku, &branch("WEB"), 1).await.unwrap();
        let shown = || shop.stock(sku.as_str(), "WEB").unwrap().on_hand;
        house.until("the till's sale comes off what the shop shows", async || shown() == 2).await;
        // An attempt whose lease ran out before it was settled would leave it open who wrote the figure.
        let running = async || house.journal().counts().await.unwrap().handlings_in("running");
        house.until("the write is settled", async || running().await == 0).await;
        // What might have been sold is looked for until its news must have been lost.
        house.time_passes(1);
        house.rest().await;
        assert_eq!(shown(), 2);
        house.stop().await;
    }
}
