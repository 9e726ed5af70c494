//! The graph of each skill: what cannot be reached, what turns for ever, what leads to a question.

use super::{Skill, Target};
use crate::blocks::{Otherwise, Waits};
use petgraph::algo::tarjan_scc;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::Dfs;
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

/// Checks every skill and fills in which blocks lead to a question.
pub(crate) fn check(skills: &mut BTreeMap<String, Skill>, out: &mut Diagnostics) {
    for skill in skills.values().filter(|s| !s.built_in) {
        unreachable(skill, out);
        missing_exits(skill, out);
    }
    busy_cycles(skills, out);
    mark_questions(skills);
}

/// One skill's graph, ways that only time takes included.
fn graph(skill: &Skill) -> (StableDiGraph<usize, ()>, Vec<NodeIndex>) {
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

fn unreachable(skill: &Skill, out: &mut Diagnostics) {
    let (graph, nodes) = graph(skill);
    let Some(first) = nodes.first() else { return };
    let mut seen = vec![false; skill.blocks.len()];
    let mut walk = Dfs::new(&graph, *first);
    while let Some(node) = walk.next(&graph) {
        seen[graph[node]] = true;
    }
    for (index, block) in skill.blocks.iter().enumerate() {
        if !seen[index] {
            out.push(
                Diagnostic::warning("W0201", block.span, format!("nothing leads to block \"{}\"", block.name))
                    .help("point a target at it, or take it out"),
            );
        }
    }
}

/// Every block of every skill as one graph: circles may lead through several skills.
struct Whole<'a> {
    skills: Vec<&'a Skill>,
    /// Where each skill's blocks begin.
    first: BTreeMap<&'a str, usize>,
    places: Vec<(usize, usize)>,
}

impl<'a> Whole<'a> {
    fn of(skills: &'a BTreeMap<String, Skill>) -> Self {
        let mut whole = Self { skills: Vec::new(), first: BTreeMap::new(), places: Vec::new() };
        for (number, skill) in skills.values().enumerate() {
            whole.first.insert(&skill.name, whole.places.len());
            whole.skills.push(skill);
            whole.places.extend((0..skill.blocks.len()).map(|block| (number, block)));
        }
        whole
    }

    fn block(&self, place: usize) -> (&'a Skill, usize) {
        let (skill, block) = self.places[place];
        (self.skills[skill], block)
    }

    /// The places a block leads to; only time takes those with `true`.
    fn ways(&self, place: usize) -> Vec<(usize, bool)> {
        let (skill, block) = self.block(place);
        ways(skill, block)
            .into_iter()
            .filter_map(|(_, target, by_time)| {
                let to = match target {
                    Target::Block(to) => self.first.get(skill.name.as_str())? + to,
                    Target::Skill(name) => *self.first.get(name.as_str())?,
                    Target::End => return None,
                };
                Some((to, by_time))
            })
            .collect()
    }

    /// Circles among the blocks that `keep` keeps, each as sorted places.
    fn circles(&self, keep: impl Fn(&Skill, usize) -> bool) -> Vec<Vec<usize>> {
        let mut graph: StableDiGraph<usize, ()> = StableDiGraph::new();
        let kept: Vec<Option<NodeIndex>> = (0..self.places.len())
            .map(|place| {
                let (skill, block) = self.block(place);
                keep(skill, block).then(|| graph.add_node(place))
            })
            .collect();
        for from in 0..self.places.len() {
            let Some(a) = kept[from] else { continue };
            for (to, by_time) in self.ways(from) {
                if let (false, Some(b)) = (by_time, kept[to]) {
                    graph.add_edge(a, b, ());
                }
            }
        }
        tarjan_scc(&graph)
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

/// Whether a run surely stops at a block until a person acts; a block that may be skipped stops nobody.
fn stops_for_a_person(skill: &Skill, block: usize) -> bool {
    let block = &skill.blocks[block];
    block.conditions.is_empty() && matches!(block.body.waits(), Waits::Asks | Waits::HandsOver)
}

/// Whether a run surely stops at a block for a while.
fn stops_for_a_while(skill: &Skill, block: usize) -> bool {
    let block = &skill.blocks[block];
    block.conditions.is_empty() && matches!(block.body.waits(), Waits::For(micros) if micros >= SECOND)
}

/// A cycle that no question, hand-over or wait interrupts never ends; one that only time drives must have a way out
/// (FL 5.10).
fn busy_cycles(skills: &BTreeMap<String, Skill>, out: &mut Diagnostics) {
    let whole = Whole::of(skills);
    let spinning = whole.circles(|skill, block| !stops_for_a_person(skill, block) && !stops_for_a_while(skill, block));
    for circle in &spinning {
        let (skill, block) = whole.block(circle[0]);
        let names: Vec<String> = circle.iter().map(|p| whole.name(*p)).collect();
        out.push(
            Diagnostic::error(
                "E0124",
                skill.blocks[block].span,
                format!("{} turn in a circle without waiting for anything", names.join(", ")),
            )
            .help("put a listen, a text with buttons, a live_chat or a wait_for of at least 1s into the circle, without a when"),
        );
    }
    for circle in whole.circles(|skill, block| !stops_for_a_person(skill, block)) {
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

fn missing_exits(skill: &Skill, out: &mut Diagnostics) {
    for (index, block) in skill.blocks.iter().enumerate() {
        let repeats = block.outcomes.iter().any(|o| o.otherwise == Otherwise::Repeat);
        if repeats && !block.exits.contains_key("other") && block.body.timeout().is_none() {
            out.push(
                Diagnostic::warning("W0202", block.span, format!("\"{}\" waits for a choice with neither other nor timeout", block.name))
                    .help("say what happens to a different answer with on: { other: … }, or how long to wait with timeout"),
            );
        }
        let falls = block.body.waits() == Waits::HandsOver && !block.has_next && index + 1 < skill.blocks.len();
        if falls {
            out.push(
                Diagnostic::warning(
                    "W0203",
                    block.span,
                    format!("after the agent closes the chat, \"{}\" goes on with the block below", block.name),
                )
                .help("write next: with the block that should follow, or next: end"),
            );
        }
        let unused = block.exits.keys().any(|e| *e == "timeout") && block.body.timeout().is_none() && block.kind.key() != "live_chat";
        if unused {
            out.push(
                Diagnostic::warning("W0204", block.span, format!("\"{}\" has an exit for timeout but no timeout", block.name))
                    .help("write how long to wait: timeout: 10m"),
            );
        }
    }
}

/// FL 5.3b: from which blocks an asking block or a hand-over can be reached, other skills included: backwards from
/// those that ask.
fn mark_questions(skills: &mut BTreeMap<String, Skill>) {
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
