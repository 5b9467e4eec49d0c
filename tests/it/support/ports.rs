//! Ports with a gate before them: each call of a bridge to its journal, its bus or one of its sides passes it.
//!
//! Whoever adds a function to a port has to add it here, too, or nothing builds; with it, every step that calls it is disturbed
//! in `tests/it/crashes`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tillbridge::bus::{Bus, BusError, BusHealth, Consumer, Lane, Message, Received, Ticket};
use tillbridge::domain::*;
use tillbridge::journal::*;
use tillbridge::office::*;
use tillbridge::rehearsal::Around;
use tillbridge::storefront::*;
use uuid::Uuid;

use super::gate::Gate;

/// Puts one gate before everything.
#[derive(Debug, Clone, Default)]
pub struct Gated(pub Arc<Gate>);

impl Gated {
    fn behind<P: ?Sized>(&self, inner: Arc<P>) -> Arc<Behind<P>> {
        Arc::new(Behind { inner, gate: Arc::clone(&self.0), life: self.0.begins() })
    }
}

impl Around for Gated {
    fn journal(&self, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
        self.behind(journal)
    }

    fn bus(&self, bus: Arc<dyn Bus>) -> Arc<dyn Bus> {
        self.behind(bus)
    }

    fn storefront(&self, storefront: Arc<dyn Storefront>) -> Arc<dyn Storefront> {
        self.behind(storefront)
    }

    fn office(&self, office: Arc<dyn Office>) -> Arc<dyn Office> {
        self.behind(office)
    }
}

/// A port behind the gate, in one life of the process.
struct Behind<P: ?Sized> {
    inner: Arc<P>,
    gate: Arc<Gate>,
    life: u64,
}

/// Every function of a port that calls somebody.
pub fn functions() -> impl Iterator<Item = &'static str> {
    let ports = [
        Intake,
        Archive,
        Upkeep,
        Replays,
        Edits,
        Circuits,
        Journal,
        Bus,
        &["bus.ack"],
        Office,
        Storefront,
        WholeOrders,
        Documents,
        BulkProducts,
    ];
    let abilities =
        [ProductOperations, Listings, PictureFiles, ProductPictures, PriceLists, NewLocations, Subscriptions];
    ports.into_iter().chain(abilities).flatten().copied()
}

/// A trait's functions, each passing the gate; `by` says how the trait is reached, and what follows `besides` is not gated, since it
/// calls nobody.
macro_rules! gated {
    (
        $port:literal: impl $trait:ident for $type:ty, by |$inner:ident| $by:expr;
        $( fn $function:ident($($name:ident: $of:ty),* $(,)?) -> $answer:ty; )*
        $( besides { $($rest:tt)* } )?
    ) => {
        #[allow(non_upper_case_globals, reason = "named as the trait whose functions these are")]
        const $trait: &[&str] = &[$(concat!($port, ".", stringify!($function))),*];

        #[async_trait]
        impl $trait for $type {
            $(
                async fn $function(&self, $($name: $of),*) -> $answer {
                    self.gate
                        .pass(self.life, $port, stringify!($function), || {
                            let $inner = &*self.inner;
                            $by.$function($(Clone::clone(&$name)),*)
                        })
                        .await
                }
            )*
            $( $($rest)* )?
        }
    };
}

gated! {
    "journal": impl Intake for Behind<dyn Journal>, by |inner| inner;
    fn append(delivery: Verified<NewDelivery>) -> Result<Appended, JournalError>;
}

gated! {
    "journal": impl Archive for Behind<dyn Journal>, by |inner| inner;
    fn begin_privacy(request: &NewPrivacyRecord) -> Result<PrivacyRecord, JournalError>;
    fn kept(after: Place, limit: usize) -> Result<KeptPage, JournalError>;
    fn replace_kept(record: i64, from: &Place, to: &Place, replacements: Replacements) -> Result<bool, JournalError>;
    fn finish_privacy(record: i64, who: &str, exported: Option<(i64, i64)>) -> Result<(), JournalError>;
    fn privacy_records() -> Result<Vec<PrivacyRecord>, JournalError>;
}

gated! {
    "journal": impl Upkeep for Behind<dyn Journal>, by |inner| inner;
    fn hold(task: &str, owner: Uuid, lease: Duration) -> Result<bool, JournalError>;
    fn share(storefronts: &[StorefrontName], process: Uuid, lease: Duration) -> Result<Vec<usize>, JournalError>;
    fn sweep(what: Old, before: Timestamp, after: Option<Mark>, limit: usize) -> Result<Swept, JournalError>;
}

gated! {
    "journal": impl Replays for Behind<dyn Journal>, by |inner| inner;
    fn count_replay(mode: ReplayMode, selection: &Selection) -> Result<BTreeMap<String, i64>, JournalError>;
    fn begin_replay(replay: &NewReplay) -> Result<ReplayRun, JournalError>;
    fn replay_step(id: i64, limit: usize) -> Result<Option<ReplayRun>, JournalError>;
    fn replays() -> Result<Vec<ReplayRun>, JournalError>;
}

gated! {
    "journal": impl Edits for Behind<dyn Journal>, by |inner| inner;
    fn letter(id: &str) -> Result<Option<Vec<u8>>, JournalError>;
    fn edit_dead(id: &str, contents: &[u8], who: &str, why: &str) -> Result<Edited, JournalError>;
    fn edits() -> Result<Vec<Edit>, JournalError>;
    fn before_edit(edit: i64) -> Result<Option<Vec<u8>>, JournalError>;
}

gated! {
    "journal": impl Circuits for Behind<dyn Journal>, by |inner| inner;
    fn open_circuit(channel: &ChannelName, way: &Way, reason: &str) -> Result<bool, JournalError>;
    fn circuits() -> Result<Vec<Circuit>, JournalError>;
    fn take_look(channel: &ChannelName, way: &Way) -> Result<bool, JournalError>;
    fn close_circuit(channel: &ChannelName, way: &Way) -> Result<bool, JournalError>;
    fn go_on(channel: &ChannelName, handler: Option<&HandlerName>, most: usize) -> Result<usize, JournalError>;
}

gated! {
    "journal": impl Journal for Behind<dyn Journal>, by |inner| inner;
    fn append_polled(page: PolledPage) -> Result<Vec<Appended>, JournalError>;
    fn cursor(task: &str) -> Result<Option<String>, JournalError>;
    fn take_deliveries(limit: usize, lease: Duration) -> Result<Vec<Taken>, JournalError>;
    fn settle_deliveries(settlements: Vec<DeliverySettlement>) -> Result<usize, JournalError>;
    fn take_outbox(limit: usize, lease: Duration) -> Result<Vec<Outgoing>, JournalError>;
    fn unpublish(handlings: &[HandlingId], after: Duration) -> Result<(), JournalError>;
    fn claim(handlings: &[HandlingId], lease: Duration) -> Result<Vec<Claim>, JournalError>;
    fn settle(settlements: Vec<Settlement>) -> Result<Applied, JournalError>;
    fn intend(intents: Vec<Intent>) -> Result<Vec<Standing>, JournalError>;
    fn in_doubt(channel: &ChannelName, keys: &[String]) -> Result<Vec<Option<String>>, JournalError>;
    fn links(channel: &ChannelName, kind: LinkKind, keys: &[String]) -> Result<Vec<Option<String>>, JournalError>;
    fn links_back(channel: &ChannelName, kind: LinkKind, others: &[String]) -> Result<Vec<Option<String>>, JournalError>;
    fn written(channel: &ChannelName, entities: &[String]) -> Result<Vec<Option<Written>>, JournalError>;
    fn keep_written(channel: &ChannelName, written: Vec<Written>) -> Result<(), JournalError>;
    fn web_demand(channel: &ChannelName, skus: &[String]) -> Result<WebDemand, JournalError>;
    fn introduce(channel: &ChannelName, paused: Option<&str>) -> Result<(), JournalError>;
    fn web_orders(channel: &ChannelName, orders: &[String]) -> Result<Vec<Option<Version>>, JournalError>;
    fn raised(channel: &ChannelName, kind: EventType, documents: &[String]) -> Result<Vec<bool>, JournalError>;
    fn raised_versions(channel: &ChannelName, kind: EventType, entities: &[String]) -> Result<Vec<Option<Version>>, JournalError>;
    fn pause(channel: &ChannelName, reason: &str) -> Result<(), JournalError>;
    fn resume(channel: &ChannelName) -> Result<bool, JournalError>;
    fn events(selection: &Selection) -> Result<Vec<EventRow>, JournalError>;
    fn event(id: EventId) -> Result<Option<Event>, JournalError>;
    fn trace(id: Uuid) -> Result<Option<Trace>, JournalError>;
    fn dead(selection: &Selection) -> Result<Vec<DeadLetter>, JournalError>;
    fn retry_dead(ids: &[String], who: &str) -> Result<usize, JournalError>;
    fn discard_dead(ids: &[String], who: &str, why: &str) -> Result<usize, JournalError>;
    fn counts() -> Result<Counts, JournalError>;
    fn ping() -> Result<(), JournalError>;
    besides {
        fn now(&self) -> Timestamp {
            self.inner.now()
        }
    }
}

gated! {
    "bus": impl Bus for Behind<dyn Bus>, by |inner| inner;
    fn publish(messages: Vec<Message>) -> Vec<Result<(), BusError>>;
    besides {
        async fn consume(&self, lane: &Lane, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
            let inner = self.inner.consume(lane, prefetch).await?;
            Ok(Box::new(GatedConsumer { inner, gate: Arc::clone(&self.gate), life: self.life }))
        }

        fn health(&self) -> BusHealth {
            self.inner.health()
        }

        async fn close(&self) {
            self.inner.close().await;
        }
    }
}

struct GatedConsumer {
    inner: Box<dyn Consumer>,
    gate: Arc<Gate>,
    life: u64,
}

#[async_trait]
impl Consumer for GatedConsumer {
    // What is received and lost on the way to the worker is as if its process had died: not acknowledged, it comes again.
    async fn next(&mut self, max: usize, linger: Duration) -> Vec<Received> {
        self.inner.next(max, linger).await
    }

    async fn ack(&mut self, tickets: &[Ticket]) {
        let inner = tokio::sync::Mutex::new(&mut self.inner);
        let call = || {
            let inner = &inner;
            Box::pin(async move { inner.lock().await.ack(tickets).await }) as futures::future::BoxFuture<'_, ()>
        };
        self.gate.pass(self.life, "bus", "ack", call).await;
    }
}

gated! {
    "office": impl Office for Behind<dyn Office>, by |inner| inner;
    fn probe() -> Result<OfficeDescription, CallError>;
    fn changes(kind: ChangeKind, cursor: Option<&str>, limit: usize) -> Result<ChangePage, CallError>;
    fn stock(wanted: &[(Sku, BranchCode)]) -> Result<Vec<Option<StockReading>>, CallError>;
    fn items(skus: &[Sku], barcodes: &[String]) -> Result<KnownItems, CallError>;
    fn find(kind: DocumentKind, references: &[String]) -> Result<Vec<Option<Booked>>, CallError>;
    fn customer_numbers(keys: &[String], emails: &[String]) -> Result<Vec<String>, CallError>;
    fn put_customer(customer: &DocumentCustomer) -> Result<String, CallError>;
    fn adopt_key(of: &str, key: &str) -> Result<Option<String>, CallError>;
    fn book(documents: &[Document]) -> Vec<Result<Booked, CallError>>;
    besides {
        fn name(&self) -> &OfficeName {
            self.inner.name()
        }

        fn normalise(&self, delivery: &Delivery) -> Normalised {
            self.inner.normalise(delivery)
        }
    }
}

gated! {
    "storefront": impl Storefront for Behind<dyn Storefront>, by |inner| inner;
    fn describe() -> Result<StorefrontDescription, CallError>;
    fn create_product(wish: &ProductWish<'_>) -> Result<ProductStep, CallError>;
    fn update_product(link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductStep, CallError>;
    fn archive_product(product: &str, for_good: bool) -> Result<(), CallError>;
    fn collection(category: &CategoryWish<'_>) -> Result<String, CallError>;
    fn set_prices(product: &str, rows: &[PriceRow]) -> Result<(), CallError>;
    fn set_stock(key: Uuid, figure: StockFigure, rows: &[StockRow]) -> Result<Vec<StockOutcome>, CallError>;
    fn stock(figure: StockFigure, places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError>;
    fn write_customer(write: &CustomerWrite) -> Result<CustomerWritten, CallError>;
    besides {
        fn name(&self) -> &StorefrontName {
            self.inner.name()
        }

        fn abilities(&self) -> Abilities<'_> {
            let inner = self.inner.abilities();
            Abilities {
                sales: match inner.sales {
                    SalesWay::Orders(_) => SalesWay::Orders(self),
                    SalesWay::Documents(_) => SalesWay::Documents(self),
                },
                bulk: inner.bulk.map(|_| self as &dyn BulkProducts),
                operations: inner.operations.map(|_| self as &dyn ProductOperations),
                listings: inner.listings.map(|_| self as &dyn Listings),
                pictures: match inner.pictures {
                    PictureWay::Files(_) => PictureWay::Files(self),
                    PictureWay::OnProducts(_) => PictureWay::OnProducts(self),
                },
                price_lists: inner.price_lists.map(|_| self as &dyn PriceLists),
                locations: inner.locations.map(|_| self as &dyn NewLocations),
                webhooks: inner.webhooks.map(|_| self as &dyn Subscriptions),
                ..inner
            }
        }

        async fn prepare(&self, call: &Call) {
            self.inner.prepare(call).await;
        }

        fn can_wait(&self, call: &Call) -> bool {
            self.inner.can_wait(call)
        }

        fn challenge(&self, query: &str) -> Option<String> {
            self.inner.challenge(query)
        }

        fn acknowledgement(&self) -> &'static str {
            self.inner.acknowledgement()
        }

        fn verify(&self, call: Call) -> Result<Verified<NewDelivery>, Refusal> {
            self.inner.verify(call)
        }

        fn normalise(&self, delivery: &Delivery) -> Normalised {
            self.inner.normalise(delivery)
        }

        fn web_order(&self, delivery: &Delivery) -> Option<WebOrder> {
            self.inner.web_order(delivery)
        }

        fn account_id(&self, id: &str) -> String {
            self.inner.account_id(id)
        }

        fn alerts(&self) -> Vec<String> {
            self.inner.alerts()
        }

        fn shared_by(&self, processes: usize) {
            self.inner.shared_by(processes);
        }

        fn stock_batch(&self) -> usize {
            self.inner.stock_batch()
        }
    }
}

/// The ability behind the gate: it is asked for only where the storefront has it.
macro_rules! ability {
    ($inner:expr, $field:ident) => {
        $inner.abilities().$field.unwrap()
    };
    ($inner:expr, $field:ident as $way:path) => {
        match $inner.abilities().$field {
            $way(way) => way,
            _ => panic!("the storefront has another way"),
        }
    };
}

gated! {
    "storefront": impl WholeOrders for Behind<dyn Storefront>, by |inner| ability!(inner, sales as SalesWay::Orders);
    fn payments(order: &str) -> Result<Vec<Payment>, CallError>;
    fn order(sale: &DocumentRef) -> Result<OrderState, CallError>;
    fn orders_since(since: Timestamp, after: Option<&str>) -> Result<OrderPage, CallError>;
    fn missed_order(order: &ListedOrder) -> Result<NewDelivery, CallError>;
}

gated! {
    "storefront": impl Documents for Behind<dyn Storefront>, by |inner| ability!(inner, sales as SalesWay::Documents);
    fn read(hint: &DocumentHinted) -> Result<Option<Vec<NewDelivery>>, CallError>;
    fn changed(kind: HintedKind, window: (Timestamp, Timestamp), after: Option<&str>) -> Result<ChangedPage, CallError>;
}

gated! {
    "storefront": impl BulkProducts for Behind<dyn Storefront>, by |inner| ability!(inner, bulk);
    fn bulk_create(wishes: &[ProductWish<'_>]) -> Result<String, CallError>;
    fn bulk_publish(products: &[String]) -> Result<String, CallError>;
    fn bulk_state(operation: &str) -> Result<BulkState, CallError>;
    fn bulk_products(address: &str) -> Result<Vec<BulkProduct>, CallError>;
    fn bulk_media(address: &str) -> Result<HashMap<String, Vec<String>>, CallError>;
    besides {
        fn bulk_variants(&self) -> usize {
            ability!(self.inner, bulk).bulk_variants()
        }
    }
}

gated! {
    "storefront": impl ProductOperations for Behind<dyn Storefront>, by |inner| ability!(inner, operations);
    fn product_operation(operation: &str) -> Result<bool, CallError>;
}

gated! {
    "storefront": impl Listings for Behind<dyn Storefront>, by |inner| ability!(inner, listings);
    fn accounts_since(since: Timestamp, after: Option<&str>) -> Result<AccountPage, CallError>;
    fn products_since(since: Option<Timestamp>, after: Option<&str>) -> Result<ProductPage, CallError>;
    fn compare_product(link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductDrift, CallError>;
}

gated! {
    "storefront": impl PictureFiles for Behind<dyn Storefront>, by |inner| ability!(inner, pictures as PictureWay::Files);
    fn upload_pictures(pictures: &[Picture]) -> Result<Vec<String>, CallError>;
    fn files(ids: &[String]) -> Result<Vec<FileState>, CallError>;
    fn set_pictures(product: &str, add: &[String], remove: &[String]) -> Result<(), CallError>;
}

gated! {
    "storefront": impl ProductPictures for Behind<dyn Storefront>, by |inner| ability!(inner, pictures as PictureWay::OnProducts);
    fn put_pictures(product: &str, add: &[Picture], remove: &[String]) -> Result<PicturesPut, CallError>;
}

gated! {
    "storefront": impl PriceLists for Behind<dyn Storefront>, by |inner| ability!(inner, price_lists);
    fn set_list_prices(list: &str, rows: &[PriceRow], gone: &[String]) -> Result<(), CallError>;
}

gated! {
    "storefront": impl NewLocations for Behind<dyn Storefront>, by |inner| ability!(inner, locations);
    fn location(branch: &Branch) -> Result<String, CallError>;
}

gated! {
    "storefront": impl Subscriptions for Behind<dyn Storefront>, by |inner| ability!(inner, webhooks);
    fn subscriptions() -> Result<Vec<Subscription>, CallError>;
    fn subscribe(topic: &str, address: &str) -> Result<Subscription, CallError>;
    besides {
        fn wanted_topics(&self) -> &'static [&'static str] {
            ability!(self.inner, webhooks).wanted_topics()
        }
    }
}
