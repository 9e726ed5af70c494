//! Finding what to answer: the lines an inbound caused, found again for a delivery that is made again.
//!
//! Nothing is remembered for this: the customer's own line carries the delivery's id, and what follows it up to
//! their next line is the answer. So a repeated delivery is answered the same after a restart as well.

use crate::lines;
use channel::Hub;
use model::{Address, Author, TranscriptEntry};
use serde_json::{Value, json};

/// How many lines one answer covers at most.
const PAGE: usize = 200;
/// The largest cursor: what every reader of JSON keeps exactly.
const CURSOR_MAX: u64 = (1 << 53) - 1;
/// How far back a repeated delivery's line is looked for.
const SEARCH: u64 = 5_000;

/// An answer: what was said, and the number of the last line it covers.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) messages: Vec<Value>,
    pub(crate) cursor: u64,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        json!({ "messages": self.messages, "cursor": self.cursor })
    }
}

/// Refuses what cannot be a cursor: no line has such a number.
///
/// # Errors
/// What to send instead.
pub(crate) fn check_cursor(after: u64) -> Result<(), String> {
    match after {
        0..=CURSOR_MAX => Ok(()),
        _ => Err("\"after\" is the \"cursor\" of an earlier answer, or 0 for everything".into()),
    }
}

/// Everything said to this address with a number above `after`. A cursor that no line has reached yet, of a conversation that was
/// erased since, is answered with the one of the last line.
pub(crate) async fn since(hub: &dyn Hub, address: &Address, after: u64) -> Reply {
    let lines = hub.transcript(address, after, PAGE).await;
    let after = if lines.is_empty() { after.min(hub.settled(address, 0).await) } else { after };
    covered(&lines, after)
}

/// What the delivery of this id caused. `before` is the newest line from before it was accepted, for inbounds that
/// leave no line of their own.
pub(crate) async fn caused_by(hub: &dyn Hub, address: &Address, id: &str, before: Option<u64>, newest: u64) -> Reply {
    let Some(own) = own_line(hub, address, id, newest).await.or(before) else {
        return Reply { messages: Vec::new(), cursor: newest };
    };
    let lines = hub.transcript(address, own, PAGE).await;
    let next = lines.iter().position(|line| matches!(line, TranscriptEntry::Message(m) if m.author == Author::Customer));
    covered(lines.get(..next.unwrap_or(lines.len())).unwrap_or_default(), own)
}

fn covered(lines: &[TranscriptEntry], after: u64) -> Reply {
    let messages = lines.iter().filter_map(|line| match line {
        TranscriptEntry::Message(message) if message.author != Author::Customer => Some(lines::line(message)),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    });
    Reply { messages: messages.collect(), cursor: lines.last().map_or(after, TranscriptEntry::no) }
}

/// The customer's line that carries the id, newest first.
async fn own_line(hub: &dyn Hub, address: &Address, id: &str, newest: u64) -> Option<u64> {
    let mut end = newest;
    while end > 0 && newest - end < SEARCH {
        let start = end.saturating_sub(PAGE as u64);
        let page = hub.transcript(address, start, PAGE).await;
        let found = page.iter().rev().find(|line| match line {
            TranscriptEntry::Message(m) => m.author == Author::Customer && m.client_id.as_deref() == Some(id),
            TranscriptEntry::Delivery(_) => false,
        });
        if let Some(line) = found {
            return Some(line.no());
        }
        end = start;
    }
    None
}
