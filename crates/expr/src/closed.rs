//! The types whose values are a known list: languages and countries.

/// ISO 3166-1 alpha-2, assigned codes.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG \
    GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ \
    LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR \
    NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ \
    TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// ISO 639-1.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo \
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn \
    ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl \
    ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve \
    vi vo wa wo xh yi yo za zh zu";

/// Whether this is an assigned ISO 3166 alpha-2 code, in any case.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|c| c.eq_ignore_ascii_case(code))
}

/// Whether this is a language tag: a code of ISO 639-1 or three letters, in any case, perhaps with subtags after
/// dashes (`pt-BR`, `zh-Hant-TW`).
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split(['-', '_']);
    let first = parts.next().unwrap_or("");
    let known = first.len() == 3 && first.bytes().all(|b| b.is_ascii_alphabetic())
        || first.len() == 2 && LANGUAGES.split(' ').any(|l| l.eq_ignore_ascii_case(first));
    known && tag.len() <= 35 && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Whether a language tag is what is asked for: `pt` asks for any Portuguese, `pt-BR` for the Brazilian alone.
/// `wanted` is folded.
pub fn language_matches(actual: &str, wanted: &str) -> bool {
    let same = |a: &str, w: &str| {
        a.len() == w.len()
            && a.bytes().zip(w.bytes()).all(|(a, w)| a.eq_ignore_ascii_case(&w) || (a == b'_' && w == b'-') || (a == b'-' && w == b'_'))
    };
    let actual = actual.trim();
    same(actual, wanted) || (!wanted.contains(['-', '_']) && actual.split(['-', '_']).next().is_some_and(|first| same(first, wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_names() {
        assert!(is_country("us") && is_country("NO") && !is_country("UK") && !is_country("Spain") && !is_country(""));
        assert!(
            is_language("pt")
                && is_language("pt-BR")
                && is_language("zh-Hant-TW")
                && !is_language("portuguese")
                && !is_language("xx")
                && !is_language("pt-")
        );
        assert!(
            language_matches("pt-BR", "pt")
                && language_matches("PT_br", "pt-br")
                && !language_matches("pt", "pt-br")
                && !language_matches("pto", "pt")
        );
    }
}
