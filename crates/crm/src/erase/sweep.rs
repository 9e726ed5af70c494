//! Finding whoever was erased in rows that are not theirs.
//!
//! Ids are unmistakable, and so are most names: an e-mail address, a phone number, a visitor's id. They count as a whole word, wherever they
//! stand. A name that may as well be a word or a number of something else (`system`, `7700`) counts only where it can be nobody else's: alone
//! in a row of the channel that calls the person so, together with that channel, and alone in a cell of a file of people ([`cells`]).
//!
//! What is kept of a merge is the documents of two people. Their names are theirs, also where somebody who was erased had the same: a merge
//! can be undone whoever else was erased. Only an id says that it was about them.

mod cells;
mod names;

use super::Marks;
use model::ContactId;
use names::{Counts, Names, Place};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The shortest name that is unmistakable.
const SHORTEST: usize = 6;

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Swept {
    /// It names nobody who was erased.
    Stays,
    /// It names nobody any more and stays.
    Redacted(Value),
    /// It was about them and goes.
    Goes,
}

/// A look through rows for many people at once: one pass over a text, however many they are.
#[derive(Debug, Default)]
pub struct Sweep {
    names: Names,
}

/// Tables of the product's own that name nobody: settings, keys, clocks.
const OWN: [&str; 19] = [
    "runtime",
    "segments",
    "segments_clock",
    "segment_sizes",
    "schedules",
    "agents",
    "desk_choices",
    "desk_present",
    "globals",
    "api_keys",
    "api_keys_used",
    "channel_waits",
    "sign_ins",
    "sign_ins_by_agent",
    "statuses",
    "erasures",
    "suppressed",
    "retention",
    "retention_files",
];

/// Tables whose rows are about many: one of them is taken out.
const ABOUT_MANY: [&str; 4] = ["audiences", "audience_pages", IMPORTS, "import_lists"];
const IMPORTS: &str = "imports";
/// Beginnings of the names of tables in which other programs are told what happened: one row is about one contact and may name another.
const TOLD: [&str; 2] = ["webhook_queue/", "webhook_log/"];
/// The event that tells them of an erasure: the bare id is what it is for.
const ERASED: &str = "contact.erased";
/// What stands where a name stood.
const NOBODY: &str = "erased";

/// A key as a text of JSON, without capitals.
fn written_out(key: &str) -> String {
    format!("\"{}\"", key.to_lowercase())
}

/// Whether a name may as well be a word or a number of something else.
fn is_mistakable(name: &str) -> bool {
    let joins = |c: char| matches!(c, '-' | '.' | '/' | ':' | '_' | ' ');
    let is_word = name.chars().all(|c| c.is_ascii_alphabetic() || joins(c));
    let is_number = name.chars().all(|c| c.is_ascii_digit() || joins(c));
    name.len() < SHORTEST || is_word || is_number
}

fn told(table: &str) -> bool {
    TOLD.iter().any(|beginning| table.starts_with(beginning))
}

impl Sweep {
    /// A look for everybody whom these name; none if there is nothing to look for.
    pub fn new<'a>(marks: impl Iterator<Item = &'a Marks>) -> Option<Self> {
        let mut names = names::Known::default();
        for (at, marks) in marks.enumerate() {
            for id in &marks.ids {
                names.add(names::written(id), Counts::AlsoOfPeople, at);
            }
            for name in &marks.names {
                let counts = if is_mistakable(name) { Counts::InCells } else { Counts::Everywhere };
                names.add(names::written(name), counts, at);
                names.phone(name, at);
            }
            for address in &marks.addresses {
                if !is_mistakable(&address.id) {
                    names.add(names::written(&address.id), Counts::Everywhere, at);
                    continue;
                }
                names.add(names::written(&address.id), Counts::On(address.channel.clone()), at);
                names.add(names::written(&address.to_string()), Counts::Everywhere, at);
                names.add(names::pair(address), Counts::Everywhere, at);
            }
        }
        let names = names.done();
        (!names.is_empty()).then_some(Self { names })
    }

    /// One look for everybody whom any of these look for. It does not tell whose a name is ([`Self::whose`]).
    pub fn together<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut together = Self::default();
        all.for_each(|sweep| together.names.add(&sweep.names));
        together
    }

    /// Whether rows of a table can name anybody. Of a webhook's own rows those about somebody go with the erasing commit.
    pub fn looks_at(table: &str) -> bool {
        !OWN.contains(&table) && (told(table) || !table.starts_with("webhook"))
    }

    /// Whether rows of a table are written anew, by whoever keeps them in memory meanwhile, so that they may name somebody again.
    pub fn is_rewritten(table: &str) -> bool {
        Self::looks_at(table) && !told(table)
    }

    /// Whose names stand in a row, by their places among those that were given.
    pub fn whose(&self, table: &str, key: &str, value: &Value) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for text in [written_out(key), value.to_string().to_lowercase()] {
            self.names.any(&text, place_of(table), |of| {
                found.extend(of.iter().copied());
                false
            });
        }
        if table == IMPORTS {
            samples(value).for_each(|cell| self.names_cell(cell, |of| found.extend(of.iter().copied())));
        }
        found
    }

    fn is_in(&self, text: &str, place: Place<'_>) -> bool {
        self.names.any(&text.to_lowercase(), place, |_| true)
    }

    /// What becomes of a row.
    pub fn look(&self, table: &str, key: &str, value: &Value) -> Swept {
        let place = place_of(table);
        if self.is_in(&written_out(key), place) {
            return Swept::Goes;
        }
        let shown = table == IMPORTS && samples(value).any(|cell| self.is_cell(cell));
        if !shown && !self.is_in(&value.to_string(), place) {
            return Swept::Stays;
        }
        if told(table) {
            let of = value.get("row").unwrap_or(value);
            if of.get("event").and_then(Value::as_str) == Some(ERASED) {
                return Swept::Stays;
            }
        } else if !ABOUT_MANY.contains(&table) {
            return Swept::Goes;
        }
        let mut redacted = value.clone();
        self.redact(&mut redacted, place);
        if shown {
            // A row of the file stands in all columns: what else is known of them goes as well.
            columns(&mut redacted).for_each(|column| column["sample"] = Value::Array(Vec::new()));
        }
        if redacted == *value { Swept::Stays } else { Swept::Redacted(redacted) }
    }

    fn redact(&self, value: &mut Value, place: Place<'_>) {
        match value {
            Value::String(text) => {
                if self.is_in(&Value::from(text.as_str()).to_string(), place) {
                    // An id stays an id, of nobody.
                    *text = if text.parse::<ContactId>().is_ok() { ContactId(0).to_string() } else { NOBODY.to_owned() };
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item, place)),
            Value::Object(fields) => {
                // Some addresses name somebody only together with their channel.
                let text = |name: &str| fields.get(name).and_then(Value::as_str);
                let address = text("channel").zip(text("id")).map(|(channel, id)| json!({ "channel": channel, "id": id }));
                if address.is_some_and(|address| self.is_in(&address.to_string(), place)) {
                    fields.insert("id".to_owned(), NOBODY.into());
                }
                fields.values_mut().for_each(|field| self.redact(field, place));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn place_of(table: &str) -> Place<'_> {
    if table == crate::merge::TABLE {
        return Place::People;
    }
    Place::Row(table.strip_prefix("channel/"))
}

fn columns(import: &mut Value) -> impl Iterator<Item = &mut Value> {
    import.get_mut("columns").and_then(Value::as_array_mut).into_iter().flatten().filter(|column| column.is_object())
}

/// What an import shows of its file's first rows.
fn samples(import: &Value) -> impl Iterator<Item = &str> {
    let columns = import.get("columns").and_then(Value::as_array).into_iter().flatten();
    columns.filter_map(|column| column.get("sample")?.as_array()).flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
