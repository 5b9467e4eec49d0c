//! Log lines: what stands in them, and what does not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tillbridge::config::Config;
use tillbridge::domain::{BranchCode, Secret};
use tillbridge::ops::logging::{Format, NEWS, subscriber};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged(filter: &str, format: Format, what: impl FnOnce()) -> String {
    let paper = Paper::default();
    tracing::subscriber::with_default(subscriber(filter, format, paper.clone()).unwrap(), what);
    paper.text()
}

const PLAIN: Format = Format::Text { coloured: false };

#[test]
fn a_secret_shows_itself_in_no_form_of_line() {
    let token = Secret::new("shpat-in-the-log".to_owned());
    let variables = ["SHOPIFY_TOKEN", "SHOPIFY_WEBHOOK_SECRET", "OFFICE_DATABASE_URL"];
    let variables = variables.map(|name| (name.to_owned(), "shpat-in-the-log".to_owned())).into_iter().collect();
    let config = Config::read("test.toml", tillbridge::config::PROFILES[0].template, &variables).unwrap();
    for format in [PLAIN, Format::Json] {
        let text = logged("trace", format, || {
            tracing::info!(%token, ?token, ?config, "opened with {token} and {token:?}");
        });
        assert!(text.contains("[secret]"), "{text}");
        assert!(!text.contains("shpat-in-the-log"), "{text}");
    }
}

#[test]
fn our_news_and_others_complaints_are_written() {
    let text = logged(NEWS, PLAIN, || {
        tracing::info!(target: "tillbridge::flow", "ours");
        tracing::debug!(target: "tillbridge::flow", "chatter");
        tracing::info!(target: "hyper", "theirs");
        tracing::warn!(target: "hyper", "complaint");
    });
    for (word, written) in [("ours", true), ("chatter", false), ("theirs", false), ("complaint", true)] {
        assert_eq!(text.contains(word), written, "{word}: {text}");
    }
}

#[test]
fn the_broker_library_stays_silent_whatever_is_asked_for() {
    let text = logged("trace,lapin=trace", PLAIN, || tracing::error!(target: "lapin", "a message with its body"));
    assert_eq!(text, "");
}

#[test]
fn lines_for_collectors_are_json_with_their_fields() {
    let branch = BranchCode::parse("WEB").unwrap();
    let text = logged(NEWS, Format::Json, || tracing::warn!(target: "tillbridge", %branch, "closed"));
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((line["level"].as_str(), line["branch"].as_str()), (Some("WARN"), Some("WEB")));
    assert_eq!(line["message"], "closed");
}

#[test]
fn text_from_outside_cannot_forge_a_line() {
    let text = logged(NEWS, PLAIN, || {
        let topic = "orders\n2026-11-22 ERROR tillbridge: all is lost\x1b[2J";
        tracing::warn!(target: "tillbridge", topic, "refused");
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}
