//! Encodings: what a spreadsheet saved, as text.

use encoding_rs::{Decoder, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, the low byte first: what spreadsheets call "Unicode text".
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, the high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// The code page of Western Windows, a superset of Latin-1.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// The name as people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    fn decoder(self) -> Decoder {
        let encoding = match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1252 => WINDOWS_1252,
        };
        encoding.new_decoder_with_bom_removal()
    }
}

/// How many letters of several bytes there are for each broken one in a text that is UTF-8 all the same, at the least.
const CLEARLY: u64 = 5;

/// Finds the encoding out; it is shown the whole file, since the first letter that is no ASCII may stand at its end.
#[derive(Debug, Default)]
pub struct Sniffer {
    seen: u64,
    head: Vec<u8>,
    /// Zero bytes at even and at odd places.
    zeros: [u64; 2],
    /// Letters of several bytes that are UTF-8.
    letters: u64,
    /// Bytes, or several that belong together, that are none.
    broken: u64,
    /// The bytes of a letter that a piece ended within.
    pending: Vec<u8>,
}

impl Sniffer {
    /// Looks at the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let missing = 4_usize.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        // A text of one language shows within its first thousands of bytes whether every other byte is zero.
        if self.seen < 65_536 {
            for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == 0) {
                let odd = (self.seen + at as u64) % 2 == 1;
                if let Some(count) = self.zeros.get_mut(usize::from(odd)) {
                    *count += 1;
                }
            }
        }
        self.seen += bytes.len() as u64;
        let joined;
        let mut rest = if self.pending.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.pending).as_slice(), bytes].concat();
            &joined
        };
        loop {
            let error = std::str::from_utf8(rest).err();
            let (good, behind) = rest.split_at(error.map_or(rest.len(), |error| error.valid_up_to()));
            self.letters += good.iter().filter(|byte| **byte >= 0xC0).count() as u64;
            match error.map(|error| error.error_len()) {
                Some(Some(length)) => {
                    self.broken += 1;
                    rest = behind.get(length..).unwrap_or_default();
                }
                Some(None) => {
                    self.pending = behind.to_vec();
                    return;
                }
                None => return,
            }
        }
    }

    /// How many places cannot be read if it is UTF-8.
    pub fn broken(&self) -> u64 {
        self.broken + u64::from(!self.pending.is_empty())
    }

    /// What it is. Letters of several bytes that are UTF-8 by chance are rare: where they clearly outnumber what is broken, that is an
    /// accident of the file.
    pub fn finish(self) -> Encoding {
        let is_utf8 = self.letters >= self.broken() * CLEARLY;
        let looked_at = self.seen.min(65_536);
        let many = |zeros: u64| zeros * 3 > looked_at;
        match (self.head.as_slice(), self.zeros) {
            ([0xEF, 0xBB, 0xBF, ..], _) => Encoding::Utf8,
            ([0xFF, 0xFE, ..], _) => Encoding::Utf16Le,
            ([0xFE, 0xFF, ..], _) => Encoding::Utf16Be,
            (_, [even, odd]) if many(odd) && even * 4 < odd => Encoding::Utf16Le,
            (_, [even, odd]) if many(even) && odd * 4 < even => Encoding::Utf16Be,
            _ if is_utf8 => Encoding::Utf8,
            _ => Encoding::Windows1252,
        }
    }
}

/// The text of a file as UTF-8, piece by piece; its mark is left out and what is no letter becomes U+FFFD.
pub struct Decoded<R> {
    from: R,
    decoder: Decoder,
    raw: Box<[u8]>,
    /// Bytes of `raw` that are not decoded yet.
    start: usize,
    end: usize,
    at_end: bool,
    done: bool,
    /// Text for whoever has no room for a whole letter.
    small: [u8; 16],
    waiting: std::ops::Range<usize>,
}

impl<R: Read> Decoded<R> {
    /// Reads `from`, which is written so.
    pub fn new(from: R, encoding: Encoding) -> Self {
        let raw = vec![0; 64 * 1024].into_boxed_slice();
        Self { from, decoder: encoding.decoder(), raw, start: 0, end: 0, at_end: false, done: false, small: [0; 16], waiting: 0..0 }
    }

    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.done {
                return Ok(0);
            }
            if self.start == self.end && !self.at_end {
                self.start = 0;
                self.end = self.from.read(&mut self.raw)?;
                self.at_end = self.end == 0;
            }
            let bytes = self.raw.get(self.start..self.end).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, out, self.at_end);
            self.start += read;
            self.done = self.at_end && matches!(result, encoding_rs::CoderResult::InputEmpty);
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.waiting.is_empty() {
            // The decoder needs room for a whole letter.
            if out.len() >= self.small.len() {
                return self.decode(out);
            }
            let mut small = self.small;
            self.waiting = 0..self.decode(&mut small)?;
            self.small = small;
        }
        let text = self.small.get(self.waiting.clone()).unwrap_or_default();
        let n = text.len().min(out.len());
        out.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        self.waiting.start += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> (Encoding, String) {
        let mut sniffer = Sniffer::default();
        bytes.chunks(piece).for_each(|piece| sniffer.feed(piece));
        let encoding = sniffer.finish();
        let mut text = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut text).unwrap();
        (encoding, text)
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn every_encoding_of_a_spreadsheet_gives_the_same_text() {
        let text = "name;city\nJosé;Zürich\nMüller;Köln\n";
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let table: [(Vec<u8>, Encoding); 7] = [
            (text.into(), Encoding::Utf8),
            ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), Encoding::Utf8),
            ([vec![0xFF, 0xFE], utf16(text, true)].concat(), Encoding::Utf16Le),
            ([vec![0xFE, 0xFF], utf16(text, false)].concat(), Encoding::Utf16Be),
            (utf16(text, true), Encoding::Utf16Le),
            (utf16(text, false), Encoding::Utf16Be),
            (latin, Encoding::Windows1252),
        ];
        for (bytes, encoding) in table {
            for piece in [1, 3, 4_096] {
                assert_eq!(read(&bytes, piece), (encoding, text.to_owned()), "{encoding:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn one_broken_letter_among_many_good_ones_stays_one() {
        let mut bytes = "Müller;Köln\n".repeat(1_000).into_bytes();
        let good = bytes.len();
        bytes.extend(b"J\xC3;Bonn\n");
        for piece in [1, 3, 4_096] {
            let (encoding, text) = read(&bytes, piece);
            assert_eq!(encoding, Encoding::Utf8, "in pieces of {piece}");
            assert!(text.starts_with("Müller;Köln\n") && text.ends_with("J\u{FFFD};Bonn\n"));
            let mut sniffer = Sniffer::default();
            bytes.chunks(piece).for_each(|piece| sniffer.feed(piece));
            assert_eq!(sniffer.broken(), 1);
        }
        // Cut off within the last letter.
        bytes.truncate(good);
        bytes.extend(b"J\xC3");
        assert_eq!(read(&bytes, 4_096).0, Encoding::Utf8);
        // What a code page writes as two letters may be one of UTF-8, a few times.
        let mut bytes: Vec<u8> = "Müller;Köln\n".repeat(1_000).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        bytes.extend(b"\xC3\xBC \xC2\xAB\n");
        assert_eq!(read(&bytes, 4_096).0, Encoding::Windows1252);
    }

    #[test]
    fn one_letter_at_the_very_end_decides() {
        let mut bytes = "a;b\n".repeat(50_000).into_bytes();
        bytes.extend(b"caf\xE9\n");
        let (encoding, text) = read(&bytes, 4_096);
        assert_eq!(encoding, Encoding::Windows1252);
        assert!(text.ends_with("café\n"));
        // The euro sign of the code page.
        assert_eq!(read(b"5 \x80", 1).1, "5 €");
        assert_eq!(read(b"", 1), (Encoding::Utf8, String::new()));
    }
}
