//! The languages of a bot: which ones it speaks, the one it is written in, the one a contact is spoken to in, and the
//! words by which people opt out and in.
//!
//! The first of `languages:` is the language of the skills. A contact whose language is not among the others is
//! spoken to in it (FL 3.12).

use super::reader::{At, Fields, one_or_many, text};
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node};

/// The language of what the product itself says when a bot declares none.
pub(crate) const PRODUCT: &str = "en";

/// Names of languages as people write them, with their codes.
const NAMES: &[(&str, &str)] = &[
    ("arabic", "ar"),
    ("bengali", "bn"),
    ("bulgarian", "bg"),
    ("catalan", "ca"),
    ("català", "ca"),
    ("chinese", "zh"),
    ("croatian", "hr"),
    ("czech", "cs"),
    ("danish", "da"),
    ("deutsch", "de"),
    ("dutch", "nl"),
    ("nederlands", "nl"),
    ("english", "en"),
    ("español", "es"),
    ("espanol", "es"),
    ("estonian", "et"),
    ("finnish", "fi"),
    ("français", "fr"),
    ("francais", "fr"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("hungarian", "hu"),
    ("indonesian", "id"),
    ("italian", "it"),
    ("italiano", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("latvian", "lv"),
    ("lithuanian", "lt"),
    ("malay", "ms"),
    ("norwegian", "no"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("português", "pt"),
    ("portugues", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("serbian", "sr"),
    ("slovak", "sk"),
    ("slovenian", "sl"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("thai", "th"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
    ("urdu", "ur"),
    ("vietnamese", "vi"),
];

/// Reads `languages:`.
pub(crate) fn read(node: At<'_>, out: &mut Diagnostics) -> Vec<String> {
    let mut languages: Vec<String> = Vec::new();
    if matches!(node.value, Node::Null | Node::Map(_)) {
        out.push(
            Diagnostic::error("E0103", node.span, format!("languages is a list, not {}", node.kind_name()))
                .help("write languages: [en, es]; the skills are written in the first"),
        );
        return languages;
    }
    for item in one_or_many(node) {
        let Some(written) = text(item, "a language", out) else { continue };
        let tag = written.trim();
        if !expr::is_language(tag) {
            out.push(not_a_language(tag, item, "E0250"));
            continue;
        }
        let tag = tag.replace('_', "-");
        if languages.iter().any(|l| l.eq_ignore_ascii_case(&tag)) {
            out.push(Diagnostic::error("E0115", item.span, format!("the language \"{tag}\" is there twice")));
            continue;
        }
        languages.push(tag);
    }
    languages
}

/// What a text that is no language tag probably meant.
pub(crate) fn not_a_language(written: &str, node: At<'_>, code: &'static str) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, node.span, format!("\"{written}\" is not a language"));
    match code_of(written) {
        Some(tag) => diagnostic.help(format!("did you mean \"{tag}\"?")).guess(node.span, tag, format!("write \"{tag}\"")),
        None => diagnostic.help("a language is a short code such as en, es or pt-BR"),
    }
}

fn code_of(written: &str) -> Option<&'static str> {
    let lower = written.to_lowercase();
    let named = |name: &str| NAMES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
    named(&lower).or_else(|| named(syntax::closest(&lower, NAMES.iter().map(|(name, _)| *name))?))
}

/// The language of the bot that fits `wanted` best: the very tag, the language without its region, another region
/// of it, else the first.
pub(crate) fn pick<'a>(languages: &'a [String], wanted: Option<&str>) -> &'a str {
    let first = languages.first().map_or(PRODUCT, String::as_str);
    let Some(wanted) = wanted else { return first };
    let of = |fits: &dyn Fn(&str) -> bool| languages.iter().map(String::as_str).find(|l| fits(l));
    let stem = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let same = |l: &str| l.eq_ignore_ascii_case(&wanted.replace('_', "-"));
    let (wanted_stem, bare) = (stem(wanted), |l: &str| l.eq_ignore_ascii_case(&stem(wanted)));
    of(&same).or_else(|| of(&bare)).or_else(|| of(&|l| stem(l) == wanted_stem)).unwrap_or(first)
}

/// Words that opt out or in, where bot.yaml has its own: by language, or for all of them (FL 7.9).
#[derive(Clone, Debug, Default)]
pub(crate) struct ConsentWords {
    pub out: Option<BTreeMap<String, Vec<String>>>,
    pub back: Option<BTreeMap<String, Vec<String>>>,
}

/// Reads `opt_out:` and `opt_in:`, each a map of language and words.
pub(crate) fn read_words(fields: &mut Fields<'_>, languages: &[String], out: &mut Diagnostics) -> ConsentWords {
    let mut read = |key: &'static str, out: &mut Diagnostics| fields.take(key).map(|node| words_of(key, node, languages, out));
    let words = ConsentWords { out: read("opt_out", out), back: read("opt_in", out) };
    let all = |words: &Option<BTreeMap<String, Vec<String>>>| -> Vec<String> {
        words.iter().flat_map(|map| map.values().flatten().map(|w| model::fold(w))).collect()
    };
    let back = all(&words.back);
    if let Some(both) = all(&words.out).into_iter().find(|word| back.contains(word)) {
        out.push(Diagnostic::error("E0262", fields.span(), format!("\"{both}\" cannot both opt out and opt in")));
    }
    words
}

fn words_of(key: &str, node: At<'_>, languages: &[String], out: &mut Diagnostics) -> BTreeMap<String, Vec<String>> {
    let mut read = BTreeMap::new();
    let Node::Map(entries) = &node.value else {
        out.push(
            Diagnostic::error("E0262", node.span, format!("{key} is a map of languages and words, not {}", node.kind_name()))
                .help(format!("write {key}: {{ en: [stop, unsubscribe] }}")),
        );
        return read;
    };
    for entry in entries {
        let Some(tag) = text(&entry.key, "a language", out).map(str::trim) else { continue };
        if !expr::is_language(tag) {
            out.push(not_a_language(tag, &entry.key, "E0250"));
            continue;
        }
        let stem = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        if stem(tag) != PRODUCT && !languages.iter().any(|l| stem(l) == stem(tag)) {
            let known = languages.join(", ");
            out.push(Diagnostic::error("E0262", entry.key.span, format!("the bot does not speak \"{tag}\"")).help(if known.is_empty() {
                "add it to languages in bot.yaml".to_owned()
            } else {
                format!("its languages are {known}")
            }));
            continue;
        }
        let words: Vec<String> = one_or_many(&entry.value)
            .iter()
            .filter_map(|item| {
                let word = text(item, "a word", out)?.trim();
                let fine = (1..=64).contains(&word.chars().count());
                if !fine {
                    out.push(Diagnostic::error("E0262", item.span, "a word has 1 to 64 characters"));
                }
                fine.then(|| word.to_owned())
            })
            .collect();
        if words.is_empty() {
            out.push(
                Diagnostic::error("E0262", entry.value.span, format!("{key} needs at least one word for {tag}"))
                    .help("people must always be able to say that they want no more messages"),
            );
            continue;
        }
        read.insert(stem(tag), words);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_is_spoken() {
        let of = |all: &[&str], wanted: &str| pick(&all.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(), Some(wanted)).to_owned();
        assert_eq!(of(&["en", "pt", "pt-BR"], "pt-br"), "pt-BR");
        assert_eq!(of(&["en", "pt"], "pt-BR"), "pt");
        assert_eq!(of(&["en", "pt-BR"], "pt_PT"), "pt-BR");
        assert_eq!(of(&["en", "es"], "ja"), "en");
        assert_eq!(of(&[], "es"), "en");
        assert_eq!(pick(&["es".to_owned()], None), "es");
    }

    #[test]
    fn names_of_languages_lead_to_their_codes() {
        assert_eq!(code_of("English"), Some("en"));
        assert_eq!(code_of("Spansih"), Some("es"));
        assert_eq!(code_of("klingon"), None);
    }
}
