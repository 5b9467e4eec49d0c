//! Shipments as the API prints them.

use serde_json::{Value, json};

use super::super::orders::{Shipment, Track};
use super::super::state::State;
use super::moment;
use super::order::comment;

impl State {
    /// The body of a shipment.
    pub(in super::super) fn shipment_body(&self, shipment: &Shipment) -> Option<Value> {
        let order = self.orders.get(&shipment.order)?;
        let row = |(id, line, pieces): &(u64, usize, i64)| {
            let item = &order.items[*line];
            json!({
                "entity_id": id, "parent_id": shipment.id, "order_item_id": item.id, "product_id": item.product,
                "sku": item.sku, "name": item.name, "qty": pieces,
                "price": self.paper().number("price", item.price.shown),
            })
        };
        let tops = shipment.rows.iter().filter(|(_, line, _)| order.items[*line].parent.is_none());
        let mut body = json!({
            "entity_id": shipment.id, "increment_id": shipment.increment, "order_id": shipment.order,
            "store_id": order.store, "total_qty": tops.map(|(.., pieces)| pieces).sum::<i64>(),
            "created_at": moment(shipment.created_at), "updated_at": moment(shipment.updated_at),
            "items": shipment.rows.iter().map(row).collect::<Vec<_>>(),
            "tracks": shipment.tracks.iter().map(|track| track_body(shipment, track)).collect::<Vec<_>>(),
            "comments": shipment.comments.iter().map(|one| comment(shipment.id, one)).collect::<Vec<_>>(),
            "packages": [], "billing_address_id": order.billing.0,
        });
        if self.options.inventory {
            body["extension_attributes"] = json!({ "source_code": shipment.source });
        }
        if let Some((id, _)) = &order.shipping {
            body["shipping_address_id"] = (*id).into();
        }
        if let Some(customer) = order.customer {
            body["customer_id"] = customer.into();
        }
        Some(body)
    }
}

fn track_body(shipment: &Shipment, track: &Track) -> Value {
    json!({
        "entity_id": track.id, "parent_id": shipment.id, "order_id": shipment.order, "track_number": track.number,
        "title": track.title, "carrier_code": track.carrier, "weight": null, "qty": null, "description": null,
        "created_at": moment(track.at), "updated_at": moment(track.at),
    })
}
