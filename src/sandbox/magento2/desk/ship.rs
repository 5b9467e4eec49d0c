//! Goods leave.

use super::super::orders::{OrderPhase, Shipment, Track};
use super::super::request::Refusal;
use super::super::state::{Kind, State};
use super::Wanted;

const REFUSED: &str = "Shipment Document Validation Error(s):\n";

impl State {
    /// Ships these lines from a source, which has to be named where there is more than one. Answers the shipment's id.
    pub(in super::super) fn ship(
        &mut self,
        order: u64,
        wanted: Wanted,
        source: Option<&str>,
        tracks: Vec<(String, String, String)>,
    ) -> Result<u64, Refusal> {
        let record = self.orders.get(&order).ok_or_else(Refusal::missing)?;
        let refused = |why: &str| Refusal::bad(format!("{REFUSED}{why}"));
        if matches!(record.phase, OrderPhase::Canceled | OrderPhase::Closed | OrderPhase::Holded) {
            return Err(refused("A shipment cannot be created when an order has a status of %1"));
        }
        let all = || record.tops().into_iter().map(|line| (line, record.items[line].to_ship())).collect();
        let lines: Vec<(usize, i64)> = wanted.unwrap_or_else(all);
        let too_many = |(line, pieces): &(usize, i64)| {
            record.items.get(*line).is_none_or(|item| *pieces < 0 || *pieces > item.to_ship())
        };
        if lines.iter().any(too_many) {
            return Err(refused("The quantity to ship must not be greater than the unshipped quantity."));
        }
        let lines: Vec<_> = lines.into_iter().filter(|(_, pieces)| *pieces > 0).collect();
        if lines.is_empty() {
            return Err(refused("You can't create a shipment without products."));
        }
        let source = self.shipping_source(source)?;
        let included: Vec<(usize, i64)> =
            lines.iter().flat_map(|(line, pieces)| record.with_children(*line, *pieces)).collect();
        let shelves = Self::on_shelves(record, &included);
        self.stock.deduct(&source, &shelves)?;
        let at = self.now();
        let mut rows = Vec::new();
        for (line, pieces) in included {
            let row = self.next(Kind::ShipmentItem);
            let record = self.order_mut(order)?;
            let is_stocked = record.is_stocked(line);
            let item = &mut record.items[line];
            item.shipped += pieces;
            if is_stocked {
                *item.taken.entry(source.clone()).or_default() += pieces;
            }
            rows.push((row, line, pieces));
        }
        let tracks = tracks
            .into_iter()
            .map(|(number, title, carrier)| Track { id: self.next(Kind::Track), number, title, carrier, at })
            .collect();
        let record = self.order_mut(order)?;
        record.settle_phase();
        record.updated_at = at;
        let made = record.dates_next(at);
        let id = self.next(Kind::Shipment);
        let shipment = Shipment {
            id,
            increment: format!("{id:09}"),
            order,
            source,
            rows,
            tracks,
            comments: Vec::new(),
            created_at: made,
            updated_at: at,
        };
        self.shipments.insert(id, shipment);
        self.tell("sales.shipment.created", Kind::Shipment, id);
        self.tell("sales.order.shipped", Kind::Order, order);
        self.tell("sales.order.updated", Kind::Order, order);
        Ok(id)
    }

    fn shipping_source(&self, named: Option<&str>) -> Result<String, Refusal> {
        match named {
            Some(source) if self.stock.sold_from.iter().any(|known| known == source) => Ok(source.to_owned()),
            Some(source) => Err(Refusal::no_such("source_code", source)),
            None => match self.stock.sold_from.as_slice() {
                [only] => Ok(only.clone()),
                _ => Err(Refusal::bad("Source code is required to ship from more than one source.")),
            },
        }
    }
}
