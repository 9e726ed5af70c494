//! Where something stands: a range of bytes of one file.

use std::ops::Range;

/// A file of a [`crate::Sources`] table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u16);

/// A range of bytes in the text of a file as it was given, a byte-order mark and carriage returns included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte; equal to `start` for a place between two characters.
    pub end: u32,
}

impl Span {
    /// A span over `range`; positions beyond 4 GiB are clamped.
    pub fn new(file: FileId, range: Range<usize>) -> Span {
        let clamp = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        let start = clamp(range.start);
        Span { file, start, end: clamp(range.end).max(start) }
    }

    /// The very beginning of a file: for faults of the file as a whole.
    pub fn file_start(file: FileId) -> Span {
        Span { file, start: 0, end: 0 }
    }

    /// The byte range inside the file's text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of `self` to the end of `other`, when both are in one file; else `self`.
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file { Span { end: other.end.max(self.end), ..self } } else { self }
    }

    /// The empty place just before this span.
    pub fn before(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty place just after this span.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// True when `other` lies inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; for texts in quotes the quotes are included.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }

    /// The same place, the value by reference.
    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned { value: &self.value, span: self.span }
    }
}
