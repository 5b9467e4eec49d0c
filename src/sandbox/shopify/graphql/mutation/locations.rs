//! `locationAdd` and `locationEdit`: places that hold stock, as many as the plan allows, each name once.

use apollo_compiler::resolvers::FieldError;

use super::super::super::ids::{gid, read_gid};
use super::super::super::markets::carries;
use super::super::super::state::{Place, State};
use super::super::desk::Desk;
use super::super::inputs::{LocationAdd, LocationEdit, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe};
use super::metafields::typed;
use super::{UserError, errors};

pub(super) fn add<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<LocationAdd>(desk, ask, "input")?;
    let made = added(&mut desk.state(), &input);
    Ok(payload("LocationAddPayload", "LocationAddUserError", made))
}

pub(super) fn edit<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let id = read::<String>(desk, ask, "id")?;
    let input = read::<LocationEdit>(desk, ask, "input")?;
    let made = edited(&mut desk.state(), &id, &input);
    Ok(payload("LocationEditPayload", "LocationEditUserError", made))
}

fn payload<'s>(kind: &'static str, error: &'static str, made: Result<Place, UserError>) -> Object<'s> {
    let found: Vec<UserError> = made.as_ref().err().cloned().into_iter().collect();
    Object::new(kind, move |ask| match ask.name {
        "location" => maybe(made.as_ref().ok().map(nodes::location_of)),
        "userErrors" => errors(error, &found),
        _ => None,
    })
}

fn free_name(state: &State, name: &str, mine: Option<u64>) -> Result<(), UserError> {
    let field = ["input", "name"];
    if name.trim().is_empty() {
        return Err(UserError::new("BLANK", &field, "Add a location name."));
    }
    if state.locations.iter().any(|place| place.name == name && Some(place.id) != mine) {
        return Err(UserError::new("TAKEN", &field, "You already have a location with this name."));
    }
    Ok(())
}

fn added(state: &mut State, input: &LocationAdd) -> Result<Place, UserError> {
    free_name(state, &input.name, None)?;
    if state.locations.len() >= state.options.location_limit {
        let text = "You have reached the maximum number of locations of your plan.";
        return Err(UserError::new("INVALID", &["input"], text));
    }
    let mut metafields = Vec::new();
    for field in input.metafields.iter().flatten() {
        let field = typed(state, "LOCATION", field)
            .map_err(|(code, text)| UserError::new(code, &["input", "metafields"], text))?;
        let taken = |place: &Place| carries(&place.metafields, &field.namespace, &field.key, &field.value);
        if field.kind == "id" && state.locations.iter().any(taken) {
            return Err(UserError::new("TAKEN", &["input", "metafields"], "Value has already been taken."));
        }
        metafields.push(field);
    }
    let place = Place { id: state.ids.next(), name: input.name.clone(), metafields };
    state.locations.push(place.clone());
    state.wrote("locationAdd", gid("Location", place.id));
    Ok(place)
}

fn edited(state: &mut State, id: &str, input: &LocationEdit) -> Result<Place, UserError> {
    let known = read_gid("Location", id).filter(|id| state.locations.iter().any(|place| place.id == *id));
    let Some(id) = known else {
        return Err(UserError::new("NOT_FOUND", &["id"], "The location could not be found."));
    };
    if let Some(name) = &input.name {
        free_name(state, name, Some(id))?;
    }
    let Some(place) = state.locations.iter_mut().find(|place| place.id == id) else {
        return Err(UserError::new("NOT_FOUND", &["id"], "The location could not be found."));
    };
    if let Some(name) = &input.name {
        place.name.clone_from(name);
    }
    let place = place.clone();
    state.wrote("locationEdit", gid("Location", id));
    Ok(place)
}
