//! Looking through a column for many rows at once, those that have a value.

use super::{
    codes::Codes,
    mask::Mask,
    one::Line,
    tri::{Tri, Verdict},
};

/// Judges whole numbers by the stretch that they lie on. What strays is for the caller: lines hold no such verdict.
pub(crate) fn lined(values: &[i64], line: &Line, rows: &Mask, tri: &mut Tri) {
    for (at, wanted) in rows.0.iter().enumerate() {
        if *wanted == 0 {
            continue;
        }
        let values = values.get(at * 64..).unwrap_or_default();
        let values = values.get(..64).unwrap_or(values);
        let (mut holds, mut known) = (0, *wanted);
        for (i, (start, verdict)) in line.iter().enumerate() {
            if *verdict == Verdict::No {
                continue;
            }
            let end = line.get(i + 1).map_or(i64::MAX, |(next, _)| next - 1);
            let on = if line.len() == 1 { *wanted } else { bits(values, *start, end) & wanted };
            match verdict {
                Verdict::Yes => holds |= on,
                Verdict::Unknown | Verdict::Open | Verdict::Strayed => known &= !on,
                Verdict::No => {}
            }
        }
        write(tri, at, *wanted, holds, known);
    }
}

/// Judges values by their numbers in a dictionary, given the verdict on each number. What strays is for the caller.
pub(crate) fn coded(codes: &Codes, verdicts: &[Verdict], rows: &Mask, tri: &mut Tri) {
    let says = |verdict: &Verdict| match verdict {
        Verdict::Yes => HOLDS | KNOWN,
        Verdict::No => KNOWN,
        Verdict::Unknown | Verdict::Open | Verdict::Strayed => 0,
    };
    let table: Vec<u8> = verdicts.iter().map(says).collect();
    match codes {
        Codes::Narrow(codes) => looked_up(codes, &table, rows, tri),
        Codes::Wide(codes) => looked_up(codes, &table, rows, tri),
    }
}

const HOLDS: u8 = 1;
const KNOWN: u8 = 2;
/// So few of 64 are looked at one by one.
const FEW: u32 = 12;

fn looked_up<T: Copy + Into<u32>>(codes: &[T], table: &[u8], rows: &Mask, tri: &mut Tri) {
    for (at, wanted) in rows.0.iter().enumerate() {
        if *wanted == 0 {
            continue;
        }
        let codes = codes.get(at * 64..).unwrap_or_default();
        let (mut holds, mut known) = (0_u64, 0_u64);
        let mut look = |i: usize, code: T| {
            let says = table.get(code.into() as usize).copied().unwrap_or(0);
            holds |= u64::from(says & HOLDS) << i;
            known |= u64::from(says / KNOWN) << i;
        };
        if wanted.count_ones() > FEW {
            codes.iter().take(64).enumerate().for_each(|(i, code)| look(i, *code));
        } else {
            let mut left = *wanted;
            while left != 0 {
                let i = left.trailing_zeros() as usize;
                left &= left - 1;
                codes.get(i).into_iter().for_each(|code| look(i, *code));
            }
        }
        write(tri, at, *wanted, holds & wanted, known & wanted);
    }
}

/// Writes what was found of some of 64 rows.
fn write(tri: &mut Tri, at: usize, rows: u64, holds: u64, known: u64) {
    for (mask, bits) in [(&mut tri.holds, holds), (&mut tri.known, known)] {
        if let Some(word) = mask.0.get_mut(at) {
            *word = (*word & !rows) | bits;
        }
    }
}

/// Which of up to 64 values lie in a range.
fn bits(values: &[i64], from: i64, to: i64) -> u64 {
    // One comparison instead of two: what lies below the range is far above it.
    let width = to.wrapping_sub(from).cast_unsigned();
    let mut within = [0_u8; 64];
    for (is, value) in within.iter_mut().zip(values) {
        *is = u8::from(value.wrapping_sub(from).cast_unsigned() <= width);
    }
    // Eight bytes of 0 or 1 become eight bits by one multiplication: none of its parts meets another.
    let (eights, _) = within.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, eight| (bits << 8) | (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_values_within() {
        let values: Vec<i64> = (0..64).map(|n: i64| (n * 37) % 64 - 20).chain([7]).collect();
        for (from, to) in [(-20, 43), (0, 0), (-3, 11), (5, i64::MAX), (i64::MIN + 1, -1), (44, i64::MAX)] {
            for len in [0, 1, 9, 64] {
                let expected =
                    values[..len].iter().enumerate().filter(|(_, v)| (from..=to).contains(*v)).fold(0, |bits, (i, _)| bits | 1_u64 << i);
                assert_eq!(bits(&values[..len], from, to), expected, "{from}..={to} of {len}");
            }
        }
    }
}
