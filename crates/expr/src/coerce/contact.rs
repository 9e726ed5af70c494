//! Phone numbers, e-mail addresses and web addresses: checked for form, brought to one spelling.

use super::shown;

/// Calling codes by country; a national number loses its leading 0 except in Italy and San Marino.
const CALLING: &str = "US 1 CA 1 PR 1 DO 1 JM 1 RU 7 KZ 7 EG 20 ZA 27 GR 30 NL 31 BE 32 FR 33 ES 34 HU 36 IT 39 RO 40 CH 41 AT 43 GB 44 \
    DK 45 SE 46 NO 47 PL 48 DE 49 PE 51 MX 52 CU 53 AR 54 BR 55 CL 56 CO 57 VE 58 MY 60 AU 61 ID 62 PH 63 NZ 64 SG 65 TH 66 JP 81 KR 82 \
    VN 84 CN 86 TR 90 IN 91 PK 92 AF 93 LK 94 IR 98 MA 212 DZ 213 TN 216 LY 218 SN 221 CI 225 GH 233 NG 234 CM 237 AO 244 ET 251 KE 254 \
    TZ 255 UG 256 MZ 258 ZM 260 ZW 263 PT 351 LU 352 IE 353 IS 354 AL 355 MT 356 CY 357 FI 358 BG 359 LT 370 LV 371 EE 372 MD 373 AM 374 \
    BY 375 AD 376 MC 377 SM 378 UA 380 RS 381 ME 382 HR 385 SI 386 BA 387 MK 389 CZ 420 SK 421 LI 423 GT 502 SV 503 HN 504 NI 505 CR 506 \
    PA 507 HT 509 BO 591 EC 593 PY 595 UY 598 HK 852 MO 853 KH 855 LA 856 BD 880 TW 886 MV 960 LB 961 JO 962 SY 963 IQ 964 KW 965 SA 966 \
    YE 967 OM 968 PS 970 AE 971 IL 972 BH 973 QA 974 NP 977 MN 976 TJ 992 TM 993 AZ 994 GE 995 KG 996 UZ 998";

fn calling_code(country: &str) -> Option<&'static str> {
    let mut words = CALLING.split_ascii_whitespace();
    while let (Some(of), Some(code)) = (words.next(), words.next()) {
        if of.eq_ignore_ascii_case(country) {
            return Some(code);
        }
    }
    None
}

/// The country of a phone number in international form, by its calling code. Where countries share one it is
/// `home` if that is among them, else the first.
pub fn country_of_phone(number: &str, home: Option<&str>) -> Option<&'static str> {
    let digits: String = number.trim().strip_prefix('+')?.chars().filter(char::is_ascii_digit).collect();
    let mut words = CALLING.split_ascii_whitespace();
    let mut found: Option<(&'static str, &'static str)> = None;
    while let (Some(country), Some(code)) = (words.next(), words.next()) {
        if !digits.starts_with(code) {
            continue;
        }
        let closer = found.is_none_or(|(_, known)| code.len() > known.len());
        let at_home = home.is_some_and(|home| home.eq_ignore_ascii_case(country)) && found.is_some_and(|(_, known)| code == known);
        if closer || at_home {
            found = Some((country, code));
        }
    }
    found.map(|(country, _)| country)
}

/// A phone number in international form (E.164). A national one is of the given country. Only the form is checked.
pub fn phone(text: &str, country: Option<&str>) -> Result<String, String> {
    let no = |why: &str| Err(format!("\"{}\" is not a phone number: {why}", shown(text)));
    let mut digits = String::new();
    for (at, c) in text.trim().char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if at == 0 => {}
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '–' => {}
            _ => return no("it holds something else than digits"),
        }
    }
    let text = text.trim();
    let international = if text.starts_with('+') {
        // `+44 (0)20 …` is common and wrong.
        match text.find("(0)") {
            Some(at) => {
                let before = text.get(..at).unwrap_or("").chars().filter(char::is_ascii_digit).count();
                digits.char_indices().filter(|(i, _)| *i != before).map(|(_, c)| c).collect()
            }
            None => digits,
        }
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let Some(code) = country.and_then(calling_code) else {
            return no("begin it with + and the country's code");
        };
        let national = match code {
            "39" | "378" => digits.as_str(),
            "1" => digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits),
            "7" => digits.strip_prefix('8').filter(|rest| rest.len() == 10).unwrap_or(&digits),
            _ => digits.strip_prefix('0').unwrap_or(&digits),
        };
        if national.len() < 4 {
            return no("it is too short");
        }
        format!("{code}{national}")
    };
    match international.len() {
        0..=6 => no("it is too short"),
        16.. => no("it is too long"),
        _ if international.starts_with('0') => no("no country's code begins with 0"),
        _ => Ok(format!("+{international}")),
    }
}

/// An e-mail address with its domain in small letters.
pub fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bad = || format!("\"{}\" is not an e-mail address", shown(text));
    let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c);
    let local_fine = (1..=64).contains(&local.len())
        && !local.contains(forbidden)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    if text.len() > 254 || !local_fine || !is_domain(domain) {
        return Err(bad());
    }
    Ok(format!("{local}@{}", domain.to_lowercase()))
}

/// A name with at least one dot, each part letters, digits and inner dashes.
fn is_domain(domain: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
        && !domain.split('.').next_back().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()))
}

/// An http or https address. One without a scheme gets https.
pub fn url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bad = || format!("\"{}\" is not a web address; https://example.com is one", shown(text));
    if text.len() > 2_048 || text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c)) {
        return Err(bad());
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("https".to_owned(), text),
    };
    if scheme != "http" && scheme != "https" {
        return Err(bad());
    }
    let (authority, tail) = rest.find(['/', '?', '#']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    // A name and a password before the host are how one address is made to look like another.
    if !is_domain(host) || port.is_some_and(|p| p.parse::<u16>().is_err()) {
        return Err(bad());
    }
    let port = port.map_or_else(String::new, |p| format!(":{p}"));
    Ok(format!("{scheme}://{}{port}{tail}", host.to_lowercase()))
}
