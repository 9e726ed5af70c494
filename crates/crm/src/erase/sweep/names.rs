//! Names that are looked for, all of them in one pass over a text.
//!
//! Of each name its longest run of letters and digits is known by heart. A name that stands in a text as a whole word has that
//! run there as a whole run, so only runs are looked up, and the rest of the name is compared where one fits.

use model::{Address, IdentifierKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The last digits by which a phone number is found that is written without its country.
const TAIL: usize = 7;

/// Where a text stands that is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// In a row, of this channel or of none.
    Row(Option<&'a str>),
    /// In a row of documents of people: what they are called is theirs there, whoever else is called so.
    People,
    /// In a cell of a file of people.
    Cell,
}

/// Where a name counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counts {
    /// As a whole word, wherever it stands: an id, which is nobody else's.
    AlsoOfPeople,
    /// As a whole word, wherever it stands but in documents of others.
    Everywhere,
    /// Alone, in rows of this channel and in cells.
    On(String),
    /// Alone, in cells.
    InCells,
}

impl Counts {
    fn here(&self, place: Place<'_>) -> bool {
        match (self, place) {
            (Self::AlsoOfPeople, _) => true,
            (Self::Everywhere | Self::On(_) | Self::InCells, Place::People) => false,
            (Self::Everywhere, Place::Row(_) | Place::Cell) | (Self::On(_) | Self::InCells, Place::Cell) => true,
            (Self::On(channel), Place::Row(of)) => of == Some(channel.as_str()),
            (Self::InCells, Place::Row(_)) => false,
        }
    }
}

/// A name that is looked for, as it stands in JSON and without capitals.
#[derive(Clone, Debug)]
struct Name {
    text: String,
    /// Where its longest run begins, in bytes.
    run: usize,
    counts: Counts,
    /// Whose it is, by place.
    of: Vec<usize>,
}

/// Names, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Name>,
    /// Which names have this as their longest run.
    by_run: HashMap<String, Vec<usize>>,
    /// Names without a letter or digit of ASCII, which are looked for one by one.
    without: Vec<usize>,
    /// Digits of phone numbers, and whose they are, by their last ones.
    phones: HashMap<String, Vec<(String, usize)>>,
}

/// Names that are being collected.
#[derive(Default)]
pub(super) struct Known {
    names: BTreeMap<(String, Counts), BTreeSet<usize>>,
    phones: HashMap<String, Vec<(String, usize)>>,
}

/// A name as it stands in JSON, without capitals.
pub(super) fn written(word: &str) -> String {
    let json = Value::from(word).to_string();
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&json).to_lowercase()
}

/// An address as it stands in the JSON of a row.
pub(super) fn pair(address: &Address) -> String {
    format!("\"channel\":\"{}\",\"id\":\"{}\"", written(&address.channel), written(&address.id))
}

/// The last digits of a number; none if it has too few.
fn tail(digits: &str) -> Option<&str> {
    digits.get(digits.len().checked_sub(TAIL)?..)
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

impl Known {
    /// Adds a name of somebody, as [`written`].
    pub fn add(&mut self, text: String, counts: Counts, of: usize) {
        self.names.entry((text, counts)).or_default().insert(of);
    }

    /// Adds a name that may be a phone number: files write those in other ways.
    pub fn phone(&mut self, name: &str, of: usize) {
        let Some(normal) = IdentifierKind::Phone.normal(name) else { return };
        let digits = normal.trim_start_matches('+');
        if let Some(tail) = tail(digits) {
            self.phones.entry(tail.to_owned()).or_default().push((digits.to_owned(), of));
        }
    }

    /// Ready to be looked for.
    pub fn done(self) -> Names {
        let mut all = Names { phones: self.phones, ..Names::default() };
        for ((text, counts), of) in self.names {
            let longest = runs(&text).max_by_key(|(_, run)| run.len()).map(|(at, run)| (at, run.to_owned()));
            let place = all.names.len();
            let run = longest.as_ref().map_or(0, |(at, _)| *at);
            match longest {
                Some((_, run)) => all.by_run.entry(run).or_default().push(place),
                None => all.without.push(place),
            }
            all.names.push(Name { text, run, counts, of: of.into_iter().collect() });
        }
        all
    }
}

impl Names {
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds all names of another look. Whose they are is told by its places.
    pub fn add(&mut self, other: &Self) {
        let before = self.names.len();
        self.names.extend(other.names.iter().cloned());
        for (run, places) in &other.by_run {
            self.by_run.entry(run.clone()).or_default().extend(places.iter().map(|place| before + place));
        }
        self.without.extend(other.without.iter().map(|place| before + place));
        for (tail, phones) in &other.phones {
            self.phones.entry(tail.clone()).or_default().extend(phones.iter().cloned());
        }
    }

    /// Whether one of the names that stand in a text, which has no capitals, is wanted.
    pub fn any(&self, text: &str, place: Place<'_>, mut wanted: impl FnMut(&[usize]) -> bool) -> bool {
        let fits = |name: &Name, start: usize| {
            let (before, rest) = (text.get(..start)?, text.get(start..)?);
            let behind = rest.strip_prefix(name.text.as_str())?;
            let (last, next) = (before.bytes().next_back(), behind.bytes().next());
            let apart = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let is_whole = match name.counts {
                Counts::AlsoOfPeople | Counts::Everywhere => apart(last) && apart(next),
                Counts::On(_) | Counts::InCells => matches!(last, Some(b'"' | b':' | b'/')) && matches!(next, Some(b'"' | b'/')),
            };
            (is_whole && name.counts.here(place)).then_some(())
        };
        for (at, run) in runs(text) {
            for name in self.by_run.get(run).into_iter().flatten().filter_map(|place| self.names.get(*place)) {
                let start = at.checked_sub(name.run);
                if start.and_then(|start| fits(name, start)).is_some() && wanted(&name.of) {
                    return true;
                }
            }
        }
        let mut without = self.without.iter().filter_map(|place| self.names.get(*place));
        without.any(|name| text.match_indices(name.text.as_str()).any(|(at, _)| fits(name, at).is_some()) && wanted(&name.of))
    }

    /// Whose phone number a text is, with its country or without, however it is set.
    pub fn phones<'a>(&'a self, text: &str) -> impl Iterator<Item = usize> + use<'a> {
        let is_set = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
        let digits: String = if text.chars().all(is_set) { text.chars().filter(char::is_ascii_digit).collect() } else { String::new() };
        // Before the number of a country, or of a town, stand zeros.
        let digits = digits.trim_start_matches('0').to_owned();
        let known = tail(&digits).and_then(|tail| self.phones.get(tail)).into_iter().flatten();
        known.filter(move |(whole, _)| whole.ends_with(&digits)).map(|(_, of)| *of)
    }
}
