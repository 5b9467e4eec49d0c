//! The limiter alone, and several of them at one bucket.

use super::*;

fn cost(requested: i64, available: i64) -> Cost {
    let points = |count: i64| Amount(Decimal::from(count));
    Cost {
        requested_query_cost: Some(points(requested)),
        throttle_status: Some(ThrottleStatus {
            maximum_available: points(2000),
            currently_available: points(available),
            restore_rate: points(100),
        }),
    }
}

#[test]
fn an_unknown_bucket_holds_nobody_back() {
    assert_eq!(Limiter::default().take("SetStock", Instant::now()), Ok(()));
}

#[test]
fn a_request_waits_until_the_bucket_can_pay_what_it_cost_last_time() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    limiter.learn("SetStock", &cost(350, 100), start);
    assert_eq!(limiter.take("SetStock", start), Err(Duration::from_secs(3)), "250 points at 100 a second");
    assert_eq!(limiter.take("SetStock", start + Duration::from_secs(3)), Ok(()));
    assert_eq!(limiter.take("SetStock", start + Duration::from_secs(3)), Err(Duration::from_secs(3)), "50 are left");
    assert_eq!(limiter.take("DescribeShop", start + Duration::from_secs(3)), Ok(()), "its price is not known");
}

#[test]
fn the_bucket_never_holds_more_than_its_size() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    limiter.learn("SetStock", &cost(1500, 2000), start);
    let later = start + Duration::from_secs(86_400);
    assert_eq!(limiter.take("SetStock", later), Ok(()));
    assert_eq!(limiter.take("SetStock", later), Err(Duration::from_secs(10)), "500 are left of 2000");
}

#[test]
fn a_refusal_waits_for_the_missing_points_and_at_least_a_second() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    limiter.learn("SetStock", &cost(1000, 50), start);
    assert_eq!(limiter.wait_after_refusal("SetStock"), Duration::from_secs(10), "950 points, rounded up");
    limiter.learn("SetStock", &cost(10, 2000), start);
    assert_eq!(limiter.wait_after_refusal("SetStock"), Duration::from_secs(1));
}

#[test]
fn a_closed_door_holds_everybody_back() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    assert_eq!(limiter.close_for(Duration::from_secs(20), start), Duration::from_secs(20));
    assert_eq!(limiter.take("DescribeShop", start), Err(Duration::from_secs(20)));
    assert_eq!(limiter.take("DescribeShop", start + Duration::from_secs(20)), Ok(()));
}

/// A shop's bucket as several processes share it, in a time of its own.
struct Shared {
    points: i64,
    at: Instant,
    refused: u32,
    served: Vec<u32>,
}

impl Shared {
    const SIZE: i64 = 1_000;
    const RATE: i64 = 100;

    /// One process sends what it believes it can pay. Answers how long it waits then.
    fn call(&mut self, who: usize, limiter: &Limiter, price: i64, now: Instant) -> Duration {
        if let Err(wait) = limiter.take("SetStock", now) {
            return wait;
        }
        let passed = i64::try_from(now.duration_since(self.at).as_millis()).unwrap();
        self.points = (self.points + passed * Self::RATE / 1_000).min(Self::SIZE);
        self.at = now;
        limiter.ended("SetStock");
        let served = self.points >= price;
        if served {
            self.points -= price;
            self.served[who] += 1;
        } else {
            limiter.refused("SetStock");
            self.refused += 1;
        }
        let mut cost = cost(price, self.points);
        if let Some(status) = &mut cost.throttle_status {
            status.maximum_available = Amount(Decimal::from(Self::SIZE));
            status.restore_rate = Amount(Decimal::from(Self::RATE));
        }
        limiter.learn("SetStock", &cost, now);
        if served { Duration::from_millis(50) } else { limiter.wait_after_refusal("SetStock") }
    }
}

/// Calls of so many processes that all want more than there is, for ten minutes. The clocks are a little apart.
fn ten_minutes(processes: usize, price: i64, know_of_each_other: bool) -> Shared {
    let start = Instant::now();
    let mut shared = Shared { points: Shared::SIZE, at: start, refused: 0, served: vec![0; processes] };
    let limiters: Vec<Limiter> = (0..processes).map(|_| Limiter::default()).collect();
    if know_of_each_other {
        for limiter in &limiters {
            limiter.shared_by(processes);
        }
    }
    let mut next: Vec<Duration> = (0..processes).map(|who| Duration::from_millis(7 * who as u64)).collect();
    while let Some((who, at)) = next.iter().copied().enumerate().min_by_key(|(_, at)| *at)
        && at < Duration::from_secs(600)
    {
        next[who] = at + shared.call(who, &limiters[who], price, start + at).max(Duration::from_millis(1));
    }
    shared
}

#[test]
fn several_processes_with_one_token_find_their_shares_and_are_seldom_refused() {
    for (processes, price) in [(1, 10), (2, 10), (4, 10), (2, 50), (4, 50), (2, 100)] {
        let shared = ten_minutes(processes, price, false);
        let served: u32 = shared.served.iter().sum();
        let what = format!("{processes} processes at {price} points: {:?}, {} refused", shared.served, shared.refused);
        assert!(shared.refused * 8 <= served, "one in eight at most: {what}");
        let all = (Shared::SIZE + 600 * Shared::RATE) / price;
        assert!(i64::from(served) * 10 >= all * 7, "what comes back is used: {what}, of {all}");
        let (least, most) = (shared.served.iter().min().unwrap(), shared.served.iter().max().unwrap());
        assert!(least * 3 >= *most, "nobody starves: {what}");
    }
}

/// Those whose calls each take a tenth of the bucket do not find their shares by themselves.
#[test]
fn several_processes_that_know_of_each_other_have_the_same_share() {
    for (processes, price) in [(2, 10), (4, 10), (4, 50), (4, 100)] {
        let shared = ten_minutes(processes, price, true);
        let served: u32 = shared.served.iter().sum();
        let what = format!("{processes} processes at {price} points: {:?}, {} refused", shared.served, shared.refused);
        // What is refused costs nothing and takes no effect.
        assert!(shared.refused * 4 <= served, "one in four at most: {what}");
        let all = (Shared::SIZE + 600 * Shared::RATE) / price;
        assert!(i64::from(served) * 10 >= all * 7, "what comes back is used: {what}, of {all}");
        let (least, most) = (shared.served.iter().min().unwrap(), shared.served.iter().max().unwrap());
        assert!(least * 2 >= *most, "nobody starves: {what}");
    }
}

#[test]
fn a_process_that_knows_of_others_who_rest_has_all_that_comes_back() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    limiter.shared_by(4);
    limiter.learn("SetStock", &cost(100, 0), start);
    assert_eq!(limiter.take("SetStock", start), Err(Duration::from_secs(1)), "100 points at 100 a second");
}

/// What is on its way of our own is not taken for somebody else's.
#[test]
fn many_calls_at_once_of_one_process_are_not_taken_for_anothers() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    limiter.learn("SetStock", &cost(10, 2_000), start);
    let (mut points, mut now) = (2_000, start);
    for _ in 0..200 {
        for _ in 0..8 {
            assert_eq!(limiter.take("SetStock", now), Ok(()));
        }
        // Each answer shows those alone that the shop has come to by then.
        for _ in 0..8 {
            points -= 10;
            limiter.ended("SetStock");
            limiter.learn("SetStock", &cost(10, points), now);
        }
        now += Duration::from_millis(800);
        points += 80;
    }
    for _ in 0..points / 10 {
        assert_eq!(limiter.take("SetStock", now), Ok(()), "all of it is ours");
    }
}

#[test]
fn who_stops_is_soon_not_waited_for() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    limiter.learn("SetStock", &cost(100, 0), start);
    for second in 1..=20 {
        limiter.learn("SetStock", &cost(100, 0), at(second));
    }
    assert_eq!(limiter.take("SetStock", at(20)), Err(Duration::from_secs(10)), "somebody takes all that comes back");
    for second in 1..=8 {
        limiter.learn("SetStock", &cost(100, 100 * second), at(20 + u64::try_from(second).unwrap()));
    }
    for _ in 0..7 {
        assert_eq!(limiter.take("SetStock", at(28)), Ok(()), "nearly all of the 800 are ours");
    }
    assert!(limiter.take("SetStock", at(28)).is_err_and(|wait| wait <= Duration::from_secs(2)));
}

#[test]
fn absurd_figures_are_survived() {
    let (limiter, start) = (Limiter::default(), Instant::now());
    let mut absurd = cost(1000, 0);
    if let Some(status) = &mut absurd.throttle_status {
        status.restore_rate = Amount(Decimal::ZERO);
    }
    limiter.learn("SetStock", &absurd, start);
    assert_eq!(limiter.take("SetStock", start), Err(LONGEST_WAIT));
    assert_eq!(limiter.close_for(Duration::MAX, start), LONGEST_WAIT);
}
