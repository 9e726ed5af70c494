//! Functions and filters over days and points in time.

use super::{Answer, Context, Function, Takes, Tick, arg, one};
use crate::{EvalError, Type, calendar, operate};
use jiff::civil::Date;
use model::Value;
use rust_decimal::Decimal;

const DAILY: Function = Function {
    name: "",
    signature: "",
    doc: "",
    example: ("", ""),
    params: &[one(Takes::Moment)],
    tick: Tick::Day,
    sees_missing: false,
    result: |_| Type::Number,
    run: |_, _| Ok(None),
};

/// The day of a day or a point in time, in the bot's zone.
fn day_of(ctx: &Context<'_>, args: &[Option<Value>]) -> Option<Date> {
    let day = |value: &Value| match value {
        Value::Date(day) => Some(*day),
        Value::DateTime(at) => Some(calendar::day(*at, ctx.zone())),
        _ => None,
    };
    match arg(args, 0)? {
        Value::Text(text) => operate::moment_text(text, ctx.zone()).as_ref().and_then(day),
        value => day(value),
    }
}

/// The same day in another year; the last of February where there is no 29th.
fn in_year(day: Date, year: i16) -> Option<Date> {
    Date::new(year, day.month(), day.day()).ok().or_else(|| Date::new(year, day.month(), 28).ok())
}

pub const NOW: Function = Function {
    name: "now",
    signature: "now()",
    doc: "this instant",
    example: ("now()", "2026-03-02 10:00"),
    params: &[],
    tick: Tick::Always,
    result: |_| Type::DateTime,
    run: |ctx, _| Ok(Some(Value::DateTime(ctx.facts.now()))),
    ..DAILY
};

pub const TODAY: Function = Function {
    name: "today",
    signature: "today()",
    doc: "today in the bot's zone",
    example: ("today() + 1d", "2026-03-03"),
    params: &[],
    result: |_| Type::Date,
    run: |ctx, _| Ok(Some(Value::Date(ctx.today()))),
    ..DAILY
};

pub const YEARS_SINCE: Function = Function {
    name: "years_since",
    signature: "years_since(date)",
    doc: "how many full years have passed since a day: an age; negative for days to come",
    example: ("years_since(1990-03-03)", "35"),
    run: |ctx, args| {
        let Some(day) = day_of(ctx, args) else { return Ok(None) };
        let today = ctx.today();
        let reached = in_year(day, today.year()).is_some_and(|this_year| this_year <= today);
        let years = i64::from(today.year()) - i64::from(day.year()) - i64::from(!reached);
        Ok(Some(Value::Number(Decimal::from(years))))
    },
    ..DAILY
};

fn days_since(ctx: &mut Context<'_>, args: &[Option<Value>]) -> Answer {
    let Some(day) = day_of(ctx, args) else { return Ok(None) };
    let days = ctx.today().since((jiff::Unit::Day, day)).map_or(0, |span| i64::from(span.get_days()));
    Ok(Some(Value::Number(Decimal::from(days))))
}

pub const DAYS_SINCE: Function = Function {
    name: "days_since",
    signature: "days_since(date)",
    doc: "how many midnights lie between a day and today; negative for days to come",
    example: ("days_since(2026-02-28)", "2"),
    run: days_since,
    ..DAILY
};

pub const ANNIVERSARY: Function = Function {
    name: "anniversary",
    signature: "anniversary(date)",
    doc: "the anniversary of a day that is nearest to today, before or after it; 29 February is kept on the 28th where there is none",
    example: ("anniversary(1990-03-05)", "2026-03-05"),
    result: |_| Type::Date,
    run: |ctx, args| {
        let Some(day) = day_of(ctx, args) else { return Ok(None) };
        let today = ctx.today();
        let away = |date: &Date| date.since((jiff::Unit::Day, today)).map_or(i32::MAX, |span| span.get_days().abs());
        // The one to come first, so that it wins a tie.
        let years = [today.year().checked_add(1), Some(today.year()), today.year().checked_sub(1)];
        let nearest = years.into_iter().flatten().filter_map(|year| in_year(day, year)).min_by_key(away);
        Ok(nearest.map(Value::Date))
    },
    ..DAILY
};

pub const OPEN: Function = Function {
    name: "open",
    signature: "open(calendar)",
    doc: "whether a calendar of bot.yaml is open now",
    example: (r#"open("office")"#, "true"),
    params: &[one(Takes::Text)],
    // Hours are written in minutes.
    tick: Tick::Minute,
    result: |_| Type::Bool,
    run: |ctx, args| {
        let Some(Value::Text(name)) = arg(args, 0) else { return Ok(None) };
        ctx.fuel.spend(8)?;
        Ok(ctx.facts.is_open(name).map(Value::Bool))
    },
    ..DAILY
};

/// The longest pattern of [`FORMAT`].
const MAX_FORMAT: usize = 100;

pub const FORMAT: Function = Function {
    name: "format",
    signature: "date | format(pattern)",
    doc: "a date, datetime or time by a pattern of %Y year, %m month, %d day, %A weekday, %B month's name, %H hour, %M minute; \
          points in time by the contact's clock",
    example: (r#"2026-03-02 | format("%A %d.%m.%Y")"#, "Monday 02.03.2026"),
    params: &[one(Takes::Clock), one(Takes::Text)],
    tick: Tick::Never,
    result: |_| Type::Text,
    run: |ctx, args| {
        let Some(Value::Text(pattern)) = arg(args, 1) else { return Ok(None) };
        // A digit after % is a width, and a width is a way to make much of little.
        let safe = pattern.len() <= MAX_FORMAT
            && !pattern
                .split('%')
                .skip(1)
                .any(|d| d.trim_start_matches(['-', '_', '^', '#']).starts_with(|c: char| c.is_ascii_digit() || c == '.'));
        let read = match arg(args, 0) {
            Some(Value::Text(text)) => operate::moment_text(text, ctx.zone()),
            other => other.cloned(),
        };
        let written = match read {
            _ if !safe => None,
            Some(Value::Date(day)) => jiff::fmt::strtime::format(pattern, day).ok(),
            Some(Value::Time(time)) => jiff::fmt::strtime::format(pattern, time).ok(),
            Some(Value::DateTime(at)) => {
                let zoned = at.to_timestamp().to_zoned(ctx.facts.contact_zone().clone());
                jiff::fmt::strtime::format(pattern, &zoned).ok()
            }
            Some(_) | None => return Ok(None),
        };
        match written {
            Some(text) => ctx.text(text),
            None => {
                Err(EvalError::Arithmetic("the pattern of `format` asks for what the value does not have; use %Y %m %d %A %B %H %M".into()))
            }
        }
    },
    ..DAILY
};
