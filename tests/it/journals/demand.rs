//! What web orders take from stock: the newest statement of each order, and what of it is booked.

use tillbridge::domain::{BranchCode, EventType, HandlingId, Moved, Sku, Version, WebClaim, WebLine};
use tillbridge::journal::{
    DeliverySettlement, Effect, Intent, Link, LinkKind, Pieces, Settlement, Standing, Verdict, Written,
};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    what_an_order_takes_is_held_until_it_is_booked
    an_order_the_channel_leaves_out_moves_the_shop_and_holds_nothing
    what_never_left_books_nothing_else_of_its_order
    an_older_statement_of_an_order_is_left_out
    the_same_statement_again_moves_nothing
    a_variant_is_known_by_its_link_before_its_sku
    a_document_on_its_way_is_told_apart
    a_backlog_of_orders_is_read_as_one_sum
    channels_hold_their_own
    what_is_about_to_be_written_is_kept_and_never_goes_back
    what_is_known_of_orders_can_be_asked
}

fn web() -> BranchCode {
    BranchCode::parse("WEB").unwrap()
}

fn tee() -> Sku {
    Sku::parse("TEE").unwrap()
}

pub(super) fn line(open: i64, gone: i64, back: i64) -> (BranchCode, WebLine) {
    (web(), WebLine { sku: Some(tee()), variant: None, location: None, open, gone, back, off: 0 })
}

pub(super) fn claim(order: &str, version: i64, lines: Vec<(BranchCode, WebLine)>) -> WebClaim {
    WebClaim { order: order.into(), version: Version(version), left_out: false, lines }
}

impl Shelf {
    /// A delivery states these orders, in this order and in one batch.
    pub(super) async fn states(&self, claims: Vec<WebClaim>) {
        let id = self.receives(&uuid::Uuid::new_v4().to_string()).await;
        let taken = self.journal.take_deliveries(1_000, LEASE).await.unwrap();
        let fence = taken.iter().find(|taken| taken.delivery.id == id).unwrap().fence;
        let demand = claims.into_iter().map(|claim| (kiwi(), claim)).collect();
        let verdict = Verdict::Ignored("no news but for the stock".into());
        let settlement = DeliverySettlement { id, fence, verdict, demand };
        self.journal.settle_deliveries(vec![settlement]).await.unwrap();
    }

    /// Pieces open and not booked, and how far the shop's figures were moved.
    async fn holds(&self) -> ((i64, i64), Moved) {
        let demand = self.journal.web_demand(&kiwi(), &["TEE".into(), "HAT".into()]).await.unwrap();
        let held = demand.held().of(&tee(), &web());
        ((held.open, held.unbooked), demand.moved(&tee(), &web()))
    }

    /// An invoice of these pieces is about to be booked.
    async fn intends(&self, order: &str, count: i64) -> Standing {
        self.intends_as(format!("invoice shop/{order}"), order, count).await
    }

    async fn intends_as(&self, key: String, order: &str, count: i64) -> Standing {
        let pieces = vec![Pieces { sku: tee(), branch: web(), count }];
        let intent = Intent { key, handling: HandlingId(1), channel: kiwi(), plan: None, order: order.into(), pieces };
        self.journal.intend(vec![intent]).await.unwrap().remove(0)
    }

    /// It is booked.
    async fn books(&self, order: &str) {
        self.books_as(format!("invoice shop/{order}"), order).await;
    }

    pub(super) async fn books_as(&self, key: String, order: &str) {
        self.raises(vec![cancelled(&format!("{order}/{}", uuid::Uuid::new_v4()))], &["invoice"]).await;
        let claim = self.works_on_one().await;
        let mut settlement = Settlement::of(&claim, done());
        settlement.effects = vec![Effect { key, kind: "invoice", result: "INV-1".into() }];
        assert!(self.keeps(settlement).await);
    }
}

async fn what_an_order_takes_is_held_until_it_is_booked(shelf: Shelf) {
    assert_eq!(shelf.holds().await, ((0, 0), Moved::default()));
    shelf.states(vec![claim("order:1", 1, vec![line(2, 0, 0), line(1, 0, 0)])]).await;
    assert_eq!(shelf.holds().await, ((3, 3), Moved { available: 3, on_hand: 0 }));
    shelf.states(vec![claim("order:1", 2, vec![line(0, 3, 0)])]).await;
    assert_eq!(shelf.holds().await, ((0, 3), Moved { available: 3, on_hand: 3 }));
    assert_eq!(shelf.intends("order:1", 3).await, Standing::Fresh);
    assert_eq!(shelf.holds().await.0, (0, 3), "it is not in the books yet");
    shelf.books("order:1").await;
    assert_eq!(shelf.holds().await.0, (0, 0));
    shelf.states(vec![claim("order:1", 3, vec![line(0, 3, 2)])]).await;
    let shelf = shelf.reopened().await;
    assert_eq!(shelf.holds().await, ((0, 0), Moved { available: 1, on_hand: 1 }), "what came back was booked before");
    assert_eq!(shelf.look("SELECT sku, live FROM web_piece").await, [("TEE".to_owned(), 0)], "it is out of the way");
}

/// Another process may take its time over the first statement of an order while what it sold is booked. A file has one writer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_booked_while_its_first_statement_is_being_committed() {
    let Some(shelf) = Shelf::postgres("journals::demand::an_order_is_booked_while_its_first_statement").await else {
        return;
    };
    let other = shelf.connection().await;
    let statement = "BEGIN; INSERT INTO web_order (channel, entity, version) VALUES ('kiwi', 'order:1', 1); \
        INSERT INTO web_piece (channel, entity, sku, branch, held, gone, back, live) \
        VALUES ('kiwi', 'order:1', 'TEE', 'WEB', 2, 0, 0, 2)";
    other.batch_execute(statement).await.unwrap();
    assert_eq!(shelf.intends("order:1", 2).await, Standing::Fresh);
    let mut booking = Box::pin(shelf.books("order:1"));
    let waits = async {
        let waiting = "SELECT 'waiting', COUNT(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while shelf.look(waiting).await[0].1 == 0 {}
    };
    let is_booked = tokio::select! {
        () = &mut booking => true,
        () = waits => false,
    };
    other.batch_execute("COMMIT").await.unwrap();
    if !is_booked {
        booking.await;
    }
    assert_eq!(shelf.holds().await.0, (2, 0), "to be shipped, and booked");
    assert_eq!(shelf.look("SELECT entity, version FROM web_order").await, [("order:1".to_owned(), 1)]);
    // Nothing but its document is known of another.
    assert_eq!(shelf.intends("order:2", 1).await, Standing::Fresh);
    shelf.books("order:2").await;
    assert_eq!(shelf.look("SELECT entity, version FROM web_order").await, [("order:1".to_owned(), 1)]);
    shelf.states(vec![claim("order:2", 1, vec![line(1, 0, 0)])]).await;
    assert_eq!(shelf.holds().await.0, (3, 0));
}

/// Any number of orders may wait, and what is read of them must not grow with it.
async fn a_backlog_of_orders_is_read_as_one_sum(shelf: Shelf) {
    let orders = (1..=40).map(|number| claim(&format!("order:{number}"), 1, vec![line(1, 2, 0)])).collect();
    shelf.states(orders).await;
    let read = async || shelf.journal.web_demand(&kiwi(), &["TEE".into()]).await.unwrap().pieces.len();
    assert_eq!(read().await, 1);
    assert_eq!(shelf.holds().await.0, (40, 120));
    shelf.intends("order:7", 3).await;
    assert_eq!(read().await, 2, "that one has a document, which only the office may know");
    assert_eq!(shelf.holds().await.0, (40, 120));
    shelf.books("order:7").await;
    assert_eq!(shelf.holds().await.0, (40, 117));
    assert_eq!(read().await, 1, "booked in full and still to be shipped, it is a sum again");
    shelf.states(vec![claim("order:7", 2, vec![line(0, 3, 0)])]).await;
    assert_eq!(shelf.holds().await.0, (39, 117), "all of it left");
}

async fn an_order_the_channel_leaves_out_moves_the_shop_and_holds_nothing(shelf: Shelf) {
    let left_out = |version, lines| WebClaim { left_out: true, ..claim("order:1", version, lines) };
    shelf.states(vec![left_out(1, vec![line(3, 0, 0)]), claim("order:2", 1, vec![line(1, 0, 0)])]).await;
    assert_eq!(shelf.holds().await, ((1, 1), Moved { available: 4, on_hand: 0 }));
    shelf.states(vec![left_out(2, vec![line(0, 3, 1)])]).await;
    assert_eq!(shelf.holds().await, ((1, 1), Moved { available: 3, on_hand: 2 }));
    shelf.states(vec![claim("order:1", 3, vec![line(0, 3, 2)])]).await;
    assert_eq!(shelf.holds().await.0, (1, 4), "from the next news on, where the channel takes such orders now");
}

async fn what_never_left_books_nothing_else_of_its_order(shelf: Shelf) {
    shelf.states(vec![claim("order:1", 1, vec![line(3, 0, 0)])]).await;
    shelf.intends("order:1", 2).await;
    shelf.books("order:1").await;
    assert_eq!(shelf.holds().await.0, (3, 1));
    shelf.states(vec![claim("order:1", 2, vec![line(2, 0, 0)])]).await;
    assert_eq!(shelf.holds().await.0, (2, 0), "one of the booked two was given back, which is not booked yet");
    let credit_note = || "credit_note shop/refund:1".to_owned();
    shelf.intends_as(credit_note(), "order:1", -1).await;
    assert_eq!(shelf.holds().await.0, (2, 1), "rather too few for a moment");
    shelf.books_as(credit_note(), "order:1").await;
    assert_eq!(shelf.holds().await.0, (2, 1));
    shelf.states(vec![claim("order:1", 3, vec![line(0, 2, 0)])]).await;
    assert_eq!(shelf.holds().await.0, (0, 1), "it left and is still to be booked");
}

async fn an_older_statement_of_an_order_is_left_out(shelf: Shelf) {
    shelf.states(vec![claim("order:1", 5, vec![line(0, 3, 0)]), claim("order:1", 4, vec![line(3, 0, 0)])]).await;
    assert_eq!(shelf.holds().await, ((0, 3), Moved { available: 3, on_hand: 3 }));
    shelf.states(vec![claim("order:1", 4, vec![line(3, 0, 0)])]).await;
    assert_eq!(shelf.holds().await, ((0, 3), Moved { available: 3, on_hand: 3 }));
    shelf.states(vec![claim("order:1", 6, vec![])]).await;
    assert_eq!(shelf.holds().await, ((0, 0), Moved::default()), "everything on it was cancelled");
}

async fn the_same_statement_again_moves_nothing(shelf: Shelf) {
    for _ in 0..3 {
        shelf.states(vec![claim("order:1", 5, vec![line(3, 1, 0)]), claim("order:1", 5, vec![line(3, 1, 0)])]).await;
    }
    assert_eq!(shelf.holds().await, ((3, 4), Moved { available: 4, on_hand: 1 }));
    assert_eq!(shelf.intends("order:1", 4).await, Standing::Fresh);
    assert_eq!(shelf.intends("order:1", 4).await, Standing::InDoubt { plan: None });
    shelf.books("order:1").await;
    shelf.books("order:1").await;
    assert_eq!(shelf.holds().await.0, (3, 0), "booked before it was shipped, once");
}

async fn a_variant_is_known_by_its_link_before_its_sku(shelf: Shelf) {
    shelf.raises(vec![stock("TEE", 1)], &["product"]).await;
    let made = shelf.works_on_one().await;
    let mut settlement = Settlement::of(&made, done());
    settlement.links = vec![Link { kind: LinkKind::Variant, key: "TEE".into(), other: "variant/9".into() }];
    assert!(shelf.keeps(settlement).await);
    let renamed = |variant: &str, sku: Option<&str>| {
        let (at, line) = line(1, 0, 0);
        let sku = sku.map(|sku| Sku::parse(sku).unwrap());
        (at, WebLine { sku, variant: Some(variant.into()), ..line })
    };
    shelf
        .states(vec![claim("order:1", 1, vec![renamed("variant/9", Some("T-shirt")), renamed("variant/8", None)])])
        .await;
    assert_eq!(shelf.holds().await, ((1, 1), Moved { available: 1, on_hand: 0 }));
}

async fn a_document_on_its_way_is_told_apart(shelf: Shelf) {
    shelf.intends("order:1", 2).await;
    shelf.states(vec![claim("order:1", 1, vec![line(0, 2, 0)]), claim("order:2", 1, vec![line(0, 5, 0)])]).await;
    let mut demand = shelf.journal.web_demand(&kiwi(), &["TEE".into()]).await.unwrap();
    assert_eq!(demand.in_doubt().into_iter().collect::<Vec<_>>(), ["invoice shop/order:1"]);
    demand.found(&["invoice shop/order:1".to_owned()].into());
    assert_eq!(demand.held().of(&tee(), &web()).unbooked, 5);
}

async fn channels_hold_their_own(shelf: Shelf) {
    shelf.states(vec![claim("order:1", 1, vec![line(2, 0, 0)])]).await;
    let elsewhere = shelf.journal.web_demand(&channel("weka"), &["TEE".into()]).await.unwrap();
    assert_eq!(elsewhere, tillbridge::domain::WebDemand::default());
    assert_eq!(shelf.journal.web_demand(&kiwi(), &[]).await.unwrap(), tillbridge::domain::WebDemand::default());
}

async fn what_is_about_to_be_written_is_kept_and_never_goes_back(shelf: Shelf) {
    let written =
        |version, value: &str| Written { entity: "sent:TEE".into(), version: Version(version), value: value.into() };
    let channel = kiwi();
    let keep = |written| shelf.journal.keep_written(&channel, written);
    keep(vec![written(3, "three"), written(3, "three again")]).await.unwrap();
    keep(vec![written(2, "two")]).await.unwrap();
    keep(vec![]).await.unwrap();
    let known = shelf.journal.written(&kiwi(), &["sent:TEE".into()]).await.unwrap();
    assert_eq!(known, [Some(written(3, "three again"))]);
}

async fn what_is_known_of_orders_can_be_asked(shelf: Shelf) {
    shelf.states(vec![claim("order:1", 7, vec![line(1, 0, 0)]), claim("order:2", 9, vec![])]).await;
    shelf.raises(vec![cancelled("order:2")], &[]).await;
    let orders = ["order:2", "order:3", "order:1"].map(str::to_owned);
    let known = shelf.journal.web_orders(&kiwi(), &orders).await.unwrap();
    assert_eq!(known, [Some(Version(9)), None, Some(Version(7))]);
    let channel = kiwi();
    let raised = |kind| shelf.journal.raised(&channel, kind, &orders);
    assert_eq!(raised(EventType::OrderCancelled).await.unwrap(), [true, false, false]);
    assert_eq!(raised(EventType::SaleInvoiced).await.unwrap(), [false; 3]);

    shelf.raises(vec![stock("TEE", 3), stock("TEE", 5), stock("CAP", 2)], &[]).await;
    shelf.raises(vec![stock("TEE", 4)], &[]).await;
    let skus = ["CAP", "HAT", "TEE"].map(str::to_owned);
    let newest = |kind| shelf.journal.raised_versions(&channel, kind, &skus);
    assert_eq!(newest(EventType::StockChanged).await.unwrap(), [Some(Version(2)), None, Some(Version(5))]);
    assert_eq!(newest(EventType::PriceChanged).await.unwrap(), [None; 3]);
}
