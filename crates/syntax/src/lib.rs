//! The text side of a bot: YAML files become a tree in which every value knows where it stands, and every fault becomes a [`Diagnostic`].
//!
//! This is the only crate that names the YAML library. It knows nothing about skills, blocks or conditions: what a key means is the
//! business of the crates above. It reads no files, no clock and no network; whoever owns the files hands their text to [`Sources`].
//!
//! Invariants:
//! - every [`Span`] points into the text as it was given to [`Sources::add`] and lies on character boundaries;
//! - [`parse`] never panics and never runs away, whatever the text (limits: [`MAX_FILE_BYTES`], [`MAX_NODES`], [`MAX_DEPTH`]);
//! - a plain value keeps the characters that were typed: `007`, `yes`, `+1206` and `12:30` are text here (FL 3.8);
//! - nothing is dropped silently: what YAML would swallow (comments inside values, split conditions) is said aloud (FL 10).

mod diagnostic;
mod fix;
mod invisible;
mod nickname;
mod node;
mod parse;
mod render;
mod source;
mod source_map;
mod span;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Edit, Fix, Label, Severity};
pub use fix::{Fixed, apply_fixes};
pub use invisible::{is_invisible, name_of_invisible};
pub use nickname::five_fields;
pub use node::{Entry, Node, Scalar, Style};
pub use parse::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, is_key_with_value, not_a_space, parse, takes_only_text};
pub use render::{JSON_VERSION, render_human, render_json, render_short};
pub use source::{DecodeError, MAX_FILES, Sources, decode, shown_lossy};
pub use source_map::SourceMap;
pub use span::{FileId, Span, Spanned};
pub use suggest::{closest, did_you_mean};
