//! Which test proves which feature. A test names the ids of what it proves in the comment right above it (`// proves F-349`);
//! from these comments `tests/FEATURES.md` is made. `TILLBRIDGE_WRITE_SCHEMAS=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Number of a feature, as in `F-349`.
type Feature = u16;

/// What joining a Shopify shop to a Counter Intelligence office promises.
const SHOPIFY: &[RangeInclusive<Feature>] =
    &[6..=6, 11..=11, 14..=16, 19..=21, 250..=252, 287..=289, 296..=296, 325..=328, 335..=362];

/// What joining a Magento 2 store to one promises.
const MAGENTO: &[RangeInclusive<Feature>] = &[4..=5, 14..=14, 250..=250, 287..=290, 295..=295, 325..=339];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The ids a comment says are proven: after the word `proves`, or standing alone.
fn named(comment: &str) -> Vec<Feature> {
    let text = comment.trim_start_matches('/').trim();
    let list = text.split_once("proves ").map_or(text, |(_, list)| list);
    if !list.starts_with("F-") {
        return Vec::new();
    }
    let words = list.split(|sign: char| sign == ',' || sign == '.' || sign.is_whitespace());
    words.filter_map(|word| word.strip_prefix("F-")?.parse().ok()).collect()
}

/// The name of a function a line begins.
fn function(line: &str) -> Option<&str> {
    let before = line.find("fn ")?;
    let plain = ["", "pub ", "async ", "pub async "].contains(&line[..before].trim_start());
    plain.then(|| line[before + 3..].split(['(', '<']).next()).flatten()
}

/// Every feature with the tests that prove it, each as `file :: test`.
fn proven(root: &Path) -> BTreeMap<Feature, BTreeSet<String>> {
    let mut sources = Vec::new();
    files(&root.join("tests"), &mut sources);
    files(&root.join("src"), &mut sources);
    let mut proven: BTreeMap<Feature, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let text = std::fs::read_to_string(&source).unwrap();
        let place = source.strip_prefix(root).unwrap().display().to_string();
        let mut claimed = Vec::new();
        for line in text.lines() {
            let line_text = line.trim();
            if line_text.starts_with("//") {
                claimed.extend(named(line_text));
            } else if let Some(test) = function(line) {
                for feature in claimed.drain(..) {
                    proven.entry(feature).or_default().insert(format!("{place} :: {test}"));
                }
            } else if line_text.is_empty() {
                claimed.clear();
            }
        }
    }
    proven
}

fn table(proven: &BTreeMap<Feature, BTreeSet<String>>) -> String {
    let mut table = String::from(
        "# Features and the tests that prove them\n\nMade from the tests by `tests/it/features.rs`; do not edit.\n\n| feature | proven by |\n|---|---|\n",
    );
    for (feature, tests) in proven {
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        writeln!(table, "| F-{feature:03} | {} |", tests.join("<br>")).unwrap();
    }
    table
}

#[test]
fn the_list_of_features_is_what_the_tests_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = table(&proven(root));
    let kept = root.join("tests/FEATURES.md");
    if std::env::var_os("TILLBRIDGE_WRITE_SCHEMAS").is_some() {
        std::fs::write(&kept, &made).unwrap();
    }
    let found = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(found == made, "tests/FEATURES.md has drifted; write it anew with TILLBRIDGE_WRITE_SCHEMAS=1");
}

#[test]
fn every_feature_of_a_shopify_channel_is_proven() {
    assert_eq!(missing(SHOPIFY, |_| true), Vec::<String>::new(), "no test names these features");
}

/// A feature that both kinds of shop have is proven with a Magento, too.
#[test]
fn every_feature_of_a_magento_channel_is_proven_with_a_magento() {
    let missing = missing(MAGENTO, |test| test.contains("magento"));
    assert_eq!(missing, Vec::<String>::new(), "no test of a Magento names these features");
}

/// Promised features without a test that counts.
fn missing(promised: &[RangeInclusive<Feature>], counts: impl Fn(&str) -> bool) -> Vec<String> {
    let proven = proven(Path::new(env!("CARGO_MANIFEST_DIR")));
    let is_proven = |feature: &Feature| proven.get(feature).is_some_and(|tests| tests.iter().any(|test| counts(test)));
    let promised = promised.iter().cloned().flatten();
    promised.filter(|feature| !is_proven(feature)).map(|feature| format!("F-{feature:03}")).collect()
}
