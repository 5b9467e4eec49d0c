//! The documents against the schema: the subset in this project, and the whole one where it is at hand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use apollo_compiler::executable::Selection;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

use super::recorder::{project, schema};

/// Mutations that Shopify refuses without an idempotency key since 2026-04.
const NEED_A_KEY: [&str; 18] = [
    "inventorySetQuantities",
    "inventoryAdjustQuantities",
    "inventoryMoveQuantities",
    "inventoryActivate",
    "inventorySetOnHandQuantities",
    "inventoryShipmentCreate",
    "inventoryShipmentCreateInTransit",
    "inventoryShipmentAddItems",
    "inventoryShipmentReceive",
    "inventoryTransferCreate",
    "inventoryTransferCreateAsReadyToShip",
    "inventoryTransferDuplicate",
    "inventoryTransferSetItems",
    "locationActivate",
    "locationDeactivate",
    "refundCreate",
    "inventoryTransferEdit",
    "inventoryShipmentUpdateItemQuantities",
];

fn subset() -> Valid<Schema> {
    schema(&project("schemas/shopify/admin.graphql"))
}

/// The whole schema as Shopify publishes it, which is not part of this project.
fn whole(test: &str) -> Option<Valid<Schema>> {
    let folder = std::env::var("TILLBRIDGE_REFERENCE").ok().filter(|folder| !folder.is_empty());
    let path = folder.map(|folder| PathBuf::from(folder).join("shopify/admin.graphql")).filter(|path| path.exists());
    if path.is_none() {
        eprintln!("left out: {test} needs TILLBRIDGE_REFERENCE, a folder with shopify/admin.graphql");
    }
    path.map(|path| schema(&path))
}

fn documents() -> Vec<(String, String)> {
    let folder = project("src/storefront/shopify/graphql");
    let mut documents: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    documents.sort();
    assert!(documents.len() >= 19, "the documents were not found");
    documents
}

fn check(schema: &Valid<Schema>) {
    for (name, text) in documents() {
        let document = ExecutableDocument::parse_and_validate(schema, &text, &name);
        let document = document.unwrap_or_else(|error| panic!("{name}: {}", error.errors));
        assert_eq!(document.operations.iter().count(), 1, "{name} holds one operation");
    }
}

#[test]
fn every_document_fits_the_subset() {
    check(&subset());
}

#[test]
fn every_document_fits_the_whole_schema() {
    if let Some(whole) = whole("every_document_fits_the_whole_schema") {
        check(&whole);
    }
}

#[test]
fn every_mutation_that_needs_a_key_has_one() {
    let schema = subset();
    let mut seen = 0;
    for (name, text) in documents() {
        let document = ExecutableDocument::parse_and_validate(&schema, &text, &name).unwrap();
        for operation in document.operations.iter().filter(|operation| operation.is_mutation()) {
            for selection in &operation.selection_set.selections {
                let Selection::Field(field) = selection else { panic!("{name}: a mutation is a field") };
                let has_key = field.directives.get("idempotent").is_some();
                let needs_key = NEED_A_KEY.contains(&field.name.as_str());
                assert_eq!(has_key, needs_key, "{name}: {}", field.name);
                seen += usize::from(needs_key);
            }
        }
    }
    assert!(seen > 0, "stock is written with a key");
}

#[test]
fn the_subset_says_nothing_the_whole_schema_does_not() {
    let Some(whole) = whole("the_subset_says_nothing_the_whole_schema_does_not") else { return };
    let mut differences = Vec::new();
    let mut compared = 0;
    for (name, ours) in subset().types.iter().filter(|(_, ours)| !ours.is_built_in()) {
        let Some(theirs) = whole.types.get(name) else {
            differences.push(format!("{name} is not in the whole schema"));
            continue;
        };
        for member in members(ours).difference(&members(theirs)) {
            differences.push(format!("{name}: {member}"));
        }
        compared += members(ours).len();
    }
    let key = |schema: &Valid<Schema>| {
        let directive = &schema.directive_definitions["idempotent"];
        let arguments = directive.arguments.iter().map(|argument| argument_line("idempotent", argument));
        (arguments.collect::<Vec<_>>(), directive.locations.clone())
    };
    assert_eq!(key(&subset()), key(&whole));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 200, "only {compared} members were compared");
}

/// Everything a type says, one line each: fields with their types and arguments, input fields, values.
fn members(of: &ExtendedType) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    match of {
        ExtendedType::Scalar(_) => _ = members.insert("scalar".into()),
        ExtendedType::Object(object) => {
            for (name, field) in &object.fields {
                members.insert(format!("{name}: {}", field.ty));
                members.extend(field.arguments.iter().map(|argument| argument_line(name, argument)));
            }
            members
                .extend(object.implements_interfaces.iter().map(|interface| format!("implements {}", interface.name)));
        }
        ExtendedType::Interface(interface) => {
            members.extend(interface.fields.iter().map(|(name, field)| format!("{name}: {}", field.ty)));
        }
        ExtendedType::Union(union) => members.extend(union.members.iter().map(|member| member.name.to_string())),
        ExtendedType::Enum(values) => members.extend(values.values.keys().map(ToString::to_string)),
        ExtendedType::InputObject(input) => {
            members.insert(format!("one of: {}", input.directives.get("oneOf").is_some()));
            members.extend(input.fields.values().map(|field| argument_line("input", field)));
        }
    }
    members
}

fn argument_line(of: &str, argument: &apollo_compiler::ast::InputValueDefinition) -> String {
    let default = argument.default_value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    format!("{of}({}: {}{default})", argument.name, argument.ty)
}

/// Paying and paying back happen at the shop; the bridge only records them.
// proves F-020
#[test]
fn no_document_charges_or_refunds_anybody() {
    const MOVES_MONEY: [&str; 10] = [
        "refundCreate",
        "returnRefund",
        "returnProcess",
        "orderCapture",
        "orderCancel",
        "orderMarkAsPaid",
        "orderCreateManualPayment",
        "orderCreateMandatePayment",
        "transactionVoid",
        "orderEditCommit",
    ];
    let schema = subset();
    for (name, text) in documents() {
        let document = ExecutableDocument::parse_and_validate(&schema, &text, &name).unwrap();
        for operation in document.operations.iter().filter(|operation| operation.is_mutation()) {
            for selection in &operation.selection_set.selections {
                let Selection::Field(field) = selection else { continue };
                assert!(!MOVES_MONEY.contains(&field.name.as_str()), "{name} moves money with {}", field.name);
            }
        }
    }
}
