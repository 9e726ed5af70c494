//! The graph of each skill: what cannot be reached, what turns for ever, what leads to a question.

use super::{Skill, Target};
use crate::blocks::Waits;
use crate::catches::Signal;
use petgraph::algo::kosaraju_scc;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics};

/// A second in microseconds: a cycle that waits less turns too fast (FL 5.10).
const SECOND: i64 = 1_000_000;

/// Every way out of a block: the exit's name, the target, whether only time takes it.
pub(crate) fn ways(skill: &Skill, index: usize) -> Vec<(String, Target, bool)> {
    let block = &skill.blocks[index];
    let mut ways: Vec<(String, Target, bool)> = block.body.targets().into_iter().map(|(n, t)| (n, t, false)).collect();
    ways.extend(block.body.timed_targets().into_iter().map(|(n, t)| (n, t, true)));
    ways.extend(block.exits.iter().map(|(name, target)| ((*name).to_owned(), target.clone(), false)));
    if goes_to_next(skill, index) {
        ways.push(("next".to_owned(), block.next.clone(), false));
    }
    ways
}

/// Whether `next` can be taken: not by a switch with `else`, nor by a question all of whose choices lead elsewhere.
fn goes_to_next(skill: &Skill, index: usize) -> bool {
    let block = &skill.blocks[index];
    if !block.conditions.is_empty() {
        return true;
    }
    let choices = block.body.choices();
    let asks = block.body.waits() == Waits::Asks;
    if asks && !choices.is_empty() && block.kind.key() != "listen" {
        return choices.iter().any(|c| matches!(c.does, crate::blocks::choices::Does::Go(None)));
    }
    !block.body.targets().iter().any(|(name, _)| name == "else")
}

/// One skill's graph, ways that only time takes included.
pub(super) fn of_skill(skill: &Skill) -> (StableDiGraph<usize, ()>, Vec<NodeIndex>) {
    let mut graph = StableDiGraph::new();
    let nodes: Vec<NodeIndex> = (0..skill.blocks.len()).map(|i| graph.add_node(i)).collect();
    for from in 0..skill.blocks.len() {
        for (_, target, _) in ways(skill, from) {
            if let Target::Block(to) = target {
                graph.add_edge(nodes[from], nodes[to], ());
            }
        }
    }
    (graph, nodes)
}

/// Every block of every skill as one graph: circles may lead through several skills.
pub(super) struct Whole<'a> {
    skills: Vec<&'a Skill>,
    /// Where each skill's blocks begin.
    first: BTreeMap<&'a str, usize>,
    pub(super) places: Vec<(usize, usize)>,
}

impl<'a> Whole<'a> {
    pub(super) fn of(skills: &'a BTreeMap<String, Skill>) -> Self {
        let mut whole = Self { skills: Vec::new(), first: BTreeMap::new(), places: Vec::new() };
        for (number, skill) in skills.values().enumerate() {
            // A skill none of whose blocks could be read begins nowhere.
            if !skill.blocks.is_empty() {
                whole.first.insert(&skill.name, whole.places.len());
            }
            whole.skills.push(skill);
            whole.places.extend((0..skill.blocks.len()).map(|block| (number, block)));
        }
        whole
    }

    pub(super) fn block(&self, place: usize) -> (&'a Skill, usize) {
        let (skill, block) = self.places[place];
        (self.skills[skill], block)
    }

    /// The places a block leads to; only time takes those with `true`. A called skill is one of them.
    fn ways(&self, place: usize) -> Vec<(usize, bool)> {
        let (skill, block) = self.block(place);
        let ways = ways(skill, block).into_iter().filter_map(|(_, target, by_time)| Some((self.place_of(skill, &target)?, by_time)));
        ways.chain(self.called(place).map(|to| (to, false))).collect()
    }

    pub(super) fn place_of(&self, skill: &Skill, target: &Target) -> Option<usize> {
        match target {
            Target::Block(to) => Some(self.first.get(skill.name.as_str())? + to),
            Target::Skill(name) => self.first.get(name.as_str()).copied(),
            Target::End => None,
        }
    }

    /// Where the skill that a block calls begins.
    pub(super) fn called(&self, place: usize) -> Option<usize> {
        let (skill, block) = self.block(place);
        self.first.get(skill.blocks[block].body.calls()?).copied()
    }

    /// From which places the end of a skill is reached through kept blocks alone: a call goes on only if what it calls ends.
    fn ending(&self, kept: &[bool]) -> Vec<bool> {
        // Who is to be looked at again when a place turns out to end.
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.places.len()];
        for from in 0..self.places.len() {
            for (to, _) in self.ways(from) {
                dependents[to].push(from);
            }
        }
        let mut ends = vec![false; self.places.len()];
        let mut todo: Vec<usize> = (0..self.places.len()).collect();
        while let Some(place) = todo.pop() {
            if ends[place] || !kept[place] {
                continue;
            }
            let (skill, block) = self.block(place);
            let comes_back = self.called(place).is_none_or(|to| ends[to]);
            ends[place] = ways(skill, block).into_iter().any(|(exit, target, by_time)| {
                !by_time && (exit != "next" || comes_back) && self.place_of(skill, &target).is_none_or(|to| ends[to])
            });
            if ends[place] {
                todo.extend(dependents[place].iter().copied());
            }
        }
        ends
    }

    /// Circles among the blocks that `keep` keeps, each as sorted places.
    fn circles(&self, keep: impl Fn(&Skill, usize) -> bool) -> Vec<Vec<usize>> {
        self.circles_with(keep, |_| Vec::new())
    }

    /// The same, where a block also leads to the places that `further` names.
    fn circles_with(&self, keep: impl Fn(&Skill, usize) -> bool, further: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
        let mut graph: StableDiGraph<usize, ()> = StableDiGraph::new();
        let kept: Vec<bool> = (0..self.places.len())
            .map(|place| {
                let (skill, block) = self.block(place);
                keep(skill, block)
            })
            .collect();
        let ends = self.ending(&kept);
        let nodes: Vec<Option<NodeIndex>> = (0..kept.len()).map(|place| kept[place].then(|| graph.add_node(place))).collect();
        for from in 0..self.places.len() {
            let Some(a) = nodes[from] else { continue };
            let (skill, block) = self.block(from);
            let comes_back = self.called(from).is_none_or(|to| ends[to]);
            let on = ways(skill, block).into_iter().filter(|(exit, _, by_time)| !by_time && (exit != "next" || comes_back));
            let on = on.filter_map(|(_, target, _)| self.place_of(skill, &target));
            for to in on.chain(self.called(from)).chain(further(from)) {
                if let Some(b) = nodes[to] {
                    graph.add_edge(a, b, ());
                }
            }
        }
        // Not Tarjan's, which recurses: a skill may be thousands of blocks long.
        kosaraju_scc(&graph)
            .into_iter()
            .filter(|c| c.len() > 1 || c.first().is_some_and(|n| graph.contains_edge(*n, *n)))
            .map(|c| {
                let mut places: Vec<usize> = c.into_iter().map(|n| graph[n]).collect();
                places.sort_unstable();
                places
            })
            .collect()
    }

    fn name(&self, place: usize) -> String {
        let (skill, block) = self.block(place);
        format!("{}.{}", skill.name, skill.blocks[block].name)
    }
}

/// Whether a run surely stops at a block until somebody acts, a person or another system; a block that may be skipped
/// stops nobody.
fn stops_for_somebody(skill: &Skill, block: usize) -> bool {
    let block = &skill.blocks[block];
    let waits = matches!(block.body.waits(), Waits::Asks | Waits::HandsOver) || block.body.waits_for_others();
    block.conditions.is_empty() && waits
}

/// Whether a run surely stops at a block for a while.
pub(super) fn stops_for_a_while(skill: &Skill, block: usize) -> bool {
    let block = &skill.blocks[block];
    block.conditions.is_empty() && matches!(block.body.waits(), Waits::For(micros) if micros >= SECOND)
}

/// A cycle that no question, hand-over or wait interrupts never ends; one that only time drives must have a way out
/// (FL 5.10).
pub(super) fn busy_cycles(skills: &BTreeMap<String, Skill>, out: &mut Diagnostics) {
    let whole = Whole::of(skills);
    let spinning = whole.circles(|skill, block| !stops_for_somebody(skill, block) && !stops_for_a_while(skill, block));
    for circle in &spinning {
        let (skill, block) = whole.block(circle[0]);
        let names: Vec<String> = circle.iter().map(|p| whole.name(*p)).collect();
        let calling: Vec<usize> = circle.iter().copied().filter(|p| whole.called(*p).is_some_and(|to| circle.contains(&to))).collect();
        if let Some(first) = calling.first() {
            let (skill, block) = whole.block(*first);
            let calls: Vec<String> = calling.iter().map(|p| whole.name(*p)).collect();
            out.push(
                Diagnostic::error("E0170", skill.blocks[block].span, format!("{} call one another without end", calls.join(", ")))
                    .help("a skill that is called again before it waits or ends never comes back: leave with next: skill NAME, or ask something first"),
            );
            continue;
        }
        out.push(
            Diagnostic::error(
                "E0124",
                skill.blocks[block].span,
                format!("{} turn in a circle without waiting for anything", names.join(", ")),
            )
            .help("put a listen, a text with buttons, a live_chat or a wait_for of at least 1s into the circle, without a when"),
        );
    }
    for circle in whole.circles(|skill, block| !stops_for_somebody(skill, block)) {
        let told = spinning.iter().any(|s| s.iter().any(|p| circle.contains(p)));
        let leads_out = circle.iter().any(|p| {
            let (skill, block) = whole.block(*p);
            let ends = ways(skill, block).iter().any(|(_, target, by_time)| *target == Target::End && !by_time);
            ends || whole.ways(*p).iter().any(|(to, by_time)| !by_time && !circle.contains(to))
        });
        if told || leads_out {
            continue;
        }
        let (skill, block) = whole.block(circle[0]);
        let names: Vec<String> = circle.iter().map(|p| whole.name(*p)).collect();
        out.push(
            Diagnostic::error(
                "E0124",
                skill.blocks[block].span,
                format!("{} turn in a circle that only time drives and nothing ends", names.join(", ")),
            )
            .help("count in the circle and leave it with a switch, or use a timer with times"),
        );
    }
}

/// Skills that catch what they, or what they cause, raise: without a wait in between each step breaks at its limit of runs (FL 5.10).
/// Where something is asked first — a condition of the block or of the catch, a case that leads elsewhere — it may well end.
pub(super) fn sending_circles(skills: &BTreeMap<String, Skill>, out: &mut Diagnostics) {
    let whole = Whole::of(skills);
    let mut begins: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut raised: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for place in 0..whole.places.len() {
        let (skill, block) = whole.block(place);
        let block = &skill.blocks[block];
        // What a button raises waits until it is pressed; what is raised for others is theirs.
        if block.kind.key() == "send" && block.conditions.is_empty() {
            raised.insert(place, block.body.raises());
        }
    }
    for event in raised.values().flatten() {
        let signal = Signal::Event { name: event.clone() };
        let caught = |skill: &&Skill| {
            skill.only_for.is_none() && skill.catches.iter().any(|catch| !catch.is_guarded() && catch.kind.catches(&signal))
        };
        let first = skills.values().filter(caught).filter_map(|skill| whole.first.get(skill.name.as_str()).copied());
        begins.entry(event.clone()).or_insert_with(|| first.collect());
    }
    let sends = |place: usize| -> Vec<usize> {
        raised.get(&place).into_iter().flatten().filter_map(|event| begins.get(event)).flatten().copied().collect()
    };
    for circle in whole.circles_with(|skill, block| !stops_for_somebody(skill, block) && !stops_for_a_while(skill, block), sends) {
        let sending: Vec<usize> = circle.iter().copied().filter(|place| sends(*place).iter().any(|to| circle.contains(to))).collect();
        let decides = circle.iter().any(|place| {
            let (skill, block) = whole.block(*place);
            let block = &skill.blocks[block];
            // Whether something can be said is the same all the way round; any other outcome may come at some turn.
            let outcomes = block.exits.iter().filter(|(name, _)| **name != "unsendable").map(|(_, target)| target.clone());
            let mut cases = block.body.targets().into_iter().map(|(_, target)| target).chain(outcomes);
            cases.any(|target| whole.place_of(skill, &target).is_none_or(|to| !circle.contains(&to)))
        });
        let Some(first) = sending.first().filter(|_| !decides) else { continue };
        let (skill, block) = whole.block(*first);
        let names: Vec<String> = sending.iter().map(|place| whole.name(*place)).collect();
        let message = match names.as_slice() {
            [one] => format!("{one} raises an event that begins this very skill, without end"),
            several => format!("{} raise one another's events without end", several.join(", ")),
        };
        out.push(
            Diagnostic::warning("W0237", skill.blocks[block].span, message)
                .help("the step breaks after 16 skills begun, keeps nothing and goes to /_error")
                .help("ask or wait for something in between, or guard a catch with where, only_for or once"),
        );
    }
}

/// FL 5.3b: from which blocks an asking block or a hand-over can be reached, other skills included: backwards from
/// those that ask.
pub(super) fn mark_questions(skills: &mut BTreeMap<String, Skill>) {
    let leads: Vec<(String, usize)> = {
        let whole = Whole::of(skills);
        let mut back: Vec<Vec<usize>> = vec![Vec::new(); whole.places.len()];
        for from in 0..whole.places.len() {
            for (to, by_time) in whole.ways(from) {
                if !by_time {
                    back[to].push(from);
                }
            }
        }
        let asks = |place: &usize| {
            let (skill, block) = whole.block(*place);
            matches!(skill.blocks[block].body.waits(), Waits::Asks | Waits::HandsOver)
        };
        let mut marked = vec![false; whole.places.len()];
        let mut todo: Vec<usize> = (0..whole.places.len()).filter(asks).collect();
        while let Some(place) = todo.pop() {
            if !std::mem::replace(&mut marked[place], true) {
                todo.extend(back[place].iter().copied());
            }
        }
        (0..marked.len()).filter(|p| marked[*p]).map(|p| (whole.block(p).0.name.clone(), whole.block(p).1)).collect()
    };
    for (skill, block) in leads {
        if let Some(skill) = skills.get_mut(&skill) {
            skill.blocks[block].leads_to_question = true;
        }
    }
}

impl super::Bot {
    /// Whether what follows the block at which a frame called another skill leads to a question, as [`mark_questions`] marks it: what
    /// the called skill asks is no part of it.
    pub(crate) fn asks_after(&self, frame: &model::Frame) -> bool {
        let Some(skill) = self.skill(&frame.skill) else { return false };
        let Some((at, _)) = skill.block(&frame.block) else { return false };
        let asks = |(_, target, by_time): (String, Target, bool)| {
            !by_time
                && match target {
                    Target::Block(to) => skill.blocks[to].leads_to_question,
                    Target::Skill(name) => self.skill(&name).and_then(|to| to.blocks.first()).is_some_and(|first| first.leads_to_question),
                    Target::End => false,
                }
        };
        ways(skill, at).into_iter().any(asks)
    }
}
