//! Who acts in a story: the shop that calls, the bus, the workers and the operator, with the journal on one side and the model on
//! the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tillbridge::domain::{EventId, HandlingId};
use tillbridge::journal::{
    Appended, Claim, DeliverySettlement, Effect, Intent, Lack, LinkKind, Outcome, Raised, Settlement, Standing,
    Verdict, Written,
};

use super::super::shelf::Shelf;
use super::super::things::{
    LEASE, all, dead, done, event, handler, invoice_link, kiwi, retry, signed, wait_for_invoice,
};
use super::reference::{End, Reference, State, Wakes};
use super::things::{LEASE_SECONDS, Thing};
use super::{Fate, Step};

/// Rounds of work after which everything has come to its end.
const ROUNDS: usize = 40;

/// An attempt in somebody's hands.
struct Hand {
    claim: Claim,
    thing: Thing,
    end: End,
    settlement: Settlement,
}

/// Everybody.
pub struct Cast {
    /// There, but for the moment in which it is opened again.
    shelf: Option<Shelf>,
    model: Reference,
    /// Messages on the bus.
    wire: Vec<HandlingId>,
    /// Attempts that were not settled, or may be again.
    asleep: Vec<Hand>,
    events: BTreeMap<EventId, Thing>,
    numbers: BTreeMap<HandlingId, Thing>,
    /// What the office has booked.
    books: Vec<Thing>,
    /// What the shop shows.
    shown: BTreeMap<String, i64>,
}

impl Cast {
    pub fn on(shelf: Shelf) -> Self {
        Self {
            shelf: Some(shelf),
            model: Reference::default(),
            wire: Vec::new(),
            asleep: Vec::new(),
            events: BTreeMap::new(),
            numbers: BTreeMap::new(),
            books: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    fn shelf(&self) -> &Shelf {
        self.shelf.as_ref().unwrap()
    }

    /// One step, by everybody it concerns and by the model; what the journal answers is what the model answers.
    pub async fn does(&mut self, step: Step) {
        match step {
            Step::Comes(thing, call, event) => self.calls(thing, call, event).await,
            Step::Normalises { dies } => self.normalises(dies).await,
            Step::Publishes { refused } => self.publishes(refused).await,
            Step::BusLoses(at) if !self.wire.is_empty() => {
                self.wire.remove(at.index(self.wire.len()));
            }
            Step::BusDoubles(at) if !self.wire.is_empty() => {
                self.wire.push(*at.get(&self.wire));
            }
            Step::Works(at, count, fates) if !self.wire.is_empty() => {
                let start = at.index(self.wire.len());
                self.wire.rotate_left(start);
                let messages = self.wire.drain(..usize::from(count).min(self.wire.len())).collect();
                self.works(messages, &fates).await;
            }
            Step::WakesUp(at) if !self.asleep.is_empty() => {
                let hand = self.asleep.remove(at.index(self.asleep.len()));
                self.settles(&hand).await;
            }
            Step::TimePasses(seconds) => self.time_passes(seconds),
            Step::Pauses => {
                self.shelf().journal.pause(&kiwi(), "a pause").await.unwrap();
                self.model.paused = true;
            }
            Step::Resumes => {
                assert_eq!(self.shelf().journal.resume(&kiwi()).await.unwrap(), self.model.resumes());
            }
            Step::DeadAreRetried => {
                let ids = self.dead_letters().await;
                let count = self.shelf().journal.retry_dead(&ids, "ana").await.unwrap();
                assert_eq!(count, self.model.dead_become(State::Ready));
            }
            Step::DeadAreDiscarded => {
                let ids = self.dead_letters().await;
                let count = self.shelf().journal.discard_dead(&ids, "ana", "no use").await.unwrap();
                assert_eq!(count, self.model.dead_become(State::Discarded));
            }
            Step::Restarts => self.restarts().await,
            // There is nothing to lose, to double, to work on or to wake.
            Step::BusLoses(_) | Step::BusDoubles(_) | Step::Works(..) | Step::WakesUp(_) => {}
        }
    }

    async fn calls(&mut self, thing: Thing, call: u8, event: u8) {
        let (call, event) = (format!("{} call {call}", thing.name()), format!("{} event {event}", thing.name()));
        let appended = self.shelf().journal.append(signed(&call, Some(&event), thing.name().as_bytes())).await.unwrap();
        let is_new = self.model.comes(call, event, thing);
        assert_eq!(matches!(appended, Appended::New(_)), is_new);
    }

    async fn normalises(&mut self, dies: bool) {
        let taken = self.shelf().journal.take_deliveries(1_000, LEASE).await.unwrap();
        let expected = self.model.takes_deliveries();
        let key = |place: usize| self.model.deliveries[place].keys[0].clone();
        let told: BTreeMap<String, i64> =
            taken.iter().map(|one| (one.delivery.content.headers["x-shopify-webhook-id"].clone(), one.fence)).collect();
        assert_eq!(told, expected.iter().map(|(place, fence)| (key(*place), *fence)).collect());
        if dies {
            return;
        }
        let (mut settlements, mut new) = (Vec::new(), 0);
        for one in taken {
            let call = &one.delivery.content.headers["x-shopify-webhook-id"];
            let place = self.model.deliveries.iter().position(|known| known.keys[0] == *call).unwrap();
            let thing = self.model.deliveries[place].thing.clone();
            new += self.model.normalised(place, one.fence);
            let verdict = if thing.is_legible() {
                let event = event(&kiwi(), one.delivery.id, thing.draft());
                self.events.insert(event.id, thing.clone());
                Verdict::Handled(vec![Raised { event, handlers: vec![handler(thing.handler())] }])
            } else {
                Verdict::Rejected("nobody can read it".into())
            };
            settlements.push(DeliverySettlement { id: one.delivery.id, fence: one.fence, verdict, demand: vec![] });
        }
        assert_eq!(self.shelf().journal.settle_deliveries(settlements).await.unwrap(), new);
    }

    async fn publishes(&mut self, refused: bool) {
        let outgoing = self.shelf().journal.take_outbox(1_000, LEASE).await.unwrap();
        for message in &outgoing {
            self.numbers.insert(message.handling, self.events[&message.event].clone());
        }
        let numbers: Vec<HandlingId> = outgoing.iter().map(|message| message.handling).collect();
        let things = self.things(&numbers);
        assert_eq!(things.iter().cloned().collect::<BTreeSet<_>>(), self.model.publishes());
        if refused {
            self.shelf().journal.unpublish(&numbers, Duration::from_secs(3)).await.unwrap();
            self.model.comes_back(&things, 3);
        } else {
            self.wire.extend(numbers);
        }
    }

    fn things(&self, numbers: &[HandlingId]) -> Vec<Thing> {
        numbers.iter().map(|number| self.numbers[number].clone()).collect()
    }

    async fn works(&mut self, messages: Vec<HandlingId>, fates: &[Fate]) {
        let claims = self.shelf().claims(&messages).await;
        let expected = self.model.claims(&self.things(&messages).into_iter().collect());
        let told = claims
            .iter()
            .map(|claim| (self.numbers[&claim.handling].clone(), (claim.fence, claim.failures, claim.interrupted)));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "who gets to work");
        // Of several versions the newest is enough.
        let versions = claims.iter().filter_map(|claim| self.numbers[&claim.handling].version());
        let mut newest = BTreeMap::new();
        for (entity, version) in versions {
            let known: &mut i64 = newest.entry(entity).or_insert(version);
            *known = version.max(*known);
        }
        for (claim, fate) in claims.into_iter().zip(fates) {
            let thing = self.numbers[&claim.handling].clone();
            let is_old = thing.version().is_some_and(|(entity, version)| newest[&entity] > version);
            if matches!(fate, Fate::DiesBefore | Fate::DiesAfter) {
                // The bus hands the messages of the dead to others.
                self.wire.push(claim.handling);
            }
            let (end, settlement) = match fate {
                Fate::DiesBefore => continue,
                Fate::Fails => (End::Retry(5), Settlement::of(&claim, retry(Duration::from_secs(5)))),
                Fate::GivesUp => (End::Dead(None), Settlement::of(&claim, dead("no"))),
                Fate::LacksMapping => lacking(&claim, Wakes::Mapping, Lack::Mapping),
                Fate::LacksLink => {
                    let key = "invoice 0".to_owned();
                    lacking(&claim, Wakes::Link(key.clone()), Lack::Link { kind: LinkKind::Invoice, key })
                }
                _ if is_old => (End::Ignored, Settlement::of(&claim, Outcome::Ignored("superseded".into()))),
                _ => self.attempts(&claim, &thing).await,
            };
            let hand = Hand { claim, thing, end, settlement };
            match fate {
                Fate::DiesAfter => {}
                Fate::Sleeps => self.asleep.push(hand),
                Fate::SettlesTwice => {
                    self.settles(&hand).await;
                    self.asleep.push(hand);
                }
                _ => self.settles(&hand).await,
            }
        }
    }

    /// Does what a handler does, well before its lease ends.
    async fn attempts(&mut self, claim: &Claim, thing: &Thing) -> (End, Settlement) {
        let journal = self.shelf().journal.clone();
        let mut settlement = Settlement::of(claim, done());
        if let Some((entity, version)) = thing.version() {
            let last = journal.written(&kiwi(), std::slice::from_ref(&entity)).await.unwrap().remove(0);
            if last.is_some_and(|last| last.version.0 > version) {
                return (End::Ignored, Settlement::of(claim, Outcome::Ignored("older".into())));
            }
            self.shown.insert(entity.clone(), version);
            let version = claim.event.draft.version;
            settlement.written = vec![Written { entity, version, value: version.0.to_string() }];
            return (End::Done, settlement);
        }
        if let Some(needed) = thing.needs()
            && journal.links(&kiwi(), LinkKind::Invoice, std::slice::from_ref(&needed)).await.unwrap() == [None]
        {
            return (End::Wait(needed.clone(), 600), Settlement::of(claim, wait_for_invoice(&needed)));
        }
        let intent = Intent {
            key: thing.name(),
            handling: claim.handling,
            channel: kiwi(),
            plan: None,
            order: thing.entity(),
            pieces: Vec::new(),
        };
        let is_booked = match journal.intend(vec![intent]).await.unwrap().remove(0) {
            Standing::Fresh => false,
            Standing::InDoubt { .. } => self.books.contains(thing),
            Standing::Done(_) => true,
        };
        if !is_booked {
            assert!(!self.books.contains(thing), "{thing:?} is booked twice");
            self.books.push(thing.clone());
        }
        settlement.effects = vec![Effect { key: thing.name(), kind: "document", result: thing.name() }];
        settlement.links = thing.link().iter().map(|key| invoice_link(key, &format!("number of {key}"))).collect();
        (End::Done, settlement)
    }

    async fn settles(&mut self, hand: &Hand) {
        let applied = self.shelf().keeps(hand.settlement.clone()).await;
        let expected = self.model.settles(&hand.thing, hand.claim.fence, &hand.end);
        assert_eq!(applied, expected, "{:?} settles as {:?}", hand.thing, hand.end);
    }

    fn time_passes(&mut self, seconds: i64) {
        self.shelf().clock.moves_on(Duration::from_secs(seconds.unsigned_abs()));
        self.model.now += seconds;
    }

    async fn dead_letters(&self) -> Vec<String> {
        self.shelf().journal.dead(&all()).await.unwrap().into_iter().map(|letter| letter.id).collect()
    }

    /// All workers end. The file is then nobody's, and what was on the bus in the process is gone; a server and a broker keep
    /// what they have.
    async fn restarts(&mut self) {
        let is_alone = self.shelf().is_file();
        self.asleep.clear();
        if is_alone {
            self.wire.clear();
        }
        let closed = self.shelf.take().unwrap();
        self.shelf = Some(closed.reopened().await);
        self.shelf().journal.introduce(&kiwi(), None).await.unwrap();
        self.model.restarts(is_alone);
    }

    /// The journal's figures are the model's.
    pub async fn agrees(&self) {
        let counts = self.shelf().journal.counts().await.unwrap();
        let model = &self.model;
        let mut deliveries = BTreeMap::new();
        for one in &model.deliveries {
            let word = match one.state {
                State::Ready => "new",
                State::Done => "handled",
                State::Dead => "rejected",
                State::Discarded => "discarded",
                _ => "ignored",
            };
            *deliveries.entry(word.to_owned()).or_insert(0) += 1;
        }
        let mut handlings: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut events: BTreeMap<String, i64> = BTreeMap::new();
        for (thing, one) in &model.handlings {
            *handlings.entry((thing.handler().to_owned(), one.state.word())).or_default() += 1;
            *events.entry(thing.kind().to_owned()).or_default() += 1;
        }
        let told = counts.handlings.iter().flat_map(|(handler, states)| {
            states.iter().map(move |(state, count)| ((handler.clone(), state.clone()), *count))
        });
        assert_eq!(some(told), handlings);
        assert_eq!(some(counts.deliveries), deliveries);
        assert_eq!(some(counts.events), events);
        assert_eq!(counts.duplicates, model.duplicates);
        assert_eq!(counts.effects.get("document").copied().unwrap_or(0), i64::try_from(model.effects.len()).unwrap());
        assert_eq!(counts.paused.contains_key("kiwi"), model.paused);
        for (entity, version) in &model.written {
            let written = self.shelf().journal.written(&kiwi(), std::slice::from_ref(entity)).await.unwrap().remove(0);
            assert_eq!(written.map(|written| written.version.0), Some(*version), "{entity}");
        }
    }

    /// The bus and the workers do their work without any more trouble. Then everything has come to an end, every document is
    /// booked once, and the newest version is shown.
    pub async fn comes_to_rest(mut self) {
        self.does(Step::Resumes).await;
        for _ in 0..ROUNDS {
            self.normalises(false).await;
            self.publishes(false).await;
            while !self.wire.is_empty() {
                let messages = self.wire.drain(..4.min(self.wire.len())).collect();
                self.works(messages, &[Fate::Settles; 4]).await;
            }
            self.agrees().await;
            if self.model.is_at_rest() {
                break;
            }
            self.time_passes(LEASE_SECONDS + 1);
        }
        for (thing, one) in &self.model.handlings {
            let waits = thing.needs().is_some_and(|needed| !self.model.links.contains(&needed));
            let over = matches!(one.state, State::Done | State::Ignored | State::Dead | State::Discarded);
            assert!(over || (waits && one.state == State::Waiting), "{thing:?} never ends: {one:?}");
            if one.state == State::Done && thing.version().is_none() {
                assert_eq!(self.books.iter().filter(|booked| *booked == thing).count(), 1, "{thing:?}");
            }
        }
        for (entity, version) in &self.model.written {
            // What was given up over or discarded may have been shown before.
            let given_up = |one: &State| matches!(one, State::Dead | State::Discarded);
            let mut others = self.model.handlings.iter().filter(|(thing, _)| thing.entity() == *entity);
            if !others.any(|(_, one)| given_up(&one.state)) {
                assert_eq!(self.shown.get(entity), Some(version), "{entity}");
            }
        }
        assert!(self.model.deliveries.iter().all(|one| one.state != State::Ready), "a delivery was never read");
    }
}

fn lacking(claim: &Claim, wakes: Wakes, lack: Lack) -> (End, Settlement) {
    let outcome = Outcome::Dead { reason: "it lacks something".into(), action: "bring it".into(), lacks: Some(lack) };
    (End::Dead(Some(wakes)), Settlement::of(claim, outcome))
}

/// Figures that are not zero.
fn some<K: Ord>(figures: impl IntoIterator<Item = (K, i64)>) -> BTreeMap<K, i64> {
    figures.into_iter().filter(|(_, count)| *count != 0).collect()
}
