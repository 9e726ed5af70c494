//! What customers type to be understood: labels, synonyms, keywords. Noted while the files are read, in every language, for the lints.

use std::cell::RefCell;
use syntax::Span;

/// One word or text of a bot that a customer may type as a whole message.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub text: String,
    pub span: Span,
    pub what: What,
}

/// What it is to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A button, a quick reply or a choice of `expect`, or a synonym of one.
    Answer,
    /// A keyword that begins a skill or interrupts.
    Keyword,
    /// An entry of the menu.
    Menu,
}

/// Everything noted.
#[derive(Debug, Default)]
pub(crate) struct TypedWords(RefCell<Vec<Typed>>);

impl TypedWords {
    /// A customer may type `text`, which stands at `span`.
    pub(crate) fn note(&self, text: &str, span: Span, what: What) {
        self.0.borrow_mut().push(Typed { text: text.to_owned(), span, what });
    }

    /// What was noted, taken out.
    pub(crate) fn take(&self) -> Vec<Typed> {
        self.0.take()
    }
}
