//! When time alone next changes something for each contact of a chunk: the earliest flip of any leaf of any segment, or sooner.

use super::{
    cells::{Cells, NO_DAY, NONE},
    ground::Ground,
    judge::{FUEL, Judge},
    mask::Mask,
    one::{NEVER, One, shifted, step},
    program::{Look, Source},
};
use expr::{Fuel, Moves};
use model::{Instant, Value};

/// When the verdict on a point in time flips; none if more has to be known.
pub(crate) fn of_instant(one: &One<'_>, at: i64, ground: &Ground<'_>) -> Option<i64> {
    match one.moves(ground) {
        Moves::Never => Some(NEVER),
        Moves::Shifts(shifts) => Some(shifted(at, shifts, ground.now.0)),
        Moves::Steps(steps) => Some(step(steps, at)),
        Moves::ByValue => one.flip(Some(&Value::DateTime(Instant(at))), ground),
    }
}

impl<'p> Judge<'p> {
    /// The instant before which time alone changes nothing for each row.
    pub fn flips(&self) -> Vec<i64> {
        let mut next = vec![NEVER; self.chunk.ids.len()];
        for leaf in &self.program.leaves {
            let asked = match &leaf.look {
                Look::Constant(_) => self.everybody(leaf.plan, &mut next),
                Look::Segment(_) | Look::Tags { .. } | Look::Channel(_) | Look::Reachable(_) | Look::Consent(_) => true,
                Look::Stamps(which, id, one) => self.stamp_flips(self.stamps_of(*which, *id), one, &mut next),
                Look::Values(source, one) => self.value_flips(source, one, &mut next),
                Look::Figure(figure) => figure.flips(self, &mut next),
                Look::Flag(_, _, one) => *one.moves(&self.program.ground) == Moves::Never,
                Look::Having(having, blank, one) => self.having_flips(&self.having(*having), blank.as_ref(), one, &mut next),
                Look::Rows => false,
            };
            if !asked {
                self.flips_by_row(leaf.plan, self.live(), &mut next);
            }
        }
        for (row, at) in next.iter_mut().enumerate() {
            if !self.live().has(row) {
                *at = NEVER;
            }
        }
        next
    }

    fn flips_by_row(&self, plan: expr::LeafPlan<'_>, rows: &Mask, next: &mut [i64]) {
        for row in rows.rows() {
            let flip = plan.next_flip(&self.row(row), &mut Fuel::new(FUEL)).map_or(NEVER, |at| at.0);
            sooner(next, row, flip);
        }
    }

    /// Whoever has nothing of it flips like everybody else who has nothing.
    fn having_flips(&self, having: &Mask, blank: Option<&Value>, one: &One<'_>, next: &mut [i64]) -> bool {
        let Some(blank) = one.flip(blank, &self.program.ground) else { return false };
        if blank != NEVER {
            self.live().minus(having).rows().for_each(|row| sooner(next, row, blank));
        }
        self.flips_by_row(one.leaf, &self.live().and(having), next);
        true
    }

    fn everybody(&self, plan: expr::LeafPlan<'_>, next: &mut [i64]) -> bool {
        let Some(flip) = plan.flip_all(&self.program.ground) else { return false };
        if let Some(flip) = flip {
            next.iter_mut().for_each(|at| *at = (*at).min(flip.0));
        }
        true
    }

    fn stamp_flips(&self, stamps: Option<&super::stamps::Stamps>, one: &One<'_>, next: &mut [i64]) -> bool {
        let ground = &self.program.ground;
        if *one.moves(ground) == Moves::Never {
            return true;
        }
        let Some(stamps) = stamps else { return true };
        for (row, at) in stamps.iter() {
            let Some(flip) = of_instant(one, at, ground) else { return false };
            sooner(next, row, flip);
        }
        true
    }

    fn value_flips(&self, source: &Source<'p>, one: &One<'_>, next: &mut [i64]) -> bool {
        let ground = &self.program.ground;
        if *one.moves(ground) == Moves::Never {
            return true;
        }
        let (first, second) = self.columns(source);
        let instead = Judge::instead(source);
        // What is missing, or reads as something else, moves the same for everybody.
        let Some(missing) = one.flip(instead, ground) else { return false };
        for row in self.live().rows() {
            let flip = [first, second].into_iter().flatten().find_map(|cells| cell_flip(cells, row, one, ground)).unwrap_or(Some(missing));
            match flip {
                Some(flip) => sooner(next, row, flip),
                None => return false,
            }
        }
        true
    }
}

/// When the verdict on the value at a place flips; none if there is no value, the inner if more has to be known.
fn cell_flip(cells: &Cells, at: usize, one: &One<'_>, ground: &Ground<'_>) -> Option<Option<i64>> {
    match cells {
        Cells::Empty(_) => None,
        Cells::Instants(values) => values.get(at).filter(|v| **v != NONE).map(|v| of_instant(one, *v, ground)),
        Cells::Days(values) => values.get(at).filter(|v| **v != NO_DAY).map(|v| one.day_flip(*v, ground)),
        Cells::Numbers(_) | Cells::Words(_) => cells.get(at).map(|value| one.flip(Some(&value), ground)),
    }
}

fn sooner(next: &mut [i64], row: usize, flip: i64) {
    if let Some(at) = next.get_mut(row) {
        *at = (*at).min(flip);
    }
}
