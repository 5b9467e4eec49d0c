//! A trace told to a person: delivery, events, handlings, effects.

use std::io;

use super::Output;
use super::output::{counted, shown};
use crate::journal::{Trace, TraceHandling};

/// Tells a trace, one indentation a step.
pub fn tell(trace: &Trace, output: &mut Output) -> io::Result<()> {
    let delivery = &trace.delivery;
    output.line(format_args!("delivery {}", delivery.id))?;
    output.line(format_args!("  came from {}, {}", shown(&delivery.origin), shown(&delivery.topic)))?;
    output.line(format_args!("  received {:.3}, {} bytes", delivery.received_at, delivery.bytes))?;
    if delivery.duplicates > 0 {
        let duplicates = counted(delivery.duplicates, "duplicate was", "duplicates were");
        output.line(format_args!("  {duplicates} counted and not kept"))?;
    }
    output.line(format_args!("  {}", with_reason(&delivery.state, &delivery.reason)))?;
    for event in &trace.events {
        output.line(format_args!("\n  event {}", event.id))?;
        let entity = shown(&event.entity);
        output.line(format_args!("    {} of {entity} in channel {}", event.event_type, event.channel))?;
        output.line(format_args!("    raised {:.3}", event.raised_at))?;
        if !event.kept {
            output.line("    what it said and how it was handled went with age: [journal] keep_events")?;
        }
        for handling in &event.handlings {
            tell_handling(handling, output)?;
        }
    }
    Ok(())
}

fn tell_handling(handling: &TraceHandling, output: &mut Output) -> io::Result<()> {
    output.line(format_args!("\n    handler {} (h{})", handling.handler, handling.id))?;
    let state = with_reason(&handling.state, &handling.reason);
    output.line(format_args!("      {state}, {:.3}", handling.changed_at))?;
    if handling.failures > 0 {
        output.line(format_args!("      after {}", counted(handling.failures, "failure", "failures")))?;
    }
    for effect in &handling.effects {
        output.line(format_args!("      wrote {}", shown(effect)))?;
    }
    Ok(())
}

fn with_reason(state: &str, reason: &str) -> String {
    if reason.is_empty() { state.to_owned() } else { format!("{state}: {}", shown(reason)) }
}
