//! Shipments, on their own and within an order.

use bytes::Bytes;
use serde::Serialize;

use super::super::ids::gid;
use super::super::orders::OrderRecord;
use super::bytes_of;
use super::line::{LineItem, shipped_item};
use super::primitives::Stationery;

#[derive(Serialize)]
pub(super) struct FulfillmentBody {
    id: u64,
    admin_graphql_api_id: String,
    created_at: String,
    location_id: u64,
    name: String,
    order_id: u64,
    service: &'static str,
    shipment_status: Option<String>,
    status: &'static str,
    tracking_company: Option<String>,
    tracking_number: Option<String>,
    tracking_numbers: [(); 0],
    tracking_url: Option<String>,
    tracking_urls: [(); 0],
    updated_at: String,
    line_items: Vec<LineItem>,
}

/// All shipments of an order.
pub(super) fn fulfillments(by: Stationery, order: &OrderRecord) -> Vec<FulfillmentBody> {
    (0..order.shipments.len()).map(|shipment| fulfillment(by, order, shipment)).collect()
}

fn fulfillment(by: Stationery, order: &OrderRecord, index: usize) -> FulfillmentBody {
    let shipment = &order.shipments[index];
    FulfillmentBody {
        id: shipment.id,
        admin_graphql_api_id: gid("Fulfillment", shipment.id),
        created_at: by.moment(shipment.at),
        location_id: shipment.location,
        name: format!("#{}.{}", order.number, index + 1),
        order_id: order.id,
        service: "manual",
        shipment_status: None,
        status: "success",
        tracking_company: None,
        tracking_number: None,
        tracking_numbers: [],
        tracking_url: None,
        tracking_urls: [],
        updated_at: by.moment(shipment.at),
        line_items: shipment.pieces.iter().map(|(line, pieces)| shipped_item(by, order, *line, *pieces)).collect(),
    }
}

/// Body of `fulfillments/create`.
pub(in super::super) fn fulfillment_body(by: Stationery, order: &OrderRecord, shipment: usize) -> Bytes {
    bytes_of(&fulfillment(by, order, shipment))
}
