//! A program judged for the rows of one chunk.
//!
//! Cheap leaves are judged for every row at once, dear ones for the rows that still matter; each at most once, whoever asks.

use super::{
    Chunk, ROWS, Row,
    cells::{Cells, NO_DAY},
    column::Column,
    mask::Mask,
    one::{One, on},
    program::{Look, Members, Node, Program, Source, Stamp},
    row::Zones,
    scan::{coded, lined},
    stamps::Stamps,
    tri::{Tri, Verdict},
    words::Words,
};
use expr::{EvalError, Fuel};
use model::Value;
use std::cell::OnceCell;

/// What judging one leaf for one contact may spend (FL 5.10).
pub(crate) const FUEL: u64 = 1_000_000;

/// What is known of a leaf.
#[derive(Default)]
struct Seen {
    tri: Tri,
    /// The rows it was judged for.
    done: Mask,
    by_row: bool,
}

/// The verdicts on one chunk.
pub(crate) struct Judge<'p> {
    pub chunk: &'p Chunk,
    pub program: &'p Program<'p>,
    leaves: Vec<Option<Box<Seen>>>,
    segments: Vec<Option<Tri>>,
    zones: OnceCell<Zones>,
}

impl<'p> Judge<'p> {
    pub fn new(chunk: &'p Chunk, program: &'p Program<'p>) -> Self {
        let leaves = std::iter::repeat_with(|| None).take(program.leaves.len()).collect();
        let segments = std::iter::repeat_with(|| None).take(program.segments.len()).collect();
        Self { chunk, program, leaves, segments, zones: OnceCell::new() }
    }

    /// The rows of contacts that are there.
    pub fn live(&self) -> &'p Mask {
        &self.chunk.live
    }

    pub fn row(&self, row: usize) -> Row<'_> {
        let Program { names, ground, set, .. } = *self.program;
        Row::new(self.chunk, names, row, ground.now, ground.around, set).among(&self.zones)
    }

    /// The condition that is asked, for everybody: as `Condition::verdict`.
    pub fn condition(&mut self) -> Tri {
        let program = self.program;
        match &program.root {
            Some(root) => self.node(root, &self.live().clone()),
            None => Tri::default(),
        }
    }

    /// A segment by its number, for everybody: as `Set::is_member`.
    pub fn segment(&mut self, at: usize) -> Tri {
        if let Some(Some(known)) = self.segments.get(at) {
            return known.clone();
        }
        let program = self.program;
        let Some(segment) = program.segments.get(at) else { return Tri::default() };
        let mut open = self.live().clone();
        if segment.verified {
            open = open.and(&self.verified());
        }
        for other in &segment.exclude {
            open = open.minus(&self.segment(*other).holds);
        }
        let tri = match &segment.who {
            Members::Nobody => Tri::default(),
            Members::Listed(id) => {
                Tri::known(id.and_then(|id| self.chunk.lists.get(id)).map_or_else(Mask::default, |list| list.and(&open)))
            }
            Members::Where(node) => {
                let mut tri = self.node(node, &open);
                // Whoever is left out is not in it, whatever the condition would say.
                tri.known = tri.known.or(&self.live().minus(&open));
                tri
            }
        };
        if let Some(known) = self.segments.get_mut(at) {
            *known = Some(tri.clone());
        }
        tri
    }

    /// A condition for some rows; of others nothing is said.
    fn node(&mut self, node: &Node, need: &Mask) -> Tri {
        match node {
            Node::Leaf(leaf) => {
                let tri = self.leaf(*leaf, need);
                Tri { holds: tri.holds.and(need), known: tri.known.and(need) }
            }
            Node::Not(of) => {
                let tri = self.node(of, need);
                Tri { holds: tri.known.minus(&tri.holds), known: tri.known }
            }
            Node::All(parts) => self.group(parts, need, false),
            Node::Any(parts) => self.group(parts, need, true),
        }
    }

    /// Parts from the first to the last, each for the rows that those before it left open. `until` decides at once.
    fn group(&mut self, parts: &[Node], need: &Mask, until: bool) -> Tri {
        let mut open = need.clone();
        let (mut decided, mut unknown) = (Mask::default(), Mask::default());
        for part in parts {
            if open.is_empty() {
                break;
            }
            let tri = self.node(part, &open);
            let decides = if until { tri.holds.clone() } else { tri.known.minus(&tri.holds) };
            decided = decided.or(&decides);
            unknown = unknown.or(&open.minus(&tri.known));
            open = open.minus(&decides);
        }
        // What is still open came to the other verdict, unless something was unknown.
        let other = open.minus(&unknown);
        Tri { holds: if until { decided.clone() } else { other.clone() }, known: decided.or(&other) }
    }

    /// For how many a leaf has no value, and whether it was judged contact by contact.
    pub fn no_value(&mut self, leaf: usize) -> (u64, bool) {
        let program = self.program;
        let live = self.live().clone();
        let missing = match program.leaves.get(leaf).map(|leaf| &leaf.look) {
            Some(Look::Values(source, _)) => live.minus(&self.present(source)),
            _ => live.minus(&self.leaf(leaf, &live).known),
        };
        let by_row = self.leaves.get(leaf).and_then(Option::as_ref).is_some_and(|seen| seen.by_row);
        (u64::from(missing.count()), by_row)
    }

    /// A leaf, at least for these rows.
    pub fn leaf(&mut self, at: usize, need: &Mask) -> Tri {
        let mut seen = match self.leaves.get_mut(at).and_then(Option::take) {
            Some(seen) if need.minus(&seen.done).is_empty() => {
                let tri = seen.tri.clone();
                self.keep(at, seen);
                return tri;
            }
            Some(seen) => seen,
            None => Box::default(),
        };
        let todo = need.minus(&seen.done);
        self.find(at, &todo, &mut seen);
        let tri = seen.tri.clone();
        self.keep(at, seen);
        tri
    }

    fn keep(&mut self, at: usize, seen: Box<Seen>) {
        if let Some(place) = self.leaves.get_mut(at) {
            *place = Some(seen);
        }
    }

    fn find(&mut self, at: usize, todo: &Mask, seen: &mut Seen) {
        let program = self.program;
        let Some(leaf) = program.leaves.get(at) else { return };
        let chunk = self.chunk;
        let whole = |tri: Tri, seen: &mut Seen| {
            seen.tri = tri;
            seen.done = Mask::first(ROWS);
        };
        match &leaf.look {
            Look::Constant(verdict) => {
                seen.tri.put_all(&Mask::first(ROWS), *verdict);
                seen.done = Mask::first(ROWS);
            }
            Look::Segment(None) => whole(Tri::default(), seen),
            Look::Segment(Some(segment)) => {
                let tri = self.segment(*segment);
                whole(tri, seen);
            }
            Look::Tags { all, ids } => {
                let has = |id: &Option<u32>| id.and_then(|id| chunk.tags.get(id)).map_or_else(Mask::default, |tag| tag.rows().clone());
                let holds = if *all {
                    ids.iter().fold(Mask::first(ROWS), |all, id| all.and(&has(id)))
                } else {
                    ids.iter().fold(Mask::default(), |any, id| any.or(&has(id)))
                };
                whole(Tri::known(holds), seen);
            }
            Look::Channel(id) => {
                let of = id.and_then(|id| chunk.channels.get(id));
                whole(Tri::known(of.map_or_else(Mask::default, |of| of.has.clone())), seen);
            }
            Look::Reachable(Some(id)) => {
                let of = id.and_then(|id| chunk.channels.get(id));
                whole(Tri::known(of.map_or_else(Mask::default, |of| of.through.clone())), seen);
            }
            Look::Reachable(None) => {
                whole(Tri::known(chunk.channels.iter().fold(Mask::default(), |any, (_, of)| any.or(&of.through))), seen);
            }
            Look::Consent(id) => whole(self.consent(*id), seen),
            Look::Stamps(which, id, one) => self.stamps(self.stamps_of(*which, *id), one, seen),
            Look::Values(source, one) => self.values(source, one, todo, seen),
            Look::Figure(figure) => {
                // What was found before it gave up is no verdict, and those of before stay.
                let mut tri = seen.tri.clone();
                match figure.find(self, todo, &mut tri) {
                    Some(done) => {
                        seen.tri = tri;
                        seen.done = seen.done.or(&done);
                    }
                    None => self.by_row(at, todo, seen),
                }
            }
            Look::Flag(flag, [no, yes], _) => {
                let everybody = Mask::first(ROWS);
                seen.tri.put_all(&everybody, *no);
                seen.tri.put_all(&self.flagged(*flag), *yes);
                seen.done = everybody;
            }
            Look::Having(having, blank, one) => {
                let having = self.having(*having);
                seen.tri.put_all(&todo.minus(&having), one.judge(blank.as_ref(), &program.ground));
                self.by_row(at, &todo.and(&having), seen);
                seen.done = seen.done.or(todo);
            }
            Look::Rows => self.by_row(at, todo, seen),
        }
    }

    pub fn stamps_of(&self, which: Stamp, id: Option<u32>) -> Option<&'p Stamps> {
        let shelf = match which {
            Stamp::Tag => &self.chunk.tags,
            Stamp::Ran => &self.chunk.ran,
            Stamp::Changed => &self.chunk.changed,
        };
        shelf.get(id?)
    }

    /// A leaf asked of one contact after the other.
    fn by_row(&self, at: usize, rows: &Mask, seen: &mut Seen) {
        seen.by_row |= !rows.and(self.live()).is_empty();
        for row in rows.and(self.live()).rows() {
            seen.tri.put(row, self.ask(at, row));
        }
        seen.done = seen.done.or(rows);
    }

    fn ask(&self, at: usize, row: usize) -> Verdict {
        let Some(leaf) = self.program.leaves.get(at) else { return Verdict::Unknown };
        self.one_by_one(leaf.plan, row)
    }

    pub fn one_by_one(&self, plan: expr::LeafPlan<'_>, row: usize) -> Verdict {
        match plan.judge(&self.row(row), &mut Fuel::new(FUEL)) {
            Ok(truth) => expr::Judged::Is(truth).into(),
            Err(EvalError::Arithmetic(_) | EvalError::OutOfFuel) => Verdict::Unknown,
        }
    }

    fn stamps(&self, stamps: Option<&Stamps>, one: &One<'_>, seen: &mut Seen) {
        let ground = &self.program.ground;
        let everybody = Mask::first(ROWS);
        seen.tri.put_all(&everybody, one.missing(ground));
        seen.done = everybody;
        let Some(stamps) = stamps else { return };
        match one.instants(ground).map(Vec::as_slice) {
            Some([(_, verdict)]) => seen.tri.put_all(stamps.rows(), *verdict),
            Some(line) => {
                for (row, at) in stamps.iter() {
                    seen.tri.put(row, on(line, at));
                }
            }
            None => {
                for (row, at) in stamps.iter() {
                    let value = Value::DateTime(model::Instant(at));
                    self.settle(one, row, one.judge(Some(&value), ground), seen);
                }
            }
        }
    }

    /// A verdict that did without the rest of the contact, or else the one that does not.
    fn settle(&self, one: &One<'_>, row: usize, verdict: Verdict, seen: &mut Seen) {
        let verdict = match verdict {
            Verdict::Strayed | Verdict::Open => {
                seen.by_row = true;
                self.one_by_one(one.leaf, row)
            }
            verdict => verdict,
        };
        seen.tri.put(row, verdict);
    }

    /// The columns that values stand in, and what stands for what is missing in both.
    pub fn columns(&self, source: &Source<'p>) -> (Option<&'p Column>, Option<&'p Column>) {
        let chunk = self.chunk;
        let system = |id: &Option<u32>| id.and_then(|id| chunk.system.get(id));
        match source {
            Source::Declared { own, default, system: id } => {
                let own = own.and_then(|id| chunk.attributes.get(id));
                if default.is_some() { (own, None) } else { (own, system(id)) }
            }
            Source::System(id, _) => (system(id), None),
            Source::Status => (Some(&chunk.status), None),
            Source::CameFrom => (Some(&chunk.source), None),
            Source::FirstSeen => (Some(&chunk.first_seen), None),
            Source::LastSeen => (Some(&chunk.last_seen), None),
            Source::FirstChannel => (Some(&chunk.first_channel), None),
            Source::Addresses => (Some(&chunk.addresses), None),
        }
    }

    /// What a missing value reads as.
    pub fn instead<'s>(source: &'s Source<'p>) -> Option<&'s Value> {
        match source {
            Source::Declared { default, .. } => *default,
            Source::System(_, value) => value.as_ref(),
            Source::Status | Source::CameFrom | Source::FirstSeen | Source::LastSeen | Source::FirstChannel | Source::Addresses => None,
        }
    }

    /// The rows that have a value.
    fn present(&self, source: &Source<'p>) -> Mask {
        if Self::instead(source).is_some() {
            return Mask::first(ROWS);
        }
        let (first, second) = self.columns(source);
        let of = |column: Option<&Column>| column.map_or_else(Mask::default, |column| column.rows().clone());
        of(first).or(&of(second))
    }

    fn values(&self, source: &Source<'p>, one: &One<'_>, todo: &Mask, seen: &mut Seen) {
        let ground = &self.program.ground;
        let (first, second) = self.columns(source);
        let mut left = todo.clone();
        for column in [first, second].into_iter().flatten() {
            self.column(column, one, &left.and(column.rows()), seen);
            left = left.minus(column.rows());
        }
        let verdict = match Self::instead(source) {
            Some(value) if !left.is_empty() => one.judge(Some(value), ground),
            _ => one.missing(ground),
        };
        match verdict {
            Verdict::Strayed | Verdict::Open => left.and(self.live()).rows().for_each(|row| self.settle(one, row, verdict, seen)),
            verdict => seen.tri.put_all(&left, verdict),
        }
        seen.done = seen.done.or(todo);
    }

    /// Judges the values of a column for rows that have one.
    fn column(&self, column: &Column, one: &One<'_>, rows: &Mask, seen: &mut Seen) {
        let ground = &self.program.ground;
        match &**column {
            Cells::Empty(_) => {}
            Cells::Numbers(numbers) => match one.numbers(numbers.places, ground) {
                Some(line) => lined(&numbers.values, line, rows, &mut seen.tri),
                None => self.each(column, one, rows, seen),
            },
            Cells::Instants(values) => match one.instants(ground) {
                Some(line) => lined(values, line, rows, &mut seen.tri),
                None => self.each(column, one, rows, seen),
            },
            Cells::Days(values) => {
                for row in rows.rows() {
                    self.settle(one, row, one.day(values.get(row).copied().unwrap_or(NO_DAY), ground), seen);
                }
            }
            Cells::Words(words) => self.words(words, one, rows, seen),
        }
    }

    /// The same by dictionary: each word is judged once.
    fn words(&self, words: &Words, one: &One<'_>, rows: &Mask, seen: &mut Seen) {
        let ground = &self.program.ground;
        let mut known = vec![Verdict::Open; words.words.len() + 1];
        // Where more are asked about than there are words, all are judged first and the column is looked through in one go.
        if rows.count() as usize > words.words.len() {
            for (verdict, word) in known.iter_mut().skip(1).zip(&words.words) {
                *verdict = one.judge(Some(word), ground);
            }
            if !known.contains(&Verdict::Strayed) {
                return coded(&words.codes, &known, rows, &mut seen.tri);
            }
        }
        for row in rows.rows() {
            let code = words.codes.get(row);
            let (Some(word), Some(verdict)) = (words.word(code), known.get_mut(code as usize)) else { continue };
            if *verdict == Verdict::Open {
                *verdict = one.judge(Some(word), ground);
            }
            self.settle(one, row, *verdict, seen);
        }
    }

    fn each(&self, cells: &Cells, one: &One<'_>, rows: &Mask, seen: &mut Seen) {
        for row in rows.rows() {
            if let Some(value) = cells.get(row) {
                self.settle(one, row, one.judge(Some(&value), &self.program.ground), seen);
            }
        }
    }
}
