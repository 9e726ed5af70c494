//! Evaluating the resolved tree against facts: the one evaluator of conditions and values.
//!
//! Parts of `and` and `or` are looked at from left to right until the answer is certain. A value is borrowed
//! from the facts wherever it is only looked at.

mod values;

use crate::{
    EvalError, Facts, Fuel, Truth,
    calendar::{self, Moment},
    closed::language_matches,
    code::{Aggregate, Cond, Leaf, ListOf, Sense, Test, Val, ZoneOf},
    functions::Context,
    history::Row,
    operate,
};
use jiff::tz::TimeZone;
use model::{Value, fold};
use rust_decimal::Decimal;
use std::borrow::Cow;
use values::{is_set, missing, part, truth_of, weekday, weight};

/// The longest text a pattern looks at; a longer one is neither a match nor none.
const MAX_MATCHED: usize = 4096;

pub struct Eval<'e> {
    pub facts: &'e dyn Facts,
    pub fuel: &'e mut Fuel,
    /// The event at hand, inside a `where`.
    pub row: Option<Row<'e>>,
    /// A figure that is not computed but taken to be this: what would the verdict be?
    pub assumed: Option<(&'e Aggregate, Option<Value>)>,
}

type Found<'v> = Result<Option<Cow<'v, Value>>, EvalError>;

/// The verdict on a value that may be missing.
fn judged(sense: Sense, verdict: Option<Truth>) -> Truth {
    match (sense, verdict) {
        (Sense::Plain, verdict) => verdict.unwrap_or(Truth::Unknown),
        (Sense::Not, verdict) => verdict.unwrap_or(Truth::Unknown).not(),
        (Sense::IsNot, None) => Truth::True,
        (Sense::IsNot, Some(verdict)) => verdict.not(),
    }
}

impl<'e> Eval<'e> {
    pub fn new(facts: &'e dyn Facts, fuel: &'e mut Fuel) -> Self {
        Self { facts, fuel, row: None, assumed: None }
    }

    pub fn cond(&mut self, cond: &'e Cond) -> Result<Truth, EvalError> {
        match cond {
            Cond::All(parts) => {
                let mut all = Truth::True;
                for part in parts {
                    all = all.and(self.cond(part)?);
                    if all == Truth::False {
                        break;
                    }
                }
                Ok(all)
            }
            Cond::Any(parts) => {
                let mut any = Truth::False;
                for part in parts {
                    any = any.or(self.cond(part)?);
                    if any == Truth::True {
                        break;
                    }
                }
                Ok(any)
            }
            Cond::Not(of) => Ok(self.cond(of)?.not()),
            Cond::Leaf(leaf) => self.leaf(leaf),
        }
    }

    pub fn leaf(&mut self, leaf: &'e Leaf) -> Result<Truth, EvalError> {
        self.fuel.spend(1)?;
        let facts = self.facts;
        let zone = facts.bot_zone();
        Ok(match &leaf.test {
            Test::InSegment(name) => facts.in_segment(name, self.fuel),
            Test::HasTag { key, within: None } => facts.tag_added(key).is_some().into(),
            Test::HasTag { key, within: Some(span) } => {
                facts.tag_added(key).is_some_and(|at| calendar::within_past(Moment::At(at), facts.now(), *span, zone)).into()
            }
            Test::HasTags { all, keys } => {
                let has = |key| facts.tag_added(key).is_some();
                if *all { keys.iter().all(has) } else { keys.iter().any(has) }.into()
            }
            Test::RanSkill { skill, within: None } => facts.ran_skill(skill).is_some().into(),
            Test::RanSkill { skill, within: Some(span) } => {
                facts.ran_skill(skill).is_some_and(|at| calendar::within_past(Moment::At(at), facts.now(), *span, zone)).into()
            }
            Test::HasChannel(name) => facts.has_channel(name).into(),
            Test::HasConsent(topic) => facts.consent(topic),
            Test::Reachable(channel) => facts.reachable(channel.as_deref()).into(),
            Test::Value(of) => truth_of(self.value(of)?.as_deref()),
            Test::Set { of, negated } => (self.value(of)?.is_some_and(|v| is_set(&v)) != *negated).into(),
            Test::Equal { left, right, sense, language } => {
                let Some(value) = self.value(left)? else { return Ok(judged(*sense, None)) };
                judged(*sense, Some(self.same(&value, right, *language)?))
            }
            Test::Order { left, order, right } => {
                let (Some(left), Some(right)) = (self.value(left)?, self.value(right)?) else { return Ok(Truth::Unknown) };
                operate::order(&left, &right, zone).map_or(Truth::Unknown, |o| order.holds(o).into())
            }
            Test::In { of, list, sense, language } => {
                let Some(value) = self.value(of)? else { return Ok(judged(*sense, None)) };
                judged(*sense, Some(self.among(&value, list, *language)?))
            }
            Test::Contains { of, part, sense } => {
                let Some(value) = self.value(of)? else { return Ok(judged(*sense, None)) };
                judged(*sense, Some(self.contains(&value, part)?))
            }
            Test::Affix { of, part, at_end, sense } => {
                let (value, part) = (self.value(of)?, self.folded(part)?);
                let (Some(value), Some(part)) = (value, part) else { return Ok(Truth::Unknown) };
                let text = self.text_of(&value);
                self.fuel.spend(text.len() as u64)?;
                judged(*sense, Some(operate::has_affix(&text, &part, *at_end).into()))
            }
            Test::Matches { of, regex, sense } => {
                let Some(value) = self.value(of)? else { return Ok(judged(*sense, None)) };
                let text = self.text_of(&value);
                self.fuel.spend(text.len() as u64)?;
                let verdict = if text.len() > MAX_MATCHED { Truth::Unknown } else { regex.is_match(&text).into() };
                judged(*sense, Some(verdict))
            }
            Test::Between { of, low, high, sense } => {
                let Some(value) = self.value(of)? else { return Ok(judged(*sense, None)) };
                let (low, high) = (self.value(low)?, self.value(high)?);
                let against = |limit: Option<Cow<'_, Value>>, holds: fn(std::cmp::Ordering) -> bool| {
                    limit.and_then(|limit| operate::order(&value, &limit, zone)).map_or(Truth::Unknown, |o| holds(o).into())
                };
                judged(*sense, Some(against(low, std::cmp::Ordering::is_ge).and(against(high, std::cmp::Ordering::is_le))))
            }
            Test::Calendar { of, when, zone, sense } => {
                let zone = self.zone_of(zone);
                let moment = self.moment(of)?;
                judged(*sense, moment.map(|m| calendar::in_window(m, facts.now(), *when, zone).into()))
            }
            Test::Within { of, span, future } => self.moment(of)?.map_or(Truth::Unknown, |m| {
                let now = facts.now();
                if *future { calendar::within_future(m, now, *span, zone) } else { calendar::within_past(m, now, *span, zone) }.into()
            }),
            Test::OlderThan { of, span } => {
                self.moment(of)?.map_or(Truth::Unknown, |m| calendar::older(m, facts.now(), *span, zone).into())
            }
            Test::Changed { attribute, span } => {
                facts.changed_at(attribute).is_some_and(|at| calendar::within_past(Moment::At(at), facts.now(), *span, zone)).into()
            }
            Test::Notes(part) => match self.folded(part)? {
                Some(part) => self.note_with(&part)?.is_some().into(),
                None => Truth::Unknown,
            },
            Test::Sequence(of) => self.sequence(of)?.map_or(Truth::Unknown, |seen| seen.holds.into()),
        })
    }

    /// The first note that holds an already folded text.
    pub fn note_with(&mut self, part: &str) -> Result<Option<Cow<'e, str>>, EvalError> {
        let facts = self.facts;
        for note in facts.notes() {
            self.fuel.spend(1 + note.len() as u64)?;
            if operate::has_part(&note, part) {
                return Ok(Some(note));
            }
        }
        Ok(None)
    }

    pub fn zone_of(&self, zone: &'e ZoneOf) -> &'e TimeZone {
        match zone {
            ZoneOf::Bot => self.facts.bot_zone(),
            ZoneOf::Contact => self.facts.contact_zone(),
            ZoneOf::Fixed(zone) => zone,
        }
    }

    /// Whether a value is what another expression gives; unknown if that is missing.
    fn same(&mut self, value: &Value, other: &'e Val, language: bool) -> Result<Truth, EvalError> {
        if let (Value::Text(text), Val::Literal { folded: Some(folded), .. }) = (value, other) {
            self.fuel.spend(text.len() as u64)?;
            let same = if language { language_matches(text, folded) } else { operate::folds_to(text, folded) };
            return Ok(same.into());
        }
        let Some(other) = self.value(other)? else { return Ok(Truth::Unknown) };
        Ok(match (value, &*other) {
            (Value::Text(text), Value::Text(wanted)) if language => language_matches(text, &fold(wanted)),
            _ => operate::equal(value, &other, self.facts.bot_zone()),
        }
        .into())
    }

    fn among(&mut self, value: &Value, list: &'e ListOf, language: bool) -> Result<Truth, EvalError> {
        match list {
            ListOf::Items(items) => {
                let mut any = Truth::False;
                for item in items {
                    any = any.or(self.same(value, item, language)?);
                    if any == Truth::True {
                        break;
                    }
                }
                Ok(any)
            }
            ListOf::Value(list) => Ok(match self.value(list)?.as_deref() {
                Some(Value::List(items)) => {
                    self.fuel.spend(items.len() as u64)?;
                    items.iter().any(|item| operate::equal(value, item, self.facts.bot_zone())).into()
                }
                Some(_) | None => Truth::Unknown,
            }),
        }
    }

    fn contains(&mut self, value: &Value, part: &'e Val) -> Result<Truth, EvalError> {
        if let Value::List(items) = value {
            let Some(part) = self.value(part)? else { return Ok(Truth::Unknown) };
            self.fuel.spend(items.len() as u64)?;
            return Ok(items.iter().any(|item| operate::equal(item, &part, self.facts.bot_zone())).into());
        }
        let Value::Text(text) = value else { return Ok(Truth::Unknown) };
        let Some(part) = self.folded(part)? else { return Ok(Truth::Unknown) };
        self.fuel.spend(text.len() as u64)?;
        Ok(operate::has_part(text, &part).into())
    }

    /// A value as folded text.
    pub fn folded(&mut self, of: &'e Val) -> Result<Option<Cow<'e, str>>, EvalError> {
        if let Val::Literal { folded: Some(folded), .. } = of {
            return Ok(Some(Cow::Borrowed(folded)));
        }
        let Some(value) = self.value(of)? else { return Ok(None) };
        let text = self.text_of(&value);
        self.fuel.spend(text.len() as u64)?;
        Ok(Some(Cow::Owned(fold(&text))))
    }

    fn text_of<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        match value {
            Value::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(crate::render(other, self.facts.contact_zone())),
        }
    }

    /// A value as a day or a point in time.
    pub fn moment(&mut self, of: &'e Val) -> Result<Option<Moment>, EvalError> {
        let moment = |value: &Value| match value {
            Value::Date(day) => Some(Moment::Day(*day)),
            Value::DateTime(at) => Some(Moment::At(*at)),
            _ => None,
        };
        Ok(match self.value(of)?.as_deref() {
            Some(Value::Text(text)) => operate::moment_text(text, self.facts.bot_zone()).as_ref().and_then(moment),
            Some(value) => moment(value),
            None => None,
        })
    }

    pub fn value(&mut self, val: &'e Val) -> Found<'e> {
        let facts = self.facts;
        match val {
            Val::Literal { value, .. } => Ok(Some(Cow::Borrowed(value))),
            Val::Variable(name) => Ok(facts.variable(name)),
            Val::Attribute(name) => Ok(facts.attribute(name)),
            // What cannot be computed is missing, as an attribute that nobody set.
            Val::Computed { expression, .. } => {
                self.fuel.spend(1)?;
                match self.value(expression.code()) {
                    Err(EvalError::Arithmetic(_)) => Ok(None),
                    computed => computed,
                }
            }
            Val::System(name) => Ok(self.system(name)),
            Val::Input => Ok(facts.input().map(Cow::Owned)),
            Val::Root(root) => Ok(facts.root(*root).map(|fields| Cow::Owned(Value::Record(fields)))),
            Val::Part { of, steps } => {
                self.fuel.spend(steps.len() as u64)?;
                Ok(match self.value(of)? {
                    Some(Cow::Borrowed(value)) => part(value, steps).map(Cow::Borrowed),
                    Some(Cow::Owned(value)) => part(&value, steps).cloned().map(Cow::Owned),
                    None => None,
                })
            }
            Val::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    self.fuel.spend(1)?;
                    if let Some(value) = self.value(item)? {
                        self.fuel.spend(weight(&value))?;
                        list.push(value.into_owned());
                    }
                }
                Ok(Some(Cow::Owned(Value::List(list))))
            }
            Val::Negative(of) => match self.value(of)? {
                Some(value) => operate::negative(&value).map(|v| Some(Cow::Owned(v))),
                None => Err(missing("-", of)),
            },
            Val::Arith { op: crate::ast::Arith::Join, left, right } => {
                self.fuel.spend(1)?;
                let mut text = String::new();
                for side in [left, right] {
                    if let Some(value) = self.value(side)? {
                        let piece = self.text_of(&value);
                        self.fuel.spend(piece.len() as u64)?;
                        text.push_str(&piece);
                    }
                }
                Ok(Some(Cow::Owned(Value::Text(text))))
            }
            Val::Arith { op, left, right } => {
                self.fuel.spend(1)?;
                let a = self.value(left)?.ok_or_else(|| missing(op.text(), left))?;
                let b = self.value(right)?.ok_or_else(|| missing(op.text(), right))?;
                operate::arith(*op, &a, &b, facts.bot_zone()).map(|v| Some(Cow::Owned(v)))
            }
            Val::Call { function, args } => {
                self.fuel.spend(1)?;
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    let value = self.value(arg)?;
                    if value.is_none() && !function.sees_missing {
                        return Ok(None);
                    }
                    if let Some(value) = &value {
                        self.fuel.spend(weight(value))?;
                    }
                    values.push(value.map(Cow::into_owned));
                }
                let mut context = Context { facts, fuel: self.fuel };
                (function.run)(&mut context, &values).map(|v| v.map(Cow::Owned))
            }
            Val::Truth(cond) => Ok(match self.cond(cond)? {
                Truth::True => Some(Cow::Owned(Value::Bool(true))),
                Truth::False => Some(Cow::Owned(Value::Bool(false))),
                Truth::Unknown => None,
            }),
            Val::Aggregate(of) => Ok(self.aggregate(of)?.map(Cow::Owned)),
            Val::Field { event, name } => Ok(self.row.and_then(|row| row.field(*event, name))),
        }
    }

    /// The clock's own attributes, else what the facts say.
    fn system(&self, name: &str) -> Option<Cow<'e, Value>> {
        let facts = self.facts;
        let wall = || calendar::local(facts.now(), facts.contact_zone());
        let value = match name {
            "now" => Value::DateTime(facts.now()),
            "today" => Value::Date(calendar::day(facts.now(), facts.bot_zone())),
            "hour" => Value::Number(Decimal::from(wall().hour())),
            "weekday" => Value::text(weekday(wall().weekday())),
            "timezone" => Value::text(facts.contact_zone().iana_name().unwrap_or("UTC")),
            "language" => Value::Text(facts.language()?),
            other => return facts.system(other),
        };
        Some(Cow::Owned(value))
    }
}
