//! `stagedUploadsCreate` and `bulkOperationRunMutation`: a place for a file, then an operation over its lines.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::resolvers::FieldError;
use serde::Deserialize;

use super::super::super::bulk::{MOST_AT_ONCE, Operation};
use super::super::super::ids::gid;
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::read;
use super::super::nodes;
use super::super::object::{Ask, Object, leaf, many, maybe};
use super::{UserError, errors};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    filename: String,
    http_method: Option<String>,
    mime_type: String,
    resource: String,
}

pub(super) fn stage<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let uploads = read::<Vec<Upload>>(desk, ask, "input")?;
    let (mut keys, mut found) = (Vec::new(), Vec::new());
    for (index, upload) in uploads.iter().enumerate() {
        let mut object = |field, text| found.push(UserError::of_row("", "input", index, field, text));
        if upload.resource != "BULK_MUTATION_VARIABLES" {
            object("resource", "This simulated shop stages files of bulk operations only.");
        } else if upload.mime_type != "text/jsonl" {
            object("mimeType", "The mime type of bulk variables is text/jsonl.");
        } else if upload.http_method.as_deref() != Some("POST") {
            object("httpMethod", "Bulk variables are uploaded by POST.");
        } else {
            let mut state = desk.state();
            let number = state.ids.next();
            let key = format!("tmp/{}/bulk/{number}/{}", state.options.seed, upload.filename);
            state.bulk.staged.insert(key.clone(), None);
            keys.push((format!("{}/staged-uploads", state.bulk.base), key));
        }
    }
    Ok(Object::new("StagedUploadsCreatePayload", move |ask| match ask.name {
        "stagedTargets" => many(keys.clone().into_iter().map(target)),
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn target<'s>((url, key): (String, String)) -> Object<'s> {
    Object::new("StagedMediaUploadTarget", move |ask| match ask.name {
        "url" | "resourceUrl" => leaf(url.as_str()),
        "parameters" => {
            let pairs =
                [("Content-Type", "text/jsonl"), ("acl", "private"), ("policy", "sandbox"), ("key", key.as_str())];
            many(pairs.map(|(name, value)| {
                let (name, value) = (name.to_owned(), value.to_owned());
                Object::new("StagedUploadParameter", move |ask| match ask.name {
                    "name" => leaf(name.as_str()),
                    "value" => leaf(value.as_str()),
                    _ => None,
                })
            }))
        }
        _ => None,
    })
}

pub(super) fn run<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let mutation = read::<String>(desk, ask, "mutation")?;
    let path = read::<String>(desk, ask, "stagedUploadPath")?;
    let begun = begin(&mut desk.state(), mutation, &path);
    let found: Vec<UserError> = begun.as_ref().err().cloned().into_iter().collect();
    Ok(Object::new("BulkOperationRunMutationPayload", move |ask| match ask.name {
        "bulkOperation" => maybe(begun.as_ref().ok().and_then(|id| nodes::bulk_operation(desk, *id))),
        "userErrors" => errors("BulkMutationUserError", &found),
        _ => None,
    }))
}

fn begin(state: &mut State, mutation: String, path: &str) -> Result<u64, UserError> {
    let error = |code, field, text: &str| Err(UserError::new(code, &[field], text));
    if let Err(text) = fit(&mutation) {
        return error("INVALID_MUTATION", "mutation", &text);
    }
    if state.bulk.running() >= MOST_AT_ONCE {
        return error("LIMIT_REACHED", "mutation", "The limit of bulk mutations under way has been reached.");
    }
    match state.bulk.staged.remove(path) {
        Some(Some(lines)) => {
            let id = state.ids.next();
            let operation = Operation { mutation, lines, status: "CREATED", done: 0, result: Vec::new() };
            state.bulk.operations.insert(id, operation);
            state.bulk.begun.push(id);
            state.wrote("bulkOperationRunMutation", gid("BulkOperation", id));
            Ok(id)
        }
        Some(None) => error("INVALID_STAGED_UPLOAD_FILE", "stagedUploadPath", "The file was not uploaded."),
        None => error("NO_SUCH_FILE", "stagedUploadPath", "The file does not exist."),
    }
}

/// One mutation with one root field and at most one connection.
fn fit(mutation: &str) -> Result<(), String> {
    let schema = super::super::schema().map_err(|problem| problem.to_string())?;
    let document = ExecutableDocument::parse_and_validate(schema, mutation, "bulk.graphql")
        .map_err(|found| format!("The mutation is invalid: {}", found.errors))?;
    let mut operations = document.operations.iter();
    let (Some(operation), None) = (operations.next(), operations.next()) else {
        return Err("A bulk operation runs one mutation.".to_owned());
    };
    if !operation.is_mutation() || operation.selection_set.selections.len() != 1 {
        return Err("A bulk operation runs one mutation with one field.".to_owned());
    }
    if connections(&operation.selection_set) > 1 {
        return Err("A bulk mutation may select one connection at most.".to_owned());
    }
    Ok(())
}

fn connections(set: &SelectionSet) -> usize {
    let count = |selection: &Selection| match selection {
        Selection::Field(field) => {
            let is_one = field.definition.ty.inner_named_type().as_str().ends_with("Connection");
            usize::from(is_one) + connections(&field.selection_set)
        }
        Selection::InlineFragment(fragment) => connections(&fragment.selection_set),
        Selection::FragmentSpread(_) => 0,
    };
    set.selections.iter().map(count).sum()
}
