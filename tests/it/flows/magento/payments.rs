//! Money besides the price of goods: adjustments, gift cards, store credit, and what the buyer saw in another currency.

use rust_decimal::Decimal;
use tillbridge::domain::Currency;
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, OrderPlan};
use tillbridge::sandbox::office::BookedDocument;

use super::{documents, open, skus};
use crate::support::house::{Deployment, House, on_both_deployments};

async fn are_booked(house: &House, booked: (usize, usize)) {
    house.until("it is booked", async || documents(house).await == booked).await;
    house.rest().await;
}

/// How a document was paid, or paid back, and what it comes to.
fn paid(document: &BookedDocument) -> Vec<String> {
    let payments = document.payments.iter().map(|one| format!("{} {}", one.pay_code, one.amount.amount()));
    payments.chain([format!("= {}", document.total)]).collect()
}

on_both_deployments! {
    /// An adjustment refund and a fee stand on no line of the store's: each is a line of its own in the office.
    // proves F-338 F-339
    async fn adjustments_are_lines_of_their_own_even_where_nothing_else_is_given_back(deployment: Deployment) {
        let house = open(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = skus(house.magento()).remove(0);
        let order = shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 2, 2_300)])).await.unwrap();
        shop.invoice(order).await.unwrap();
        let goodwill = CreditPlan { carriage: Some(0), positive: 750, negative: 125, ..CreditPlan::default() };
        shop.credit(order, &goodwill).await.unwrap();
        are_booked(&house, (1, 1)).await;
        let credit = office.credit_notes().await.unwrap().remove(0);
        let lines: Vec<_> = credit.lines.iter().map(|line| (line.title.as_str(), line.amount.to_string(), line.moves_stock)).collect();
        assert_eq!(lines, [("Adjustment refund", "7.50 NZD".to_owned(), false), ("Adjustment fee", "-1.25 NZD".to_owned(), false)]);
        assert_eq!(paid(&credit), ["WEB-OTHER 6.25", "= 6.25 NZD"]);
        let customer = office.invoices().await.unwrap()[0].customer;
        assert!(office.account_balance(customer).await.unwrap().iter().all(|balance| balance.is_zero()));
        house.keeps_its_promises(0).await;
    }

    /// A grand total leaves out what gift cards and store credit paid; the goods are worth as much all the same.
    // proves F-336 F-337 F-339
    async fn gift_cards_and_store_credit_pay_like_money(deployment: Deployment) {
        let house = open(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = skus(house.magento()).remove(0);
        let mut plan = OrderPlan::by_guest(vec![LinePlan::simple(&sku, 4, 2_500)]);
        (plan.method, plan.paid_by) = ("braintree".to_owned(), (3_000, 1_501));
        let order = shop.place_order(&plan).await.unwrap();
        shop.invoice_part(order, &[(0, 1)]).await.unwrap();
        are_booked(&house, (1, 0)).await;
        shop.invoice(order).await.unwrap();
        are_booked(&house, (2, 0)).await;
        shop.credit(order, &CreditPlan { lines: vec![(0, 2, false)], ..CreditPlan::default() }).await.unwrap();
        are_booked(&house, (2, 1)).await;
        let (invoices, credits) = (office.invoices().await.unwrap(), office.credit_notes().await.unwrap());
        assert_eq!(paid(&invoices[0]), ["GIFT 25.00", "= 25.00 NZD"], "a gift card paid all of it");
        assert_eq!(paid(&invoices[1]), ["WEB-CC 54.99", "WEB-OTHER 15.01", "GIFT 5.00", "= 75.00 NZD"]);
        assert_eq!(paid(&credits[0]), ["WEB-CC 4.99", "WEB-OTHER 15.01", "GIFT 30.00", "= 50.00 NZD"]);
        let balance = office.account_balance(invoices[0].customer).await.unwrap();
        assert!(balance.iter().all(|balance| balance.is_zero()), "{balance:?}");
        house.keeps_its_promises(0).await;
    }

    /// What the buyer saw in Australian dollars is booked in the website's own currency.
    // proves F-336
    async fn amounts_are_those_of_the_websites_base_currency(deployment: Deployment) {
        let house = open(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let sku = skus(house.magento()).remove(0);
        let mut plan = OrderPlan::by_guest(vec![LinePlan::simple(&sku, 3, 3_333).less(777)]).sent_for(1_050, 1_500);
        plan.foreign = Some((Currency::parse("AUD").unwrap(), Decimal::new(9_137, 4)));
        let order = shop.place_order(&plan).await.unwrap();
        shop.invoice(order).await.unwrap();
        are_booked(&house, (1, 0)).await;
        shop.credit(order, &CreditPlan { lines: vec![(0, 1, false)], carriage: Some(0), ..CreditPlan::default() }).await.unwrap();
        are_booked(&house, (1, 1)).await;
        let invoice = office.invoices().await.unwrap().remove(0);
        // 3 x 33.33 - 7.77 + 10.50.
        assert_eq!((invoice.currency.code(), invoice.total.to_string().as_str()), ("NZD", "102.72 NZD"));
        assert_eq!(invoice.total, shop.order(order).unwrap().grand);
        let credit = office.credit_notes().await.unwrap().remove(0);
        assert_eq!(credit.total.to_string(), "30.74 NZD", "33.33 less a third of 7.77");
        house.keeps_its_promises(0).await;
    }
}
