//! Randomness in whole numbers, the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A seeded source of decisions.
#[derive(Debug)]
pub(super) struct Dice(StdRng);

impl Dice {
    /// Dice that always fall the same way for the same seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// True once in `times`, on average; never for 0.
    pub(super) fn one_in(&mut self, times: u32) -> bool {
        times > 0 && self.0.random_range(0..times) == 0
    }

    /// A number between the two, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        if least >= most { least } else { self.0.random_range(least..=most) }
    }

    /// An index below `len`, which is at least 1.
    pub(super) fn index(&mut self, len: usize) -> usize {
        if len <= 1 { 0 } else { self.0.random_range(0..len) }
    }

    /// One of the choices.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        if choices.is_empty() { None } else { Some(choices[self.index(choices.len())]) }
    }

    /// True so many times in a thousand, on average.
    pub(super) fn in_thousand(&mut self, times: u32) -> bool {
        times > 0 && self.0.random_range(0..1_000) < times
    }
}
