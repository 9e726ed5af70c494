//! Segments that look into one another, exclude one another and hold lists, over random people: who is in which, when time
//! next carries somebody in or out, and which segments a change concerns.

mod common;

use common::choices::Choices;
use common::naive::Naive;
use common::people::{self, Ground, World, ZONES};
use common::plain::Plain;
use common::town::Town;
use common::{cases, rules, walk};
use expr::{Fuel, Truth};
use model::{Instant, TagKey};
use proptest::prelude::*;
use segments::{DEEPEST, Origin, Ration, Rule, RuleKind, Set, Touch};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use switchboard_segments as segments;

fn naive_members(town: &Town, world: &World, now: Instant) -> BTreeSet<String> {
    let naive = Naive::new(town, &world.contact, &world.events, now);
    town.rules.iter().filter(|rule| naive.member(&rule.key) == Some(true)).map(|rule| rule.key.clone()).collect()
}

fn members(town: &Town, set: &Set, world: &World, now: Instant) -> BTreeSet<String> {
    let who = Plain::new(town, &world.contact, &world.events, now).within(set);
    let is = |key: &str| set.is_member(key, &who, &mut Fuel::new(10_000_000)) == Truth::True;
    set.iter().filter(|rule| is(&rule.key)).map(|rule| rule.key.clone()).collect()
}

fn told(town: &Town, world: &World) -> String {
    let rules: Vec<String> = town
        .rules
        .iter()
        .map(|rule| {
            format!(
                "{}: {} except {:?}{}",
                rule.key,
                rule.source.as_deref().unwrap_or("-"),
                rule.exclude,
                if rule.verified { ", verified" } else { "" }
            )
        })
        .collect();
    format!("{}\nin {:?}\n{world:?}", rules.join("\n"), town.zone.iana_name())
}

fn made(c: &mut Choices<'_>) -> (Town, Ground, World) {
    static TOWNS: std::sync::OnceLock<Vec<Town>> = std::sync::OnceLock::new();
    let towns = TOWNS.get_or_init(|| ZONES.iter().map(|zone| Town::new(zone)).collect());
    let mut town = towns[c.below(towns.len())].clone();
    town.rules = rules::segments(c, &town);
    let ground = Ground::new(c, &town.zone);
    let mut world = people::world(c, &ground, 1);
    // Nothing is recorded before it happens.
    let now = world.now;
    world.events.retain(|event| event.at <= now);
    (town, ground, world)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::with_cases(cases(150)) })]

    #[test]
    fn segments_have_the_members_of_a_naive_recount_at_every_instant(drawn in prop::collection::vec(any::<u16>(), 0..400)) {
        let mut c = Choices::new(&drawn);
        let (town, _, world) = made(&mut c);
        let set = town.set();
        let conditions: Vec<&Json> = town.rules.iter().filter_map(|rule| rule.json.as_ref()).collect();
        let keys: Vec<&str> = town.rules.iter().map(|rule| rule.key.as_str()).collect();
        let mut seen = Vec::new();
        for at in walk::instants(&mut c, &town, &world, &conditions) {
            let expected = naive_members(&town, &world, at);
            prop_assert_eq!(members(&town, &set, &world, at), expected.clone(), "at {}\n{}", at, told(&town, &world));
            let who = Plain::new(&town, &world.contact, &world.events, at).within(&set);
            let flip = set.next_flip(keys.iter().copied(), &who, &mut Ration::new(10_000_000));
            prop_assert!(flip.is_none_or(|flip| flip > at));
            seen.push((at, expected, flip));
        }
        let mut change: Option<Instant> = None;
        for pair in seen.windows(2).rev() {
            let [(from, before, flip), (to, after, _)] = pair else { continue };
            if before != after {
                change = Some(walk::first(*from, *to, |at| naive_members(&town, &world, at) != *before));
            }
            if let Some(change) = change {
                prop_assert!(flip.is_some_and(|flip| flip <= change), "at {}: told {:?}, came {}\n{}", from, flip, change, told(&town, &world));
            }
        }
    }

    /// What a change may have changed is never left out of what is judged again.
    #[test]
    fn a_change_concerns_every_segment_whose_members_it_changes(drawn in prop::collection::vec(any::<u16>(), 0..400)) {
        let mut c = Choices::new(&drawn);
        let (town, ground, before) = made(&mut c);
        let set = town.set();
        let mut after = before.clone();
        let mut events = Vec::new();
        for serial in 0..=c.below(3) {
            alter(&mut c, &ground, &mut after, serial as u128);
        }
        events.extend(after.events.iter().skip(before.events.len()).cloned());
        let touch = Touch::between(&before.contact, &after.contact, &events);
        let touched = set.touched(&touch);
        let (was, is) = (naive_members(&town, &before, before.now), naive_members(&town, &after, before.now));
        for key in was.symmetric_difference(&is) {
            prop_assert!(touched.contains(&key.as_str()), "{} is left out\n{}\nafter: {:?}", key, told(&town, &before), after);
        }
        prop_assert!(was == is || !touch.is_empty());
    }
}

/// One thing that may happen to a contact.
fn alter(c: &mut Choices<'_>, ground: &Ground, world: &mut World, serial: u128) {
    let at = world.now;
    match c.below(16) {
        9 => {
            // What the channel, the site and conversations know; their zone moves what is asked by their clock.
            let (name, values) = c.pick(&people::SYSTEM);
            if world.contact.system.remove(name).is_none() {
                world.contact.system.insert(name.into(), model::Value::text(c.pick(&values)));
            }
        }
        10 => {
            let zone = c.pick(&ZONES);
            world.contact.system.insert("timezone".into(), model::Value::text(zone));
        }
        11 => {
            let counter = c.pick(&people::COUNTERS);
            world.contact.system.insert(counter.into(), model::Value::Number(c.below(5).into()));
        }
        12 => {
            let topic = c.pick(&people::TOPICS);
            if world.contact.consents.remove(topic).is_none() {
                let consent = people::consent(c, at);
                world.contact.consents.insert(topic.into(), consent);
            }
        }
        13 => {
            let text = c.pick(&["a cat", "Straße 9"]).to_owned();
            world.contact.notes.push(model::Note { at, by: model::Actor::System, text });
        }
        14 => {
            let first = &mut world.contact.addresses[0];
            first.unreachable = if first.unreachable.is_some() { None } else { Some((at, "blocked".into())) };
        }
        15 => {
            let address = model::Address { channel: c.pick(&common::town::CHANNELS).into(), id: "y".into() };
            world.contact.addresses.push(model::Reach { address, unreachable: None });
        }
        0 | 1 => {
            let at = ground.instant(c).min(at);
            world.events.push(people::event(c, ground, at, 100 + serial));
        }
        2 | 3 => {
            let names = ["orders", "city", "vip", "birthday", "last_order", "plan", "tier", "interests", "home", "tongue", "site", "email"];
            let name = c.pick(&names);
            people::change(c, ground, &mut world.contact, name, at);
        }
        4 => {
            let key = TagKey::of(c.pick(&["gold", "helped", "Größe"]));
            if world.contact.tags.remove(&key).is_none() {
                let tag = model::Tag { label: key.as_str().into(), at, by: model::Actor::System, why: None };
                world.contact.tags.insert(key, tag);
            }
        }
        5 => world.contact.status = c.pick(&people::STATUSES).into(),
        6 => {
            world.contact.ran.insert(c.pick(&people::SKILLS).into(), at);
        }
        7 => world.contact.last_seen = world.contact.last_seen.max(at),
        _ => {
            if world.contact.lists.remove("listed").is_none() {
                world.contact.lists.insert("listed".into(), at);
            }
        }
    }
}

/// A list, less whoever is in the segments of the other keys.
fn without(key: String, exclude: Vec<String>) -> Rule {
    let name = key.clone();
    Rule { key, name, description: None, kind: RuleKind::List, exclude, verified: false, origin: Origin::Stored, meaning: String::new() }
}

/// Segments `s1`, `s2`, …, each of which looks into the one before it; the first looks into these.
fn chain(length: usize, into: &[&str]) -> Vec<Rule> {
    let below = |n: usize| if n == 1 { into.iter().map(|key| (*key).to_owned()).collect() } else { vec![format!("s{}", n - 1)] };
    (1..=length).map(|n| without(format!("s{n}"), below(n))).collect()
}

#[test]
fn segments_look_into_one_another_so_deep_and_no_deeper() {
    let invalid = |rules: Vec<Rule>| -> Vec<(String, String)> {
        let set = Set::new(rules);
        let told = |rule: &Rule| match &rule.kind {
            RuleKind::Invalid(why) => Some((rule.key.clone(), why.clone())),
            RuleKind::List | RuleKind::Where(_) => None,
        };
        set.iter().filter_map(told).collect()
    };
    let too_deep = |keys: &[&str]| -> Vec<(String, String)> {
        keys.iter().map(|key| ((*key).to_owned(), "it looks through more than 32 others".to_owned())).collect()
    };
    assert_eq!(invalid(chain(DEEPEST, &[])), []);
    assert_eq!(invalid(chain(DEEPEST + 1, &[])), too_deep(&["s33"]));
    assert_eq!(invalid(chain(DEEPEST + 2, &[])), too_deep(&["s33", "s34"]));
    // What is put below all of them counts for the last.
    let mut raised = chain(DEEPEST, &["base"]);
    raised.push(without("base".to_owned(), Vec::new()));
    assert_eq!(invalid(raised), too_deep(&["s32"]));
    // Each asks twice for the one below it, so what is judged for the fourteenth is twice as much as for the thirteenth.
    let twice = |length: usize| -> Vec<Rule> {
        let mut rules = chain(length, &[]);
        rules.iter_mut().for_each(|rule| rule.exclude.extend_from_within(..));
        rules
    };
    let too_often = |keys: &[&str]| -> Vec<(String, String)> {
        keys.iter().map(|key| ((*key).to_owned(), "more than 10000 segments would have to be judged for it".to_owned())).collect()
    };
    assert_eq!(invalid(twice(13)), []);
    assert_eq!(invalid(twice(15)), too_often(&["s14", "s15"]));
    // As many as can be stored: to follow them one within the other would take more than a thread has.
    assert_eq!(Set::new(chain(1_000, &[])).order().len(), DEEPEST);
}
