//! Generated schemas are compared with the ones kept under `schemas/`. `TILLBRIDGE_WRITE_SCHEMAS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tillbridge::domain::EventType;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn compare(path: &Path, generated: &Value) {
    let generated = format!("{}\n", serde_json::to_string_pretty(generated).unwrap());
    if std::env::var_os("TILLBRIDGE_WRITE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == generated,
        "{} has drifted from the code; look whether the change is meant, then run with TILLBRIDGE_WRITE_SCHEMAS=1",
        path.display()
    );
}

#[test]
fn the_schema_of_the_configuration_is_the_one_that_is_kept() {
    compare(&folder().join("config.json"), &tillbridge::config::schema());
}

#[test]
fn the_schema_of_each_event_is_the_one_that_is_kept_and_none_is_left_over() {
    let folder = folder().join("events");
    for kind in EventType::ALL {
        compare(&folder.join(format!("{}.json", kind.as_str())), &kind.event_schema());
    }

    let file_name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let kept: BTreeSet<_> = std::fs::read_dir(folder).unwrap().map(file_name).collect();
    let known: BTreeSet<_> = EventType::ALL.iter().map(|kind| format!("{}.json", kind.as_str())).collect();
    assert_eq!(kept, known);
}
