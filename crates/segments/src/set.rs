//! All segments of a bot as they are now: who is in one, what each depends on, and when time changes something.

use crate::{
    Flips, Ration,
    touch::{Places, Readers, Reads, Touch},
};
use expr::{Condition, Facts, Fuel, Truth};
use model::Instant;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How deep segments may look into one another: each that is judged judges those below it, one within the other.
pub const DEEPEST: usize = 32;
/// How many segments may have to be judged for one, itself included, each as often as it is asked for.
pub const MOST: usize = 10_000;

/// What a set asks of a contact besides the facts of conditions.
pub trait Who: Facts {
    /// Whether the contact is on the list of a static segment.
    fn listed(&self, key: &str) -> bool;
    /// Whether the website vouched for who the contact is.
    fn verified(&self) -> bool;
}

/// Where a segment was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the bot's folder: read-only for the API (FL 8).
    File,
    /// By the API or an agent.
    Stored,
}

/// Who is in a segment.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// Whoever was put on its list.
    List,
    /// Everybody for whom this holds.
    Where(Condition),
    /// Nobody: it cannot be judged, and why (FL 6.7).
    Invalid(String),
}

/// One segment.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its key.
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who is in it.
    pub kind: RuleKind,
    /// Segments whose members are not in it.
    pub exclude: Vec<String>,
    /// Whether only people the website vouched for are in it.
    pub verified: bool,
    /// Where it was written.
    pub origin: Origin,
    /// What its condition's names mean besides the contact (defaults, globals, computed attributes, the zone), as text:
    /// when that changes, the rule changed.
    pub meaning: String,
}

impl Rule {
    /// The segments it asks for, each as often as it does.
    fn asks_for(&self) -> impl Iterator<Item = &str> {
        let condition = match &self.kind {
            RuleKind::Where(condition) => condition.segments(),
            RuleKind::List | RuleKind::Invalid(_) => Vec::new(),
        };
        self.exclude.iter().map(String::as_str).chain(condition)
    }

    /// The segments it looks into.
    fn depends_on(&self) -> BTreeSet<String> {
        let mut on: BTreeSet<String> = self.exclude.iter().cloned().collect();
        if let RuleKind::Where(condition) = &self.kind {
            on.extend(condition.references().segments);
        }
        on
    }
}

/// A set of rules that was in force from some instant on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Era {
    /// The set's hash.
    pub hash: u64,
    /// Since when.
    pub at: Instant,
    /// The hash of each rule.
    pub rules: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    hash: u64,
    reads: Reads,
    /// Itself and those it looks into, however deep, if time alone may change their conditions: places in the order.
    timed: Vec<u32>,
    /// The places of those whose members are not in it.
    exclude: Vec<u32>,
}

/// All segments.
#[derive(Debug, Default)]
pub struct Set {
    entries: BTreeMap<String, Arc<Entry>>,
    /// Keys such that each comes after those it looks into; the invalid ones are not among them.
    order: Vec<String>,
    /// Those of the order, by their places.
    placed: Vec<Arc<Entry>>,
    /// Who asks for what.
    readers: Readers,
    /// The places of those that time alone moves people into and out of.
    in_time: Vec<u32>,
    hash: u64,
}

impl Set {
    /// Of these rules. One that looks into a segment that is not there or is invalid, depends on itself, looks deeper than
    /// [`DEEPEST`] or needs more than [`MOST`] to be judged is invalid.
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut rules: BTreeMap<String, Rule> = rules.into_iter().map(|rule| (rule.key.clone(), rule)).collect();
        let order = order(&mut rules);
        let mut set = Self::default();
        // The invalid ones read nothing; their hash tells them apart from what they were before.
        for (key, rule) in rules.iter().filter(|(key, _)| !order.contains(key)) {
            let (rule, reads) = (rule.clone(), Reads::default());
            set.entries.insert(key.clone(), Arc::new(Entry { rule, hash: 0, reads, timed: Vec::new(), exclude: Vec::new() }));
        }
        for (place, key) in (0..).zip(&order) {
            let Some(rule) = rules.get(key) else { continue };
            let mut hasher = Sha256::new();
            let condition = match &rule.kind {
                RuleKind::List => "list".to_owned(),
                RuleKind::Where(condition) => condition.to_string(),
                RuleKind::Invalid(_) => String::new(),
            };
            for text in [key.as_str(), &condition, &rule.meaning, if rule.verified { "verified" } else { "" }] {
                hasher.update((text.len() as u64).to_le_bytes());
                hasher.update(text);
            }
            let mut reads = Reads::of(rule);
            let mut timed: BTreeSet<u32> = reads.time.then_some(place).into_iter().collect();
            for other in rule.depends_on() {
                let Some(other) = set.entries.get(&other) else { continue };
                hasher.update(other.hash.to_le_bytes());
                reads.merge(&other.reads);
                timed.extend(&other.timed);
            }
            for excluded in &rule.exclude {
                hasher.update(excluded);
            }
            set.readers.add(place, &reads);
            if reads.time {
                set.in_time.push(place);
            }
            let timed = timed.into_iter().collect();
            let place_of = |other: &String| (0..).zip(&order).find_map(|(place, key)| (key == other).then_some(place));
            let exclude = rule.exclude.iter().filter_map(place_of).collect();
            let entry = Arc::new(Entry { rule: rule.clone(), hash: short(hasher), reads, timed, exclude });
            set.placed.push(entry.clone());
            set.entries.insert(key.clone(), entry);
        }
        let mut hasher = Sha256::new();
        for (key, entry) in &set.entries {
            hasher.update(key);
            hasher.update(entry.hash.to_le_bytes());
        }
        // 0 means: never judged.
        set.hash = short(hasher).max(1);
        set.order = order;
        set
    }

    /// A segment by key.
    pub fn get(&self, key: &str) -> Option<&Rule> {
        self.entries.get(key).map(|entry| &entry.rule)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.entries.values().map(|entry| &entry.rule)
    }

    /// The keys of those that can be judged, such that each comes after those it looks into.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells the set apart from any other; never 0.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Tells a rule, and all it looks into, apart from any other; none for one that is not there.
    pub fn hash_of(&self, key: &str) -> Option<u64> {
        self.entries.get(key).map(|entry| entry.hash)
    }

    /// The set as an era that begins at an instant.
    pub fn era(&self, at: Instant) -> Era {
        Era { hash: self.hash, at, rules: self.entries.iter().map(|(key, entry)| (key.clone(), entry.hash)).collect() }
    }

    /// The segments that look into this one, directly.
    pub fn dependents(&self, key: &str) -> Vec<&str> {
        self.iter().filter(|rule| rule.depends_on().contains(key)).map(|rule| rule.key.as_str()).collect()
    }

    /// Those that cannot be judged, by key, and why.
    pub fn invalid(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter_map(|rule| match &rule.kind {
            RuleKind::Invalid(why) => Some((rule.key.as_str(), why.as_str())),
            RuleKind::List | RuleKind::Where(_) => None,
        })
    }

    /// Those that can be judged here and cannot be judged in another set, by key, and why.
    pub fn lost_in<'s>(&self, other: &'s Set) -> impl Iterator<Item = (&'s str, &'s str)> {
        other.invalid().filter(|(key, _)| self.get(key).is_some_and(|rule| !matches!(rule.kind, RuleKind::Invalid(_))))
    }

    /// Whether time alone may carry somebody in or out of a segment.
    pub fn moves_with_time(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.reads.time)
    }

    /// Whether a contact is in a segment now: the one evaluator of SWITCH, guards, transitions and explanations (FL 5.8). An
    /// unknown segment, an invalid one, or one out of fuel is *unknown* and so nobody's.
    pub fn is_member(&self, key: &str, who: &dyn Who, fuel: &mut Fuel) -> Truth {
        self.entries.get(key).map_or(Truth::Unknown, |entry| self.judge(entry, who, fuel))
    }

    /// The same of one segment among others that are judged with it, on a share of its own; *unknown* is not in it.
    pub fn holds(&self, key: &str, who: &dyn Who, ration: &mut Ration) -> bool {
        ration.share(|fuel| self.is_member(key, who, fuel)).is_true()
    }

    fn judge(&self, entry: &Entry, who: &dyn Who, fuel: &mut Fuel) -> Truth {
        // Segments that look into one another can multiply; fuel bounds it.
        if fuel.spend(8).is_err() {
            return Truth::Unknown;
        }
        let rule = &entry.rule;
        let listed = match &rule.kind {
            RuleKind::Invalid(_) => return Truth::Unknown,
            RuleKind::List => Some(Truth::from(who.listed(&rule.key))),
            RuleKind::Where(_) => None,
        };
        if rule.verified && !who.verified() {
            return Truth::False;
        }
        for other in entry.exclude.iter().filter_map(|place| self.placed.get(*place as usize)) {
            if self.judge(other, who, fuel) == Truth::True {
                return Truth::False;
            }
        }
        match (&rule.kind, listed) {
            (RuleKind::Where(condition), _) => condition.verdict(who, fuel),
            (_, listed) => listed.unwrap_or(Truth::Unknown),
        }
    }

    /// The earliest later instant at which time alone may change whether the contact is in one of these segments; never
    /// later than the true one.
    pub fn next_flip<'k>(&self, keys: impl IntoIterator<Item = &'k str>, who: &dyn Who, ration: &mut Ration) -> Option<Instant> {
        // A segment flips when a leaf of it does, or of one that it looks into.
        let mut places = Places::default();
        for entry in keys.into_iter().filter_map(|key| self.entries.get(key)) {
            places.add(&entry.timed);
        }
        self.flip_of(&places, who, ration)
    }

    fn flip_of(&self, places: &Places, who: &dyn Who, ration: &mut Ration) -> Option<Instant> {
        let flip = |place: usize| match &self.placed.get(place)?.rule.kind {
            RuleKind::Where(condition) => ration.share(|fuel| condition.next_flip(who, fuel)),
            RuleKind::List | RuleKind::Invalid(_) => None,
        };
        places.iter().filter_map(flip).min()
    }

    /// Judges a contact by the segments by which time may have moved them up to an instant: whether they are in each, in the order of
    /// [`Set::order`].
    pub fn judge_due<'s>(&'s self, flips: &Flips, at: Instant, who: &dyn Who, ration: &mut Ration) -> Vec<(&'s str, bool)> {
        let mut judge = |entry: &'s Arc<Entry>| (entry.rule.key.as_str(), ration.share(|fuel| self.judge(entry, who, fuel)).is_true());
        match flips.due(self.hash, at) {
            None => self.in_time.iter().filter_map(|place| self.placed.get(*place as usize)).map(judge).collect(),
            Some(places) => {
                let mut of: Vec<(u16, (&str, bool))> =
                    places.iter().filter_map(|place| Some((*place, judge(self.placed.get(usize::from(*place))?)))).collect();
                of.sort_unstable_by_key(|(place, _)| *place);
                of.into_iter().map(|(_, is)| is).collect()
            }
        }
    }

    /// When time alone changes something next for a contact who was followed up to an instant, which [`Set::judge_due`] was asked about;
    /// later than that instant, whatever a condition says.
    pub fn flips_after(&self, flips: &Flips, at: Instant, who: &dyn Who, ration: &mut Ration) -> Flips {
        let due = flips.due(self.hash, at);
        let mut timed = Places::default();
        let mut add = |place: usize| self.placed.get(place).into_iter().for_each(|entry| timed.add(&entry.timed));
        match due {
            None => self.in_time.iter().for_each(|place| add(*place as usize)),
            Some(places) => places.iter().for_each(|place| add(usize::from(*place))),
        }
        let next = self.flip_of(&timed, who, ration).map(|next| next.max(at.plus_micros(1)));
        if due.is_some() { flips.passed(next) } else { Flips::at(next) }
    }

    /// Judges a contact by the segments that ask for what changed: whether they are in each, in the order of [`Set::order`], and when time
    /// alone changes something from here on; `flips` says so for before the change.
    pub fn judge_touched<'s>(
        &'s self,
        touch: &Touch<'_>,
        flips: &Flips,
        who: &dyn Who,
        ration: &mut Ration,
    ) -> (Vec<(&'s str, bool)>, Flips) {
        let concerned = self.readers.concerned(touch);
        let mut is = Vec::with_capacity(concerned.as_ref().map_or(self.placed.len(), Places::len));
        let mut timed = Places::default();
        let mut judge = |entry: &'s Arc<Entry>| {
            timed.add(&entry.timed);
            is.push((entry.rule.key.as_str(), ration.share(|fuel| self.judge(entry, who, fuel)).is_true()));
        };
        match &concerned {
            None => self.placed.iter().for_each(judge),
            Some(places) => places.iter().filter_map(|place| self.placed.get(place)).for_each(&mut judge),
        }
        let next = self.flip_of(&timed, who, ration);
        let flips = match &concerned {
            None => Flips::at(flips.next().into_iter().chain(next).min()),
            Some(places) => {
                let in_time = |place: &usize| self.placed.get(*place).is_some_and(|entry| entry.reads.time);
                flips.touched(self.hash, places.iter().filter(in_time), next)
            }
        };
        (is, flips)
    }

    /// The segments whose membership what changed may have changed, in the order of [`Set::order`].
    pub fn touched<'s>(&'s self, touch: &Touch<'_>) -> Vec<&'s str> {
        match self.readers.concerned(touch) {
            None => self.order.iter().map(String::as_str).collect(),
            Some(places) => {
                let mut keys = Vec::with_capacity(places.len());
                keys.extend(places.iter().filter_map(|place| self.order.get(place)).map(String::as_str));
                keys
            }
        }
    }

    /// What of a change concerns a segment, in words: `tag gold`, `event purchase`, `plan`.
    pub fn reason(&self, key: &str, touch: &Touch<'_>) -> Option<String> {
        self.entries.get(key)?.reads.meets(touch)
    }
}

/// Puts rules in the order of their dependencies; those that cannot be judged become invalid and are left out.
fn order(rules: &mut BTreeMap<String, Rule>) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    // How deep those look that had their turn, themselves included, and how many are judged for them.
    let mut depths: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut waiting: BTreeMap<String, BTreeSet<String>> = rules
        .iter()
        .filter(|(_, rule)| !matches!(rule.kind, RuleKind::Invalid(_)))
        .map(|(key, rule)| (key.clone(), rule.depends_on()))
        .collect();
    let mut invalid: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let mut moved = false;
        let keys: Vec<String> = waiting.keys().cloned().collect();
        for key in keys {
            let Some(on) = waiting.get(&key) else { continue };
            let broken = on.iter().find(|other| !waiting.contains_key(*other) && !depths.contains_key(*other));
            let below = on.iter().try_fold(0, |deepest, other| Some(depths.get(other)?.0.max(deepest)));
            if let Some(other) = broken {
                let why = if rules.contains_key(other) {
                    format!("it looks into segment \"{other}\", which is invalid")
                } else {
                    format!("it looks into segment \"{other}\", which does not exist")
                };
                invalid.insert(key.clone(), why);
            } else if let Some(below) = below {
                let asked = rules.get(&key).into_iter().flat_map(Rule::asks_for);
                let judged = asked.fold(1_usize, |sum, other| sum.saturating_add(depths.get(other).map_or(0, |(_, judged)| *judged)));
                depths.insert(key.clone(), (below + 1, judged));
                if below >= DEEPEST {
                    invalid.insert(key.clone(), format!("it looks through more than {DEEPEST} others"));
                } else if judged > MOST {
                    invalid.insert(key.clone(), format!("more than {MOST} segments would have to be judged for it"));
                } else {
                    order.push(key.clone());
                }
            } else {
                continue;
            }
            waiting.remove(&key);
            moved = true;
        }
        if !moved {
            break;
        }
    }
    for (key, _) in waiting {
        invalid.insert(key, "it depends on itself through the segments it looks into".to_owned());
    }
    for (key, why) in invalid {
        if let Some(rule) = rules.get_mut(&key) {
            rule.kind = RuleKind::Invalid(why);
        }
    }
    order
}

fn short(hasher: Sha256) -> u64 {
    hasher.finalize().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}
