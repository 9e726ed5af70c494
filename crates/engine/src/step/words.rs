//! Opt-out and opt-in words per language (FL 7.9): whole messages, compared folded.

use crate::bot::languages::ConsentWords;
use model::fold;
use std::collections::BTreeMap;

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

/// The number of a choice as people write it: `2`, `2.`, `2)`, `(2)`, `#2`, in wide digits, circled, or as a key cap. None for anything
/// else, a sum or a question among it.
pub fn ordinal(text: &str) -> Option<u16> {
    let folded: String = fold(text).chars().filter(|c| !matches!(c, '\u{fe0f}' | '\u{20e3}')).collect();
    if folded == "\u{1f51f}" {
        return Some(10);
    }
    let bare = folded.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let bare = bare.or_else(|| folded.strip_suffix(['.', ')', '。']).map(str::trim_end)).unwrap_or(&folded);
    let digits = bare.strip_prefix('#').map_or(bare, str::trim_start);
    // Two digits number more choices than any message shows.
    let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?.filter(|n| *n > 0)
}

/// The words of a bot's languages, folded once; English always counts.
#[derive(Debug)]
pub(crate) struct Words {
    /// Each with the language it is of, the first of the bot's that has it.
    out: BTreeMap<String, String>,
    back: BTreeMap<String, String>,
}

impl Words {
    /// The words of these languages; where the bot has its own for one, those alone.
    pub(crate) fn of(languages: &[String], own: &ConsentWords) -> Self {
        let stem = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let mut spoken: Vec<String> = languages.iter().map(|l| stem(l)).collect();
        spoken.push("en".to_owned());
        let pick = |table: &[(&str, &[&str])], own: Option<&BTreeMap<String, Vec<String>>>| -> BTreeMap<String, String> {
            let mut words = BTreeMap::new();
            for tag in &spoken {
                let listed: Vec<String> = match own.and_then(|map| map.get(tag)) {
                    Some(written) => written.iter().map(|w| super::spoken(w)).collect(),
                    None => {
                        let built_in = table.iter().find(|(known, _)| known == tag).map_or(&[][..], |(_, words)| words);
                        built_in.iter().map(|w| super::spoken(w)).collect()
                    }
                };
                for word in listed {
                    words.entry(word).or_insert_with(|| tag.clone());
                }
            }
            words
        };
        Self { out: pick(&OUT, own.out.as_ref()), back: pick(&IN, own.back.as_ref()) }
    }

    /// Whether a whole message, as [`spoken`], asks for no more messages.
    pub(crate) fn opts_out(&self, folded: &str) -> bool {
        self.out.contains_key(folded)
    }

    /// Whether a whole message, as [`spoken`], asks for messages again.
    pub(crate) fn opts_in(&self, folded: &str) -> bool {
        self.back.contains_key(folded)
    }

    /// The language in which a whole message, as [`spoken`], opts out, if it does.
    pub(crate) fn out_in(&self, folded: &str) -> Option<&str> {
        self.out.get(folded).map(String::as_str)
    }

    /// The language in which a whole message, as [`spoken`], opts in, if it does.
    pub(crate) fn back_in(&self, folded: &str) -> Option<&str> {
        self.back.get(folded).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_numbered_as_people_write_it() {
        for written in ["2", " 2 ", "2.", "2)", "(2)", "#2", "# 2", "２", "２．", "②", "⒉", "⑵", "2\u{fe0f}\u{20e3}", "2。", "02"]
        {
            assert_eq!(ordinal(written), Some(2), "{written}");
        }
        assert_eq!((ordinal("🔟"), ordinal("12")), (Some(10), Some(12)));
        for other in ["+2", "-2", "2?", "2!", "2%", "2 2", "0", "", "#", "()", "2nd", "two", "2.5", "2a", "100", "²x"] {
            assert_eq!(ordinal(other), None, "{other}");
        }
    }

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
