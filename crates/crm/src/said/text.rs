//! The words of a transcript line: what somebody who read the chat would remember of it.

use model::{Author, Content, Instant, Message, Picture, TranscriptEntry};

/// The most that is kept of one message, in bytes: a channel takes no longer one.
const LONGEST: usize = 64 * 1024;

/// A message with words in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Uttered<'m> {
    /// The message.
    pub message: &'m Message,
    /// When it was said.
    pub at: Instant,
    /// Its words, as written: the text or caption, then names and descriptions of files, then what stands on cards.
    pub text: String,
}

/// The words of a line; none if it has none, or if nobody said it (an agent joined, a message was delivered).
pub fn uttered(line: &TranscriptEntry) -> Option<Uttered<'_>> {
    let message = match line {
        TranscriptEntry::Message(message) => message,
        TranscriptEntry::Delivery(_) => return None,
    };
    match message.author {
        Author::Customer | Author::Bot { .. } | Author::Agent { .. } => {}
        Author::System => return None,
    }
    let text = words_of(&message.content);
    (!text.trim().is_empty()).then_some(Uttered { message, at: message.at, text })
}

fn words_of(content: &Content) -> String {
    let mut text = String::with_capacity(content.text.len());
    let mut add = |part: &str| {
        if !part.trim().is_empty() && text.len() < LONGEST {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
    };
    add(&content.text);
    for file in &content.attachments {
        add(&file.name);
        add(&file.alt);
    }
    for file in &content.linked {
        add(&file.name);
        add(&file.alt);
    }
    for card in &content.cards {
        add(&card.title);
        add(&card.text);
        match &card.picture {
            Some(Picture::Stored(picture)) => add(&picture.alt),
            Some(Picture::Linked(picture)) => add(&picture.alt),
            None => {}
        }
    }
    crate::directory::at_most(&text, LONGEST).to_owned()
}
