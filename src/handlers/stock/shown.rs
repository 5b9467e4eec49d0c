//! What the storefront shows, as far as the bridge knows: a figure, and how far web orders had moved it by then.
//!
//! What comes in: what the journal keeps of writes that were answered and of writes whose answer was lost. What goes out: how
//! many pieces a figure found at the storefront is lower than can be explained (P5). After a lost answer there may be several
//! accounts of that; the worst is acted upon, and the others are kept, since news that is still to come tells which was true.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// The most accounts that are kept of one figure: each takes a process that died in the middle of a write.
const MOST_ACCOUNTS: usize = 64;

/// A figure that the storefront showed, and how far web orders had moved the storefront's figure by then. From both follows
/// what the storefront shows now, unless something happened there that nobody has told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::handlers) struct Shown {
    pub quantity: i64,
    /// Told or not: what was found moved counts, so that its news changes nothing when it comes.
    pub moved: i64,
    /// How much of that had not been told: below zero, more was told than found. Until it is told, nobody knows what the
    /// storefront shows.
    pub untold: i64,
    /// How much may have been untold as well, each less than that: below zero, pieces came back.
    pub or: BTreeSet<i64>,
    /// Since when there has been something unexplained.
    pub since: Option<Timestamp>,
}

impl Shown {
    /// Reads what the journal keeps.
    pub(in crate::handlers) fn parse(value: &str) -> Option<Self> {
        let (value, since) = match value.split_once(" since ") {
            Some((value, since)) => (value, Some(since.parse().ok()?)),
            None => (value, None),
        };
        let (value, untold) = value.split_once(" and untold ").unwrap_or((value, "0"));
        let mut untold = untold.split(" or ").map(str::parse);
        let most = untold.next()?.ok()?;
        let or = untold.collect::<Result<_, _>>().ok()?;
        let (quantity, moved) = value.split_once(" after ").unwrap_or((value, "0"));
        Some(Self { quantity: quantity.parse().ok()?, moved: moved.parse().ok()?, untold: most, or, since })
    }

    /// Reads a list of them; what cannot be read is left out.
    pub(super) fn parse_all(value: &str) -> Vec<Self> {
        value.split("; ").filter_map(Self::parse).collect()
    }

    /// What the storefront shows once web orders are told to have moved its figure so far, if all is told by then.
    pub(in crate::handlers) fn by_now(&self, moved: i64) -> i64 {
        self.quantity.saturating_sub(moved.saturating_sub(self.moved))
    }

    /// Whether something is known to have moved it that nobody has told, or may have.
    pub(super) fn is_doubted(&self) -> bool {
        self.untold != 0 || !self.or.is_empty()
    }

    /// The pieces by which a found figure is lower than told, by every account of this one.
    fn lower(&self, moved: i64, found: i64) -> impl Iterator<Item = i64> {
        let most = self.by_now(moved).saturating_sub(found);
        let less = self.or.iter().map(move |other| most.saturating_sub(self.untold.saturating_sub(*other)));
        std::iter::once(most).chain(less)
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.quantity)?;
        if (self.moved, self.untold) != (0, 0) {
            write!(f, " after {}", self.moved)?;
        }
        if self.is_doubted() {
            write!(f, " and untold {}", self.untold)?;
        }
        for other in &self.or {
            write!(f, " or {other}")?;
        }
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        Ok(())
    }
}

/// By how much a figure that was found cannot be explained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unexplained {
    /// Pieces the storefront shows fewer (or, below zero, more) than is known to have been sold, by the worst account.
    pub most: i64,
    /// The same by other accounts, each less than the worst.
    pub or: BTreeSet<i64>,
}

impl Unexplained {
    /// Compares a figure at the storefront with the last known one and with those of writes whose answers were lost; which of those
    /// got there is not known, and each account says another number of pieces that were sold or came back untold. A figure that is
    /// just what one of them would have left, or what it was before, proves nothing: a sale may have lowered it as far as the write
    /// would have. News decides between the accounts, or a count does.
    pub(super) fn of(found: i64, moved: i64, last: Option<&Shown>, sent: &[Shown]) -> Self {
        let Some(last) = last else { return Self::default() };
        let mut accounts: BTreeSet<i64> =
            std::iter::once(last).chain(sent).flat_map(|shown| shown.lower(moved, found)).collect();
        let Some(most) = accounts.pop_last() else { return Self::default() };
        while accounts.len() >= MOST_ACCOUNTS {
            accounts.pop_first();
        }
        Self { most, or: accounts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(quantity: i64, moved: i64) -> Shown {
        Shown { quantity, moved, untold: 0, or: BTreeSet::new(), since: None }
    }

    fn unexplained(most: i64, or: &[i64]) -> Unexplained {
        Unexplained { most, or: or.iter().copied().collect() }
    }

    #[test]
    fn what_is_shown_follows_from_what_was_written_and_what_was_sold_since() {
        let shown = shown(10, 4);
        assert_eq!((shown.by_now(4), shown.by_now(7), shown.by_now(3)), (10, 7, 11));
    }

    #[test]
    fn what_was_found_moved_is_not_taken_off_again_when_it_is_told() {
        let shown = Shown { untold: 3, ..shown(10, 7) };
        assert_eq!((shown.by_now(7), shown.by_now(8), shown.by_now(6)), (10, 9, 11));
    }

    #[test]
    fn what_the_journal_keeps_is_read_again() {
        for (quantity, moved, untold, or) in
            [(10, 4, 0, vec![]), (10, 0, 0, vec![]), (-3, 0, -1, vec![]), (7, -2, 5, vec![0, 2])]
        {
            let since = (untold != 0).then_some(Timestamp::UNIX_EPOCH);
            let shown = Shown { quantity, moved, untold, or: or.into_iter().collect(), since };
            assert_eq!(Shown::parse(&shown.to_string()), Some(shown.clone()));
            assert_eq!(Shown::parse_all(&format!("{shown}; {shown}")), [shown.clone(), shown]);
        }
        assert_eq!(Shown::parse("-3"), Some(shown(-3, 0)));
        assert_eq!(Shown::parse("many"), None);
    }

    #[test]
    fn a_lower_figure_is_a_sale_nobody_told_of() {
        assert_eq!(Unexplained::of(8, 0, Some(&shown(10, 0)), &[]), unexplained(2, &[]));
        assert_eq!(Unexplained::of(8, 2, Some(&shown(10, 0)), &[]), unexplained(0, &[]));
        assert_eq!(Unexplained::of(8, 0, None, &[]), unexplained(0, &[]));
    }

    #[test]
    fn a_write_without_an_answer_may_have_left_what_is_found_or_a_sale_may_have() {
        let (last, sent) = (shown(10, 0), shown(7, 0));
        assert_eq!(Unexplained::of(7, 0, Some(&last), std::slice::from_ref(&sent)), unexplained(3, &[0]));
        assert_eq!(Unexplained::of(6, 1, Some(&last), &[sent]), unexplained(3, &[0]));
    }

    #[test]
    fn a_sale_after_a_write_without_an_answer_has_two_accounts_and_the_worse_one_counts() {
        let last = shown(10, 0);
        // Three fewer were to be shown: either one was sold after that, or four were sold and it never got there.
        assert_eq!(Unexplained::of(6, 0, Some(&last), &[shown(7, 0)]), unexplained(4, &[1]));
        // Five more were to be shown: either two were sold after that, or it never got there and three came back.
        assert_eq!(Unexplained::of(13, 0, Some(&last), &[shown(15, 0)]), unexplained(2, &[-3]));
    }

    #[test]
    fn news_tells_which_account_was_true() {
        let written = Shown { untold: 4, or: [1].into(), ..shown(3, 4) };
        // All four are told: what is believed is what is found.
        assert_eq!(written.by_now(4), 3);
        // One is told. Three more may come.
        assert_eq!(Unexplained::of(3, 1, Some(&written), &[]), unexplained(3, &[0]));
        // Two are told: by the account of one, one has come back since.
        assert_eq!(Unexplained::of(3, 2, Some(&written), &[]), unexplained(2, &[-1]));
    }

    #[test]
    fn what_came_back_and_was_taken_off_again_looks_as_if_nothing_had_happened() {
        let last = shown(10, 0);
        // Two came back untold, and a write to go back to ten has no answer.
        let sent = Shown { untold: -2, ..shown(10, -2) };
        assert_eq!(Unexplained::of(10, 0, Some(&last), std::slice::from_ref(&sent)), unexplained(0, &[-2]));
        let written = Shown { or: [-2].into(), ..shown(10, 0) };
        assert_eq!(Shown::parse(&written.to_string()), Some(written.clone()));
        // Their news comes: by the first account twelve should be there, by the second ten.
        assert_eq!(Unexplained::of(10, -2, Some(&written), &[]), unexplained(2, &[0]));
    }
}
