//! Pieces of a shop's day, which between them take every step of every handler. Each may be played any number of times.
//! [`super::outages`] has those in which somebody does not answer, [`super::aftermath`] those after the day's work.

use std::collections::BTreeMap;
use std::time::Duration;

use tillbridge::domain::{Branch, BranchCode, Money, StyleCode};
use tillbridge::office::ChangeKind;
use tillbridge::policy::{CustomerRules, ReceiveCustomers};
use tillbridge::rehearsal::{PRICE_LISTS, Side, TownPlan};
use tillbridge::sandbox::magento2 as magento;
use tillbridge::sandbox::shopify::lives::{
    BuyerPlan, EditPlan, LinePlan, OrderPlan, PaymentPlan, RefundLedger, RefundPlan, Restock,
};
use tillbridge::storefront::{CategoryAs, ListPrice};

use crate::flows::by_hand::order_of;
use crate::support::gate::Disturbance;
use crate::support::house::{Deployment, House};

/// See the module.
pub trait Scene: Default {
    const NAME: &'static str;
    /// Whether what the shop did is found by asking, since it does not call again when it was not heard.
    const ASKS: bool = false;
    /// Whether so much happens that not every step is disturbed each time.
    const TAKES_LONG: bool = false;
    /// The functions it is there for, where other scenes take all its other steps.
    const ITS_OWN: &[&str] = &[];
    /// What befalls the bridge each time, whatever else does.
    const MISHAP: Option<(&'static str, Disturbance)> = None;

    /// The house it is played in, whose bridge has not been started.
    async fn build(deployment: Deployment) -> House;

    /// What people at the shop and in the office do.
    async fn plays(&mut self, house: &House, round: usize);

    /// What people do when they find the channel paused, work held, or dead letters.
    async fn mends(_house: &House) {}
}

pub(super) async fn small_house(deployment: Deployment) -> House {
    House::build(deployment, vec![TownPlan { styles: 2, ..TownPlan::new("kiwi") }]).await
}

pub(super) fn web() -> BranchCode {
    BranchCode::parse("WEB").unwrap()
}

/// A branch with the address a shop asks for.
fn branch(code: &str) -> Branch {
    Branch {
        code: BranchCode::parse(code).unwrap(),
        name: code.to_owned(),
        line1: Some("1 Quay".to_owned()),
        city: Some("Wellington".to_owned()),
        postcode: None,
        country: Some("NZ".to_owned()),
        closed: false,
    }
}

pub(super) fn nzd(cents: usize) -> Money {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    Money::parse(&text, tillbridge::domain::Currency::parse("NZD").unwrap()).unwrap()
}

fn pays(gateway: &str, amount: i64) -> PaymentPlan {
    PaymentPlan { gateway: gateway.to_owned(), amount }
}

/// Orders that are shipped, edited, cancelled and given back, and a till that sells the same things.
#[derive(Default)]
pub struct Sales;

impl Scene for Sales {
    const NAME: &'static str = "sales";

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[round % 3];
        office.receive_goods(sku, &web(), 20).await.unwrap();
        // With two ways of paying, the shop is asked what each has paid.
        let mut split = order_of(house, &[1]);
        split.payments = vec![pays("shopify_payments", split.totals().to_pay - 100), pays("paypal", 100)];
        let split = shop.place_order(&split).await.unwrap();
        shop.fulfil(split).await.unwrap();
        let plan = order_of(house, &[2]);
        let shipped = shop.place_order(&plan).await.unwrap();
        shop.fulfil(shipped).await.unwrap();
        let ledger = RefundLedger::new(&plan);
        let lines = vec![ledger.pieces_of(0, 1, Restock::Return { location: 0 })];
        shop.refund(shipped, &ledger.paid(RefundPlan { lines, ..RefundPlan::default() })).await.unwrap();
        let edited = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.fulfil(edited).await.unwrap();
        let added = LinePlan::goods(&shop.catalogue()[1], 1);
        let price = added.amount();
        shop.edit_order(edited, &EditPlan { add: vec![added], ..EditPlan::default() }).await.unwrap();
        shop.pay(edited, pays("paypal", price)).await.unwrap();
        shop.fulfil(edited).await.unwrap();
        let cancelled = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.cancel(cancelled).await.unwrap();
        office.sell_at_till(sku, &web(), 1).await.unwrap();
    }
}

/// Products that come, change and go, with prices, pictures, categories and branches.
#[derive(Default)]
pub struct Catalogue {
    /// The style that came last and goes next.
    last: Option<StyleCode>,
}

impl Scene for Catalogue {
    const NAME: &'static str = "catalogue";

    async fn build(deployment: Deployment) -> House {
        let mut house = small_house(deployment).await;
        let rules = house.rules();
        rules.catalogue.category = CategoryAs::Collection;
        rules.catalogue.create_locations = true;
        let list = format!("gid://shopify/PriceList/{}", PRICE_LISTS[0].0);
        rules.prices.lists = BTreeMap::from([(list, ListPrice::Same)]);
        house.town().office.set_branch(&branch("WLG")).await.unwrap();
        house
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let office = &house.town().office;
        let style = &house.town().assortment.active[0];
        let sku = &house.town().assortment.skus[0];
        office.rename(style, &format!("The {round}th")).await.unwrap();
        office.set_price(sku, nzd(1_000 + round)).await.unwrap();
        office
            .set_image(style, 3, &format!("https://images.example/{round}.jpg"), &format!("sha256:{round}"))
            .await
            .unwrap();
        let category = format!("GROUP{round}");
        office.add_category(&category, &category).await.unwrap();
        office.set_category(style, &category).await.unwrap();
        // A shop has only so many places: branches that are there already are given another name.
        let mut moved = branch(&format!("B{}", round % 9));
        moved.name = format!("The {round}th");
        office.set_branch(&moved).await.unwrap();
        let passing = StyleCode::parse(format!("PASSING{round}")).unwrap();
        office.add_style(&passing, 1, 1, nzd(1_200)).await.unwrap();
        let last = self.last.replace(passing).unwrap_or_else(|| house.town().assortment.active[1].clone());
        office.delete_style(&last).await.unwrap();
    }
}

/// A new product that is too large to be waited for.
#[derive(Default)]
pub struct Large;

impl Scene for Large {
    const NAME: &'static str = "large";
    const TAKES_LONG: bool = true;

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let wall = StyleCode::parse(format!("WALL{round}")).unwrap();
        house.town().office.add_style(&wall, 20, 15, nzd(1_200)).await.unwrap();
    }
}

/// Enough new products to be handed over in bulk.
#[derive(Default)]
pub struct Load;

impl Scene for Load {
    const NAME: &'static str = "load";
    const TAKES_LONG: bool = true;

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let style = |number| StyleCode::parse(format!("LOAD{round}X{number}")).unwrap();
        let styles: Vec<StyleCode> = (0..40).map(style).collect();
        // Only what comes together goes in bulk.
        house.town().office.add_styles(&styles, 1, 1, nzd(1_200)).await.unwrap();
    }
}

/// Customers of both sides, and accounts that become one.
#[derive(Default)]
pub struct Customers;

impl Scene for Customers {
    const NAME: &'static str = "customers";

    async fn build(deployment: Deployment) -> House {
        let mut house = small_house(deployment).await;
        house.rules().customers = CustomerRules { receive: ReceiveCustomers::Always, ..CustomerRules::default() };
        house.rules().every.insert(ChangeKind::Customers, Duration::from_millis(100));
        house
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        let email = |name: &str| Some(format!("{name}{round}@example.com"));
        let number = office.add_customer(email("ana").as_deref(), true).await.unwrap();
        office.rename_customer(number, "Ana", "Ngata", None).await.unwrap();
        office.add_address(number, "8 Test Quay", "Auckland", "NZ").await.unwrap();
        let kept = shop.edit_customer(None, |new| new.email = email("bob")).await.unwrap();
        let gone = shop.edit_customer(None, |new| new.email = email("bobby")).await.unwrap();
        assert!(shop.merge_customers(kept, gone).await);
    }
}

/// Requests about personal data.
#[derive(Default)]
pub struct Requests;

impl Scene for Requests {
    const NAME: &'static str = "requests";

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let shop = &house.town().shop;
        let id = 706_405_506_930_370_084 + u64::try_from(round).unwrap();
        let buyer = BuyerPlan::Account { id, person: 7 };
        let order = shop.place_order(&OrderPlan { buyer, ..order_of(house, &[1]) }).await.unwrap();
        shop.fulfil(order).await.unwrap();
        shop.request_data(id, Some("buyer7@example.com"), None, &[order]).await;
        shop.request_erasure(id, Some("buyer7@example.com"), None, &[order]).await;
    }
}

/// A shop that tells nothing: what it sold, who signed up and what became of a product is found by asking.
#[derive(Default)]
pub struct Silence;

impl Scene for Silence {
    const NAME: &'static str = "silence";
    const ASKS: bool = true;
    const TAKES_LONG: bool = true;

    async fn build(deployment: Deployment) -> House {
        let mut house = small_house(deployment).await;
        house.rules().customers = CustomerRules { receive: ReceiveCustomers::Always, ..CustomerRules::default() };
        let rules = &mut house.rules().reconcile;
        rules.every = Duration::from_millis(1_500);
        // The bridge's clock is put forward, the shop's is not.
        rules.overlap = Duration::from_secs(30 * 24 * 3600);
        house
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let shop = &house.town().shop;
        for topic in house.town().storefront().unwrap().abilities().webhooks.unwrap().wanted_topics() {
            shop.forget_subscription(topic);
        }
        let order = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        shop.edit_customer(None, |new| new.email = Some(format!("ana{round}@example.com"))).await.unwrap();
        let style = &house.town().assortment.active[0];
        let product = shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap();
        shop.edit_product(product.id, |product| product.vendor = format!("Nobody {round}")).await.unwrap();
    }
}

/// A Magento that sells, takes back and gets its products.
#[derive(Default)]
pub struct Magento;

impl Scene for Magento {
    const NAME: &'static str = "magento";
    const ASKS: bool = true;
    const TAKES_LONG: bool = true;

    async fn build(deployment: Deployment) -> House {
        let mut house =
            House::build_magento(deployment, TownPlan { styles: 2, stock: 900, ..TownPlan::new("kauri") }).await;
        let rules = &mut house.rules().reconcile;
        rules.every = Duration::from_millis(1_500);
        // The bridge's clock is put forward, the store's is not.
        rules.overlap = Duration::from_secs(30 * 24 * 3600);
        house
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let town = house.magento();
        let (shop, office) = (&town.shop, &town.office);
        let simple = shop.products().into_iter().find(|one| one.kind == "simple" && one.enabled);
        let sku = simple.expect("the catalogue is on the web").sku;
        let plan = magento::OrderPlan::by_guest(vec![magento::LinePlan::simple(&sku, 2, 2_300)]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.invoice(order).await.unwrap();
        shop.ship(order, Some("WEB")).await.unwrap();
        let back = magento::CreditPlan { lines: vec![(0, 1, true)], ..magento::CreditPlan::default() };
        shop.credit(order, &back).await.unwrap();
        let style = &town.assortment.active[0];
        office.rename(style, &format!("The {round}th")).await.unwrap();
        let picture = format!("{}/{style}/{}.jpg", town.pictures.as_ref().unwrap().url(), 1 + round % 2);
        office.set_image(style, 3, &picture, &format!("sha256:{round}")).await.unwrap();
        office.set_price(&town.assortment.skus[0], nzd(1_000 + round)).await.unwrap();
        office.receive_goods(&town.assortment.skus[0], &web(), 5).await.unwrap();
    }
}
