//! One webhook's queue in memory: a lane for each contact, whose first delivery alone may be under way, and when each may leave.
//!
//! What is to be said stays in the store; here are numbers. A number is larger the later something happened.
//!
//! **When something does not arrive** it is tried again after 5 s, 30 s, 2 min, 10 min, 30 min, 1, 2, 4, 8 and 12 h, and its lane waits
//! for it, the others do not. After three failures in a row, whoever failed, the other side is taken to be down: one delivery at a time
//! tries it, at most 5 min apart, and what fails meanwhile is not counted against a delivery, nor is the time. So an outage, however
//! long, loses nothing, and a delivery that is not taken while others are is given up after ten tries, or after three days.

use super::declared::{Ended, Webhook};
use crate::outside::Posted;
use model::{ContactId, Instant};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Deliveries that wait for one webhook at the most.
pub(crate) const LIMIT: usize = 100_000;
/// Deliveries that are over and remembered.
pub(crate) const REMEMBERED: usize = 1_000;
/// Waits before the next try of a delivery, in seconds.
const WAITS: [i64; 10] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];
/// Failures in a row after which the other side is down.
const DOWN: u32 = 3;
/// Waits before it is tried again, in seconds; the last one from then on.
const DOWN_WAITS: [i64; 4] = [5, 30, 120, 300];
/// When a delivery is given up at the latest, since it first failed, outages left out: three days.
const LONGEST: i64 = 3 * 86_400_000_000;
/// The longest wait that the other side may ask for: an hour.
const LONGEST_AFTER: i64 = 3_600_000_000;
const SECOND: i64 = 1_000_000;

/// Whose deliveries are told in order; none: what concerns the webhook itself.
pub(crate) type Lane = Option<ContactId>;

/// How a delivery stands that did not arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub tries: u32,
    /// Tries that failed while others arrived.
    own: u32,
    /// How many had arrived when it last failed.
    arrived: u64,
    /// When it first failed, outages since then left out.
    since: Instant,
    pub next: Instant,
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// What an answer means for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over.
    Ended(Ended),
    /// It is tried again.
    Again,
    /// The other side wants nothing any more, ever.
    Gone,
}

/// A webhook and what waits for it.
pub(super) struct Hook {
    pub declared: Webhook,
    lanes: BTreeMap<Lane, VecDeque<u64>>,
    /// Lanes whose first delivery is under way, or whose end is being written down.
    busy: BTreeSet<Lane>,
    /// The first of each other lane: those that may leave now, and those that wait for their next try.
    ready: BTreeSet<(u64, Lane)>,
    later: BTreeSet<(Instant, u64, Lane)>,
    under_way: usize,
    waiting: usize,
    /// Those on their way to be durable.
    pub coming: usize,
    trouble: HashMap<u64, Trouble>,
    /// Failures in a row.
    streak: u32,
    arrived: u64,
    failing_since: Option<Instant>,
    closed_until: Option<Instant>,
    /// Deliveries that are remembered, oldest first.
    log: VecDeque<(u64, Lane)>,
    limit: usize,
}

impl Hook {
    pub(super) fn new(declared: Webhook) -> Self {
        Self {
            declared,
            lanes: BTreeMap::new(),
            busy: BTreeSet::new(),
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            under_way: 0,
            waiting: 0,
            coming: 0,
            trouble: HashMap::new(),
            streak: 0,
            arrived: 0,
            failing_since: None,
            closed_until: None,
            log: VecDeque::new(),
            limit: LIMIT,
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Since when nothing arrives.
    pub(super) fn failing_since(&self) -> Option<Instant> {
        self.failing_since.filter(|_| self.streak >= DOWN)
    }

    /// Whether something leaves for it.
    pub(super) fn is_on(&self) -> bool {
        self.declared.disabled.is_none() && !self.declared.deleted
    }

    /// Whether the queue takes one more.
    pub(super) fn has_room(&self) -> bool {
        self.waiting + self.coming < self.limit
    }

    /// Whether it has room enough to go on after it was full.
    pub(super) fn has_room_again(&self) -> bool {
        self.waiting + self.coming <= self.limit / 2
    }

    /// Something that is durable now waits.
    pub(super) fn push(&mut self, number: u64, lane: Lane) {
        let of = self.lanes.entry(lane).or_default();
        // Rows that come back after a commit that was refused are older than what came since.
        let at = of.partition_point(|other| *other < number);
        let head = of.front().copied();
        of.insert(at, number);
        self.waiting += 1;
        if at == 0 && !self.busy.contains(&lane) {
            if let Some(head) = head {
                self.ready.remove(&(head, lane));
                self.later.retain(|(_, other, _)| *other != head);
            }
            self.ready.insert((number, lane));
        }
    }

    /// The next delivery that may leave now.
    pub(super) fn take(&mut self, now: Instant) -> Option<(u64, Lane)> {
        if self.next_wake().is_none_or(|at| at > now) {
            return None;
        }
        while let Some((_, number, lane)) = self.later.first().copied().filter(|(at, _, _)| *at <= now) {
            self.later.pop_first();
            self.ready.insert((number, lane));
        }
        let (number, lane) = if self.streak < DOWN {
            self.ready.first().copied()?
        } else {
            // One that is never taken must not be all that is tried.
            let tries = |number: &u64| self.trouble.get(number).map_or(0, |trouble| trouble.tries);
            self.ready.iter().copied().min_by_key(|(number, _)| (tries(number), *number))?
        };
        self.ready.remove(&(number, lane));
        self.busy.insert(lane);
        self.under_way += 1;
        Some((number, lane))
    }

    /// When something may leave next; none while an answer has to come first.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let places = if self.streak >= DOWN { 1 } else { usize::from(self.declared.parallel.max(1)) };
        if !self.is_on() || self.under_way >= places {
            return None;
        }
        let first = if self.ready.is_empty() { self.later.first()?.0 } else { Instant::default() };
        Some(self.closed_until.map_or(first, |until| until.max(first)))
    }

    /// An answer came, or none.
    pub(super) fn came(&mut self, number: u64, lane: Lane, posted: &Posted, now: Instant) -> Verdict {
        self.under_way = self.under_way.saturating_sub(1);
        let (status, error, after) = match posted {
            Posted::Answered { status, after } => (Some(*status), None, *after),
            Posted::Failed { reason } => (None, Some(reason.clone()), None),
        };
        if !self.waits(number, lane) {
            // Whom it is about was forgotten meanwhile.
            self.free(lane);
            return Verdict::Again;
        }
        let trouble = self.trouble.entry(number).or_default();
        trouble.tries += 1;
        (trouble.status, trouble.error) = (status, error);
        match status {
            Some(200..=299) => {
                self.arrived += 1;
                if let Some(down) = self.failing_since() {
                    self.leave_out(down, now);
                }
                self.came_up();
                return Verdict::Ended(Ended::Delivered);
            }
            Some(410) => {
                self.free(lane);
                return Verdict::Gone;
            }
            Some(_) | None => {}
        }
        self.streak = self.streak.saturating_add(1);
        self.failing_since.get_or_insert(now);
        let first = trouble.tries == 1;
        if first {
            trouble.since = now;
        }
        // What fails while the other side is down says nothing about the delivery.
        if first || self.arrived != trouble.arrived {
            trouble.own += 1;
        }
        trouble.arrived = self.arrived;
        let tried = usize::try_from(trouble.own).unwrap_or(usize::MAX);
        let is_down = self.streak >= DOWN;
        let is_its_fault = !is_down || status.is_some_and(refuses_this_one);
        if tried >= WAITS.len() || is_its_fault && now.micros_since(trouble.since) >= LONGEST {
            return Verdict::Ended(Ended::Failed);
        }
        let wait = WAITS.get(tried.saturating_sub(1)).copied().unwrap_or(SECOND) * SECOND;
        trouble.next = now.plus_micros(wait);
        let next = trouble.next;
        if is_down {
            let nth = usize::try_from(self.streak - DOWN).unwrap_or(usize::MAX).min(DOWN_WAITS.len() - 1);
            let wait = DOWN_WAITS.get(nth).copied().unwrap_or(SECOND) * SECOND;
            self.closed_until = Some(now.plus_micros(wait));
        }
        if let Some(after) = after.filter(|_| matches!(status, Some(429 | 503))) {
            let until = now.plus_micros(after.clamp(0, LONGEST_AFTER));
            self.closed_until = Some(self.closed_until.map_or(until, |before| before.max(until)));
        }
        self.busy.remove(&lane);
        self.later.insert((next, number, lane));
        Verdict::Again
    }

    fn waits(&self, number: u64, lane: Lane) -> bool {
        self.lanes.get(&lane).and_then(VecDeque::front) == Some(&number)
    }

    /// Takes the first of a lane out; the lane rests until its end is written down. Answers how it stood.
    pub(super) fn finish(&mut self, number: u64, lane: Lane) -> Trouble {
        if self.waits(number, lane)
            && let Some(of) = self.lanes.get_mut(&lane)
        {
            of.pop_front();
            self.waiting -= 1;
        }
        self.trouble.remove(&number).unwrap_or_default()
    }

    /// A lane goes on.
    pub(super) fn free(&mut self, lane: Lane) {
        self.busy.remove(&lane);
        match self.lanes.get(&lane).map(|of| of.front().copied()) {
            Some(Some(head)) => _ = self.ready.insert((head, lane)),
            Some(None) => _ = self.lanes.remove(&lane),
            None => {}
        }
    }

    /// It is used again: what waits may leave at once.
    pub(super) fn revive(&mut self, now: Instant) {
        // However long it was not used, nothing could arrive.
        self.trouble.values_mut().for_each(|trouble| trouble.since = now);
        self.came_up();
    }

    fn came_up(&mut self) {
        (self.streak, self.failing_since, self.closed_until) = (0, None, None);
    }

    /// The time from then on until now counts against no delivery.
    fn leave_out(&mut self, from: Instant, now: Instant) {
        for trouble in self.trouble.values_mut() {
            let counted = from.micros_since(trouble.since).max(0);
            trouble.since = now.plus_micros(-counted);
        }
    }

    /// Remembers a delivery that is over; answers those that are forgotten for it.
    pub(super) fn remember(&mut self, number: u64, lane: Lane) -> Vec<u64> {
        self.log.push_back((number, lane));
        let surplus = self.log.len().saturating_sub(REMEMBERED);
        self.log.drain(..surplus).map(|(number, _)| number).collect()
    }

    /// Forgets a contact's deliveries: those that wait, and those that are over.
    pub(super) fn forget(&mut self, contact: ContactId) -> (Vec<u64>, Vec<u64>) {
        let lane = Some(contact);
        let queued: Vec<u64> = self.lanes.remove(&lane).unwrap_or_default().into();
        self.waiting -= queued.len();
        self.ready.retain(|(_, other)| *other != lane);
        self.later.retain(|(_, _, other)| *other != lane);
        queued.iter().for_each(|number| _ = self.trouble.remove(number));
        let logged = self.log.iter().filter(|(_, of)| *of == lane).map(|(number, _)| *number).collect();
        self.log.retain(|(_, of)| *of != lane);
        (queued, logged)
    }

    /// Everything that waits, newest first, before a number, at most so many, with how it stands.
    pub(super) fn listed(&self, before: u64, limit: usize) -> Vec<(u64, Trouble)> {
        let mut all: Vec<u64> = self.lanes.values().flatten().copied().filter(|number| *number < before).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.truncate(limit);
        all.into_iter().map(|number| (number, self.trouble.get(&number).cloned().unwrap_or_default())).collect()
    }

    /// All numbers that are kept: those that wait and those that are remembered.
    pub(super) fn numbers(&self) -> (Vec<u64>, Vec<u64>) {
        (self.lanes.values().flatten().copied().collect(), self.log.iter().map(|(number, _)| *number).collect())
    }
}

/// Whether an answer says that this delivery is not taken, by somebody who is up: not that the place is wrong, that it is too soon, or that
/// nobody is known there.
fn refuses_this_one(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 403 | 404 | 408 | 425 | 429)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hook(parallel: u8) -> Hook {
        Hook::new(Webhook {
            id: "whk_1".into(),
            url: "https://shop.example/hook".into(),
            events: BTreeSet::new(),
            description: String::new(),
            parallel,
            secret: "whsec_x".into(),
            before: None,
            created_at: Instant::default(),
            created_by: model::Actor::System,
            changed: None,
            version: 1,
            disabled: None,
            missed: None,
            deleted: false,
        })
    }

    fn lane(no: u128) -> Lane {
        Some(ContactId(no))
    }

    const OK: Posted = Posted::Answered { status: 200, after: None };
    const BROKEN: Posted = Posted::Answered { status: 500, after: None };

    fn at(seconds: i64) -> Instant {
        Instant::from_secs(1_790_000_000 + seconds)
    }

    #[test]
    fn a_contact_is_told_one_thing_at_a_time() {
        let mut hook = hook(8);
        hook.push(1, lane(1));
        hook.push(2, lane(1));
        hook.push(3, lane(2));
        assert_eq!((hook.take(at(0)), hook.take(at(0)), hook.take(at(0))), (Some((1, lane(1))), Some((3, lane(2))), None));
        assert_eq!(hook.came(1, lane(1), &OK, at(1)), Verdict::Ended(Ended::Delivered));
        hook.finish(1, lane(1));
        assert_eq!(hook.take(at(1)), None, "the next one waits until the end of the first is written down");
        hook.free(lane(1));
        assert_eq!(hook.take(at(1)), Some((2, lane(1))));
    }

    #[test]
    fn one_that_fails_holds_up_its_contact_alone_and_is_given_up_in_the_end() {
        let mut hook = hook(1);
        hook.push(1, lane(1));
        hook.push(2, lane(1));
        let (mut now, mut other, mut tries) = (at(0), 100, 0);
        loop {
            // Others arrive all the time.
            hook.push(other, lane(other.into()));
            assert!(now < at(40 * 3_600), "it is given up after some 29 hours");
            match hook.take(now) {
                Some((1, of)) => {
                    tries += 1;
                    match hook.came(1, of, &BROKEN, now) {
                        Verdict::Again => {}
                        verdict => {
                            assert_eq!(verdict, Verdict::Ended(Ended::Failed));
                            hook.finish(1, of);
                            hook.free(of);
                            break;
                        }
                    }
                }
                Some((number, of)) => {
                    assert_ne!(number, 2, "what comes after it waits for it");
                    assert_eq!(hook.came(number, of, &OK, now), Verdict::Ended(Ended::Delivered));
                    hook.finish(number, of);
                    hook.free(of);
                }
                None => {}
            }
            other += 1;
            now = now.plus_micros(30 * SECOND);
        }
        assert!((10..=16).contains(&tries), "{tries}");
        while let Some((number, of)) = hook.take(now) {
            hook.came(number, of, &OK, now);
            hook.finish(number, of);
            hook.free(of);
        }
        assert_eq!(hook.waiting(), 0);
    }

    #[test]
    fn an_outage_counts_against_nobody() {
        let mut hook = hook(4);
        (1..=50).for_each(|number| hook.push(number, lane(u128::from(number) % 7)));
        let (mut now, mut tries) = (at(0), 0);
        // Longer than any delivery is tried while others arrive.
        while now < at(5 * 86_400) {
            while let Some((number, of)) = hook.take(now) {
                tries += 1;
                assert_eq!(hook.came(number, of, &Posted::Failed { reason: "no connection".into() }, now), Verdict::Again);
            }
            now = hook.next_wake().expect("something waits").max(now.plus_micros(1));
        }
        assert!(hook.failing_since() == Some(at(0)) && hook.waiting() == 50);
        assert!((1_400..1_500).contains(&tries), "one try in five minutes: {tries}");
        // The first that arrives ends it. Whatever fails once more now is tried again: the outage was not its fault.
        let (number, of) = hook.take(now).expect("it may leave");
        assert_eq!(hook.came(number, of, &OK, now), Verdict::Ended(Ended::Delivered));
        hook.finish(number, of);
        hook.free(of);
        let (number, of) = hook.take(now).expect("it may leave");
        assert_eq!(hook.came(number, of, &BROKEN, now), Verdict::Again);
        let mut order: BTreeMap<Lane, Vec<u64>> = BTreeMap::new();
        let begin = now;
        while let Some(next) = hook.next_wake() {
            now = now.max(next);
            let (number, of) = hook.take(now).expect("it may leave");
            assert_eq!(hook.came(number, of, &OK, now), Verdict::Ended(Ended::Delivered));
            order.entry(of).or_default().push(number);
            hook.finish(number, of);
            hook.free(of);
        }
        assert_eq!(order.values().map(Vec::len).sum::<usize>(), 49);
        assert!(order.values().all(|numbers| numbers.is_sorted()));
        assert!(now.micros_since(begin) <= 600 * SECOND, "all of it arrives soon after");
    }

    #[test]
    fn what_is_refused_while_nothing_else_waits_is_given_up_after_three_days() {
        for (status, is_given_up) in [(400, true), (413, true), (404, false), (429, false), (503, false)] {
            let mut hook = hook(1);
            hook.push(1, lane(1));
            hook.push(2, lane(1));
            let (mut now, mut ended) = (at(0), None);
            while now < at(4 * 86_400) && ended.is_none() {
                if let Some((number, of)) = hook.take(now) {
                    assert_eq!(number, 1, "the second one waits for it");
                    let verdict = hook.came(number, of, &Posted::Answered { status, after: None }, now);
                    ended = Some(verdict).filter(|verdict| *verdict != Verdict::Again);
                }
                now = hook.next_wake().map_or(now, |next| next.max(now.plus_micros(1)));
            }
            assert_eq!(ended, is_given_up.then_some(Verdict::Ended(Ended::Failed)), "{status}");
        }
    }

    #[test]
    fn only_the_time_while_others_arrive_counts_against_a_delivery() {
        let mut hook = hook(1);
        // It fails on that day, after another one arrived.
        let fail_on = |hook: &mut Hook, day: u32| {
            let now = at(i64::from(day) * 86_400);
            hook.push(day.into(), lane(2));
            hook.later = hook.later.iter().map(|(_, number, of)| (now, *number, *of)).collect();
            let (other, of) = hook.take(now).expect("the other one is older");
            assert_eq!((other, hook.came(other, of, &OK, now)), (u64::from(day), Verdict::Ended(Ended::Delivered)));
            hook.finish(other, of);
            hook.free(of);
            let (number, of) = hook.take(now).expect("it is tried");
            hook.came(number, of, &BROKEN, now)
        };
        hook.push(1_000, lane(1));
        assert_eq!(fail_on(&mut hook, 0), Verdict::Again);
        assert_eq!(fail_on(&mut hook, 2), Verdict::Again);
        // Nobody used it for a month.
        hook.revive(at(32 * 86_400));
        assert_eq!(fail_on(&mut hook, 33), Verdict::Again);
        assert_eq!(fail_on(&mut hook, 35), Verdict::Ended(Ended::Failed), "after three days in which others arrived");
    }

    #[test]
    fn whoever_asks_to_be_left_alone_is_and_whoever_is_gone_stays_so() {
        let mut hook = hook(1);
        (1..4).for_each(|number| hook.push(number, lane(u128::from(number))));
        let (number, of) = hook.take(at(0)).unwrap();
        hook.came(number, of, &Posted::Answered { status: 429, after: Some(90 * SECOND) }, at(0));
        assert_eq!((hook.take(at(89)), hook.next_wake()), (None, Some(at(90))));
        let (number, of) = hook.take(at(90)).unwrap();
        assert_eq!(hook.came(number, of, &Posted::Answered { status: 410, after: None }, at(90)), Verdict::Gone);
        hook.declared.disabled = Some(super::super::declared::Disabled { at: at(90), why: "gone".into() });
        assert_eq!((hook.take(at(99_999)), hook.next_wake(), hook.waiting()), (None, None, 3));
    }

    #[test]
    fn the_queue_is_bounded_and_so_is_the_log() {
        let mut hook = hook(1);
        hook.limit = 4;
        (1..4).for_each(|number| hook.push(number, lane(1)));
        assert!(hook.has_room() && !hook.has_room_again());
        hook.coming = 1;
        assert!(!hook.has_room());
        let forgotten: usize = (0..REMEMBERED as u64 + 5).map(|number| hook.remember(number, None).len()).sum();
        assert_eq!((forgotten, hook.log.len()), (5, REMEMBERED));
    }

    proptest! {
        /// Whatever answers come, each contact's deliveries arrive in order, each once.
        #[test]
        fn order_is_kept(lanes in prop::collection::vec(0_u128..5, 1..60), answers in prop::collection::vec(0_u8..4, 0..200), parallel in 1_u8..9) {
            let mut hook = hook(parallel);
            for (number, of) in (1..).zip(&lanes) {
                hook.push(number, lane(*of));
            }
            let (mut now, mut arrived, mut out) = (at(0), Vec::new(), VecDeque::new());
            let mut answers = answers.into_iter();
            while hook.waiting() > 0 {
                while let Some(left) = hook.take(now) {
                    out.push_back(left);
                }
                prop_assert!(out.len() <= usize::from(parallel));
                let Some((number, of)) = out.pop_front() else {
                    now = hook.next_wake().expect("something waits").max(now);
                    continue;
                };
                let posted = match answers.next() {
                    Some(0) => Posted::Failed { reason: "no answer".into() },
                    Some(1) => BROKEN,
                    Some(_) | None => OK,
                };
                if let Verdict::Ended(ended) = hook.came(number, of, &posted, now) {
                    prop_assert_eq!(ended, Ended::Delivered);
                    arrived.push((of, number));
                    hook.finish(number, of);
                    hook.free(of);
                }
            }
            prop_assert_eq!(arrived.len(), lanes.len());
            arrived.sort_by_key(|(of, _)| *of);
            prop_assert!(arrived.is_sorted(), "{:?}", arrived);
        }
    }
}
