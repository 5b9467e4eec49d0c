//! Environment variables laid over the file.
//!
//! `TILLBRIDGE_LISTEN__WEBHOOKS=0.0.0.0:9000` sets `webhooks` in `[listen]`: two underscores between levels, upper or lower case
//! alike, `_` for `-`. A channel is found by its name: `TILLBRIDGE_CHANNELS__KIWI__SALE__BRANCH=WEB`. A secret's variable
//! holds the secret itself: `TILLBRIDGE_STOREFRONTS__KIWI_WEB__TOKEN=…`. Storefronts, offices, channels, locations and
//! payment codes are named by the file alone; a variable changes what is there.
//! A variable with the prefix that means nothing is refused like an unknown key.

use std::collections::BTreeMap;

use super::nearest::did_you_mean;
use super::problem::{Place, Report};
use super::tree::{Entry, Node, Value};

/// What every variable of the program begins with.
pub const PREFIX: &str = "TILLBRIDGE_";

/// Variables with the prefix that are not part of the configuration, and what they do.
pub const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("TILLBRIDGE_CONFIG", "the configuration file, where `--config` is not given"),
    ("TILLBRIDGE_LOG", "which log lines are written, such as `info` or `tillbridge::flow=debug,warn`"),
    ("TILLBRIDGE_LOG_FORMAT", "`text` or `json`"),
    ("TILLBRIDGE_REFERENCE", "tests only: compares against reference behaviour"),
    ("TILLBRIDGE_TEST_SERVERS", "tests only: `required` makes a missing server a failure"),
    ("TILLBRIDGE_WRITE_SCHEMAS", "tests only: writes the files under `schemas/` anew"),
];

/// Lays the variables over the tree.
pub(super) fn lay_over(root: &mut Node, variables: &BTreeMap<String, String>, report: &Report) {
    let mut named_by_secrets = Vec::new();
    secret_variables(root, &mut named_by_secrets);
    for (name, value) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        if OTHER_VARIABLES.iter().any(|(other, _)| other == name) || named_by_secrets.contains(name) {
            continue;
        }
        let steps: Vec<_> = path.split("__").map(normal).collect();
        set(root, &steps, name, value, report);
    }
}

/// Upper and lower case, and `-` and `_`, are alike in a variable's name.
fn normal(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

fn set(node: &mut Node, steps: &[String], name: &str, value: &str, report: &Report) {
    let place = Place::Variable(name.to_owned());
    let Some((step, rest)) = steps.split_first() else {
        *node = Node { place, value: Value::Text(value.to_owned()) };
        return;
    };
    match &mut node.value {
        Value::Table(entries) => {
            let key = entries.keys().find(|key| normal(key) == *step).cloned().unwrap_or_else(|| step.clone());
            let entry = entries
                .entry(key)
                .or_insert_with(|| Entry { key_place: place.clone(), node: Node::empty(place.clone()) });
            set(&mut entry.node, rest, name, value, report);
        }
        Value::List(items) => {
            let name_of = |item: &Node| item.get("name").and_then(Node::text).map(str::to_owned);
            let known: Vec<_> = items.iter().filter_map(name_of).collect();
            match items.iter_mut().find(|item| name_of(item).is_some_and(|found| normal(&found) == *step)) {
                Some(item) => set(item, rest, name, value, report),
                None => report.add(
                    &place,
                    format!("nothing in the list is named `{step}`"),
                    did_you_mean(step, known.iter().map(String::as_str)),
                ),
            }
        }
        _ => report.add(
            &place,
            format!("`{step}` is beneath a value that has no parts"),
            format!("unset {name}, or end its name one level earlier"),
        ),
    }
}

/// Names that `{ env = "NAME" }` mentions; such a variable may have the program's prefix without being an override.
fn secret_variables(node: &Node, names: &mut Vec<String>) {
    match &node.value {
        Value::Table(entries) => {
            for (key, entry) in entries {
                match entry.node.text() {
                    Some(name) if key == "env" => names.push(name.to_owned()),
                    _ => secret_variables(&entry.node, names),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| secret_variables(item, names)),
        _ => {}
    }
}
