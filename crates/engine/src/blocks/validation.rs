//! `validation`: looks whether a value is what it should be, and says nothing to the customer.

use super::expect::{self, Expect};
use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use expr::{Condition, Template};
use model::Value;
use syntax::{Diagnostic, Node};

/// Where the verdict is kept, besides the exit that is taken.
pub(crate) const RESULT: &str = "validation_result";

#[derive(Debug)]
pub(crate) struct Validation;

#[derive(Debug)]
struct Checked {
    value: Option<Template>,
    expect: Option<Expect>,
    that: Option<Condition>,
    save: Option<String>,
    confirms: Vec<String>,
}

impl BlockKind for Validation {
    fn key(&self) -> &'static str {
        "validation"
    }
    fn summary(&self) -> &'static str {
        "Looks whether a value is what it should be. Says nothing; the verdict is the exit, and `validation_result` (true or false)."
    }
    fn example(&self) -> &'static str {
        "skill: contact\ncatch:\n  - command: contact\nblocks:\n  ask:\n    text: Which e-mail address may we write to?\n  answer:\n    listen: said\n  looks:\n    validation: ${said}\n    expect: email\n    save: address\n    on: { invalid: wrong }\n  thanks:\n    text: Thank you, we will write to ${address}.\n    next: end\n  wrong:\n    text: That is no e-mail address.\n    next: ask\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "validation", field: "prose", doc: "the value, usually `${name}`" },
            OptionSpec { name: "value", field: "prose", doc: "the same, where the options stand in a map" },
            OptionSpec { name: "expect", field: "value", doc: "what it should be, as in `listen`" },
            OptionSpec { name: "that", field: "condition", doc: "what must hold, beside `expect` or instead of it" },
            OptionSpec { name: "save", field: "name", doc: "stores the value as it was read, if it is valid" },
            OptionSpec {
                name: "confirms",
                field: "names",
                doc: "attributes of type email or phone that are proven to be the contact's, if it is valid: a code that was sent there came back",
            },
        ]
    }
    fn group(&self) -> Group {
        Group::Data
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::may("validation", Shape::Prose, ""),
                Key::may("expect", super::shape::EXPECT, ""),
                Key::may("confirms", Shape::OneOrMany(&Shape::Text), ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec { name: "invalid", otherwise: Otherwise::Next, doc: "it is missing, or not what it should be" },
            OutcomeSpec {
                name: "error",
                otherwise: Otherwise::Error,
                doc: "it cannot be computed, or does not fit the attribute it is saved to",
            },
        ]
    }
    fn takes_map(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let node = match &value.value {
            Node::Map(_) => options.take("value"),
            Node::Null | Node::Scalar(_) | Node::List(_) => Some(value),
        };
        let (expected, that) = (options.take("expect"), options.take("that"));
        let save = options.take("save").and_then(|n| reader.identifier(n, "save").map(str::to_owned));
        let confirms = options.take("confirms").map_or(&[][..], one_or_many);
        let confirms: Vec<String> = confirms.iter().filter_map(|n| confirmed(n, reader)).collect();
        if expected.is_none() && that.is_none() {
            reader.out.push(
                Diagnostic::error("E0180", value.span, "validation says what the value should be: expect or that")
                    .help("write expect: email, or that: CONDITION"),
            );
            return None;
        }
        if node.is_none() && (expected.is_some() || save.is_some()) {
            reader.out.push(Diagnostic::error("E0180", value.span, "validation needs the value it looks at").help("write value: ${name}"));
            return None;
        }
        let template = node.map(|n| reader.prose(n, "the value"));
        let expect = expected.map(|n| expect::read(n, reader));
        let that = that.map(|n| reader.condition(n, "that"));
        // What could not be read was told.
        Some(Box::new(Checked { value: whole(template)?, expect: whole(expect)?, that: whole(that)?, save, confirms }))
    }
}

/// The name of an attribute that can be confirmed: it holds an e-mail address or a phone number.
fn confirmed(node: At<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let name = reader.text(node, "what is confirmed")?.trim();
    let declared = reader.names.attribute(name);
    if declared.is_some_and(|declared| model::IdentifierKind::of_type(&declared.ty).is_some()) {
        return Some(name.to_owned());
    }
    let message = match declared {
        Some(declared) => {
            format!("{name} is declared as {}; only an attribute of type email or phone can be confirmed", declared.ty.name())
        }
        None => format!("\"{name}\" is no attribute; only one of type email or phone can be confirmed"),
    };
    let help = format!("declare it in bot.yaml: attributes: {{ {name}: email }}");
    reader.out.push(Diagnostic::error("E0360", node.span, message).help(help));
    None
}

/// What was read, if all of it could be.
fn whole<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

impl BlockBody for Checked {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let given = match &self.value {
            None => None,
            Some(template) => at.value(template)?,
        };
        let read = match (&self.expect, given) {
            (None, given) => given,
            (Some(_), None) => None,
            (Some(expect), Some(given)) => {
                let text = at.with_facts(|facts, _| expr::render(&given, expr::Facts::contact_zone(facts)));
                expect.read_answer(&text, at)
            }
        };
        let holds = match &self.that {
            None => true,
            Some(that) => at.holds(that)?,
        };
        let valid = holds && (read.is_some() || self.value.is_none());
        at.store(RESULT, Some(Value::Bool(valid)))?;
        if !valid {
            return Ok(Flow::Outcome("invalid", String::new()));
        }
        if let Some(save) = &self.save {
            at.store(save, read)?;
        }
        self.confirms.iter().for_each(|name| at.confirm(name));
        Ok(Flow::Next)
    }
}
