//! The syntax tree: what was written, before anything is known about names.
//!
//! Two trees are equal when they were written the same way; where they stood does not count. The printer and
//! the JSON form are exact inverses of reading (FL 6.8).

use model::Duration;
use rust_decimal::Decimal;
use std::ops::Range;

/// Bytes of the source. All spans are equal, so that trees compare by what they say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        // Sources are at most 4 KiB and templates at most 64 KiB, so this never saturates in practice.
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    pub fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start as usize..span.end as usize
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One part of an expression and where it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: Kind,
    pub span: Span,
    /// The height of the tree below and with this node.
    pub depth: u16,
}

/// A label: the name of a segment, tag, skill, channel or topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Is,
    IsNot,
}

impl Op {
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Is => "is",
            Self::IsNot => "is not",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    Add,
    Sub,
    Join,
    Mul,
    Div,
    Rem,
}

impl Arith {
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Join => "~",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

/// How a list test is negated: `not in` is unknown for a missing value, `is not in` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InForm {
    In,
    NotIn,
    IsNotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Field(String),
    Index(u32),
    Key(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub head: String,
    pub steps: Vec<Step>,
}

impl Path {
    /// The name, if the path is nothing but a name.
    pub fn bare(&self) -> Option<&str> {
        self.steps.is_empty().then_some(self.head.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    pub const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// How many days it has at the most, an hour as one.
    pub fn most_days(self) -> i64 {
        match self {
            Self::Hour | Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Year => 366,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Today,
    Yesterday,
    Tomorrow,
    This(Unit),
    Previous(Unit),
    Next(Unit),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    Bot,
    Contact,
    Named(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    pub when: When,
    pub zone: Option<Zone>,
    /// Where the zone's name stood.
    pub zone_span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agg {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    First,
    Last,
    Distinct,
}

impl Agg {
    pub const ALL: [Self; 8] = [Self::Count, Self::Sum, Self::Avg, Self::Min, Self::Max, Self::First, Self::Last, Self::Distinct];

    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
            Self::Distinct => "distinct",
        }
    }
}

/// Recorded events, and a field of theirs: `purchase.items.price where category = "cat"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub event: Label,
    pub fields: Vec<String>,
    pub filter: Option<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    Last(Duration, Option<Zone>),
    Since(Node),
    Between(Node, Node),
    Ever,
    Calendar(Calendar),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    pub function: Agg,
    pub source: Source,
    pub window: Option<Window>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    pub first: Source,
    pub absent: bool,
    pub second: Source,
    pub within: Duration,
    pub window: Option<Window>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Regex {
    pub pattern: String,
    pub ignore_case: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    // Logic.
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    // Facts.
    InSegment(Label),
    HasTag { tag: Label, within: Option<Duration> },
    HasTags { all: bool, tags: Vec<Label> },
    RanSkill { skill: Label, within: Option<Duration> },
    HasChannel(Label),
    HasConsent(Label),
    Reachable(Option<Label>),
    NotesContain(Box<Node>),
    Sequence(Box<Sequence>),
    // Relations.
    Compare { op: Op, left: Box<Node>, right: Box<Node> },
    Set { of: Box<Node>, negated: bool },
    In { of: Box<Node>, list: Box<Node>, form: InForm },
    Contains { of: Box<Node>, part: Box<Node>, negated: bool },
    Affix { of: Box<Node>, part: Box<Node>, at_end: bool, negated: bool },
    Matches { of: Box<Node>, regex: Regex, negated: bool },
    Between { of: Box<Node>, low: Box<Node>, high: Box<Node>, negated: bool },
    Calendar { of: Box<Node>, window: Calendar, negated: bool },
    Within { of: Box<Node>, span: Duration, future: bool },
    OlderThan { of: Box<Node>, span: Duration },
    Changed { of: Box<Node>, span: Duration },
    // Values.
    Text(String),
    Number(Decimal),
    Date(jiff::civil::Date),
    Time(jiff::civil::Time),
    Duration(Duration),
    List(Vec<Node>),
    Path(Path),
    Negative(Box<Node>),
    Arith { op: Arith, left: Box<Node>, right: Box<Node> },
    Call { name: Label, args: Vec<Node> },
    Filter { of: Box<Node>, name: Label, args: Vec<Node> },
    Aggregate(Box<Aggregate>),
}

impl Node {
    pub fn new(kind: Kind, span: Span) -> Self {
        let mut depth = 0;
        kind.each_child(&mut |child| depth = depth.max(child.depth));
        Self { kind, span, depth: depth.saturating_add(1) }
    }

    /// A node that stands nowhere: made by a program, not read.
    pub fn made(kind: Kind) -> Self {
        Self::new(kind, Span::default())
    }
}

impl Kind {
    /// Calls for every node directly below.
    pub fn each_child(&self, f: &mut dyn FnMut(&Node)) {
        let window = |window: &Option<Window>, f: &mut dyn FnMut(&Node)| match window {
            Some(Window::Since(at)) => f(at),
            Some(Window::Between(low, high)) => {
                f(low);
                f(high);
            }
            Some(Window::Last(..) | Window::Ever | Window::Calendar(_)) | None => {}
        };
        match self {
            Self::Any(parts) | Self::All(parts) | Self::List(parts) => parts.iter().for_each(f),
            Self::Not(of) | Self::Negative(of) | Self::NotesContain(of) => f(of),
            Self::Set { of, .. }
            | Self::Matches { of, .. }
            | Self::Calendar { of, .. }
            | Self::Within { of, .. }
            | Self::OlderThan { of, .. }
            | Self::Changed { of, .. } => f(of),
            Self::Compare { left, right, .. } | Self::Arith { left, right, .. } => {
                f(left);
                f(right);
            }
            Self::In { of, list: other, .. } | Self::Contains { of, part: other, .. } | Self::Affix { of, part: other, .. } => {
                f(of);
                f(other);
            }
            Self::Between { of, low, high, .. } => {
                f(of);
                f(low);
                f(high);
            }
            Self::Call { args, .. } => args.iter().for_each(f),
            Self::Filter { of, args, .. } => {
                f(of);
                args.iter().for_each(f);
            }
            Self::Aggregate(a) => {
                a.source.filter.iter().for_each(&mut *f);
                window(&a.window, f);
            }
            Self::Sequence(s) => {
                s.first.filter.iter().for_each(&mut *f);
                s.second.filter.iter().for_each(&mut *f);
                window(&s.window, f);
            }
            Self::InSegment(_)
            | Self::HasTag { .. }
            | Self::HasTags { .. }
            | Self::RanSkill { .. }
            | Self::HasChannel(_)
            | Self::HasConsent(_)
            | Self::Reachable(_)
            | Self::Text(_)
            | Self::Number(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Duration(_)
            | Self::Path(_) => {}
        }
    }
}
