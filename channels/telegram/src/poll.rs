//! Long polling: asks for updates and confirms what was taken.
//!
//! Telegram keeps an update until a call with a larger offset confirms it, so the offset is the acknowledgement: it
//! moves over the updates taken from the front, and stops before the first that was not (INV-1). It is sent once: an
//! answer to a call with an offset says that it was heard, and the next call without one begins at the earliest
//! update that is not confirmed. So no offset can outlive the numbering it belongs to, which Telegram begins anew at
//! random after a week without updates.

use crate::{
    api::Failure,
    inbound,
    intake::Intake,
    trouble::{Trouble, rest, stopped},
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use model::Instant;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, time::Duration};
use teloxide::payloads::{DeleteWebhook, GetUpdates, GetUpdatesSetters};
use tokio::sync::watch;

/// Chats whose updates are taken at once.
const AT_ONCE: usize = 16;
/// How long what is under way may go on after it was told to stop; then it is given up and comes again.
const GRACE: Duration = Duration::from_secs(4);
/// A kept offset older than this is not used: the numbers may have begun anew.
const OFFSET_FOR: i64 = 6 * 86_400_000_000;

/// Asks for updates until it is told to stop.
pub async fn run(intake: &Intake, mut stop: watch::Receiver<bool>) {
    if !remove_webhook(intake, &mut stop).await {
        return;
    }
    let mut trouble = Trouble::new("asking for updates", &intake.pace);
    let mut stored = Trouble::new("storing updates", &intake.pace);
    let mut confirm = kept_offset(intake).await;
    loop {
        let answer = tokio::select! {
            () = stopped(&mut stop) => return,
            answer = ask(intake, confirm) => answer,
        };
        let wait = match answer {
            Ok(updates) => {
                trouble.over(intake.hub.as_ref());
                let whole = tokio::select! {
                    biased;
                    whole = take_all(intake, &updates) => whole,
                    () = out_of_time(&mut stop) => return,
                };
                confirm = whole.confirm;
                if let Some(offset) = confirm {
                    keep_offset(intake, offset).await;
                }
                match whole.refused {
                    None => {
                        stored.over(intake.hub.as_ref());
                        continue;
                    }
                    Some(why) => {
                        stored.say(intake.hub.as_ref(), why);
                        stored.wait(intake.hub.as_ref())
                    }
                }
            }
            Err(failure) => {
                let wait = trouble.after(intake.hub.as_ref(), &failure);
                if is_webhook_set(&failure) && !remove_webhook(intake, &mut stop).await {
                    return;
                }
                wait
            }
        };
        if !rest(&mut stop, wait).await {
            return;
        }
    }
}

async fn out_of_time(stop: &mut watch::Receiver<bool>) {
    stopped(stop).await;
    tokio::time::sleep(GRACE).await;
}

/// What became of a batch.
struct Taken {
    /// The offset that confirms what was taken from the front; none confirms nothing.
    confirm: Option<i64>,
    /// Why something was not taken.
    refused: Option<String>,
}

/// Takes a batch: chats at once, the updates of one chat in order and no further than the first that is not taken.
async fn take_all(intake: &Intake, updates: &[Json]) -> Taken {
    let mut chats: BTreeMap<Option<i64>, Vec<(i64, &Json)>> = BTreeMap::new();
    let mut numbers = Vec::new();
    for update in updates {
        // What has no number is no update, and nothing can confirm it.
        let Some(number) = inbound::number(update) else { continue };
        numbers.push(number);
        chats.entry(inbound::read(update).and_then(|read| read.chat)).or_default().push((number, update));
    }
    let no_update = (numbers.len() < updates.len()).then(|| "Telegram gave something that is no update".to_owned());
    let lanes: Vec<BoxFuture<'_, _>> = chats.into_values().map(|lane| take_lane(intake, lane).boxed()).collect();
    let failed: Vec<_> = stream::iter(lanes).buffer_unordered(AT_ONCE).collect().await;
    let first_failed = failed.into_iter().flatten().min();
    let limit = first_failed.as_ref().map_or(i64::MAX, |(number, _)| *number);
    let last_taken = numbers.into_iter().filter(|number| *number < limit).max();
    Taken { confirm: last_taken.map(|number| number + 1), refused: first_failed.map(|(_, why)| why).or(no_update) }
}

/// Takes the updates of one chat; answers the first that was not taken, and why.
async fn take_lane(intake: &Intake, mut lane: Vec<(i64, &Json)>) -> Option<(i64, String)> {
    lane.sort_by_key(|(number, _)| *number);
    for (number, update) in lane {
        if let Err(error) = intake.take(update).await {
            return Some((number, error.to_string()));
        }
    }
    None
}

async fn ask(intake: &Intake, confirm: Option<i64>) -> Result<Vec<Json>, Failure> {
    let wait = intake.pace.long_poll;
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    let mut ask = GetUpdates::new().limit(100).timeout(seconds).allowed_updates(inbound::ALLOWED);
    ask.offset = confirm.and_then(|offset| i32::try_from(offset).ok());
    match intake.api.call(&ask, wait + intake.pace.call).await? {
        Json::Array(updates) => Ok(updates),
        _ => Err(Failure::Broken("the answer holds no updates".into())),
    }
}

fn is_webhook_set(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { status: 409, description, .. } if description.contains("webhook"))
}

/// A webhook that is set shuts polling out. What waits is kept.
async fn remove_webhook(intake: &Intake, stop: &mut watch::Receiver<bool>) -> bool {
    let ask = DeleteWebhook::new();
    let mut trouble = Trouble::new("connecting", &intake.pace);
    loop {
        let answer = tokio::select! {
            () = stopped(stop) => return false,
            answer = intake.api.call(&ask, intake.pace.call) => answer,
        };
        match answer {
            Ok(_) => {
                trouble.over(intake.hub.as_ref());
                return true;
            }
            Err(failure) => {
                let wait = trouble.after(intake.hub.as_ref(), &failure);
                if !rest(stop, wait).await {
                    return false;
                }
            }
        }
    }
}

fn offset_key(intake: &Intake) -> String {
    format!("offset:{}", intake.bot)
}

/// The offset of the last run. It only spares Telegram and us a second delivery; what it would confirm is stored.
async fn kept_offset(intake: &Intake) -> Option<i64> {
    let kept = intake.hub.record(&offset_key(intake)).await?;
    let (offset, at) = (kept["offset"].as_i64()?, Instant(kept["at"].as_i64()?));
    (0..OFFSET_FOR).contains(&intake.hub.now().micros_since(at)).then_some(offset)
}

async fn keep_offset(intake: &Intake, offset: i64) {
    let kept = json!({ "offset": offset, "at": intake.hub.now().0 });
    // Without it a restart sees the last batch again and drops it as known.
    let _ = intake.hub.put_record(&offset_key(intake), Some(kept)).await;
}
