//! Shows what crossed: each event once its handlers are through with it.

use std::collections::BTreeMap;

use crate::cli::{Failure, Output};
use crate::domain::EventId;
use crate::journal::{Selection, TraceEvent};
use crate::rehearsal::Bridge;

/// States in which a handling is over.
const OVER: [&str; 4] = ["done", "ignored", "dead", "discarded"];

/// What has been seen and not yet shown.
pub struct Crossings {
    after: Option<i64>,
    open: BTreeMap<i64, EventId>,
}

impl Crossings {
    /// Begins with what is raised from now on.
    pub async fn from_now(bridge: &Bridge) -> Result<Self, Failure> {
        let mut crossings = Self { after: None, open: BTreeMap::new() };
        crossings.look(bridge).await?;
        crossings.open.clear();
        Ok(crossings)
    }

    /// Shows what has come to its end since the last look.
    pub async fn show(&mut self, bridge: &Bridge, output: &mut Output) -> Result<(), Failure> {
        self.look(bridge).await?;
        let open: Vec<(i64, EventId)> = self.open.iter().map(|(row, id)| (*row, *id)).collect();
        for (row, id) in open {
            let trace = bridge.stage.journal.trace(id.0).await?;
            let event = trace.and_then(|trace| trace.events.into_iter().find(|event| event.id == id));
            let Some(event) = event else { continue };
            if event.handlings.iter().all(|handling| OVER.contains(&handling.state.as_str())) {
                output.line(line(&event))?;
                self.open.remove(&row);
            }
        }
        Ok(())
    }

    async fn look(&mut self, bridge: &Bridge) -> Result<(), Failure> {
        loop {
            let selection = Selection { after: self.after, limit: 500, ..Selection::default() };
            let rows = bridge.stage.journal.events(&selection).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            self.after = Some(last.row);
            self.open.extend(rows.iter().map(|row| (row.row, row.id)));
        }
    }
}

fn line(event: &TraceEvent) -> String {
    let from_web = ["sale.", "order.", "document."].iter().any(|kind| event.event_type.starts_with(kind));
    let direction = if from_web { "web → till" } else { "till → web" };
    let ends: Vec<String> = event
        .handlings
        .iter()
        .map(|handling| match handling.state.as_str() {
            "done" => handling.reason.clone(),
            state => format!("{state}: {}", handling.reason),
        })
        .collect();
    format!("{direction}  {:<16} {:<34} {}", event.event_type, event.entity, ends.join("; "))
}
