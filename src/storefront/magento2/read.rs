//! Reads documents: one that was hinted at, or a page of those that changed.
//!
//! What comes in: a kind with an id, or with a window. What goes out: deliveries whose bodies hold the documents exactly as the
//! store wrote them, each joined with what it has to be understood by: an invoice with its order, a credit memo with its order
//! and the order's other documents, an order with its shipments and, once something of it was given back, its other documents.
//! The dedupe key is made of the content, so what is read twice is one delivery. Reads only; all of it may be repeated.

mod search;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::Magento2;
use super::client::{Found, Scope};
use super::normalise::{Amount, Id};
use super::wire;
use crate::domain::{CallError, DocumentHinted, HintedKind, NewDelivery, Origin};
use crate::storefront::{ChangedPage, Documents};
use search::Search;

/// The topics of what was read. No webhook has them.
pub mod topic {
    /// An order with its shipments, and once something was given back with its other documents.
    pub const ORDER: &str = "read/order";
    /// An invoice with its order.
    pub const INVOICE: &str = "read/invoice";
    /// A credit memo with its order and the order's other documents.
    pub const CREDIT_MEMO: &str = "read/creditmemo";
    /// A customer.
    pub const CUSTOMER: &str = "read/customer";
}

/// Documents of a page. Magento may be told to refuse more than 300.
const PAGE: usize = 100;
/// Documents that are asked for by their orders at a time: one order has few of them.
const ORDERS_AT_ONCE: usize = 25;

type Raw = Box<RawValue>;

/// What tells a document's place, wherever it is read.
#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    entity_id: Option<Id>,
    /// Of customers, who have no `entity_id`.
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    order_id: Option<Id>,
    #[serde(default)]
    store_id: Option<wire::Id>,
    /// Of customers, who belong to a website rather than a view.
    #[serde(default)]
    website_id: Option<wire::Id>,
}

/// Of an order, whether something was given back.
#[derive(Deserialize)]
struct Refunds {
    #[serde(default)]
    base_total_refunded: Amount,
    #[serde(default)]
    items: Vec<RefundedItem>,
}

impl Refunds {
    fn any(&self) -> bool {
        !self.base_total_refunded.0.is_zero() || self.items.iter().any(|item| !item.qty_refunded.0.is_zero())
    }
}

#[derive(Deserialize)]
struct RefundedItem {
    #[serde(default)]
    qty_refunded: Amount,
}

/// The documents of some orders, by order.
struct Others {
    shipments: BTreeMap<u64, Vec<Raw>>,
    invoices: BTreeMap<u64, Vec<Raw>>,
    memos: BTreeMap<u64, Vec<Raw>>,
}

impl Others {
    fn of(all: &BTreeMap<u64, Vec<Raw>>, order: u64) -> Vec<&Raw> {
        all.get(&order).into_iter().flatten().collect()
    }
}

/// A document's own number and its order's.
struct Place {
    id: u64,
    order: Option<u64>,
    view: Option<wire::Id>,
    website: Option<wire::Id>,
}

#[async_trait]
impl Documents for Magento2 {
    async fn read(&self, hint: &DocumentHinted) -> Result<Option<Vec<NewDelivery>>, CallError> {
        let path: &[&str] = match hint.kind {
            HintedKind::Order => &["orders", &hint.id],
            HintedKind::Invoice => &["invoices", &hint.id],
            HintedKind::Refund => &["creditmemo", &hint.id],
            HintedKind::Account => &["customers", &hint.id],
        };
        let Some(document) = self.client.get::<Raw>(Scope::Store, path, &[]).await.found()? else { return Ok(None) };
        let documents = self.of_our_website(vec![document]).await?;
        self.joined(hint.kind, documents).await.map(Some)
    }

    async fn changed(
        &self,
        kind: HintedKind,
        window: (Timestamp, Timestamp),
        after: Option<&str>,
    ) -> Result<ChangedPage, CallError> {
        let path: &[&str] = match kind {
            HintedKind::Order => &["orders"],
            HintedKind::Invoice => &["invoices"],
            HintedKind::Refund => &["creditmemos"],
            HintedKind::Account => &["customers", "search"],
        };
        let page: usize = after.and_then(|page| page.parse().ok()).unwrap_or(1);
        let search = Search::new()
            .and("updated_at", "gteq", &search::moment(window.0))
            .and("updated_at", "lteq", &search::moment(window.1))
            .ascending("updated_at")
            .ascending("entity_id")
            .page(page, PAGE);
        let found = self.list(path, &search).await?;
        // Past the end some collections repeat their last page, so the count decides, not an empty page.
        let next = (page * PAGE < total(&found)).then(|| (page + 1).to_string());
        let documents = self.of_our_website(found.items).await?;
        let ids = documents.iter().map(|one| known(one).map(|place| place.id.to_string()));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        Ok(ChangedPage { ids, deliveries: self.joined(kind, documents).await?, next })
    }
}

impl Magento2 {
    /// Of these documents those of the website we speak for, where only its own are wanted. One whose store view is gone cannot be
    /// told from another website's and is left out.
    async fn of_our_website(&self, documents: Vec<Raw>) -> Result<Vec<Raw>, CallError> {
        if !self.only_its_website || documents.is_empty() {
            return Ok(documents);
        }
        let ours = self.view().await?.website;
        let mut kept = Vec::with_capacity(documents.len());
        for document in documents {
            let place = known(&document)?;
            let website = match (place.website, place.view) {
                (Some(website), _) => Some(website),
                (None, Some(view)) => self.website_of(view).await?,
                (None, None) => None,
            };
            if website == Some(ours) {
                kept.push(document);
            }
        }
        Ok(kept)
    }

    /// Joins documents of one kind with what they need; what an order takes from stock comes before what is booked of it.
    async fn joined(&self, kind: HintedKind, documents: Vec<Raw>) -> Result<Vec<NewDelivery>, CallError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        if kind == HintedKind::Account {
            return documents.iter().map(|one| self.delivery(topic::CUSTOMER, &[("customer", &[one])])).collect();
        }
        if kind == HintedKind::Order {
            let others = self.others(&documents, false).await?;
            return documents.iter().map(|order| self.order_delivery(order, &others)).collect();
        }
        let order_ids: BTreeSet<u64> = ids(&documents, |place| place.order)?;
        let orders = self.orders(&order_ids).await?;
        let others = self.others(orders.values(), kind == HintedKind::Refund).await?;
        let mut deliveries = Vec::new();
        for order in orders.values() {
            deliveries.push(self.order_delivery(order, &others)?);
        }
        for document in &documents {
            let place = known(document)?;
            let order_id = place.order.unwrap_or_default();
            let order = orders.get(&order_id).ok_or_else(|| {
                CallError::Transient(format!("GET orders: the order {order_id} of a document is not there yet"))
            })?;
            deliveries.push(if kind == HintedKind::Invoice {
                self.delivery(topic::INVOICE, &[("invoice", &[document]), ("order", &[order])])?
            } else {
                self.delivery(
                    topic::CREDIT_MEMO,
                    &[
                        ("creditmemo", &[document]),
                        ("order", &[order]),
                        ("invoices[]", &Others::of(&others.invoices, order_id)),
                        ("creditmemos[]", &Others::of(&others.memos, order_id)),
                        ("shipments[]", &Others::of(&others.shipments, order_id)),
                    ],
                )?
            });
        }
        Ok(deliveries)
    }

    fn order_delivery(&self, order: &Raw, others: &Others) -> Result<NewDelivery, CallError> {
        let id = known(order)?.id;
        self.delivery(
            topic::ORDER,
            &[
                ("order", &[order]),
                ("shipments[]", &Others::of(&others.shipments, id)),
                ("invoices[]", &Others::of(&others.invoices, id)),
                ("creditmemos[]", &Others::of(&others.memos, id)),
            ],
        )
    }

    /// What else belongs to these orders: shipments, and where something is known to be given back invoices and credit memos.
    async fn others(&self, orders: impl IntoIterator<Item = &Raw>, given_back: bool) -> Result<Others, CallError> {
        let (mut all, mut refunded) = (BTreeSet::new(), BTreeSet::new());
        for order in orders {
            let id = known(order)?.id;
            all.insert(id);
            let refunds: Refunds = serde_json::from_str(order.get()).map_err(|_| shapeless())?;
            if given_back || refunds.any() {
                refunded.insert(id);
            }
        }
        Ok(Others {
            shipments: self.by_order(&["shipments"], &all).await?,
            invoices: self.by_order(&["invoices"], &refunded).await?,
            memos: self.by_order(&["creditmemos"], &refunded).await?,
        })
    }

    async fn orders(&self, ids: &BTreeSet<u64>) -> Result<BTreeMap<u64, Raw>, CallError> {
        let mut orders = BTreeMap::new();
        for some in chunks(ids, PAGE) {
            for order in self.all(&["orders"], &Search::new().and("entity_id", "in", &some)).await? {
                orders.insert(known(&order)?.id, order);
            }
        }
        Ok(orders)
    }

    /// All documents of these orders, by order, oldest first.
    async fn by_order(&self, path: &[&str], orders: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<Raw>>, CallError> {
        let mut found: BTreeMap<u64, Vec<Raw>> = BTreeMap::new();
        for some in chunks(orders, ORDERS_AT_ONCE) {
            for document in self.all(path, &Search::new().and("order_id", "in", &some)).await? {
                if let Some(order) = known(&document)?.order {
                    found.entry(order).or_default().push(document);
                }
            }
        }
        Ok(found)
    }

    /// All pages of a search, by id.
    async fn all(&self, path: &[&str], search: &Search) -> Result<Vec<Raw>, CallError> {
        let mut all = Vec::new();
        for page in 1.. {
            let found = self.list(path, &search.clone().ascending("entity_id").page(page, PAGE)).await?;
            let (here, total) = (found.items.len(), total(&found));
            all.extend(found.items);
            if here == 0 || page * PAGE >= total {
                break;
            }
        }
        Ok(all)
    }

    async fn list(&self, path: &[&str], search: &Search) -> Result<search::Listed, CallError> {
        let query = search.query();
        let query: Vec<(&str, String)> = query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Ok(self.client.get(Scope::Store, path, &query).await?)
    }

    /// A delivery of documents under their names; a name with `[]` is a list. The first document says what it is.
    fn delivery(&self, topic: &str, parts: &[(&str, &[&Raw])]) -> Result<NewDelivery, CallError> {
        let mut body = String::from("{");
        let mut digest = Sha256::new();
        for (at, (name, documents)) in parts.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            let written: Vec<&str> = documents.iter().map(|one| one.get()).collect();
            let list = name.strip_suffix("[]");
            let (open, close) = if list.is_some() { ("[", "]") } else { ("", "") };
            for part in ["\"", list.unwrap_or(name), "\":", open, &written.join(","), close] {
                body.push_str(part);
            }
            // Lists and single reads may write the same document in different ways; values in the order of their names do not.
            for one in *documents {
                let value: Value = serde_json::from_str(one.get()).map_err(|_| shapeless())?;
                digest.update(value.to_string());
            }
        }
        body.push('}');
        let first = parts.first().and_then(|(_, documents)| documents.first()).ok_or_else(shapeless)?;
        let content = digest.finalize().iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Ok(NewDelivery {
            origin: Origin::storefront(self.name.as_str()),
            topic: topic.to_owned(),
            dedupe_key: format!("{topic} {} {content}", known(first)?.id),
            fold_key: None,
            headers: BTreeMap::new(),
            body: Bytes::from(body),
        })
    }
}

fn known(document: &Raw) -> Result<Place, CallError> {
    let known: Known = serde_json::from_str(document.get()).map_err(|_| shapeless())?;
    let id = known.entity_id.or(known.id).ok_or_else(shapeless)?;
    Ok(Place { id: id.0, order: known.order_id.map(|id| id.0), view: known.store_id, website: known.website_id })
}

fn total(found: &search::Listed) -> usize {
    usize::try_from(found.total_count.0).unwrap_or(usize::MAX)
}

fn shapeless() -> CallError {
    CallError::Rejected("a document of the store has no `entity_id`, or is none".into())
}

fn ids(documents: &[Raw], of: impl Fn(&Place) -> Option<u64>) -> Result<BTreeSet<u64>, CallError> {
    documents.iter().filter_map(|one| known(one).map(|place| of(&place)).transpose()).collect()
}

fn chunks(ids: &BTreeSet<u64>, size: usize) -> Vec<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.chunks(size).map(|some| some.join(",")).collect()
}
