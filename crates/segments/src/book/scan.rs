//! Looking through a column for many rows at once.

use super::{
    cells::{Cells, NO_DAY, NONE},
    codes::Codes,
    mask::Mask,
    one::Line,
    tri::{Tri, Verdict},
};

/// The rows that have a value.
pub(crate) fn present(cells: &Cells) -> Mask {
    fn of<T: Copy + PartialEq>(values: &[T], none: T) -> Mask {
        let mut mask = Mask::default();
        for (word, values) in mask.0.iter_mut().zip(values.chunks(64)) {
            for (i, value) in values.iter().enumerate() {
                *word |= u64::from(*value != none) << i;
            }
        }
        mask
    }
    match cells {
        Cells::Empty(_) => Mask::default(),
        Cells::Numbers(numbers) => of(&numbers.values, NONE),
        Cells::Instants(values) => of(values, NONE),
        Cells::Days(values) => of(values, NO_DAY),
        Cells::Words(words) => match &words.codes {
            Codes::Narrow(codes) => of(codes, 0),
            Codes::Wide(codes) => of(codes, 0),
        },
    }
}

/// Judges whole numbers by the stretch that they lie on; answers which rows have none. What strays is for the caller: lines
/// hold no such verdict.
pub(crate) fn lined(values: &[i64], line: &Line, rows: &Mask, tri: &mut Tri) -> Mask {
    let mut missing = Mask::default();
    for (at, wanted) in rows.0.iter().enumerate() {
        if *wanted == 0 {
            continue;
        }
        let values = values.get(at * 64..).unwrap_or_default();
        let values = values.get(..64).unwrap_or(values);
        let has = bits(values, i64::MIN + 1, i64::MAX) & wanted;
        let (mut holds, mut known) = (0, has);
        for (i, (start, verdict)) in line.iter().enumerate() {
            if *verdict == Verdict::No {
                continue;
            }
            let end = line.get(i + 1).map_or(i64::MAX, |(next, _)| next - 1);
            let on = if line.len() == 1 { has } else { bits(values, *start, end) & has };
            match verdict {
                Verdict::Yes => holds |= on,
                Verdict::Unknown | Verdict::Open | Verdict::Strayed => known &= !on,
                Verdict::No => {}
            }
        }
        for (mask, bits) in [(&mut tri.holds, holds), (&mut tri.known, known)] {
            if let Some(word) = mask.0.get_mut(at) {
                *word = (*word & !has) | bits;
            }
        }
        if let Some(word) = missing.0.get_mut(at) {
            *word = wanted & !has;
        }
    }
    missing
}

/// Which of up to 64 values lie in a range.
fn bits(values: &[i64], from: i64, to: i64) -> u64 {
    let mut bits = 0;
    // One comparison instead of two: what lies below the range is far above it.
    let width = to.wrapping_sub(from).cast_unsigned();
    for (i, value) in values.iter().enumerate() {
        bits |= u64::from(value.wrapping_sub(from).cast_unsigned() <= width) << i;
    }
    bits
}
