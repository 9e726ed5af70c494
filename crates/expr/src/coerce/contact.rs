//! Phone numbers, e-mail addresses and web addresses: checked for form, brought to one spelling.

use super::shown;
use std::sync::LazyLock;

/// Countries with their calling code and how many digits their numbers have without it. The widest that is in use counts, so that
/// no number is refused for its length alone. How numbers are written inside a country: [`Calling::without_zero`], [`TRUNKS`].
const CALLING: &str = "\
    US 1 10 CA 1 10 PR 1 10 DO 1 10 JM 1 10 RU 7 10 KZ 7 10 EG 20 8-10 ZA 27 9-10 GR 30 10-12 NL 31 9-11 BE 32 8-9 FR 33 9 ES 34 9 \
    HU 36 8-9 IT 39 6-12 RO 40 9 CH 41 9 AT 43 4-13 GB 44 9-10 DK 45 8 SE 46 7-10 NO 47 8 PL 48 9 DE 49 6-13 PE 51 8-9 MX 52 10-11 \
    CU 53 6-10 AR 54 10-11 BR 55 10-11 CL 56 9-11 CO 57 8-11 VE 58 10 MY 60 8-10 AU 61 9-10 ID 62 7-13 PH 63 8-10 NZ 64 8-10 \
    SG 65 8-10 TH 66 8-10 JP 81 9-11 KR 82 8-11 VN 84 8-10 CN 86 9-12 TR 90 10 IN 91 10 PK 92 9-10 AF 93 9 LK 94 9 IR 98 10 MA 212 9 \
    DZ 213 8-9 TN 216 8 LY 218 8-9 SN 221 9 CI 225 10 GH 233 9 NG 234 7-10 CM 237 8-9 AO 244 9 ET 251 9 KE 254 7-10 TZ 255 9 \
    UG 256 9 MZ 258 8-9 ZM 260 9 ZW 263 6-10 PT 351 9 LU 352 4-11 IE 353 7-10 IS 354 7-9 AL 355 6-9 MT 356 8 CY 357 8 FI 358 5-12 \
    BG 359 7-9 LT 370 8 LV 371 8 EE 372 7-8 MD 373 8 AM 374 8 BY 375 9 AD 376 6-9 MC 377 8-9 SM 378 6-10 UA 380 9 RS 381 6-12 \
    ME 382 8-9 HR 385 7-9 SI 386 8 BA 387 8-9 MK 389 8 CZ 420 9 SK 421 9 LI 423 7-9 GT 502 8 SV 503 7-8 HN 504 8 NI 505 8 CR 506 8 \
    PA 507 7-8 HT 509 8 BO 591 8-9 EC 593 8-9 PY 595 6-9 UY 598 8 HK 852 8 MO 853 8 KH 855 8-9 LA 856 8-10 BD 880 6-10 TW 886 8-10 \
    MV 960 7 LB 961 7-8 JO 962 8-9 SY 963 8-9 IQ 964 8-10 KW 965 8 SA 966 9-10 YE 967 7-9 OM 968 8 PS 970 8-9 AE 971 8-9 IL 972 8-10 \
    BH 973 8 QA 974 8 NP 977 8-10 MN 976 8 TJ 992 9 TM 993 8 AZ 994 9 GE 995 9 KG 996 9 UZ 998 9";

/// What is dialled before a number inside its country and is no part of it, beyond a 0. It is taken off only where the number would
/// not fit otherwise: numbers of these countries also begin with 8.
const TRUNKS: &[(&str, &str)] = &[("RU", "8"), ("KZ", "8"), ("LT", "8"), ("TJ", "8"), ("TM", "8"), ("UZ", "8"), ("BY", "80"), ("UA", "80")];

/// From how many digits on a number that begins with its own country's code is read as international without a plus, where it would
/// also do as a national one. In the countries not named here nothing national of that beginning has [`OWN_CODE_FROM`] digits.
const OWN_CODE: &[(&str, usize)] = &[("AT", 12), ("DE", 12), ("ID", 12), ("IT", 12), ("AD", 9), ("LU", 9), ("SM", 9)];
const OWN_CODE_FROM: usize = 10;

/// Countries that write their numbers with no 0 before them though some begin like the country's code: Italian mobiles with 39,
/// Cuban ones with 53.
const WRITTEN_BARE: &[&str] = &["CU", "IT", "LU"];

/// A line of [`CALLING`].
#[derive(Clone, Copy)]
struct Calling {
    country: &'static str,
    code: &'static str,
    shortest: usize,
    longest: usize,
}

impl Calling {
    fn fits(&self, number: &str) -> bool {
        (self.shortest..=self.longest).contains(&number.len())
    }

    /// Whether a leading 0 belongs to the number.
    fn keeps_zero(&self) -> bool {
        matches!(self.country, "CI" | "IT" | "SM")
    }

    /// The number without the 0 that is dialled before it. Hungary dials 06, Mexico dialled 01, 044 and 045 until 2019. North America
    /// and Russia dial none.
    fn without_zero<'a>(&self, digits: &'a str) -> &'a str {
        let zeros: &[&str] = match self.country {
            _ if self.keeps_zero() || matches!(self.code, "1" | "7") => &[],
            "HU" if digits.starts_with("06") => &["06"],
            "MX" => &["01", "044", "045", "0"],
            _ => &["0"],
        };
        let without = |zero: &&str| digits.strip_prefix(*zero);
        let fitting = zeros.iter().filter_map(without).find(|rest| self.fits(rest));
        fitting.or_else(|| zeros.last().and_then(without)).unwrap_or(digits)
    }

    /// The number behind the country's own code, if what is left is as long as a number of the country.
    fn behind_code<'a>(&self, digits: &'a str) -> Option<&'a str> {
        digits.strip_prefix(self.code).map(|rest| self.without_zero(rest)).filter(|rest| self.fits(rest))
    }

    /// The number that somebody in the country writes without a plus; where no reading fits, what is left without its 0.
    ///
    /// # Errors
    /// Two readings fit, or the area is missing.
    fn national(&self, digits: &str) -> Result<String, String> {
        let bare = self.without_zero(digits);
        if self.country == "AR" && bare.starts_with("15") {
            return Err("put its area before the 15".to_owned());
        }
        let own = self.behind_code(bare);
        if self.fits(bare) {
            let Some(own) = own.filter(|_| bare == digits) else {
                return Ok(bare.to_owned());
            };
            let from = OWN_CODE.iter().find(|(country, _)| *country == self.country).map_or(OWN_CODE_FROM, |(_, from)| *from);
            return match digits.len() >= from {
                true => Ok(own.to_owned()),
                false if WRITTEN_BARE.contains(&self.country) => Ok(bare.to_owned()),
                false => Err(format!("it can be read two ways; begin it with +{} or with 0", self.code)),
            };
        }
        let trunk = TRUNKS.iter().filter(|(country, _)| *country == self.country);
        let fitting = trunk.filter_map(|(_, trunk)| digits.strip_prefix(trunk)).find(|rest| self.fits(rest));
        let special = match self.country {
            "AR" => argentine_mobile(bare),
            // 0, two digits of the company that carries the call, area and number.
            "BR" if bare != digits => bare.get(2..).filter(|rest| self.fits(rest)).map(str::to_owned),
            _ => None,
        };
        Ok(special.unwrap_or_else(|| fitting.or(own).unwrap_or(bare).to_owned()))
    }
}

/// An Argentine mobile as it is written at home, a 15 between area and number, as it is called from abroad: a 9 before both, no 15.
fn argentine_mobile(bare: &str) -> Option<String> {
    let areas: &[usize] = if bare.starts_with("11") { &[2] } else { &[3, 4] };
    let parts = areas.iter().filter_map(|area| bare.split_at_checked(*area));
    let (area, number) = parts.filter_map(|(area, rest)| Some((area, rest.strip_prefix("15")?))).next()?;
    (area.len() + number.len() == 10).then(|| format!("9{area}{number}"))
}

fn calling() -> impl Iterator<Item = Calling> {
    // Read once: an import asks a million times.
    static LINES: LazyLock<Vec<Calling>> = LazyLock::new(|| {
        let mut words = CALLING.split_ascii_whitespace();
        let lines = std::iter::from_fn(|| {
            let (country, code, digits) = (words.next()?, words.next()?, words.next()?);
            let (shortest, longest) = digits.split_once('-').unwrap_or((digits, digits));
            Some(Calling { country, code, shortest: shortest.parse().ok()?, longest: longest.parse().ok()? })
        });
        lines.collect()
    });
    LINES.iter().copied()
}

fn calling_of(country: &str) -> Option<Calling> {
    calling().find(|line| line.country.eq_ignore_ascii_case(country))
}

/// The country of a phone number in international form, by its calling code. Where countries share one it is
/// `home` if that is among them, else the first.
pub fn country_of_phone(number: &str, home: Option<&str>) -> Option<&'static str> {
    let digits: String = number.trim().strip_prefix('+')?.chars().filter(char::is_ascii_digit).collect();
    found(&digits, home).map(|line| line.country)
}

/// The line of a number without its plus.
fn found(digits: &str, home: Option<&str>) -> Option<Calling> {
    let mut found: Option<Calling> = None;
    for line in calling().filter(|line| digits.starts_with(line.code)) {
        let closer = found.is_none_or(|known| line.code.len() > known.code.len());
        let at_home =
            home.is_some_and(|home| home.eq_ignore_ascii_case(line.country)) && found.is_some_and(|known| line.code == known.code);
        if closer || at_home {
            found = Some(line);
        }
    }
    found
}

/// A phone number in international form (E.164). A national one is of the given country. It has as many digits as the numbers of its
/// country have; whether it exists only a call would tell.
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
    let abroad = if text.starts_with('+') { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    let (known, international) = match (abroad, country.and_then(calling_of)) {
        (Some(abroad), _) => match found(abroad, country) {
            // `+44 (0)20 …` and `+44 020 …` are common and wrong.
            Some(line) => {
                let rest = abroad.strip_prefix(line.code).unwrap_or(abroad);
                (Some(line), format!("{}{}", line.code, line.without_zero(rest)))
            }
            None => (None, without_bracketed_zero(text, abroad)),
        },
        (None, Some(home)) => match home.national(&digits) {
            Ok(number) => (Some(home), format!("{}{number}", home.code)),
            Err(why) => return no(&why),
        },
        (None, None) => return no("begin it with + and the country's code"),
    };
    let length = international.len();
    let (shortest, longest) = known.map_or((7, 15), |line| (line.code.len() + line.shortest, line.code.len() + line.longest));
    // A North American area begins with 2 to 9.
    let no_area = || international.as_bytes().get(1).is_some_and(|digit| matches!(digit, b'0' | b'1'));
    let zero_left = |line: Calling| !line.keeps_zero() && international.as_bytes().get(line.code.len()) == Some(&b'0');
    match known {
        _ if international.starts_with('0') => no("no country's code begins with 0"),
        _ if length < shortest => no("it is too short"),
        _ if length > longest => no("it is too long"),
        Some(Calling { code: "1", .. }) if no_area() => no("no area begins with 0 or 1"),
        Some(line) if zero_left(line) => no("no number of its country begins with that 0"),
        _ => Ok(format!("+{international}")),
    }
}

/// The digits of `text` without the first `(0)` in it: for countries of which nothing is known.
fn without_bracketed_zero(text: &str, digits: &str) -> String {
    let Some((before, _)) = text.split_once("(0)").filter(|_| text.starts_with('+')) else {
        return digits.to_owned();
    };
    let zero = before.chars().filter(char::is_ascii_digit).count();
    digits.char_indices().filter(|(at, _)| *at != zero).map(|(_, digit)| digit).collect()
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
