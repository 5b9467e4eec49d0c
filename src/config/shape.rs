//! The shape a configuration must have, as data, and the check against it.
//!
//! [`super::keys`] declares every key once; from that come the refusal of unknown keys, the check of kinds and
//! of required keys (here), and the JSON Schema ([`super::schema`]). What values mean is read by the sections afterwards.

use super::nearest::did_you_mean;
use super::problem::{Place, Report};
use super::tree::{Entry, Node, Value};

/// A key the configuration knows.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub shape: Shape,
    /// What to write when it must be there and is not.
    pub required: Option<&'static str>,
    pub doc: &'static str,
}

/// What may stand behind a key.
#[derive(Debug)]
pub(super) enum Shape {
    /// A text.
    Text,
    /// A text, or a list of them.
    Texts,
    /// `{ env = "NAME" }` or `{ file = "path" }`.
    Secret,
    /// A secret, or a list of them.
    Secrets,
    /// A length of time, such as `15s`.
    Duration,
    /// A size, such as `16 MiB`, or a number of bytes.
    Size,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `[section]`.
    Section(&'static [Key]),
    /// `[section.NAME]`, with the keys that its `kind` has.
    NamedByKind(&'static [(&'static str, &'static [Key])]),
    /// `[[section]]`.
    List(&'static [Key]),
    /// Keys of the reader's own, each with a text or whole number.
    Map,
}

/// The keys of a secret's table.
pub(super) const SECRET_KEYS: &[&str] = &["env", "file"];

/// How a secret is to be written.
pub(super) const SECRET_HINT: &str =
    "write { env = \"NAME\" } or { file = \"path\" }; a secret never stands in the file itself";

/// Checks a table: unknown keys, missing keys, kinds of values, and everything beneath.
pub(super) fn check(node: &Node, keys: &[Key], title: &str, report: &Report) {
    let Some(entries) = node.table() else {
        report.add(&node.place, format!("{title} must be a table, but is {}", node.kind()), "write it as [table]");
        return;
    };
    for (name, entry) in entries {
        match keys.iter().find(|key| key.name == name) {
            Some(key) => check_value(entry, key, title, report),
            None => report.add(
                &entry.key_place,
                format!("{title} has no key `{name}`"),
                did_you_mean(name, keys.iter().map(|key| key.name)),
            ),
        }
    }
    for key in keys {
        if let Some(fix) = key.required
            && !entries.contains_key(key.name)
        {
            report.add(&node.place, format!("{title} lacks `{}`: {}", key.name, key.doc), fix);
        }
    }
}

fn check_value(entry: &Entry, key: &Key, parent: &str, report: &Report) {
    let node = &entry.node;
    let refuse = |must: &str| {
        report.add(&node.place, format!("`{}` must be {must}, but is {}", key.name, node.kind()), key.doc);
    };
    match (&key.shape, &node.value) {
        (Shape::Text | Shape::Duration | Shape::Texts, Value::Text(_))
        | (Shape::Size | Shape::Number, Value::Text(_) | Value::Whole(_))
        | (Shape::Flag, Value::Flag(_)) => {}
        // A variable is always a text.
        (Shape::Flag, Value::Text(word)) if matches!(word.as_str(), "true" | "false") => {}
        (Shape::Flag, _) => refuse("true or false"),
        (Shape::Texts, Value::List(items)) if items.iter().all(|item| item.text().is_some()) => {}
        (Shape::OneOf(words), Value::Text(word)) => check_word(node, key.name, word, words, report),
        (Shape::Text | Shape::OneOf(_), _) => refuse("a text"),
        (Shape::Duration, _) => refuse("a length of time such as \"15s\" or \"1m\""),
        (Shape::Size, _) => refuse("a size such as \"16 MiB\""),
        (Shape::Number, _) => refuse("a whole number"),
        (Shape::Texts, _) => refuse("a text or a list of texts"),
        (Shape::Secrets, Value::List(items)) if items.is_empty() => {
            report.add(&node.place, format!("`{}` is an empty list", key.name), key.doc);
        }
        (Shape::Secrets, Value::List(items)) => {
            for item in items {
                check_secret(item, key.name, report);
            }
        }
        (Shape::Secret | Shape::Secrets, _) => check_secret(node, key.name, report),
        (Shape::Section(keys), _) => check(node, keys, &beneath(parent, key.name), report),
        (Shape::NamedByKind(kinds), Value::Table(named)) => {
            for (name, entry) in named {
                if !set_by_variable_alone(entry, key.name, name, report) {
                    check_kind(&entry.node, kinds, &format!("[{}.{name}]", key.name), report);
                }
            }
        }
        (Shape::NamedByKind(_), _) => refuse("tables with names, such as [offices.main]"),
        (Shape::List(keys), Value::List(items)) => {
            for item in items {
                check(item, keys, &format!("[[{}]]", key.name), report);
            }
        }
        (Shape::List(_), _) => refuse(&format!("a list, written [[{}]]", key.name)),
        (Shape::Map, Value::Table(named)) => {
            for (name, entry) in named {
                let known = !set_by_variable_alone(entry, key.name, name, report);
                if known && !matches!(entry.node.value, Value::Text(_) | Value::Whole(_)) {
                    let what = format!("`{name}` must be a text, but is {}", entry.node.kind());
                    report.add(&entry.node.place, what, key.doc);
                }
            }
        }
        (Shape::Map, _) => refuse("a table"),
    }
}

fn check_word(node: &Node, name: &str, word: &str, words: &[&str], report: &Report) {
    if !words.contains(&word) {
        report.add(&node.place, format!("`{name}` cannot be `{word}`"), did_you_mean(word, words.iter().copied()));
    }
}

/// How a section is written: `[listen]` at the top, `[channels.sale]` beneath a channel.
fn beneath(parent: &str, name: &str) -> String {
    match parent.strip_prefix('[') {
        Some(_) => format!("[{}.{name}]", parent.trim_matches(['[', ']'])),
        None => format!("[{name}]"),
    }
}

/// Entries with names of the reader's own stand in the file: a variable cannot say how such a name is spelt.
fn set_by_variable_alone(entry: &Entry, table: &str, name: &str, report: &Report) -> bool {
    let Place::Variable(variable) = &entry.key_place else { return false };
    report.add(
        &entry.key_place,
        format!("`{name}` is not among the {table} of the file"),
        format!("add it to the file, or unset {variable}"),
    );
    true
}

fn check_kind(node: &Node, kinds: &[(&str, &[Key])], title: &str, report: &Report) {
    let words = || kinds.iter().map(|(kind, _)| *kind);
    let Some(kind) = node.get("kind") else {
        report.add(&node.place, format!("{title} lacks `kind`: which system it is"), did_you_mean("", words()));
        return;
    };
    let Some(word) = kind.text() else {
        report.add(&kind.place, format!("`kind` must be a text, but is {}", kind.kind()), did_you_mean("", words()));
        return;
    };
    match kinds.iter().find(|(kind, _)| *kind == word) {
        Some((_, keys)) => check(node, keys, title, report),
        None => report.add(&kind.place, format!("{title} cannot be of kind `{word}`"), did_you_mean(word, words())),
    }
}

fn check_secret(node: &Node, name: &str, report: &Report) {
    match &node.value {
        // A variable that overrides a secret holds the secret itself.
        Value::Text(_) if matches!(node.place, Place::Variable(_)) => {}
        Value::Text(_) => report.add(&node.place, format!("the secret `{name}` stands in the file"), SECRET_HINT),
        Value::Table(entries) => {
            for (key, entry) in entries {
                if !SECRET_KEYS.contains(&key.as_str()) {
                    report.add(&entry.key_place, format!("the secret `{name}` has no key `{key}`"), SECRET_HINT);
                } else if entry.node.text().is_none_or(str::is_empty) {
                    let what = format!("`{key}` of the secret `{name}` must be a text that is not empty");
                    report.add(&entry.node.place, what, SECRET_HINT);
                }
            }
            if SECRET_KEYS.iter().filter(|key| entries.contains_key(**key)).count() != 1 {
                let what = format!("the secret `{name}` needs one of `env` and `file`");
                report.add(&node.place, what, SECRET_HINT);
            }
        }
        _ => {
            let what = format!("the secret `{name}` must be a reference, but is {}", node.kind());
            report.add(&node.place, what, SECRET_HINT);
        }
    }
}
