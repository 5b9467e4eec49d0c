//! Lives the shop invents: whatever happens, its own figures agree with each other.

use tillbridge::sandbox::magento2::{MagentoOrder, OrderPhase};

use super::stranger::{Stranger, options};

const LIVES: u64 = 150;

async fn shop() -> Stranger {
    let mut options = options();
    options.sources = vec!["web".to_owned(), "akl".to_owned()];
    let stranger = Stranger::open_with(options).await;
    for sku in ["TEE", "CAP", "MUG"] {
        stranger.shop.put_up_for_sale(sku, 2_000, 1_000_000).await.unwrap();
    }
    stranger.shop.put_up_for_sale("KIT", 0, 0).await.unwrap();
    let kit = serde_json::json!({ "sku": "KIT", "type_id": "bundle" });
    stranger.shop.save_product("KIT", &kit).await.unwrap();
    stranger
}

fn of(order: &MagentoOrder, sku: &str, pieces: impl Fn(&tillbridge::sandbox::magento2::MagentoLine) -> i64) -> i64 {
    let each =
        |parts: &[(String, i64)]| parts.iter().filter(|(part, _)| part == sku).map(|(_, each)| each).sum::<i64>();
    order.lines.iter().map(|line| pieces(line) * each(&line.parts)).sum()
}

#[tokio::test]
async fn pieces_are_on_a_shelf_promised_or_gone() {
    let stranger = shop().await;
    for seed in 0..LIVES {
        stranger.shop.live(seed, "web").await.unwrap();
    }
    let orders = stranger.shop.orders();
    for sku in ["TEE", "CAP", "MUG"] {
        let gone: i64 = orders.iter().map(|order| of(order, sku, |line| line.shipped - line.shelved)).sum();
        let promised = |line: &tillbridge::sandbox::magento2::MagentoLine| {
            line.ordered - line.shipped - line.released - line.canceled
        };
        let promised: i64 = orders.iter().map(|order| of(order, sku, promised)).sum();
        assert_eq!(stranger.shop.pieces(sku, "web"), 1_000_000 - gone, "{sku}");
        assert_eq!(stranger.shop.salable(sku), 1_000_000 - gone - promised, "{sku}");
    }
}

#[tokio::test]
async fn nobody_pays_more_than_the_order_comes_to_or_gets_more_back_than_was_paid() {
    let stranger = shop().await;
    let mut phases = std::collections::BTreeMap::new();
    for seed in 0..LIVES {
        let lived = stranger.shop.live(seed, "web").await.unwrap();
        let order = stranger.shop.order(lived.order).unwrap();
        let zero = order.grand.minus(order.grand).unwrap();
        let sum = |documents: &[tillbridge::sandbox::magento2::MagentoDocument]| {
            let paid = documents.iter().filter(|document| document.state == 2);
            paid.fold(zero, |sum, one| sum.plus(one.grand).unwrap())
        };
        let (paid, back) = (sum(&order.invoices), sum(&order.credits));
        assert!(
            paid.amount() <= order.grand.amount() && back.amount() <= paid.amount(),
            "life {seed}: {:#?}",
            lived.story
        );
        let whole = order.lines.iter().all(|line| line.invoiced == line.ordered);
        assert!(!whole || paid == order.grand, "life {seed}: {:#?}", lived.story);
        *phases.entry(format!("{:?}", order.phase)).or_insert(0) += 1;
    }
    // The lives are no use if they are all alike.
    for phase in [OrderPhase::Complete, OrderPhase::Closed, OrderPhase::Canceled] {
        assert!(phases.contains_key(&format!("{phase:?}")), "{phases:?}");
    }
}
