//! What names a person in rows that are not theirs, and finding it there.
//!
//! Ids are looked for wherever they stand; an address or an identifier only as a whole word, and a short or plain number only
//! in quotes: a row that merely holds the same digits is not about them.

use model::{ContactId, Person};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What names a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Their ids, as written: of contacts, conversations, requests.
    pub ids: BTreeSet<String>,
    /// What they are called elsewhere: addresses on channels, e-mail addresses, phone numbers, ids of other systems.
    pub names: BTreeSet<String>,
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
        Self { ids, names }
    }

    /// Adds what names another.
    pub fn extend(&mut self, other: Self) {
        self.ids.extend(other.ids);
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

/// A look through rows for several people at once.
pub struct Sweep {
    /// Whole words.
    words: Option<Regex>,
    /// What stands in quotes, alone or behind a channel's name.
    quoted: Option<Regex>,
}

/// Tables of the product's own that name nobody: settings, keys, clocks.
const OWN: [&str; 17] = [
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
];

/// Tables whose rows are about many: one of them is taken out.
const ABOUT_MANY: [&str; 3] = ["audiences", "audience_pages", "imports"];

/// Any of these, as it stands in JSON.
fn alternatives(words: &BTreeSet<&str>) -> String {
    let written = |word: &&str| {
        let json = Value::from(*word).to_string();
        regex::escape(json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&json))
    };
    words.iter().map(written).collect::<Vec<_>>().join("|")
}

impl Sweep {
    /// A look for everybody whom these name; none if there is nothing to look for.
    pub fn new<'a>(marks: impl Iterator<Item = &'a Marks>) -> Option<Self> {
        let (mut words, mut quoted) = (BTreeSet::new(), BTreeSet::new());
        for marks in marks {
            words.extend(marks.ids.iter().map(String::as_str));
            for name in &marks.names {
                let plain = name.len() < SHORTEST || name.bytes().all(|b| b.is_ascii_digit());
                if plain {
                    quoted.insert(name.as_str())
                } else {
                    words.insert(name.as_str())
                };
            }
        }
        let built = |words: &BTreeSet<&str>, before: &str, behind: &str| {
            if words.is_empty() {
                return None;
            }
            let text = format!("(?i)(?:{before})(?:{})(?:{behind})", alternatives(words));
            // Every word is escaped; only so many would be too large a program.
            regex::RegexBuilder::new(&text).size_limit(1 << 28).build().ok()
        };
        let sweep = Self { words: built(&words, "^|[^0-9A-Za-z]", "$|[^0-9A-Za-z]"), quoted: built(&quoted, "[\":/]", "[\"/]") };
        (sweep.words.is_some() || sweep.quoted.is_some()).then_some(sweep)
    }

    /// Whether rows of a table can name anybody. Those of webhooks go with the erasing commit; what is left there tells
    /// others that somebody was erased.
    pub fn looks_at(table: &str) -> bool {
        !OWN.contains(&table) && !table.starts_with("webhook_")
    }

    /// Whether a text names anybody whom a search for words can find.
    pub fn is_named_in(&self, text: &str) -> bool {
        self.words.as_ref().is_some_and(|words| words.is_match(text))
    }

    fn is_in(&self, text: &str) -> bool {
        [&self.words, &self.quoted].into_iter().flatten().any(|of| of.is_match(text))
    }

    /// What becomes of a row.
    pub fn look(&self, table: &str, key: &str, value: &Value) -> Swept {
        if self.is_in(&format!("\"{key}\"")) {
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
    fn a_list_of_many_loses_one() {
        let page = json!(["con_00000000000000000000000007", "con_00000000000000000000000008"]);
        let expected = json!(["con_00000000000000000000000000", "con_00000000000000000000000008"]);
        assert_eq!(sweep().look("audience_pages", "aud_1/000000", &page), Swept::Redacted(expected));
        assert!(!Sweep::looks_at("runtime") && !Sweep::looks_at("webhook_queue/1") && Sweep::looks_at("channel/web"));
        assert!(sweep().is_named_in("1,Ana,ana@shop.example,7700") && !sweep().is_named_in("2,Bob,bob@shop.example,7700"));
    }
}
