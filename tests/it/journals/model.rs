//! Journal, bus and handlers against a reference model: after every step of any story the journal answers as a page of plain code
//! says, every document is booked once, and the newest version wins.
//!
//! The bus is a bag that loses and doubles messages. The workers keep to what handlers do: they say what they are about to do, look
//! up what is in doubt, do nothing late, and may die at any moment. `MODEL_SEQUENCES` sets how many stories are told; the README has
//! the command for the long form. A story that fails is cut down to the shortest one that does.

mod cast;
mod reference;
mod things;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::shelf::Shelf;
use crate::support::crowd::setting;
use cast::Cast;
use things::Thing;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A call comes: what it tells, and which call of which happening it is.
    Comes(Thing, u8, u8),
    /// A normaliser reads what is due, or dies over it.
    Normalises {
        dies: bool,
    },
    /// What is due goes out to the bus, or comes back because the bus did not take it.
    Publishes {
        refused: bool,
    },
    BusLoses(Index),
    BusDoubles(Index),
    /// A worker takes so many messages and does with each as it is told.
    Works(Index, u8, Vec<Fate>),
    /// A slow worker wakes up and settles what it did a while ago.
    WakesUp(Index),
    TimePasses(i64),
    Pauses,
    Resumes,
    DeadAreRetried,
    DeadAreDiscarded,
    Restarts,
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Settles,
    DiesBefore,
    DiesAfter,
    /// It does its work and falls asleep before it settles.
    Sleeps,
    /// It settles, and later once more.
    SettlesTwice,
    Fails,
    GivesUp,
    LacksMapping,
    LacksLink,
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => (0_u8..2).prop_map(Thing::Invoice),
        4 => (0_u8..2).prop_map(Thing::Credit),
        6 => (0_u8..2, 1_i64..5).prop_map(|(sku, version)| Thing::Figure(sku, version)),
        1 => Just(Thing::Garbled),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    use Fate::{DiesAfter, DiesBefore, Fails, GivesUp, LacksLink, LacksMapping, Settles, SettlesTwice, Sleeps};
    prop_oneof![
        6 => Just(Settles), 1 => Just(DiesBefore), 2 => Just(DiesAfter), 2 => Just(Sleeps), 1 => Just(SettlesTwice),
        1 => Just(Fails), 1 => Just(GivesUp), 1 => Just(LacksMapping), 1 => Just(LacksLink),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (thing(), 0_u8..3, 0_u8..2).prop_map(|(thing, call, event)| Step::Comes(thing, call, event)),
        6 => any::<u8>().prop_map(|chance| Step::Normalises { dies: chance % 5 == 0 }),
        8 => any::<u8>().prop_map(|chance| Step::Publishes { refused: chance % 8 == 0 }),
        1 => any::<Index>().prop_map(Step::BusLoses),
        2 => any::<Index>().prop_map(Step::BusDoubles),
        9 => (any::<Index>(), 1_u8..5, vec(fate(), 4)).prop_map(|(at, count, fates)| Step::Works(at, count, fates)),
        3 => any::<Index>().prop_map(Step::WakesUp),
        5 => prop_oneof![Just(1_i64), Just(5), Just(59), Just(60), Just(601)].prop_map(Step::TimePasses),
        1 => Just(Step::Pauses),
        2 => Just(Step::Resumes),
        1 => Just(Step::DeadAreRetried),
        1 => Just(Step::DeadAreDiscarded),
        1 => Just(Step::Restarts),
    ]
}

/// Tells one story to its end.
async fn tell(shelf: Shelf, steps: Vec<Step>) {
    let mut cast = Cast::on(shelf);
    for step in steps {
        cast.does(step).await;
        cast.agrees().await;
    }
    cast.comes_to_rest().await;
}

fn stories(count: u64, mut shelf: impl AsyncFnMut() -> Shelf) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: u32::try_from(count).unwrap(), failure_persistence: None, ..Config::default() };
    let shelf = std::cell::RefCell::new(&mut shelf);
    TestRunner::new(config)
        .run(&vec(step(), 1..60), |steps| {
            let mut shelf = shelf.borrow_mut();
            runtime.block_on(async { tell(shelf().await, steps).await });
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_story_on_sqlite_goes_as_the_model_says() {
    stories(setting("MODEL_SEQUENCES", 300), async || Shelf::sqlite_in_memory());
}

#[test]
fn any_story_on_postgres_goes_as_the_model_says() {
    if crate::support::servers::postgres().is_none() {
        crate::support::servers::left_out("any_story_on_postgres_goes_as_the_model_says", "DATABASE_URL");
        return;
    }
    // A database is made for each: fewer of them.
    stories(setting("MODEL_SEQUENCES", 300) / 15, async || Shelf::postgres("model").await.unwrap());
}
