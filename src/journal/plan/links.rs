//! The book of cross-references during one batch: a known key takes a new id, and an id that belongs to another key refuses
//! the settlement that brings it. Settlements are entered in order, each wholly or not at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::plan::LinkRow;
use crate::journal::{Link, text};

/// Channel, kind, and a key of ours or an id of theirs.
type Slot = (String, &'static str, String);

/// What the journal knew, and what the batch makes of it.
#[derive(Debug, Default)]
pub(in crate::journal) struct LinkBook {
    known: BTreeMap<Slot, String>,
    others: Page,
    keys: Page,
}

/// One direction of the book, with what it takes to go back to the last line drawn.
#[derive(Debug, Default)]
struct Page {
    entries: BTreeMap<Slot, String>,
    changed: BTreeSet<Slot>,
    undo: Vec<(Slot, Option<String>)>,
}

impl Page {
    fn put(&mut self, slot: Slot, value: Option<String>) {
        let former = match value {
            Some(value) => self.entries.insert(slot.clone(), value),
            None => self.entries.remove(&slot),
        };
        self.undo.push((slot, former));
    }

    fn keep(&mut self) {
        self.changed.extend(self.undo.drain(..).map(|(slot, _)| slot));
    }

    fn go_back(&mut self) {
        while let Some((slot, former)) = self.undo.pop() {
            match former {
                Some(value) => self.entries.insert(slot, value),
                None => self.entries.remove(&slot),
            };
        }
    }
}

impl LinkBook {
    /// Starts from the rows that share a key or an id with the batch.
    pub(in crate::journal) fn of(rows: Vec<LinkRow>) -> Self {
        let mut book = Self::default();
        for LinkRow { channel, kind, key, other } in rows {
            book.known.insert((channel.clone(), kind, key.clone()), other.clone());
            book.others.entries.insert((channel.clone(), kind, key.clone()), other.clone());
            book.keys.entries.insert((channel, kind, other), key);
        }
        book
    }

    /// Whether a key has a link.
    pub(in crate::journal) fn has(&self, channel: &str, kind: &'static str, key: &str) -> bool {
        self.others.entries.contains_key(&(channel.to_owned(), kind, key.to_owned()))
    }

    /// Enters all links of one settlement; when one stands against another key, enters none and says which.
    pub(in crate::journal) fn enter(&mut self, channel: &str, links: &[Link]) -> Result<(), String> {
        for link in links {
            if let Err(conflict) = self.enter_one(channel, link) {
                self.others.go_back();
                self.keys.go_back();
                return Err(conflict);
            }
        }
        self.others.keep();
        self.keys.keep();
        Ok(())
    }

    fn enter_one(&mut self, channel: &str, link: &Link) -> Result<(), String> {
        let kind = link.kind.as_str();
        let (key, other) = (text::clean(&link.key).into_owned(), text::clean(&link.other).into_owned());
        let ours = (channel.to_owned(), kind, key.clone());
        let theirs = (channel.to_owned(), kind, other.clone());
        if let Some(owner) = self.keys.entries.get(&theirs).filter(|owner| **owner != key) {
            return Err(format!("{kind} `{other}` already belongs to `{owner}` and cannot belong to `{key}` too"));
        }
        if let Some(former) = self.others.entries.get(&ours).filter(|former| **former != other) {
            self.keys.put((channel.to_owned(), kind, former.clone()), None);
        }
        self.others.put(ours, Some(other));
        self.keys.put(theirs, Some(key));
        Ok(())
    }

    /// The rows to take out, then the rows to put in. Taking changed ones out first lets an id move on within one batch
    /// without two rows ever having it.
    pub(in crate::journal) fn changes(&self) -> (Vec<LinkRow>, Vec<LinkRow>) {
        let (mut out, mut put) = (Vec::new(), Vec::new());
        let row = |slot: &Slot, other: &str| LinkRow {
            channel: slot.0.clone(),
            kind: slot.1,
            key: slot.2.clone(),
            other: other.to_owned(),
        };
        for slot in &self.others.changed {
            let (before, after) = (self.known.get(slot), self.others.entries.get(slot));
            if before != after {
                out.extend(before.map(|other| row(slot, other)));
                put.extend(after.map(|other| row(slot, other)));
            }
        }
        (out, put)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::LinkKind;

    fn link(key: &str, other: &str) -> Link {
        Link { kind: LinkKind::Variant, key: key.into(), other: other.into() }
    }

    fn row(key: &str, other: &str) -> LinkRow {
        LinkRow { channel: "kiwi".into(), kind: "variant", key: key.into(), other: other.into() }
    }

    #[test]
    fn a_known_key_takes_a_new_id_and_frees_the_old_one() {
        let mut book = LinkBook::of(vec![row("A", "1")]);
        book.enter("kiwi", &[link("A", "2")]).unwrap();
        book.enter("kiwi", &[link("B", "1")]).unwrap();
        assert_eq!(book.changes(), (vec![row("A", "1")], vec![row("A", "2"), row("B", "1")]));
    }

    #[test]
    fn a_refused_settlement_leaves_no_trace() {
        let mut book = LinkBook::of(vec![row("A", "1"), row("C", "3")]);
        let refusal = book.enter("kiwi", &[link("B", "2"), link("C", "4"), link("D", "1")]).unwrap_err();
        assert!(refusal.contains("`1` already belongs to `A`"), "{refusal}");
        assert!(!book.has("kiwi", "variant", "B"));
        assert_eq!(book.changes(), (vec![], vec![]));
        book.enter("kiwi", &[link("E", "2")]).unwrap();
        assert_eq!(book.changes(), (vec![], vec![row("E", "2")]));
    }

    #[test]
    fn the_same_link_again_changes_nothing() {
        let mut book = LinkBook::of(vec![row("A", "1")]);
        book.enter("kiwi", &[link("A", "1")]).unwrap();
        assert_eq!(book.changes(), (vec![], vec![]));
    }

    #[test]
    fn channels_and_kinds_do_not_mix() {
        let mut book = LinkBook::of(vec![row("A", "1")]);
        book.enter("other", &[link("B", "1")]).unwrap();
        book.enter("kiwi", &[Link { kind: LinkKind::StockItem, key: "B".into(), other: "1".into() }]).unwrap();
    }
}
