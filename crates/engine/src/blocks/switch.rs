//! `switch`: goes where the first condition that holds points.

use super::{BlockBody, BlockKind, Fault, Flow, Key, OptionSpec, OutcomeSpec, Shape};
use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use expr::Condition;
use syntax::{Diagnostic, Node};

/// One case, for editors.
const CASE: Shape = Shape::Keys(&[Key::must("when", Shape::Condition, "if this holds"), Key::must("then", Shape::Target, "it goes there")]);

#[derive(Debug)]
pub(crate) struct Switch;

#[derive(Debug)]
struct Cases {
    cases: Vec<(Condition, Target)>,
    otherwise: Option<Target>,
}

impl BlockKind for Switch {
    fn key(&self) -> &'static str {
        "switch"
    }
    fn summary(&self) -> &'static str {
        "Goes to the target of the first condition that holds, from top to bottom; else to `else`, else to `next`."
    }
    fn example(&self) -> &'static str {
        "skill: route\ncatch:\n  - command: route\nblocks:\n  tier:\n    switch:\n      - when: first_name = \"Ana\" or last_name is set\n        then: known\n    else: unknown\n  known:\n    text: Good to see you again.\n    next: end\n  unknown:\n    text: Nice to meet you.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "switch", field: "list of { when: condition, then: target }", doc: "the cases, in order" },
            OptionSpec { name: "else", field: "target", doc: "where to go if none holds" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::must("switch", Shape::OneOrMany(&CASE), "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn group(&self) -> super::Group {
        super::Group::Logic
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let otherwise = options.take("else").map(|n| reader.target(n));
        let Node::List(items) = &value.value else {
            let message = format!("switch is a list of cases, not {}", value.kind_name());
            reader.out.push(
                Diagnostic::error("E0103", value.span, message)
                    .help("write each case as \"- when: CONDITION\" with \"then: TARGET\" below"),
            );
            return None;
        };
        if items.is_empty() {
            reader.error("E0125", value.span, "switch needs at least one case");
            return None;
        }
        let mut cases = Vec::new();
        for item in one_or_many(value) {
            if let Some(diagnostic) = written_short(item) {
                reader.out.push(diagnostic);
                continue;
            }
            if let Some(diagnostic) = foreign_case(item) {
                reader.out.push(diagnostic);
                continue;
            }
            let Some(mut case) = Fields::of(item, "a case", reader.out) else { continue };
            let when = case.need("when", reader.out).and_then(|n| reader.condition(n, "when"));
            let then = case.need("then", reader.out).and_then(|n| reader.target(n));
            case.finish(reader.out);
            if let (Some(when), Some(then)) = (when, then) {
                cases.push((when, then));
            }
        }
        // A case or target that could not be read was told.
        let otherwise = match otherwise {
            Some(None) => return None,
            Some(Some(target)) => Some(target),
            None => None,
        };
        (cases.len() == items.len()).then(|| Box::new(Cases { cases, otherwise }) as Box<dyn BlockBody>)
    }
}

/// `- plan = gold: ok` and `- else: no`: what a case is at first sight, and how it is written.
fn written_short(item: At<'_>) -> Option<Diagnostic> {
    let Node::Map(entries) = &item.value else { return None };
    let [one] = entries.as_slice() else { return None };
    let (key, target) = (one.key.as_text()?, one.value.as_text()?);
    if matches!(key, "when" | "then") || syntax::closest(key, ["when", "then"]).is_some() {
        return None;
    }
    if matches!(key, "else" | "default" | "otherwise") {
        let diagnostic = Diagnostic::error("E0101", one.key.span, format!("\"{key}\" is no case"));
        return Some(diagnostic.help(format!("write else: {target} beside switch, in the same column as switch")));
    }
    let diagnostic = Diagnostic::error("E0101", one.key.span, "a case says when it holds and where it leads then");
    Some(diagnostic.help(format!("write \"- when: {key}\", and below it \"then: {target}\", in the column of when")))
}

/// `- if: …`, `- when: …` with `next: …`: a case in the words of elsewhere.
fn foreign_case(item: At<'_>) -> Option<Diagnostic> {
    let keys = || item.as_map().unwrap_or_default().iter().filter_map(|entry| Some((entry.key.as_text()?, entry.key.span)));
    let other =
        |known: &str, words: &[&str]| if keys().any(|(key, _)| key == known) { None } else { keys().find(|(key, _)| words.contains(key)) };
    let (slip, ours) = match other("when", &["if", "case", "condition", "cond", "is"]) {
        Some(slip) => (slip, "when"),
        None => (other("then", &["next", "goto", "go_to", "target", "to", "do"])?, "then"),
    };
    let (key, span) = slip;
    Some(
        Diagnostic::error("E0101", span, format!("a case has no \"{key}\""))
            .help(format!("did you mean \"{ours}\"? a case is \"- when: CONDITION\" with \"then: TARGET\" below it"))
            .guess(span, ours, format!("write \"{ours}\"")),
    )
}

impl BlockBody for Cases {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        for (number, (when, then)) in self.cases.iter().enumerate() {
            if at.holds(when)? {
                return Ok(Flow::To(format!("case {}", number + 1), then.clone()));
            }
        }
        Ok(match &self.otherwise {
            Some(target) => Flow::To("else".into(), target.clone()),
            None => Flow::Next,
        })
    }

    fn cases(&self) -> &[(Condition, Target)] {
        &self.cases
    }

    fn targets(&self) -> Vec<(String, Target)> {
        let cases = self.cases.iter().enumerate().map(|(number, (_, then))| (format!("case {}", number + 1), then.clone()));
        cases.chain(self.otherwise.iter().map(|t| ("else".to_owned(), t.clone()))).collect()
    }
}
