//! Bulk operations: a file of variables is handed over, a mutation is run with each line, and the result is a file again.
//!
//! What comes in: files at the staging address, operations the API has begun. What goes out: results at an address of their own.
//! Lines are run one after the other in a task of their own and cost no points; each is a request like any other, so what the
//! shop refuses there it refuses here, and says so in that line's result.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Core;
use super::graphql;
use crate::sandbox::locked;

/// The largest file that may be handed over.
pub(super) const MOST_BYTES: usize = 100 << 20;
/// The most operations of one kind an app may have under way.
pub(super) const MOST_AT_ONCE: usize = 5;

/// What the shop knows of bulk operations.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    /// Where the shop's own addresses begin.
    pub base: String,
    /// Files by key: what they hold, once they are there.
    pub staged: BTreeMap<String, Option<Bytes>>,
    /// Operations by id.
    pub operations: BTreeMap<u64, Operation>,
    /// Operations nobody works on yet.
    pub begun: Vec<u64>,
}

/// A bulk operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub mutation: String,
    pub lines: Bytes,
    pub status: &'static str,
    pub done: u64,
    pub result: Vec<u8>,
}

impl Bulk {
    /// Operations that are not at their end.
    pub(super) fn running(&self) -> usize {
        self.operations.values().filter(|operation| matches!(operation.status, "CREATED" | "RUNNING")).count()
    }
}

/// Takes a file in: a form with every parameter it was promised, and the file last.
pub(super) async fn stage(Shared(core): Shared<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.strip_prefix("multipart/form-data; boundary="))
        .map(|boundary| parts(&body, boundary));
    let Some(form) = form else { return (StatusCode::BAD_REQUEST, "not a form").into_response() };
    let Some(((last, file), parameters)) = form.split_last() else {
        return (StatusCode::BAD_REQUEST, "an empty form").into_response();
    };
    let key = parameters.iter().find(|(name, _)| name == "key").map(|(_, value)| value.clone());
    let allowed = parameters.iter().any(|(name, value)| name == "policy" && value.as_ref() == b"sandbox");
    let mut state = locked(&core.state);
    let place =
        key.and_then(|key| String::from_utf8(key.to_vec()).ok()).and_then(|key| state.bulk.staged.get_mut(&key));
    match place {
        Some(place) if allowed && last == "file" && headers.get("x-shopify-access-token").is_none() => {
            *place = Some(file.clone());
            StatusCode::CREATED.into_response()
        }
        _ => (StatusCode::FORBIDDEN, "AccessDenied").into_response(),
    }
}

/// The parts of a form: names and contents.
fn parts(body: &Bytes, boundary: &str) -> Vec<(String, Bytes)> {
    let fence = format!("--{boundary}");
    let mut found = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    let mut from = 0;
    while let Some(at) = find(&body[from..], fence.as_bytes()) {
        starts.push(from + at);
        from += at + fence.len();
    }
    for pair in starts.windows(2) {
        let part = body.slice(pair[0] + fence.len()..pair[1]);
        let Some(end) = find(&part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..end]).into_owned();
        let Some(name) = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()) else { continue };
        let content = part.slice(end + 4..part.len().saturating_sub(2).max(end + 4));
        found.push((name.to_owned(), content));
    }
    found
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// Hands a result out.
pub(super) async fn fetch(Shared(core): Shared<Arc<Core>>, Path(id): Path<u64>) -> Response {
    let found = locked(&core.state).bulk.operations.get(&id).map(|operation| operation.result.clone());
    match found {
        Some(result) => result.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Begins to work on whatever the API has started.
pub(super) fn work(core: &Arc<Core>) {
    let begun = std::mem::take(&mut locked(&core.state).bulk.begun);
    for id in begun {
        tokio::spawn(run(Arc::clone(core), id));
    }
}

async fn run(core: Arc<Core>, id: u64) {
    let found = {
        let mut state = locked(&core.state);
        state.bulk.operations.get_mut(&id).map(|operation| {
            operation.status = "RUNNING";
            (operation.mutation.clone(), operation.lines.clone())
        })
    };
    let Some((mutation, lines)) = found else { return };
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    for (number, line) in lines.into_iter().enumerate() {
        if core.closing.is_cancelled() {
            return;
        }
        let mut answer = one(&core, &mutation, line).await;
        answer["__lineNumber"] = json!(number);
        keep(&core, id, &answer);
        tokio::task::yield_now().await;
    }
    if let Some(operation) = locked(&core.state).bulk.operations.get_mut(&id) {
        operation.status = "COMPLETED";
    }
}

fn keep(core: &Core, id: u64, answer: &Value) {
    if let Some(operation) = locked(&core.state).bulk.operations.get_mut(&id) {
        operation.done += 1;
        operation.result.extend_from_slice(answer.to_string().as_bytes());
        operation.result.push(b'\n');
    }
}

async fn one(core: &Core, mutation: &str, line: &[u8]) -> Value {
    let request = serde_json::from_slice::<Value>(line).and_then(|variables| {
        serde_json::from_value::<graphql::Request>(json!({ "query": mutation, "variables": variables }))
    });
    let Ok(request) = request else { return json!({ "errors": [{ "message": "The line is no JSON object." }] }) };
    let prepared = match graphql::prepare(&request) {
        Ok(prepared) => prepared,
        Err(errors) => return errors,
    };
    let (answer, notices) = {
        let mut state = locked(&core.state);
        (state.execute_line(&prepared), state.take_notices())
    };
    core.post_office.post(notices).await;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\ntmp/1\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: text/jsonl\r\n\r\n{}\n{}\n\r\n--b--\r\n";
        let parts = parts(&Bytes::from(body), "b");
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect();
        assert_eq!(parts, [("key", b"tmp/1".as_slice()), ("file", b"{}\n{}\n".as_slice())]);
    }
}
