//! What happens when a process dies, repeats itself or hears nothing at each of its steps (P1 to P4).
//!
//! A scene is a piece of a shop's day. It is played once undisturbed, and every step a stage or handler takes in it is written
//! down: each call of the journal, the bus or a side. Then it is played again for each step and each [`Disturbance`], and ends
//! right each time. So a new step has its cases by being taken, and a new function of a port fails these tests until a scene
//! takes it.
//!
//! One disturbance of each step is tried, every other step on each deployment, and of scenes that take long only some;
//! `CRASH_POINTS=all` tries all four of every step on both.

mod scenes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tillbridge::flow::reconcile::EarlyCount;
use tillbridge::handlers;

use crate::support::gate::{Disturbance, Gate};
use crate::support::house::{Deployment, House, on_both_deployments};
use crate::support::ports::{self, Gated};
use scenes::Scene;

/// How long nothing may happen before the clock is put forward: work that a dead process held waits for its lease to end.
const STILLNESS: Duration = Duration::from_secs(1);
/// How far it is put forward, in seconds: what waits looks again by itself within it.
const FORWARD: i64 = 61;
/// How often that may change nothing, before what is left counts as stuck.
const FORWARDS: usize = 20;

/// Functions that no stage and no handler calls in a scene: they answer operators, are called while a process starts, or only after
/// something was disturbed.
const ELSEWHERE: &[&str] = &[
    "journal.privacy_records",
    "journal.introduce",
    "journal.resume",
    "journal.events",
    "journal.event",
    "journal.dead",
    "journal.retry_dead",
    "journal.discard_dead",
    "journal.replay",
    "journal.counts",
    "journal.ping",
    "journal.unpublish",
    "office.probe",
    "office.find",
    "storefront.subscriptions",
    "storefront.subscribe",
];

/// A house in which a scene was played twice without harm, and the steps it took both times.
async fn rehearsed<S: Scene>(deployment: Deployment, gate: &Arc<Gate>) -> (House, S, Vec<String>) {
    let mut house = S::build(deployment).await;
    house.around(Arc::new(Gated(Arc::clone(gate))));
    house.start().await;
    comes_to_rest::<S>(&mut house, gate).await;
    let mut scene = S::default();
    gate.steps();
    let mut steps: Option<BTreeSet<String>> = None;
    for round in 0..2 {
        scene.plays(&house, round).await;
        comes_to_rest::<S>(&mut house, gate).await;
        let taken: BTreeSet<String> = gate.steps().into_keys().collect();
        steps = Some(steps.map_or(taken.clone(), |steps| &steps & &taken));
    }
    assert_eq!(house.broken_promises().await, Vec::<String>::new(), "{}: undisturbed", S::NAME);
    (house, scene, steps.unwrap().into_iter().collect())
}

/// Waits until the bridge is at rest, brings it back where it dies, and puts the clock forward where it waits.
async fn comes_to_rest<S: Scene>(house: &mut House, gate: &Gate) {
    let (mut seen, mut still) = (None, 0);
    while still < FORWARDS {
        let life = gate.life();
        let rests = tokio::select! {
            biased;
            () = gate.end_of(life) => {
                house.is_killed().await;
                continue;
            }
            rests = house.rests_within(STILLNESS) => rests,
        };
        let mut counts = house.journal().counts().await.unwrap();
        if rests && counts.handlings_in("waiting") == 0 && (!S::ASKS || house.broken_promises().await.is_empty()) {
            return;
        }
        if !counts.paused.is_empty() {
            S::mends(house).await;
        }
        house.seconds_pass(FORWARD);
        // Getting older is no progress.
        counts.oldest_due_seconds = 0;
        still = if seen.as_ref() == Some(&counts) { still + 1 } else { 0 };
        seen = Some(counts);
    }
    panic!("the bridge never came to rest: {seen:#?}");
}

/// Every promise that is broken, once figures that nobody could explain were counted.
async fn broken<S: Scene>(house: &mut House, gate: &Gate) -> Vec<String> {
    let broken = house.broken_promises().await;
    if broken.is_empty() {
        return broken;
    }
    let desk = house.desk();
    let mut early = EarlyCount::new(Duration::ZERO);
    if early.if_wished(&desk, desk.channel.reconcile).await.unwrap().is_none() {
        return broken;
    }
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    comes_to_rest::<S>(house, gate).await;
    house.broken_promises().await
}

/// Plays a scene once for each case of this deployment.
async fn disturbed_at_each_step<S: Scene>(deployment: Deployment) {
    let gate = Arc::new(Gate::default());
    let (mut house, mut scene, steps) = rehearsed::<S>(deployment, &gate).await;
    let all = std::env::var("CRASH_POINTS").is_ok_and(|points| points == "all");
    let shift = usize::from(deployment == Deployment::Distributed);
    let cases = steps.iter().enumerate().flat_map(|(number, step)| {
        let is_ours = number % 2 == shift;
        let chosen =
            move |&(at, _): &(usize, Disturbance)| all || (is_ours && at == number / 2 % Disturbance::ALL.len());
        Disturbance::ALL.into_iter().enumerate().filter(chosen).map(move |(_, disturbance)| (step, disturbance))
    });
    let (mut tried, mut missed) = (0, Vec::new());
    let apart = if all || !S::TAKES_LONG { 1 } else { 4 };
    for (round, (step, disturbance)) in cases.step_by(apart).enumerate() {
        gate.choose(step, disturbance);
        scene.plays(&house, round + 2).await;
        comes_to_rest::<S>(&mut house, &gate).await;
        let broken = broken::<S>(&mut house, &gate).await;
        assert_eq!(broken, Vec::<String>::new(), "{}, {disturbance:?} at `{step}`", S::NAME);
        if !gate.has_struck() {
            gate.rests();
            missed.push(step.as_str());
        }
        tried += 1;
    }
    eprintln!("{} on {deployment:?}: {} steps, {tried} cases", S::NAME, steps.len());
    assert!(missed.is_empty(), "{}: never taken again: {missed:?}", S::NAME);
    house.stop_without_checks().await;
}

/// Without it, a function that no scene reaches would be disturbed by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_function_of_a_port_and_no_handler_is_without_its_cases() {
    let mut steps = Vec::new();
    macro_rules! scenes {
        ($($scene:ident),*) => {$(
            let (house, _, taken) = rehearsed::<scenes::$scene>(Deployment::Embedded, &Arc::default()).await;
            steps.extend(taken);
            house.stop_without_checks().await;
        )*};
    }
    scenes!(Sales, Catalogue, Large, Load, Customers, Requests, Departure, Silence, Magento);
    let (workers, functions): (BTreeSet<&str>, BTreeSet<&str>) =
        steps.iter().filter_map(|step| step.split_once(": ")).unzip();
    let listed: BTreeSet<&str> = ELSEWHERE.iter().copied().collect();
    let all: BTreeSet<&str> = ports::functions().collect();
    let missing: Vec<&&str> = all.iter().filter(|one| !functions.contains(*one) && !listed.contains(*one)).collect();
    let names = handlers::names();
    let idle: Vec<&str> = names.iter().map(|name| name.as_str()).filter(|name| !workers.contains(name)).collect();
    assert!(missing.is_empty() && idle.is_empty(), "no scene takes {missing:?}, none employs {idle:?}");
    assert!(listed.is_subset(&all), "of ports that are gone: {:?}", &listed - &all);
}

on_both_deployments! {
    async fn sales_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Sales>(deployment).await;
    }

    async fn the_catalogue_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Catalogue>(deployment).await;
    }

    async fn a_large_product_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Large>(deployment).await;
    }

    async fn a_first_load_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Load>(deployment).await;
    }

    async fn a_silent_shop_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Silence>(deployment).await;
    }

    async fn customers_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Customers>(deployment).await;
    }

    async fn requests_about_personal_data_survive_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Requests>(deployment).await;
    }

    async fn a_departure_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Departure>(deployment).await;
    }

    async fn a_magento_survives_a_disturbance_at_each_step(deployment: Deployment) {
        disturbed_at_each_step::<scenes::Magento>(deployment).await;
    }
}
