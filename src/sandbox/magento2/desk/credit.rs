//! Money and goods go back.

use super::super::figures::{Both, Minor, RowMoney, Totals};
use super::super::orders::{Document, DocumentRow, OrderPhase, OrderRecord};
use super::super::plans::CreditPlan;
use super::super::request::Refusal;
use super::super::state::{Kind, State};
use super::super::stock::DEFAULT_SOURCE;
use super::invoice::added;

const REFUSED: &str = "Creditmemo Document Validation Error(s):\n";

impl State {
    /// Gives back; without lines, nothing but carriage and adjustments. Answers the credit memo's id.
    pub(in super::super) fn credit(&mut self, order: u64, plan: &CreditPlan) -> Result<u64, Refusal> {
        let record = self.orders.get(&order).ok_or_else(Refusal::missing)?;
        let refused = |why: &str| Refusal::bad(format!("{REFUSED}{why}"));
        if matches!(record.phase, OrderPhase::New | OrderPhase::Canceled | OrderPhase::Closed | OrderPhase::Holded) {
            return Err(refused("A creditmemo can not be created when an order has a status of %1"));
        }
        let too_many = |(line, pieces, _): &(usize, i64, bool)| {
            record.items.get(*line).is_none_or(|item| *pieces < 0 || *pieces > item.to_refund())
        };
        if plan.lines.iter().any(too_many) {
            return Err(refused("The quantity to creditmemo must not be greater than the unrefunded quantity."));
        }
        let carriage = carriage(record, plan.carriage)?;
        let planned = planned_rows(record, plan);
        let counted = planned.iter().filter_map(|(_, _, money, _)| *money);
        let rows = counted.fold(Both::default(), |sum: Both<RowMoney>, money| sum.with(money, RowMoney::plus));
        let shown = Both { base: (plan.positive, plan.negative), shown: shown_in_order(record, plan) };
        let totals = rows.with(carriage, |rows, shipping| Totals { rows, shipping, ..Totals::default() });
        let totals = totals.with(shown, |totals, (positive, negative)| Totals { positive, negative, ..totals });
        let left = record.invoiced.base.worth() - record.refunded.base.worth();
        if totals.base.worth() > left {
            return Err(Refusal::bad_with("The most money available to refund is %1.", serde_json::json!([left])));
        }
        if totals.base.worth() <= 0 {
            return Err(refused("The credit memo's total must be positive."));
        }
        // It goes back the way it came.
        let came =
            record.invoiced.with(record.refunded, |paid, back| (paid.cards - back.cards, paid.balance - back.balance));
        let totals = totals.with(came, |totals, (cards, balance)| totals.paid_by(cards, balance));
        let at = self.now();
        let mut rows = Vec::new();
        for (line, pieces, money, to_shelf) in planned {
            self.give_back(order, line, pieces, to_shelf)?;
            rows.push(DocumentRow { id: self.next(Kind::MemoItem), item: line, pieces, money });
        }
        let record = self.order_mut(order)?;
        record.refunded = record.refunded.with(totals, added);
        record.settle_phase();
        record.updated_at = at;
        let made = record.dates_next(at);
        let id = self.next(Kind::Memo);
        self.order_mut(order)?.memos.push(id);
        let document = Document {
            id,
            increment: format!("{id:09}"),
            order,
            state: 2,
            rows,
            totals,
            invoice: plan.invoice,
            comments: Vec::new(),
            created_at: made,
            updated_at: at,
        };
        self.memos.insert(id, document);
        self.tell("sales.creditmemo.created", Kind::Memo, id);
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(id)
    }

    /// Pieces that were paid by then and neither sent nor given back are let go first, as the inventory modules count; the others
    /// come back to where they left from.
    fn give_back(&mut self, order: u64, line: usize, pieces: i64, to_shelf: bool) -> Result<(), Refusal> {
        let record = self.orders.get_mut(&order).ok_or_else(Refusal::missing)?;
        let is_stocked = record.is_stocked(line);
        let item = &mut record.items[line];
        let unsent = (item.invoiced - item.refunded - item.shipped).clamp(0, pieces);
        let unsent = if item.is_virtual() { 0 } else { unsent.min(item.to_ship()) };
        item.refunded += pieces;
        item.released += unsent;
        if !is_stocked {
            return Ok(());
        }
        let sku = item.sku.clone();
        if self.stock.one_item {
            // Without the inventory modules pieces come back only where the merchant says so, sent or not.
            self.stock.shift(&sku, DEFAULT_SOURCE, if to_shelf { pieces } else { 0 });
            return Ok(());
        }
        let mut back = Vec::new();
        if to_shelf {
            let mut left = pieces - unsent;
            for (source, taken) in &mut item.taken {
                let some = left.min(*taken);
                *taken -= some;
                left -= some;
                back.push((source.clone(), some));
            }
        }
        self.stock.release(&sku, unsent);
        for (source, some) in back {
            self.stock.shift(&sku, &source, some);
        }
        Ok(())
    }
}

type PlannedRow = (usize, i64, Option<Both<RowMoney>>, bool);

fn planned_rows(record: &OrderRecord, plan: &CreditPlan) -> Vec<PlannedRow> {
    let mut rows = Vec::new();
    for (line, pieces, to_shelf) in plan.lines.iter().filter(|(_, pieces, _)| *pieces > 0) {
        for (part, count) in record.with_children(*line, *pieces) {
            let item = &record.items[part];
            let money = item.counts.then(|| item.money.map(|money| money.part(item.refunded, count, item.ordered)));
            rows.push((part, count, money, *to_shelf));
        }
    }
    rows
}

fn carriage(record: &OrderRecord, wanted: Option<Minor>) -> Result<Both<RowMoney>, Refusal> {
    let paid = record.invoiced.map(|totals| totals.shipping);
    let left = paid.with(record.refunded, |paid, refunded| paid.minus(refunded.shipping));
    let Some(wanted) = wanted else { return Ok(left) };
    if wanted < 0 || wanted > left.base.row {
        let most = serde_json::json!([left.base.row]);
        return Err(Refusal::bad_with("Maximum shipping amount allowed to refund is: %1", most));
    }
    if wanted == left.base.row {
        return Ok(left);
    }
    let shown = super::super::figures::round_div(
        i128::from(paid.shown.row) * i128::from(wanted),
        i128::from(paid.base.row.max(1)),
    );
    Ok(Both { base: paid.base.worth(wanted, left.base), shown: paid.shown.worth(shown, left.shown) })
}

fn shown_in_order(record: &OrderRecord, plan: &CreditPlan) -> (Minor, Minor) {
    let scaled = |amount: Minor| {
        let of = |grand: Minor| i128::from(grand.max(1));
        let (base, shown) = (record.totals.base.worth(), record.totals.shown.worth());
        super::super::figures::round_div(i128::from(amount) * of(shown), of(base))
    };
    (scaled(plan.positive), scaled(plan.negative))
}
