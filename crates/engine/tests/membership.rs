//! Random segments over random people, followed through steps and time: what the engine holds for their memberships, its
//! log of who entered and left when, and what a SWITCH sees are what a naive recount says at every instant.

mod common;
#[path = "../../segments/tests/common/mod.rs"]
mod shared;

use ::segments;
use common::{Talk, bot};
use engine::{Bot, Input};
use model::{Actor, Change, Contact, EventRecord, InboxItem, Instant, JourneyKind};
use proptest::prelude::*;
use serde_json::Value as Json;
use shared::choices::Choices;
use shared::naive::Naive;
use shared::people::{self, Ground, World, ZONES};
use shared::town::Town;
use shared::{cases, rules, walk};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use switchboard_engine as engine;

const ATTRIBUTES: &str = "
  plan: { type: enum, values: [free, gold, gold plus], default: free }
  tier: { type: enum, values: [free, gold, gold plus] }
  orders: number
  city: text
  vip: bool
  birthday: date
  last_order: datetime
  appointment: datetime
  balance: money
  interests: list
  mobile: phone
  email: email
  home: country
  tongue: language
  site: url
  age: { computed: years_since(birthday) }
  twice: { computed: orders * 2 }
  often: { computed: 'count(visit, last 30 days)' }
  greeting: { computed: 'first_name | default(\"friend\")' }
  renewal: { computed: last_order + 30 days }
globals:
  threshold: { type: number, default: 3 }
  season: { type: text, default: ANA B }
  launch: { type: date, default: 2026-03-02 }
channels:
  web: { type: web }
  telegram: { type: telegram, token: '${env.TELEGRAM_TOKEN}' }
calendars:
  office: { mon-fri: ['09:00-17:00'] }
statuses: [callback]
";

/// The town's bot, with a skill that asks a SWITCH about every segment.
fn bot_of(town: &Town) -> Arc<Bot> {
    let zone = town.zone.iana_name().expect("a zone with a name");
    let mut file = String::new();
    for rule in town.rules.iter().filter(|rule| !rule.broken) {
        let _ = write!(file, "{}: {{ ", rule.key);
        let _ = match &rule.source {
            Some(source) => write!(file, "where: '{}'", source.replace('\'', "''")),
            None => write!(file, "static: true"),
        };
        let _ = writeln!(file, ", verified: {}, exclude: [{}] }}", rule.verified, rule.exclude.join(", "));
    }
    let mut which = "skill: which\ncatch: [{ command: which }]\nblocks:\n".to_owned();
    let keys: Vec<&str> = town.rules.iter().filter(|rule| !rule.broken).map(|rule| rule.key.as_str()).collect();
    for (place, key) in keys.iter().enumerate() {
        let _ = writeln!(which, "  s{place}: {{ switch: [{{ when: in segment {key}, then: y{place} }}], else: s{} }}", place + 1);
        let _ = writeln!(which, "  y{place}: {{ text: {key} }}");
    }
    let _ = writeln!(which, "  s{}: {{ text: done }}", keys.len());
    bot(&[
        ("bot.yaml", &format!("name: Madrid\ntimezone: {zone}\nattributes:{ATTRIBUTES}")),
        ("segments.yaml", &file),
        ("skills/which.yaml", &which),
        ("skills/order-help.yaml", "skill: order-help\ncatch: [{ command: order }]\nblocks:\n  a: { text: help }\n"),
        ("skills/talk.yaml", "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  a: { text: talk }\n"),
    ])
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

impl Followed<'_> {
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
        let mut log: Vec<(Instant, String, bool, bool)> = Vec::new();
        for line in self.talk.steps[self.steps..].iter().flat_map(|step| &step.journey) {
            let (moved, entered) = match &line.what {
                JourneyKind::SegmentEntered(to) => (to, true),
                JourneyKind::SegmentLeft(from) => (from, false),
                _ => continue,
            };
            log.push((line.at, moved.segment.clone(), entered, moved.cause == "time"));
        }
        self.steps = self.talk.steps.len();
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
        for (at, key, entered, time) in log {
            prop_assert!(time || at == now, "{} at {} has no boundary\n{}", key, at, self.told());
            let changed = if entered { self.state.insert(key.clone()) } else { self.state.remove(&key) };
            prop_assert!(changed, "{} twice at {}\n{}", key, at, self.told());
        }
        let expected = recount(self.town, &self.talk.contact, &self.talk.events, now);
        let held: BTreeSet<String> = self.talk.contact.memberships.keys().cloned().collect();
        prop_assert_eq!(&self.state, &expected, "the log at the end, {}\n{}", now, self.told());
        prop_assert_eq!(&held, &expected, "memberships at {}\n{}", now, self.told());
        Ok(())
    }
}

fn change(c: &mut Choices<'_>, ground: &Ground, talk: &mut Talk) -> Change {
    match c.below(5) {
        0 => Change::AddTag(c.pick(&["gold", "helped", "Größe"]).into()),
        1 => Change::RemoveTag(c.pick(&["gold", "helped", "Größe"]).into()),
        2 => Change::Note(c.pick(&["Wants a CAT", "called"]).into()),
        _ => {
            let name = c.pick(&["orders", "city", "vip", "birthday", "last_order", "plan", "tier", "interests", "home", "tongue"]);
            let mut contact = talk.contact.clone();
            people::change(c, ground, &mut contact, name, talk.now);
            match contact.attributes.get(name) {
                Some(value) => Change::SetAttribute(name.into(), value.clone()),
                None => Change::UnsetAttribute(name.into()),
            }
        }
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
                let kind = c.below(3);
                let at = ground.instant(&mut c).min(until);
                let event = people::event(&mut c, &ground, at, 1_000);
                let modified = change(&mut c, &ground, &mut followed.talk);
                followed.after(&mut c, |talk| {
                    talk.now = until;
                    match kind {
                        0 => {
                            let by = Actor::Api("test".into());
                            let item = InboxItem::Event { conversation: None, name: event.name, fields: event.fields, at: Some(at), by };
                            talk.item(item);
                        }
                        1 => drop(talk.item(InboxItem::Modify { changes: vec![modified], by: Actor::Api("test".into()) })),
                        _ => drop(talk.input(Input::Membership)),
                    }
                })?;
            }
            // Whoever blocked the bot is told nothing.
            if c.once_in(3) && followed.talk.contact.status != "blocked" {
                let mut said = Vec::new();
                followed.after(&mut c, |talk| said = talk.say("/which"))?;
                prop_assert_eq!(said.pop(), Some("done".to_owned()), "{}", followed.told());
                let said: BTreeSet<String> = said.into_iter().collect();
                prop_assert_eq!(&said, &followed.state, "what the SWITCH saw\n{}", followed.told());
            }
        }
    }
}
