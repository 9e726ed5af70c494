//! The flows page: the picture of the bot, and how many runs rest on each of its blocks.
//!
//! Counts say how many, never who: every signed-in agent may see them. They are taken by one pass over the contacts about whom
//! something can happen by itself, for all consoles together, and no more often than a twentieth of the time that takes.

use crate::{principal::SignedIn, problem::Problem, state::Shared};
use axum::extract::State;
use engine::Bot;
use model::{Instant, Version};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The shortest time between two counts, in microseconds.
const AT_MOST_EVERY: i64 = 2_000_000;

/// What was drawn and counted last.
#[derive(Default)]
pub(crate) struct Flows {
    picture: Mutex<Option<(Version, Arc<Value>)>>,
    /// Until when the counts hold, and the counts.
    resting: tokio::sync::Mutex<Option<(Instant, Value)>>,
}

/// `GET /console/api/flows`: every skill of the newest version with its blocks and exits, and how skills lead to one another.
pub(crate) async fn picture(_: SignedIn, State(server): State<Shared>) -> Result<axum::Json<Value>, Problem> {
    let bot = server.handle.bot();
    let known = server.flows.picture.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((version, picture)) = known
        && version == *bot.version()
    {
        return Ok(axum::Json((*picture).clone()));
    }
    let version = bot.version().clone();
    let drawn = tokio::task::spawn_blocking(move || {
        // What check says about a block is said when the folder is read.
        let (_, diagnostics, _) = Bot::load(bot.files());
        serde_json::to_value(bot.picture(&diagnostics))
    });
    let picture = Arc::new(drawn.await.map_err(|_| Problem::internal())?.map_err(|_| Problem::internal())?);
    *server.flows.picture.lock().unwrap_or_else(PoisonError::into_inner) = Some((version, picture.clone()));
    Ok(axum::Json((*picture).clone()))
}

/// `GET /console/api/flows/resting`: how many runs rest on each block, by version.
pub(crate) async fn resting(_: SignedIn, State(server): State<Shared>) -> Result<axum::Json<Value>, Problem> {
    // Whoever asks meanwhile waits for the count under way and gets it too.
    let mut known = server.flows.resting.lock().await;
    let current = server.handle.bot().version().clone();
    let begun = server.handle.now();
    if let Some((until, counts)) = &*known
        && begun < *until
        && counts["version"] == json!(current)
    {
        return Ok(axum::Json(counts.clone()));
    }
    let counts: BTreeMap<(Version, String, String), u64> = server
        .handle
        .fold_active(|counts: &mut BTreeMap<(Version, String, String), u64>, person| {
            for run in person.conversations.iter().flat_map(|c| &c.runs) {
                // A run that called another skill rests where that one does.
                if let Some(frame) = run.frames.last() {
                    *counts.entry((run.version.clone(), frame.skill.clone(), frame.block.clone())).or_default() += 1;
                }
            }
        })
        .await?;
    let places: Vec<Value> = counts
        .into_iter()
        .map(|((version, skill, block), runs)| json!({ "version": version, "skill": skill, "block": block, "runs": runs }))
        .collect();
    let counts = json!({ "version": current, "places": places });
    let took = server.handle.now().micros_since(begun);
    *known = Some((begun.plus_micros(AT_MOST_EVERY.max(20 * took)), counts.clone()));
    Ok(axum::Json(counts))
}
