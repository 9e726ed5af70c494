//! The command menu: the bot's `command` catches, shown by Telegram beside the input, in the languages the bot speaks.
//!
//! Telegram keeps a menu for everybody and one for each language that has its own. Which languages were set is a record of the
//! channel, written before Telegram is told, so that a language the bot gives up leaves no menu behind.

use crate::{
    api::Failure,
    intake::Intake,
    trouble::{Trouble, rest, stopped},
};
use channel::Hub;
use std::collections::{BTreeMap, BTreeSet};
use teloxide::{
    payloads::{DeleteMyCommands, DeleteMyCommandsSetters as _, SetMyCommands, SetMyCommandsSetters as _},
    types::BotCommand,
};
use tokio::sync::watch;

/// How many commands a menu holds.
const COMMANDS: usize = 100;
/// The longest description, in UTF-16 code units.
const DESCRIPTION: usize = 256;

/// Menus by two-letter language; under the empty one that of everybody else.
type Menus = BTreeMap<String, Vec<BotCommand>>;

/// What Telegram shows, as far as is known.
#[derive(Default)]
struct Shown {
    /// What was set since the start.
    menus: Menus,
    /// Languages that have a menu of their own, from earlier starts as well; none while that is not known.
    languages: Option<BTreeSet<String>>,
}

/// Sets the menus and follows reloads until it is told to stop.
pub async fn run(intake: &Intake, mut stop: watch::Receiver<bool>) {
    let mut trouble = Trouble::new("setting the command menu", &intake.pace);
    let mut shown = Shown::default();
    let mut told = BTreeSet::new();
    loop {
        let (menus, left_out) = menus_of(intake.hub.as_ref());
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
        match tokio::select! {
            () = stopped(&mut stop) => return,
            done = shown.become_these(intake, &menus) => done,
        } {
            Ok(()) => trouble.over(intake.hub.as_ref()),
            Err(failure) => wait = trouble.after(intake.hub.as_ref(), &failure),
        }
        if !rest(&mut stop, wait).await {
            return;
        }
    }
}

/// Where it is kept which languages have a menu.
fn languages_key(intake: &Intake) -> String {
    format!("menu_languages:{}", intake.bot)
}

impl Shown {
    /// Tells Telegram what differs.
    async fn become_these(&mut self, intake: &Intake, menus: &Menus) -> Result<(), Failure> {
        if self.menus == *menus {
            return Ok(());
        }
        let before = match self.languages.take() {
            Some(known) => known,
            None => {
                let kept = intake.hub.record(&languages_key(intake)).await;
                kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
            }
        };
        let wanted: BTreeSet<String> = menus.keys().filter(|code| !code.is_empty()).cloned().collect();
        let both: BTreeSet<String> = before.union(&wanted).cloned().collect();
        self.languages = Some(both.clone());
        if both != before && !keep(intake, &both).await {
            // Without the record a menu could be left behind; the next look tries again.
            self.languages = Some(before);
            return Ok(());
        }
        for (code, menu) in menus {
            if self.menus.get(code) == Some(menu) {
                continue;
            }
            // A bot without commands keeps what its operator wrote at @BotFather.
            if !menu.is_empty() || self.menus.contains_key(code) {
                set(intake, code, menu).await?;
            }
            self.menus.insert(code.clone(), menu.clone());
        }
        for gone in both.difference(&wanted) {
            set(intake, gone, &[]).await?;
            self.menus.remove(gone);
        }
        if both != wanted && keep(intake, &wanted).await {
            self.languages = Some(wanted);
        }
        Ok(())
    }
}

async fn keep(intake: &Intake, languages: &BTreeSet<String>) -> bool {
    intake.hub.put_record(&languages_key(intake), Some(serde_json::json!(languages))).await.is_ok()
}

async fn set(intake: &Intake, code: &str, menu: &[BotCommand]) -> Result<(), Failure> {
    if menu.is_empty() {
        let mut delete = DeleteMyCommands::new();
        if !code.is_empty() {
            delete = delete.language_code(code);
        }
        intake.api.call(&delete, intake.pace.call).await?;
    } else {
        let mut set = SetMyCommands::new(menu.to_vec());
        if !code.is_empty() {
            set = set.language_code(code);
        }
        intake.api.call(&set, intake.pace.call).await?;
    }
    Ok(())
}

/// All menus, and the names Telegram cannot show. A language whose menu is everybody's needs none of its own; neither does the
/// one the bot is written in.
fn menus_of(hub: &dyn Hub) -> (Menus, BTreeSet<String>) {
    let (everybody, left_out) = menu_of(hub.commands());
    let languages = hub.languages();
    let own = languages.first().and_then(|tag| code(tag));
    let mut menus = Menus::new();
    // `pt` itself goes before `pt-BR`.
    let (plain, regional): (Vec<&String>, Vec<&String>) = languages.iter().partition(|tag| tag.len() == 2);
    for tag in plain.into_iter().chain(regional) {
        let Some(code) = code(tag).filter(|code| own.as_ref() != Some(code)) else { continue };
        let (menu, _) = menu_of(hub.commands_in(tag));
        if menu != everybody {
            menus.entry(code).or_insert(menu);
        }
    }
    menus.insert(String::new(), everybody);
    (menus, left_out)
}

/// The two letters Telegram knows a language by; none for a language that has no two.
fn code(tag: &str) -> Option<String> {
    let stem = tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    (stem.len() == 2 && stem.bytes().all(|b| b.is_ascii_lowercase())).then_some(stem)
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
    fn a_language_has_a_menu_of_its_own_only_if_it_differs() {
        let hub = channel::conformance::TestHub::new("telegram");
        hub.set_commands(&[("order", "Track an order")]);
        let order = |text: &'static str| [("order", text)];
        hub.set_languages(&[
            ("en", &order("Track an order")),
            ("en-GB", &order("Track one's order")),
            ("pt-BR", &order("Rastrear")),
            ("pt", &order("Seguir")),
            ("es-MX", &order("Ver")),
            ("fil", &order("Tingnan")),
            ("fr", &order("Track an order")),
        ]);
        let (menus, _) = menus_of(hub.as_hub().as_ref());
        let shown: Vec<_> = menus.iter().map(|(code, menu)| (code.as_str(), menu[0].description.as_str())).collect();
        assert_eq!(shown, [("", "Track an order"), ("es", "Ver"), ("pt", "Seguir")]);
    }

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
