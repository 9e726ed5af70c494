//! Rows of a chunk by what is true of their contacts and stands in no column of values: proven, subscribed, new, agreed, noted.

use super::{
    Chunk,
    cells::Cells,
    judge::Judge,
    mask::Mask,
    program::{Flag, Having},
    row::subscribed,
    table::Table,
    tri::Tri,
};
use model::Value;

impl Judge<'_> {
    /// The rows of those whom the website vouched for.
    pub fn verified(&self) -> Mask {
        let column = self.program.names.get("verified_id").and_then(|id| self.chunk.system.get(id));
        column.map_or_else(Mask::default, |column| column.rows().clone())
    }

    /// The rows that a flag is true of.
    pub fn flagged(&self, flag: Flag) -> Mask {
        let chunk = self.chunk;
        let mut mask = Mask::default();
        match flag {
            Flag::Subscribed => self.with_status(&mut mask, subscribed),
            Flag::New => {
                let is = |row: usize| Chunk::instant(&chunk.first_seen, row) == Chunk::instant(&chunk.last_seen, row);
                chunk.live.rows().filter(|row| is(*row)).for_each(|row| _ = mask.set(row, true));
            }
        }
        mask
    }

    /// The rows of those who have any of it.
    pub fn having(&self, having: Having) -> Mask {
        let mut mask = Mask::default();
        match having {
            Having::Notes => self.chunk.notes.keys().for_each(|row| _ = mask.set(usize::from(*row), true)),
            Having::Events(id) => {
                let table = id.and_then(|id| self.chunk.events.get(id));
                table.into_iter().flat_map(Table::iter).for_each(|(row, _)| _ = mask.set(row, true));
            }
        }
        mask
    }

    /// Puts in the rows of which something holds for the status.
    fn with_status(&self, mask: &mut Mask, holds: impl Fn(&str) -> bool) {
        let Cells::Words(words) = &**self.chunk.status else { return };
        let holds: Vec<bool> = words.words.iter().map(|word| matches!(word, Value::Text(text) if holds(text))).collect();
        for row in 0..words.codes.len() {
            let is = (words.codes.get(row) as usize).checked_sub(1).and_then(|at| holds.get(at)).copied();
            if is.unwrap_or(false) {
                mask.set(row, true);
            }
        }
    }

    /// Whoever opted out agrees to nothing; who was never asked about it is unknown.
    pub fn consent(&self, id: Option<u32>) -> Tri {
        let mut out = Mask::default();
        self.with_status(&mut out, |status| status == "unsubscribed");
        let (given, refused) = match id.and_then(|id| self.chunk.consents.get(id)) {
            Some(of) => (of.given.clone(), of.refused.clone()),
            None => Default::default(),
        };
        Tri { holds: given.minus(&out), known: given.or(&refused).or(&out) }
    }
}
