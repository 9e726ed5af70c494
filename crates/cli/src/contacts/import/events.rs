//! What is said of a file of events, and of what came of it.

use super::{contacts, counted, mapped, order};
use crate::args::ImportEventsArgs;
use crm::import::{Options, Unknown};
use runtime::{Import, ImportState};
use serde_json::{Value, json};

/// What is wanted of a file of events.
pub(super) fn options(args: &ImportEventsArgs) -> anyhow::Result<Options> {
    Ok(Options {
        map: mapped(&args.map)?,
        key: args.key.clone(),
        event: args.event.clone(),
        now: args.now,
        zone: args.zone.clone(),
        dates: order(args.dates.as_deref()),
        unknown: if args.unknown == "create" { Unknown::Create } else { Unknown::Skip },
        source: args.source.clone(),
        country: args.country.as_ref().map(|country| country.to_ascii_uppercase()),
        start: args.start,
        again: args.again,
        ..Options::default()
    })
}

/// Says what came of it.
pub(super) fn in_words(import: &Import) {
    let counts = &import.counts;
    let events = |n: u64| counted(n, "event");
    let made = |said: &str| if counts.made > 0 { format!(", {} {said}", contacts(counts.made)) } else { String::new() };
    match &import.state {
        ImportState::Checked => println!(
            "nothing was recorded; the import would record {}{} and finds {} recorded already",
            events(counts.recorded),
            made("made for them"),
            counts.unchanged
        ),
        ImportState::Done => println!(
            "{} recorded{}, {} recorded already; \"contacts import-events --undo {}\" takes them out again",
            events(counts.recorded),
            made("made for them"),
            counts.unchanged,
            import.id
        ),
        ImportState::Stopped => println!("the import was stopped after row {}; {} recorded", import.row, events(counts.recorded)),
        ImportState::Undone => {
            println!("{} taken out again, {} made for them taken away", events(counts.withdrawn), contacts(counts.removed));
            if counts.kept > 0 {
                println!("{} stay: something else happened to them since, or they are part of somebody else now", contacts(counts.kept));
            }
            if import.options.start {
                println!("what flows did about the events stays");
            }
        }
        ImportState::Asks(_)
        | ImportState::Failed(_)
        | ImportState::Uploaded
        | ImportState::Checking
        | ImportState::Running
        | ImportState::Undoing => {}
    }
}

/// Adds what scripts were told of events before files of theirs were imports: how many were recorded, and lines that were not.
pub(super) fn as_before(told: &mut Value, import: &Import) {
    let failed: Vec<Value> =
        told["faults"].as_array().into_iter().flatten().map(|fault| json!({ "line": fault["row"], "why": fault["why"] })).collect();
    told["recorded"] = import.counts.recorded.into();
    told["failed"] = failed.into();
}
