//! Outgoing webhooks: what happens here is told to other programs, durably and in order per contact.
//!
//! What a commit means for a webhook ([`happened`]) is a row of that same commit, so nothing is told that did not happen and nothing that
//! happened is left out. Rows wait in a queue per webhook ([`queue`]); an answer makes the row a line of the webhook's log, in one
//! commit, and only then the contact's next row leaves: after a crash at most the last delivery is repeated, under the same id.
//! Without a webhook a commit costs one look at an empty map.
//!
//! **Invariants.** One delivery of a contact is under way per webhook. Nothing leaves for a webhook that answered 410. What is not queued,
//! because the queue is full, is counted and told. An erased contact's rows go with the erasing commit.

mod declared;
mod happened;
mod queue;

pub use declared::{Disabled, Ended, HookEvent, Missed, Webhook};
pub(crate) use declared::{Logged, Row};
pub(crate) use queue::{LIMIT, Lane, REMEMBERED, Trouble};

use super::{Action, CommitToken, Core, CoreError, PostToken, Refusal, Ticket, Written, agenda::Wake};
use crate::outside::{Post, Posted};
use model::{ContactId, Instant};
use queue::{Hook, Verdict};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Commit, RecordPut, Store};

/// The table of webhooks.
pub(crate) const TABLE: &str = "webhooks";
/// Ends written down in one commit.
const ENDS: usize = 128;
/// Rows deleted in one commit.
const DELETED: usize = 1_000;
/// What tells a webhook that it was not told something.
const MISSED: &str = "webhook.missed";

/// The table of a webhook's queue.
pub(crate) fn queue_table(id: &str) -> String {
    format!("webhook_queue/{id}")
}

/// The table of a webhook's log.
pub(crate) fn log_table(id: &str) -> String {
    format!("webhook_log/{id}")
}

/// The key of a row: keys have the order of numbers.
pub(crate) fn row_key(number: u64) -> String {
    format!("{number:016x}")
}

/// A delivery under way.
struct Out {
    hook: String,
    number: u64,
    lane: Lane,
    row: Row,
    sent: Instant,
}

/// What a commit under way brings and takes.
#[derive(Default)]
struct Coming {
    rows: Vec<(String, u64, Lane)>,
    /// Rows and log lines that an erasure takes away, to be brought back if it is refused.
    erased: Vec<(String, Lane, Vec<u64>, Vec<u64>)>,
}

/// What follows when ends are written down.
#[derive(Clone, Debug, Default)]
pub(super) struct WroteEnds {
    free: Vec<(String, Lane)>,
    rows: Vec<(String, u64, Lane)>,
}

/// A delivery that is over and not written down yet.
struct End {
    hook: String,
    number: u64,
    lane: Lane,
    /// None: nothing of it is kept.
    logged: Option<Logged>,
}

/// All webhooks.
#[derive(Default)]
pub(super) struct Webhooks {
    hooks: BTreeMap<String, Hook>,
    /// What any of them is told of.
    wanted: BTreeSet<HookEvent>,
    next: u64,
    coming: HashMap<CommitToken, Coming>,
    out: HashMap<PostToken, Out>,
    ends: Vec<End>,
    writing: bool,
}

/// A webhook and how it stands.
#[derive(Clone, Debug)]
pub struct WebhookState {
    /// The webhook.
    pub webhook: Webhook,
    /// Deliveries that wait.
    pub waiting: usize,
    /// Since when nothing arrives; none: all is well, as far as is known.
    pub failing_since: Option<Instant>,
    /// When something leaves next, if something waits.
    pub next: Option<Instant>,
}

impl Webhooks {
    fn reckon_wanted(&mut self) {
        self.wanted = self.hooks.values().filter(|hook| hook.is_on()).flat_map(|hook| hook.declared.events.iter().copied()).collect();
    }

    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.out.is_empty() && !self.writing
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Core {
    /// How many webhooks are told that somebody was erased.
    pub(crate) fn told_of_erasures(&self) -> u64 {
        let told = |hook: &&Hook| hook.is_on() && hook.declared.events.contains(&HookEvent::ContactErased);
        self.webhooks.hooks.values().filter(told).count() as u64
    }

    /// Reads webhooks, their queues and what is remembered.
    pub(super) fn load_webhooks(&mut self, store: &dyn Store) -> Result<(), CoreError> {
        let number = |key: &str| u64::from_str_radix(key, 16).ok();
        for (key, value) in store.records(TABLE)? {
            let declared: Webhook =
                serde_json::from_value(value).map_err(|why| CoreError::Record { table: TABLE, key: key.clone(), why: why.to_string() })?;
            let mut hook = Hook::new(declared);
            for (row, value) in store.records(&queue_table(&key))? {
                let contact = value.get("contact").and_then(serde_json::Value::as_str).and_then(|id| id.parse().ok());
                if let Some(number) = number(&row) {
                    hook.push(number, contact);
                    self.webhooks.next = self.webhooks.next.max(number);
                }
            }
            for (row, value) in store.records(&log_table(&key))? {
                let contact = value.pointer("/row/contact").and_then(serde_json::Value::as_str).and_then(|id| id.parse().ok());
                if let Some(number) = number(&row) {
                    hook.remember(number, contact);
                    self.webhooks.next = self.webhooks.next.max(number);
                }
            }
            self.webhooks.hooks.insert(key, hook);
        }
        self.webhooks.reckon_wanted();
        let gone: Vec<String> = self.webhooks.hooks.values().filter(|hook| hook.declared.deleted).map(|h| h.declared.id.clone()).collect();
        gone.iter().for_each(|id| self.clear_webhook(id));
        let all: Vec<String> = self.webhooks.hooks.keys().cloned().collect();
        all.into_iter().for_each(|id| self.agenda.set(Wake::Webhook(id), Some(Instant::default())));
        Ok(())
    }

    // ---- what happens ----

    /// Hands a commit to the store, with what webhooks are to be told of it.
    pub(super) fn hand_over(&mut self, now: Instant, token: CommitToken, mut commit: Commit) {
        if !self.webhooks.hooks.is_empty() {
            self.webhooks_ride(now, token, &mut commit);
        }
        self.actions.push(Action::Commit(token, Box::new(commit)));
    }

    fn webhooks_ride(&mut self, now: Instant, token: CommitToken, commit: &mut Commit) {
        let mut coming = Coming::default();
        let mut records = Vec::new();
        // What cannot be read is refused by the store as well.
        let store = self.store.clone();
        let known = |change: &store::PersonChange| (change.base > 0).then(|| store.person(change.id).ok().flatten()).flatten();
        let givers: Vec<_> = commit.people().filter(|change| !change.conversations_gone.is_empty()).filter_map(known).collect();
        for (at, change) in commit.people().enumerate() {
            let before = known(change);
            if change.erase {
                self.webhooks_erase(change.id, &mut coming, &mut records);
            }
            // Those who go with somebody were told of when they were merged.
            if self.webhooks.wanted.is_empty() || change.erase && at > 0 {
                continue;
            }
            let mut all = Vec::new();
            happened::happened(before.as_deref(), &givers, change, |event, data| all.push((event, data)));
            for (event, data) in all {
                self.queue_for_all(now, event, change.id, &data, &mut coming, &mut records);
            }
        }
        commit.records.extend(records);
        if !coming.rows.is_empty() || !coming.erased.is_empty() {
            self.webhooks.coming.insert(token, coming);
        }
    }

    fn queue_for_all(
        &mut self,
        now: Instant,
        event: HookEvent,
        contact: ContactId,
        data: &serde_json::Value,
        coming: &mut Coming,
        records: &mut Vec<RecordPut>,
    ) {
        if !self.webhooks.wanted.contains(&event) {
            return;
        }
        let wants = |hook: &&Hook| hook.is_on() && hook.declared.events.contains(&event);
        let ids: Vec<String> = self.webhooks.hooks.values().filter(wants).map(|hook| hook.declared.id.clone()).collect();
        for id in ids {
            let number = self.webhooks.number();
            let Some(hook) = self.webhooks.hooks.get_mut(&id) else { continue };
            if !hook.has_room() {
                let missed = hook.declared.missed.get_or_insert(Missed { count: 0, from: now, until: now });
                (missed.count, missed.until) = (missed.count + 1, now);
                if missed.count == 1 {
                    records.push(put(TABLE, &id, &hook.declared));
                    let text =
                        format!("webhook {id} has {LIMIT} deliveries waiting: what happens now is not told to it until there is room");
                    self.actions.push(Action::Alert(text));
                }
                continue;
            }
            hook.coming += 1;
            let row = Row { id: delivery_id(number), event: event.name().into(), contact: Some(contact), at: now, data: data.clone() };
            records.push(put(&queue_table(&id), &row_key(number), &row));
            coming.rows.push((id, number, Some(contact)));
        }
    }

    /// Everything about a contact goes with them.
    fn webhooks_erase(&mut self, contact: ContactId, coming: &mut Coming, records: &mut Vec<RecordPut>) {
        for (id, hook) in &mut self.webhooks.hooks {
            let (queued, logged) = hook.forget(contact);
            let gone = |table: String, number: &u64| RecordPut { table, key: row_key(*number), value: None };
            records.extend(queued.iter().map(|number| gone(queue_table(id), number)));
            records.extend(logged.iter().map(|number| gone(log_table(id), number)));
            coming.erased.push((id.clone(), Some(contact), queued, logged));
        }
        for end in self.webhooks.ends.iter_mut().filter(|end| end.lane == Some(contact)) {
            end.logged = None;
        }
    }

    /// The store answered a commit: what it brought may leave now.
    pub(super) fn webhooks_committed(&mut self, now: Instant, token: CommitToken, held: bool) {
        let Some(Coming { rows, erased }) = self.webhooks.coming.remove(&token) else { return };
        for (id, number, lane) in rows {
            let Some(hook) = self.webhooks.hooks.get_mut(&id) else { continue };
            hook.coming = hook.coming.saturating_sub(1);
            if held {
                hook.push(number, lane);
            }
        }
        for (id, lane, queued, logged) in erased.into_iter().filter(|_| !held) {
            let Some(hook) = self.webhooks.hooks.get_mut(&id) else { continue };
            queued.into_iter().for_each(|number| hook.push(number, lane));
            logged.into_iter().for_each(|number| _ = hook.remember(number, lane));
        }
        self.webhooks_go(now);
    }

    // ---- what leaves ----

    /// Posts whatever may leave.
    pub(super) fn webhooks_go(&mut self, now: Instant) {
        if !self.calls_leave || self.stopping || self.failed.is_some() {
            return;
        }
        let ids: Vec<String> = self.webhooks.hooks.keys().cloned().collect();
        for id in ids {
            self.webhook_go(now, &id);
        }
    }

    fn webhook_go(&mut self, now: Instant, id: &str) {
        loop {
            let Some(hook) = self.webhooks.hooks.get_mut(id) else { return };
            let Some((number, lane)) = hook.take(now) else {
                let next = hook.next_wake();
                return self.agenda.set(Wake::Webhook(id.to_owned()), next);
            };
            let row = match self.store.record(&queue_table(id), &row_key(number)) {
                Ok(value) => value.and_then(|value| serde_json::from_value::<Row>(value).ok()),
                Err(error) => return self.fail(&error.to_string()),
            };
            let Some(row) = row else {
                // What cannot be read can never be sent; the others can.
                let reason = "the delivery could not be read".to_owned();
                hook.came(number, lane, &Posted::Failed { reason }, now);
                hook.finish(number, lane);
                self.webhooks.ends.push(End { hook: id.to_owned(), number, lane, logged: None });
                self.flush_ends(now);
                continue;
            };
            let post =
                Post { url: hook.declared.url.clone(), id: row.id.clone(), at: now, body: row.body(), secrets: hook.declared.secrets(now) };
            self.tokens += 1;
            let token = PostToken(self.tokens);
            self.webhooks.out.insert(token, Out { hook: id.to_owned(), number, lane, row, sent: now });
            self.actions.push(Action::Post(token, Box::new(post)));
        }
    }

    /// The other side answered a delivery, or did not.
    pub fn posted(&mut self, now: Instant, token: PostToken, posted: &Posted) {
        let Some(Out { hook: id, number, lane, row, sent }) = self.webhooks.out.remove(&token) else { return };
        let Some(hook) = self.webhooks.hooks.get_mut(&id) else { return };
        match hook.came(number, lane, posted, now) {
            Verdict::Again => {}
            Verdict::Gone => {
                hook.declared.disabled = Some(Disabled { at: now, why: "gone".into() });
                hook.declared.version += 1;
                let record = put(TABLE, &id, &hook.declared);
                self.webhooks.reckon_wanted();
                self.write_records(Written::Nothing, Commit { records: vec![record], ..Commit::default() });
                self.actions.push(Action::Alert(format!("webhook {id} answered 410: nothing leaves for it until it is enabled again")));
            }
            Verdict::Ended(ended) => {
                let Trouble { tries, status, error, .. } = hook.finish(number, lane);
                let took_ms = u32::try_from(now.micros_since(sent).max(0) / 1_000).unwrap_or(u32::MAX);
                let logged = Logged { row, ended, status, error, tries, took_ms, ended_at: now };
                self.webhooks.ends.push(End { hook: id.clone(), number, lane, logged: Some(logged) });
                self.flush_ends(now);
            }
        }
        if !self.stopping && self.failed.is_none() && self.calls_leave {
            self.webhook_go(now, &id);
        }
    }

    /// Writes down what is over, all that came meanwhile in one commit.
    fn flush_ends(&mut self, now: Instant) {
        if self.webhooks.writing || self.webhooks.ends.is_empty() {
            return;
        }
        let count = self.webhooks.ends.len().min(ENDS);
        let ends: Vec<End> = self.webhooks.ends.drain(..count).collect();
        let (mut records, mut wrote) = (Vec::new(), WroteEnds::default());
        for End { hook: id, number, lane, logged } in ends {
            records.push(RecordPut { table: queue_table(&id), key: row_key(number), value: None });
            let Some(hook) = self.webhooks.hooks.get_mut(&id) else { continue };
            if let Some(logged) = logged {
                records.push(put(&log_table(&id), &row_key(number), &logged));
                let surplus = hook.remember(number, lane);
                records.extend(surplus.into_iter().map(|old| RecordPut { table: log_table(&id), key: row_key(old), value: None }));
            }
            wrote.free.push((id, lane));
        }
        self.tell_missed(now, &mut records, &mut wrote);
        self.webhooks.writing = true;
        self.write_records(Written::Ends(wrote), Commit { records, ..Commit::default() });
    }

    /// A webhook that has room again is told that it was not told something.
    fn tell_missed(&mut self, now: Instant, records: &mut Vec<RecordPut>, wrote: &mut WroteEnds) {
        let (hooks, next) = (&mut self.webhooks.hooks, &mut self.webhooks.next);
        for (id, hook) in hooks.iter_mut().filter(|(_, hook)| hook.declared.missed.is_some() && hook.has_room_again()) {
            let Some(missed) = hook.declared.missed.take() else { continue };
            *next += 1;
            let data = json!({ "count": missed.count, "from": missed.from.to_string(), "until": missed.until.to_string() });
            let row = Row { id: delivery_id(*next), event: MISSED.into(), contact: None, at: now, data };
            records.push(put(&queue_table(id), &row_key(*next), &row));
            records.push(put(TABLE, id, &hook.declared));
            hook.coming += 1;
            wrote.rows.push((id.clone(), *next, None));
        }
    }

    /// Ends are written down: their lanes go on.
    pub(super) fn ends_written(&mut self, now: Instant, wrote: WroteEnds) {
        self.webhooks.writing = false;
        for (id, lane) in wrote.free {
            if let Some(hook) = self.webhooks.hooks.get_mut(&id) {
                hook.free(lane);
            }
        }
        for (id, number, lane) in wrote.rows {
            if let Some(hook) = self.webhooks.hooks.get_mut(&id) {
                hook.coming = hook.coming.saturating_sub(1);
                hook.push(number, lane);
            }
        }
        self.flush_ends(now);
        self.webhooks_go(now);
    }

    // ---- what others ask ----

    /// All webhooks and how they stand.
    pub(crate) fn webhook_states(&self) -> Vec<WebhookState> {
        let state = |hook: &Hook| WebhookState {
            webhook: hook.declared.clone(),
            waiting: hook.waiting(),
            failing_since: hook.failing_since(),
            next: hook.next_wake().filter(|_| hook.waiting() > 0),
        };
        self.webhooks.hooks.values().filter(|hook| !hook.declared.deleted).map(state).collect()
    }

    /// Deliveries that wait, newest first, before a number: numbers and how they stand.
    pub(crate) fn webhook_waiting(&self, id: &str, before: u64, limit: usize) -> Vec<(u64, Trouble)> {
        self.webhooks.hooks.get(id).map(|hook| hook.listed(before, limit)).unwrap_or_default()
    }

    /// Makes a webhook. Answered with [`Action::Done`] when it is durable.
    pub(crate) fn put_webhook(&mut self, webhook: Webhook, ticket: Ticket) {
        if self.stopping || self.failed.is_some() {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        let record = put(TABLE, &webhook.id, &webhook);
        self.webhooks.hooks.entry(webhook.id.clone()).or_insert_with(|| Hook::new(webhook));
        self.webhooks.reckon_wanted();
        self.write_records(Written::Answer(ticket), Commit { records: vec![record], ..Commit::default() });
    }

    /// Changes a webhook, if it still has one of the expected tags. Answered with [`Action::Done`] when it is durable.
    pub(crate) fn change_webhook(
        &mut self,
        now: Instant,
        id: &str,
        expected: Option<&[String]>,
        ticket: Ticket,
        change: impl FnOnce(&mut Webhook),
    ) {
        if self.stopping || self.failed.is_some() {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        let Some(hook) = self.webhooks.hooks.get_mut(id).filter(|hook| !hook.declared.deleted) else {
            return self.done(ticket, Err(Refusal::NotFound));
        };
        if expected.is_some_and(|tags| !tags.contains(&hook.declared.tag())) {
            return self.done(ticket, Err(Refusal::Changed));
        }
        let was_on = hook.is_on();
        change(&mut hook.declared);
        hook.declared.version += 1;
        if hook.is_on() && !was_on {
            hook.revive(now);
        }
        let record = put(TABLE, id, &hook.declared);
        self.webhooks.reckon_wanted();
        self.write_records(Written::Answer(ticket), Commit { records: vec![record], ..Commit::default() });
        self.webhooks_go(now);
    }

    /// Takes a webhook away with everything that waits, if it still has one of the expected tags. Answered with [`Action::Done`] when
    /// nothing leaves for it any more, durably.
    pub(crate) fn delete_webhook(&mut self, now: Instant, id: &str, expected: Option<&[String]>, ticket: Ticket) {
        self.change_webhook(now, id, expected, ticket, |webhook| webhook.deleted = true);
        if self.webhooks.hooks.get(id).is_some_and(|hook| hook.declared.deleted) {
            self.clear_webhook(id);
        }
    }

    /// Takes away what is kept of a webhook, in commits of a bounded size, the webhook's own record last.
    fn clear_webhook(&mut self, id: &str) {
        let Some(hook) = self.webhooks.hooks.remove(id) else { return };
        let (queued, logged) = hook.numbers();
        let gone = |table: String| move |number: &u64| RecordPut { table: table.clone(), key: row_key(*number), value: None };
        let mut records: Vec<RecordPut> = queued.iter().map(gone(queue_table(id))).collect();
        records.extend(logged.iter().map(gone(log_table(id))));
        for some in records.chunks(DELETED) {
            self.write_records(Written::Nothing, Commit { records: some.to_vec(), ..Commit::default() });
        }
        let own = RecordPut { table: TABLE.into(), key: id.into(), value: None };
        self.write_records(Written::Nothing, Commit { records: vec![own], ..Commit::default() });
        self.webhooks.reckon_wanted();
        self.agenda.set(Wake::Webhook(id.to_owned()), None);
    }

    /// Tells a webhook again what it was told, under the ids it knows. Answered with [`Action::Done`] when it is queued, durably.
    pub(crate) fn replay_webhook(&mut self, id: &str, rows: Vec<Row>, ticket: Ticket) {
        if self.stopping || self.failed.is_some() {
            return self.done(ticket, Err(Refusal::Unavailable));
        }
        let next = &mut self.webhooks.next;
        let Some(hook) = self.webhooks.hooks.get_mut(id) else { return self.done(ticket, Err(Refusal::NotFound)) };
        if hook.waiting() + hook.coming + rows.len() > LIMIT {
            return self.done(ticket, Err(Refusal::TooMany));
        }
        let mut wrote = WroteEnds::default();
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            *next += 1;
            records.push(put(&queue_table(id), &row_key(*next), &row));
            hook.coming += 1;
            wrote.rows.push((id.to_owned(), *next, row.contact));
        }
        self.write_records(Written::Replay(wrote, ticket), Commit { records, ..Commit::default() });
    }

    /// A replay is durable.
    pub(super) fn replay_written(&mut self, now: Instant, wrote: WroteEnds, ticket: Ticket) {
        for (id, number, lane) in wrote.rows {
            if let Some(hook) = self.webhooks.hooks.get_mut(&id) {
                hook.coming = hook.coming.saturating_sub(1);
                hook.push(number, lane);
            }
        }
        self.done(ticket, Ok(super::Outcome::default()));
        self.webhooks_go(now);
    }
}

fn delivery_id(number: u64) -> String {
    format!("dlv_{number:016x}")
}

fn put(table: &str, key: &str, value: &impl serde::Serialize) -> RecordPut {
    let value = serde_json::to_value(value).expect("webhooks and deliveries are plain data");
    RecordPut { table: table.into(), key: key.into(), value: Some(value) }
}
