//! Files made to hurt: every one is answered quickly, with a fault that has a place, and without a panic.

use std::time::Instant;

use proptest::prelude::*;
use syntax::{
    DecodeError, Diagnostics, MAX_DEPTH, MAX_NODES, Node, Sources, Spanned, decode, parse, render_human, render_json, render_short,
};

fn read(text: impl Into<String>) -> (Option<Spanned<Node>>, Diagnostics, Sources) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add("bot.yaml", text.into());
    let tree = parse(file, &sources, &mut found);
    (tree, found, sources)
}

fn codes(text: impl Into<String>) -> Vec<&'static str> {
    read(text).1.iter().map(|found| found.code).collect()
}

/// The promise is 100 ms; debug builds on a busy machine get some air, and a quadratic cost would still show.
#[expect(clippy::disallowed_methods, reason = "a test of how long something takes needs a clock")]
fn quickly<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let limit = if cfg!(debug_assertions) { 1_500 } else { 100 };
    let start = Instant::now();
    let result = run();
    let took = start.elapsed().as_millis();
    assert!(took < limit, "{what} took {took} ms");
    result
}

#[test]
fn bombs_are_refused_in_time() {
    let laughs: String = std::iter::once("a0: &a0 [lol, lol]\n".to_owned())
        .chain((1..30).map(|n| format!("a{n}: &a{n} [*a{p}, *a{p}, *a{p}, *a{p}]\n", p = n - 1)))
        .collect();
    let corpus: Vec<(&str, String, &str)> = vec![
        ("aliases that multiply", laughs, "E0022"),
        ("200,000 open brackets", "[".repeat(200_000), "E0004"),
        ("200,000 open braces", "{a: ".repeat(200_000), "E0004"),
        ("200,000 dashes", "- ".repeat(200_000), "E0004"),
        ("a scalar of 50 MB", format!("a: {}", "x".repeat(50_000_000)), "E0001"),
        ("values without end", format!("[{}]", "a,".repeat(200_000)), "E0003"),
        ("keys without end", (0..60_000).map(|n| format!("k{n}: v\n")).collect(), "E0003"),
        ("one key over and over", "a: b\n".repeat(20_000), "E0008"),
        ("conditions split without end", format!("[{}]", "(a, ".repeat(20_000)), ""),
        ("anchors without end", (0..20_000).map(|n| format!("k{n}: &a{n} v\n")).collect(), "E0022"),
        ("tags without end", (0..20_000).map(|n| format!("k{n}: !t v\n")).collect(), "E0023"),
        ("comments without end", "# c\n".repeat(200_000), ""),
        ("comments in a list", "- # c\n".repeat(20_000), ""),
        ("hashes after values", "- a #b\n".repeat(20_000), "W0001"),
        ("faults on each line", (0..5_000).map(|n| format!("k{n}: Note: x\n")).collect(), "E0008"),
        ("escapes without end", format!("a: \"{}\"", "\\d".repeat(100_000)), "E0018"),
        ("quotes that never close", format!("a: \"{}", "x\n  ".repeat(100_000)), "E0019"),
        ("tabs without end", "\t".repeat(500_000) + "a: b\n\tc:\td", ""),
        ("a key of 1 MB", "k".repeat(1_000_000) + ": v", ""),
        ("line breaks", "\n".repeat(1_000_000), ""),
        ("double braces", format!("a: {}", "{{ b }} ".repeat(50_000)), "E0026"),
    ];
    for (what, text, code) in corpus {
        let (_, found, sources) = quickly(what, || read(text));
        let shown: Vec<_> = found.iter().map(|found| found.code).collect();
        assert!(code.is_empty() || shown.contains(&code), "{what}: {shown:?}");
        assert!(found.len() <= 60, "{what}: {} reports", found.len());
        quickly(what, || render_human(&found, &sources, true, 100));
    }
}

#[test]
fn limits_hold_at_the_edge() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(codes(nested(MAX_DEPTH)).is_empty());
    assert_eq!(codes(nested(MAX_DEPTH + 1)), ["E0004"]);
    let list = |values: usize| "- a\n".repeat(values);
    assert!(codes(list(MAX_NODES - 1)).is_empty(), "the list itself is a value");
    assert_eq!(codes(list(MAX_NODES)), ["E0003"]);
    let long = |bytes: usize| format!("a: {}", "x".repeat(bytes - 3));
    assert!(codes(long(syntax::MAX_FILE_BYTES)).is_empty());
    assert_eq!(codes(long(syntax::MAX_FILE_BYTES + 1)), ["E0001"]);
}

#[test]
fn what_cannot_be_seen_is_named() {
    let (_, found, sources) = read("a: b\nc: d\0e\n");
    let nul = found.iter().next().unwrap();
    assert_eq!((nul.code, sources.line_column(nul.primary)), ("E0002", (2, 5)));
    assert!(nul.message.contains("U+0000"));
    assert_eq!(codes("a: \u{1b}[31mred"), ["E0002"]);
    assert_eq!(codes("a: b\u{feff}"), ["E0002"], "a byte-order mark belongs at the start only");
}

#[test]
fn byte_order_mark_and_carriage_returns_shift_nothing() {
    let source = "\u{feff}skill: a\r\nblocks:\r\n  x: Note: y\r\n  z: 'one\r\n    two'\r\n";
    let (_, found, sources) = read(source);
    let colon = found.iter().next().unwrap();
    assert_eq!((colon.code, sources.line_column(colon.primary), sources.slice(colon.primary)), ("E0015", (3, 10), ":"));

    let (tree, found, sources) = read(source.replace("Note: y", "Note"));
    assert!(found.is_empty());
    let tree = tree.unwrap();
    assert_eq!(tree.get("skill").unwrap().as_text(), Some("a"));
    assert_eq!(sources.line_column(tree.get("skill").unwrap().span), (1, 8));
    let folded = tree.get("blocks").unwrap().get("z").unwrap();
    assert_eq!(folded.as_text(), Some("one two"));
    assert_eq!(sources.slice(folded.span_within(4..7)), "two");
}

#[test]
fn bytes_that_are_not_text_say_where() {
    assert_eq!(decode(b"a: \xc3\xa9".to_vec()).unwrap(), "a: é");
    assert_eq!(decode(b"a: b\nc: \xff".to_vec()), Err(DecodeError::NotUtf8 { byte: 8, line: 2, column: 4 }));
    assert_eq!(decode(vec![0xff, 0xfe, b'a', 0]), Err(DecodeError::Utf16));
    let said = DecodeError::Utf16.diagnostic(syntax::FileId(0));
    assert_eq!((said.code, said.message.as_str()), ("E0006", "the file is saved as UTF-16, not as UTF-8"));

    let bytes = b"a: b\nc: caf\xe9 x\n".to_vec();
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", syntax::shown_lossy(&bytes));
    let said = decode(bytes).unwrap_err().diagnostic(file);
    assert_eq!((sources.line_column(said.primary), sources.slice(said.primary)), ((2, 7), "\u{fffd}"));
    assert_eq!(syntax::shown_lossy(&[0xff, 0xfe, b'a', 0]), "");
}

#[test]
fn messages_cannot_steer_a_terminal() {
    let (_, mut found, sources) = read("a: \"\\e[31m\"\n");
    assert!(found.is_empty(), "an escaped control character is text");
    let span = syntax::Span::file_start(syntax::FileId(0));
    found.push(syntax::Diagnostic::error("E0107", span, "unknown \u{1b}[2J\u{202e}name\nnext").help("\u{7}bell").label("\u{9b}"));
    for shown in [render_human(&found, &sources, false, 100), render_short(&found, &sources)] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{shown:?}");
    }
    assert_eq!(render_short(&found, &sources).lines().count(), 1);

    // What stands in the file is quoted beside the message, and in JSON for programs that print it.
    let (_, mut found, sources) = read("na\u{202e}me: \u{200b}x [\n");
    let place = syntax::Span::new(syntax::FileId(0), 12..13);
    found.push(syntax::Diagnostic::error("E0107", place, "here").guess(place, "\u{2066}y", "write \u{2066}y"));
    let human = render_human(&found, &sources, false, 100);
    assert!(human.contains("na<U+202E>me: <U+200B>x") && human.contains("<U+2066>y"), "{human}");
    let caret = human.lines().find(|line| line.contains('^')).and_then(|line| line.find('^'));
    let quoted = human.lines().find(|line| line.contains("na<U+202E>me")).and_then(|line| line.find("x ["));
    assert!(caret.is_some() && caret == quoted, "{human}");
    let json = render_json(&found, &sources);
    assert!(json.contains("\\u2066y") && !json.contains(['\u{202e}', '\u{2066}']), "{json}");
}

/// All nodes of a tree.
fn walk(node: &Spanned<Node>, visit: &mut impl FnMut(&Spanned<Node>)) {
    visit(node);
    match &node.value {
        Node::Null | Node::Scalar(_) => {}
        Node::List(items) => items.iter().for_each(|item| walk(item, visit)),
        Node::Map(entries) => entries.iter().for_each(|entry| {
            walk(&entry.key, visit);
            walk(&entry.value, visit);
        }),
    }
}

fn holds(text: &str) {
    let (tree, found, sources) = read(text);
    let inside = |span: syntax::Span| assert!(text.get(span.range()).is_some(), "{span:?} is not whole characters of {text:?}");
    for diagnostic in &found {
        inside(diagnostic.primary);
        diagnostic.labels.iter().for_each(|label| inside(label.span));
        diagnostic.fix.iter().flat_map(|fix| &fix.edits).for_each(|edit| inside(edit.span));
    }
    assert!(tree.is_some() || found.has_errors(), "no tree and no word about it: {text:?}");
    if let Some(tree) = &tree {
        walk(tree, &mut |node| {
            inside(node.span);
            let Some(scalar) = node.as_scalar() else { return };
            for (at, c) in scalar.text.char_indices() {
                let span = node.span_within(at..at + c.len_utf8());
                assert!(node.span.contains(span), "{span:?} outside {:?}", node.span);
                let slice = sources.slice(span);
                // A line break (perhaps escaped) stands for a space, an escape for its character.
                let folded = c.is_whitespace() && slice.chars().all(|c| c.is_whitespace() || matches!(c, '\\' | '\''));
                let exact = slice.chars().eq([c]) || folded || slice.starts_with('\\');
                assert!(span == node.span || exact, "{c:?} of {:?} is not at {slice:?} in {text:?}", scalar.text);
            }
        });
    }
    render_human(&found, &sources, true, 80);
    render_short(&found, &sources);
    render_json(&found, &sources);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}") {
        holds(&text);
    }

    #[test]
    fn any_pile_of_yaml_pieces_is_answered(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        holds(&pieces.concat());
    }
}

const PIECES: &[&str] = &[
    "a",
    "key: ",
    "text",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    ": ",
    ":",
    " #",
    "# c",
    "#vip",
    "{",
    "}",
    "{{ ",
    " }}",
    "[",
    "]",
    ", ",
    "\"",
    "'",
    "''",
    "\\",
    "\\d",
    "\\u00e9",
    "\\uD83D\\uDE00",
    "\\\n",
    "|",
    ">",
    "|-\n  ",
    ">\n  ",
    "&x ",
    "*x",
    "*/30 * * * *",
    "!t ",
    "<<",
    "?",
    "? ",
    "@",
    "`",
    "%",
    "---",
    "---\n",
    "...",
    "\t",
    "\r\n",
    "${x}",
    "${x | default(\"y\")}",
    "count(a, ",
    ") > 3",
    "é",
    "😀",
    "\u{feff}",
    "\u{202e}",
    "\0",
    "~",
    "null",
    "  ",
];

#[test]
fn characters_outside_ascii_are_found_where_they_stand() {
    for text in [
        "a: \"é \\u00e9 😀 \\uD83D\\uDE00 x\"",
        "a: 'it''s é'",
        "a: |\n  é\n\n   b\n  c\n",
        "a: >\n  é\n\n   b\n  c\n  d\n",
        "a: one\n  two é\n\n  three",
    ] {
        let (tree, found, _) = read(text);
        assert!(found.is_empty(), "{text}");
        holds(text);
        let tree = tree.unwrap();
        let value = tree.get("a").unwrap();
        let at = value.as_text().unwrap().find('é').unwrap();
        assert_ne!(value.span_within(at..at + 2), value.span, "the place is exact: {text}");
    }
}
