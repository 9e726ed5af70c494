//! The resolved tree: names bound, types checked, literals prepared; what is evaluated.

use crate::{
    Expression, Function, Root,
    ast::{Agg, Arith, Step, When},
};
use jiff::tz::TimeZone;
use model::{Duration, TagKey, Value};
use std::cmp::Ordering;

#[derive(Debug)]
pub enum Cond {
    All(Box<[Cond]>),
    Any(Box<[Cond]>),
    Not(Box<Cond>),
    Leaf(Box<Leaf>),
}

/// One thing asked, with its canonical text for explanations.
#[derive(Debug)]
pub struct Leaf {
    pub text: Box<str>,
    pub test: Test,
    /// Whether time alone may change its verdict.
    pub moves: bool,
}

/// How a relation answers when it is negated and when the value is missing (FL 6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// As asked; unknown if missing.
    Plain,
    /// The opposite; unknown if missing.
    Not,
    /// The opposite; holds if missing (`is not`).
    IsNot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Lt,
    Le,
    Gt,
    Ge,
}

impl Order {
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }
}

#[derive(Debug)]
pub enum ListOf {
    Items(Box<[Val]>),
    Value(Val),
}

#[derive(Debug)]
pub enum ZoneOf {
    Bot,
    Contact,
    Fixed(TimeZone),
}

#[derive(Debug)]
pub enum Test {
    InSegment(Box<str>),
    HasTag {
        key: TagKey,
        within: Option<Duration>,
    },
    HasTags {
        all: bool,
        keys: Box<[TagKey]>,
    },
    RanSkill {
        skill: Box<str>,
        within: Option<Duration>,
    },
    HasChannel(Box<str>),
    HasConsent(Box<str>),
    Reachable(Option<Box<str>>),
    /// A value that is itself true or false.
    Value(Val),
    Set {
        of: Val,
        negated: bool,
    },
    Equal {
        left: Val,
        right: Val,
        sense: Sense,
        language: bool,
    },
    Order {
        left: Val,
        order: Order,
        right: Val,
    },
    In {
        of: Val,
        list: ListOf,
        sense: Sense,
        language: bool,
    },
    Contains {
        of: Val,
        part: Val,
        sense: Sense,
    },
    Affix {
        of: Val,
        part: Val,
        at_end: bool,
        sense: Sense,
    },
    Matches {
        of: Val,
        regex: Box<regex::Regex>,
        sense: Sense,
    },
    Between {
        of: Val,
        low: Val,
        high: Val,
        sense: Sense,
    },
    Calendar {
        of: Val,
        when: When,
        zone: ZoneOf,
        sense: Sense,
    },
    Within {
        of: Val,
        span: Duration,
        future: bool,
    },
    OlderThan {
        of: Val,
        span: Duration,
    },
    /// Whether a declared attribute last changed within a span.
    Changed {
        attribute: Box<str>,
        span: Duration,
    },
    /// Whether a note of an agent holds a text.
    Notes(Val),
    Sequence(Box<Sequence>),
}

/// What recorded events are looked at: those of a name, or the values of a field of theirs, that pass a condition.
#[derive(Debug)]
pub struct Source {
    pub event: Box<str>,
    pub fields: Box<[Box<str>]>,
    pub filter: Option<Filter>,
}

/// The condition of a `where`, over the fields of one event.
#[derive(Debug)]
pub struct Filter {
    pub cond: Cond,
    /// Whether time alone may change its verdict on an event.
    pub time: bool,
}

/// When the events looked at happened; never later than now.
#[derive(Debug)]
pub enum Window {
    Ever,
    Last { span: Duration, zone: ZoneOf },
    Since(Val),
    Between(Val, Val),
    Calendar { when: When, zone: ZoneOf },
}

/// A figure over recorded events.
#[derive(Debug)]
pub struct Aggregate {
    pub function: Agg,
    pub source: Source,
    pub window: Window,
}

/// One event and another, or none, soon after it.
#[derive(Debug)]
pub struct Sequence {
    pub first: Source,
    pub absent: bool,
    pub second: Source,
    pub within: Duration,
    pub window: Window,
}

#[derive(Debug)]
pub enum Val {
    /// A value as written; `folded` is the text as it is compared.
    Literal {
        value: Value,
        folded: Option<Box<str>>,
    },
    Variable(Box<str>),
    Attribute(Box<str>),
    /// An attribute that is computed when it is used: the attribute's name and its expression (FL 7.1).
    Computed {
        name: Box<str>,
        expression: Expression,
    },
    System(&'static str),
    Input,
    Root(Root),
    /// A field of a root, read without the rest of it being named.
    Part {
        of: Box<Val>,
        steps: Box<[Step]>,
    },
    List(Box<[Val]>),
    Negative(Box<Val>),
    Arith {
        op: Arith,
        left: Box<Val>,
        right: Box<Val>,
    },
    Call {
        function: &'static Function,
        args: Box<[Val]>,
    },
    /// A condition where a value is wanted.
    Truth(Box<Cond>),
    /// A figure over recorded events.
    Aggregate(Box<Aggregate>),
    /// Inside a `where`: a field of the record at hand, else of the event; of the event alone if `event`.
    Field {
        event: bool,
        name: Box<str>,
    },
}

impl Val {
    pub fn literal(value: Value) -> Self {
        let folded = match &value {
            Value::Text(text) => Some(model::fold(text).into_boxed_str()),
            _ => None,
        };
        Self::Literal { value, folded }
    }
}
