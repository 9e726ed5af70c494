//! Everybody at once: what the columns answer, who is in what as changes and time go by, and what a snapshot still says
//! afterwards are what a naive recount of each contact says.

mod common;

use common::choices::{self, Choices};
use common::naive::Naive;
use common::people::{self, Ground, World, ZONES};
use common::rules::{self, Taste};
use common::town::Town;
use common::{cases, walk};
use expr::Condition;
use model::{ContactId, EventRecord, Instant};
use proptest::prelude::*;
use segments::{Book, Flips, Members, Ration, Set, Snapshot, Touch};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use switchboard_segments as segments;

fn towns() -> &'static [Town] {
    static TOWNS: std::sync::OnceLock<Vec<Town>> = std::sync::OnceLock::new();
    TOWNS.get_or_init(|| ZONES.iter().map(|zone| Town::new(zone)).collect())
}

/// People on the same ground; what was recorded of them has happened by `now`.
fn people(seeds: &[u64], ground: &Ground, now: Instant) -> Vec<World> {
    let person = |(place, seed): (usize, &u64)| {
        let numbers = choices::drawn(*seed, 400);
        let mut world = people::world(&mut Choices::new(&numbers), ground, place as u128 + 1);
        world.events.retain(|event| event.at <= now);
        world.now = now;
        world
    };
    seeds.iter().enumerate().map(person).collect()
}

fn book_of(people: &[World]) -> Book {
    let mut book = Book::new();
    for world in people {
        book.put(&world.contact);
        // In two halves, so that late ones come late.
        let (first, second) = world.events.split_at(world.events.len() / 2);
        book.add_events(world.contact.id, first);
        book.add_events(world.contact.id, second);
    }
    book
}

fn told(town: &Town, source: &str, now: Instant) -> String {
    let rules: Vec<String> = town
        .rules
        .iter()
        .map(|rule| format!("{}: {} except {:?}", rule.key, rule.source.as_deref().unwrap_or("-"), rule.exclude))
        .collect();
    format!("{source}\nin {:?} at {now}\n{}", town.zone.iana_name(), rules.join("\n"))
}

/// Asks the columns, and everybody one by one.
fn asked(
    town: &Town,
    set: &Set,
    snapshot: &Snapshot,
    people: &[World],
    condition: &Condition,
    source: &str,
    now: Instant,
) -> Result<(), TestCaseError> {
    let json = condition.to_json();
    let verdict = |world: &World| Naive::new(town, &world.contact, &world.events, now).judge(&json);
    let holds: BTreeSet<ContactId> = people.iter().filter(|world| verdict(world) == Some(true)).map(|world| world.contact.id).collect();
    let unknown = people.iter().filter(|world| verdict(world).is_none()).count();
    let answer = snapshot.ask(condition, set, town, now, 5);
    let selected: BTreeSet<ContactId> = snapshot.select(condition, set, town, now).iter().collect();
    if selected != holds {
        let wrong = selected.symmetric_difference(&holds).next().expect("somebody");
        let world = people.iter().find(|world| world.contact.id == *wrong).expect("somebody who is there");
        let text = told(town, source, now);
        prop_assert!(false, "{text}\nthe columns say {} of\n{world:?}", selected.contains(wrong));
    }
    prop_assert_eq!(answer.contacts, people.len() as u64);
    prop_assert_eq!(answer.matched, holds.len() as u64, "{}", told(town, source, now));
    prop_assert_eq!(answer.unknown, unknown as u64, "unknown: {}", told(town, source, now));
    prop_assert_eq!(answer.sample.len(), holds.len().min(5));
    prop_assert!(answer.sample.iter().all(|id| holds.contains(id)));
    Ok(())
}

fn owned(is: Vec<(&str, bool)>) -> Vec<(String, bool)> {
    is.into_iter().map(|(key, is)| (key.to_owned(), is)).collect()
}

/// The runtime's part: what is kept of memberships, as changes and time go by.
struct Kept<'t> {
    town: &'t Town,
    set: Set,
    people: Vec<World>,
    book: Book,
    members: Members,
    now: Instant,
}

impl Kept<'_> {
    fn note(&mut self, id: ContactId, is: &[(String, bool)], flips: &Flips) {
        let is = is.iter().map(|(key, is)| (key.as_str(), *is));
        self.members.set_members(&self.book, id, is);
        self.members.schedule_flips(&self.book, id, flips);
    }

    /// An instant came at which time alone may have moved them.
    fn look(&mut self, id: ContactId, at: Instant) {
        let row = self.book.who(id, at, self.town, &self.set).expect("a contact of the book");
        let flips = self.members.flips_at(&self.book, id, Some(at));
        let mut ration = Ration::new(10_000_000);
        let is = owned(self.set.judge_due(&flips, at, &row, &mut ration));
        let flips = self.set.flips_after(&flips, at, &row, &mut ration);
        drop(row);
        self.note(id, &is, &flips);
    }

    /// Something about them changed.
    fn judge(&mut self, id: ContactId, touch: &Touch<'_>) {
        let row = self.book.who(id, self.now, self.town, &self.set).expect("a contact of the book");
        let flips = self.members.flips(&self.book, id);
        let (is, flips) = self.set.judge_touched(touch, &flips, &row, &mut Ration::new(10_000_000));
        let is = owned(is);
        drop(row);
        self.note(id, &is, &flips);
    }

    /// Time goes on, as the runtime follows it.
    fn pass(&mut self, until: Instant) -> Result<(), TestCaseError> {
        let mut rounds = 0;
        while self.members.next_due().is_some_and(|at| at <= until) {
            let due = self.members.take_due(&self.book, until, 3);
            prop_assert!(due.is_sorted_by_key(|(_, at)| *at));
            for (id, at) in due {
                prop_assert!(at <= until && at > self.now.plus_micros(-1), "due at {at}, between {} and {until}", self.now);
                self.look(id, at);
            }
            rounds += 1;
            prop_assert!(rounds < 20_000, "time does not go on\n{}", told(self.town, "", self.now));
        }
        self.now = until;
        Ok(())
    }

    /// Something happens to somebody.
    fn change(&mut self, c: &mut Choices<'_>, ground: &Ground) {
        let place = c.below(self.people.len());
        let before = self.people[place].clone();
        let world = &mut self.people[place];
        let mut events: Vec<EventRecord> = Vec::new();
        if c.once_in(2) {
            let at = ground.instant(c).min(self.now);
            events.push(people::event(c, ground, at, 100));
            world.events.extend(events.iter().cloned());
            self.book.add_events(world.contact.id, &events);
        } else {
            let name =
                c.pick(&["orders", "city", "vip", "birthday", "last_order", "plan", "tier", "interests", "home", "tongue", "balance"]);
            people::change(c, ground, &mut world.contact, name, self.now);
            world.contact.status = c.pick(&people::STATUSES).into();
            self.book.change(&before.contact, &world.contact);
        }
        let after = world.contact.clone();
        self.judge(after.id, &Touch::between(&before.contact, &after, &events));
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for key in self.set.order() {
            let member = |world: &&World| Naive::new(self.town, &world.contact, &world.events, self.now).member(key) == Some(true);
            let expected: BTreeSet<ContactId> = self.people.iter().filter(member).map(|world| world.contact.id).collect();
            let is: BTreeSet<ContactId> =
                self.people.iter().map(|world| world.contact.id).filter(|id| self.members.is_member(&self.book, *id, key)).collect();
            if let Some(wrong) = is.symmetric_difference(&expected).next() {
                let world = self.people.iter().find(|world| world.contact.id == *wrong).expect("somebody");
                prop_assert!(false, "{key}: {} of {wrong}, {}\n{world:?}", is.contains(wrong), told(self.town, key, self.now));
            }
            prop_assert_eq!(self.members.size(key), expected.len() as u64);
            // Pages of them, one after the other.
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let page = self.members.of(&self.book, key).page(after, 3);
                paged.extend(page.ids);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(paged, expected.iter().copied().collect::<Vec<_>>(), "pages of {}", key);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::with_cases(cases(40)) })]

    #[test]
    fn any_condition_over_everybody_counts_what_a_recount_counts(
        drawn in prop::collection::vec(any::<u16>(), 0..260),
        seeds in prop::collection::vec(any::<u64>(), 1..24),
    ) {
        let mut c = Choices::new(&drawn);
        let depth = c.below(3);
        let source = rules::condition(&mut c, depth, Taste { events: true, segments: true });
        let towns = towns();
        let mut town = towns[c.below(towns.len())].clone();
        town.rules = rules::segments(&mut c, &town);
        let condition = town.condition(&source);
        let set = town.set();
        let ground = Ground::new(&mut c, &town.zone);
        let now = ground.instant(&mut c);
        let people = people(&seeds, &ground, now);
        let snapshot = book_of(&people).snapshot();
        let json = condition.to_json();
        let mut instants: Vec<Instant> = people.iter().take(4).flat_map(|world| walk::instants(&mut c, &town, world, &[&json])).collect();
        instants.truncate(40);
        for now in (0..6).map(|_| c.pick(&instants)).collect::<BTreeSet<_>>() {
            asked(&town, &set, &snapshot, &people, &condition, &source, now)?;
        }
    }

    #[test]
    fn what_time_will_do_is_told_beforehand_and_followed_all_the_same(
        drawn in prop::collection::vec(any::<u16>(), 0..400),
        seeds in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let mut c = Choices::new(&drawn);
        let towns = towns();
        let mut town = towns[c.below(towns.len())].clone();
        town.rules = rules::segments(&mut c, &town);
        let ground = Ground::new(&mut c, &town.zone);
        let now = ground.instant(&mut c);
        let people = people(&seeds, &ground, now);
        let book = book_of(&people);
        let set = town.set();
        let mut members = Members::default();
        members.rebuild(&book.snapshot(), &set, &town, now);
        let conditions: Vec<&Json> = town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect();
        let instants = walk::instants(&mut c, &town, &people[0], &conditions);
        let later = c.pick(&instants).clamp(now, now.plus_micros(40 * 86_400_000_000));
        members.foretell(&book.snapshot(), &set, &town, later);
        let mut kept = Kept { town: &town, set, people, book, members, now: later };
        kept.check()?;
        kept.now = now;
        kept.pass(later)?;
        kept.check()?;
    }

    #[test]
    fn members_are_those_of_a_recount_as_changes_and_time_go_by(
        drawn in prop::collection::vec(any::<u16>(), 0..400),
        seeds in prop::collection::vec(any::<u64>(), 1..8),
    ) {
        let mut c = Choices::new(&drawn);
        let towns = towns();
        let mut town = towns[c.below(towns.len())].clone();
        town.rules = rules::segments(&mut c, &town);
        let ground = Ground::new(&mut c, &town.zone);
        let now = ground.instant(&mut c);
        let people = people(&seeds, &ground, now);
        let book = book_of(&people);
        let set = town.set();
        let mut members = Members::default();
        members.rebuild(&book.snapshot(), &set, &town, now);
        let (old, then) = (book.snapshot(), people.clone());
        let mut kept = Kept { town: &town, set, people, book, members, now };
        kept.check()?;
        let conditions: Vec<&Json> = town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect();
        for _ in 0..2 + c.below(6) {
            if c.once_in(3) {
                kept.change(&mut c, &ground);
            } else {
                let someone = c.below(kept.people.len());
                let world = World { now: kept.now, ..kept.people[someone].clone() };
                let later = walk::instants(&mut c, &town, &world, &conditions);
                let until = match kept.members.next_due() {
                    // A microsecond before somebody is due, and then.
                    Some(due) if c.once_in(2) && due > kept.now => due.plus_micros(-i64::from(c.once_in(2))),
                    _ => c.pick(&later),
                };
                // Some conditions wake every hour: years of that are left to patience.
                kept.pass(until.clamp(kept.now, kept.now.plus_micros(40 * 86_400_000_000)))?;
            }
            kept.check()?;
        }
        // What was taken before still says what it said then.
        for key in kept.set.order() {
            let inside = town.condition(&format!("in segment {key}"));
            asked(&town, &kept.set, &old, &then, &inside, key, now)?;
        }
        // And whoever is gone is in nothing.
        let gone = kept.people.remove(0).contact.id;
        kept.members.remove(&kept.book, gone);
        kept.book.remove(gone);
        kept.check()?;
        kept.pass(kept.now.plus_micros(40 * 86_400_000_000))?;
        kept.check()?;
    }
}

/// More people than stand in one chunk of the book, some of whom left.
#[test]
fn people_of_several_chunks_are_all_counted() {
    let mut town = Town::new("Europe/Madrid");
    let numbers = choices::drawn(7, 2_000);
    let mut c = Choices::new(&numbers);
    town.rules = rules::segments(&mut c, &town);
    let set = town.set();
    let ground = Ground::new(&mut c, &town.zone);
    let now = ground.instant(&mut c);
    let seeds: Vec<u64> = (0..2_500).collect();
    let mut everybody = people(&seeds, &ground, now);
    let mut book = book_of(&everybody);
    for place in (0..everybody.len()).rev().filter(|place| place % 7 == 3) {
        let gone = everybody.remove(place).contact.id;
        book.remove(gone);
        assert!(!book.contains(gone));
    }
    assert_eq!(book.len(), everybody.len());
    let snapshot = book.snapshot();
    let sources = [
        "orders >= 2 and plan is not gold",
        "count(purchase, last 30 days) >= 1 or has tag gold",
        "city contains \"a\"",
        "not (last_order within 7 days)",
        "sum(purchase.total) > 10 and reachable",
        "in segment one or in segment four",
    ];
    for source in sources {
        let condition = town.condition(source);
        asked(&town, &set, &snapshot, &everybody, &condition, source, now).unwrap_or_else(|e| panic!("{e}"));
    }
    let mut members = Members::default();
    members.rebuild(&snapshot, &set, &town, now);
    let counted = |members: &Members, now: Instant| {
        for key in set.order() {
            let expected = everybody.iter().filter(|w| Naive::new(&town, &w.contact, &w.events, now).member(key) == Some(true)).count();
            assert_eq!(members.size(key), expected as u64, "{key}");
        }
    };
    counted(&members, now);
    let later = now.plus_micros(40 * 86_400_000_000);
    members.foretell(&snapshot, &set, &town, later);
    counted(&members, later);
}
