//! The command menu: the bot's `command` catches, shown by Telegram beside the input.

use crate::{
    intake::Intake,
    trouble::{Trouble, rest, stopped},
};
use std::collections::BTreeSet;
use teloxide::{
    payloads::{DeleteMyCommands, SetMyCommands},
    types::BotCommand,
};
use tokio::sync::watch;

/// How many commands a menu holds.
const COMMANDS: usize = 100;
/// The longest description, in UTF-16 code units.
const DESCRIPTION: usize = 256;

/// Sets the menu and follows reloads until it is told to stop.
pub async fn run(intake: &Intake, mut stop: watch::Receiver<bool>) {
    let mut trouble = Trouble::new("setting the command menu", &intake.pace);
    // A bot without commands keeps what its operator wrote at @BotFather.
    let mut shown = Vec::new();
    let mut told = BTreeSet::new();
    loop {
        let (menu, left_out) = menu_of(intake.hub.commands());
        let mut wait = intake.pace.menu;
        if left_out != told {
            if !left_out.is_empty() {
                let names = left_out.iter().map(|name| format!("/{name}")).collect::<Vec<_>>().join(", ");
                intake.hub.log(&format!(
                    "telegram: not in the command menu, which takes only a-z, 0-9 and _, but understood when typed: {names}"
                ));
            }
            told = left_out;
        }
        if menu != shown {
            match tokio::select! {
                () = stopped(&mut stop) => return,
                done = set(intake, &menu) => done,
            } {
                Ok(()) => {
                    trouble.over(intake.hub.as_ref());
                    shown = menu;
                }
                Err(failure) => wait = trouble.after(intake.hub.as_ref(), &failure),
            }
        }
        if !rest(&mut stop, wait).await {
            return;
        }
    }
}

async fn set(intake: &Intake, menu: &[BotCommand]) -> Result<(), crate::api::Failure> {
    if menu.is_empty() {
        intake.api.call(&DeleteMyCommands::new(), intake.pace.call).await?;
    } else {
        intake.api.call(&SetMyCommands::new(menu.to_vec()), intake.pace.call).await?;
    }
    Ok(())
}

/// The menu, and the names Telegram cannot show: it takes small letters, digits and `_`, at most 32 of them.
fn menu_of(commands: Vec<(String, String)>) -> (Vec<BotCommand>, BTreeSet<String>) {
    let (mut menu, mut left_out, mut seen) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (name, description) in commands {
        let fits = (1..=32).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !fits || menu.len() == COMMANDS {
            left_out.insert(name);
        } else if seen.insert(name.clone()) {
            let described = described(&description).unwrap_or_else(|| name.clone());
            menu.push(BotCommand::new(name, described));
        }
    }
    (menu, left_out)
}

fn described(text: &str) -> Option<String> {
    let mut units = 0;
    let cut: String = text
        .trim()
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= DESCRIPTION
        })
        .collect();
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_is_what_telegram_takes() {
        let long = "😀".repeat(200);
        let given = [
            ("order", "Track an order"),
            ("order-help", "x"),
            ("Order", "x"),
            ("order", "twice"),
            ("help", " "),
            ("long", &long),
            ("", "x"),
        ];
        let (menu, left_out) = menu_of(given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect());
        let shown: Vec<_> = menu.iter().map(|c| (c.command.as_str(), c.description.as_str())).collect();
        assert_eq!(shown, [("order", "Track an order"), ("help", "help"), ("long", "😀".repeat(128).as_str())]);
        assert_eq!(left_out.into_iter().collect::<Vec<_>>(), ["", "Order", "order-help"]);
    }
}
