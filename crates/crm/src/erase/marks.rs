//! What names a person in rows that are not theirs, and finding it there.
//!
//! Ids are looked for wherever they stand; an address or an identifier only as a whole word, and a short or plain number only
//! in quotes: a row that merely holds the same digits is not about them.

use model::{ContactId, Person};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What names a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Their ids, as written: of contacts, conversations, requests.
    pub ids: BTreeSet<String>,
    /// What they are called elsewhere: addresses on channels, e-mail addresses, phone numbers, ids of other systems.
    pub names: BTreeSet<String>,
    /// Others whose journey names them, because the two looked like one, or were one for a while.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known_to: BTreeSet<ContactId>,
}

/// The shortest name that is looked for outside quotes.
const SHORTEST: usize = 6;

impl Marks {
    /// What names a person.
    pub fn of(person: &Person) -> Self {
        let contact = &person.contact;
        let mut ids: BTreeSet<String> = [contact.id.to_string()].into();
        ids.extend(contact.absorbed.iter().flat_map(|one| [one.id.to_string(), one.merge.to_string()]));
        for conversation in &person.conversations {
            ids.insert(conversation.id.to_string());
            ids.extend(conversation.request.iter().map(|request| request.id.to_string()));
        }
        let mut names: BTreeSet<String> = contact.addresses.iter().map(|reach| reach.address.id.clone()).collect();
        names.extend(contact.identifiers.iter().map(|one| one.value.clone()));
        for value in contact.attributes.values().chain(contact.system.values()) {
            let model::Value::Text(text) = value else { continue };
            let is_one = model::IdentifierKind::Email.normal(text).is_some() || model::IdentifierKind::Phone.normal(text).is_some();
            names.extend(is_one.then(|| text.trim().to_owned()));
        }
        names.retain(|name| !name.is_empty());
        Self { ids, names, known_to: BTreeSet::new() }
    }

    /// Adds what names another.
    pub fn extend(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.known_to.extend(other.known_to);
        self.names.extend(other.names);
    }
}

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
///
/// Of each name its longest run of letters and digits is known by heart. A name that stands in a text as a whole word has that
/// run there as a whole run, so only runs are looked up, and the rest of the name is compared where one fits.
#[derive(Debug, Default)]
pub struct Sweep {
    names: Vec<Name>,
    /// Which names have this as their longest run.
    by_run: HashMap<String, Vec<usize>>,
    /// Names without a letter or digit of ASCII, which are looked for one by one.
    without: Vec<usize>,
}

/// A name that is looked for, as it stands in JSON and without capitals.
#[derive(Debug)]
struct Name {
    text: String,
    /// Where its longest run begins, in bytes.
    run: usize,
    /// Whether it only counts in quotes, alone or behind a channel's name.
    quoted: bool,
    /// Whose it is, by place.
    of: Vec<usize>,
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
const ABOUT_MANY: [&str; 4] = ["audiences", "audience_pages", "imports", "import_lists"];

/// A name as it stands in JSON, without capitals.
fn written(word: &str) -> String {
    let json = Value::from(word).to_string();
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&json).to_lowercase()
}

/// Runs of letters and digits of ASCII, with where each begins.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(move |run| {
        let start = at;
        // What parts two runs is one character; how long it is shows where the next one begins.
        at += run.len();
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (!run.is_empty()).then_some((start, run))
    })
}

/// A key as a text of JSON, without capitals.
fn written_out(key: &str) -> String {
    format!("\"{}\"", key.to_lowercase())
}

impl Sweep {
    /// A look for everybody whom these name; none if there is nothing to look for.
    pub fn new<'a>(marks: impl Iterator<Item = &'a Marks>) -> Option<Self> {
        let mut known: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
        for (at, marks) in marks.enumerate() {
            for id in &marks.ids {
                known.entry((id.as_str(), false)).or_default().push(at);
            }
            for name in &marks.names {
                let plain = name.len() < SHORTEST || name.bytes().all(|b| b.is_ascii_digit());
                known.entry((name.as_str(), plain)).or_default().push(at);
            }
        }
        let mut sweep = Self::default();
        for ((name, quoted), of) in known {
            let text = written(name);
            let longest = runs(&text).max_by_key(|(_, run)| run.len()).map(|(at, run)| (at, run.to_owned()));
            let place = sweep.names.len();
            let run = longest.as_ref().map_or(0, |(at, _)| *at);
            match longest {
                Some((_, run)) => sweep.by_run.entry(run).or_default().push(place),
                None => sweep.without.push(place),
            }
            sweep.names.push(Name { text, run, quoted, of });
        }
        (!sweep.names.is_empty()).then_some(sweep)
    }

    /// Whether rows of a table can name anybody. Those of webhooks go with the erasing commit; what is left there tells
    /// others that somebody was erased.
    pub fn looks_at(table: &str) -> bool {
        !OWN.contains(&table) && !table.starts_with("webhook_")
    }

    /// Whether a text names anybody whom a search for words can find.
    pub fn is_named_in(&self, text: &str) -> bool {
        self.any(&text.to_lowercase(), |name| !name.quoted)
    }

    /// Whose names stand in a row, by their places among those that were given.
    pub fn whose(&self, key: &str, value: &Value) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for text in [written_out(key), value.to_string().to_lowercase()] {
            self.any(&text, |name| {
                found.extend(name.of.iter().copied());
                false
            });
        }
        found
    }

    fn is_in(&self, text: &str) -> bool {
        self.any(&text.to_lowercase(), |_| true)
    }

    /// Whether one of the names that stand in a text, which has no capitals, is wanted.
    fn any(&self, text: &str, mut wanted: impl FnMut(&Name) -> bool) -> bool {
        let fits = |name: &Name, start: usize| {
            let (before, rest) = (text.get(..start)?, text.get(start..)?);
            let behind = rest.strip_prefix(name.text.as_str())?;
            let (last, next) = (before.bytes().next_back(), behind.bytes().next());
            let apart = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let alone = if name.quoted {
                matches!(last, Some(b'"' | b':' | b'/')) && matches!(next, Some(b'"' | b'/'))
            } else {
                apart(last) && apart(next)
            };
            alone.then_some(())
        };
        for (at, run) in runs(text) {
            for name in self.by_run.get(run).into_iter().flatten().filter_map(|place| self.names.get(*place)) {
                let start = at.checked_sub(name.run);
                if start.and_then(|start| fits(name, start)).is_some() && wanted(name) {
                    return true;
                }
            }
        }
        let mut without = self.without.iter().filter_map(|place| self.names.get(*place));
        without.any(|name| text.match_indices(name.text.as_str()).any(|(at, _)| fits(name, at).is_some()) && wanted(name))
    }

    /// What becomes of a row.
    pub fn look(&self, table: &str, key: &str, value: &Value) -> Swept {
        if self.is_in(&written_out(key)) {
            return Swept::Goes;
        }
        let text = value.to_string();
        if !self.is_in(&text) {
            return Swept::Stays;
        }
        if !ABOUT_MANY.contains(&table) {
            return Swept::Goes;
        }
        let mut redacted = value.clone();
        self.redact(&mut redacted);
        Swept::Redacted(redacted)
    }

    fn redact(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.is_in(&Value::from(text.as_str()).to_string()) {
                    // An id stays an id, of nobody.
                    *text = if text.parse::<ContactId>().is_ok() { ContactId(0).to_string() } else { "erased".to_owned() };
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.redact(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sweep() -> Sweep {
        let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let marks = Marks {
            ids: text(&["con_00000000000000000000000007"]),
            names: text(&["Ana@Shop.Example", "+34600111222", "7700", "12345678", "v_0a0b"]),
            ..Marks::default()
        };
        Sweep::new([&marks].into_iter()).expect("there is something to look for")
    }

    #[test]
    fn rows_about_a_person_go_and_others_stay() {
        let sweep = sweep();
        for (key, value) in [
            ("k", json!({ "contact": "con_00000000000000000000000007" })),
            ("upload/v_0a0b/x", json!({})),
            ("k", json!({ "to": "ana@shop.example" })),
            ("k", json!(["Phone: +34600111222."])),
            ("k", json!({ "address": { "channel": "telegram", "id": "12345678" } })),
            ("k", json!("telegram:7700")),
        ] {
            assert_eq!(sweep.look("calls", key, &value), Swept::Goes, "{key} {value}");
        }
        for (key, value) in [
            ("k", json!({ "contact": "con_00000000000000000000000008" })),
            ("k", json!({ "at": 12_345_678, "n": 7700 })),
            ("k", json!({ "to": "joana@shop.example" })),
            ("k", json!("+346001112223")),
            ("k", json!("order 7700")),
        ] {
            assert_eq!(sweep.look("calls", key, &value), Swept::Stays, "{key} {value}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_written_and_it_is_known_whose() {
        let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let one = Marks {
            ids: text(&["con_00000000000000000000000007"]),
            names: text(&["müller@shop.example", "山田太郎さん"]),
            ..Marks::default()
        };
        let two = Marks {
            ids: text(&["con_00000000000000000000000008"]),
            names: text(&["say \"hi\" 123", "müller@shop.example"]),
            ..Marks::default()
        };
        let sweep = Sweep::new([&one, &two].into_iter()).expect("there is something to look for");
        for (value, whose) in [
            (json!("MÜLLER@shop.example"), vec![0, 1]),
            (json!({ "to": "山田太郎さん" }), vec![0]),
            (json!(["x", "say \"hi\" 123"]), vec![1]),
            (json!("con_00000000000000000000000008/con_00000000000000000000000007"), vec![0, 1]),
            (json!("müller@shop.example2"), vec![]),
            (json!("xcon_00000000000000000000000008"), vec![]),
        ] {
            assert_eq!(sweep.whose("k", &value).into_iter().collect::<Vec<_>>(), whose, "{value}");
            assert_eq!(sweep.look("calls", "k", &value) == Swept::Goes, !whose.is_empty(), "{value}");
        }
        assert_eq!(sweep.whose("of/con_00000000000000000000000007", &json!(null)).into_iter().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_list_of_many_loses_one() {
        let page = json!(["con_00000000000000000000000007", "con_00000000000000000000000008"]);
        let expected = json!(["con_00000000000000000000000000", "con_00000000000000000000000008"]);
        for (table, key) in [("audience_pages", "aud_1/000000"), ("import_lists", "imp_1/00000000")] {
            assert_eq!(sweep().look(table, key, &page), Swept::Redacted(expected.clone()), "{table}");
        }
        assert!(!Sweep::looks_at("runtime") && !Sweep::looks_at("webhook_queue/1") && Sweep::looks_at("channel/web"));
        assert!(sweep().is_named_in("1,Ana,ana@shop.example,7700") && !sweep().is_named_in("2,Bob,bob@shop.example,7700"));
    }
}
