//! An order, or what is left of it, is called off; or held back for a while.

use super::super::orders::{Comment, OrderPhase};
use super::super::request::Refusal;
use super::super::state::{Kind, State};

impl State {
    /// Calls off what is neither invoiced nor shipped.
    pub(in super::super) fn cancel(&mut self, order: u64) -> Result<(), Refusal> {
        let at = self.now();
        let record = self.order_mut(order)?;
        let over = matches!(
            record.phase,
            OrderPhase::Canceled | OrderPhase::Complete | OrderPhase::Closed | OrderPhase::Holded
        );
        let all_paid = record.items.iter().filter(|item| item.parent.is_none()).all(|item| item.to_invoice() == 0);
        if over || all_paid {
            return Err(Refusal::bad("You can't cancel the order."));
        }
        let mut off = Vec::new();
        for line in record.tops() {
            for (part, pieces) in record.with_children(line, record.items[line].to_cancel()) {
                if record.is_stocked(part) {
                    off.push((record.items[part].sku.clone(), pieces));
                    record.items[part].canceled += pieces;
                } else if record.items[part].parent.is_none() {
                    // Real orders show the parent's pieces as cancelled, and some leave the child's at nothing.
                    record.items[part].canceled += pieces;
                }
            }
        }
        let begun = record.items.iter().any(|item| item.invoiced + item.shipped > 0);
        if begun {
            record.settle_phase();
        } else {
            record.enter(OrderPhase::Canceled);
        }
        record.updated_at = at;
        for (sku, pieces) in off {
            self.stock.release(&sku, pieces);
        }
        self.tell("sales.order.cancelled", Kind::Order, order);
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(())
    }

    /// Holds an order back, or lets it go on.
    pub(in super::super) fn hold(&mut self, order: u64, back: bool) -> Result<(), Refusal> {
        let at = self.now();
        let record = self.order_mut(order)?;
        match (back, record.phase) {
            (true, OrderPhase::New | OrderPhase::Processing) => {
                record.held_from = Some(record.phase);
                record.enter(OrderPhase::Holded);
            }
            (false, OrderPhase::Holded) => {
                let phase = record.held_from.take().unwrap_or(OrderPhase::New);
                record.enter(phase);
            }
            (true, _) => return Err(Refusal::bad("A hold action is not available.")),
            (false, _) => return Err(Refusal::bad("You cannot remove the hold.")),
        }
        record.updated_at = at;
        // The module that tells of it misspells the second name.
        self.tell(if back { "sales.order.holded" } else { "sales.unholdedcreated" }, Kind::Order, order);
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(())
    }

    /// Remarks on an order. Without a status the order loses the one it has.
    pub(in super::super) fn remark(&mut self, order: u64, comment: Comment) -> Result<(), Refusal> {
        let at = self.now();
        let id = self.next(Kind::Comment);
        let record = self.order_mut(order)?;
        record.status.clone_from(&comment.status);
        record.comments.push(Comment { id, at, ..comment });
        record.updated_at = at;
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(())
    }
}
