//! Opt-out and opt-in words per language (FL 7.9): whole messages, compared folded.

use model::fold;

const OUT: [(&str, &[&str]); 6] = [
    ("en", &["stop", "unsubscribe", "stop all", "stopall", "opt out"]),
    ("es", &["baja", "parar", "darse de baja", "darme de baja"]),
    ("de", &["stopp", "abmelden", "abbestellen"]),
    ("fr", &["stop", "désabonner", "se désabonner", "arrêter"]),
    ("pt", &["parar", "sair", "cancelar inscrição"]),
    ("it", &["stop", "disiscriviti", "annulla iscrizione"]),
];
const IN: [(&str, &[&str]); 6] = [
    ("en", &["start", "subscribe", "unstop", "opt in"]),
    ("es", &["alta", "darse de alta", "darme de alta"]),
    ("de", &["anmelden", "abonnieren"]),
    ("fr", &["abonner", "s'abonner"]),
    ("pt", &["inscrever", "entrar"]),
    ("it", &["iscriviti"]),
];

/// A text as compared with labels and words: folded, without the punctuation people end a word with.
pub(crate) fn spoken(text: &str) -> String {
    let folded = fold(text);
    let trimmed = folded.trim_end_matches(['.', '!', '?', '。']).trim_end();
    if trimmed.is_empty() { folded } else { trimmed.to_owned() }
}

/// The words of a bot's languages, folded once; English always counts.
#[derive(Debug)]
pub(crate) struct Words {
    out: Vec<String>,
    back: Vec<String>,
}

impl Words {
    /// The words of these languages.
    pub(crate) fn of(languages: &[String]) -> Self {
        let pick = |table: &[(&str, &[&str])]| {
            table
                .iter()
                .filter(|(language, _)| *language == "en" || languages.iter().any(|l| l.split('-').next() == Some(*language)))
                .flat_map(|(_, words)| words.iter().map(|w| fold(w)))
                .collect()
        };
        Self { out: pick(&OUT), back: pick(&IN) }
    }

    /// Whether a whole message, as [`spoken`], asks for no more messages.
    pub(crate) fn opts_out(&self, folded: &str) -> bool {
        self.out.iter().any(|w| w == folded)
    }

    /// Whether a whole message, as [`spoken`], asks for messages again.
    pub(crate) fn opts_in(&self, folded: &str) -> bool {
        self.back.iter().any(|w| w == folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_in_the_bots_languages() {
        let (english, spanish) = (Words::of(&[]), Words::of(&["es-MX".to_owned()]));
        assert!(english.opts_out(&fold(" STOP ")) && english.opts_out(&fold("Ｓtop")));
        assert!(!english.opts_out(&fold("stop sending me the blue ones")));
        assert!(spanish.opts_out(&fold("Baja")) && !english.opts_out(&fold("Baja")));
        assert!(english.opts_in("start") && !english.opts_in("stop"));
    }
}
