//! Checking values: arithmetic, functions, filters, lists.

use super::{Checker, Typed, a, facts::in_quotes};
use crate::{
    FILTERS, FUNCTIONS, Function, Missing, Problem, Type,
    ast::{Arith, Kind, Label, Node},
    calendar,
    code::Val,
    did_you_mean,
    functions::Tick,
};
use model::Value;

impl Checker<'_> {
    /// A node where a value is wanted.
    pub fn value(&mut self, node: &Node) -> Option<Typed> {
        let literal = |ty: Type, value: Value| Some(Typed::new(ty, Val::literal(value)));
        match &node.kind {
            Kind::Text(text) => literal(Type::Text, Value::Text(text.clone())),
            Kind::Number(number) => literal(Type::Number, Value::Number(*number)),
            Kind::Date(date) => literal(Type::Date, Value::Date(*date)),
            Kind::Time(time) => literal(Type::Time, Value::Time(*time)),
            Kind::Duration(duration) => literal(Type::Duration, Value::Duration(*duration)),
            Kind::Path(path) => self.path(node, path),
            Kind::List(items) => {
                let items: Vec<Option<Typed>> = items.iter().map(|item| self.value(item)).collect();
                let items: Option<Vec<Typed>> = items.into_iter().collect();
                Some(Typed::new(Type::List, Val::List(items?.into_iter().map(|t| t.val).collect())))
            }
            Kind::Negative(of) => {
                let Typed { ty, val } = self.value(of)?;
                if !matches!(ty, Type::Number | Type::Money | Type::Duration | Type::Unknown) {
                    let problem = Problem::error("E0323", node.span, format!("`-` has no meaning before {}", a(&ty)));
                    return self.report(problem);
                }
                Some(Typed::new(ty, Val::Negative(Box::new(val))))
            }
            Kind::Arith { op, left, right } => self.arith(node, *op, left, right),
            Kind::Call { name, args } => self.call(node, FUNCTIONS, "function", name, None, args),
            Kind::Filter { of, name, args } => self.call(node, FILTERS, "filter", name, Some(of), args),
            Kind::Aggregate(of) => self.aggregate(node, of),
            Kind::Any(_)
            | Kind::All(_)
            | Kind::Not(_)
            | Kind::InSegment(_)
            | Kind::HasTag { .. }
            | Kind::HasTags { .. }
            | Kind::RanSkill { .. }
            | Kind::HasChannel(_)
            | Kind::HasConsent(_)
            | Kind::Reachable(_)
            | Kind::NotesContain(_)
            | Kind::Sequence(_)
            | Kind::Compare { .. }
            | Kind::Set { .. }
            | Kind::In { .. }
            | Kind::Contains { .. }
            | Kind::Affix { .. }
            | Kind::Matches { .. }
            | Kind::Between { .. }
            | Kind::Calendar { .. }
            | Kind::Within { .. }
            | Kind::OlderThan { .. }
            | Kind::Changed { .. } => self.cond(node).map(|cond| Typed::new(Type::Bool, Val::Truth(Box::new(cond)))),
        }
    }

    fn arith(&mut self, node: &Node, op: Arith, left: &Node, right: &Node) -> Option<Typed> {
        if op == Arith::Sub && self.is_dashed(node) {
            let written = self.written(node);
            let problem =
                Problem::error("E0308", node.span, format!("`{written}` is read as a subtraction; a value with a dash stands in quotes"));
            return self.report(problem.cure(in_quotes(written)));
        }
        let (l, r) = (self.value(left), self.value(right));
        let (l, r) = (l?, r?);
        if op == Arith::Join {
            return Some(Typed::new(Type::Text, Val::Arith { op, left: Box::new(l.val), right: Box::new(r.val) }));
        }
        let Some(ty) = result(op, &l, &r) else {
            let problem =
                Problem::error("E0323", node.span, format!("`{}` has no meaning between {} and {}", op.text(), a(&l.ty), a(&r.ty)));
            let joins = op == Arith::Add && (l.ty.is_text() || r.ty.is_text());
            let problem = if joins {
                problem.help("`~` joins texts").cure(format!("{} ~ {}", self.written(left), self.written(right)))
            } else {
                problem
            };
            return self.report(problem);
        };
        Some(Typed::new(ty, Val::Arith { op, left: Box::new(l.val), right: Box::new(r.val) }))
    }

    /// `pt-BR`: words joined by dashes without a space, of which one is no name.
    fn is_dashed(&self, node: &Node) -> bool {
        let written = self.written(node);
        let words = written.split('-');
        written.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            && words.clone().any(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()))
            && words.into_iter().any(|w| !w.is_empty() && !w.starts_with(|c: char| c.is_ascii_digit()) && !self.is_name(w))
    }

    fn call(
        &mut self,
        node: &Node,
        list: &'static [Function],
        what: &str,
        name: &Label,
        of: Option<&Node>,
        args: &[Node],
    ) -> Option<Typed> {
        let Some(function) = list.iter().find(|f| f.name == name.text) else {
            // What is wrong with the arguments is told as well.
            of.into_iter().chain(args).for_each(|arg| drop(self.value(arg)));
            return self.unknown_function(list, what, name);
        };
        let all: Vec<&Node> = of.into_iter().chain(args).collect();
        // `default` and `coalesce` provide for a missing value with the one that stands last.
        let handles = matches!(function.name, "default" | "coalesce");
        let mut values: Vec<Option<Typed>> = Vec::with_capacity(all.len());
        for (at, arg) in all.iter().enumerate() {
            let handled = handles && at + 1 < all.len();
            values.push(if handled { self.with(Missing::Handled, |checker| checker.value(arg)) } else { self.value(arg) });
        }
        let (least, most) = function.arity();
        if values.len() < least || values.len() > most {
            let problem = Problem::error("E0318", node.span, format!("`{}` does not take {} values", name.text, values.len()))
                .help(format!("it is written `{}`", function.signature));
            return self.report(problem);
        }
        let values: Vec<Typed> = values.into_iter().collect::<Option<_>>()?;
        for (at, (value, node)) in values.iter().zip(of.into_iter().chain(args)).enumerate() {
            let Some(param) = function.param(at) else { continue };
            if !param.takes.accepts(&value.ty) {
                let message = format!("`{}` takes {} here, and this is {}", name.text, param.takes.name(), a(&value.ty));
                let problem = Problem::error("E0321", node.span, message).help(format!("it is written `{}`", function.signature));
                return self.report(problem);
            }
        }
        if function.name == "open"
            && let Some(Val::Literal { value: Value::Text(calendar), .. }) = values.first().map(|v| &v.val)
            && let Some(known) = self.scope.calendars()
            && !known.contains(calendar)
        {
            let mut problem = Problem::error("E0175", node.span, format!("there is no calendar `{calendar}`"));
            problem = match did_you_mean(calendar, known.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => problem.help("write it under calendars: in bot.yaml"),
                None => problem.help(format!("the calendars are: {}", known.join(", "))),
            };
            return self.report(problem);
        }
        self.references.time |= function.tick != Tick::Never;
        let types: Vec<Type> = values.iter().map(|v| v.ty.clone()).collect();
        let args = values.into_iter().map(|v| v.val).collect();
        Some(Typed::new((function.result)(&types), Val::Call { function, args }))
    }

    fn unknown_function(&mut self, list: &[Function], what: &str, name: &Label) -> Option<Typed> {
        let mut problem = Problem::error("E0317", name.span, format!("there is no {what} `{}`", name.text));
        let (other, how) = if what == "filter" { (FUNCTIONS, "a function") } else { (FILTERS, "a filter") };
        if let Some(found) = other.iter().find(|f| f.name == name.text) {
            problem = problem.help(format!("it is {how}: `{}`", found.signature));
        } else if let Some(near) = did_you_mean(&name.text, list.iter().map(|f| f.name)) {
            problem = problem.help(format!("did you mean `{near}`?")).suggest(near);
        } else {
            let names: Vec<&str> = list.iter().map(|f| f.name).collect();
            problem = problem.help(format!("there are: {}", names.join(", ")));
        }
        self.report(problem)
    }
}

/// The type of the result, if the operator has a meaning between two types.
fn result(op: Arith, l: &Typed, r: &Typed) -> Option<Type> {
    use Type::{Date, DateTime, Duration, Money, Number, Unknown};
    Some(match (op, &l.ty, &r.ty) {
        // A text whose type is declared never counts; what a field of an event is shows only later.
        (_, left, right)
            if [left, right].into_iter().any(|t| t.is_text() || matches!(t, Type::Bool | Type::List | Type::Record | Type::Time)) =>
        {
            return None;
        }
        (_, Unknown, _) | (_, _, Unknown) => Unknown,
        (_, Number, Number) => Number,
        (Arith::Add | Arith::Sub, Money, Money) => Money,
        (Arith::Mul | Arith::Div, Money, Number) | (Arith::Mul, Number, Money) => Money,
        (Arith::Div, Money, Money) | (Arith::Div, Duration, Duration) => Number,
        (Arith::Add | Arith::Sub, DateTime, Duration) | (Arith::Add, Duration, DateTime) => DateTime,
        (Arith::Add | Arith::Sub, Date, Duration) => moved_day(&r.val),
        (Arith::Add, Duration, Date) => moved_day(&l.val),
        (Arith::Sub, Date, Date) | (Arith::Sub, DateTime, DateTime) => Duration,
        (Arith::Add | Arith::Sub, Duration, Duration) => Duration,
        (Arith::Mul | Arith::Div, Duration, Number) | (Arith::Mul, Number, Duration) => Duration,
        _ => return None,
    })
}

/// A day moved by whole days is a day; by hours, a point in time.
fn moved_day(by: &Val) -> Type {
    match by {
        Val::Literal { value: Value::Duration(by), .. } if calendar::whole_days(*by) => Type::Date,
        Val::Literal { .. } => Type::DateTime,
        _ => Type::Unknown,
    }
}
