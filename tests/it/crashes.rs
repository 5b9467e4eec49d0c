//! What happens when a process dies, repeats itself or hears nothing at each of its steps (P1 to P4).
//!
//! A scene is a piece of a shop's day. It is played once undisturbed, and every step a stage or handler takes in it is written
//! down: each call of the journal, the bus or a side. Then it is played again for each step and each [`Disturbance`], and ends
//! right each time. So a new step has its cases by being taken, and a new function of a port fails these tests until a scene
//! takes it.
//!
//! One disturbance of each step is tried, every other step on each deployment, and of scenes that take long only some;
//! `CRASH_POINTS=all` tries all four of every step on both. Of a scene that is there for a few steps (`Scene::ITS_OWN`), those are tried
//! once on each deployment, or on one where it takes long, and the others, which are other scenes' as well, only with all.

mod aftermath;
mod outages;
mod scenes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tillbridge::domain::HandlerName;
use tillbridge::handlers;
use tokio::time::Instant;

use crate::support::gate::{Disturbance, Gate};
use crate::support::house::{Deployment, House, Hurry, PATIENCE, on_both_deployments};
use crate::support::ports::{self, Gated};
use aftermath::{Ageing, Letters, Replays};
use outages::{Away, Departure, Forgotten, Refusal};
use scenes::{Catalogue, Customers, Large, Load, Magento, Requests, Sales, Scene, Silence};

/// How often a scene is played until it takes a step again, and how often what is wrong is looked at again where a shop is asked
/// all the time.
const LOOKS: usize = 3;

/// How often people mend what waits for them until it counts as never mended.
const MENDS: usize = 20;

/// Functions that no scene reaches, and why.
const ELSEWHERE: &[&str] = &[
    // They change nothing and are asked by people, at the command line or at the administration's address.
    "journal.events",
    "journal.event",
    "journal.edits",
    "journal.before_edit",
    "journal.ping",
];

/// Functions that a scene reaches or not, as it comes: what was booked is asked for only while a document is on its way, or after its
/// answer was lost.
const AT_TIMES: &[&str] = &["office.find"];

/// A house in which a scene was played twice without harm.
struct Rehearsed<S> {
    house: House,
    scene: S,
    /// The steps it took both times: they will be taken again.
    always: Vec<String>,
    /// The steps it ever took, from the first start on.
    ever: BTreeSet<String>,
}

/// The steps each scene was found to take on the embedded deployment, as far as it was played in this process.
fn rehearsals() -> MutexGuard<'static, BTreeMap<&'static str, BTreeSet<String>>> {
    static REHEARSALS: Mutex<BTreeMap<&'static str, BTreeSet<String>>> = Mutex::new(BTreeMap::new());
    REHEARSALS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The steps a scene takes, from its own test if that has played it already.
async fn steps_of<S: Scene>() -> BTreeSet<String> {
    let known = rehearsals().get(S::NAME).cloned();
    if let Some(steps) = known {
        return steps;
    }
    let played = rehearsed::<S>(Deployment::Embedded, &Arc::default()).await;
    played.house.stop_without_checks().await;
    played.ever
}

async fn rehearsed<S: Scene>(deployment: Deployment, gate: &Arc<Gate>) -> Rehearsed<S> {
    let mut house = S::build(deployment).await;
    house.around(Arc::new(Gated(Arc::clone(gate))));
    house.start().await;
    comes_to_rest::<S>(&mut house, gate).await;
    let mut scene = S::default();
    let mut ever: BTreeSet<String> = gate.steps().into_keys().collect();
    let mut always: Option<BTreeSet<String>> = None;
    for round in 0..2 {
        gate.has(S::MISHAP);
        scene.plays(&house, round).await;
        let broken = comes_to_rest::<S>(&mut house, gate).await;
        assert_eq!(broken, Vec::<String>::new(), "{}: undisturbed", S::NAME);
        let taken: BTreeSet<String> = gate.steps().into_keys().collect();
        ever.extend(taken.iter().cloned());
        always = Some(always.map_or(taken.clone(), |always| &always & &taken));
    }
    if deployment == Deployment::Embedded {
        rehearsals().insert(S::NAME, ever.clone());
    }
    Rehearsed { house, scene, always: always.unwrap().into_iter().collect(), ever }
}

/// How a bridge is found.
enum Found {
    /// With these promises broken.
    AtRest(Vec<String>),
    /// At rest and not right yet: the shop is asked again before long.
    Asking,
    /// Waiting for something.
    Waiting,
}

/// Waits until the bridge is at rest, brings it back where it dies, puts the clock forward where it waits, has people mend what is
/// theirs to mend, and has figures counted that nobody can explain. Answers every promise that is broken then.
async fn comes_to_rest<S: Scene>(house: &mut House, gate: &Gate) -> Vec<String> {
    let (mut hurry, mut counts, mut mends) = (Hurry::default(), 0, 0);
    let until = Instant::now() + PATIENCE;
    loop {
        let look = async {
            if !house.comes_to_rest().await {
                if is_held_up(house).await {
                    S::mends(house).await;
                }
                hurry.on(house).await;
                return Found::Waiting;
            }
            if mends < MENDS && !house.dead_letters().await.is_empty() {
                mends += 1;
                S::mends(house).await;
                return Found::Waiting;
            }
            let broken = house.broken_promises().await;
            if broken.is_empty() {
                return Found::AtRest(broken);
            }
            let counted = counts < LOOKS && house.counts_what_is_in_doubt().await;
            counts += usize::from(counted);
            if S::ASKS && Instant::now() < until {
                Found::Asking
            } else if counted {
                Found::Waiting
            } else {
                Found::AtRest(broken)
            }
        };
        match gate.unless_it_dies(look).await {
            None => house.is_killed().await,
            Some(Found::AtRest(broken)) => return broken,
            Some(Found::Asking) => tokio::time::sleep(Duration::from_millis(100)).await,
            Some(Found::Waiting) => {}
        }
    }
}

/// Whether a channel is paused, or work is held for a side that is away.
async fn is_held_up(house: &House) -> bool {
    let counts = house.journal().counts().await.unwrap();
    !counts.paused.is_empty() || !counts.held.is_empty()
}

/// Plays a scene once for each case of this deployment.
async fn disturbed_at_each_step<S: Scene>(deployment: Deployment) {
    let gate = Arc::new(Gate::default());
    let Rehearsed { mut house, mut scene, always: steps, .. } = rehearsed::<S>(deployment, &gate).await;
    let all = std::env::var("CRASH_POINTS").is_ok_and(|points| points == "all");
    let shift = usize::from(deployment == Deployment::Distributed);
    let is_its_own = |step: &String| step.split_once(": ").is_some_and(|(_, function)| S::ITS_OWN.contains(&function));
    let has_its_own = !S::ITS_OWN.is_empty();
    let tried = steps.iter().filter(|step| all || !has_its_own || is_its_own(step));
    let cases = tried.enumerate().flat_map(|(number, step)| {
        let is_ours = move |at: usize| {
            if has_its_own && !S::TAKES_LONG {
                return at % 2 == shift && at / 2 == number % 2;
            }
            number % 2 == shift && at == number / 2 % Disturbance::ALL.len()
        };
        let chosen = move |&(at, _): &(usize, Disturbance)| all || is_ours(at);
        Disturbance::ALL.into_iter().enumerate().filter(chosen).map(move |(_, disturbance)| (step, disturbance))
    });
    let (mut tried, mut missed) = (0, Vec::new());
    let apart = if all || !S::TAKES_LONG || has_its_own { 1 } else { 4 };
    for (round, (step, disturbance)) in cases.step_by(apart).enumerate() {
        let mut struck = false;
        for play in 0..LOOKS {
            // What was chosen last may have struck just after the look that found all at rest.
            if gate.unless_it_dies(std::future::ready(())).await.is_none() {
                comes_to_rest::<S>(&mut house, &gate).await;
            }
            gate.has(S::MISHAP);
            gate.choose(step, disturbance);
            scene.plays(&house, 2 + round * LOOKS + play).await;
            let broken = comes_to_rest::<S>(&mut house, &gate).await;
            assert_eq!(broken, Vec::<String>::new(), "{}, {disturbance:?} at `{step}`", S::NAME);
            struck = gate.rests();
            if struck {
                break;
            }
        }
        if !struck {
            missed.push(step.as_str());
        }
        tried += 1;
    }
    eprintln!("{} on {deployment:?}: {} steps, {tried} cases, not met: {missed:?}", S::NAME, steps.len());
    comes_to_rest::<S>(&mut house, &gate).await;
    // Some steps are taken only when several things come together.
    assert!(missed.len() * 5 <= tried, "{}: never taken again: {missed:?}", S::NAME);
    house.stop_without_checks().await;
}

/// Without it, a function that no scene reaches would be disturbed by nobody. By its name it comes last, when most scenes have
/// been played.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_cases_is_no_function_of_a_port_and_no_handler() {
    let mut steps = BTreeSet::new();
    macro_rules! scenes {
        ($($scene:ident),*) => {$(
            steps.extend(steps_of::<$scene>().await);
        )*};
    }
    scenes!(Sales, Catalogue, Large, Load, Customers, Requests, Silence, Magento);
    scenes!(Away, Departure, Forgotten, Refusal, Letters, Replays, Ageing);
    let (workers, functions): (BTreeSet<&str>, BTreeSet<&str>) =
        steps.iter().filter_map(|step| step.split_once(": ")).unzip();
    let listed: BTreeSet<&str> = ELSEWHERE.iter().copied().collect();
    let all: BTreeSet<&str> = ports::functions().collect();
    let is_missing = |one: &&&str| !functions.contains(*one) && !listed.contains(*one) && !AT_TIMES.contains(one);
    let missing: Vec<&&str> = all.iter().filter(is_missing).collect();
    let names = handlers::names();
    let idle: Vec<&str> = names.iter().map(HandlerName::as_str).filter(|name| !workers.contains(name)).collect();
    assert!(missing.is_empty() && idle.is_empty(), "no scene takes {missing:?}, none employs {idle:?}");
    assert!(listed.is_subset(&all), "of ports that are gone: {:?}", &listed - &all);
    let taken: Vec<&&str> = listed.iter().filter(|one| functions.contains(*one)).collect();
    assert!(taken.is_empty(), "scenes take {taken:?}, which need not be listed");
}

on_both_deployments! {
    async fn sales_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Sales>(deployment).await;
    }

    async fn the_catalogue_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Catalogue>(deployment).await;
    }

    async fn a_large_product_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Large>(deployment).await;
    }

    async fn customers_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Customers>(deployment).await;
    }

    async fn requests_about_personal_data_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Requests>(deployment).await;
    }

    async fn a_first_load_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Load>(deployment).await;
    }

    async fn a_silent_shop_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Silence>(deployment).await;
    }

    async fn a_departure_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Departure>(deployment).await;
    }

    async fn a_magento_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Magento>(deployment).await;
    }

    async fn a_shop_that_is_away_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Away>(deployment).await;
    }

    async fn a_bus_that_takes_nothing_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Refusal>(deployment).await;
    }

    async fn a_forgotten_subscription_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Forgotten>(deployment).await;
    }

    async fn dead_letters_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Letters>(deployment).await;
    }

    async fn replays_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Replays>(deployment).await;
    }

    async fn what_goes_with_age_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<Ageing>(deployment).await;
    }
}
