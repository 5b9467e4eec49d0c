//! `inventorySetQuantities`: all rows or none, compared with what the caller believes is there, once for each key.

use std::collections::HashSet;

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonValue;

use super::super::super::idempotency::{Answer, Leave};
use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::super::stock::Figure;
use super::super::desk::Desk;
use super::super::inputs::{Given, Quantity, SetQuantities, read};
use super::super::object::{Ask, Object, leaf, maybe, text};
use super::{MOST_ROWS, UserError, errors, too_many};

/// The largest quantity either way.
const LIMIT: i64 = 1_000_000_000;

const REASONS: [&str; 17] = [
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
];

/// A row that names things that exist.
struct Row {
    item: u64,
    location: u64,
    quantity: i64,
}

pub(super) fn set_quantities<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let Some(key) = desk.key_of(ask.field) else {
        let text = "The @idempotent directive is required for this mutation but was not provided.";
        return Err(desk.refuse("BAD_REQUEST", text));
    };
    let input = read::<SetQuantities>(desk, ask, "input")?;
    if input.quantities.len() > MOST_ROWS {
        return Err(too_many(desk, input.quantities.len()));
    }
    if input.quantities.iter().any(|row| matches!(row.change_from_quantity, Given::Absent)) {
        let text = "The field changeFromQuantity must be given for every quantity; null sets without comparing.";
        return Err(desk.refuse("INVALID_FIELD_ARGUMENTS", text));
    }
    let fingerprint = JsonValue::Object(ask.arguments.clone()).to_string();
    let answer = if desk.is_contended(&key) {
        refused("IDEMPOTENCY_CONCURRENT_REQUEST", "A request with this idempotency key is being processed.")
    } else {
        let leave = desk.state().keys.ask(&key, &fingerprint);
        match leave {
            Leave::Again(answer) => answer,
            Leave::Mismatch => {
                refused("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "This idempotency key was used with other parameters.")
            }
            Leave::Run => {
                let mut state = desk.state();
                let answer = set(&mut state, &input);
                let now = state.now();
                state.keys.answered(&key, &fingerprint, answer.clone(), now);
                answer
            }
        }
    };
    Ok(payload(answer, input))
}

fn refused(code: &str, message: &str) -> Answer {
    Answer { group: None, errors: vec![(code.to_owned(), Vec::new(), message.to_owned())] }
}

fn set(state: &mut State, input: &SetQuantities) -> Answer {
    let (figure, rows) = match checked(state, input) {
        Ok(checked) => checked,
        Err(found) => {
            let errors = found.into_iter().map(|error| (error.code, error.field, error.message)).collect();
            return Answer { group: None, errors };
        }
    };
    let now = state.now();
    for row in &rows {
        let changed = state.stock.set(row.item, row.location, figure, row.quantity, now);
        state.wrote(
            "inventorySetQuantities",
            format!("{}@{}", gid("InventoryItem", row.item), gid("Location", row.location)),
        );
        state.wrote_stock(row.item, row.location);
        if changed && state.echoes {
            state.notify_level(row.item, row.location);
        }
    }
    Answer { group: Some(state.ids.next()), errors: Vec::new() }
}

fn checked(state: &State, input: &SetQuantities) -> Result<(Figure, Vec<Row>), Vec<UserError>> {
    let figure = match input.name.as_str() {
        "available" => Figure::Available,
        "on_hand" => Figure::OnHand,
        _ => {
            let text = "The quantity name must be either 'available' or 'on_hand'.";
            return Err(vec![UserError::new("INVALID_NAME", &["input", "name"], text)]);
        }
    };
    let mut found = Vec::new();
    if !REASONS.contains(&input.reason.as_str()) {
        found.push(UserError::new("INVALID_REASON", &["input", "reason"], "The specified reason is invalid."));
    }
    let reference = input.reference_document_uri.as_deref();
    if reference.is_some_and(|uri| !uri.contains("://")) {
        let text = "The specified reference document is invalid.";
        found.push(UserError::new("INVALID_REFERENCE_DOCUMENT", &["input", "referenceDocumentUri"], text));
    }
    let mut pairs = HashSet::new();
    let mut rows = Vec::new();
    for (index, row) in input.quantities.iter().enumerate() {
        match check_row(state, figure, row) {
            Ok(row) if pairs.insert((row.item, row.location)) => rows.push(row),
            Ok(_) => found.push(row_error(
                index,
                "locationId",
                "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
                "The combination of inventoryItemId and locationId must be unique.",
            )),
            Err((field, code, text)) => found.push(row_error(index, field, code, text)),
        }
    }
    if found.is_empty() { Ok((figure, rows)) } else { Err(found) }
}

fn row_error(index: usize, field: &str, code: &str, text: &str) -> UserError {
    UserError::new(code, &["input", "quantities", &index.to_string(), field], text)
}

type RowProblem = (&'static str, &'static str, &'static str);

fn check_row(state: &State, figure: Figure, row: &Quantity) -> Result<Row, RowProblem> {
    let item =
        read_gid("InventoryItem", &row.inventory_item_id)
            .filter(|item| state.catalogue.item(*item).is_some())
            .ok_or(("inventoryItemId", "INVALID_INVENTORY_ITEM", "The specified inventory item could not be found."))?;
    let location = read_gid("Location", &row.location_id)
        .filter(|location| state.locations.iter().any(|place| place.id == *location))
        .ok_or(("locationId", "INVALID_LOCATION", "The specified location could not be found."))?;
    match row.quantity {
        quantity if quantity > LIMIT => {
            return Err(("quantity", "INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000."));
        }
        quantity if quantity < -LIMIT => {
            return Err(("quantity", "INVALID_QUANTITY_TOO_LOW", "The quantity can't be lower than -1,000,000,000."));
        }
        _ => {}
    }
    let found = state.stock.level(item, location).unwrap_or_default().figure(figure);
    match row.change_from_quantity {
        Given::Here(Some(expected)) if expected != found => Err((
            "changeFromQuantity",
            "CHANGE_FROM_QUANTITY_STALE",
            "The changeFromQuantity argument no longer matches the persisted quantity.",
        )),
        _ => Ok(Row { item, location, quantity: row.quantity }),
    }
}

fn payload<'s>(answer: Answer, input: SetQuantities) -> Object<'s> {
    let found: Vec<UserError> =
        answer.errors.into_iter().map(|(code, field, message)| UserError { code, field, message }).collect();
    let (reason, uri) = (input.reason, input.reference_document_uri);
    Object::new("InventorySetQuantitiesPayload", move |ask| match ask.name {
        "inventoryAdjustmentGroup" => maybe(answer.group.map(|id| {
            let (reason, uri) = (reason.clone(), uri.clone());
            Object::new("InventoryAdjustmentGroup", move |ask| match ask.name {
                "id" => leaf(gid("InventoryAdjustmentGroup", id)),
                "reason" => leaf(reason.as_str()),
                "referenceDocumentUri" => text(uri.as_deref()),
                _ => None,
            })
        })),
        "userErrors" => errors("InventorySetQuantitiesUserError", &found),
        _ => None,
    })
}
