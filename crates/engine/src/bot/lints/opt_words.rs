//! W0238: something that customers type to be understood, and that opts them out or in instead (FL 7.9).

use super::{Lint, Look, Needs};
use crate::bot::typed::{Typed, What};
use crate::step::{Words, spoken};
use syntax::{Diagnostic, Diagnostics};

pub(super) struct OptWords;

impl Lint for OptWords {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        for typed in &bot.typed {
            out.extend(told(typed, bot.words));
        }
    }
}

fn told(typed: &Typed, words: &Words) -> Option<Diagnostic> {
    let (said, text) = (spoken(typed.text.trim()), typed.text.trim());
    if let Some(language) = words.out_in(&said) {
        let language = named(language);
        let (message, help) = match typed.what {
            What::Answer => (
                format!(
                    "\"{text}\" is a word by which people unsubscribe ({language}): whoever types it as an answer gets no more messages"
                ),
                "give the choice another label; pressing its button works, typing it does not",
            ),
            What::Keyword => (
                format!(
                    "\"{text}\" is a word by which people unsubscribe ({language}), which comes first: this keyword never begins anything"
                ),
                "choose another keyword, or let skill /_unsubscribed say what you want to say",
            ),
            What::Menu => (
                format!(
                    "\"{text}\" is a word by which people unsubscribe ({language}): whoever types this entry of the menu gets no more messages"
                ),
                "give the entry another label",
            ),
        };
        let diagnostic = Diagnostic::warning("W0238", typed.span, message).help(help);
        return Some(diagnostic.help("bot.yaml can have other words for it: opt_out: { LANGUAGE: [WORDS] }"));
    }
    let language = named(words.back_in(&said)?);
    // A keyword still begins its skill for everybody who has not opted out, as `start` is meant to.
    let message = match typed.what {
        What::Keyword => return None,
        What::Answer | What::Menu => {
            format!("\"{text}\" is a word by which people subscribe again ({language}): of whoever has unsubscribed it is no answer")
        }
    };
    Some(
        Diagnostic::warning("W0238", typed.span, message)
            .help("they get messages again and begin with /start; give it another label if that is not what you want"),
    )
}

/// A language as people call it, of those that come with words.
fn named(tag: &str) -> &str {
    match tag {
        "en" => "English",
        "es" => "Spanish",
        "de" => "German",
        "fr" => "French",
        "pt" => "Portuguese",
        "it" => "Italian",
        "nl" => "Dutch",
        "pl" => "Polish",
        "ru" => "Russian",
        other => other,
    }
}
