//! The table of source files: their paths as shown to people, their text, and line and column of a place.

use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Span};

/// How many files one table can hold. Whoever reads a folder stops there with a message of its own.
pub const MAX_FILES: usize = u16::MAX as usize;

/// The files of a bot.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: String,
    text: String,
    /// Byte offset of the first character of each line.
    lines: Vec<usize>,
}

impl Sources {
    /// An empty table.
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Adds a file; `path` is shown to people and is not opened.
    ///
    /// # Panics
    /// When the table already holds [`MAX_FILES`] files.
    pub fn add(&mut self, path: impl Into<String>, text: String) -> FileId {
        assert!(self.files.len() < MAX_FILES, "the reader of the folder stops at MAX_FILES");
        let id = FileId(u16::try_from(self.files.len()).expect("MAX_FILES fits u16"));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(File { path: path.into(), text, lines });
        id
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True when there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All files, in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        (0..self.files.len()).filter_map(|index| u16::try_from(index).ok().map(FileId))
    }

    /// The path of a file, as given. Empty for an id of another table.
    pub fn path(&self, file: FileId) -> &str {
        self.files.get(usize::from(file.0)).map_or("", |file| file.path.as_str())
    }

    /// The text of a file, as given. Empty for an id of another table.
    pub fn text(&self, file: FileId) -> &str {
        self.files.get(usize::from(file.0)).map_or("", |file| file.text.as_str())
    }

    /// The characters a span covers. Empty when the span does not lie in the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.range()).unwrap_or("")
    }

    /// Line and column of the start of `span`, both from 1; the column counts characters. A byte-order mark is not a character here.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let Some(file) = self.files.get(usize::from(span.file.0)) else { return (1, 1) };
        let at = file.text.floor_char_boundary(span.start as usize);
        let line = file.lines.partition_point(|start| *start <= at).max(1);
        let start = file.lines.get(line - 1).copied().unwrap_or(0);
        let before = file.text.get(start..at).unwrap_or("");
        (line, before.chars().filter(|c| *c != BOM).count() + 1)
    }
}

/// The byte-order mark.
pub(crate) const BOM: char = '\u{feff}';

/// Why bytes are not the text of a flow file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    /// The bytes are UTF-16 (or UTF-32), as some editors save by default.
    #[error("the file is saved as UTF-16, not as UTF-8")]
    Utf16,
    /// A byte sequence that is not UTF-8.
    #[error("the file is not UTF-8: the first byte at fault is at line {line}, column {column}")]
    NotUtf8 {
        /// Offset of the first bad byte, from 0.
        byte: usize,
        /// Line of the first bad byte, from 1.
        line: usize,
        /// Column of the first bad byte in characters, from 1.
        column: usize,
    },
}

impl DecodeError {
    /// The fault as it is told to people. `file` was added with what [`shown_lossy`] makes of its bytes; where nothing of it can be shown
    /// the fault stands at its start.
    pub fn diagnostic(self, file: FileId) -> Diagnostic {
        let help = "save it as UTF-8 in your editor";
        match self {
            DecodeError::Utf16 => Diagnostic::error("E0006", Span::file_start(file), self.to_string()).help(help),
            DecodeError::NotUtf8 { byte, .. } => {
                let span = Span::new(file, byte..byte + char::REPLACEMENT_CHARACTER.len_utf8());
                let message = "the file is not UTF-8: here stands a character of another encoding";
                Diagnostic::error("E0006", span, message).label("the first one; it is shown as a question mark").help(help)
            }
        }
    }
}

/// Bytes that are no text as they can be shown: what is UTF-8 stands where it stood, the rest is U+FFFD; nothing of UTF-16.
pub fn shown_lossy(bytes: &[u8]) -> String {
    if is_utf16(bytes) { String::new() } else { String::from_utf8_lossy(bytes).into_owned() }
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

/// The text of a file's bytes. UTF-8 only; a byte-order mark is kept, for spans count from the first byte of the file.
///
/// # Errors
/// Where the bytes stop being UTF-8, or that the file is UTF-16.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    if is_utf16(&bytes) {
        return Err(DecodeError::Utf16);
    }
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(error.as_bytes().get(..byte).unwrap_or_default());
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or("").chars().filter(|c| *c != BOM).count() + 1;
        DecodeError::NotUtf8 { byte, line, column }
    })
}
