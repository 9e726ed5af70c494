//! `segments.yaml`: named conditions over contacts (FL 8), checked for cycles.

use super::Names;
use super::reader::{At, Fields, boolean, is_slug, one_or_many, text, took, unknown_segment};
use ::segments::{DEEPEST, MOST};
use expr::Condition;
use std::collections::{BTreeMap, BTreeSet};
use syntax::{Diagnostic, Diagnostics, Node, Span};

/// A segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub key: String,
    pub name: String,
    /// For people who read the list of segments.
    pub description: Option<String>,
    pub rule: SegmentRule,
    /// Segments whose members are not members of this one.
    pub exclude: Vec<String>,
    /// Whether only people the website vouched for are in it (FL 4).
    pub verified: bool,
    pub span: Span,
}

/// Who is in a segment.
#[derive(Debug)]
pub(crate) enum SegmentRule {
    /// Whoever was put there.
    Static,
    /// Everybody for whom this holds.
    Where(Condition),
}

/// The keys of a segments file and whether each is static: known before any condition is read.
pub(crate) fn keys(node: At<'_>) -> BTreeMap<String, bool> {
    node.as_map()
        .unwrap_or_default()
        .iter()
        .filter_map(|e| {
            let is_static = e.value.get("static").and_then(|n| n.as_text()).is_some_and(|t| matches!(t, "true" | "yes" | "on"));
            Some((e.key.as_text()?.to_owned(), is_static))
        })
        .collect()
}

/// Reads `segments.yaml`.
pub(crate) fn read(node: At<'_>, names: &Names, out: &mut Diagnostics) -> BTreeMap<String, Segment> {
    let mut read = BTreeMap::new();
    let Node::Map(entries) = &node.value else {
        if !node.is_null() {
            let diagnostic = Diagnostic::error("E0103", node.span, format!("segments.yaml is a map of segments, not {}", node.kind_name()));
            out.push(diagnostic.help("write each segment as \"name:\" with its condition below: where: …"));
        }
        return read;
    };
    for entry in entries {
        let Some(key) = text(&entry.key, "a segment's name", out) else { continue };
        if !is_slug(key) {
            out.push(Diagnostic::error("E0114", entry.key.span, format!("a segment's key is letters, digits, - and _, not \"{key}\"")));
            continue;
        }
        let Some(mut fields) = Fields::of(&entry.value, &format!("segment \"{key}\""), out) else { continue };
        let name = fields.take("name").and_then(|n| text(n, "name", out)).unwrap_or(key).to_owned();
        let description = fields.take("description").and_then(|node| text(node, "description", out)).map(str::to_owned);
        let is_static = fields.take("static").and_then(|n| boolean(n, "static", out)).unwrap_or(false);
        let condition = fields.take_with_key("where");
        let verified = fields.take("verified").and_then(|n| boolean(n, "verified", out)).unwrap_or(false);
        let exclude = fields
            .take("exclude")
            .map(|n| {
                one_or_many(n)
                    .iter()
                    .filter_map(|item| {
                        let other = text(item, "a segment", out)?;
                        if names.segments.contains_key(other) {
                            return Some(other.to_owned());
                        }
                        out.push(unknown_segment(item.span, other, names));
                        None
                    })
                    .collect::<BTreeSet<String>>()
                    .into_iter()
                    .collect()
            })
            .unwrap_or_default();
        let rule = match (is_static, condition) {
            (true, None) => SegmentRule::Static,
            (true, Some((span, _))) => {
                out.push(Diagnostic::error("E0109", span, "a static segment has no condition").help("take out \"static\" or \"where\""));
                continue;
            }
            (false, None) => {
                // A slip in the key was told as that.
                if !fields.finish(out) {
                    continue;
                }
                out.push(
                    Diagnostic::error("E0102", entry.key.span, format!("segment \"{key}\" needs \"where\""))
                        .help("write the condition, or static: true if people are put into it by hand"),
                );
                continue;
            }
            (false, Some((_, node))) => {
                let Some(condition) = text(node, "where", out)
                    .filter(|t| names.affords(t, node.span, out))
                    .and_then(|t| took(Condition::parse(t, &names.in_segment()), node, out))
                else {
                    continue;
                };
                SegmentRule::Where(condition)
            }
        };
        fields.finish(out);
        read.insert(key.to_owned(), Segment { key: key.to_owned(), name, description, rule, exclude, verified, span: entry.key.span });
    }
    refuse_cycles(&read, out);
    read
}

fn depends_on(segment: &Segment) -> BTreeSet<String> {
    let mut on: BTreeSet<String> = segment.exclude.iter().cloned().collect();
    if let SegmentRule::Where(condition) = &segment.rule {
        on.extend(condition.references().segments);
    }
    on
}

/// The segments it asks for, each as often as it does.
fn asks_for(segment: &Segment) -> impl Iterator<Item = &str> {
    let condition = match &segment.rule {
        SegmentRule::Where(condition) => condition.segments(),
        SegmentRule::Static => Vec::new(),
    };
    segment.exclude.iter().map(String::as_str).chain(condition)
}

/// A segment that depends on itself has no meaning, and one that looks through too many others costs every step.
/// One pass in dependency order: what never becomes ready is in a circle or behind one.
fn refuse_cycles(segments: &BTreeMap<String, Segment>, out: &mut Diagnostics) {
    let mut waiting: BTreeMap<&str, BTreeSet<String>> = segments
        .iter()
        .map(|(key, s)| (key.as_str(), depends_on(s).into_iter().filter(|on| segments.contains_key(on)).collect()))
        .collect();
    let mut needed_by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (key, on) in &waiting {
        for other in on {
            needed_by.entry(other.clone()).or_default().push(key);
        }
    }
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    // How many are judged for each, itself included.
    let mut judged: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ready: Vec<&str> = waiting.iter().filter(|(_, on)| on.is_empty()).map(|(key, _)| *key).collect();
    while let Some(key) = ready.pop() {
        waiting.remove(key);
        let below = segments.get(key).into_iter().flat_map(asks_for).filter_map(|other| judged.get(other));
        judged.insert(key, below.fold(1, |sum, below| sum.saturating_add(*below)));
        let depth = *depths.entry(key).or_insert(1);
        for user in needed_by.get(key).into_iter().flatten() {
            let deeper = depths.entry(user).or_insert(1);
            *deeper = (*deeper).max(depth + 1);
            if let Some(on) = waiting.get_mut(user) {
                on.remove(key);
                if on.is_empty() {
                    ready.push(user);
                }
            }
        }
    }
    let mut told = false;
    for (key, segment) in segments {
        if waiting.contains_key(key.as_str()) {
            // One circle is one fault, however many are in it.
            if std::mem::replace(&mut told, true) {
                continue;
            }
            let circle: Vec<&str> = waiting.keys().copied().collect();
            out.push(
                Diagnostic::error("E0123", segment.span, format!("segment \"{key}\" depends on itself"))
                    .help(format!("the segments of the circle are among {}", circle.join(", "))),
            );
        } else if depths.get(key.as_str()).is_some_and(|d| *d == DEEPEST + 1) {
            out.push(
                Diagnostic::error("E0127", segment.span, format!("segment \"{key}\" looks through more than {DEEPEST} others"))
                    .help("write the conditions themselves instead of segments in segments in segments"),
            );
        } else if judged.get(key.as_str()).is_some_and(|judged| *judged > MOST)
            && !asks_for(segment).any(|other| judged.get(other).is_some_and(|judged| *judged > MOST))
        {
            let why = format!("segment \"{key}\" looks into others so often that more than {MOST} would have to be judged for it");
            out.push(
                Diagnostic::error("E0127", segment.span, why)
                    .help("ask for a segment once, as in `(in segment a or in segment b) and …`, or write the conditions themselves"),
            );
        }
    }
}
