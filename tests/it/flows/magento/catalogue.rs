//! Products on their way to Magento: what appears, what follows, and what stays the shop's.

use serde_json::{Value, json};
use tillbridge::domain::{Money, Sku, StyleCode};
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::magento2::{MagentoFault, MagentoProduct};
use tillbridge::sandbox::office::NewVariant;
use tillbridge::storefront::Texts;

use crate::support::house::{Deployment, House, on_both_deployments};

fn product(house: &House, sku: &str) -> MagentoProduct {
    house.magento().shop.product(sku).unwrap_or_else(|| panic!("{sku} is not at the shop"))
}

fn text(product: &MagentoProduct, attribute: &str) -> Option<String> {
    product.values.get(&0)?.get(attribute)?.as_str().map(str::to_owned)
}

/// The label of a product's option.
fn label(house: &House, product: &MagentoProduct, attribute: &str) -> Option<String> {
    let id: u64 = text(product, attribute)?.parse().unwrap();
    house.magento().shop.options_of(attribute).into_iter().find(|(known, _)| *known == id).map(|(_, label)| label)
}

/// The first style of a kind.
fn style(house: &House, kind: &str) -> StyleCode {
    house.magento().assortment.active.iter().find(|style| style.as_str().starts_with(kind)).unwrap().clone()
}

/// What was written at the shop since, without what a person did there.
fn written(house: &House, since: usize) -> Vec<String> {
    house.magento().shop.writes()[since..].iter().map(|write| format!("{} {}", write.what, write.entity)).collect()
}

fn nzd(amount: &str) -> Money {
    Money::parse(amount, tillbridge::domain::Currency::parse("NZD").unwrap()).unwrap()
}

on_both_deployments! {
    // proves F-290 F-295 F-325 F-326 F-329 F-330 F-331 F-332 F-333 F-334
    async fn the_catalogue_appears_simple_or_configurable_with_all_the_office_says(deployment: Deployment) {
        let mut house = House::build_magento(deployment, TownPlan { styles: 10, ..TownPlan::new("kauri") }).await;
        house.opens().await;
        let (shop, assortment) = (&house.magento().shop, &house.magento().assortment);

        let tee = product(&house, style(&house, "TEE").as_str());
        assert_eq!((tee.kind.as_str(), tee.enabled, tee.children.len()), ("configurable", true, 9));
        assert!(text(&tee, "name").unwrap().contains("Tee") && text(&tee, "description").unwrap().contains("<p>"));
        let child = product(&house, &tee.children[0]);
        assert_eq!((label(&house, &child, "color").as_deref(), label(&house, &child, "size").as_deref()), (Some("Black"), Some("S")));
        assert_eq!(child.price, Some("39.90".parse().unwrap()));
        assert_eq!(child.values[&0]["visibility"], json!(1), "found through the product it belongs to");
        assert_eq!(tee.categories.len(), 1);
        assert_eq!(tee.pictures.len(), 2, "both of the office's, each once");
        assert_ne!(tee.pictures[0].1, tee.pictures[1].1);

        let mug = product(&house, style(&house, "MUG").as_str());
        assert_eq!((mug.kind.as_str(), mug.enabled, mug.price), ("simple", true, Some("38.50".parse().unwrap())));
        for attribute in ["color", "size"] {
            assert_eq!(text(&mug, attribute), None, "what does not exist is not made up");
            let labels: Vec<String> = shop.options_of(attribute).into_iter().map(|(_, label)| label).collect();
            let mut once = labels.clone();
            once.sort();
            once.dedup();
            assert_eq!(labels.len(), once.len(), "an option is made once, however many products need it: {labels:?}");
        }
        let keys: Vec<String> = shop.products().iter().filter_map(|product| text(product, "url_key")).collect();
        let unique: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(unique.len(), shop.products().len(), "every product has an address of its own");
        assert_eq!(assortment.inactive.len(), 1);
        for hidden in &assortment.inactive {
            assert_eq!(shop.product(hidden.as_str()), None, "what is not for the web is not there");
        }
        house.keeps_its_promises(0).await;
    }

    // proves F-328
    async fn what_people_at_the_shop_make_of_a_product_is_kept(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let tee = style(&house, "TEE");
        for (attribute, value) in [("name", "Our finest tee"), ("description", "<p>Soft.</p>"), ("short_description", "Soft"), ("meta_title", "Tee")] {
            shop.set_value(tee.as_str(), 0, attribute, json!(value)).await.unwrap();
        }
        office.rename(&tee, "By the office").await.unwrap();
        office.set_description(&tee, "<p>By the office.</p>").await.unwrap();
        house.rest().await;
        let after = product(&house, tee.as_str());
        let said = ["name", "description", "short_description", "meta_title"].map(|attribute| text(&after, attribute).unwrap());
        assert_eq!(said, ["Our finest tee", "<p>Soft.</p>", "Soft", "Tee"]);
        house.keeps_its_promises(0).await;
    }

    async fn texts_follow_the_office_where_the_channel_says_always(deployment: Deployment) {
        let mut house = House::build_magento(deployment, tillbridge::rehearsal::TownPlan::new("kauri")).await;
        house.rules().catalogue.texts = Texts::Always;
        house.opens().await;
        let mug = style(&house, "MUG");
        house.magento().shop.set_value(mug.as_str(), 0, "short_description", json!("Holds tea")).await.unwrap();
        house.magento().office.rename(&mug, "By the office").await.unwrap();
        house.rest().await;
        let after = product(&house, mug.as_str());
        assert_eq!((text(&after, "name").as_deref(), text(&after, "short_description").as_deref()), (Some("By the office"), Some("Holds tea")));
        house.keeps_its_promises(0).await;
    }

    // proves F-326
    async fn what_is_no_longer_for_the_web_is_disabled_and_comes_back_as_it_was(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let office = &house.magento().office;
        let tee = style(&house, "TEE");
        let before = product(&house, tee.as_str());
        office.set_internet_active(&tee, false).await.unwrap();
        house.rest().await;
        assert!(!product(&house, tee.as_str()).enabled, "disabled, not deleted");
        office.set_internet_active(&tee, true).await.unwrap();
        house.rest().await;
        let after = product(&house, tee.as_str());
        assert_eq!((after.enabled, after.id, after.children), (true, before.id, before.children));
        house.keeps_its_promises(0).await;
    }

    // proves F-327 F-331
    async fn a_product_moves_with_its_category_and_a_category_with_its_name(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let tee = style(&house, "TEE");
        let before = product(&house, tee.as_str()).categories;
        office.add_category("SALE", "Offers > Clearance").await.unwrap();
        office.set_category(&tee, "SALE").await.unwrap();
        house.rest().await;
        let moved = product(&house, tee.as_str()).categories;
        assert!(moved.len() == 1 && moved != before, "{before:?} then {moved:?}");

        // The office renames it: the same category, elsewhere in the tree.
        office.rename_category("SALE", "Last chance").await.unwrap();
        house.rest().await;
        assert_eq!(product(&house, tee.as_str()).categories, moved);
        assert_eq!(shop.writes().iter().filter(|write| write.what == "category moved").count(), 1);
        house.keeps_its_promises(0).await;
    }

    async fn a_size_that_comes_joins_its_product_and_one_that_goes_is_disabled(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let office = &house.magento().office;
        let jeans = style(&house, "JEAN");
        let gone = product(&house, jeans.as_str()).children[0].clone();
        let new = NewVariant {
            sku: Sku::parse(format!("{jeans}-36")).unwrap(),
            colour: Some("Indigo".into()),
            size: Some("36".into()),
            barcode: None,
            retail: nzd("129.00"),
        };
        office.add_variant(&jeans, &new).await.unwrap();
        office.remove_variant(&Sku::parse(gone.clone()).unwrap()).await.unwrap();
        house.rest().await;
        let after = product(&house, jeans.as_str());
        assert!(after.children.contains(&new.sku.to_string()) && !after.children.contains(&gone), "{:?}", after.children);
        assert!(!product(&house, &gone).enabled, "disabled, not deleted");
        house.keeps_its_promises(0).await;
    }

    /// What the office keeps for itself, and what the shop has already, costs no write.
    async fn an_unchanged_product_is_not_written_again(deployment: Deployment) {
        let mut house = House::open_magento(deployment).await;
        let mug = style(&house, "MUG");
        let before = house.magento().shop.writes().len();
        house.magento().office.set_field(&mug, "cost", "7.10").await.unwrap();
        house.rest().await;
        house.stop().await;
        house.opens().await;
        assert_eq!(written(&house, before), Vec::<String>::new());
        house.keeps_its_promises(0).await;
    }

    /// The answer is lost after the shop has saved, locks collide, the shop is closed for a while: nothing is there twice.
    async fn a_shop_in_trouble_gets_every_product_once(deployment: Deployment) {
        let mut house = House::build_magento(deployment, tillbridge::rehearsal::TownPlan::new("kauri")).await;
        let shop = house.magento().shop.clone();
        shop.fail_sometimes(Some("POST products"), MagentoFault::ResetAfterCommit, 150);
        shop.fail_sometimes(None, MagentoFault::Deadlock, 30);
        house.opens().await;
        shop.clear_faults();
        house.rest().await;
        let tee = product(&house, style(&house, "TEE").as_str());
        assert_eq!((tee.children.len(), tee.pictures.len()), (9, 2), "no picture twice: {:?}", tee.pictures);
        for attribute in ["color", "size"] {
            let mut labels: Vec<String> = shop.options_of(attribute).into_iter().map(|(_, label)| label).collect();
            let all = labels.len();
            labels.sort();
            labels.dedup();
            assert_eq!(labels.len(), all, "no option twice");
        }
        house.keeps_its_promises(0).await;
    }

    // proves F-295
    async fn pictures_come_once_and_go_with_the_office(deployment: Deployment) {
        let mut house = House::build_magento(deployment, tillbridge::rehearsal::TownPlan::new("kauri")).await;
        // Where the office keeps its pictures is closed: products appear all the same.
        house.magento().pictures.as_ref().unwrap().close(true);
        house.start().await;
        let mug = style(&house, "MUG");
        house.until("the mug is there", async || house.magento().shop.product(mug.as_str()).is_some()).await;
        house.magento().pictures.as_ref().unwrap().close(false);
        house.rest().await;
        let files = |house: &House| product(house, mug.as_str()).pictures.into_iter().map(|(file, _)| file).collect::<Vec<_>>();
        assert_eq!(files(&house).len(), 2);
        let fetched = house.magento().pictures.as_ref().unwrap().handed_out();

        let office = &house.magento().office;
        office.rename(&mug, "Another name").await.unwrap();
        office.remove_image(&mug, 1).await.unwrap();
        house.rest().await;
        assert_eq!(files(&house).len(), 1, "the one the office took away is gone");
        assert_eq!(house.magento().pictures.as_ref().unwrap().handed_out(), fetched, "and none was fetched again");
        house.keeps_its_promises(0).await;
    }

    async fn a_product_deleted_by_mistake_comes_back_with_its_stock(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let mug = style(&house, "MUG");
        let before = house.magento().shop.pieces(mug.as_str(), "WEB");
        assert!(before > 0);
        house.magento().shop.delete_product(mug.as_str()).await.unwrap();
        house.magento().office.rename(&mug, "Mug, again").await.unwrap();
        house.rest().await;
        assert!(product(&house, mug.as_str()).enabled);
        assert_eq!(house.magento().shop.pieces(mug.as_str(), "WEB"), before);
        house.keeps_its_promises(0).await;
    }

    /// A store view's own words stay its own: the catalogue is written for all of them.
    async fn a_store_views_own_values_are_left_alone(deployment: Deployment) {
        let house = House::open_magento(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let mug = style(&house, "MUG");
        shop.set_value(mug.as_str(), 1, "name", json!("Becher")).await.unwrap();
        office.add_category("SALE", "Clearance").await.unwrap();
        office.set_category(&mug, "SALE").await.unwrap();
        house.rest().await;
        let after = product(&house, mug.as_str());
        let own: Vec<&Value> = after.values.get(&1).into_iter().flat_map(|values| values.values()).collect();
        assert_eq!(own, [&json!("Becher")], "nothing else was frozen into the view");
        house.keeps_its_promises(0).await;
    }
}
