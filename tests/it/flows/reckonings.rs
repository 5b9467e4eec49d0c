//! Orders that do not go straight from their placing to their shipping: edits, parts, exchanges, late money, other channels.

use tillbridge::domain::{BranchCode, SaleMoment, Sku};
use tillbridge::policy::Treatment;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::office::{BookedDocument, NewVariant};
use tillbridge::sandbox::shopify::lives::{
    Carriage, EditPlan, LinePlan, OrderPlan, PaymentPlan, RefundLedger, RefundPayment, RefundPlan, Restock, TaxPlan,
};
use tillbridge::storefront::StockFigure;

use super::by_hand::{money, order_of};
use crate::support::house::{Deployment, House, on_both_deployments};

/// A house whose channel books at that moment.
async fn house_that_books(deployment: Deployment, when: SaleMoment) -> House {
    let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
    house.rules().sale.when = when;
    if when == SaleMoment::Paid {
        // What is paid and not shipped has left the office's figure already.
        house.rules().stock.figure = StockFigure::Available;
    }
    house.opens().await;
    house
}

fn pays(gateway: &str, amount: i64) -> PaymentPlan {
    PaymentPlan { gateway: gateway.to_owned(), amount }
}

/// So many pieces of one of the first things the shop sells, as a line.
fn piece_of(house: &House, number: usize, quantity: i64) -> LinePlan {
    LinePlan::goods(&house.town().shop.catalogue()[number], quantity)
}

/// Some pieces given back with their money.
fn back(order: &OrderPlan, line: usize, pieces: i64, restock: Restock) -> RefundPlan {
    let ledger = RefundLedger::new(order);
    ledger.paid(RefundPlan { lines: vec![ledger.pieces_of(line, pieces, restock)], ..RefundPlan::default() })
}

/// Money given back without goods.
fn only_money(payment: usize, amount: i64) -> RefundPlan {
    let money = RefundPayment { payment, amount, rounding: 0, pending: false, failed: false };
    RefundPlan { payments: vec![money], ..RefundPlan::default() }
}

/// Goods lines of a document: SKU, pieces, branch.
fn goods(document: &BookedDocument) -> Vec<(String, i64, Option<String>)> {
    let lines = document.lines.iter().filter(|line| line.kind == "goods");
    lines.map(|line| (line.sku.clone().unwrap(), line.quantity, line.branch.clone())).collect()
}

async fn nothing_waits(house: &House) {
    house.until("nothing waits", async || house.journal().counts().await.unwrap().handlings_in("waiting") == 0).await;
    house.rest().await;
}

/// Two pieces are sold and one comes back, its money on its way: the plan, the order and the refund.
async fn comes_back_with_money_on_its_way(house: &House) -> (OrderPlan, u64, u64) {
    let shop = &house.town().shop;
    let plan = order_of(house, &[2]);
    let order = shop.place_order(&plan).await.unwrap();
    shop.fulfil(order).await.unwrap();
    let mut refund = back(&plan, 0, 1, Restock::Return { location: 0 });
    refund.payments[0].pending = true;
    let refund = shop.refund(order, &refund).await.unwrap();
    house.rest().await;
    (plan, order, refund)
}

on_both_deployments! {
    // proves F-336 F-359
    async fn payments_that_came_after_the_news_they_are_read_for_are_booked_with_what_they_paid(deployment: Deployment) {
        let house = house_that_books(deployment, SaleMoment::Paid).await;
        let shop = &house.town().shop;
        shop.hold_webhooks(true);
        let mut plan = order_of(&house, &[1]);
        let due = plan.totals().to_pay;
        plan.payments = vec![pays("gift_card", due - 100), pays("paypal", 100)];
        let order = shop.place_order(&plan).await.unwrap();
        let extra = piece_of(&house, 1, 1);
        let edit = EditPlan { add: vec![extra.clone()], ..EditPlan::default() };
        shop.edit_order(order, &edit).await.unwrap();
        shop.pay(order, pays("paypal", extra.unit_price)).await.unwrap();
        shop.hold_webhooks(false);
        let captured = shop.order(order).unwrap().captured;
        let booked = async || {
            let invoices = house.town().office.invoices().await.unwrap().into_iter().map(|one| one.total);
            invoices.reduce(|one, other| one.plus(other).unwrap()) == Some(captured)
        };
        house.until("what was paid is booked", booked).await;
        nothing_waits(&house).await;
        let paid: Vec<_> = house.town().office.invoices().await.unwrap().into_iter().map(|one| one.total).collect();
        let kept = shop.order(order).unwrap().captured;
        assert_eq!(paid.into_iter().reduce(|one, other| one.plus(other).unwrap()), Some(kept));
        assert_eq!(house.dead_letters().await.len(), 0);
        assert_eq!(house.town().office.books_balance().await.unwrap(), Vec::<String>::new());
        // Nothing was shipped: the shop's shelf still has what the office has sold.
        house.rest().await;
        house.stop_without_checks().await;
    }

    // proves F-358 F-361
    async fn an_order_shipped_in_parts_waits_and_moves_stock_where_each_part_left(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = shop.catalogue()[0].sku.clone();
        let before = (house.pieces(&sku, "WEB").await, house.pieces(&sku, "AKL").await);
        let order = shop.place_order(&order_of(&house, &[3])).await.unwrap();
        shop.fulfil_part(order, 1, &[(0, 1)]).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0), "not all of it was shipped");
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0].total, shop.order(order).unwrap().captured);
        let after = (house.pieces(&sku, "WEB").await, house.pieces(&sku, "AKL").await);
        assert_eq!(after, (before.0 - 2, before.1 - 1));
        house.keeps_its_promises(0).await;
    }

    // proves F-336 F-346 F-360
    async fn a_channel_may_invoice_with_each_shipment(deployment: Deployment) {
        let house = house_that_books(deployment, SaleMoment::EachFulfilment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[3, 1]);
        plan.shipping = vec![Carriage { title: "Courier".into(), price: 700, discounts: vec![], taxes: vec![] }];
        plan.lines[0].taxes = vec![TaxPlan { title: "GST".into(), rate: 15_000, amount: 1_000 }];
        plan.pay_by("shopify_payments");
        let order = shop.place_order(&plan).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0));
        for (pieces, documents) in [(vec![(0, 1)], 1), (vec![(0, 1)], 2), (vec![(0, 1), (1, 1)], 3)] {
            shop.fulfil_part(order, 0, &pieces).await.unwrap();
            house.rest().await;
            assert_eq!(office.document_counts().await.unwrap(), (documents, 0), "{:#?}", house.dead_letters().await);
        }
        let invoices = office.invoices().await.unwrap();
        let carriage = |document: &BookedDocument| document.lines.iter().filter(|line| line.kind == "shipping").count();
        assert_eq!(invoices.iter().map(carriage).collect::<Vec<_>>(), [1, 0, 0], "carriage is charged once");
        let tax: Vec<_> = invoices.iter().map(|one| one.lines[0].tax).collect();
        assert_eq!(tax, [333, 334, 333].map(|cents| money(cents, plan.currency)), "the parts are the whole");
        house.keeps_its_promises(0).await;
    }

    async fn what_is_cancelled_of_a_partly_shipped_order_balances(deployment: Deployment) {
        let house = house_that_books(deployment, SaleMoment::EachFulfilment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = shop.catalogue()[0].sku.clone();
        let before = house.pieces(&sku, "WEB").await;
        let plan = order_of(&house, &[3]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil_part(order, 0, &[(0, 1)]).await.unwrap();
        shop.refund(order, &back(&plan, 0, 2, Restock::Cancel)).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(house.pieces(&sku, "WEB").await, before - 1);
        assert_eq!(office.credit_notes().await.unwrap().len(), 1);
        house.keeps_its_promises(0).await;
    }

    async fn a_channel_may_invoice_at_payment(deployment: Deployment) {
        let house = house_that_books(deployment, SaleMoment::Paid).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[2]);
        let to_pay = plan.totals().to_pay;
        plan.payments = vec![pays("paypal", 500)];
        let order = shop.place_order(&plan).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0), "it is paid in part only");
        shop.pay(order, pays("shopify_payments", to_pay - 500)).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!((invoices.len(), invoices[0].payments.len()), (1, 2));
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (1, 0), "shipping is no second sale");
        house.keeps_its_promises(0).await;
    }

    // proves F-359
    async fn what_is_shipped_before_it_is_paid_is_booked_when_it_is_paid(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[1]);
        let payments = std::mem::take(&mut plan.payments);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0), "an invoice is paid in full");
        shop.pay(order, payments[0].clone()).await.unwrap();
        house.rest().await;
        assert_eq!(office.invoices().await.unwrap()[0].total, shop.order(order).unwrap().captured);
        house.keeps_its_promises(0).await;
    }

    // proves F-360
    async fn an_order_edited_before_it_is_shipped_is_invoiced_as_it_is_then(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let names: Vec<String> = shop.catalogue().into_iter().map(|info| info.sku).collect();
        let before = [house.pieces(&names[0], "WEB").await, house.pieces(&names[2], "WEB").await];
        let mut plan = order_of(&house, &[3, 1]);
        plan.payments.clear();
        let order = shop.place_order(&plan).await.unwrap();
        let edit = EditPlan { add: vec![piece_of(&house, 2, 2)], take_off: vec![(0, 1)], restock: true };
        shop.edit_order(order, &edit).await.unwrap();
        let due = shop.order(order).unwrap().outstanding;
        let due = i64::try_from(due.amount().mantissa()).unwrap();
        shop.pay(order, pays("shopify_payments", due)).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1);
        let pieces: Vec<(String, i64)> = goods(&invoices[0]).into_iter().map(|(sku, count, _)| (sku, count)).collect();
        assert_eq!(pieces, [(names[0].clone(), 2), (names[1].clone(), 1), (names[2].clone(), 2)]);
        assert_eq!(house.pieces(&names[0], "WEB").await, before[0] - 2);
        assert_eq!(house.pieces(&names[2], "WEB").await, before[1] - 2);
        house.keeps_its_promises(0).await;
    }

    async fn money_owed_for_pieces_taken_off_is_on_the_books_until_it_is_paid_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let plan = order_of(&house, &[2]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.edit_order(order, &EditPlan { take_off: vec![(0, 1)], restock: true, ..EditPlan::default() }).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(goods(&invoices[0])[0].1, 1);
        assert_eq!(invoices[0].total, shop.order(order).unwrap().captured, "the rest is owed");
        shop.refund(order, &only_money(0, plan.lines[0].unit_price)).await.unwrap();
        house.rest().await;
        assert_eq!(office.credit_notes().await.unwrap()[0].total, money(plan.lines[0].unit_price, plan.currency));
        house.keeps_its_promises(0).await;
    }

    async fn what_is_added_after_the_invoice_becomes_a_further_one(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let added = piece_of(&house, 1, 2);
        let price = added.amount();
        shop.edit_order(order, &EditPlan { add: vec![added], ..EditPlan::default() }).await.unwrap();
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (1, 0));
        shop.pay(order, pays("paypal", price)).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 2);
        assert_eq!(invoices[1].reference, format!("{}/2", invoices[0].reference));
        assert_eq!((invoices[1].customer, invoices[1].total), (invoices[0].customer, money(price, invoices[1].currency)));
        assert_eq!(invoices[1].payments[0].pay_code, "WEB-PP");
        house.keeps_its_promises(0).await;
    }

    // proves F-338 F-347
    async fn an_exchange_takes_back_and_sells_anew(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let names: Vec<String> = shop.catalogue().into_iter().map(|info| info.sku).collect();
        let before = [house.pieces(&names[0], "AKL").await, house.pieces(&names[1], "WEB").await];
        let plan = order_of(&house, &[1]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        // Otherwise all of it may be told, and booked, at once.
        house.rest().await;
        let comes_back = RefundLedger::new(&plan).pieces_of(0, 1, Restock::Return { location: 1 });
        shop.exchange(order, &[comes_back], &[piece_of(&house, 1, 1)]).await.unwrap();
        let due = i64::try_from(shop.order(order).unwrap().outstanding.amount().mantissa()).unwrap();
        if due > 0 {
            shop.pay(order, pays("shopify_payments", due)).await.unwrap();
        } else if due < 0 {
            shop.refund(order, &only_money(0, -due)).await.unwrap();
        }
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(office.invoices().await.unwrap().len(), 2);
        assert_eq!(house.pieces(&names[0], "AKL").await, before[0] + 1);
        assert_eq!(house.pieces(&names[1], "WEB").await, before[1] - 1);
        house.keeps_its_promises(0).await;
    }

    // proves F-339
    async fn a_refund_waits_for_its_money(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let (_, order, refund) = comes_back_with_money_on_its_way(&house).await;
        assert_eq!(office.document_counts().await.unwrap(), (1, 0));
        assert_eq!(house.dead_letters().await.len(), 0);
        shop.settle_refund(refund, true).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(office.credit_notes().await.unwrap()[0].total, shop.order(order).unwrap().refunded);
        house.keeps_its_promises(0).await;
    }

    async fn a_refund_whose_money_failed_books_the_goods_and_what_is_owed(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = shop.catalogue()[0].sku.clone();
        let before = house.pieces(&sku, "WEB").await;
        let (plan, order, refund) = comes_back_with_money_on_its_way(&house).await;
        shop.settle_refund(refund, false).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(house.pieces(&sku, "WEB").await, before - 1, "the piece is back");
        assert!(office.credit_notes().await.unwrap()[0].total.is_zero());
        shop.refund(order, &only_money(0, plan.lines[0].unit_price)).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(office.credit_notes().await.unwrap().len(), 2);
        house.keeps_its_promises(0).await;
    }

    async fn a_cancelled_order_whose_money_was_kept_is_booked_until_it_goes_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let plan = order_of(&house, &[1]);
        let order = shop.place_order(&plan).await.unwrap();
        shop.cancel_without_refund(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices[0].total, shop.order(order).unwrap().captured);
        assert!(goods(&invoices[0]).is_empty(), "nothing was sold, the money is owed");
        shop.pay_back(order, &only_money(0, plan.totals().to_pay)).await.unwrap();
        house.rest().await;
        nothing_waits(&house).await;
        assert_eq!(office.credit_notes().await.unwrap().len(), 1);
        house.keeps_its_promises(0).await;
    }

    // proves F-357
    async fn orders_of_the_till_and_tests_are_left_out_unless_the_channel_wants_them(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let sold = async |house: &House, at_till, test| {
            let plan = OrderPlan { at_till, test, ..order_of(house, &[1]) };
            let order = house.town().shop.place_order(&plan).await.unwrap();
            house.town().shop.fulfil(order).await.unwrap();
            house.town().shop.refund(order, &back(&plan, 0, 1, Restock::NoRestock)).await.unwrap();
            house.rest().await;
            nothing_waits(house).await;
        };
        sold(&house, true, false).await;
        sold(&house, false, true).await;
        assert_eq!(house.town().office.document_counts().await.unwrap(), (0, 0));
        // Orders that were left out stay out, and hold nothing of the stock the office has.
        assert_eq!(house.dead_letters().await.len(), 0);
        let skus: Vec<String> = house.town().assortment.skus.iter().map(ToString::to_string).collect();
        let demand = house.journal().web_demand(&house.town().channel.name, &skus).await.unwrap();
        assert_eq!((demand.pieces.len(), demand.open.len(), demand.moved.len()), (0, 0, 1), "the shop sold pieces, the office owes it none");
        house.stop().await;
        house.rules().sale.pos_orders = Treatment::Book;
        house.start().await;
        sold(&house, true, false).await;
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 1));
        house.stop_without_checks().await;
    }

    async fn a_custom_line_is_the_placeholder_where_there_is_one(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let placeholder = house.town().assortment.skus[0].clone();
        house.rules().sale.placeholder = Some(placeholder.clone());
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[1]);
        (plan.lines[0].sku, plan.lines[0].ids) = (None, None);
        plan.lines[0].title = "Engraving".to_owned();
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        let line = &invoices[0].lines[0];
        assert_eq!((line.sku.as_deref(), line.title.as_str()), (Some(placeholder.as_str()), "Engraving"));
        house.keeps_its_promises(0).await;
    }

    async fn goods_without_a_known_sku_are_found_by_their_barcode_and_never_guessed(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let price = shop.catalogue()[0].price;
        let branch = BranchCode::parse("WEB").unwrap();
        let variant = |sku: &str, colour: &str, barcode: &str| NewVariant {
            sku: Sku::parse(sku).unwrap(),
            colour: Some(colour.to_owned()),
            size: Some("M".to_owned()),
            barcode: Some(barcode.to_owned()),
            retail: price,
        };
        let style = &house.town().assortment.active[0];
        for (sku, colour, barcode) in [("BAR-1", "Azure", "111"), ("BAR-2", "Beige", "222"), ("BAR-3", "Coral", "222")] {
            office.add_variant(style, &variant(sku, colour, barcode)).await.unwrap();
            office.receive_goods(&Sku::parse(sku).unwrap(), &branch, 5).await.unwrap();
        }
        house.rest().await;
        for (sku, barcode) in [("SHOPS-OWN-1", "111"), ("SHOPS-OWN-2", "222")] {
            let info = shop.put_up_for_sale(sku, price, &[]).await.unwrap();
            shop.set_barcode(&info.sku, barcode).await.unwrap();
            let mut plan = OrderPlan::plain(price.currency(), &[(&info, 1)]);
            plan.taxes_included = true;
            let order = shop.place_order(&plan).await.unwrap();
            shop.fulfil(order).await.unwrap();
        }
        house.rest().await;
        let invoices = office.invoices().await.unwrap();
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0].lines[0].sku.as_deref(), Some("BAR-1"));
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].reason.contains("more than one item"), "{}", letters[0].reason);
        let ids = [letters[0].id.clone()];
        house.journal().discard_dead(&ids, "ana", "a story of guessing").await.unwrap();
        house.stop_without_checks().await;
    }

    async fn a_long_order_is_read_to_the_end(deployment: Deployment) {
        let large = TownPlan { styles: 12, ..TownPlan::new("kiwi") };
        let house = House::open_with(deployment, vec![large]).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let mut plan = order_of(&house, &[1; 47]);
        let payments = std::mem::take(&mut plan.payments);
        let order = shop.place_order(&plan).await.unwrap();
        let lines = plan.lines.len();
        assert!(lines > 40, "the shop's pages of lines are shorter than the order");
        shop.fulfil(order).await.unwrap();
        shop.pay(order, payments[0].clone()).await.unwrap();
        house.rest().await;
        assert_eq!(goods(&office.invoices().await.unwrap()[0]).len(), lines);
        house.keeps_its_promises(0).await;
    }

    /// The office did not answer, and the order has changed before it did.
    async fn what_was_planned_is_finished_as_it_was_planned(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        let away = house.office_goes_away().await;
        shop.fulfil(order).await.unwrap();
        house.until("the invoice was tried", async || {
            house.journal().counts().await.unwrap().handlings.get("invoice").is_some_and(|states| !states.is_empty())
        }).await;
        let added = piece_of(&house, 1, 1);
        let price = added.amount();
        shop.edit_order(order, &EditPlan { add: vec![added], ..EditPlan::default() }).await.unwrap();
        shop.pay(order, pays("shopify_payments", price)).await.unwrap();
        shop.fulfil(order).await.unwrap();
        away.comes_back().await;
        house.until("all of it is booked", async || {
            let invoices = office.invoices().await.unwrap();
            invoices.iter().map(|one| goods(one).len()).sum::<usize>() == 2
        }).await;
        house.rest().await;
        house.keeps_its_promises(0).await;
    }
}
