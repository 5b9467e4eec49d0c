//! `fileCreate` and `fileUpdate`: files fetched from addresses, and what refers to them; all or none.

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonValue;

use super::super::super::catalogue::Image;
use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{FileCreate, FileUpdate, read};
use super::super::nodes;
use super::super::object::{Ask, Object, Val, many};
use super::{MOST_ROWS, UserError, errors, too_many};

pub(super) fn create<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let files = read::<Vec<FileCreate>>(desk, ask, "files")?;
    if files.len() > MOST_ROWS {
        return Err(too_many(desk, files.len()));
    }
    let made = created(&mut desk.state(), &files);
    Ok(payload(desk, "FileCreatePayload", made))
}

fn payload<'s>(desk: &'s Desk<'_>, kind: &'static str, made: Result<Vec<u64>, Vec<UserError>>) -> Object<'s> {
    Object::new(kind, move |ask| match (ask.name, &made) {
        ("files", Ok(ids)) => many(ids.iter().filter_map(|id| nodes::file(desk, *id))),
        ("files", Err(_)) => Some(Val::Leaf(JsonValue::Null)),
        ("userErrors", made) => errors("FilesUserError", made.as_ref().err().map_or(&[], Vec::as_slice)),
        _ => None,
    })
}

fn ending(name: &str) -> Option<String> {
    let name = name.split(['?', '#']).next()?.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase())
}

fn created(state: &mut State, files: &[FileCreate]) -> Result<Vec<u64>, Vec<UserError>> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut object = |code, field, text| found.push(UserError::of_row(code, "files", index, field, text));
        let address = file.original_source.starts_with("https://") || file.original_source.starts_with("http://");
        if !address || file.original_source.contains(' ') {
            object("INVALID_IMAGE_SOURCE_URL", "originalSource", "Image source url is invalid.");
        }
        let mode = file.duplicate_resolution_mode.as_deref().unwrap_or("APPEND_UUID");
        match &file.filename {
            None if mode == "REPLACE" => object(
                "MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE",
                "filename",
                "Missing filename argument for duplicate mode REPLACE.",
            ),
            Some(name) if ending(name) != ending(&file.original_source) => object(
                "MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE",
                "filename",
                "The file extension does not match the original source's.",
            ),
            Some(name) if mode == "RAISE_ERROR" && state.files.named(name).is_some() => {
                object("FILENAME_ALREADY_EXISTS", "filename", "A file of that name exists already.");
            }
            _ => {}
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let now = state.now();
    let mut ids = Vec::new();
    for file in files {
        let replaces = file.duplicate_resolution_mode.as_deref() == Some("REPLACE");
        let known = file.filename.as_deref().and_then(|name| state.files.named(name)).map(|file| file.id);
        let State { files, ids: numbers, .. } = &mut *state;
        let id = match known.filter(|_| replaces) {
            Some(id) => {
                files.replace(id, &file.original_source, file.alt.clone(), now);
                id
            }
            None => files.add(numbers, file.filename.clone(), &file.original_source, file.alt.clone(), now),
        };
        state.wrote("fileCreate", gid("MediaImage", id));
        ids.push(id);
    }
    Ok(ids)
}

pub(super) fn update<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let files = read::<Vec<FileUpdate>>(desk, ask, "files")?;
    if files.len() > MOST_ROWS {
        return Err(too_many(desk, files.len()));
    }
    let made = updated(&mut desk.state(), &files);
    Ok(payload(desk, "FileUpdatePayload", made))
}

fn updated(state: &mut State, files: &[FileUpdate]) -> Result<Vec<u64>, Vec<UserError>> {
    let (now, takes) = (state.now(), state.options.picture_time);
    let mut found = Vec::new();
    let mut changes: Vec<(Image, u64, bool)> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut object = |code, field, text| found.push(UserError::of_row(code, "files", index, field, text));
        let Some(known) = read_gid("MediaImage", &file.id).and_then(|id| state.files.get(id)) else {
            object("FILE_DOES_NOT_EXIST", "id", "File id does not exist.");
            continue;
        };
        if known.status(now, takes) != "READY" {
            object("NON_READY_STATE", "id", "Non-ready files cannot be updated.");
            continue;
        }
        let image = Image { id: known.id, source: known.source.clone(), alt: known.alt.clone() };
        let lists = [(&file.references_to_add, true), (&file.references_to_remove, false)];
        for (id, add) in lists.into_iter().flat_map(|(list, add)| list.iter().flatten().map(move |id| (id, add))) {
            match read_gid("Product", id).filter(|id| state.catalogue.product(*id).is_some()) {
                Some(product) => changes.push((image.clone(), product, add)),
                None => object("REFERENCE_TARGET_DOES_NOT_EXIST", "referencesToAdd", "The reference does not exist."),
            }
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let ids = files.iter().filter_map(|file| read_gid("MediaImage", &file.id)).collect();
    for (image, id, add) in changes {
        let Some(mut product) = state.catalogue.product(id).cloned() else { continue };
        let there = product.images.iter().any(|known| known.id == image.id);
        if there == add {
            continue;
        }
        if add {
            product.images.push(image);
        } else {
            product.images.retain(|known| known.id != image.id);
        }
        product.updated_at = now;
        state.catalogue.put(product);
        state.wrote("fileUpdate", gid("Product", id));
        if state.echoes {
            state.notify_product("products/update", id);
        }
    }
    Ok(ids)
}
