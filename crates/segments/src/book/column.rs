//! A column of contacts: its cells, and which of its rows have a value.

use super::{cells::Cells, mask::Mask};
use model::Value;
use std::ops::Deref;

/// Cells by row. Which rows have a value is kept beside them: every question about everybody asks that of every column it names.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    cells: Cells,
    rows: Mask,
}

impl Default for Column {
    fn default() -> Self {
        Self { cells: Cells::Empty(0), rows: Mask::default() }
    }
}

impl Deref for Column {
    type Target = Cells;

    fn deref(&self) -> &Cells {
        &self.cells
    }
}

impl Column {
    /// The rows that have a value.
    pub fn rows(&self) -> &Mask {
        &self.rows
    }

    /// Puts a value at a row, or takes it away.
    pub fn set(&mut self, row: usize, value: Option<&Value>) {
        self.cells.set(row, value);
        self.rows.set(row, value.is_some());
    }

    /// Takes a value away, and out of the dictionary too.
    pub fn forget(&mut self, row: usize) {
        self.cells.forget(row);
        self.rows.set(row, false);
    }

    pub fn bytes(&self) -> usize {
        self.cells.bytes() + size_of::<Mask>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Instant;

    #[test]
    fn rows_are_those_that_have_a_value_whatever_kind_the_cells_are_of() {
        let day = Value::Date(jiff::civil::date(2024, 2, 29));
        let number = |text: &str| Value::Number(text.parse().unwrap());
        let values = [
            day.clone(),
            number("7"),
            number("0.001"),
            number("79228162514264337593543950335"),
            Value::DateTime(Instant(5)),
            Value::DateTime(Instant(i64::MIN)),
            Value::text("Lisbon"),
        ];
        let mut draw = 9_u64;
        for first in &values {
            let mut column = Column::default();
            column.set(70, Some(first));
            for _ in 0..400 {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (row, which) = ((draw >> 33) as usize % 130, (draw >> 20) as usize % 9);
                match values.get(which) {
                    // Mostly of one kind, so that it is not a dictionary from the start.
                    Some(value) if which == 0 => column.set(row, Some(value)),
                    Some(_) => column.set(row, Some(first)),
                    None if which == 7 => column.set(row, None),
                    None => column.forget(row),
                }
                let has: Vec<usize> = (0..1_024).filter(|row| column.get(*row).is_some()).collect();
                assert_eq!(column.rows().rows().collect::<Vec<_>>(), has);
            }
        }
    }
}
