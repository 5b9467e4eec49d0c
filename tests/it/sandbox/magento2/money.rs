//! What the figures of documents add up to, whatever is sold.

use proptest::prelude::*;
use serde_json::Value;
use tillbridge::sandbox::magento2::{LinePlan, MagentoOptions, MagentoSandbox, OrderPlan};

fn line() -> impl Strategy<Value = LinePlan> {
    (1_i64..6, 1_i64..20_000, 0_i64..100, prop::sample::select(vec![0_i64, 500, 1_500, 2_300])).prop_map(
        |(pieces, unit, percent, rate)| {
            let mut line = LinePlan::simple("TEE", pieces, unit).less(unit * pieces * percent / 150);
            line.rate = rate;
            line
        },
    )
}

fn cents(body: &Value, field: &str) -> i64 {
    let printed = body[field].as_f64().unwrap_or(0.0);
    // Rounded as a reader of decimals would.
    format!("{:.0}", printed * 100.0).parse().unwrap()
}

fn adds_up(body: &Value) -> bool {
    let parts = [
        "subtotal",
        "shipping_amount",
        "tax_amount",
        "discount_tax_compensation_amount",
        "shipping_discount_tax_compensation_amount",
        "discount_amount",
        "adjustment_positive",
    ];
    let sum: i64 = parts.iter().map(|field| cents(body, field)).sum();
    sum - cents(body, "adjustment_negative") == cents(body, "grand_total")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn orders_invoices_and_credit_memos_add_up_as_magento_says(
        lines in prop::collection::vec(line(), 1..5),
        carriage in 0_i64..3_000,
        included: bool,
        seed: u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut options = MagentoOptions::new("NZD").unwrap();
            (options.taxes_included, options.seed) = (included, seed);
            let shop = MagentoSandbox::start(options).await.unwrap();
            shop.put_up_for_sale("TEE", 2_000, 1_000).await.unwrap();
            let mut plan = OrderPlan::by_guest(lines).sent_for(carriage, 1_500);
            plan.carriage_discount = carriage / 3;
            let order = shop.place_order(&plan).await.unwrap();
            if shop.order(order).unwrap().grand.is_zero() {
                return;
            }
            shop.invoice_part(order, &[(0, 1)]).await.unwrap();
            if shop.order(order).unwrap().lines.iter().any(|line| line.invoiced < line.ordered) {
                shop.invoice(order).await.unwrap();
            }
            shop.credit(order, &credit(&shop, order)).await.unwrap();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            for path in ["orders/1", "invoices/1", "creditmemo/1"] {
                let address = format!("{}/rest/V1/{path}", shop.url());
                let body = client.get(address).bearer_auth(shop.keys().token).send().await.unwrap();
                let body: Value = body.json().await.unwrap();
                assert!(adds_up(&body), "{path}: {body}");
            }
            let view = shop.order(order).unwrap();
            let invoiced = view.invoices.iter().skip(1).fold(view.invoices[0].grand, |sum, one| sum.plus(one.grand).unwrap());
            assert_eq!((invoiced, view.credits[0].grand), (view.grand, view.grand));
        });
    }
}

fn credit(shop: &MagentoSandbox, order: u64) -> tillbridge::sandbox::magento2::CreditPlan {
    let lines = shop.order(order).unwrap().lines;
    let all = lines.iter().enumerate().map(|(at, line)| (at, line.ordered, true)).collect();
    tillbridge::sandbox::magento2::CreditPlan { lines: all, ..Default::default() }
}
