//! Which item of the office a line of a sale is: by the variant the bridge created, then by SKU, then by barcode, then the
//! channel's placeholder. A SKU or barcode that may mean two things is never guessed.

use std::collections::HashMap;

use crate::domain::{CallError, CreditLine, LineKind, SaleLine, Sku};
use crate::journal::{Lack, LinkKind};
use crate::office::KnownItems;

use super::Desk;
use super::paper::Refused;

/// What is known of a line's item.
#[derive(Clone)]
pub(super) struct Wanted {
    kind: LineKind,
    variant: Option<String>,
    sku: Option<Sku>,
    barcode: Option<String>,
    title: String,
}

impl From<&SaleLine> for Wanted {
    fn from(line: &SaleLine) -> Self {
        Self {
            kind: line.kind,
            variant: line.variant.clone(),
            sku: line.sku.clone(),
            barcode: line.barcode.clone(),
            title: line.title.clone(),
        }
    }
}

impl From<&CreditLine> for Wanted {
    fn from(line: &CreditLine) -> Self {
        Self {
            kind: line.kind,
            variant: line.variant.clone(),
            sku: line.sku.clone(),
            barcode: line.barcode.clone(),
            title: line.title.clone(),
        }
    }
}

/// What journal and office know of the lines of a batch.
pub(super) struct Items {
    /// SKU by variant.
    of_variant: HashMap<String, String>,
    /// Variant by SKU.
    of_sku: HashMap<String, String>,
    office: KnownItems,
    placeholder: Option<Sku>,
}

impl Items {
    /// Asks journal and office about all lines at once.
    pub async fn read(desk: &Desk<'_>, lines: &[Wanted]) -> Result<Self, CallError> {
        let channel = &desk.channel.name;
        let failed = |error: crate::journal::JournalError| CallError::Transient(error.to_string());
        let goods = || lines.iter().filter(|line| line.kind == LineKind::Goods);
        let variants = sorted(goods().filter_map(|line| line.variant.clone()));
        let linked = desk.journal.links_back(channel, LinkKind::Variant, &variants).await.map_err(failed)?;
        let of_variant: HashMap<String, String> = pairs(variants, linked);
        let open =
            || goods().filter(|line| line.variant.as_ref().is_none_or(|variant| !of_variant.contains_key(variant)));
        let skus = sorted(open().filter_map(|line| line.sku.as_ref().map(ToString::to_string)));
        let barcodes = sorted(open().filter_map(|line| line.barcode.clone()));
        let linked = desk.journal.links(channel, LinkKind::Variant, &skus).await.map_err(failed)?;
        let office = if skus.is_empty() && barcodes.is_empty() {
            KnownItems::default()
        } else {
            let asked: Vec<Sku> = skus.iter().filter_map(|sku| Sku::parse(sku).ok()).collect();
            desk.office.items(&asked, &barcodes).await?
        };
        Ok(Self { of_variant, of_sku: pairs(skus, linked), office, placeholder: desk.channel.sale.placeholder.clone() })
    }

    /// The item of a line; `None` for lines that are no goods. `is_final`: whether nothing more can be found out about it.
    pub fn of(&self, line: &Wanted, is_final: bool) -> Result<Option<Sku>, Refused> {
        if line.kind != LineKind::Goods {
            return Ok(None);
        }
        let linked = line.variant.as_ref().and_then(|variant| self.of_variant.get(variant));
        if let Some(sku) = linked.and_then(|sku| Sku::parse(sku).ok()) {
            return Ok(Some(sku));
        }
        if let Some(sku) = &line.sku {
            let owner = self.of_sku.get(sku.as_str());
            if line.variant.is_some() && owner.is_some() && owner != line.variant.as_ref() {
                return Err(ambiguous(&line.title, &format!("its SKU {sku} is on more than one variant of the shop")));
            }
            if self.office.skus.contains(sku) {
                return Ok(Some(sku.clone()));
            }
        }
        match line.barcode.as_ref().and_then(|barcode| self.office.by_barcode.get(barcode)).map(Vec::as_slice) {
            Some([sku]) => return Ok(Some(sku.clone())),
            Some([_, _, ..]) => {
                return Err(ambiguous(&line.title, "its barcode belongs to more than one item of the office"));
            }
            _ => {}
        }
        let nothing_to_ask = line.variant.is_none() && line.sku.is_none();
        if !is_final && !nothing_to_ask {
            return Err(Refused::Unclear);
        }
        if let Some(placeholder) = &self.placeholder {
            return Ok(Some(placeholder.clone()));
        }
        Err(unknown(line))
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn pairs(keys: Vec<String>, values: Vec<Option<String>>) -> HashMap<String, String> {
    keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The dead letter of a line that names no item.
fn unknown(line: &Wanted) -> Refused {
    let title: String = line.title.chars().take(80).collect();
    let what = match &line.sku {
        Some(sku) => format!("the line `{title}` is of no item the office has: SKU {sku} is unknown there"),
        None => format!("the line `{title}` has neither a known variant nor a SKU"),
    };
    let action = "add the item to the office, or correct the variant's SKU or barcode at the storefront, or name an item for such lines \
         as `placeholder_sku` under [channels.sale]; then `tillbridge dead retry`";
    match &line.sku {
        // Shown on the web, the item has a cross-reference.
        Some(sku) => Refused::lacking(Lack::Link { kind: LinkKind::Variant, key: sku.to_string() }, what, action),
        None => Refused::dead(what, action),
    }
}

fn ambiguous(title: &str, why: &str) -> Refused {
    let title: String = title.chars().take(80).collect();
    Refused::dead(
        format!("which item the line `{title}` is cannot be told: {why}"),
        "make it unique, then `tillbridge dead retry`",
    )
}
