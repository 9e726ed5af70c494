//! Runs by version: which versions of the bot are in use and by what, and moving runs to another one (FL 5.9).

use super::ControlError;
use engine::{Bot, Placed, Resting};
use futures::StreamExt as _;
use model::{Actor, ContactId, Conversation, ConversationId, Person, Rest, Start, Version};
use runtime::{Handle, WriteError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs in one answer.
const RUNS: usize = 1_000;
/// Contacts moved at once.
const AT_ONCE: usize = 32;
/// The shortest part of a version's name that may stand for it.
const PREFIX: usize = 4;
/// Who moves runs, for the journey.
const BY: &str = "runs move";

/// What stands for a block's text where two versions are compared.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that rests, as a line of `runs list`.
pub(super) async fn list(handle: &Handle, skill: Option<String>) -> Result<Value, ControlError> {
    let (total, runs): (usize, Vec<Value>) = handle
        .fold_active(move |(total, runs): &mut (usize, Vec<Value>), person| {
            for conversation in &person.conversations {
                for run in &conversation.runs {
                    if skill.as_ref().is_some_and(|s| !run.frames.iter().any(|f| same_skill(&f.skill, s))) {
                        continue;
                    }
                    *total += 1;
                    if runs.len() < RUNS {
                        runs.push(shown(person, conversation, run));
                    }
                }
            }
        })
        .await?;
    Ok(json!({ "current": handle.bot().version(), "runs": runs, "total": total }))
}

fn same_skill(name: &str, asked: &str) -> bool {
    name == asked || name.strip_prefix('/') == Some(asked)
}

fn shown(person: &Person, conversation: &Conversation, run: &model::Run) -> Value {
    let rest = match &run.rest {
        Rest::Asking(ask) if ask.suspended => "suspended",
        Rest::Asking(_) => "asks",
        Rest::Waiting { .. } => "waits",
        Rest::Requesting { .. } | Rest::Calling(_) => "requests",
        Rest::HandedOver { .. } => "handed over",
    };
    json!({
        "run": run.id,
        "contact": person.contact.id,
        "name": person.contact.display_name(),
        "conversation": conversation.id,
        "channel": conversation.address.channel,
        "version": run.version,
        "at": run.frames.iter().rev().map(|f| format!("{}.{}", f.skill, f.block)).collect::<Vec<_>>(),
        "rest": rest,
        "began_at": run.began_at.as_millis(),
        "moved_at": run.moved_at.as_millis(),
    })
}

/// How much rests at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    runs: usize,
    timers: usize,
}

/// What rests in a version, by `skill.block`.
type Places = BTreeMap<String, Count>;

fn count(counts: &mut BTreeMap<Version, Places>, conversation: &Conversation) {
    for run in &conversation.runs {
        // Every level of a run needs its block: the one it is at and those it returns to.
        for frame in &run.frames {
            place(counts, &run.version, &frame.skill, &frame.block).runs += 1;
        }
    }
    for timer in &conversation.timers {
        place(counts, &timer.version, &timer.skill, &timer.target).timers += 1;
    }
    for pending in &conversation.pending {
        if let Start::Tick { skill, block, version, .. } = &pending.start {
            place(counts, version, skill, block).timers += 1;
        }
    }
}

fn place<'a>(counts: &'a mut BTreeMap<Version, Places>, version: &Version, skill: &str, block: &str) -> &'a mut Count {
    counts.entry(version.clone()).or_default().entry(format!("{skill}.{block}")).or_default()
}

/// The versions in use: what rests in each and where, and what the blocks say there, as digests. With them the segments that are in no
/// folder, which of them cannot be judged, and the lists that somebody is on.
pub(super) async fn served(handle: &Handle) -> Result<Value, ControlError> {
    let counts: BTreeMap<Version, Places> =
        handle.fold_active(|counts, person| person.conversations.iter().for_each(|c| count(counts, c))).await?;
    let current = handle.bot().version().clone();
    let versions = handle.programs().into_iter().map(|bot| {
        let places = counts.get(bot.version()).cloned().unwrap_or_default();
        let blocks: BTreeMap<String, String> = bot.block_texts().into_iter().map(|(at, text)| (at, digest(&text))).collect();
        let places: Vec<Value> = places.iter().map(|(at, n)| json!({ "at": at, "runs": n.runs, "timers": n.timers })).collect();
        json!({ "version": bot.version(), "current": *bot.version() == current, "blocks": blocks, "places": places })
    });
    let bot = handle.bot();
    let unjudged: Vec<&str> = bot.set().invalid().map(|(key, _)| key).collect();
    Ok(json!({
        "current": current, "versions": versions.collect::<Vec<_>>(), "segments": bot.stored_segments(), "unjudged": unjudged,
        "lists": handle.lists_in_use(),
    }))
}

/// A version by its name or the beginning of it; `current` is the one that new runs get.
fn find(handle: &Handle, name: &str) -> Result<Arc<Bot>, ControlError> {
    let programs = handle.programs();
    let known = || {
        let short = |bot: &Arc<Bot>| bot.version().0.chars().take(12).collect::<String>();
        programs.iter().map(short).collect::<Vec<_>>().join(", ")
    };
    if name == "current" {
        return Ok(handle.bot());
    }
    let found: Vec<&Arc<Bot>> = programs.iter().filter(|bot| bot.version().0.starts_with(name)).collect();
    match found.as_slice() {
        [one] if name.len() >= PREFIX => Ok(Arc::clone(one)),
        [] => Err(ControlError::Runs(format!("nothing has version {name}; in use are {} (the first is the current one)", known()))),
        _ => Err(ControlError::Runs(format!("{name} could be several versions; write more of it: {}", known()))),
    }
}

/// What `--map` says, for every block of the old version: `block=block`, `skill.block=skill.block`, `skill.*=skill.*`.
fn expand(from: &Bot, map: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ControlError> {
    let mut places = BTreeMap::new();
    let mut unused: BTreeSet<&String> = map.keys().collect();
    for block in from.outline() {
        let place = format!("{}.{}", block.skill, block.block);
        let whole = format!("{}.*", block.skill);
        // The narrower line wins.
        let (key, to) = if let Some((key, to)) = map.get_key_value(&place) {
            let to = if to.contains('.') { to.clone() } else { format!("{}.{to}", block.skill) };
            (key, to)
        } else if let Some((key, to)) = map.get_key_value(&block.block) {
            let to = if to.contains('.') { to.clone() } else { format!("{}.{to}", block.skill) };
            (key, to)
        } else if let Some((key, to)) = map.get_key_value(&whole) {
            let Some(skill) = to.strip_suffix(".*") else {
                return Err(ControlError::Runs(format!("{key} is a whole skill; write where it went as {key}=SKILL.*")));
            };
            (key, format!("{skill}.{}", block.block))
        } else {
            continue;
        };
        unused.remove(key);
        places.insert(place, to);
    }
    match unused.first() {
        None => Ok(places),
        Some(key) => Err(ControlError::Runs(format!("the old version has no block {key}; --map is written old=new"))),
    }
}

/// What moves, or would: counts by place.
#[derive(Default)]
struct Plan {
    conversations: Vec<(ContactId, ConversationId)>,
    places: BTreeMap<(Resting, String, String, Option<String>), usize>,
    /// Contacts that cannot be moved now.
    waiting: usize,
}

impl Plan {
    fn add(&mut self, person: &Person, from: &Bot, to: &Bot, places: &BTreeMap<String, String>, at_rest: bool) {
        for conversation in &person.conversations {
            if !engine::versions(conversation).any(|version| version == from.version()) {
                continue;
            }
            // What was acknowledged and waits is answered first, by a server.
            if at_rest && !person.inbox.is_empty() {
                self.waiting += 1;
                continue;
            }
            self.conversations.push((person.contact.id, conversation.id));
            for Placed { what, place, to, unfit } in engine::migrate(conversation, from, to, places).places {
                *self.places.entry((what, place, to, unfit)).or_default() += 1;
            }
        }
    }

    fn shown(&self) -> Vec<Value> {
        let name = |what: &Resting| match what {
            Resting::Run => "runs",
            Resting::Call => "calls",
            Resting::Timer => "timers",
            Resting::Tick => "waiting ticks",
        };
        let line = |((what, place, to, unfit), count): (&(Resting, String, String, Option<String>), &usize)| json!({ "what": name(what), "from": place, "to": to, "count": count, "unfit": unfit });
        self.places.iter().map(line).collect()
    }
}

/// Moves what rests in one version to another, or says what would move. All of it fits, or nothing is begun.
pub(super) async fn migrate(
    handle: &Handle,
    from: &str,
    to: &str,
    map: &BTreeMap<String, String>,
    apply: bool,
) -> Result<Value, ControlError> {
    let (old, new) = (find(handle, from)?, find(handle, to)?);
    if old.version() == new.version() {
        return Err(ControlError::Runs("the two versions are the same".into()));
    }
    let places = expand(&old, map)?;
    let planned = plan(handle, &old, &new, &places).await?;
    let fits = planned.places.keys().all(|(_, _, _, unfit)| unfit.is_none());
    let mut answer = json!({
        "from": old.version(),
        "to": new.version(),
        "moves": planned.shown(),
        "conversations": planned.conversations.len(),
        "waiting": planned.waiting,
        "fits": fits,
        "applied": false,
    });
    if !apply || !fits {
        return Ok(answer);
    }
    let mut moves = Vec::with_capacity(planned.conversations.len());
    for (contact, conversation) in planned.conversations {
        moves.push(handle.move_runs(contact, conversation, old.version(), new.version(), &places, Actor::Api(BY.into())));
    }
    let done: Vec<Result<(), WriteError>> = futures::stream::iter(moves).buffer_unordered(AT_ONCE).collect().await;
    if let Some(Err(error)) = done.into_iter().find(Result::is_err) {
        return Err(error.into());
    }
    let left = plan(handle, &old, &new, &places).await?;
    answer["applied"] = json!(true);
    answer["left"] = json!(left.conversations.len() + left.waiting);
    Ok(answer)
}

async fn plan(handle: &Handle, old: &Arc<Bot>, new: &Arc<Bot>, places: &BTreeMap<String, String>) -> Result<Plan, ControlError> {
    let (old, new, places, at_rest) = (old.clone(), new.clone(), places.clone(), handle.is_at_rest());
    Ok(handle.fold_active(move |plan: &mut Plan, person| plan.add(person, &old, &new, &places, at_rest)).await?)
}
