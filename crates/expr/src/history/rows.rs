//! The values of a field of one event: one, none, or one for each record of a list that the field's path goes through.
//!
//! In a `where` a name is a field of the record at hand; if the record has none of that name, of the record around it, and
//! at last of the event. `event.name` is the event's own in any case. What cannot be computed there does not hold.

use crate::{
    EvalError, Events, Truth,
    code::{Filter, Source},
    eval::Eval,
};
use model::{Record, Value};
use std::{borrow::Cow, ops::ControlFlow};

/// The event at hand, and the records of its lists that lead to the value at hand, innermost last.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    pub events: &'r dyn Events,
    pub index: usize,
    pub records: &'r [&'r Record],
}

impl<'r> Row<'r> {
    /// What a name stands for.
    pub fn field(&self, event: bool, name: &str) -> Option<Cow<'r, Value>> {
        let records = if event { &[] } else { self.records };
        match records.iter().rev().find_map(|record| record.get(name)) {
            Some(value) => Some(Cow::Borrowed(value)),
            None => self.events.field(self.index, name),
        }
    }
}

/// What is done with a value of an event; whether to go on.
type Each<'f, 'e> = dyn FnMut(&mut Eval<'e>, &Row<'_>, &Value) -> Result<ControlFlow<()>, EvalError> + 'f;

impl<'e> Eval<'e> {
    /// Calls for every value that an event gives a source, in its own order or in the opposite one. An event without a field
    /// to look at gives its time.
    pub(super) fn rows(
        &mut self,
        source: &'e Source,
        events: &dyn Events,
        index: usize,
        backwards: bool,
        each: &mut dyn FnMut(&Value) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EvalError> {
        self.all_rows(source, events, index, backwards, &mut |eval, row, value| {
            Ok(if eval.passes(source.filter.as_ref(), row)?.is_true() { each(value) } else { ControlFlow::Continue(()) })
        })
    }

    /// Whether an event passes: one value of it at least.
    pub(super) fn any_row(&mut self, source: &'e Source, events: &dyn Events, index: usize) -> Result<bool, EvalError> {
        Ok(self.rows(source, events, index, false, &mut |_| ControlFlow::Break(()))?.is_break())
    }

    /// Calls for every value whether it passes or not.
    pub(super) fn all_rows(
        &mut self,
        source: &'e Source,
        events: &dyn Events,
        index: usize,
        backwards: bool,
        each: &mut Each<'_, 'e>,
    ) -> Result<ControlFlow<()>, EvalError> {
        self.fuel.spend(1)?;
        let row = Row { events, index, records: &[] };
        let Some((first, rest)) = source.fields.split_first() else { return each(self, &row, &Value::DateTime(events.at(index))) };
        match events.field(index, first) {
            Some(value) => walk(self, &row, &value, rest, backwards, each),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// The verdict of a `where` on a value of an event.
    fn passes(&mut self, filter: Option<&'e Filter>, row: &Row<'_>) -> Result<Truth, EvalError> {
        let Some(filter) = filter else { return Ok(Truth::True) };
        match self.at_row(*row).cond(&filter.cond) {
            Err(EvalError::Arithmetic(_)) => Ok(Truth::Unknown),
            verdict => verdict,
        }
    }

    /// Evaluation from within a `where`.
    pub(super) fn at_row<'r>(&'r mut self, row: Row<'r>) -> Eval<'r> {
        Eval { facts: self.facts, fuel: &mut *self.fuel, row: Some(row), assumed: None }
    }
}

/// Goes down a path; a list on it, or at its end, is gone through item by item.
fn walk<'e>(
    eval: &mut Eval<'e>,
    row: &Row<'_>,
    value: &Value,
    steps: &[Box<str>],
    backwards: bool,
    each: &mut Each<'_, 'e>,
) -> Result<ControlFlow<()>, EvalError> {
    match (value, steps.split_first()) {
        (Value::List(items), _) => {
            for nth in 0..items.len() {
                eval.fuel.spend(1)?;
                let Some(item) = items.get(if backwards { items.len() - 1 - nth } else { nth }) else { break };
                let flow = match item {
                    Value::Record(record) => {
                        let records = [row.records, &[record]].concat();
                        walk(eval, &Row { records: &records, ..*row }, item, steps, backwards, each)?
                    }
                    _ => walk(eval, row, item, steps, backwards, each)?,
                };
                if flow.is_break() {
                    return Ok(flow);
                }
            }
            Ok(ControlFlow::Continue(()))
        }
        (Value::Record(fields), Some((first, rest))) => match fields.get(&**first) {
            Some(value) => walk(eval, row, value, rest, backwards, each),
            None => Ok(ControlFlow::Continue(())),
        },
        (value, None) => each(eval, row, value),
        (_, Some(_)) => Ok(ControlFlow::Continue(())),
    }
}
