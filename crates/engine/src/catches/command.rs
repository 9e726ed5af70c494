//! `command: order`: the customer types `/order`; channels show it in their menus.

use super::{Catch, CatchKind, Signal};
use crate::bot::reader::{At, Reader};
use model::fold;

pub(crate) struct Command;

#[derive(Debug)]
struct Typed {
    written: String,
    folded: String,
}

impl CatchKind for Command {
    fn summary(&self) -> &'static str {
        "the customer types the command, such as /order; channels show it in their menus"
    }
    fn key(&self) -> &'static str {
        "command"
    }

    fn read(&self, value: At<'_>, reader: &mut Reader<'_>) -> Option<Box<dyn Catch>> {
        let written = reader.text(value, "a command")?.trim();
        let name = written.trim_start_matches('/');
        // What Telegram allows in its menu, so that one name works everywhere.
        let good = !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good {
            reader.error("E0114", value.span, format!("a command is 1 to 32 lower-case letters, digits and _, not \"{written}\""));
            return None;
        }
        if name == "start" {
            reader.error("E0114", value.span, "/start always begins the skill /start; write a skill of that name instead");
            return None;
        }
        Some(Box::new(Typed { written: name.to_owned(), folded: fold(name) }))
    }
}

impl Catch for Typed {
    fn catches(&self, signal: &Signal) -> bool {
        matches!(signal, Signal::Command { name } if *name == self.folded)
    }
    fn command(&self) -> Option<&str> {
        Some(&self.written)
    }
    fn spoken(&self) -> String {
        format!("command /{}", self.written)
    }
}
