//! The signature of a block: which pieces of three bytes its texts have, as bits of their hashes.
//!
//! One bit for each byte of text: of the pieces that are not there, about one in ten seems to be. A word of five letters has three
//! pieces, so it is looked for in vain in one block of a thousand; one of two letters has none and is looked for everywhere. A letter of
//! most scripts but Latin has two or three bytes, so there every pair of letters, or every letter, is a piece.

/// The shortest signature, in bytes.
const LEAST: usize = 64;
/// The longest one.
const MOST: usize = 64 * 1024;

/// The hashes of a text's pieces.
pub(super) fn pieces(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    text.windows(3).filter_map(|piece| match piece {
        // The end of a line is part of no word.
        [b'\n', ..] | [_, b'\n', _] | [_, _, b'\n'] => None,
        [a, b, c] => Some((u32::from(*a) | u32::from(*b) << 8 | u32::from(*c) << 16).wrapping_mul(0x9E37_79B1)),
        _ => None,
    })
}

/// Which bit of how many stands for a piece.
fn bit(piece: u32, bytes: usize) -> (usize, u8) {
    let bit = (u64::from(piece) * (bytes as u64 * 8)) >> 32;
    // There are at most 2^19 bits.
    (usize::try_from(bit >> 3).unwrap_or(0), 1 << (bit & 7))
}

/// The signature of texts.
pub(super) fn of(texts: &[u8]) -> Vec<u8> {
    let mut bits = vec![0; (texts.len() / 8).clamp(LEAST, MOST)];
    let bytes = bits.len();
    for piece in pieces(texts) {
        let (at, bit) = bit(piece, bytes);
        if let Some(byte) = bits.get_mut(at) {
            *byte |= bit;
        }
    }
    bits
}

/// Whether all of these pieces may be there.
pub(super) fn may_have(signature: &[u8], pieces: &[u32]) -> bool {
    pieces.iter().all(|piece| {
        let (at, bit) = bit(*piece, signature.len());
        signature.get(at).is_none_or(|byte| byte & bit != 0)
    })
}
