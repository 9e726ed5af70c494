//! Random segments over random people, followed through steps and time: what the engine holds for their memberships, its
//! log of who entered and left when, and what a SWITCH sees are what a naive recount says at every instant.

mod common;
#[path = "../../segments/tests/common/mod.rs"]
mod shared;

use ::segments;
use common::{Talk, bot};
use engine::{Bot, Input};
use model::{Actor, Contact, EventRecord, InboxItem, Instant, JourneyKind};
use proptest::prelude::*;
use serde_json::Value as Json;
use shared::choices::Choices;
use shared::naive::Naive;
use shared::people::{self, Ground, World, ZONES};
use shared::town::Town;
use shared::{cases, files, rules, walk};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use switchboard_engine as engine;

/// The town's bot, with a skill that asks a SWITCH about every segment.
fn bot_of(town: &Town) -> Arc<Bot> {
    let files = files::of(town);
    bot(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

/// Who the contact is in, by a recount.
fn recount(town: &Town, contact: &Contact, events: &[EventRecord], now: Instant) -> BTreeSet<String> {
    let naive = Naive::new(town, contact, events, now);
    town.rules.iter().filter(|rule| naive.member(&rule.key) == Some(true)).map(|rule| rule.key.clone()).collect()
}

struct Followed<'t> {
    town: &'t Town,
    talk: Talk,
    /// How much of the log was looked at.
    steps: usize,
    /// Where the log stands.
    state: BTreeSet<String>,
}

/// A line of the log: when, of which segment, whether it was entered, and whether time alone did it.
type Line = (Instant, String, bool, bool);

impl Followed<'_> {
    /// What the log says since it was looked at last.
    fn news(&mut self) -> Vec<Line> {
        let mut log = Vec::new();
        for line in self.talk.steps[self.steps..].iter().flat_map(|step| &step.journey) {
            let (moved, entered) = match &line.what {
                JourneyKind::SegmentEntered(to) => (to, true),
                JourneyKind::SegmentLeft(from) => (from, false),
                _ => continue,
            };
            log.push((line.at, moved.segment.clone(), entered, moved.cause == "time"));
        }
        self.steps = self.talk.steps.len();
        log
    }

    /// Takes a line over.
    fn turn(&mut self, (at, key, entered, _): &Line) -> Result<(), TestCaseError> {
        let changed = if *entered { self.state.insert(key.clone()) } else { self.state.remove(key) };
        prop_assert!(changed, "{} twice at {}\n{}", key, at, self.told());
        Ok(())
    }

    /// The log and the contact's record are what a recount says.
    fn is_right(&self) -> Result<(), TestCaseError> {
        let now = self.talk.now;
        let expected = recount(self.town, &self.talk.contact, &self.talk.events, now);
        let held: BTreeSet<String> = self.talk.contact.memberships.keys().cloned().collect();
        prop_assert_eq!(&self.state, &expected, "the log at the end, {}\n{}", now, self.told());
        prop_assert_eq!(&held, &expected, "memberships at {}\n{}", now, self.told());
        Ok(())
    }

    fn told(&self) -> String {
        let mut told = String::new();
        for rule in &self.town.rules {
            let (source, verified) = (rule.source.as_deref().unwrap_or("-"), if rule.verified { ", verified" } else { "" });
            let _ = writeln!(told, "{}: {source} except {:?}{verified}", rule.key, rule.exclude);
        }
        let world = World { contact: self.talk.contact.clone(), events: self.talk.events.clone(), now: self.talk.now };
        let _ = write!(told, "in {:?}\n{world:?}\nlog: {:#?}", self.town.zone.iana_name(), self.talk.moves());
        told
    }

    /// Lets something happen, and checks the log of the time before it and what is so after it.
    fn after(&mut self, c: &mut Choices<'_>, happens: impl FnOnce(&mut Talk)) -> Result<(), TestCaseError> {
        let (contact, events, from) = (self.talk.contact.clone(), self.talk.events.clone(), self.talk.now);
        happens(&mut self.talk);
        let now = self.talk.now;
        let log = self.news();
        prop_assert!(log.is_sorted_by_key(|(at, ..)| *at), "the log is in the order of time: {log:?}");
        // While only time passed.
        let world = World { contact, events, now: from };
        let conditions: Vec<&Json> = self.town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect();
        let mut probes: BTreeSet<Instant> = walk::instants(c, self.town, &world, &conditions).into_iter().collect();
        probes.extend(log.iter().flat_map(|(at, ..)| [at.plus_micros(-1), *at]));
        for probe in probes.into_iter().filter(|probe| *probe > from && *probe <= now) {
            let mut state = self.state.clone();
            for (_, key, entered, _) in log.iter().filter(|(at, _, _, time)| *time && *at <= probe) {
                if *entered {
                    state.insert(key.clone())
                } else {
                    state.remove(key)
                };
            }
            let expected = recount(self.town, &world.contact, &world.events, probe);
            prop_assert_eq!(state, expected, "the log at {}\n{}", probe, self.told());
        }
        for line in log {
            let (at, key, _, time) = &line;
            prop_assert!(*time || *at == now, "{} at {} has no boundary\n{}", key, at, self.told());
            self.turn(&line)?;
        }
        self.is_right()
    }

    /// The clock is set back, as time servers do, and goes on over the same boundaries; something may happen meanwhile. Time is not
    /// followed back, and what came of it does not come again.
    fn set_back(&mut self, c: &mut Choices<'_>, ground: &Ground) -> Result<(), TestCaseError> {
        let furthest = self.talk.now;
        let back = c.pick(&BACK);
        let now = furthest.plus_micros(-back);
        self.talk.now = now;
        self.talk.input(Input::Membership);
        let news = self.news();
        prop_assert!(news.is_empty(), "time went back: {news:?}\n{}", self.told());
        let happens = c.once_in(2);
        if happens {
            something(c, ground, &self.talk)(&mut self.talk);
            for line in self.news() {
                prop_assert!(!line.3 && line.0 == now, "{line:?} is not of {now}\n{}", self.told());
                self.turn(&line)?;
            }
            // What it did not touch is as it was.
            let [is, was] = [now, furthest].map(|at| recount(self.town, &self.talk.contact, &self.talk.events, at));
            for rule in &self.town.rules {
                let (key, held) = (&rule.key, self.state.contains(&rule.key));
                prop_assert!([&is, &was].iter().any(|at| at.contains(key) == held), "{key} is {held} at {now}\n{}", self.told());
            }
        }
        self.talk.pass(back);
        let news = self.news();
        prop_assert!(happens || news.is_empty(), "the same boundaries again: {news:?}\n{}", self.told());
        for line in news {
            let (at, key, entered, time) = &line;
            let so = recount(self.town, &self.talk.contact, &self.talk.events, *at).contains(key);
            prop_assert!(*time && *at > now && so == *entered, "{line:?} after {now}\n{}", self.told());
            self.turn(&line)?;
        }
        self.is_right()
    }
}

/// How far clocks are set back: a second to a few hours.
const BACK: [i64; 5] = [1_000_000, 300_000_000, 1_800_000_000, 3_600_000_000, 3 * 3_600_000_000];

/// Something that happens to the contact now, or is told now.
fn something(c: &mut Choices<'_>, ground: &Ground, talk: &Talk) -> impl FnOnce(&mut Talk) + use<> {
    let kind = c.below(3);
    let at = ground.instant(c);
    let event = people::event(c, ground, at, 1_000);
    let modified = people::modification(c, ground, &talk.contact, talk.now);
    move |talk| match kind {
        0 => {
            let (by, at) = (Actor::Api("test".into()), Some(at.min(talk.now)));
            talk.item(InboxItem::Event { conversation: None, name: event.name, fields: event.fields, at, by });
        }
        1 => drop(talk.item(InboxItem::Modify { changes: vec![modified], by: Actor::Api("test".into()) })),
        _ => drop(talk.input(Input::Membership)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 1_500, ..ProptestConfig::with_cases(cases(100)) })]

    #[test]
    fn memberships_their_log_and_a_switch_are_what_a_recount_says(drawn in prop::collection::vec(any::<u16>(), 0..420)) {
        let mut c = Choices::new(&drawn);
        let mut town = Town::new(c.pick(&ZONES));
        town.rules = rules::segments(&mut c, &town);
        // A bot with a broken segment is no bot.
        let whole: Vec<_> = town.rules.iter().filter(|rule| !town.is_broken(&rule.key)).cloned().collect();
        town.rules = whole;
        let ground = Ground::new(&mut c, &town.zone);
        let world = people::world(&mut c, &ground, 1);
        let mut talk = Talk::new(bot_of(&town));
        talk.now = world.now;
        talk.contact = world.contact;
        talk.contact.first_seen = talk.contact.first_seen.min(talk.now);
        talk.contact.last_seen = talk.contact.last_seen.min(talk.now);
        // What was recorded happened, and in this order became known.
        talk.events = world.events.into_iter().filter(|event| event.at <= world.now).collect();
        let mut followed = Followed { town: &town, talk, steps: 0, state: BTreeSet::new() };
        followed.after(&mut c, |talk| drop(talk.input(Input::Membership)))?;
        for _ in 0..2 + c.below(5) {
            // On to near a boundary, or for a while; watched all the time, or not until the next step.
            let world = World { contact: followed.talk.contact.clone(), events: followed.talk.events.clone(), now: followed.talk.now };
            let conditions: Vec<&Json> = town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect();
            let later = walk::instants(&mut c, &town, &world, &conditions);
            let until = if c.once_in(4) { world.now.plus_micros(3_600_000_000 * 24 * 40) } else { c.pick(&later) };
            let away = until.micros_since(world.now);
            if c.once_in(2) {
                followed.after(&mut c, |talk| drop(talk.pass(away)))?;
            } else {
                let happens = something(&mut c, &ground, &followed.talk);
                followed.after(&mut c, |talk| {
                    talk.now = until;
                    happens(talk);
                })?;
            }
            if c.once_in(4) {
                followed.set_back(&mut c, &ground)?;
            }
            // Whoever blocked the bot is told nothing.
            if c.once_in(3) && followed.talk.contact.status != "blocked" {
                let mut said = Vec::new();
                followed.after(&mut c, |talk| said = talk.say(files::WHICH))?;
                prop_assert_eq!(said.pop(), Some(files::DONE.to_owned()), "{}", followed.told());
                let said: BTreeSet<String> = said.into_iter().collect();
                prop_assert_eq!(&said, &followed.state, "what the SWITCH saw\n{}", followed.told());
            }
        }
    }
}
