//! Conditions made ready to be judged by columns: every leaf once, whoever asks it, and where its answer stands.

use super::{
    figure::FigureLook,
    ground::Ground,
    names::{NameId, Names},
    one::One,
    tri::Verdict,
};
use crate::{Around, RuleKind, Set};
use expr::{Column, Condition, LeafPlan, Looks, Plan};
use model::{Instant, Value};
use std::collections::HashMap;

/// Conditions ready to be judged at an instant.
pub(crate) struct Program<'p> {
    pub set: &'p Set,
    pub names: &'p Names,
    pub ground: Ground<'p>,
    pub leaves: Vec<Leaf<'p>>,
    pub segments: Vec<Segment>,
    keys: HashMap<&'p str, usize>,
    /// The condition that is asked, if one is.
    pub root: Option<Node>,
}

/// The shape of a condition over the leaves of a program.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize),
}

pub(crate) struct Segment {
    pub who: Members,
    /// Segments whose members are not in it.
    pub exclude: Vec<usize>,
    pub verified: bool,
}

/// Who is in a segment.
pub(crate) enum Members {
    Nobody,
    Listed(Option<NameId>),
    Where(Node),
}

pub(crate) struct Leaf<'p> {
    pub plan: LeafPlan<'p>,
    pub look: Look<'p>,
    /// About how long a chunk takes.
    pub cost: u32,
}

/// Where a leaf's answer stands.
pub(crate) enum Look<'p> {
    /// It is the same for everybody.
    Constant(Verdict),
    Segment(Option<usize>),
    Tags {
        all: bool,
        ids: Vec<Option<NameId>>,
    },
    Channel(Option<NameId>),
    Reachable(Option<Option<NameId>>),
    Consent(Option<NameId>),
    Values(Source<'p>, One<'p>),
    Stamps(Stamp, Option<NameId>, One<'p>),
    Figure(Box<FigureLook<'p>>),
    /// Yes or no about the contact: the verdicts on whom it is not true of and on whom it is.
    Flag(Flag, [Verdict; 2], One<'p>),
    /// In the contact itself, for whoever has any of this; the others are all judged alike, by this value.
    Having(Having, Option<Value>, One<'p>),
    /// In the contact itself.
    Rows,
}

/// What is true of a contact or is not, and stands in no column of its own.
#[derive(Clone, Copy)]
pub(crate) enum Flag {
    /// Neither unsubscribed nor blocked.
    Subscribed,
    /// This is their first step.
    New,
}

/// What not everybody has.
#[derive(Clone, Copy)]
pub(crate) enum Having {
    Notes,
    /// Events of a name.
    Events(Option<NameId>),
}

/// Which instants.
#[derive(Clone, Copy)]
pub(crate) enum Stamp {
    Tag,
    Ran,
    Changed,
}

/// Where the values of an attribute stand.
pub(crate) enum Source<'p> {
    /// A declared attribute: its own column, else its default, else what the channel knows.
    Declared {
        own: Option<NameId>,
        default: Option<&'p Value>,
        system: Option<NameId>,
    },
    /// What the channel knows, else a value.
    System(Option<NameId>, Option<Value>),
    Status,
    CameFrom,
    FirstSeen,
    LastSeen,
    FirstChannel,
    Addresses,
}

impl<'p> Program<'p> {
    fn new(set: &'p Set, around: &'p dyn Around, names: &'p Names, now: Instant) -> Self {
        let ground = Ground { around, now };
        Self { set, names, ground, leaves: Vec::new(), segments: Vec::new(), keys: HashMap::new(), root: None }
    }

    /// One condition, and the segments that it looks into.
    pub fn of_condition(condition: &'p Condition, set: &'p Set, around: &'p dyn Around, names: &'p Names, now: Instant) -> Self {
        let mut program = Self::new(set, around, names, now);
        let mut own = HashMap::new();
        let mut shared = HashMap::new();
        program.root = Some(program.node(condition.plan(), &mut own, Some(&mut shared)));
        program
    }

    /// All segments that can be judged, in the order of [`Set::order`].
    pub fn of_set(set: &'p Set, around: &'p dyn Around, names: &'p Names, now: Instant) -> Self {
        let mut program = Self::new(set, around, names, now);
        let mut known = HashMap::new();
        for key in set.order() {
            program.segment(key, &mut known);
        }
        program
    }

    /// The number of a segment in the program.
    pub fn number(&self, key: &str) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// The leaves of the condition that is asked, from left to right.
    pub fn asked(&self) -> Vec<usize> {
        fn walk(node: &Node, found: &mut Vec<usize>) {
            match node {
                Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| walk(part, found)),
                Node::Not(of) => walk(of, found),
                Node::Leaf(leaf) if found.contains(leaf) => {}
                Node::Leaf(leaf) => found.push(*leaf),
            }
        }
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            walk(root, &mut found);
        }
        // Kept in the order in which they were written, not in that in which they are judged.
        found.sort_unstable();
        found
    }

    /// A leaf as canonical text.
    pub fn text(&self, leaf: usize) -> &'p str {
        self.leaves.get(leaf).map_or("", |leaf| leaf.plan.text())
    }

    /// `known` are the leaves met so far of the same origin; `set`, those of the segments, if that is another.
    fn node(&mut self, plan: Plan<'p>, known: &mut HashMap<&'p str, usize>, mut set: Option<&mut HashMap<&'p str, usize>>) -> Node {
        match plan {
            Plan::Leaf(leaf) => Node::Leaf(self.leaf(leaf, known, set)),
            Plan::Not(of) => Node::Not(Box::new(self.node(of.plan(), known, set))),
            Plan::All(parts) => {
                let parts = parts.iter().map(|part| self.node(part, known, set.as_deref_mut())).collect();
                Node::All(self.by_cost(parts))
            }
            Plan::Any(parts) => {
                let parts = parts.iter().map(|part| self.node(part, known, set.as_deref_mut())).collect();
                Node::Any(self.by_cost(parts))
            }
        }
    }

    /// The cheap parts first: for whom they decide, the dear ones need not be asked.
    fn by_cost(&self, mut parts: Vec<Node>) -> Vec<Node> {
        parts.sort_by_key(|part| self.cost(part));
        parts
    }

    fn cost(&self, node: &Node) -> u32 {
        match node {
            Node::All(parts) | Node::Any(parts) => parts.iter().map(|part| self.cost(part)).fold(0, u32::saturating_add),
            Node::Not(of) => self.cost(of),
            Node::Leaf(leaf) => self.leaves.get(*leaf).map_or(0, |leaf| leaf.cost),
        }
    }

    fn leaf(&mut self, plan: LeafPlan<'p>, known: &mut HashMap<&'p str, usize>, set: Option<&mut HashMap<&'p str, usize>>) -> usize {
        if let Some(leaf) = known.get(plan.text()) {
            return *leaf;
        }
        let look = match plan.looks() {
            Looks::Segment(key) => Look::Segment(self.segment(key, set.unwrap_or(known))),
            Looks::Tags { all, keys } => Look::Tags { all, ids: keys.iter().map(|key| self.names.get(key.as_str())).collect() },
            Looks::Channel(name) => Look::Channel(self.names.get(name)),
            Looks::Reachable(name) => Look::Reachable(name.map(|name| self.names.get(name))),
            Looks::Consent(topic) => Look::Consent(self.names.get(topic)),
            Looks::Columns(columns) => self.columns(plan, &columns),
            Looks::Having(column) => self.having(plan, column),
            Looks::More => Look::Rows,
        };
        let cost = match &look {
            Look::Constant(_) | Look::Tags { .. } | Look::Channel(_) | Look::Reachable(_) | Look::Consent(_) => 1,
            Look::Stamps(..) | Look::Flag(..) => 3,
            Look::Values(..) if plan.looks_through() => 300,
            Look::Values(..) => 20,
            Look::Figure(_) => 100,
            Look::Segment(_) => 500,
            Look::Having(..) => 3_000,
            Look::Rows => 10_000,
        };
        let at = self.leaves.len();
        self.leaves.push(Leaf { plan, look, cost });
        known.insert(plan.text(), at);
        at
    }

    /// A segment, with those that it looks into before it.
    fn segment(&mut self, key: &str, known: &mut HashMap<&'p str, usize>) -> Option<usize> {
        if let Some(at) = self.number(key) {
            return Some(at);
        }
        let rule = self.set.get(key)?;
        let who = match &rule.kind {
            RuleKind::Invalid(_) => Members::Nobody,
            RuleKind::List => Members::Listed(self.names.get(key)),
            RuleKind::Where(condition) => Members::Where(self.node(condition.plan(), known, None)),
        };
        // An excluded one that is not there makes its owner invalid.
        let exclude = match who {
            Members::Nobody => Vec::new(),
            Members::Listed(_) | Members::Where(_) => rule.exclude.iter().filter_map(|other| self.segment(other, known)).collect(),
        };
        let at = self.segments.len();
        self.segments.push(Segment { who, exclude, verified: rule.verified });
        self.keys.insert(&rule.key, at);
        Some(at)
    }

    fn columns(&self, plan: LeafPlan<'p>, columns: &[Column<'p>]) -> Look<'p> {
        let differs = |column: &&Column<'p>| !matches!(column, Column::Attribute(name) if self.ground.around.declared(name).is_none());
        let mut columns = columns.iter().filter(differs).copied();
        let Some(column) = columns.next() else {
            let verdict = Verdict::from(plan.judge_all(&self.ground));
            return if verdict == Verdict::Strayed { Look::Rows } else { Look::Constant(verdict) };
        };
        if columns.next().is_some() {
            return Look::Rows;
        }
        let one = One::new(plan, column);
        // Whoever looks further at nobody looks further at everybody.
        if one.missing(&self.ground) == Verdict::Strayed {
            return Look::Rows;
        }
        match column {
            Column::Attribute(name) => Look::Values(self.declared(name), one),
            Column::System("language") => Look::Values(self.language(), one),
            Column::System("subscribed") => self.flag(Flag::Subscribed, one),
            Column::System("is_new") => self.flag(Flag::New, one),
            Column::System(name) => match self.system(name) {
                Some(source) => Look::Values(source, one),
                None => Look::Rows,
            },
            Column::Tag(key) => Look::Stamps(Stamp::Tag, self.names.get(key.as_str()), one),
            Column::Skill(name) => Look::Stamps(Stamp::Ran, self.names.get(name), one),
            Column::Changed(name) => Look::Stamps(Stamp::Changed, self.names.get(name), one),
            Column::Figure(figure) => FigureLook::look(figure, one, self),
            // There is no event at hand; the others are asked for by themselves.
            Column::Field(_) | Column::Notes | Column::Happened(_) => Look::Rows,
        }
    }

    fn flag(&self, flag: Flag, one: One<'p>) -> Look<'p> {
        let verdicts = [false, true].map(|is| one.judge(Some(&Value::Bool(is)), &self.ground));
        if verdicts.contains(&Verdict::Strayed) { Look::Rows } else { Look::Flag(flag, verdicts, one) }
    }

    fn having(&self, plan: LeafPlan<'p>, column: Column<'p>) -> Look<'p> {
        let having = match column {
            Column::Notes => Having::Notes,
            Column::Happened(name) => Having::Events(self.names.get(name)),
            Column::Attribute(_)
            | Column::System(_)
            | Column::Tag(_)
            | Column::Skill(_)
            | Column::Changed(_)
            | Column::Field(_)
            | Column::Figure(_) => return Look::Rows,
        };
        let one = One::new(plan, column);
        self.judged_alike(having, None, one)
    }

    /// Whoever has nothing of it is judged by a value; if that is not enough, everybody is looked at.
    pub fn judged_alike(&self, having: Having, blank: Option<Value>, one: One<'p>) -> Look<'p> {
        let strays = one.judge(blank.as_ref(), &self.ground) == Verdict::Strayed;
        if strays { Look::Rows } else { Look::Having(having, blank, one) }
    }

    fn declared(&self, name: &str) -> Source<'p> {
        let system = self.names.get(name);
        let default = self.ground.around.declared(name).and_then(|declared| declared.default.as_ref());
        Source::Declared { own: system, default, system }
    }

    /// As `Row::language`: a declared or global attribute of that name, else what the channel says.
    fn language(&self) -> Source<'p> {
        if self.ground.around.declared("language").is_some() {
            return self.declared("language");
        }
        match self.ground.around.global("language") {
            Some(global) => Source::System(None, Some(global.clone())),
            None => Source::System(self.names.get("language"), None),
        }
    }

    fn system(&self, name: &str) -> Option<Source<'p>> {
        Some(match name {
            "status" => Source::Status,
            "source" => Source::CameFrom,
            "first_seen" => Source::FirstSeen,
            "last_seen" => Source::LastSeen,
            "channel" | "first_channel" => Source::FirstChannel,
            "conversation_count" => Source::Addresses,
            counter if expr::COUNTERS.contains(&counter) => Source::System(self.names.get(name), Some(Value::Number(0.into()))),
            // Put together from several, or the clock's.
            "full_name" | "contact_id" | "subscribed" | "is_new" | "timezone" | "now" | "today" | "hour" | "weekday" => return None,
            name => Source::System(self.names.get(name), None),
        })
    }
}
