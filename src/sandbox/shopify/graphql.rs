//! The Admin API's GraphQL: read a document, check it against the schema, weigh it, run it.
//!
//! What comes in: a request. What goes out: the answer as the real API words it: schema errors without data, `THROTTLED` and
//! `MAX_COST_EXCEEDED` with what it would have cost, business errors as `userErrors`. Fields, arguments and variables that are not
//! in `schemas/shopify/admin.graphql` are refused, so the schema the client was built from is the one it is tested against.
//! Next in the flow: [`query`] and [`mutation`] answer root fields.

mod cost;
mod desk;
mod inputs;
mod mutation;
mod nodes;
mod object;
mod query;
mod search;
mod variant_rules;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use apollo_compiler::executable::Selection;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ShopError;
use super::cost::MOST_PER_DOCUMENT;
use super::state::State;
use desk::{Desk, Root};

static SCHEMA: LazyLock<Result<Valid<Schema>, String>> = LazyLock::new(|| {
    // The directive is built into newer GraphQL; this library wants it spelled out.
    let text = include_str!("../../../schemas/shopify/admin.graphql");
    Schema::parse_and_validate(text, "admin.graphql").map_err(|problems| problems.to_string())
});

/// The schema.
pub(super) fn schema() -> Result<&'static Valid<Schema>, ShopError> {
    SCHEMA.as_ref().map_err(|problem| ShopError::Schema(problem.clone()))
}

/// A GraphQL request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    query: String,
    #[serde(default)]
    variables: Option<JsonMap>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// A request that may run.
pub(super) struct Prepared {
    schema: &'static Valid<Schema>,
    document: Document,
    operation: Option<String>,
    variables: Valid<JsonMap>,
    /// Names of its root fields.
    pub operations: Vec<String>,
    requested: i64,
    keys: Vec<String>,
}

/// A document that was read and found valid.
type Document = Arc<Valid<ExecutableDocument>>;

/// The documents that were read last: a client sends few of them, over and over.
static READ: LazyLock<Mutex<HashMap<String, Document>>> = LazyLock::new(Mutex::default);

/// How many documents are kept.
const KEPT: usize = 256;

fn document(schema: &Valid<Schema>, text: &str) -> Result<Document, Value> {
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(document) = read().get(text) {
        return Ok(Arc::clone(document));
    }
    let document = ExecutableDocument::parse_and_validate(schema, text, "request.graphql")
        .map_err(|found| json!({ "errors": found.errors.iter().map(|one| one.to_json()).collect::<Vec<_>>() }))?;
    let document = Arc::new(document);
    let mut read = read();
    if read.len() >= KEPT {
        read.clear();
    }
    read.insert(text.to_owned(), Arc::clone(&document));
    Ok(document)
}

/// Leave to run: points are reserved, keys are in use.
pub(super) struct Ticket {
    /// Keys that somebody else is using right now.
    contended: Vec<String>,
}

/// Reads and checks a request. The error is the whole answer.
pub(super) fn prepare(request: &Request) -> Result<Prepared, Value> {
    let schema = schema().map_err(|problem| refusal(&problem.to_string(), "INTERNAL_SERVER_ERROR"))?;
    let document = document(schema, &request.query)?;
    let operation = document
        .operations
        .get(request.operation_name.as_deref())
        .map_err(|problem| refusal(&problem.message().to_string(), "BAD_REQUEST"))?;
    let given = request.variables.clone().unwrap_or_default();
    let variables = coerce_variable_values(schema, operation, &given)
        .map_err(|problem| refusal(&problem.message().to_string(), "INVALID_VARIABLE"))?;
    let fields = || {
        operation.selection_set.selections.iter().filter_map(|selection| match selection {
            Selection::Field(field) => Some(field),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        })
    };
    let operations = fields().map(|field| field.name.to_string()).collect();
    let keys = fields().filter_map(|field| desk::idempotency_key(field, &variables)).collect();
    let requested = cost::requested(&document, operation, &variables);
    let operation = operation.name.as_ref().map(ToString::to_string);
    Ok(Prepared { schema, document, operation, variables, operations, requested, keys })
}

fn refusal(message: &str, code: &str) -> Value {
    json!({ "errors": [{ "message": message, "extensions": { "code": code } }] })
}

impl State {
    /// Weighs a request, reserves its points and marks its keys. The error is the whole answer.
    pub(super) fn admit(&mut self, prepared: &Prepared) -> Result<Ticket, Value> {
        let now = self.now();
        self.calls.count(&prepared.operations, |count| count.calls += 1);
        if prepared.requested > MOST_PER_DOCUMENT {
            let text = format!(
                "Query cost is {}, which exceeds the single query max cost limit ({MOST_PER_DOCUMENT}).",
                prepared.requested
            );
            return Err(json!({ "errors": [{ "message": text, "extensions": {
                "code": "MAX_COST_EXCEEDED", "cost": prepared.requested, "maxCost": MOST_PER_DOCUMENT,
            } }] }));
        }
        if !self.bucket.reserve(prepared.requested, now) {
            return Err(self.throttle(prepared));
        }
        let contended = prepared.keys.iter().filter(|key| !self.keys.begin(key, now)).cloned().collect();
        Ok(Ticket { contended })
    }

    /// The answer to a request that came too early.
    pub(super) fn throttle(&mut self, prepared: &Prepared) -> Value {
        self.calls.count(&prepared.operations, |count| count.throttled += 1);
        let now = self.now();
        json!({
            "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
            "extensions": { "cost": {
                "requestedQueryCost": prepared.requested,
                "actualQueryCost": null,
                "throttleStatus": self.bucket.status(now),
            } },
        })
    }

    /// Runs one line of a bulk operation, which costs nothing.
    pub(super) fn execute_line(&mut self, prepared: &Prepared) -> Value {
        let (data, errors, ..) = match self.resolve(prepared, &[], true) {
            Ok(resolved) => resolved,
            Err(refusal) => return refusal,
        };
        if errors.is_empty() { json!({ "data": data }) } else { json!({ "data": data, "errors": errors }) }
    }

    /// Runs an admitted request.
    pub(super) fn execute(&mut self, prepared: &Prepared, ticket: &Ticket) -> Value {
        let (data, mut errors, refusals, searches) = match self.resolve(prepared, &ticket.contended, false) {
            Ok(resolved) => resolved,
            Err(refusal) => return refusal,
        };
        for error in &mut errors {
            // The library says which part of it complains; the real API does not.
            if let Some(message) = error.message.strip_prefix("resolver error: ") {
                error.message = message.to_owned();
            }
            let code = refusals.iter().find(|(message, _)| *message == error.message).map(|(_, code)| *code);
            error.extensions.insert("code", JsonValue::from(code.unwrap_or("INTERNAL_SERVER_ERROR")));
        }
        for key in prepared.keys.iter().filter(|key| !ticket.contended.contains(key)) {
            self.keys.end(key);
        }
        let actual = cost::actual(prepared, data.as_ref());
        let now = self.now();
        self.bucket.give_back(prepared.requested - actual, now);
        self.calls.count(&prepared.operations, |count| {
            count.requested += prepared.requested.unsigned_abs();
            count.actual += actual.unsigned_abs();
        });
        let mut answer = json!({
            "data": data,
            "extensions": { "cost": {
                "requestedQueryCost": prepared.requested,
                "actualQueryCost": actual,
                "throttleStatus": self.bucket.status(now),
            } },
        });
        if !searches.is_empty() {
            answer["extensions"]["search"] = json!(searches);
        }
        if !errors.is_empty() {
            answer["errors"] = json!(errors);
        }
        answer
    }
}

type Resolved = (Option<JsonMap>, Vec<GraphQLError>, Vec<(String, &'static str)>, Vec<Value>);

impl State {
    /// Answers the fields of a request. The error is the whole answer.
    fn resolve(&mut self, prepared: &Prepared, contended: &[String], bulk: bool) -> Result<Resolved, Value> {
        let desk = Desk::new(self, &prepared.variables, contended, bulk);
        let outcome = execution(prepared).and_then(|execution| {
            let mutation = prepared.is_mutation();
            execution.execute_sync(&Root::new(&desk, mutation))
        });
        match outcome {
            Ok(response) => {
                let (refusals, searches) = desk.into_notes();
                Ok((response.data, response.errors, refusals, searches))
            }
            Err(problem) => Err(refusal(&problem.message().to_string(), "BAD_REQUEST")),
        }
    }
}

impl Prepared {
    fn is_mutation(&self) -> bool {
        self.document.operations.get(self.operation.as_deref()).is_ok_and(|operation| operation.is_mutation())
    }
}

fn execution(prepared: &Prepared) -> Result<Execution<'_>, apollo_compiler::request::RequestError> {
    Ok(Execution::new(prepared.schema, &prepared.document)
        .operation_name(prepared.operation.as_deref())?
        .coerced_variable_values(&prepared.variables))
}
