//! What a file means: texts keep their characters, places are exact, order is kept.

use syntax::{Diagnostic, Diagnostics, FileId, Node, Severity, Sources, Span, Spanned, Style, closest, did_you_mean, parse};

fn tree(text: &str) -> (Spanned<Node>, Sources) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add("bot.yaml", text.to_owned());
    let tree = parse(file, &sources, &mut found);
    assert!(found.is_empty(), "{}", syntax::render_short(&found, &sources));
    (tree.expect("a file without faults has a tree"), sources)
}

/// A tree as one line, to compare.
fn shape(node: &Spanned<Node>) -> String {
    match &node.value {
        Node::Null => "nothing".to_owned(),
        Node::Scalar(scalar) => format!("{:?}", scalar.text),
        Node::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(", ")),
        Node::Map(entries) => {
            format!(
                "{{{}}}",
                entries.iter().map(|entry| format!("{}: {}", shape(&entry.key), shape(&entry.value))).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

#[test]
fn plain_texts_keep_what_was_typed() {
    for typed in [
        "007",
        "yes",
        "no",
        "on",
        "null",
        "true",
        "+12065551212",
        "12:30",
        "0x1F",
        "1e3",
        ".5",
        "1_000",
        "2026-03-02",
        "~x",
        "1.10",
        "-",
        "${x}",
    ] {
        if typed == "-" {
            continue; // a dash alone begins a list
        }
        let (tree, _) = tree(&format!("text: {typed}"));
        assert_eq!(tree.get("text").unwrap().as_text(), Some(typed));
    }
}

#[test]
fn the_shape_of_a_file() {
    let (tree, _) = tree("b: 1\na: [x, 'y', {z: \"\"}]\n? c\n: ~\n1: null\nd:\n[k]: v\n");
    assert_eq!(shape(&tree), r#"{"b": "1", "a": ["x", "y", {"z": ""}], "c": nothing, "1": "null", "d": nothing, ["k"]: "v"}"#);
    assert_eq!(tree.kind_name(), "a map");
    assert!(tree.get("d").unwrap().is_null());
}

#[test]
fn styles_are_kept() {
    let (tree, _) = tree("a: x\nb: 'x'\nc: \"x\"\nd: |\n  x\ne: >\n  x\n");
    let styles: Vec<Style> = tree.as_map().unwrap().iter().map(|entry| entry.value.as_scalar().unwrap().style).collect();
    assert_eq!(styles, [Style::Plain, Style::SingleQuoted, Style::DoubleQuoted, Style::Literal, Style::Folded]);
}

#[test]
fn an_empty_file_is_nothing() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}"] {
        assert!(tree(text).0.is_null(), "{text:?}");
    }
}

#[test]
fn places_are_exact() {
    let source = "blocks:\n  ask:\n    text: \"Hi ${name}!\"\n    empty:\n  list: [a, b]\n";
    let (tree, sources) = tree(source);
    let ask = tree.get("blocks").unwrap().get("ask").unwrap();
    assert_eq!(sources.slice(ask.span), "text: \"Hi ${name}!\"\n    empty:");
    let text = ask.get("text").unwrap();
    assert_eq!(sources.slice(text.span), "\"Hi ${name}!\"");
    assert_eq!(sources.slice(text.span_within(5..9)), "name");
    assert_eq!(text.span_within(5..5).range(), text.span_within(5..9).before().range());
    let empty = ask.get("empty").unwrap();
    assert_eq!((sources.line_column(empty.span), sources.slice(empty.span)), ((4, 11), ""));
    assert_eq!(sources.slice(tree.get("blocks").unwrap().get("list").unwrap().span), "[a, b]");
}

#[test]
fn a_place_beside_an_escape_is_exact_and_that_of_an_escape_is_the_escape() {
    let (tree, sources) = tree(r#"a: "x\ty ${z} \" q""#);
    let value = tree.get("a").unwrap();
    let text = value.as_text().unwrap();
    let at = text.find("${z}").unwrap();
    assert_eq!(sources.slice(value.span_within(at..at + 4)), "${z}");
    let quote = text.find('"').unwrap();
    assert_eq!(sources.slice(value.span_within(quote..quote + 1)), "\\\"");
    assert_eq!(value.span_within(0..999), value.span, "a range that is not in the text");
}

#[test]
fn duplicate_keys_are_all_told_and_the_first_counts() {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add("bot.yaml", "a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n".to_owned());
    let tree = parse(file, &sources, &mut found).unwrap();
    assert_eq!(
        found.iter().map(|found| (found.code, sources.line_column(found.primary))).collect::<Vec<_>>(),
        [("E0011", (2, 1)), ("E0011", (3, 11)), ("E0011", (4, 1))]
    );
    assert_eq!(shape(&tree), r#"{"a": "1", "b": {"c": "1"}}"#);
    assert_eq!(sources.slice(found.iter().next().unwrap().labels[0].span), "a");
}

#[test]
fn what_was_split_is_read_as_it_was_meant() {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add("bot.yaml", "a: { when: count(a, last 30 days) > 3, then: b }\nc: {{ name }} x\n".to_owned());
    parse(file, &sources, &mut found);
    let file = sources.add("bot.yaml", "a: { when: count(a, last 30 days) > 3, then: b }\nc: {{ name }}\n".to_owned());
    let tree = parse(file, &sources, &mut found).unwrap();
    assert_eq!(shape(&tree), r#"{"a": {"when": "count(a, last 30 days) > 3", "then": "b"}, "c": "{{ name }}"}"#);
}

#[test]
fn diagnostics_are_in_order_and_once() {
    let place = |file: u16, start: u32| Span { file: FileId(file), start, end: start + 1 };
    let mut all = Diagnostics::new();
    all.push(Diagnostic::error("E0200", place(1, 5), "c"));
    all.push(Diagnostic::warning("W0001", place(0, 9), "b"));
    all.push(Diagnostic::error("E0300", place(0, 9), "a"));
    all.push(Diagnostic::error("E0200", place(1, 5), "c"));
    all.push(Diagnostic::error("E0200", place(1, 5), "another at the same place"));
    assert_eq!(all.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "another at the same place"]);
    assert_eq!((all.error_count(), all.warning_count(), all.has_errors()), (3, 1, true));
    assert_eq!(all.iter().next().map(|found| found.severity), Some(Severity::Error));
}

#[test]
fn slips_are_recognised_and_other_words_are_not() {
    let known = ["number", "timeout", "text", "live_chat", "order-help"];
    for (typed, meant) in [
        ("nubmer", "number"),
        ("Timeout", "timeout"),
        ("timout", "timeout"),
        ("tex", "text"),
        ("live-chat", "live_chat"),
        ("order_help", "order-help"),
    ] {
        assert_eq!(closest(typed, known), Some(meant), "{typed}");
    }
    for typed in ["", "x", "elephant", "zzzz"] {
        assert_eq!(closest(typed, known), None, "{typed}");
    }
    assert_eq!(did_you_mean("nubmer", known).as_deref(), Some("did you mean \"number\"?"));
}
