//! Plain values: texts, durations, numbers, truth, and lists of them.

use super::At;
use model::Duration;
use syntax::{Diagnostic, Diagnostics, Node, Spanned, Style};

/// A scalar, as written.
pub(crate) fn text<'n>(node: At<'n>, what: &str, out: &mut Diagnostics) -> Option<&'n str> {
    if let Some(text) = node.as_text() {
        return Some(text);
    }
    if node.is_null() {
        let diagnostic = Diagnostic::error("E0103", node.span, format!("{what} is empty"));
        out.push(diagnostic.help("write it after the colon; a text that begins with # needs quotes"));
        return None;
    }
    let mut diagnostic = Diagnostic::error("E0103", node.span, format!("{what} is a text, not {}", node.kind_name()));
    diagnostic = match node.value {
        Node::Map(_) => diagnostic.help("put quotes round a text that begins with {, or that contains \": \""),
        Node::List(_) => diagnostic
            .help("put quotes round a text that begins with [; a text over several lines is written with | and the lines below it"),
        Node::Null | Node::Scalar(_) => diagnostic,
    };
    out.push(diagnostic);
    None
}

/// A duration in microseconds.
pub(crate) fn duration(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<i64> {
    let source = text(node, what, out)?;
    let read = Duration::parse_exact(source).map(|d| d.micros);
    if read.is_none() {
        out.push(
            Diagnostic::error("E0104", node.span, format!("{what} is a duration, not \"{source}\""))
                .help("write a whole number with its unit: 30s, 10m, 2h, 3d, 1w, or 1h30m"),
        );
    }
    read
}

/// A whole number within limits.
pub(crate) fn integer(node: At<'_>, what: &str, min: i64, max: i64, out: &mut Diagnostics) -> Option<i64> {
    let source = text(node, what, out)?;
    match source.trim().parse::<i64>() {
        Ok(n) if (min..=max).contains(&n) => Some(n),
        Ok(n) => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is between {min} and {max}, not {n}")));
            None
        }
        Err(_) => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is a whole number, not \"{source}\"")));
            None
        }
    }
}

/// True or false.
pub(crate) fn boolean(node: At<'_>, what: &str, out: &mut Diagnostics) -> Option<bool> {
    match text(node, what, out)? {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        other => {
            out.push(Diagnostic::error("E0104", node.span, format!("{what} is true or false, not \"{other}\"")));
            None
        }
    }
}

/// One or several of something: a list, or what stands alone.
pub(crate) fn one_or_many(node: At<'_>) -> &[Spanned<Node>] {
    match &node.value {
        Node::List(items) => items,
        Node::Null | Node::Scalar(_) | Node::Map(_) => std::slice::from_ref(node),
    }
}

/// W0239: `keyword: hello, hi` without brackets is one text with a comma in it, which hardly anybody means. `what` is what it is one of.
pub(crate) fn one_with_commas(value: At<'_>, what: &str, out: &mut Diagnostics) {
    let Some(scalar) = value.as_scalar().filter(|scalar| scalar.style == Style::Plain) else { return };
    let parts: Vec<&str> = scalar.text.split(',').map(str::trim).collect();
    let short = |part: &&str| (1..=32).contains(&part.chars().count()) && !part.contains("${");
    if parts.len() < 2 || !parts.iter().all(short) {
        return;
    }
    let list = format!("[{}]", parts.join(", "));
    out.push(
        Diagnostic::warning("W0239", value.span, format!("this is one {what} with a comma in it, not {} of them", parts.len()))
            .help(format!("several are a list, in brackets: {list}; put quotes round one that really has a comma"))
            .guess(value.span, list, "make a list of it"),
    );
}
