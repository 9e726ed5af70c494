//! The terminal: messages with their buttons, a prompt, colours where they are wanted.

use model::{Author, ChoiceAction, Message};
use std::io::{IsTerminal, Write};

/// What is on the screen.
pub struct Screen {
    color: bool,
    /// Heard and not shown yet.
    news: Vec<Message>,
    /// The bot's last message: its buttons can be pressed by number.
    last: Option<Message>,
}

/// Text that cannot move the cursor or change the terminal.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

impl Screen {
    /// An empty screen.
    pub fn new(color: bool) -> Self {
        Self { color, news: Vec::new(), last: None }
    }

    /// Waits for somebody to type.
    pub fn prompt(&self) {
        if std::io::stdin().is_terminal() {
            print!("> ");
            // A prompt that cannot be shown is no reason to stop.
            let _ = std::io::stdout().flush();
        }
    }

    /// Keeps messages until they are shown.
    pub fn keep(&mut self, messages: Vec<Message>) {
        self.news.extend(messages);
    }

    /// Whether there is anything to show.
    pub fn has_news(&self) -> bool {
        self.news.iter().any(|m| m.author != Author::Customer)
    }

    /// Forgets the buttons of before.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// A line that is not part of the conversation.
    pub fn dim(&self, text: &str) {
        let text = clean(text);
        if self.color { println!("\u{1b}[2m{text}\u{1b}[0m") } else { println!("{text}") }
    }

    /// Shows what is new.
    pub fn show(&mut self) {
        for message in std::mem::take(&mut self.news) {
            let (name, tint) = match &message.author {
                Author::Customer => continue,
                Author::Bot { .. } => ("bot".to_owned(), "36"),
                Author::Agent { name, .. } => (clean(name), "35"),
                Author::System => ("–".to_owned(), "2"),
            };
            let indent = " ".repeat(name.chars().count() + 2);
            let text = clean(&message.content.text).replace('\n', &format!("\n{indent}"));
            if self.color {
                println!("\u{1b}[{tint}m{name}:\u{1b}[0m {text}");
            } else {
                println!("{name}: {text}");
            }
            for attachment in &message.content.attachments {
                println!("{indent}{}", clean(&channel::attachment_line(attachment)));
            }
            for link in &message.content.linked {
                println!("{indent}{}", clean(&channel::linked_line(link)));
            }
            if let Some(place) = &message.content.location {
                println!("{indent}[location: {}, {}]", place.latitude, place.longitude);
            }
            let mut above = 0;
            for card in &message.content.cards {
                println!("{indent}{}", clean(&crate::script::media::card_line(card)));
                self.choices(card.buttons.iter(), above, &format!("{indent}  "));
                above += card.buttons.len();
            }
            // In the terminal every card is there already: nothing brings more.
            self.choices(message.content.buttons.iter().chain(&message.content.quick_replies), above, &indent);
            if matches!(message.author, Author::Bot { .. }) {
                self.last = Some(message);
            }
        }
    }

    fn choices<'c>(&self, choices: impl Iterator<Item = &'c model::Choice>, above: usize, indent: &str) {
        for (number, choice) in (above..).zip(choices) {
            let label = clean(&choice.label);
            let mark = if self.color { format!("\u{1b}[33m[{}]\u{1b}[0m", number + 1) } else { format!("[{}]", number + 1) };
            match &choice.action {
                ChoiceAction::Reply { .. } => println!("{indent}{mark} {label}"),
                ChoiceAction::Url(url) => println!("{indent}{mark} {label} → {}", clean(url)),
                ChoiceAction::Phone(phone) => println!("{indent}{mark} {label} → {}", clean(phone)),
            }
        }
    }

    /// The button of the last message with this number.
    pub fn button(&self, text: &str) -> Option<(String, String)> {
        let number = engine::ordinal(text)?;
        let content = &self.last.as_ref()?.content;
        let choice = content.choices().nth(usize::from(number).checked_sub(1)?)?;
        match &choice.action {
            ChoiceAction::Reply { token } => Some((token.clone(), choice.label.clone())),
            ChoiceAction::Url(_) | ChoiceAction::Phone(_) => None,
        }
    }
}
