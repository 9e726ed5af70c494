//! What is asked of recorded events: figures over them, and one following another (FL 6, FL 7.3).
//!
//! A window is half-open on the left as `within` is: an event counts from its instant on, and has left a window of a span
//! at the instant when exactly that span has passed. Events later than now do not count.

mod fold;
mod rows;
mod sequence;
mod when;
mod windows;

pub use rows::Row;

use crate::{EvalError, Events, ast::Agg, code::Aggregate, eval::Eval};
pub(crate) use fold::Fold;
use model::Value;
use std::ops::{ControlFlow, Range};

impl<'e> Eval<'e> {
    /// A figure over recorded events; none if there is nothing to take it from.
    pub fn aggregate(&mut self, of: &'e Aggregate) -> Result<Option<Value>, EvalError> {
        if let Some((assumed, value)) = &self.assumed
            && std::ptr::eq(*assumed, of)
        {
            return Ok(value.clone());
        }
        self.fuel.spend(4)?;
        let now = self.facts.now();
        let Some(events) = self.facts.events(&of.source.event) else {
            // A window that is not known leaves even the count of nothing open.
            return Ok(self.limits(&of.window, now)?.and_then(|_| Fold::new(of.function, self.facts.bot_zone()).result()));
        };
        match self.range(&*events, &of.window, now)? {
            Some(range) => self.over(of, &*events, range),
            None => Ok(None),
        }
    }

    /// The figure over a range of events.
    fn over(&mut self, of: &'e Aggregate, events: &dyn Events, range: Range<usize>) -> Result<Option<Value>, EvalError> {
        let mut fold = Fold::new(of.function, self.facts.bot_zone());
        if of.function == Agg::Count && counts_all(of) {
            fold.count = range.len() as u64;
            return Ok(fold.result());
        }
        let mut step = |value: &Value| {
            fold.push(value);
            // The newest is the last, the oldest the first: no need to look further.
            if matches!(of.function, Agg::First | Agg::Last) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        // From the newest to the oldest, as time takes them away: so a figure is the same whether it was followed or counted anew.
        let backwards = of.function != Agg::First;
        for nth in 0..range.len() {
            let index = if backwards { range.end - 1 - nth } else { range.start + nth };
            if self.rows(&of.source, events, index, backwards, &mut step)?.is_break() {
                break;
            }
        }
        Ok(fold.result())
    }
}

/// Whether every event counts, whatever its fields.
fn counts_all(of: &Aggregate) -> bool {
    of.source.fields.is_empty() && of.source.filter.is_none()
}
