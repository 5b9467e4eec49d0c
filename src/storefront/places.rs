//! How many calls at once a process asks a storefront to bear: its part of a limit that several processes share.
//!
//! What comes in: the limit, and how many processes keep to it together. What goes out: a place for each call. A part that becomes
//! smaller interrupts nobody: whoever has a place keeps it, and fewer are given back. Every process has one place, however many they are (P9).

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// See the module.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    free: Semaphore,
    part: Mutex<Part>,
}

#[derive(Debug)]
struct Part {
    ours: usize,
    /// Places that are taken and are not ours any more.
    surplus: usize,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    places: &'a Places,
    permit: Option<SemaphorePermit<'a>>,
}

impl Places {
    /// So many, all of them ours.
    pub fn of(most: usize) -> Self {
        Self { most, free: Semaphore::new(most), part: Mutex::new(Part { ours: most, surplus: 0 }) }
    }

    /// Waits for a free place.
    pub async fn take(&self) -> Taken<'_> {
        // The semaphore is never closed.
        Taken { places: self, permit: self.free.acquire().await.ok() }
    }

    /// Keeps to the part of one of so many processes.
    pub fn shared_by(&self, processes: usize) {
        let ours = (self.most / processes.max(1)).max(1);
        let mut part = self.part();
        if ours < part.ours {
            let fewer = part.ours - ours;
            part.surplus += fewer - self.free.forget_permits(fewer);
        } else {
            let more = ours - part.ours;
            let kept = more.min(part.surplus);
            part.surplus -= kept;
            self.free.add_permits(more - kept);
        }
        part.ours = ours;
    }

    fn part(&self) -> MutexGuard<'_, Part> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut part = self.places.part();
        if part.surplus > 0 {
            part.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// As many as there are free.
    fn all(places: &Places) -> Vec<Taken<'_>> {
        std::iter::from_fn(|| places.take().now_or_never()).collect()
    }

    #[test]
    fn a_limit_is_shared_and_nobody_is_left_without_a_place() {
        let places = Places::of(8);
        for (processes, ours) in [(1, 8), (2, 4), (3, 2), (9, 1), (1, 8), (0, 8)] {
            places.shared_by(processes);
            assert_eq!(all(&places).len(), ours, "{processes} processes");
        }
    }

    #[test]
    fn what_is_taken_is_kept_and_given_back_to_nobody() {
        let places = Places::of(4);
        let mut taken = all(&places);
        places.shared_by(4);
        assert!(places.take().now_or_never().is_none());
        taken.truncate(1);
        assert!(places.take().now_or_never().is_none(), "three were too many and one is ours");
        taken.clear();
        assert_eq!(all(&places).len(), 1);
    }

    #[test]
    fn a_part_that_grows_again_while_places_are_taken_comes_to_the_whole() {
        let places = Places::of(4);
        let taken = all(&places);
        places.shared_by(4);
        places.shared_by(2);
        places.shared_by(1);
        assert!(places.take().now_or_never().is_none(), "all four are taken");
        drop(taken);
        assert_eq!(all(&places).len(), 4);
    }
}
