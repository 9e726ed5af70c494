//! A leaf over one figure of recorded events, for all contacts of a chunk: their times are in order, so a window is a range of
//! places, and a count is how many places that are.

use super::{
    cells::{Cells, NONE},
    filter::{Filter, Pass},
    ground::Ground,
    judge::Judge,
    mask::{Mask, ROWS},
    names::NameId,
    one::{Line, NEVER, One, on, step, stretch},
    program::{Having, Look, Program},
    table::Table,
    tri::{Tri, Verdict},
};
use expr::{Figure, Leaves, Yields, leaving};
use model::{Instant, Value};
use std::{collections::HashMap, ops::Range};

/// A figure and where its events stand.
pub(crate) struct FigureLook<'p> {
    figure: Figure<'p>,
    event: Option<NameId>,
    /// The field that is summed, or looked at.
    field: Option<NameId>,
    one: One<'p>,
    /// From when on, and before when, events count.
    from: i64,
    before: i64,
    filter: Option<Filter<'p>>,
    leaves: Gone,
}

/// How events leave the window.
enum Gone {
    Never,
    After(i64),
    Steps(Vec<(i64, Option<Instant>)>),
    At(i64),
    /// That has to be asked.
    Unclear,
}

impl<'p> FigureLook<'p> {
    /// Where the figure is found in columns; else in the contact itself.
    pub fn look(figure: Figure<'p>, one: One<'p>, program: &Program<'p>) -> Look<'p> {
        let ground = &program.ground;
        let Some(limits) = figure.limits(ground) else { return Look::Rows };
        let Some((from, before)) = limits else { return Look::Constant(one.missing(ground)) };
        let event = program.names.get(figure.event());
        // Whoever has no such event need not be looked at in any case.
        let looked_at = |one: One<'p>| program.judged_alike(Having::Events(event), figure.of_nothing(), one);
        let field = match figure.yields() {
            Yields::Count | Yields::Newest | Yields::Oldest => None,
            Yields::Sum(field) | Yields::Values(field) => match program.names.get(field) {
                Some(field) => Some(field),
                // Nothing in the book has such a field.
                None => Some(NameId::MAX),
            },
            Yields::Other => return looked_at(one),
        };
        if figure.filter_is_unsure() {
            return looked_at(one);
        }
        let filter = match figure.filter() {
            None => None,
            Some(plan) => match Filter::new(plan, program) {
                Some(filter) => Some(filter),
                None => return looked_at(one),
            },
        };
        let leaves = match figure.leaves(ground) {
            Leaves::Never => Gone::Never,
            Leaves::After(span) => Gone::After(span),
            Leaves::Months(span, zone) => Gone::Steps(leaving(span, zone.unwrap_or(ground.around.zone()), ground.now)),
            Leaves::At(at) => Gone::At(at.0),
            Leaves::Unclear => Gone::Unclear,
        };
        Look::Figure(Box::new(Self { figure, event, field, one, from: from.0, before: before.0, filter, leaves }))
    }

    /// Judges these rows at least, and answers for which it did; none if this chunk has to be asked contact by contact.
    pub fn find(&self, judge: &Judge<'p>, todo: &Mask, tri: &mut Tri) -> Option<Mask> {
        let scan = self.scan(judge)?;
        let ground = &judge.program.ground;
        let none = self.one.judge(self.figure.of_nothing().as_ref(), ground);
        if none == Verdict::Strayed {
            return None;
        }
        if let Yields::Values(_) = self.figure.yields() {
            return self.find_values(&scan, none, ground, todo, tri).then(|| todo.clone());
        }
        self.find_counts(&scan, none, judge, tri).then(|| Mask::first(ROWS))
    }

    /// Judges everybody by a count, a sum or a time; false if that has to be asked.
    fn find_counts(&self, scan: &Scan<'_, 'p>, none: Verdict, judge: &Judge<'p>, tri: &mut Tri) -> bool {
        let ground = &judge.program.ground;
        let mut known: HashMap<i64, Verdict> = HashMap::new();
        tri.put_all(&Mask::first(ROWS), none);
        let Some(table) = scan.table else { return true };
        let mut verdict = |figure: i64| match scan.line {
            Some(line) if figure != NONE => on(line, figure),
            _ => *known.entry(figure).or_insert_with(|| self.verdict(scan, figure, judge)),
        };
        // "At least so many" is a matter of when the one that many from the end was.
        if let (Yields::Count, None, Some([(_, few), (many, enough)])) = (self.figure.yields(), &scan.pass, scan.line.map(Vec::as_slice))
            && let Some(many) = usize::try_from(*many).ok().filter(|many| *many > 0)
        {
            for (row, places) in table.iter() {
                let times = table.times().get(places).unwrap_or_default();
                let is = self.known(times).checked_sub(many).and_then(|at| times.get(at)).is_some_and(|at| *at >= self.from);
                let verdict = if is { *enough } else { *few };
                if verdict != none {
                    tri.put(row, verdict);
                }
            }
            return true;
        }
        for (row, places) in table.iter() {
            let Some(figure) = self.figure(scan, table, places, ground) else { return false };
            let verdict = verdict(figure);
            if verdict == Verdict::Strayed {
                return false;
            }
            if verdict != none {
                tri.put(row, verdict);
            }
        }
        true
    }

    /// Judges these rows by the values of a field; false if the columns do not answer.
    fn find_values(&self, scan: &Scan<'_, 'p>, none: Verdict, ground: &Ground<'_>, todo: &Mask, tri: &mut Tri) -> bool {
        tri.put_all(todo, none);
        let Some(table) = scan.table else { return true };
        let Some(cells) = self.plain_values(table) else { return false };
        for (row, places) in table.iter().filter(|(row, _)| todo.has(*row)) {
            let value = self.value(scan, table, cells, places, ground);
            match self.one.judge(value.as_ref(), ground) {
                Verdict::Strayed => return false,
                verdict if verdict != none => tri.put(row, verdict),
                _ => {}
            }
        }
        true
    }

    /// The column of the field; the inner is none if nobody has the field, the outer if some values are more than one.
    fn plain_values<'t>(&self, table: &'t Table) -> Option<Option<&'t Cells>> {
        let several = |value: &Value| matches!(value, Value::List(_) | Value::Record(_));
        match self.field.and_then(|field| table.field(field)) {
            None if table.has_rest() => None,
            Some(Cells::Words(words)) if words.words.iter().any(several) => None,
            column => Some(column),
        }
    }

    /// The figure over the values of a field of a contact, whose events stand at these places.
    fn value(&self, scan: &Scan<'_, 'p>, table: &Table, cells: Option<&Cells>, places: Range<usize>, ground: &Ground<'_>) -> Option<Value> {
        let value = |place: usize| {
            let value = cells?.get(place)?;
            scan.pass.as_ref().is_none_or(|pass| pass.on(place, ground) == Verdict::Yes).then_some(value)
        };
        self.figure.of_values(self.window(table, places), value, ground.around.zone())
    }

    /// The verdict on a figure, by the leaf itself.
    fn verdict(&self, scan: &Scan<'_, 'p>, figure: i64, judge: &Judge<'p>) -> Verdict {
        let value = match self.figure.yields() {
            _ if figure == NONE => None,
            Yields::Newest | Yields::Oldest => Some(Value::DateTime(Instant(figure))),
            Yields::Count | Yields::Sum(_) | Yields::Values(_) | Yields::Other => Some(super::one::number(figure, scan.places)),
        };
        self.one.judge(value.as_ref(), &judge.program.ground)
    }

    /// What is needed of a chunk; none if its columns do not answer.
    fn scan<'s>(&'s self, judge: &Judge<'p>) -> Option<Scan<'s, 'p>>
    where
        'p: 's,
    {
        let ground = &judge.program.ground;
        let table = self.event.and_then(|event| judge.chunk.events.get(event));
        let mut places = 0;
        let mut summed = None;
        if let (Yields::Sum(_), Some(field), Some(table)) = (self.figure.yields(), self.field, table) {
            match table.field(field) {
                None if table.has_rest() => return None,
                None | Some(Cells::Empty(_)) => {}
                Some(Cells::Numbers(numbers)) => {
                    places = numbers.places;
                    summed = Some(numbers.values.as_slice());
                }
                Some(_) => return None,
            }
        }
        let line = match self.figure.yields() {
            Yields::Newest | Yields::Oldest => self.one.instants(ground),
            // A sum can be anything: without a line, what it is written with may matter.
            Yields::Sum(_) => Some(self.one.numbers(places, ground)?),
            Yields::Count => self.one.numbers(places, ground),
            Yields::Values(_) | Yields::Other => None,
        };
        let pass = match (&self.filter, table) {
            (Some(filter), Some(table)) => Some(filter.bind(table, judge)?),
            _ => None,
        };
        Some(Scan { table, places, summed, line, pass })
    }

    /// How many of a contact's events are before the end of the window. Mostly nothing is later than now.
    fn known(&self, times: &[i64]) -> usize {
        if times.last().is_none_or(|at| *at < self.before) { times.len() } else { times.partition_point(|at| *at < self.before) }
    }

    /// The places of a contact's events in the window.
    fn window(&self, table: &Table, places: Range<usize>) -> Range<usize> {
        let times = table.times().get(places.clone()).unwrap_or_default();
        let end = self.known(times);
        let start = if times.first().is_none_or(|at| *at >= self.from) { 0 } else { times.partition_point(|at| *at < self.from) };
        places.start + start.min(end)..places.start + end
    }

    /// The figure of a contact, whose events stand at these places; none if it has to be asked.
    fn figure(&self, scan: &Scan<'_, 'p>, table: &Table, places: Range<usize>, ground: &Ground<'_>) -> Option<i64> {
        let passes = |place: &usize| scan.pass.as_ref().is_none_or(|pass| pass.on(*place, ground) == Verdict::Yes);
        let times = table.times().get(places.clone()).unwrap_or_default();
        let end = self.known(times);
        // From the newest back to the beginning of the window: what is long past is not even looked at.
        let recent = || times.get(..end).unwrap_or_default().iter().rev().take_while(|at| **at >= self.from);
        let newest_first = || recent().enumerate().map(|(n, _)| places.start + end - 1 - n);
        Some(match self.figure.yields() {
            Yields::Count if scan.pass.is_none() => i64::try_from(self.window(table, places).len()).ok()?,
            Yields::Count => i64::try_from(newest_first().filter(passes).count()).ok()?,
            Yields::Newest => newest_first().find(passes).and_then(|place| table.times().get(place).copied()).unwrap_or(NONE),
            Yields::Oldest => newest_first().filter(passes).last().and_then(|place| table.times().get(place).copied()).unwrap_or(NONE),
            Yields::Sum(_) => {
                let mut sum: i64 = 0;
                for place in newest_first().filter(passes) {
                    let value = scan.summed.and_then(|values| values.get(place)).copied().unwrap_or(NONE);
                    if value != NONE {
                        sum = sum.checked_add(value)?;
                    }
                }
                sum
            }
            Yields::Values(_) | Yields::Other => return None,
        })
    }

    /// When time next flips the leaf, for each contact: the earlier of that and what is there. False if that has to be asked.
    pub fn flips(&self, judge: &Judge<'p>, next: &mut [i64]) -> bool {
        let (Some(scan), false) = (self.scan(judge), matches!(self.leaves, Gone::Unclear)) else { return false };
        let ground = &judge.program.ground;
        // Whoever has no events, and what the leaf asks of the clock besides.
        let Some(clock) = self.one.flip(self.figure.of_nothing().as_ref(), ground) else { return false };
        next.iter_mut().for_each(|at| *at = (*at).min(clock));
        let Some(table) = scan.table else { return true };
        let now = ground.now.0;
        for (row, places) in table.iter() {
            let times = |place: usize| table.times().get(place).copied();
            // What lies ahead of now comes into sight when it is there.
            let ahead = times(places.end.wrapping_sub(1)).filter(|at| *at > now).map_or(NEVER, |_| {
                let own = table.times().get(places.clone()).unwrap_or_default();
                own.get(own.partition_point(|at| *at <= now)).copied().unwrap_or(NEVER)
            });
            let Some(flip) = self.flip(&scan, table, places, judge) else { return false };
            if let Some(slot) = next.get_mut(row) {
                *slot = (*slot).min(flip).min(ahead);
            }
        }
        true
    }

    fn flip(&self, scan: &Scan<'_, 'p>, table: &Table, places: Range<usize>, judge: &Judge<'p>) -> Option<i64> {
        let ground = &judge.program.ground;
        let times = |place: usize| table.times().get(place).copied();
        let gone = |place: usize| times(place).map_or(NEVER, |at| self.gone(at));
        let passes = |place: &usize| scan.pass.as_ref().is_none_or(|pass| pass.on(*place, ground) == Verdict::Yes);
        if let Yields::Values(_) = self.figure.yields() {
            let value = self.value(scan, table, self.plain_values(table)?, places.clone(), ground);
            let own = self.one.flip(value.as_ref(), ground)?;
            return Some(match &self.leaves {
                Gone::At(end) => own.min(if self.moves_with_window(table, &places) { *end } else { NEVER }),
                Gone::Never | Gone::Unclear => own,
                // The first that leaves may change it.
                Gone::After(_) | Gone::Steps(_) => own.min(self.window(table, places).find(passes).map_or(NEVER, gone)),
            });
        }
        if let Gone::At(end) = self.leaves {
            let newest = self.moves_with_window(table, &places);
            let own = self
                .figure(scan, table, places.clone(), ground)
                .filter(|figure| *figure != NONE)
                .and_then(|figure| self.of_value(figure, ground));
            let moved = if newest { end } else { NEVER };
            return Some(if matches!(self.figure.yields(), Yields::Newest | Yields::Oldest) { own?.min(moved) } else { moved });
        }
        match (self.figure.yields(), scan.line) {
            (Yields::Newest | Yields::Oldest, _) => {
                let figure = self.figure(scan, table, places, ground)?;
                if figure == NONE {
                    return Some(NEVER);
                }
                // It may be another, or none, once it has left.
                Some(self.of_value(figure, ground)?.min(self.gone(figure)))
            }
            (Yields::Count, Some(line)) if scan.pass.is_none() => {
                if matches!(self.leaves, Gone::Never) {
                    return Some(NEVER);
                }
                if let [_, (many, _)] = line.as_slice()
                    && let Some(many) = usize::try_from(*many).ok().filter(|many| *many > 0)
                {
                    let times = table.times().get(places).unwrap_or_default();
                    let last = self.known(times).checked_sub(many).and_then(|at| times.get(at)).filter(|at| **at >= self.from);
                    return Some(last.map_or(NEVER, |at| self.gone(*at)));
                }
                let range = self.window(table, places);
                let count = i64::try_from(range.len()).ok()?;
                let (lowest, _) = stretch(line, count);
                // Below the stretch that it lies on the verdict is another: so many have to leave for that.
                Some(if lowest <= 0 { NEVER } else { gone(range.start + usize::try_from(count - lowest).ok()?) })
            }
            (Yields::Count | Yields::Sum(_), Some(line)) => {
                if matches!(self.leaves, Gone::Never) {
                    return Some(NEVER);
                }
                let mut figure = self.figure(scan, table, places.clone(), ground)?;
                let range = self.window(table, places);
                let (lowest, verdict) = stretch(line, figure);
                if lowest <= 0 && matches!(self.figure.yields(), Yields::Count) {
                    return Some(NEVER);
                }
                for place in range.filter(|place| passes(place)) {
                    figure -= match self.figure.yields() {
                        Yields::Count => 1,
                        _ => scan.summed.and_then(|values| values.get(place)).copied().filter(|value| *value != NONE).unwrap_or(0),
                    };
                    if on(line, figure) != verdict {
                        return Some(gone(place));
                    }
                }
                Some(NEVER)
            }
            // The first that leaves may change it.
            _ => Some(self.window(table, places).find(|place| passes(place)).map_or(NEVER, gone)),
        }
    }

    /// Whether a contact has anything to lose or to gain when the window moves on as a whole: anything from its beginning on.
    fn moves_with_window(&self, table: &Table, places: &Range<usize>) -> bool {
        places.end.checked_sub(1).and_then(|last| table.times().get(last)).is_some_and(|at| *at >= self.from)
    }

    /// When an event of an instant leaves the window, or later.
    fn gone(&self, at: i64) -> i64 {
        match &self.leaves {
            Gone::After(span) => at.saturating_add(*span),
            Gone::Steps(steps) => step(steps, at),
            Gone::At(end) => *end,
            Gone::Never | Gone::Unclear => NEVER,
        }
    }

    /// When the verdict on a point in time flips; none if that has to be asked.
    fn of_value(&self, at: i64, ground: &Ground<'_>) -> Option<i64> {
        super::flips::of_instant(&self.one, at, ground)
    }
}

/// What is needed of a chunk's events.
struct Scan<'s, 'p> {
    table: Option<&'p Table>,
    /// The decimals of the figure.
    places: u32,
    summed: Option<&'p [i64]>,
    line: Option<&'s Line>,
    pass: Option<Pass<'s, 'p>>,
}
