//! Reading one token at a position: a pure function, so that the parser can look ahead freely.
//!
//! Keywords are not tokens: a word is a word, and the parser decides by where it stands (FL 6.1).

use crate::Problem;
use model::Duration;
use rust_decimal::Decimal;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub enum Tok {
    Word,
    Number(Decimal),
    Text(String),
    Date(jiff::civil::Date),
    Time(jiff::civil::Time),
    Duration(Duration),
    Sym(&'static str),
    /// Something that is no token; the problem tells.
    Bad,
    End,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub tok: Tok,
    pub start: usize,
    pub end: usize,
    pub problem: Option<Box<Problem>>,
}

/// Longest first, so that `<=` is not `<`.
const SYMBOLS: [&str; 22] =
    ["!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", "|", "+", "-", "~", "*", "/", "%", ":"];

/// Operators of other languages and what to write here.
const FOREIGN: [(&str, &str); 11] = [
    ("===", "="),
    ("==", "="),
    ("<>", "!="),
    ("&&", "and"),
    ("||", "or"),
    ("!", "not "),
    ("&", "and"),
    ("“", "\""),
    ("”", "\""),
    ("‘", "'"),
    ("’", "'"),
];

/// Reads the token at or after `pos`.
pub fn lex(src: &str, pos: usize) -> Token {
    let rest = src.get(pos..).unwrap_or("");
    let start = pos + (rest.len() - rest.trim_start().len());
    let rest = rest.trim_start();
    let Some(first) = rest.chars().next() else {
        return Token { tok: Tok::End, start: src.len(), end: src.len(), problem: None };
    };
    if first.is_ascii_alphabetic() || first == '_' {
        let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        // A letter with an accent does not end a word; it makes one that is no name.
        if !rest.get(len..).is_some_and(|r| r.starts_with(char::is_alphanumeric)) {
            return token(Tok::Word, start, len);
        }
    }
    if first.is_ascii_digit() {
        return digits(rest, start);
    }
    if first == '"' || first == '\'' {
        return quoted(rest, start, first);
    }
    // A name in the braces that only texts have.
    if let Some(inner) = rest.strip_prefix("${").and_then(|rest| Some(rest.split_once('}')?.0)) {
        let (name, end) = (inner.trim(), start + inner.len() + 3);
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        let problem = Problem::error("E0305", start..end, "`${…}` stands in texts; a condition names things without it");
        let problem =
            if is_name { problem.help(format!("write {name}")).suggest(name) } else { problem.help("write what stands inside it") };
        return Token { tok: Tok::Bad, start, end, problem: Some(Box::new(problem)) };
    }
    if let Some((foreign, ours)) = FOREIGN.iter().find(|(f, _)| rest.starts_with(f) && !(rest.starts_with("!=") && *f == "!")) {
        let range = start..start + foreign.len();
        let problem = Problem::error("E0305", range, format!("`{foreign}` is not used here; write `{}`", ours.trim()));
        // What is meant is certain only for comparisons, so only there reading goes on.
        let certain = *ours == "=" || *ours == "!=";
        let problem = if certain { problem.cure(*ours) } else { problem.suggest(*ours) };
        let tok = if certain { Tok::Sym(ours) } else { Tok::Bad };
        return Token { tok, start, end: start + foreign.len(), problem: Some(Box::new(problem)) };
    }
    if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(*s)) {
        return token(Tok::Sym(symbol), start, symbol.len());
    }
    let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()).max(first.len_utf8());
    let word = rest.get(..len).unwrap_or(rest);
    let problem = if first.is_alphabetic() || first == '_' {
        Problem::error("E0305", start..start + len, "names are written with the letters a to z, digits and _; put texts in quotes")
            .suggest(format!("\"{word}\""))
    } else {
        Problem::error("E0305", start..start + first.len_utf8(), format!("`{}` has no meaning in an expression", first.escape_debug()))
    };
    let end = problem.range.end;
    Token { tok: Tok::Bad, start, end, problem: Some(Box::new(problem)) }
}

fn token(tok: Tok, start: usize, len: usize) -> Token {
    Token { tok, start, end: start + len, problem: None }
}

fn bad(range: Range<usize>, problem: Problem) -> Token {
    Token { tok: Tok::Bad, start: range.start, end: range.end, problem: Some(Box::new(problem)) }
}

/// Whether the bytes match a picture in which `9` stands for a digit.
fn looks_like(bytes: &[u8], picture: &str) -> bool {
    bytes.len() >= picture.len()
        && picture.bytes().zip(bytes).all(|(p, b)| if p == b'9' { b.is_ascii_digit() } else { p == *b })
        && !bytes.get(picture.len()).is_some_and(u8::is_ascii_alphanumeric)
}

/// A number, date, time or compact duration.
fn digits(rest: &str, start: usize) -> Token {
    let bytes = rest.as_bytes();
    if looks_like(bytes, "9999-99-99") {
        let text = rest.get(..10).unwrap_or("");
        return match text.parse() {
            Ok(date) => token(Tok::Date(date), start, 10),
            Err(_) => bad(start..start + 10, Problem::error("E0304", start..start + 10, format!("there is no day {text}"))),
        };
    }
    for picture in ["99:99:99", "9:99:99", "99:99", "9:99"] {
        if looks_like(bytes, picture) && bytes.get(picture.len()) != Some(&b':') {
            let text = rest.get(..picture.len()).unwrap_or("");
            let range = start..start + picture.len();
            return match parse_time(text) {
                Some(time) => token(Tok::Time(time), start, picture.len()),
                None => bad(range.clone(), Problem::error("E0304", range, format!("there is no time of day {text}"))),
            };
        }
    }
    let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let after = rest.get(whole..).unwrap_or("");
    let fraction = after.strip_prefix('.').map_or(0, |f| f.find(|c: char| !c.is_ascii_digit()).unwrap_or(f.len()));
    let len = if fraction == 0 { whole } else { whole + 1 + fraction };
    let tail = rest.get(len..).unwrap_or("");
    if tail.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let text = rest.get(..len).unwrap_or(rest);
        return match compact_duration(text) {
            Some(duration) => token(Tok::Duration(duration), start, len),
            None => bad(
                start..start + len,
                Problem::error("E0304", start..start + len, format!("\"{text}\" is neither a number nor a duration"))
                    .help("durations are written 30s, 10m, 2h, 3d, 1w, 1h30m or 6 months; texts stand in quotes"),
            ),
        };
    }
    match rest.get(..len).and_then(|text| Decimal::from_str_exact(text).ok()) {
        Some(number) => token(Tok::Number(number), start, len),
        None => bad(start..start + len, Problem::error("E0304", start..start + len, "the number has too many digits; 28 is the most")),
    }
}

/// `1h30m`, `6months`.
fn compact_duration(text: &str) -> Option<Duration> {
    if let Some(exact) = Duration::parse_exact(text) {
        return Some(exact);
    }
    let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    duration_of(number.parse().ok()?, unit)
}

/// A count of a unit by its long name, if the unit is one and the length can be held.
pub fn duration_of(count: i64, unit: &str) -> Option<Duration> {
    let unit = unit.to_ascii_lowercase();
    let exact = |secs: i64| Some(Duration { months: 0, micros: count.checked_mul(secs)?.checked_mul(1_000_000)? });
    let months = |each: i64| Some(Duration { months: i32::try_from(count.checked_mul(each)?).ok()?, micros: 0 });
    match unit.strip_suffix('s').unwrap_or(&unit) {
        "second" | "sec" => exact(1),
        "minute" | "min" => exact(60),
        "hour" => exact(3_600),
        "day" => exact(86_400),
        "week" => exact(604_800),
        "month" => months(1),
        "quarter" => months(3),
        "year" => months(12),
        _ => None,
    }
}

/// `9:30`, `09:30`, `09:30:15`.
pub fn parse_time(text: &str) -> Option<jiff::civil::Time> {
    let mut parts = text.split(':').map(|p| if p.len() <= 2 { p.parse::<i8>().ok() } else { None });
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() { None } else { jiff::civil::Time::new(hour, minute, second, 0).ok() }
}

fn quoted(rest: &str, start: usize, quote: char) -> Token {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    let mut problem = None;
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Token { tok: Tok::Text(text), start, end: start + at + 1, problem };
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some((_, c @ ('"' | '\'' | '\\'))) => text.push(c),
            Some((_, 'n')) => text.push('\n'),
            Some((_, 't')) => text.push('\t'),
            Some((_, 'r')) => text.push('\r'),
            Some((end, c)) => {
                let range = start + at..start + end + c.len_utf8();
                problem = Some(Box::new(
                    Problem::error("E0303", range, format!("`\\{}` has no meaning in a text", c.escape_debug()))
                        .help("a backslash itself is written \\\\"),
                ));
            }
            None => break,
        }
    }
    let range = start..start + rest.len();
    bad(range.clone(), Problem::error("E0303", range, format!("the text has no closing {quote}")))
}
