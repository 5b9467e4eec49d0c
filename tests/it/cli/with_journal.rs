//! Operators' commands over a journal with a history.

use tillbridge::journal::sqlite::SqliteJournal;

use super::ledger::desk_with_history;
use super::{Desk, assert_seen};

#[test]
fn status_tells_how_things_stand() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["status"]));
}

#[test]
fn status_for_programs_is_one_document() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["status", "--json"]));
}

#[test]
fn events_are_listed() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["events", "list"]));
}

#[test]
fn events_for_programs_are_one_object_a_line() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["events", "list", "--json", "--type", "sale.invoiced"]));
}

#[test]
fn a_listing_that_is_cut_says_how_to_go_on() {
    let (desk, _) = desk_with_history();
    let first = desk.run(&["events", "list", "--limit", "1"]);
    let row = first.split("--after ").nth(1).unwrap().trim().to_owned();
    let second = desk.run(&["events", "list", "--limit", "1", "--after", &row]);
    assert_seen!(format!("{first}\n{second}"));
}

#[test]
fn an_event_is_shown_without_its_personal_contents() {
    let (desk, ledger) = desk_with_history();
    let seen = desk.run(&["events", "show", &ledger.sale.to_string()]);
    assert!(!seen.contains("aroha"), "{seen}");
    let json = desk.run(&["events", "show", "--json", &ledger.sale.to_string()]);
    assert!(!json.contains("aroha"), "{json}");
    assert_seen!(format!("{seen}\n{json}"));
}

#[test]
fn an_event_is_shown_whole_when_that_is_asked_for() {
    let (desk, ledger) = desk_with_history();
    assert_seen!(desk.run(&["events", "show", "--body", &ledger.stock.to_string()]));
}

#[test]
fn an_event_that_is_not_there() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["events", "show", "00000000-0000-7000-8000-000000000000"]));
}

#[test]
fn a_trace_tells_the_story_from_the_delivery_or_the_event() {
    let (desk, ledger) = desk_with_history();
    let by_delivery = desk.run(&["events", "trace", &ledger.sale_delivery.to_string()]);
    let by_event = desk.run(&["events", "trace", &ledger.sale.to_string()]);
    let story = |seen: &str| seen.split("stdout").nth(1).unwrap().to_owned();
    assert_eq!(story(&by_delivery), story(&by_event));
    let of_stock = desk.run(&["events", "trace", &ledger.stock.to_string()]);
    assert_seen!(format!("{by_delivery}\n{of_stock}"));
}

#[test]
fn a_trace_for_programs_is_one_document() {
    let (desk, ledger) = desk_with_history();
    assert_seen!(desk.run(&["events", "trace", "--json", &ledger.sale.to_string()]));
}

#[test]
fn dead_letters_are_listed() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["dead", "list"]));
}

#[test]
fn dead_letters_for_programs_are_one_object_a_line() {
    let (desk, _) = desk_with_history();
    assert_seen!(desk.run(&["dead", "list", "--json", "--handler", "invoice"]));
}

#[test]
fn a_dead_letter_is_shown_with_what_to_do() {
    let (desk, _) = desk_with_history();
    let id = handling(&desk);
    assert_seen!(desk.run(&["dead", "show", &id]).replace(&id, "h[N]"));
}

#[test]
fn a_dead_letter_that_is_not_there() {
    let (desk, _) = desk_with_history();
    let shown = desk.run(&["dead", "show", "h999"]);
    let retried = desk.run(&["dead", "retry", "h999"]);
    assert_seen!(format!("{shown}\n{retried}"));
}

#[test]
fn a_dead_letter_is_tried_again() {
    let (desk, _) = desk_with_history();
    let id = handling(&desk);
    let retried = desk.run(&["dead", "retry", &id]);
    let left = desk.run(&["dead", "list", "--handler", "invoice"]);
    assert_seen!(format!("{retried}\n{left}").replace(&id, "h[N]"));
}

#[test]
fn a_dead_letter_is_corrected_and_what_it_said_stays_on_record() {
    let (desk, _) = desk_with_history();
    let id = handling(&desk);
    let said = |seen: &str| {
        let out = seen.split("----- stdout -----\n").nth(1).unwrap();
        out.split("----- stderr -----").next().unwrap().to_owned()
    };
    let letter = said(&desk.run(&["dead", "show", &id, "--body"]));
    assert!(letter.contains("aroha@example.test"), "{letter}");
    let file = desk.path().join("letter.json");
    let edit = |contents: &str, why: &str| {
        std::fs::write(&file, contents).unwrap();
        desk.run(&["dead", "edit", &id, "--from", "letter.json", "--why", why])
    };
    let none = desk.run(&["dead", "edits"]);
    let away = desk.run(&["dead", "edit", &id, "--from", "nowhere.json", "--why", "x"]);
    let silent = edit(&letter, " ");
    let refused = edit(&letter.replace("order:5900000000001", "order:1"), "another order");
    let done = edit(&letter.replace("\"number\":\"1001\"", "\"number\":\"1002\""), "the number was mistyped");
    let again = edit(&letter, "again");
    let listed = desk.run(&["dead", "edits"]);
    assert_eq!(said(&desk.run(&["dead", "edits", "--before", "1"])), letter);
    let unknown = desk.run(&["dead", "edits", "--before", "2"]);
    let seen = [none, away, silent, refused, done, again, listed, unknown].join("\n");
    assert_seen!(seen.replace(&id, "h[N]"));
}

#[test]
fn dead_letters_are_found_by_what_they_say() {
    let (desk, _) = desk_with_history();
    let found = desk.run(&["dead", "list", "--text", "AFTERPAY"]);
    let none = desk.run(&["dead", "list", "--text", "no such word"]);
    let discarded = desk.run(&["dead", "discard", "--text", "afterpay", "--why", "booked by hand", "--yes"]);
    assert_seen!([found, none, discarded].join("\n"));
}

#[test]
fn many_dead_letters_are_asked_about_first() {
    let (desk, _) = desk_with_history();
    let refused = desk.run(&["dead", "retry", "--all"]);
    let done = desk.run(&["dead", "retry", "--all", "--yes"]);
    assert_seen!(format!("{refused}\n{done}"));
}

#[test]
fn which_dead_letters_must_be_said_once() {
    let (desk, _) = desk_with_history();
    let nothing = desk.run(&["dead", "retry"]);
    let both = desk.run(&["dead", "retry", "h1", "--handler", "invoice"]);
    assert_seen!(format!("{nothing}\n{both}"));
}

#[test]
fn a_dead_letter_ends_for_good_with_a_reason() {
    let (desk, _) = desk_with_history();
    let id = handling(&desk);
    let without = desk.run(&["dead", "discard", &id]);
    let empty = desk.run(&["dead", "discard", &id, "--why", " "]);
    let done = desk.run(&["dead", "discard", &id, "--why", "booked by hand"]);
    let left = desk.run(&["dead", "list", "--handler", "invoice"]);
    assert_seen!(format!("{without}\n{empty}\n{done}\n{left}").replace(&id, "h[N]"));
}

#[test]
fn a_replay_is_counted_and_then_done() {
    let (desk, _) = desk_with_history();
    let counted = desk.run(&["replay", "--type", "stock.changed", "--dry-run"]);
    let done = desk.run(&["replay", "--type", "stock.changed", "--json"]);
    let after = desk.run(&["events", "list", "--type", "stock.changed"]);
    assert_seen!(format!("{counted}\n{done}\n{after}"));
}

#[test]
fn a_replay_is_on_record_and_its_end_is_its_end() {
    let (desk, _) = desk_with_history();
    let none = desk.run(&["replay", "list"]);
    let counted = desk.run(&["replay", "--normalise", "--all", "--dry-run"]);
    let done = desk.run(&["replay", "--normalise", "--all", "--per-second", "1000"]);
    let listed = desk.run(&["replay", "list"]);
    let resumed = desk.run(&["replay", "--resume", "1"]);
    let unknown = desk.run(&["replay", "--resume", "7"]);
    let both = desk.run(&["replay", "--resume", "1", "--type", "stock.changed"]);
    let nothing = desk.run(&["replay"]);
    assert_seen!([none, counted, done, listed, resumed, unknown, both, nothing].join("\n"));
}

#[test]
fn a_channel_is_paused_and_resumed_beside_a_running_bridge() {
    let (desk, _) = desk_with_history();
    let running = SqliteJournal::open(&desk.path().join("tillbridge.db")).unwrap();
    let paused = desk.run(&["pause", "main", "--why", "stock-take until noon"]);
    let status = desk.run(&["status"]);
    let resumed = desk.run(&["resume", "main"]);
    let again = desk.run(&["resume", "main"]);
    drop(running);
    assert_seen!(format!("{paused}\n{status}\n{resumed}\n{again}"));
}

#[test]
fn a_journal_that_is_not_there_yet() {
    let desk = Desk::with(tillbridge::config::PROFILES[0].template)
        .set("SHOPIFY_TOKEN", "a")
        .set("SHOPIFY_WEBHOOK_SECRET", "b")
        .set("OFFICE_DATABASE_URL", "c");
    let before = desk.run(&["status"]);
    let migrated = desk.run(&["migrate"]);
    let after = desk.run(&["status"]);
    assert_seen!(format!("{before}\n{migrated}\n{after}"));
}

#[test]
fn a_file_that_is_no_journal() {
    let (desk, _) = desk_with_history();
    std::fs::write(desk.path().join("other.db"), "a shopping list, not a database, long enough to be looked at")
        .unwrap();
    let desk = desk.set("TILLBRIDGE_JOURNAL__SQLITE", "other.db");
    assert_seen!(desk.run(&["status"]));
}

/// The id of the sale that was given up.
fn handling(desk: &Desk) -> String {
    let seen = desk.run(&["dead", "list", "--handler", "invoice", "--json"]);
    let id = seen.split("\"id\":\"").nth(1).unwrap();
    id.split('"').next().unwrap().to_owned()
}
