//! Opt-out and opt-in words per language (FL 7.9): whole messages, compared folded.

use crate::bot::languages::ConsentWords;
use model::fold;
use std::collections::{BTreeMap, BTreeSet};

const OUT: [(&str, &[&str]); 9] = [
    ("en", &["stop", "unsubscribe", "stop all", "stopall", "opt out"]),
    ("es", &["baja", "parar", "darse de baja", "darme de baja"]),
    ("de", &["stopp", "abmelden", "abbestellen"]),
    ("fr", &["stop", "désabonner", "se désabonner", "arrêter"]),
    ("pt", &["parar", "sair", "cancelar inscrição"]),
    ("it", &["stop", "disiscriviti", "annulla iscrizione"]),
    ("nl", &["stop", "afmelden", "uitschrijven"]),
    ("pl", &["stop", "wypisz", "wypisz mnie"]),
    ("ru", &["стоп", "отписаться"]),
];
const IN: [(&str, &[&str]); 9] = [
    ("en", &["start", "subscribe", "unstop", "opt in"]),
    ("es", &["alta", "darse de alta", "darme de alta"]),
    ("de", &["anmelden", "abonnieren"]),
    ("fr", &["abonner", "s'abonner"]),
    ("pt", &["inscrever", "entrar"]),
    ("it", &["iscriviti"]),
    ("nl", &["aanmelden", "inschrijven"]),
    ("pl", &["zapisz", "zapisz mnie"]),
    ("ru", &["подписаться"]),
];

/// A text as compared with labels and words: folded, without the punctuation people end a word with, or begin one in Spanish.
pub(crate) fn spoken(text: &str) -> String {
    let folded = fold(text);
    let trimmed = folded.trim_end_matches(['.', '!', '?', '。']).trim_start_matches(['¡', '¿']).trim();
    if trimmed.is_empty() { folded } else { trimmed.to_owned() }
}

/// The words of a bot's languages, folded once; English always counts.
#[derive(Debug)]
pub(crate) struct Words {
    out: BTreeSet<String>,
    back: BTreeSet<String>,
}

impl Words {
    /// The words of these languages; where the bot has its own for one, those alone.
    pub(crate) fn of(languages: &[String], own: &ConsentWords) -> Self {
        let stem = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let mut spoken: Vec<String> = languages.iter().map(|l| stem(l)).collect();
        spoken.push("en".to_owned());
        let pick = |table: &[(&str, &[&str])], own: Option<&BTreeMap<String, Vec<String>>>| -> BTreeSet<String> {
            let written = |tag: &String| own.and_then(|map| map.get(tag));
            let built_in = |tag: &String| table.iter().find(|(known, _)| known == tag).map_or(&[][..], |(_, words)| words);
            spoken
                .iter()
                .flat_map(|tag| match written(tag) {
                    Some(words) => words.iter().map(|w| super::spoken(w)).collect::<Vec<_>>(),
                    None => built_in(tag).iter().map(|w| super::spoken(w)).collect(),
                })
                .collect()
        };
        Self { out: pick(&OUT, own.out.as_ref()), back: pick(&IN, own.back.as_ref()) }
    }

    /// Whether a whole message, as [`spoken`], asks for no more messages.
    pub(crate) fn opts_out(&self, folded: &str) -> bool {
        self.out.contains(folded)
    }

    /// Whether a whole message, as [`spoken`], asks for messages again.
    pub(crate) fn opts_in(&self, folded: &str) -> bool {
        self.back.contains(folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(languages: &[&str], own: &ConsentWords) -> Words {
        Words::of(&languages.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(), own)
    }

    #[test]
    fn a_bots_own_words_stand_in_for_those_of_their_language() {
        let own = ConsentWords { out: Some([("es".to_owned(), vec!["Basta ya!".to_owned()])].into()), back: None };
        let words = of(&["en", "es"], &own);
        assert!(words.opts_out(&spoken("basta ya")) && !words.opts_out("baja") && words.opts_out("stop") && words.opts_in("alta"));
    }

    #[test]
    fn whole_messages_in_the_bots_languages() {
        let (english, spanish) = (of(&[], &ConsentWords::default()), of(&["es-MX"], &ConsentWords::default()));
        assert!(english.opts_out(&fold(" STOP ")) && english.opts_out(&fold("Ｓtop")));
        assert!(!english.opts_out(&fold("stop sending me the blue ones")));
        assert!(spanish.opts_out(&fold("Baja")) && !english.opts_out(&fold("Baja")));
        assert!(english.opts_in("start") && !english.opts_in("stop"));
    }
}
