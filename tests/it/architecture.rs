//! The rooms of the house and who may know whom, read from the source itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms each room may know. A room that is not here is a mistake of this table.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain", "office", "storefront"]),
    ("storefront", &["domain"]),
    ("office", &["domain"]),
    ("journal", &["domain"]),
    ("bus", &["domain"]),
    ("handlers", &["domain", "policy", "storefront", "office", "journal"]),
    ("flow", &["domain", "policy", "storefront", "office", "journal", "bus", "handlers", "ops"]),
    ("config", &["domain", "policy", "storefront", "office"]),
    ("app", &["domain", "policy", "storefront", "office", "journal", "bus", "handlers", "config"]),
    ("ops", &["domain", "journal", "bus", "flow"]),
    ("sandbox", &["domain", "policy", "storefront", "office", "journal"]),
    (
        "cli",
        &[
            "domain",
            "policy",
            "storefront",
            "office",
            "journal",
            "bus",
            "handlers",
            "flow",
            "config",
            "app",
            "ops",
            "sandbox",
            "rehearsal",
        ],
    ),
    (
        "rehearsal",
        &[
            "domain",
            "policy",
            "storefront",
            "office",
            "journal",
            "bus",
            "handlers",
            "flow",
            "config",
            "app",
            "ops",
            "sandbox",
        ],
    ),
    ("lib", &[]),
    ("main", &[]),
];

/// Rooms with one adapter a folder, which know their port but not each other.
const PORTS: &[&str] = &["storefront", "office", "journal", "bus"];

/// Rooms in which money is counted.
const EXACT: &[&str] = &["domain", "policy", "handlers", "office", "storefront"];

/// A source file: its path beneath `src`, its text, and its text without comments and text literals.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    /// The first folder or file name: the room.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The adapter within a port's room, if the file is part of one.
    fn adapter(&self) -> Option<&str> {
        let mut parts = self.path.split('/');
        let room = parts.next()?;
        PORTS.contains(&room).then(|| parts.next())?.map(|part| part.trim_end_matches(".rs"))
    }

    /// The paths that are named as `crate::…`, groups taken apart, without what is only a test's.
    fn crate_paths(&self) -> Vec<String> {
        let code = self.code.split("#[cfg(test)]").next().unwrap();
        let mut paths = Vec::new();
        for after in code.split("crate::").skip(1) {
            paths.extend(expand(after));
        }
        paths
    }
}

/// `office::{ChangeKind, x::Y}, …` → `office::ChangeKind`, `office::x::Y`.
fn expand(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let Some(group) = rest.strip_prefix('{').filter(|_| head.is_empty() || head.ends_with("::")) else {
        return vec![head.to_owned()];
    };
    let mut depth = 0_usize;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                parts.last_mut().unwrap().push(c);
            }
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(expand).map(|part| format!("{head}{part}")).collect()
}

/// Leaves out comments and the contents of text literals, keeping line ends.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(raw) = raw_text(rest) {
            code.push_str("\"\"");
            rest = raw;
        } else if c == '"' {
            code.push_str("\"\"");
            rest = after_text(&rest[1..]);
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

fn raw_text(rest: &str) -> Option<&str> {
    let hashes = rest.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or("", |at| &body[at + end.len()..]))
}

fn after_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let beneath = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path: beneath, code: code_of(&text), text });
            }
        }
    }
    assert!(found.len() > 30, "the source was not found");
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// What a source file must not know.
fn trespasses(source: &Source, rooms: &BTreeMap<&str, &[&str]>) -> Vec<String> {
    let Some(allowed) = rooms.get(source.room()) else {
        return vec![format!("{}: the room `{}` is not in the table of this test", source.path, source.room())];
    };
    let mut found = Vec::new();
    for path in source.crate_paths() {
        let mut steps = path.split("::");
        let room = steps.next().unwrap_or_default();
        if room != source.room() && !allowed.contains(&room) {
            found.push(format!(
                "{}: knows `crate::{path}`, but `{}` may not know `{room}`",
                source.path,
                source.room()
            ));
            continue;
        }
        // What lies beneath a port is known to its own folder and to the composition alone.
        let step = steps.next().unwrap_or_default();
        let is_adapter = PORTS.contains(&room) && step.chars().next().is_some_and(char::is_lowercase);
        let at_home = source.room() == room && source.adapter().is_none_or(|adapter| adapter == step);
        if is_adapter
            && !at_home
            && !shares(source, room, step)
            && !matches!(source.room(), "app" | "sandbox" | "rehearsal" | "cli")
        {
            found.push(format!("{}: knows the adapter `crate::{path}`; only `app` may", source.path));
        }
    }
    found
}

/// Pieces that the adapters of one port share stand in the port's room beside them.
fn shares(source: &Source, room: &str, step: &str) -> bool {
    const ADAPTERS: &[&str] =
        &["sqlite", "postgres", "local", "rabbitmq", "shopify", "magento1", "magento2", "counter_intelligence"];
    source.room() == room && !ADAPTERS.contains(&step)
}

#[test]
fn no_room_knows_a_room_it_must_not() {
    let rooms = MAY_KNOW.iter().copied().collect();
    let found: Vec<_> = sources().iter().flat_map(|source| trespasses(source, &rooms)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_room_that_is_spoken_of_exists() {
    let sources = sources();
    for (room, _) in MAY_KNOW {
        assert!(sources.iter().any(|source| source.room() == *room), "there is no room `{room}`");
    }
}

#[test]
fn nobody_but_a_storefront_vouches_for_a_signature() {
    let names_it = |source: &&Source| source.code.contains("by_signature");
    let elsewhere: Vec<_> = sources()
        .iter()
        .filter(names_it)
        .map(|source| source.path.clone())
        .filter(|path| !path.starts_with("storefront/") && path != "domain/delivery.rs")
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long: Vec<_> = sources()
        .iter()
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .filter(|(_, lines)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn money_is_never_a_fraction_of_a_machine() {
    let words =
        |code: &str| code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| matches!(word, "f32" | "f64"));
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| EXACT.contains(&source.room()) && words(&source.code))
        .map(|source| source.path.clone())
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_module_says_at_its_head_what_it_is_for() {
    let silent: Vec<_> = sources()
        .iter()
        .filter(|source| !source.path.ends_with("tests.rs") && !source.path.contains("/tests/"))
        .filter(|source| !source.text.starts_with("//! ") || source.text.starts_with("//! To come"))
        .map(|source| source.path.clone())
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

mod the_reader_of_the_source {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), code: code_of(text), text: text.to_owned() }
    }

    fn found(path: &str, text: &str) -> usize {
        trespasses(&source(path, text), &MAY_KNOW.iter().copied().collect()).len()
    }

    #[test]
    fn sees_through_groups() {
        let paths = source("cli.rs", "use crate::{bus::{Bus, local::LocalBus}, domain::Sku};").crate_paths();
        assert_eq!(paths, ["bus::Bus", "bus::local::LocalBus", "domain::Sku"]);
    }

    #[test]
    fn is_not_fooled_by_comments_and_texts() {
        assert_eq!(
            found("domain/money.rs", "//! See [`crate::flow`].\nconst X: &str = \"crate::cli\"; // crate::bus"),
            0
        );
        assert_eq!(found("domain/money.rs", "const Q: char = '\"'; use crate::journal::Journal;"), 1);
    }

    #[test]
    fn finds_each_kind_of_trespass() {
        assert_eq!(found("domain/money.rs", "use crate::policy::Channel;"), 1);
        assert_eq!(found("handlers/stock.rs", "use crate::storefront::shopify::Shopify;"), 1);
        assert_eq!(found("journal/sqlite.rs", "use crate::journal::postgres::PostgresJournal;"), 1);
        assert_eq!(found("journal/sqlite/plan.rs", "fn x() -> crate::journal::sqlite::Y {}"), 0);
        assert_eq!(found("flow/poll.rs", "use crate::sandbox::office::Office;"), 1);
        assert_eq!(found("pantry/jam.rs", "use crate::domain::Sku;"), 1);
    }
}
