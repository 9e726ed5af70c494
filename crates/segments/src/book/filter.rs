//! A `where` over the fields of an event, for the events of a chunk: each leaf of it judged once for each value.

use super::{
    cells::{Cells, NO_DAY, NONE},
    ground::Ground,
    judge::Judge,
    names::NameId,
    one::{Line, One, on},
    program::Program,
    table::Table,
    tri::Verdict,
};
use expr::{Column, Looks, Plan};

/// A `where` over fields of an event.
pub(crate) enum Filter<'p> {
    All(Vec<Filter<'p>>),
    Any(Vec<Filter<'p>>),
    Not(Box<Filter<'p>>),
    Constant(Verdict),
    Field(Option<NameId>, Box<One<'p>>),
}

impl<'p> Filter<'p> {
    pub fn new(plan: Plan<'p>, program: &Program<'p>) -> Option<Self> {
        Some(match plan {
            Plan::All(parts) => Self::All(parts.iter().map(|part| Self::new(part, program)).collect::<Option<_>>()?),
            Plan::Any(parts) => Self::Any(parts.iter().map(|part| Self::new(part, program)).collect::<Option<_>>()?),
            Plan::Not(of) => Self::Not(Box::new(Self::new(of.plan(), program)?)),
            Plan::Leaf(leaf) => {
                let Looks::Columns(columns) = leaf.looks() else { return None };
                match columns.as_slice() {
                    [column @ Column::Field(name)] => {
                        let one = One::new(leaf, *column);
                        if one.missing(&program.ground) == Verdict::Strayed {
                            return None;
                        }
                        Self::Field(program.names.get(name), Box::new(one))
                    }
                    [] => match Verdict::from(leaf.judge_all(&program.ground)) {
                        Verdict::Strayed => return None,
                        verdict => Self::Constant(verdict),
                    },
                    _ => return None,
                }
            }
        })
    }

    /// The filter over a chunk's columns; none if a field stands in none of its own.
    pub fn bind<'s>(&'s self, table: &'p Table, judge: &Judge<'p>) -> Option<Pass<'s, 'p>> {
        Some(match self {
            Self::All(parts) => Pass::All(parts.iter().map(|part| part.bind(table, judge)).collect::<Option<_>>()?),
            Self::Any(parts) => Pass::Any(parts.iter().map(|part| part.bind(table, judge)).collect::<Option<_>>()?),
            Self::Not(of) => Pass::Not(Box::new(of.bind(table, judge)?)),
            Self::Constant(verdict) => Pass::Constant(*verdict),
            Self::Field(id, one) => {
                let ground = &judge.program.ground;
                let cells = id.and_then(|id| table.field(id));
                let missing = one.missing(ground);
                match cells {
                    None if table.has_rest() => return None,
                    None | Some(Cells::Empty(_)) => Pass::Constant(missing),
                    Some(Cells::Words(words)) => {
                        // Few words, many events: all at once.
                        let verdicts: Vec<Verdict> =
                            std::iter::once(missing).chain(words.words.iter().map(|word| one.judge(Some(word), ground))).collect();
                        if verdicts.contains(&Verdict::Strayed) {
                            return None;
                        }
                        Pass::Words(&words.codes, verdicts)
                    }
                    Some(Cells::Numbers(numbers)) => Pass::Line(&numbers.values, one.numbers(numbers.places, ground)?, missing),
                    Some(Cells::Instants(values)) => Pass::Line(values, one.instants(ground)?, missing),
                    Some(Cells::Days(values)) => Pass::Days(values, one, missing),
                }
            }
        })
    }
}

/// A filter over the columns of a chunk.
pub(crate) enum Pass<'s, 'p> {
    All(Vec<Pass<'s, 'p>>),
    Any(Vec<Pass<'s, 'p>>),
    Not(Box<Pass<'s, 'p>>),
    Constant(Verdict),
    Words(&'p super::codes::Codes, Vec<Verdict>),
    Line(&'p [i64], &'s Line, Verdict),
    Days(&'p [i32], &'s One<'p>, Verdict),
}

impl Pass<'_, '_> {
    /// The verdict on the event at a place. What cannot fail is all that comes here.
    pub fn on(&self, place: usize, ground: &Ground<'_>) -> Verdict {
        match self {
            Self::All(parts) => {
                let mut all = Verdict::Yes;
                for part in parts {
                    match part.on(place, ground) {
                        Verdict::Yes => {}
                        Verdict::No => return Verdict::No,
                        _ => all = Verdict::Unknown,
                    }
                }
                all
            }
            Self::Any(parts) => {
                let mut any = Verdict::No;
                for part in parts {
                    match part.on(place, ground) {
                        Verdict::Yes => return Verdict::Yes,
                        Verdict::No => {}
                        _ => any = Verdict::Unknown,
                    }
                }
                any
            }
            Self::Not(of) => match of.on(place, ground) {
                Verdict::Yes => Verdict::No,
                Verdict::No => Verdict::Yes,
                other => other,
            },
            Self::Constant(verdict) => *verdict,
            Self::Words(codes, verdicts) => verdicts.get(codes.get(place) as usize).copied().unwrap_or_default(),
            Self::Line(values, line, missing) => match values.get(place) {
                Some(value) if *value != NONE => on(line, *value),
                _ => *missing,
            },
            Self::Days(values, one, missing) => match values.get(place) {
                Some(day) if *day != NO_DAY => one.day(*day, ground),
                _ => *missing,
            },
        }
    }
}
