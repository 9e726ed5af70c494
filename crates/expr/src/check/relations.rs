//! Checking relations: both sides have to be of kinds that can be held against each other (FL 6.2, 6.5).

use super::{
    Checker, Typed, a,
    facts::{in_quotes, some_of},
    leaf,
};
use crate::{
    Missing, Place, Problem, Type,
    ast::{InForm, Kind, Node, Op, Regex, Span, Zone},
    calendar,
    closed::{is_country, is_language},
    code::{Cond, ListOf, Order, Sense, Test, Val, ZoneOf},
    did_you_mean,
};
use jiff::tz::TimeZone;
use model::{Duration, Value, fold};

/// How large a compiled pattern may be.
const REGEX_BYTES: usize = 1 << 20;

fn is_code(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|b| b.is_ascii_alphabetic())
}

fn plain(negated: bool) -> Sense {
    if negated { Sense::Not } else { Sense::Plain }
}

/// Whether values of two types can be the same.
fn comparable(l: &Type, r: &Type) -> bool {
    let amount = |t: &Type| matches!(t, Type::Number | Type::Money);
    let moment = |t: &Type| matches!(t, Type::Date | Type::DateTime);
    [l, r].contains(&&Type::Unknown) || l == r || (l.is_text() && r.is_text()) || (amount(l) && amount(r)) || (moment(l) && moment(r))
}

impl Checker<'_> {
    pub(super) fn relation(&mut self, node: &Node) -> Option<Test> {
        match &node.kind {
            Kind::Compare { op, left, right } => self.compare(node, *op, left, right),
            Kind::Set { of, negated } => {
                let of = self.with(Missing::Handled, |checker| checker.value(of))?;
                Some(Test::Set { of: of.val, negated: *negated })
            }
            Kind::Contains { of, part, negated } => self.contains(of, part, *negated),
            Kind::Affix { of, part, at_end, negated } => {
                let (of, part) = (self.text(of), self.text(part));
                Some(Test::Affix { of: of?, part: part?, at_end: *at_end, sense: plain(*negated) })
            }
            Kind::Matches { of, regex, negated } => {
                let (of, regex) = (self.text(of), self.regex(regex));
                Some(Test::Matches { of: of?, regex: Box::new(regex?), sense: plain(*negated) })
            }
            Kind::Between { of, low, high, negated } => {
                let of_typed = self.value(of);
                let limits = [low, high].map(|limit| {
                    let limit_typed = self.value(limit)?;
                    let ty = of_typed.as_ref().map_or(Type::Unknown, |t| t.ty.clone());
                    self.ordered(&ty, of, &limit_typed, limit)?;
                    Some(limit_typed.val)
                });
                let [low, high] = limits;
                Some(Test::Between { of: of_typed?.val, low: low?, high: high?, sense: plain(*negated) })
            }
            Kind::Calendar { of, window, negated } => {
                let (val, _) = self.moment(of)?;
                let zone = self.zone(window.zone.as_ref(), window.zone_span)?;
                self.references.time = true;
                let sense = if *negated { Sense::IsNot } else { Sense::Plain };
                Some(Test::Calendar { of: val, when: window.when, zone, sense })
            }
            Kind::Within { of, span, future } => {
                let val = self.moment_for(of, *span, node)?;
                Some(Test::Within { of: val, span: *span, future: *future })
            }
            Kind::OlderThan { of, span } => {
                let val = self.moment_for(of, *span, node)?;
                Some(Test::OlderThan { of: val, span: *span })
            }
            Kind::Changed { of, span } => self.changed(of, *span),
            _ => unreachable!("`cond` sends only relations here"),
        }
    }

    fn compare(&mut self, node: &Node, op: Op, left: &Node, right: &Node) -> Option<Test> {
        // A condition in parentheses may stand left of `=`, a plain value mostly does.
        let l = self.value(left);
        let ty = l.as_ref().map_or(Type::Unknown, |l| l.ty.clone());
        let order = match op {
            Op::Eq | Op::Is | Op::Ne | Op::IsNot => None,
            Op::Lt => Some(Order::Lt),
            Op::Le => Some(Order::Le),
            Op::Gt => Some(Order::Gt),
            Op::Ge => Some(Order::Ge),
        };
        if let Some(order) = order {
            let r = self.value(right);
            let (l, r) = (l?, r?);
            self.ordered(&ty, left, &r, right)?;
            return Some(Test::Order { left: l.val, order, right: r.val });
        }
        // What a bare word stands for is told by the left side: where that is not known, the word is no second fault.
        if l.is_none() && self.is_unknown_word(right) {
            return None;
        }
        let r = self.right(&ty, left, right);
        let (l, r) = (l?, r?);
        let l = self.spelt(&r.ty, right, l, left);
        if !comparable(&ty, &r.ty) {
            return self.across(node, &ty, left, &r, right);
        }
        let sense = match op {
            Op::Ne => Sense::Not,
            Op::IsNot => Sense::IsNot,
            Op::Eq | Op::Is | Op::Lt | Op::Le | Op::Gt | Op::Ge => Sense::Plain,
        };
        Some(Test::Equal { left: l.val, right: r.val, sense, language: ty == Type::Language })
    }

    /// A bare word that is no name.
    fn is_unknown_word(&self, node: &Node) -> bool {
        matches!(&node.kind, Kind::Path(path) if path.bare().is_some_and(|word| !self.is_name(word)))
    }

    /// Comparing across types is an error, with the likely cure.
    fn across<T>(&mut self, node: &Node, ty: &Type, left: &Node, r: &Typed, right: &Node) -> Option<T> {
        let message =
            format!("`{}` is {}, and `{}` is {}: they are never the same", self.written(left), a(ty), self.written(right), a(&r.ty));
        let problem = Problem::error("E0320", node.span, message);
        let literal = match &r.val {
            Val::Literal { value: Value::Text(text), .. } => Some(text.clone()),
            _ => None,
        };
        let problem = match (ty, literal) {
            (Type::List, _) => {
                problem.help(format!("to ask whether it is in the list, write `{} contains {}`", self.written(left), self.written(right)))
            }
            (Type::Number | Type::Money | Type::Date | Type::DateTime | Type::Time | Type::Bool, Some(text)) => {
                let mut problem = problem.help("quotes make a text of it");
                problem.range = right.span.into();
                let literal = |kind: &Kind| matches!(kind, Kind::Number(_) | Kind::Date(_) | Kind::Time(_) | Kind::Negative(_));
                if crate::parser::parse(&text).is_ok_and(|node| literal(&node.kind)) || text == "true" || text == "false" {
                    problem = problem.suggest(text);
                }
                problem
            }
            (ty, None) if ty.is_text() && matches!(r.ty, Type::Number | Type::Date | Type::Time) => {
                let written = in_quotes(self.written(right));
                let mut problem =
                    problem.help(format!("write {written} for the text, or declare `{}` as {}", self.written(left), a(&r.ty)));
                problem.range = right.span.into();
                problem.suggest(written)
            }
            _ => problem,
        };
        self.report(problem)
    }

    fn ordered(&mut self, ty: &Type, left: &Node, r: &Typed, right: &Node) -> Option<()> {
        for (ty, node) in [(ty, left), (&r.ty, right)] {
            let has_order =
                matches!(ty, Type::Number | Type::Money | Type::Date | Type::DateTime | Type::Time | Type::Duration | Type::Unknown);
            if !has_order {
                let problem = Problem::error("E0321", node.span, format!("`{}` is {}, which has no order", self.written(node), a(ty)))
                    .help("numbers, dates, times and durations can be larger or smaller");
                return self.report(problem);
            }
        }
        if comparable(ty, &r.ty) {
            return Some(());
        }
        let message =
            format!("`{}` is {}, and `{}` is {}: they cannot be compared", self.written(left), a(ty), self.written(right), a(&r.ty));
        let problem = Problem::error("E0320", left.span.to(right.span), message);
        self.report(problem)
    }

    /// The values of a closed type, if it is one that lists them.
    fn values_of(&self, ty: &Type) -> Option<Vec<String>> {
        match ty {
            Type::Enum(values) => Some(values.clone()),
            Type::Status => Some(self.scope.statuses()),
            Type::Channel => Some(self.scope.channels()),
            _ => None,
        }
    }

    /// The value of a closed type that a word stands for.
    fn value_of(&self, ty: &Type, word: &str) -> Option<Value> {
        match ty {
            Type::Bool if word.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Type::Bool if word.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            Type::Language => is_language(word).then(|| Value::text(word)),
            Type::Country => is_code(word).then(|| Value::text(word.to_ascii_uppercase())),
            _ => self.values_of(ty)?.into_iter().find(|v| fold(v) == fold(word)).map(Value::Text),
        }
    }

    fn is_closed(ty: &Type) -> bool {
        matches!(ty, Type::Enum(_) | Type::Status | Type::Channel | Type::Language | Type::Country | Type::Bool)
    }

    /// The right side of `=`, `!=`, `is` or an item of a list: a bare word is a value if the left side has it.
    fn right(&mut self, ty: &Type, left: &Node, right: &Node) -> Option<Typed> {
        let bare = match &right.kind {
            Kind::Path(path) => path.bare(),
            _ => None,
        };
        if let Some(word) = bare {
            if let Some(value) = self.value_of(ty, word) {
                self.country(ty, word, right);
                return Some(Typed::new(ty.clone(), Val::literal(value)));
            }
            let is_field = self.place() == Place::Event && word != "true" && word != "false";
            if is_field || !self.is_name(word) {
                return self.not_a_value(ty, left, word, right, is_field);
            }
        }
        let typed = self.value(right)?;
        // A text in quotes has to be one of the values as well.
        if let (Val::Literal { value: Value::Text(text), .. }, true) = (&typed.val, Self::is_closed(ty) && *ty != Type::Bool) {
            return match self.value_of(ty, text) {
                Some(value) => {
                    self.country(ty, &text.clone(), right);
                    Some(Typed::new(ty.clone(), Val::literal(value)))
                }
                None => {
                    let text = text.clone();
                    self.not_a_value(ty, left, &text, right, false)
                }
            };
        }
        Some(self.spelt(ty, left, typed, right))
    }

    fn not_a_value(&mut self, ty: &Type, left: &Node, word: &str, right: &Node, is_field: bool) -> Option<Typed> {
        let (span, name) = (right.span, self.written(left));
        if !Self::is_closed(ty) {
            let quoted = in_quotes(word);
            let message =
                if is_field { format!("`{word}` is read as a field of the event") } else { format!("nothing here is called `{word}`") };
            let near = if is_field { None } else { self.near(word) };
            let problem = Problem::error("E0312", span, message);
            let problem = match near {
                Some(near) => problem.help(format!("did you mean `{near}`, or the text {quoted} in quotes?")).suggest(near),
                None if is_field => {
                    problem.help(format!("did you mean {quoted} in quotes? the field is written `event.{word}`")).suggest(quoted)
                }
                None => problem.help(format!("did you mean {quoted} in quotes?")).suggest(quoted),
            };
            return self.report(problem);
        }
        let problem = Problem::error("E0313", span, format!("`{name}` is never \"{word}\""));
        let problem = match self.values_of(ty) {
            Some(values) => match did_you_mean(word, values.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean {near}?")).suggest(self.bare_or_quoted(near)),
                None => problem.help(format!("its values are: {}", some_of(&values))),
            },
            None => match ty {
                Type::Country => problem.help("countries are two-letter codes such as US, GB or ES"),
                Type::Language => problem.help("languages are codes such as en, es or \"pt-BR\""),
                _ => problem.help("it is true or false"),
            },
        };
        self.report(problem)
    }

    /// A code that no country has is only suspicious: the list of countries changes faster than this program.
    fn country(&mut self, ty: &Type, code: &str, node: &Node) {
        if *ty != Type::Country || is_country(code) {
            return;
        }
        let british = code.eq_ignore_ascii_case("UK");
        let problem = Problem::warning("W0303", node.span, format!("no country has the code {}", code.to_ascii_uppercase()));
        let problem = if british { problem.help("the United Kingdom is GB").cure("GB") } else { problem };
        self.problems.push(problem);
    }

    fn bare_or_quoted(&self, value: &str) -> String {
        if crate::print::is_name(value) { value.to_owned() } else { in_quotes(value) }
    }

    /// Whether a value is in a list.
    pub(super) fn in_list(&mut self, node: &Node, of: &Node, list: &Node, form: InForm) -> Option<Cond> {
        let sense = match form {
            InForm::In => Sense::Plain,
            InForm::NotIn => Sense::Not,
            InForm::IsNotIn => Sense::IsNot,
        };
        let typed = self.value(of);
        let ty = typed.as_ref().map_or(Type::Unknown, |t| t.ty.clone());
        if ty == Type::List {
            let problem = Problem::error("E0321", of.span, format!("`{}` is a list; `in` asks for one value", self.written(of)))
                .help(format!("write `{} contains …`", self.written(of)));
            return self.report(problem);
        }
        if let Kind::List(items) = &list.kind {
            let mut checked = Vec::with_capacity(items.len());
            for item in items {
                if typed.is_none() && self.is_unknown_word(item) {
                    checked.push(None);
                    continue;
                }
                let right = self.right(&ty, of, item).and_then(|right| {
                    if comparable(&ty, &right.ty) { Some((item, right)) } else { self.across(item, &ty, of, &right, item) }
                });
                checked.push(right);
            }
            let items = checked.into_iter().collect::<Option<Vec<_>>>()?;
            return Some(self.among(node, (of, typed?), items, sense));
        }
        let value = self.value(list)?;
        if !matches!(value.ty, Type::List | Type::Unknown) {
            let problem = Problem::error("E0321", list.span, format!("`{}` is {}, not a list", self.written(list), a(&value.ty)))
                .help("a list stands in square brackets: country in [US, CA]");
            return self.report(problem);
        }
        Some(leaf(node, Test::In { of: typed?.val, list: ListOf::Value(value.val), sense, language: ty == Type::Language }))
    }

    fn contains(&mut self, of: &Node, part: &Node, negated: bool) -> Option<Test> {
        let (of_typed, part_typed) = (self.value(of), self.value(part));
        let (of_typed, part_typed) = (of_typed?, part_typed?);
        if !(of_typed.ty.is_text() || matches!(of_typed.ty, Type::List | Type::Unknown)) {
            let problem = Problem::error(
                "E0321",
                of.span,
                format!("`{}` is {}; only texts and lists contain something", self.written(of), a(&of_typed.ty)),
            );
            return self.report(problem);
        }
        if of_typed.ty.is_text() && !(part_typed.ty.is_text() || part_typed.ty == Type::Unknown) {
            let problem =
                Problem::error("E0320", part.span, format!("a text contains texts, and `{}` is {}", self.written(part), a(&part_typed.ty)))
                    .suggest(in_quotes(self.written(part)));
            return self.report(problem);
        }
        Some(Test::Contains { of: of_typed.val, part: part_typed.val, sense: plain(negated) })
    }

    /// A node where a text is wanted.
    pub(super) fn text(&mut self, node: &Node) -> Option<Val> {
        let Typed { ty, val } = self.value(node)?;
        if ty.is_text() || ty == Type::Unknown {
            return Some(val);
        }
        let problem = Problem::error("E0321", node.span, format!("`{}` is {}, and a text is wanted here", self.written(node), a(&ty)))
            .help("`| text` makes a text of any value");
        self.report(problem)
    }

    fn regex(&mut self, of: &Regex) -> Option<regex::Regex> {
        let built = regex::RegexBuilder::new(&of.pattern)
            .case_insensitive(of.ignore_case)
            .size_limit(REGEX_BYTES)
            .dfa_size_limit(REGEX_BYTES)
            .nest_limit(50)
            .build();
        match built {
            Ok(regex) => Some(regex),
            Err(regex::Error::CompiledTooBig(_)) => {
                let problem = Problem::error("E0309", of.span, "the pattern grows too large").help("use smaller repeat counts");
                self.report(problem)
            }
            Err(error) => {
                // The last line says what; the lines before draw the place.
                let text = error.to_string();
                let why = text.lines().last().unwrap_or("").trim().trim_start_matches("error: ").to_owned();
                let problem = Problem::error("E0309", of.span, format!("the pattern cannot be read: {why}"));
                self.report(problem.help("look-around and back-references do not exist here: every pattern is matched in linear time"))
            }
        }
    }

    /// A node where a day or a point in time is wanted; whether it is known to be a day.
    pub(super) fn moment(&mut self, of: &Node) -> Option<(Val, bool)> {
        let Typed { ty, val } = self.value(of)?;
        if !matches!(ty, Type::Date | Type::DateTime | Type::Unknown) {
            let problem = Problem::error("E0321", of.span, format!("`{}` is {}, not a date or datetime", self.written(of), a(&ty)))
                .help("`within`, `older than`, `is today` and the like ask when something was");
            return self.report(problem);
        }
        Some((val, ty == Type::Date))
    }

    fn moment_for(&mut self, of: &Node, span: Duration, node: &Node) -> Option<Val> {
        let (val, is_day) = self.moment(of)?;
        self.references.time = true;
        if is_day && !calendar::whole_days(span) {
            let problem =
                Problem::error("E0321", node.span, format!("`{}` is a day; hours and minutes say nothing about it", self.written(of)))
                    .help("use whole days, weeks, months or years");
            return self.report(problem);
        }
        Some(val)
    }

    /// A time zone; the bot's where none is named (FL 6.6).
    pub(super) fn zone(&mut self, zone: Option<&Zone>, span: Span) -> Option<ZoneOf> {
        match zone {
            None | Some(Zone::Bot) => Some(ZoneOf::Bot),
            Some(Zone::Contact) => Some(ZoneOf::Contact),
            Some(Zone::Named(name)) => match TimeZone::get(name) {
                Ok(zone) => Some(ZoneOf::Fixed(zone)),
                Err(_) => {
                    let problem = Problem::error("E0324", span, format!("there is no time zone \"{name}\""))
                        .help("zones are written as \"Europe/Madrid\" or \"America/New_York\"");
                    self.report(problem)
                }
            },
        }
    }
}
