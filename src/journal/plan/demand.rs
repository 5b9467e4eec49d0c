//! Web orders as they are to be kept: the newest statement of each, and what it changes against the one before.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{ChannelName, Moved, WebClaim};
use crate::journal::text;

/// A pair of channel and order.
pub(in crate::journal) type OrderKey = (String, String);

/// What a delivery says of one order, ready to be written.
#[derive(Debug, Clone)]
pub(in crate::journal) struct Statement {
    pub key: OrderKey,
    pub version: i64,
    pub left_out: bool,
    pub lines: Vec<Line>,
}

/// Pieces of one line at one branch, before its SKU is looked up.
#[derive(Debug, Clone)]
pub(in crate::journal) struct Line {
    pub variant: Option<String>,
    pub sku: Option<String>,
    pub branch: String,
    pub count: Count,
}

/// Pieces of one order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::journal) struct Count {
    pub held: i64,
    pub gone: i64,
    pub back: i64,
}

impl Count {
    fn moved(self) -> Moved {
        Moved { available: self.held + self.gone - self.back, on_hand: self.gone - self.back }
    }
}

/// Pieces by SKU and branch.
pub(in crate::journal) type Rows = BTreeMap<(String, String), Count>;

impl Statement {
    pub(in crate::journal) fn of(channel: &ChannelName, claim: &WebClaim) -> Self {
        let line = |(branch, line): &(crate::domain::BranchCode, crate::domain::WebLine)| Line {
            variant: line.variant.as_deref().map(|variant| text::clean(variant).into_owned()),
            sku: line.sku.as_ref().map(|sku| text::key(sku.as_str()).into_owned()),
            branch: branch.to_string(),
            count: Count { held: line.open, gone: line.gone, back: line.back },
        };
        Self {
            key: (channel.to_string(), text::key(&claim.order).into_owned()),
            version: claim.version.0,
            left_out: claim.left_out,
            lines: claim.lines.iter().map(line).collect(),
        }
    }

    /// The pieces by SKU and branch; `skus` are ours by the storefront's variant. What cannot be named is left out: it is no
    /// stock of ours either.
    pub(in crate::journal) fn rows(&self, skus: &HashMap<(String, String), String>) -> Rows {
        let mut rows = Rows::new();
        for line in &self.lines {
            let linked = line.variant.as_ref().and_then(|variant| skus.get(&(self.key.0.clone(), variant.clone())));
            let Some(sku) = linked.or(line.sku.as_ref()) else { continue };
            let row = rows.entry((sku.clone(), line.branch.clone())).or_default();
            row.held = row.held.saturating_add(line.count.held);
            row.gone = row.gone.saturating_add(line.count.gone);
            row.back = row.back.saturating_add(line.count.back);
        }
        rows.retain(|_, count| *count != Count::default());
        rows
    }
}

/// The newest statement of each order, by their keys; of two that are equally new the later one.
pub(in crate::journal) fn newest<'a>(statements: impl Iterator<Item = &'a Statement>) -> BTreeMap<OrderKey, Statement> {
    let mut newest: BTreeMap<OrderKey, Statement> = BTreeMap::new();
    for statement in statements {
        match newest.get(&statement.key) {
            Some(known) if known.version > statement.version => {}
            _ => drop(newest.insert(statement.key.clone(), statement.clone())),
        }
    }
    newest
}

/// Whether some pieces of every SKU are still to be shipped.
pub(in crate::journal) fn all_are_held(rows: &Rows) -> bool {
    let mut held: BTreeMap<&str, i64> = BTreeMap::new();
    for ((sku, _), count) in rows {
        *held.entry(sku).or_default() += count.held;
    }
    held.values().all(|held| *held > 0)
}

/// How far an order's new pieces move the storefront's figures beyond its old ones.
pub(in crate::journal) fn movements(old: &Rows, new: &Rows) -> BTreeMap<(String, String), Moved> {
    let mut moved: BTreeMap<(String, String), Moved> = BTreeMap::new();
    for (sign, rows) in [(-1, old), (1, new)] {
        for (place, count) in rows {
            let by = moved.entry(place.clone()).or_default();
            by.available += sign * count.moved().available;
            by.on_hand += sign * count.moved().on_hand;
        }
    }
    moved.retain(|_, by| *by != Moved::default());
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(branch: &str, held: i64, gone: i64, back: i64) -> Rows {
        [(("TEE".to_owned(), branch.to_owned()), Count { held, gone, back })].into()
    }

    fn moved(old: &Rows, new: &Rows) -> Vec<(String, i64, i64)> {
        movements(old, new).into_iter().map(|((_, branch), by)| (branch, by.available, by.on_hand)).collect()
    }

    #[test]
    fn the_shop_takes_pieces_off_sale_when_sold_and_off_the_shelf_when_shipped() {
        assert_eq!(moved(&Rows::new(), &rows("WEB", 3, 0, 0)), [("WEB".into(), 3, 0)]);
        assert_eq!(moved(&rows("WEB", 3, 0, 0), &rows("WEB", 0, 3, 0)), [("WEB".into(), 0, 3)]);
        assert_eq!(moved(&rows("WEB", 0, 3, 0), &rows("WEB", 0, 3, 2)), [("WEB".into(), -2, -2)]);
        assert_eq!(moved(&rows("WEB", 3, 0, 0), &Rows::new()), [("WEB".into(), -3, 0)]);
        assert_eq!(moved(&rows("WEB", 3, 0, 0), &rows("AKL", 0, 3, 0)), [("AKL".into(), 3, 3), ("WEB".into(), -3, 0)]);
        assert_eq!(moved(&rows("WEB", 3, 0, 0), &rows("WEB", 3, 0, 0)), []);
    }
}
