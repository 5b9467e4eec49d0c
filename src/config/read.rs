//! Reads single values out of a checked tree: texts, lengths of time, sizes, addresses, secrets.
//!
//! A value of the wrong kind has been reported by [`super::shape`] already and reads as absent here; a value whose kind is
//! right but whose meaning is not is reported here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;

use super::problem::{Place, Report, reason};
use super::tree::{Node, Value};
use crate::domain::{BadName, Secret};

/// What reading needs besides the tree.
pub(super) struct Context<'a> {
    pub report: &'a Report,
    pub variables: &'a BTreeMap<String, String>,
}

/// A table being read.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub context: &'a Context<'a>,
    pub node: Option<&'a Node>,
}

/// A value that was found, with its place.
#[derive(Debug, Clone)]
pub(super) struct Found<'a, T> {
    pub value: T,
    pub place: &'a Place,
}

impl<'a> Section<'a> {
    pub fn of(context: &'a Context<'a>, node: &'a Node) -> Self {
        Self { context, node: Some(node) }
    }

    pub fn value(&self, key: &str) -> Option<&'a Node> {
        self.node?.get(key)
    }

    /// A table beneath; an absent one reads as empty.
    pub fn section(&self, key: &str) -> Section<'a> {
        Section { context: self.context, node: self.value(key) }
    }

    /// The tables beneath a table of named things.
    pub fn named(&self, key: &str) -> Vec<(&'a str, Section<'a>)> {
        let entries = self.value(key).and_then(Node::table).into_iter().flatten();
        entries.map(|(name, entry)| (name.as_str(), Section::of(self.context, &entry.node))).collect()
    }

    pub fn add(&self, place: &Place, what: impl Into<String>, hint: impl Into<String>) {
        self.context.report.add(place, what, hint);
    }

    pub fn place(&self) -> &'a Place {
        self.node.map_or(&Place::File, |node| &node.place)
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str) -> Option<Found<'a, &'a str>> {
        let node = self.value(key)?;
        let text = node.text()?.trim();
        if text.is_empty() {
            self.add(&node.place, format!("`{key}` is empty"), format!("write a value for `{key}`, or leave it out"));
            return None;
        }
        Some(Found { value: text, place: &node.place })
    }

    /// A text read into a type that has its own rules.
    pub fn name<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, BadName>) -> Option<Found<'a, T>> {
        let found = self.text(key)?;
        match parse(found.value) {
            Ok(value) => Some(Found { value, place: found.place }),
            Err(error) => {
                self.add(found.place, format!("`{key}`: {error}"), "choose another one");
                None
            }
        }
    }

    /// Texts: one, or a list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        match self.value(key).map(|node| &node.value) {
            Some(Value::Text(text)) => vec![text.clone()],
            Some(Value::List(items)) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// A table of texts or numbers under keys of the reader's own.
    pub fn map(&self, key: &str) -> Vec<(&'a str, Found<'a, String>)> {
        let entries = self.value(key).and_then(Node::table).into_iter().flatten();
        let texts = entries.filter_map(|(name, entry)| {
            let value = match &entry.node.value {
                Value::Text(text) => text.trim().to_owned(),
                Value::Whole(number) => number.to_string(),
                _ => return None,
            };
            Some((name.as_str(), Found { value, place: &entry.node.place }))
        });
        texts.collect()
    }

    /// A length of time between a second and a day.
    pub fn duration(&self, key: &str, default: Duration) -> Duration {
        let Some(found) = self.text(key) else { return default };
        let read = found.value.parse::<SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
        match read {
            Some(length) if (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&length) => length,
            _ => {
                let what = format!("`{key}` must be a length of time from 1s to 24h, but is `{}`", found.value);
                self.add(found.place, what, "write it like \"15s\", \"1m\" or \"1h 30m\"");
                default
            }
        }
    }

    /// A length of time in whole days, between a day and ten years.
    pub fn days(&self, key: &str, default: Duration) -> Duration {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let Some(found) = self.text(key) else { return default };
        let number = ["days", "day", "d"].iter().find_map(|unit| found.value.strip_suffix(unit));
        match number.and_then(|number| number.trim().parse::<u32>().ok()) {
            Some(days) if (1..=3_650).contains(&days) => DAY * days,
            _ => {
                let what = format!("`{key}` must be a number of days from 1d to 3650d, but is `{}`", found.value);
                self.add(found.place, what, "write it like \"30d\"");
                default
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.value(key).map(|node| &node.value) {
            Some(Value::Flag(flag)) => *flag,
            Some(Value::Text(word)) => word == "true",
            _ => default,
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, key: &str, default: u32, most: u32) -> u32 {
        let Some(node) = self.value(key) else { return default };
        let read = match &node.value {
            Value::Whole(number) => u32::try_from(*number).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            _ => return default,
        };
        match read {
            Some(number) if (1..=most).contains(&number) => number,
            _ => {
                self.add(&node.place, format!("`{key}` must be from 1 to {most}"), format!("the default is {default}"));
                default
            }
        }
    }

    /// A size in bytes, between a kibibyte and a gibibyte.
    pub fn size(&self, key: &str, default: usize) -> usize {
        let Some(node) = self.value(key) else { return default };
        let read = match &node.value {
            Value::Whole(number) => usize::try_from(*number).ok(),
            Value::Text(text) => bytes(text),
            _ => return default,
        };
        match read {
            Some(size) if (1 << 10..=1 << 30).contains(&size) => size,
            _ => {
                let what = format!("`{key}` must be a size from 1 KiB to 1 GiB");
                self.add(&node.place, what, "write it like \"16 MiB\" or \"512 KiB\", or as a number of bytes");
                default
            }
        }
    }

    /// An address to listen at.
    pub fn address(&self, key: &str, default: &str) -> Option<Found<'a, SocketAddr>> {
        let Some(found) = self.text(key) else {
            let present = self.value(key).is_some();
            let value = default.parse().ok().filter(|_| !present)?;
            return Some(Found { value, place: self.place() });
        };
        if let Ok(value) = found.value.parse() {
            return Some(Found { value, place: found.place });
        }
        let what = format!("`{key}` must be an address and a port, but is `{}`", found.value);
        self.add(found.place, what, format!("write it like \"{default}\""));
        None
    }

    /// A secret, fetched from where the configuration says.
    pub fn secret(&self, key: &str) -> Option<Secret> {
        self.fetch(self.value(key)?, key)
    }

    /// Secrets: one, or a list.
    pub fn secrets(&self, key: &str) -> Vec<Secret> {
        let Some(node) = self.value(key) else { return Vec::new() };
        let Value::List(items) = &node.value else { return self.fetch(node, key).into_iter().collect() };
        items.iter().filter_map(|item| self.fetch(item, key)).collect()
    }

    fn fetch(&self, node: &Node, key: &str) -> Option<Secret> {
        if let (Value::Text(text), Place::Variable(variable)) = (&node.value, &node.place) {
            return self.present(node, text, &format!("environment variable `{variable}`"), key);
        }
        let (env, file) = (node.get("env").and_then(Node::text), node.get("file").and_then(Node::text));
        match (env, file) {
            (Some(name), None) if !name.is_empty() => {
                let Some(text) = self.context.variables.get(name) else {
                    let what = format!("the secret `{key}` is missing: environment variable `{name}` is not set");
                    self.add(
                        &node.place,
                        what,
                        format!("set `{name}` where tillbridge runs, or name another variable"),
                    );
                    return None;
                };
                self.present(node, text, &format!("environment variable `{name}`"), key)
            }
            (None, Some(path)) if !path.is_empty() => match std::fs::read_to_string(path) {
                Ok(text) => self.present(node, &text, &format!("file `{path}`"), key),
                Err(error) => {
                    let what =
                        format!("the secret `{key}` is missing: file `{path}` cannot be read: {}", reason(&error));
                    self.add(&node.place, what, "create the file, or name another; its text is the secret");
                    None
                }
            },
            _ => None,
        }
    }

    fn present(&self, node: &Node, text: &str, from: &str, key: &str) -> Option<Secret> {
        let text = text.trim();
        if text.is_empty() {
            self.add(&node.place, format!("the secret `{key}` is missing: {from} is empty"), "put the secret there");
            return None;
        }
        Some(Secret::new(text.to_owned()))
    }
}

fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_lowercase().as_str() {
        "" | "b" => 0,
        "kib" | "k" => 10,
        "mib" | "m" => 20,
        "gib" | "g" => 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_in_their_units() {
        assert_eq!(bytes("16 MiB"), Some(16 << 20));
        assert_eq!(bytes("512kib"), Some(512 << 10));
        assert_eq!(bytes("1024"), Some(1024));
        assert_eq!(bytes("16 MB"), None);
        assert_eq!(bytes("99999999999999999999 GiB"), None);
    }
}
