//! Markdown as Telegram shows it: a plain text and the places where it is set otherwise.
//!
//! Telegram's own Markdown refuses a whole message for one star too many, and customers' words stand in ours. So it is
//! read here, where nothing is an error: what is not Markdown stays as written, and Telegram gets text and entities.
//!
//! Read are `**bold**`, `__bold__`, `*italic*`, `_italic_`, `~~struck~~`, `` `code` ``, fenced blocks, `[text](address)`
//! with http and https addresses, `# headings`, `- lists` and `\` before a sign.

use teloxide::types::MessageEntity;

/// How deep spans stand in spans.
const DEPTH: usize = 8;

/// A text and what is special in it; offsets count UTF-16 code units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Styled {
    /// The text without the signs.
    pub text: String,
    /// What is special.
    pub entities: Vec<MessageEntity>,
    units: usize,
}

impl Styled {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn push_str(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    /// Runs `write` and marks what it wrote, unless that is nothing.
    fn span(&mut self, mark: impl FnOnce(usize, usize) -> MessageEntity, write: impl FnOnce(&mut Self)) {
        let (from, place) = (self.units, self.entities.len());
        write(self);
        if self.units > from {
            self.entities.insert(place, mark(from, self.units - from));
        }
    }
}

/// Reads Markdown.
pub fn read(markdown: &str) -> Styled {
    let mut out = Styled::default();
    let mut lines = markdown.lines().peekable();
    let mut first = true;
    while let Some(line) = lines.next() {
        if !std::mem::take(&mut first) {
            out.push('\n');
        }
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let language = Some(language.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
            let mut code = Vec::new();
            for line in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                code.push(line);
            }
            out.span(|at, length| MessageEntity::pre(language, at, length), |out| out.push_str(&code.join("\n")));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at_checked(indent).unwrap_or(("", line));
        let heading = rest.trim_start_matches('#');
        if (1..=6).contains(&(rest.len() - heading.len())) && heading.starts_with(' ') {
            out.span(MessageEntity::bold, |out| inline(out, &letters(heading.trim()), 0));
        } else if let Some(item) = rest.strip_prefix("- ").or_else(|| rest.strip_prefix("* ")) {
            out.push_str(space);
            out.push_str("• ");
            inline(&mut out, &letters(item), 0);
        } else {
            inline(&mut out, &letters(line), 0);
        }
    }
    out
}

fn letters(text: &str) -> Vec<char> {
    text.chars().collect()
}

type Mark = fn(usize, usize) -> MessageEntity;
const MARKS: [(&[char], Mark); 5] = [
    (&['*', '*'], MessageEntity::bold),
    (&['_', '_'], MessageEntity::bold),
    (&['~', '~'], MessageEntity::strikethrough),
    (&['*'], MessageEntity::italic),
    (&['_'], MessageEntity::italic),
];

fn inline(out: &mut Styled, text: &[char], depth: usize) {
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        let rest = &text[at..];
        if c == '\\' && rest.get(1).is_some_and(char::is_ascii_punctuation) {
            out.push(rest[1]);
            at += 2;
        } else if let Some(end) = (c == '`').then(|| find(rest, 1, &['`'])).flatten() {
            out.span(MessageEntity::code, |out| rest[1..end].iter().for_each(|c| out.push(*c)));
            at += end + 1;
        } else if let Some((label, url, length)) = link(rest) {
            out.span(|at, length| MessageEntity::text_link(url, at, length), |out| nested(out, label, depth));
            at += length;
        } else if let Some((mark, inner, length)) = marked(rest, at.checked_sub(1).map(|before| text[before])) {
            out.span(mark, |out| nested(out, inner, depth));
            at += length;
        } else {
            out.push(c);
            at += 1;
        }
    }
}

fn nested(out: &mut Styled, text: &[char], depth: usize) {
    if depth < DEPTH { inline(out, text, depth + 1) } else { text.iter().for_each(|c| out.push(*c)) }
}

/// A span that begins here: its mark, what is in it, and how long it is with its signs.
fn marked(rest: &[char], before: Option<char>) -> Option<(Mark, &[char], usize)> {
    let (sign, mark) = MARKS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    let width = sign.len();
    let opens = rest.get(width).is_some_and(|next| !next.is_whitespace() && *next != sign[0]);
    // snake_case_names are no italics.
    let inside_word = sign[0] == '_' && before.is_some_and(char::is_alphanumeric);
    if !opens || inside_word {
        return None;
    }
    let mut end = find(rest, width, sign)?;
    loop {
        let after = rest.get(end + width);
        let closes =
            !rest[end - 1].is_whitespace() && after != Some(&sign[0]) && !(sign[0] == '_' && after.is_some_and(|c| c.is_alphanumeric()));
        if closes {
            return Some((*mark, &rest[width..end], end + width));
        }
        // A double sign inside belongs to another span.
        let run = rest[end..].iter().take_while(|c| **c == sign[0]).count();
        end = find(rest, end + run.max(1), sign)?;
    }
}

/// `[text](address)` at the beginning: its text, its address, its length.
fn link(rest: &[char]) -> Option<(&[char], url::Url, usize)> {
    (rest.first() == Some(&'[')).then_some(())?;
    let close = find(rest, 1, &[']'])?;
    (rest.get(close + 1) == Some(&'(')).then_some(())?;
    let end = find(rest, close + 2, &[')'])?;
    let address: String = rest[close + 2..end].iter().collect();
    let url = url::Url::parse(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    (close > 1).then(|| (&rest[1..close], url, end + 1))
}

/// Where `sign` stands next, at `from` or later, not behind a `\`. How far it looks is bounded, so that a text of nothing
/// but signs is read in a short time.
fn find(text: &[char], from: usize, sign: &[char]) -> Option<usize> {
    const REACH: usize = 2_048;
    let mut at = from;
    while at + sign.len() <= text.len() && at < from + REACH {
        if text[at] == '\\' && sign != ['`'] {
            at += 2;
        } else if text[at..].starts_with(sign) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text with each entity's words in brackets.
    fn shown(markdown: &str) -> String {
        let styled = read(markdown);
        let units: Vec<u16> = styled.text.encode_utf16().collect();
        let mut out = styled.text.clone();
        for entity in &styled.entities {
            let words = String::from_utf16(&units[entity.offset..entity.offset + entity.length]).unwrap();
            let kind = serde_json::to_value(entity).unwrap();
            out += &format!(" | {}: {words}", kind["type"].as_str().unwrap());
            if let Some(url) = kind["url"].as_str() {
                out += &format!(" -> {url}");
            }
        }
        out
    }

    #[test]
    fn reads_what_designers_write() {
        for (markdown, expected) in [
            ("plain", "plain"),
            ("a **b** c", "a b c | bold: b"),
            ("😀 *b*", "😀 b | italic: b"),
            ("**a *b* c**", "a b c | bold: a b c | italic: b"),
            ("~~no~~ `x*y*`", "no x*y* | strikethrough: no | code: x*y*"),
            ("[shop](https://shop.example/a?b=1)", "shop | text_link: shop -> https://shop.example/a?b=1"),
            ("# Hello **you**", "Hello you | bold: Hello you | bold: you"),
            ("- one\n- two", "• one\n• two"),
            ("```rust\nlet *x*;\n```\nend", "let *x*;\nend | pre: let *x*;"),
            (r"\*not\* 1\. \\", r"*not* 1. \"),
        ] {
            assert_eq!(shown(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_is_no_markdown_stays_as_written() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name",
            "**",
            "** a **",
            "*a",
            "`a",
            "[a](javascript:alert(1))",
            "[a]",
            "[](https://a.example)",
            "#no",
            "a\n\nb",
            "___",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    proptest! {
        /// Whatever stands there, entities lie inside the text, and letters are never lost.
        #[test]
        fn nothing_breaks_it(text in r"[*_~`\[\]()a-c😀 \\#\n-]{0,60}") {
            let styled = read(&text);
            let units = styled.text.encode_utf16().count();
            prop_assert!(styled.entities.iter().all(|e| e.length > 0 && e.offset + e.length <= units));
            if !text.contains("```") {
                let letters = |t: &str| t.chars().filter(|c| c.is_alphabetic() || *c == '😀').collect::<String>();
                prop_assert_eq!(letters(&styled.text), letters(&text));
            }
        }
    }

    #[test]
    fn a_text_of_signs_is_read_quickly() {
        for sign in ["*", "_a", "[", "`", "**a", "[a](", "\\*"] {
            read(&sign.repeat(4_096 / sign.len()));
        }
    }
}
