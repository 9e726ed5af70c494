//! The canonical text of a syntax tree: reading it gives the same tree back (FL 6.8).

use crate::ast::{Aggregate, Arith, Calendar, InForm, Kind, Label, Node, Path, Sequence, Source, Step, Unit, When, Window, Zone};
use model::Duration;
use std::fmt::{self, Write};

/// How tightly a node binds; a looser one inside a tighter one needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Any,
    All,
    Not,
    Relation,
    Sum,
    Product,
    Unary,
    Filtered,
    Primary,
}

fn level(kind: &Kind) -> Level {
    match kind {
        Kind::Any(_) => Level::Any,
        Kind::All(_) => Level::All,
        Kind::Not(_) => Level::Not,
        Kind::InSegment(_)
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
        | Kind::Changed { .. } => Level::Relation,
        Kind::Arith { op: Arith::Add | Arith::Sub | Arith::Join, .. } => Level::Sum,
        Kind::Arith { op: Arith::Mul | Arith::Div | Arith::Rem, .. } => Level::Product,
        Kind::Negative(_) => Level::Unary,
        Kind::Filter { .. } => Level::Filtered,
        Kind::Text(_)
        | Kind::Number(_)
        | Kind::Date(_)
        | Kind::Time(_)
        | Kind::Duration(_)
        | Kind::List(_)
        | Kind::Path(_)
        | Kind::Call { .. }
        | Kind::Aggregate(_) => Level::Primary,
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        node(self, f)
    }
}

fn at_least(of: &Node, least: Level, f: &mut dyn Write) -> fmt::Result {
    if level(&of.kind) < least {
        f.write_char('(')?;
        node(of, f)?;
        f.write_char(')')
    } else {
        node(of, f)
    }
}

fn sum(of: &Node, f: &mut dyn Write) -> fmt::Result {
    at_least(of, Level::Sum, f)
}

fn joined(parts: &[Node], word: &str, least: Level, f: &mut dyn Write) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            write!(f, " {word} ")?;
        }
        at_least(part, least, f)?;
    }
    Ok(())
}

fn commas(parts: &[Node], least: Level, f: &mut dyn Write) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        at_least(part, least, f)?;
    }
    Ok(())
}

fn node(of: &Node, f: &mut dyn Write) -> fmt::Result {
    let not = |negated: &bool| if *negated { "not " } else { "" };
    match &of.kind {
        Kind::Any(parts) => joined(parts, "or", Level::All, f),
        Kind::All(parts) => joined(parts, "and", Level::Not, f),
        Kind::Not(of) => {
            f.write_str("not ")?;
            at_least(of, Level::Not, f)
        }
        Kind::InSegment(name) => fact("in segment", name, f),
        Kind::HasTag { tag, within } => {
            fact("has tag", tag, f)?;
            within.iter().try_for_each(|d| write!(f, " added within {}", Period(*d)))
        }
        Kind::HasTags { all, tags } => {
            f.write_str(if *all { "has all tag [" } else { "has any tag [" })?;
            for (i, tag) in tags.iter().enumerate() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                label(tag, f)?;
            }
            f.write_char(']')
        }
        Kind::RanSkill { skill, within } => {
            fact("ran skill", skill, f)?;
            within.iter().try_for_each(|d| write!(f, " within {}", Period(*d)))
        }
        Kind::HasChannel(name) => fact("has channel", name, f),
        Kind::HasConsent(topic) => fact("has consent", topic, f),
        Kind::Reachable(None) => f.write_str("reachable"),
        Kind::Reachable(Some(channel)) => fact("reachable on", channel, f),
        Kind::NotesContain(part) => {
            f.write_str("notes contain ")?;
            sum(part, f)
        }
        Kind::Sequence(of) => sequence(of, f),
        Kind::Compare { op, left, right } => {
            sum(left, f)?;
            write!(f, " {} ", op.text())?;
            // After `is` some words are not names: `x is (today)` asks for an attribute called today.
            let reserved = matches!(&right.kind, Kind::Path(p) if p.steps.is_empty() && is_reserved(&p.head));
            if reserved { write!(f, "({right})") } else { sum(right, f) }
        }
        Kind::Set { of, negated } => {
            sum(of, f)?;
            write!(f, " is {}set", not(negated))
        }
        Kind::In { of, list, form } => {
            sum(of, f)?;
            f.write_str(match form {
                InForm::In => " in ",
                InForm::NotIn => " not in ",
                InForm::IsNotIn => " is not in ",
            })?;
            node(list, f)
        }
        Kind::Contains { of, part, negated } => {
            sum(of, f)?;
            write!(f, " {}contains ", not(negated))?;
            sum(part, f)
        }
        Kind::Affix { of, part, at_end, negated } => {
            sum(of, f)?;
            write!(f, " {}{} with ", not(negated), if *at_end { "ends" } else { "starts" })?;
            sum(part, f)
        }
        Kind::Matches { of, regex, negated } => {
            sum(of, f)?;
            write!(f, " {}matches ", not(negated))?;
            pattern(&regex.pattern, f)?;
            f.write_str(if regex.ignore_case { "i" } else { "" })
        }
        Kind::Between { of, low, high, negated } => {
            sum(of, f)?;
            write!(f, " {}between ", not(negated))?;
            sum(low, f)?;
            f.write_str(" and ")?;
            sum(high, f)
        }
        Kind::Calendar { of, window, negated } => {
            sum(of, f)?;
            write!(f, " is {}", not(negated))?;
            calendar(window, f)
        }
        Kind::Within { of, span, future } => {
            sum(of, f)?;
            write!(f, " within {}{}", if *future { "next " } else { "" }, Period(*span))
        }
        Kind::OlderThan { of, span } => {
            sum(of, f)?;
            write!(f, " older than {}", Period(*span))
        }
        Kind::Changed { of, span } => {
            sum(of, f)?;
            write!(f, " changed within {}", Period(*span))
        }
        Kind::Text(text) => quoted(text, f),
        Kind::Number(number) => write!(f, "{number}"),
        Kind::Date(date) => write!(f, "{date}"),
        Kind::Time(time) => clock(*time, f),
        Kind::Duration(duration) => write!(f, "{}", Period(*duration)),
        Kind::List(items) => {
            f.write_char('[')?;
            commas(items, Level::Sum, f)?;
            f.write_char(']')
        }
        Kind::Path(of) => path(of, f),
        Kind::Negative(of) => {
            f.write_char('-')?;
            at_least(of, Level::Unary, f)
        }
        Kind::Arith { op, left, right } => {
            let (own, tighter) = match op {
                Arith::Add | Arith::Sub | Arith::Join => (Level::Sum, Level::Product),
                Arith::Mul | Arith::Div | Arith::Rem => (Level::Product, Level::Unary),
            };
            at_least(left, own, f)?;
            write!(f, " {} ", op.text())?;
            at_least(right, tighter, f)
        }
        Kind::Call { name, args } => {
            write!(f, "{}(", name.text)?;
            commas(args, Level::Any, f)?;
            f.write_char(')')
        }
        Kind::Filter { of, name, args } => {
            at_least(of, Level::Filtered, f)?;
            write!(f, " | {}", name.text)?;
            if args.is_empty() {
                return Ok(());
            }
            f.write_char('(')?;
            commas(args, Level::Any, f)?;
            f.write_char(')')
        }
        Kind::Aggregate(of) => aggregate(of, f),
    }
}

/// Words that mean something by themselves right of `is` or at the beginning of a condition.
fn is_reserved(name: &str) -> bool {
    ["set", "in", "not", "today", "yesterday", "tomorrow"].into_iter().any(|w| name.eq_ignore_ascii_case(w))
}

fn fact(words: &str, name: &Label, f: &mut dyn Write) -> fmt::Result {
    write!(f, "{words} ")?;
    label(name, f)
}

fn label(label: &Label, f: &mut dyn Write) -> fmt::Result {
    let slug = label.text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') && !label.text.starts_with('-');
    if slug && !label.text.is_empty() { f.write_str(&label.text) } else { quoted(&label.text, f) }
}

/// A text in quotes as this language reads it.
pub fn quoted(text: &str, f: &mut dyn Write) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

fn pattern(pattern: &str, f: &mut dyn Write) -> fmt::Result {
    f.write_char('/')?;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => f.write_str("\\/")?,
            '\\' => {
                f.write_char(c)?;
                chars.next().map_or(Ok(()), |next| f.write_char(next))?;
            }
            c => f.write_char(c)?,
        }
    }
    f.write_char('/')
}

fn clock(time: jiff::civil::Time, f: &mut dyn Write) -> fmt::Result {
    write!(f, "{:02}:{:02}", time.hour(), time.minute())?;
    if time.second() == 0 { Ok(()) } else { write!(f, ":{:02}", time.second()) }
}

fn path(path: &Path, f: &mut dyn Write) -> fmt::Result {
    f.write_str(&path.head)?;
    for step in &path.steps {
        match step {
            Step::Field(name) => write!(f, ".{name}")?,
            Step::Index(at) => write!(f, "[{at}]")?,
            Step::Key(key) => {
                f.write_char('[')?;
                quoted(key, f)?;
                f.write_char(']')?;
            }
        }
    }
    Ok(())
}

/// The words of a calendar window without its zone.
pub fn when(when: When) -> String {
    let of = |word: &str, unit: Unit| format!("{word} {}", unit.name());
    match when {
        When::Today => "today".into(),
        When::Yesterday => "yesterday".into(),
        When::Tomorrow => "tomorrow".into(),
        When::This(unit) => of("this", unit),
        When::Previous(unit) => of("previous", unit),
        When::Next(unit) => of("next", unit),
    }
}

fn calendar(of: &Calendar, f: &mut dyn Write) -> fmt::Result {
    f.write_str(&when(of.when))?;
    zone(of.zone.as_ref(), f)
}

fn zone(zone: Option<&Zone>, f: &mut dyn Write) -> fmt::Result {
    match zone {
        None => Ok(()),
        Some(Zone::Bot) => f.write_str(" in bot zone"),
        Some(Zone::Contact) => f.write_str(" in contact zone"),
        Some(Zone::Named(name)) => {
            f.write_str(" in ")?;
            quoted(name, f)?;
            f.write_str(" zone")
        }
    }
}

fn source(of: &Source, in_sequence: bool, f: &mut dyn Write) -> fmt::Result {
    let name = &of.event.text;
    // Before the second event of a sequence `no` is not its name, and `within` ends it.
    let plain = is_name(name) && !(in_sequence && ["no", "within"].into_iter().any(|w| name.eq_ignore_ascii_case(w)));
    if plain {
        f.write_str(name)?
    } else {
        quoted(name, f)?
    }
    of.fields.iter().try_for_each(|field| write!(f, ".{field}"))?;
    match &of.filter {
        None => Ok(()),
        Some(filter) if in_sequence => write!(f, " where ({filter})"),
        Some(filter) => write!(f, " where {filter}"),
    }
}

/// Whether a text is a NAME of the grammar.
pub fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn window(of: Option<&Window>, f: &mut dyn Write) -> fmt::Result {
    let Some(of) = of else { return Ok(()) };
    f.write_str(", ")?;
    match of {
        Window::Last(span, in_zone) => {
            write!(f, "last {}", Period(*span))?;
            zone(in_zone.as_ref(), f)
        }
        Window::Since(at) => {
            f.write_str("since ")?;
            grouped(at, f)
        }
        Window::Between(low, high) => {
            f.write_str("between ")?;
            grouped(low, f)?;
            f.write_str(" and ")?;
            sum(high, f)
        }
        Window::Ever => f.write_str("ever"),
        Window::Calendar(of) => calendar(of, f),
    }
}

/// The first value of a window: one that begins with a sign or a bracket would be taken for a function's argument.
fn grouped(of: &Node, f: &mut dyn Write) -> fmt::Result {
    let text = of.to_string();
    if text.starts_with(['-', '[']) { write!(f, "({text})") } else { sum(of, f) }
}

fn aggregate(of: &Aggregate, f: &mut dyn Write) -> fmt::Result {
    write!(f, "{}(", of.function.name())?;
    source(&of.source, false, f)?;
    window(of.window.as_ref(), f)?;
    f.write_char(')')
}

fn sequence(of: &Sequence, f: &mut dyn Write) -> fmt::Result {
    f.write_str("sequence(")?;
    source(&of.first, true, f)?;
    f.write_str(if of.absent { " then no " } else { " then " })?;
    source(&of.second, true, f)?;
    write!(f, " within {}", Period(of.within))?;
    window(of.window.as_ref(), f)?;
    f.write_char(')')
}

/// A duration as people write it: whole days by name, shorter ones joined.
pub struct Period(pub Duration);

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400_000_000;
        let Duration { months, micros } = self.0;
        let counted = |f: &mut fmt::Formatter<'_>, count: i64, unit: &str| {
            write!(f, "{count} {unit}{}", if count.unsigned_abs() == 1 { "" } else { "s" })
        };
        if months != 0 {
            if months % 12 == 0 {
                counted(f, i64::from(months / 12), "year")?
            } else {
                counted(f, i64::from(months), "month")?
            }
            if micros == 0 {
                return Ok(());
            }
            f.write_char(' ')?;
        }
        if micros % DAY == 0 && micros != 0 {
            return counted(f, micros / DAY, "day");
        }
        if micros < 0 {
            f.write_char('-')?;
        }
        let mut left = micros.unsigned_abs();
        let mut any = false;
        for (unit, size) in [("d", DAY.unsigned_abs()), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)] {
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
                any = true;
            }
        }
        if any { Ok(()) } else { f.write_str("0s") }
    }
}
