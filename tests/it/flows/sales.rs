//! What is sold on the web is booked in the office.

use std::collections::BTreeSet;
use std::time::Duration;

use tillbridge::sandbox::shopify::WebhookWeather;
use tillbridge::sandbox::shopify::lives::{
    BuyerPlan, Carriage, DiscountMethod, DiscountPlan, Life, LinePlan, LineSort, OrderPlan, PaymentPlan, TaxPlan,
};

use super::by_hand::{money, order_of};
use crate::support::house::{Deployment, House, on_both_deployments};

on_both_deployments! {
    /// F-335, F-358 to F-361.
    async fn a_fulfilled_order_becomes_one_paid_invoice(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let goods = shop.catalogue();
        let before = house.pieces(&goods[0].sku, "WEB").await;
        let order = shop.place_order(&order_of(&house, &[2, 1])).await.unwrap();
        house.rest().await;
        assert!(office.invoices().await.unwrap().is_empty(), "an order is no sale before it is shipped");
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0].lines.iter().filter(|line| line.kind == "goods").count(), 2);
        assert_eq!(invoices[0].total, shop.order(order).unwrap().captured);
        assert_eq!(invoices[0].order_number, shop.order(order).unwrap().name);
        assert!(office.account_balance(invoices[0].customer).await.unwrap().iter().all(|owed| owed.is_zero()));
        assert_eq!(house.pieces(&goods[0].sku, "WEB").await, before - 2);
        assert_eq!(shop.stock(&goods[0].sku, "WEB").unwrap().on_hand, before - 2);
        house.keeps_its_promises(0).await;
    }

    async fn fifty_lives_of_orders_are_booked_to_the_cent(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let goods = shop.catalogue();
        for seed in 0..50 {
            let life = Life::generate(seed, goods[0].price.currency(), true, &goods);
            shop.live(&life).await.unwrap();
        }
        house.keeps_its_promises(0).await;
    }

    async fn webhooks_that_overtake_each_other_are_booked_all_the_same(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let goods = shop.catalogue();
        shop.webhook_weather(WebhookWeather { delay_up_to: Duration::from_millis(400), ..WebhookWeather::default() });
        for seed in 100..120 {
            let life = Life::generate(seed, goods[0].price.currency(), true, &goods);
            shop.live(&life).await.unwrap();
        }
        house.keeps_its_promises(0).await;
    }

    /// F-336.
    async fn guests_without_an_address_are_strangers_to_each_other(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        for _ in 0..2 {
            let plan = OrderPlan { buyer: BuyerPlan::Nobody, ..order_of(&house, &[1]) };
            let order = shop.place_order(&plan).await.unwrap();
            shop.fulfil(order).await.unwrap();
        }
        house.rest().await;
        let customers = office.customers().await.unwrap();
        assert_eq!(customers.len(), 2);
        assert!(customers.iter().all(|customer| customer.email.is_none() && !customer.web_customer));
        let invoiced: BTreeSet<i64> = office.invoices().await.unwrap().iter().map(|invoice| invoice.customer).collect();
        assert_eq!(invoiced.len(), 2);
        house.keeps_its_promises(0).await;
    }

    /// F-336.
    async fn who_buys_again_is_the_same_customer(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let account = BuyerPlan::Account { id: 7_200_000_000_000_000_041, person: 41 };
        for buyer in [account.clone(), BuyerPlan::Guest { person: 42 }, account, BuyerPlan::Guest { person: 42 }] {
            let order = shop.place_order(&OrderPlan { buyer, ..order_of(&house, &[1]) }).await.unwrap();
            // All four at once: that they are two persons must not depend on who is booked first.
            shop.fulfil(order).await.unwrap();
        }
        house.rest().await;
        let customers = office.customers().await.unwrap();
        assert_eq!(customers.len(), 2, "{customers:#?}");
        assert_eq!(customers.iter().filter(|customer| customer.web_customer).count(), 1);
        for customer in customers {
            let invoices = office.invoices().await.unwrap();
            assert_eq!(invoices.iter().filter(|invoice| invoice.customer == customer.number).count(), 2);
        }
        house.keeps_its_promises(0).await;
    }

    /// F-360.
    async fn several_ways_of_paying_are_read_from_the_shop(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[3]);
        let (currency, to_pay) = (plan.currency, plan.totals().to_pay);
        let paid = |gateway: &str, amount| PaymentPlan { gateway: gateway.to_owned(), amount };
        plan.payments = vec![paid("gift_card", 1_000), paid("paypal", 2_001), paid("shopify_payments", to_pay - 3_001)];
        let asked_before = shop.api_calls().of("order").calls;
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        let mut booked: Vec<_> =
            invoices[0].payments.iter().map(|payment| (payment.pay_code.as_str(), payment.amount)).collect();
        booked.sort_by_key(|(code, _)| *code);
        let expected = [("GIFT", 1_000), ("WEB-CC", to_pay - 3_001), ("WEB-PP", 2_001)];
        assert_eq!(booked, expected.map(|(code, amount)| (code, money(amount, currency))));
        assert!(shop.api_calls().of("order").calls > asked_before, "the webhook does not tell who paid how much");
        house.keeps_its_promises(0).await;
    }

    /// F-335, F-359: goods, gift card, tip, carriage, duty, fee and cash rounding, each with its discounts and taxes.
    async fn everything_an_order_is_made_of_stands_on_its_invoice(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[2, 1]);
        let gst = |amount| TaxPlan { title: "GST".to_owned(), rate: 15_000, amount };
        plan.discounts = vec![DiscountPlan {
            code: Some("WELCOME".to_owned()),
            title: "WELCOME".to_owned(),
            method: DiscountMethod::Fixed(500),
            on_shipping: false,
            across: true,
        }];
        plan.lines[0].discounts.push((0, 300));
        plan.lines[1].discounts.push((0, 200));
        plan.lines[0].taxes.push(gst(1_002));
        plan.lines[0].duty = 123;
        let extra = |sort, title: &str, unit_price| LinePlan {
            sort,
            sku: None,
            ids: None,
            title: title.to_owned(),
            quantity: 1,
            unit_price,
            discounts: Vec::new(),
            taxes: Vec::new(),
            duty: 0,
        };
        plan.lines.push(extra(LineSort::GiftCard, "Gift card", 5_000));
        plan.lines.push(extra(LineSort::Tip, "Tip", 250));
        let courier = |price| Carriage { title: "Courier".to_owned(), price, discounts: Vec::new(), taxes: vec![gst(65)] };
        plan.shipping = vec![courier(500)];
        plan.fees = 99;
        plan.cash_rounding = 0;
        let total = plan.totals().total;
        plan.cash_rounding = (total + 2) / 5 * 5 - total;
        plan.pay_by("cash");
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        let invoice = &invoices[0];
        let mut booked: Vec<_> = invoice
            .lines
            .iter()
            .map(|line| (line.kind.as_str(), line.sku.clone(), line.quantity, line.discount, line.amount, line.tax))
            .collect();
        let amount = |minor| money(minor, plan.currency);
        let goods = |line: &LinePlan, tax| {
            let discount = line.discounts[0].1;
            ("goods", line.sku.clone(), line.quantity, amount(discount), amount(line.amount()), amount(tax))
        };
        let other = |kind, minor, tax| (kind, None, 1, amount(0), amount(minor), amount(tax));
        let mut expected = vec![
            goods(&plan.lines[0], 1_002),
            goods(&plan.lines[1], 0),
            other("gift_card", 5_000, 0),
            other("tip", 250, 0),
            other("shipping", 500, 65),
            other("duty", 123, 0),
            other("fee", 99, 0),
        ];
        if plan.cash_rounding != 0 {
            expected.push(other("adjustment", plan.cash_rounding, 0));
        }
        booked.sort_by_key(|line| (line.0, line.4.amount()));
        expected.sort_by_key(|line| (line.0, line.4.amount()));
        assert_eq!(booked, expected);
        assert_eq!(invoice.total, amount(plan.totals().to_pay));
        assert_eq!((invoice.payments.len(), invoice.payments[0].pay_code.as_str()), (1, "CASH"));
        assert!(invoice.lines.iter().all(|line| line.moves_stock == (line.kind == "goods")));
        house.keeps_its_promises(0).await;
    }

    /// F-358.
    async fn an_order_that_is_never_shipped_leaves_no_document(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = shop.catalogue()[0].sku.clone();
        let before = house.pieces(&sku, "WEB").await;
        shop.place_order(&order_of(&house, &[2])).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0));
        assert!(office.customers().await.unwrap().is_empty());
        assert_eq!(house.pieces(&sku, "WEB").await, before);
        assert_eq!(shop.stock(&sku, "WEB").unwrap().available, before - 2, "the shop itself keeps what is promised");
        house.keeps_its_promises(0).await;
    }

    async fn the_refund_of_a_cancelled_order_is_ignored_and_no_dead_letter(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let order = shop.place_order(&order_of(&house, &[2])).await.unwrap();
        shop.cancel(order).await.unwrap();
        house.rest().await;
        // The refund may have come first and wait; it looks by itself whether the order was cancelled.
        house.until("the refund is settled", async || house.journal().counts().await.unwrap().handlings_in("waiting") == 0).await;
        house.rest().await;
        assert_eq!(house.journal().counts().await.unwrap().handlings["credit_note"]["ignored"], 1);
        assert_eq!(office.document_counts().await.unwrap(), (0, 0));
        house.keeps_its_promises(0).await;
    }
}
