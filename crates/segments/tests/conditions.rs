//! Random conditions over random histories at random instants: the product's evaluator means what the naive one says, and
//! says no later than it happens when time alone changes a verdict.

mod common;

use common::choices::Choices;
use common::naive::Naive;
use common::people::{self, Ground, World, ZONES};
use common::plain::Plain;
use common::rules::{self, Taste};
use common::town::Town;
use common::{cases, truth, walk};
use expr::{Condition, EvalError, Fuel, Truth};
use model::Instant;
use proptest::prelude::*;
use serde_json::Value as Json;
use switchboard_segments as segments;

/// Towns differ in their zone alone.
fn towns() -> &'static [Town] {
    static TOWNS: std::sync::OnceLock<Vec<Town>> = std::sync::OnceLock::new();
    TOWNS.get_or_init(|| ZONES.iter().map(|zone| Town::new(zone)).collect())
}

struct Case<'w> {
    town: &'w Town,
    world: World,
    source: String,
    condition: Condition,
    json: Json,
}

impl Case<'_> {
    fn plain(&self, now: Instant) -> Plain<'_> {
        Plain::new(self.town, &self.world.contact, &self.world.events, now)
    }

    fn naive(&self, now: Instant) -> (Truth, bool) {
        let naive = Naive::new(self.town, &self.world.contact, &self.world.events, now);
        let verdict = truth(naive.judge(&self.json));
        (verdict, naive.troubled.get())
    }

    /// The verdict at an instant, on which everybody agrees.
    fn agreed(&self, now: Instant) -> Result<Truth, TestCaseError> {
        let (expected, troubled) = self.naive(now);
        let at = format!("{}\nin {:?} at {now}\n{:?}", self.source, self.town.zone.iana_name(), self.world);
        let facts = self.plain(now);
        match self.condition.eval(&facts, &mut Fuel::new(1_000_000)) {
            Ok(verdict) => prop_assert_eq!(verdict, expected, "{}", at),
            // Arithmetic without an answer stops an evaluation; the naive one goes on.
            Err(EvalError::Arithmetic(_)) => prop_assert!(troubled, "an error that the naive evaluator does not see: {at}"),
            Err(EvalError::OutOfFuel) => prop_assert!(false, "out of fuel: {at}"),
        }
        let explained = self.condition.explain(&facts, &mut Fuel::new(1_000_000)).verdict;
        prop_assert_eq!(explained, expected, "explained: {}", at);
        Ok(expected)
    }

    fn flip(&self, now: Instant) -> Result<Option<Instant>, TestCaseError> {
        let flip = self.condition.next_flip(&self.plain(now), &mut Fuel::new(1_000_000));
        prop_assert!(flip.is_none_or(|flip| flip > now), "{} flips at {:?}, which is not after {}", self.source, flip, now);
        Ok(flip)
    }

    /// From instant to instant: where the verdict differs, a flip was foretold, and no later than it came.
    fn walk(&self, c: &mut Choices<'_>) -> Result<(), TestCaseError> {
        let mut instants = walk::instants(c, self.town, &self.world, &[&self.json]);
        if let Some(flip) = self.flip(self.world.now)? {
            instants.extend([flip.plus_micros(-1), flip, flip.plus_micros(1)]);
            instants.retain(|at| *at >= self.world.now);
            instants.sort_unstable();
            instants.dedup();
        }
        let mut seen = Vec::new();
        for at in instants {
            seen.push((at, self.agreed(at)?, self.flip(at)?));
        }
        // The first change after each.
        let mut change: Option<Instant> = None;
        for pair in seen.windows(2).rev() {
            let [(from, before, flip), (to, after, _)] = pair else { continue };
            if before != after {
                let exact = walk::first(*from, *to, |at| self.naive(at).0 != *before);
                self.agreed(exact)?;
                self.agreed(exact.plus_micros(-1))?;
                change = Some(exact);
            }
            if let Some(change) = change {
                let told = flip.is_some_and(|flip| flip <= change);
                prop_assert!(
                    told,
                    "{}\nin {:?}: at {} the next flip was said to be {:?}, and it came at {}\n{:?}",
                    self.source,
                    self.town.zone.iana_name(),
                    from,
                    flip,
                    change,
                    self.world
                );
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::with_cases(cases(350)) })]

    #[test]
    fn windows_open_and_close_where_the_naive_evaluator_says(drawn in prop::collection::vec(any::<u16>(), 0..200)) {
        let mut c = Choices::new(&drawn);
        let towns = towns();
        let town = &towns[c.below(towns.len())];
        let source = rules::timely(&mut c);
        let ground = Ground::new(&mut c, &town.zone);
        let mut world = people::world(&mut c, &ground, 1);
        for name in ["last_order", "birthday", "appointment"] {
            let at = world.now;
            people::change(&mut c, &ground, &mut world.contact, name, at);
        }
        let now = world.now;
        world.events.retain(|event| event.at <= now);
        let condition = town.condition(&source);
        let json = condition.to_json();
        Case { town, world, source, condition, json }.walk(&mut c)?;
    }

    #[test]
    fn conditions_mean_the_same_to_the_naive_evaluator_at_every_instant(drawn in prop::collection::vec(any::<u16>(), 0..260)) {
        let mut c = Choices::new(&drawn);
        let depth = c.below(3);
        let source = rules::condition(&mut c, depth, Taste { events: true, segments: false });
        let towns = towns();
        let town = &towns[c.below(towns.len())];
        let condition = town.condition(&source);
        let ground = Ground::new(&mut c, &town.zone);
        let world = people::world(&mut c, &ground, 1);
        let json = condition.to_json();
        let mut case = Case { town, world, source, condition, json };
        // What is recorded for later does not count yet. Nobody records such a thing, so no flip foretells it.
        case.agreed(case.world.now)?;
        case.agreed(ground.instant(&mut c))?;
        let now = case.world.now;
        case.world.events.retain(|event| event.at <= now);
        case.walk(&mut c)?;
        let (again, _) = Condition::from_json(&case.json, town).expect("its own form can be read");
        prop_assert_eq!(again, case.condition, "the JSON form");
    }
}
