//! Random rules over random people in a running core. At every instant whoever asks is told what a naive recount of what is durable
//! says, however slow the disk is, though the process dies and the clock jumps; the journey tells of each transition once, at its
//! boundary, and a SWITCH sees the same. A failure names its seed; the seed is the whole story.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world::{self, HOUR, MINUTE, SECOND};

use ::segments;
use engine::{Bot, BotFiles};
use model::{
    Actor, Address, Author, Contact, ContactId, Conversation, ConversationId, EventRecord, InboxItem, Instant, JourneyKind, Reach,
    TranscriptEntry,
};
use serde_json::Value as Json;
use shared::choices::{Choices, drawn};
use shared::naive::Naive;
use shared::people::{self, Ground, ZONES};
use shared::town::Town;
use shared::{files, rules, walk};
use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::Arc,
};
use store::{Commit, Fault, MemStore, PersonChange, Store};

#[path = "../../segments/tests/common/mod.rs"]
mod shared;

/// How long a life is.
const EVENTS: usize = 24;
/// Time that passes at most before everything is durable: some conditions wake every hour, and of a thousand boundaries a step takes the
/// rest at once.
const AT_MOST: i64 = 30 * 24 * HOUR;
/// How far clocks are set back.
const BACK: [i64; 5] = [SECOND, 5 * MINUTE, HOUR / 2, HOUR, 3 * HOUR];

/// Somebody, as they were durable when last looked at.
struct Somebody {
    at: Address,
    contact: Contact,
    /// In the order in which they were recorded.
    events: Vec<EventRecord>,
    version: u64,
    /// How much of their journey and of what was said was looked at.
    lines: usize,
    said: u64,
    /// Where they are as the journey tells it.
    inside: BTreeSet<String>,
    /// Every transition that time alone made.
    timely: BTreeSet<(String, Instant)>,
}

/// How often what is tested was met.
#[derive(Default)]
struct Counts {
    /// Transitions by time alone.
    by_time: usize,
    /// Times that a SWITCH told of all segments.
    switches: usize,
    /// Memberships that were told ahead of the disk.
    ahead: usize,
}

struct Life<'t> {
    town: &'t Town,
    conditions: Vec<&'t Json>,
    ground: Ground,
    world: world::World,
    people: Vec<Somebody>,
    /// Whether nothing becomes durable by itself.
    slow: bool,
    /// When everything was durable last.
    durable: Instant,
    /// Every instant that the clock told.
    told: BTreeSet<Instant>,
    was_set_back: bool,
    /// How much was said.
    serial: usize,
    counts: Counts,
}

/// The town's bot.
fn bot_of(town: &Town) -> Arc<Bot> {
    let (bot, problems, _) = Bot::load(&BotFiles { files: files::of(town), shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the town's bot is sound: {problems:?}"))
}

/// Somebody who is stored before anything runs.
fn newcomer(c: &mut Choices<'_>, ground: &Ground, store: &MemStore, id: u128, now: Instant) -> Somebody {
    let people::World { mut contact, mut events, .. } = people::world(c, ground, id);
    contact.first_seen = contact.first_seen.min(now);
    contact.last_seen = contact.last_seen.min(now);
    // What was recorded happened.
    events.retain(|event| event.at <= now);
    let web = || Address { channel: "web".into(), id: format!("x{id}") };
    contact.addresses.iter_mut().for_each(|reach| reach.address.id = format!("x{id}"));
    contact.addresses.sort_by(|a, b| a.address.cmp(&b.address));
    contact.addresses.dedup_by(|a, b| a.address == b.address);
    if contact.addresses.iter().all(|reach| reach.address != web()) {
        contact.addresses.push(Reach { address: web(), unreachable: None });
    }
    let conversation = |(n, reach): (u128, &Reach)| Conversation::new(ConversationId(id * 10 + n), contact.id, reach.address.clone());
    let conversations = (0..).zip(&contact.addresses).map(conversation).collect();
    let change = PersonChange {
        contact: Some(Box::new(contact.clone())),
        conversations,
        events: events.clone(),
        ..PersonChange::new(contact.id, 0)
    };
    store::commit_blocking(store, Commit { person: Some(change), ..Commit::default() }).unwrap();
    Somebody { at: web(), contact, events, version: 1, lines: 0, said: 0, inside: BTreeSet::new(), timely: BTreeSet::new() }
}

impl<'t> Life<'t> {
    fn new(c: &mut Choices<'_>, town: &'t Town, seed: u64) -> Self {
        let ground = Ground::new(c, &town.zone);
        let now = ground.instant(c);
        let store = MemStore::new();
        let people = (1..=2 + c.below(2)).map(|id| newcomer(c, &ground, &store, id as u128, now)).collect();
        store.order(Fault::Hold);
        let mut world = world::World::on(seed, bot_of(town), store, now);
        world.holds = true;
        let mut life = Self {
            town,
            conditions: town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect(),
            ground,
            world,
            people,
            slow: false,
            durable: now,
            told: BTreeSet::from([now]),
            was_set_back: false,
            serial: 0,
            counts: Counts::default(),
        };
        // From their first words on everybody is judged.
        for place in 0..life.people.len() {
            life.says(place, "hello");
        }
        life.pass(now);
        life
    }

    /// Whether somebody is in a segment at an instant, as far as is durable.
    fn is(&self, who: &Somebody, key: &str, at: Instant) -> bool {
        Naive::new(self.town, &who.contact, &who.events, at).member(key) == Some(true)
    }

    fn keys(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let town = self.town;
        town.rules.iter().map(|rule| rule.key.as_str())
    }

    fn event(&mut self, c: &mut Choices<'_>, sets_back: bool) {
        match c.below(12) {
            0..=3 => {
                let until = self.soon(c);
                self.pass(until);
            }
            4 => {
                // Nothing runs for a while.
                self.world.now = self.soon(c);
            }
            5 | 6 => self.happens(c),
            7 => self.says(c.below(self.people.len()), files::WHICH),
            8 => self.says(c.below(self.people.len()), "hello"),
            9 => self.slow = !self.slow,
            10 => self.land(1 + c.below(3)),
            _ if sets_back && c.once_in(2) => {
                self.was_set_back = true;
                self.world.now = self.world.now.plus_micros(-c.pick(&BACK));
            }
            _ => {
                if c.once_in(2) {
                    self.world.now = self.soon(c);
                }
                self.world.crash();
                self.landed();
            }
        }
        self.look();
        self.check();
        if !self.slow {
            let now = self.world.now;
            self.pass(now);
            self.durable = now;
            self.check();
        }
    }

    /// An instant to come at which something may change for somebody.
    fn soon(&self, c: &mut Choices<'_>) -> Instant {
        let who = &self.people[c.below(self.people.len())];
        let now = self.world.now;
        let sketch = people::World { contact: who.contact.clone(), events: who.events.clone(), now };
        let later = walk::instants(c, self.town, &sketch, &self.conditions);
        c.pick(&later).min(self.durable.plus_micros(AT_MOST)).max(now)
    }

    /// Time passes, stopping at everything that is due on the way.
    fn pass(&mut self, until: Instant) {
        for _ in 0..200_000 {
            if !self.slow {
                self.land(usize::MAX);
            }
            let Some(at) = self.world.core.next_due().filter(|at| *at <= until) else {
                self.world.now = until;
                return;
            };
            self.world.now = self.world.now.max(at);
            self.told.insert(self.world.now);
            self.world.core.due(self.world.now);
            self.world.pump();
        }
        panic!("something stays due without end");
    }

    /// Whoever is due is looked at, and nobody takes a step.
    fn look(&mut self) {
        while self.world.core.next_look().is_some_and(|at| at <= self.world.now) {
            self.world.core.look(self.world.now);
        }
        self.world.pump();
    }

    /// So many commits become durable, one after the other.
    fn land(&mut self, most: usize) {
        for _ in 0..most {
            if self.world.store.release(1) == 0 {
                return;
            }
            self.landed();
            self.world.pump();
        }
    }

    fn happens(&mut self, c: &mut Choices<'_>) {
        let place = c.below(self.people.len());
        let (who, now, by) = (&self.people[place], self.world.now, Actor::Api("test".into()));
        let item = if c.once_in(2) {
            let at = self.ground.instant(c).min(now);
            let event = people::event(c, &self.ground, at, 0);
            InboxItem::Event { conversation: None, name: event.name, fields: event.fields, at: Some(at), by }
        } else {
            InboxItem::Modify { changes: vec![people::modification(c, &self.ground, &who.contact, now)], by }
        };
        let at = who.at.clone();
        self.world.item(&at, item, None);
    }

    fn says(&mut self, place: usize, text: &str) {
        let at = self.people[place].at.clone();
        self.serial += 1;
        self.world.arrive(&at, &self.serial.to_string(), text);
    }

    /// Reads what became durable of everybody, at most one commit of each, and holds its transitions against a recount.
    fn landed(&mut self) {
        for place in 0..self.people.len() {
            let who = &self.people[place];
            let (id, before) = (who.contact.id, who.version);
            let person = self.world.store.person(id).unwrap().unwrap();
            if person.version == before {
                continue;
            }
            assert_eq!(person.version, before + 1, "one commit at a time");
            let mut events = self.world.store.events(id, 0, usize::MAX).unwrap();
            events.reverse();
            let mut journey = self.world.store.journey(id, 0, usize::MAX).unwrap();
            journey.reverse();
            let conversation = person.conversation_at(&who.at).unwrap();
            let said = self.world.store.transcript(id, conversation.id, who.said, usize::MAX).unwrap();
            let after = Somebody {
                at: who.at.clone(),
                contact: person.contact.clone(),
                events,
                version: person.version,
                lines: journey.len(),
                said: said.last().map_or(who.said, TranscriptEntry::no),
                inside: who.inside.clone(),
                timely: who.timely.clone(),
            };
            let who = std::mem::replace(&mut self.people[place], after);
            for line in &journey[who.lines..] {
                let (moved, entered) = match &line.what {
                    JourneyKind::SegmentEntered(to) => (to, true),
                    JourneyKind::SegmentLeft(from) => (from, false),
                    _ => continue,
                };
                let (key, at) = (moved.segment.as_str(), line.at);
                let inside = &mut self.people[place].inside;
                let turns = if entered { inside.insert(key.to_owned()) } else { inside.remove(key) };
                assert!(turns, "{key} is {entered} of {id} twice, at {at}\n{self:?}");
                if moved.cause == "time" {
                    // Time goes first: nothing else of this commit counted then.
                    self.counts.by_time += 1;
                    assert_eq!(self.is(&who, key, at), entered, "{key} of {id} at {at}\n{self:?}");
                    if !self.was_set_back {
                        assert_ne!(self.is(&who, key, at.plus_micros(-1)), entered, "{key} of {id} has no boundary at {at}\n{self:?}");
                    }
                    let is_new = self.people[place].timely.insert((key.to_owned(), at));
                    assert!(is_new || self.was_set_back, "{key} of {id} moves twice at {at}\n{self:?}");
                } else {
                    assert_eq!(self.is(&self.people[place], key, at), entered, "{key} of {id} at {at}: {}\n{self:?}", moved.cause);
                }
            }
            let who = &self.people[place];
            assert!(who.inside.iter().eq(who.contact.memberships.keys()), "the journey of {id} leads to their record\n{self:?}");
            self.told_by_a_switch(place, &said);
        }
    }

    /// What the skill said of the segments somebody is in.
    fn told_by_a_switch(&mut self, place: usize, said: &[TranscriptEntry]) {
        let of_bot = said.iter().filter_map(|line| match line {
            TranscriptEntry::Message(m) if matches!(m.author, Author::Bot { .. }) => Some((m.at, m.content.text.as_str())),
            TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
        });
        let (mut keys, who) = (BTreeSet::new(), &self.people[place]);
        for (at, text) in of_bot {
            if text == files::DONE {
                let expected: BTreeSet<&str> = self.keys().filter(|key| self.is(who, key, at)).collect();
                assert_eq!(keys, expected, "what the SWITCH saw of {} at {at}\n{self:?}", who.contact.id);
                self.counts.switches += 1;
                return;
            }
            keys.insert(text);
        }
    }

    /// Whoever asks is told what is so now. While the clock is behind, what was told before stays told: it is so at an instant that
    /// the clock told already.
    fn check(&mut self) {
        assert_eq!(self.world.stopped, None);
        let now = self.world.now;
        self.told.insert(now);
        let mut ahead = 0;
        for key in self.keys() {
            let mut members = Vec::new();
            for who in &self.people {
                let id = who.contact.id;
                let told = self.world.core.is_member(id, key);
                if told {
                    members.push(id);
                }
                let is_so = self.told.range(now..).any(|at| self.is(who, key, *at) == told);
                assert!(is_so, "{key} is {told} of {id} at {now}\n{self:?}");
                ahead += usize::from(told != who.contact.memberships.contains_key(key));
            }
            assert_eq!(self.world.core.segment_size(key), members.len() as u64, "{key} at {now}\n{self:?}");
            assert_eq!(self.world.core.members_of(key).page(None, 10).ids, members, "{key} at {now}\n{self:?}");
        }
        self.counts.ahead += ahead;
    }

    /// Everything becomes durable, and the clock is right again.
    fn end(&mut self) {
        self.slow = false;
        let furthest = *self.told.last().unwrap();
        self.pass(furthest);
        self.check();
        let ids: Vec<ContactId> = self.people.iter().map(|who| who.contact.id).collect();
        for (id, key) in ids.iter().flat_map(|id| self.keys().map(move |key| (*id, key))) {
            let who = self.people.iter().find(|who| who.contact.id == id).unwrap();
            assert_eq!(who.inside.contains(key), self.is(who, key, furthest), "{key} of {id} in the end\n{self:?}");
        }
        assert_eq!(self.world.store.held(), 0);
        assert_eq!(self.world.core.stray_memberships(), [], "INV-5\n{self:?}");
    }
}

impl fmt::Debug for Life<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = String::new();
        for rule in &self.town.rules {
            let (source, verified) = (rule.source.as_deref().unwrap_or("-"), if rule.verified { ", verified" } else { "" });
            writeln!(told, "{}: {source} except {:?}{verified}", rule.key, rule.exclude)?;
        }
        for who in &self.people {
            let sketch = people::World { contact: who.contact.clone(), events: who.events.clone(), now: self.world.now };
            write!(told, "{} in {:?}, judged {}\n{sketch:?}", who.contact.id, who.contact.memberships, who.contact.judged)?;
        }
        write!(f, "in {:?}, up to {:?}\n{told}", self.town.zone.iana_name(), self.told.last())
    }
}

/// A life of so many events.
fn live(seed: u64, events: usize) -> Counts {
    let numbers = drawn(seed, 4_000);
    let mut c = Choices::new(&numbers);
    let mut town = Town::new(c.pick(&ZONES));
    town.rules = rules::segments(&mut c, &town);
    // A bot with a broken segment is no bot.
    town.rules = town.rules.iter().filter(|rule| !town.is_broken(&rule.key)).cloned().collect();
    let sets_back = c.once_in(3);
    let mut life = Life::new(&mut c, &town, seed);
    life.look();
    life.check();
    for _ in 0..events {
        life.event(&mut c, sets_back);
    }
    life.end();
    life.counts
}

#[test]
fn whoever_asks_is_told_at_every_instant_what_a_recount_says() {
    let (from, count) = (option("INSTANTS_SEED"), option("INSTANTS_COUNT"));
    let mut all = Counts::default();
    for seed in from.unwrap_or(0)..from.unwrap_or(0) + count.unwrap_or(100) {
        match std::panic::catch_unwind(|| live(seed, EVENTS)) {
            Ok(Counts { by_time, switches, ahead }) => {
                all = Counts { by_time: all.by_time + by_time, switches: all.switches + switches, ahead: all.ahead + ahead };
            }
            Err(_) => panic!("seed {seed} fails; replay it with INSTANTS_SEED={seed} INSTANTS_COUNT=1"),
        }
    }
    let Counts { by_time, switches, ahead } = all;
    assert!(count.is_some() || (by_time > 1_000 && switches > 80 && ahead > 50), "{by_time} by time, {switches} told, {ahead} ahead");
}

fn option(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
