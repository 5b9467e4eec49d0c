//! Money comes in.

use super::super::figures::{Both, Minor, RowMoney, Totals};
use super::super::orders::{Document, DocumentRow, OrderPhase, OrderRecord};
use super::super::request::Refusal;
use super::super::state::{Kind, State};
use super::super::stock::DEFAULT_SOURCE;
use super::Wanted;

const REFUSED: &str = "Invoice Document Validation Error(s):\n";

impl State {
    /// Makes an invoice of these lines; paid at once unless `open`. Answers its id.
    pub(in super::super) fn invoice(&mut self, order: u64, wanted: Wanted, open: bool) -> Result<u64, Refusal> {
        let record = self.orders.get(&order).ok_or_else(Refusal::missing)?;
        let lines = to_be_invoiced(record, wanted)?;
        let is_first = self.standing_invoices(record).next().is_none();
        let left = self.left_of_cards(record);
        let included: Vec<(usize, i64)> =
            lines.iter().flat_map(|(line, pieces)| record.with_children(*line, *pieces)).collect();
        let unsent: Vec<(usize, i64)> =
            included.iter().copied().filter(|(line, _)| record.items[*line].is_virtual()).collect();
        let unsent = Self::on_shelves(record, &unsent);
        let source = self.stock.sold_from.first().map_or(DEFAULT_SOURCE, String::as_str).to_owned();
        self.stock.deduct(&source, &unsent)?;
        let at = self.now();
        let (mut rows, mut sum) = (Vec::new(), Both::<RowMoney>::default());
        for (line, pieces) in included {
            let id = self.next(Kind::InvoiceItem);
            let item = &mut self.order_mut(order)?.items[line];
            let money = item.counts.then(|| item.money.map(|money| money.part(item.invoiced, pieces, item.ordered)));
            item.invoiced += pieces;
            if let Some(money) = money {
                item.done = item.done.with(money, RowMoney::plus);
                sum = sum.with(money, RowMoney::plus);
            }
            rows.push(DocumentRow { id, item: line, pieces, money });
        }
        let id = self.next(Kind::Invoice);
        let record = self.order_mut(order)?;
        record.invoices.push(id);
        let carriage = if is_first { record.totals.map(|totals| totals.shipping) } else { Both::default() };
        let totals = sum.with(carriage, |rows, shipping| Totals { rows, shipping, ..Totals::default() });
        let totals = totals.with(left, |totals, (cards, balance)| totals.paid_by(cards, balance));
        if !open {
            record.invoiced = record.invoiced.with(totals, added);
            record.settle_phase();
        }
        record.updated_at = at;
        let made = record.dates_next(at);
        let document = Document {
            id,
            increment: format!("{id:09}"),
            order,
            state: if open { 1 } else { 2 },
            rows,
            totals,
            invoice: None,
            comments: Vec::new(),
            created_at: made,
            updated_at: at,
        };
        self.invoices.insert(id, document);
        self.tell("sales.invoice.created", Kind::Invoice, id);
        if !open {
            self.tell("sales.invoice.paid", Kind::Invoice, id);
            self.tell("sales.order.paid", Kind::Order, order);
        }
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(id)
    }

    /// What no invoice has used yet of the order's gift cards and store credit.
    fn left_of_cards(&self, record: &OrderRecord) -> Both<(Minor, Minor)> {
        let own = self.standing_invoices(record);
        let used = own.fold(Both::default(), |sum: Both<Totals>, one| sum.with(one.totals, added));
        record.totals.with(used, |whole, used| (whole.cards - used.cards, whole.balance - used.balance))
    }

    /// The invoices of an order that were not cancelled.
    fn standing_invoices(&self, record: &OrderRecord) -> impl Iterator<Item = &Document> {
        record.invoices.iter().filter_map(|id| self.invoices.get(id)).filter(|known| known.state != 3)
    }

    /// The money of an open invoice arrives.
    pub(in super::super) fn capture(&mut self, invoice: u64) -> Result<(), Refusal> {
        let at = self.now();
        let document = self.invoices.get_mut(&invoice).ok_or_else(Refusal::missing)?;
        if document.state != 1 {
            return Err(Refusal::bad("The invoice cannot be captured."));
        }
        (document.state, document.updated_at) = (2, at);
        let (order, totals) = (document.order, document.totals);
        let record = self.order_mut(order)?;
        record.invoiced = record.invoiced.with(totals, added);
        record.settle_phase();
        record.updated_at = at;
        self.tell("sales.invoice.paid", Kind::Invoice, invoice);
        self.tell("sales.order.paid", Kind::Order, order);
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(())
    }

    /// An open invoice is cancelled; its pieces may be invoiced again.
    pub(in super::super) fn void(&mut self, invoice: u64) -> Result<(), Refusal> {
        let at = self.now();
        let document = self.invoices.get_mut(&invoice).ok_or_else(Refusal::missing)?;
        if document.state != 1 {
            return Err(Refusal::bad("The invoice cannot be canceled."));
        }
        (document.state, document.updated_at) = (3, at);
        let (order, rows) = (document.order, document.rows.clone());
        let record = self.order_mut(order)?;
        for row in rows {
            let item = &mut record.items[row.item];
            item.invoiced -= row.pieces;
            if let Some(money) = row.money {
                item.done = item.done.with(money, RowMoney::minus);
            }
        }
        record.updated_at = at;
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(())
    }
}

fn to_be_invoiced(record: &OrderRecord, wanted: Wanted) -> Result<Vec<(usize, i64)>, Refusal> {
    let refused = |why: &str| Refusal::bad(format!("{REFUSED}{why}"));
    if matches!(record.phase, OrderPhase::Canceled | OrderPhase::Closed | OrderPhase::Holded | OrderPhase::Complete) {
        return Err(refused("An invoice cannot be created when an order has a status of %1").status_of(record));
    }
    let all = || record.tops().into_iter().map(|line| (line, record.items[line].to_invoice())).collect();
    let lines: Vec<(usize, i64)> = wanted.unwrap_or_else(all);
    for (line, pieces) in &lines {
        let item = record.items.get(*line).ok_or_else(|| {
            refused("The invoice contains one or more items that are not part of the original order.")
        })?;
        if *pieces < 0 || *pieces > item.to_invoice() {
            let sku = &item.sku;
            return Err(refused(&format!(
                "The quantity to invoice must not be greater than the uninvoiced quantity for product SKU \"{sku}\"."
            )));
        }
    }
    let lines: Vec<_> = lines.into_iter().filter(|(_, pieces)| *pieces > 0).collect();
    if lines.is_empty() {
        return Err(refused("The invoice can't be created without products. Add products and try again."));
    }
    Ok(lines)
}

impl Refusal {
    fn status_of(mut self, record: &OrderRecord) -> Self {
        self.parameters = serde_json::json!([record.status]);
        self
    }
}

/// Totals of documents taken together.
pub(super) fn added(one: Totals, other: Totals) -> Totals {
    Totals {
        rows: one.rows.plus(other.rows),
        shipping: one.shipping.plus(other.shipping),
        positive: one.positive + other.positive,
        negative: one.negative + other.negative,
        cards: one.cards + other.cards,
        balance: one.balance + other.balance,
    }
}
