//! `data`: sets attributes and variables (FL 7.2).

use super::{BlockBody, BlockKind, Does, Fault, Flow, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use expr::Template;
use model::Value;

#[derive(Debug)]
pub(crate) struct Data;

#[derive(Debug)]
struct Assignments {
    set: Vec<(String, Template)>,
    unset: Vec<String>,
}

impl BlockKind for Data {
    fn key(&self) -> &'static str {
        "data"
    }
    fn summary(&self) -> &'static str {
        "Sets attributes of the contact (declared in bot.yaml) and variables of the run, from top to bottom."
    }
    fn example(&self) -> &'static str {
        "skill: count\ncatch:\n  - command: count\nblocks:\n  more:\n    data:\n      visits: ${visits | default(0) + 1}\n      city: Madrid\n  tell:\n    text: Visit ${visits} from ${city}.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec {
                name: "NAME",
                field: "prose",
                doc: "the value; a lone `${…}` stores its typed result, other text is read by the attribute's type",
            },
            OptionSpec { name: "unset", field: "names", doc: "names to unset" },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("unset", Shape::OneOrMany(&Shape::Text), "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec {
            name: "error",
            otherwise: Otherwise::Error,
            doc: "a value cannot be computed or does not fit the attribute's type",
        }]
    }
    fn group(&self) -> super::Group {
        super::Group::Data
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn stores_in_order(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, syntax::Node::Map(_)) {
            let diagnostic =
                syntax::Diagnostic::error("E0103", value.span, format!("data is a map of names and values, not {}", value.kind_name()));
            reader.out.push(diagnostic.help("write data: { NAME: VALUE }, or each NAME: VALUE on a line of its own below data:"));
            return None;
        }
        let before = reader.out.error_count();
        let unset: Vec<String> = options
            .take("unset")
            .map(|n| one_or_many(n).iter().filter_map(|n| reader.name_to_unset(n).map(str::to_owned)).collect())
            .unwrap_or_default();
        let mut set = Vec::new();
        for (name, span, node) in options.rest() {
            if node.is_null() {
                reader.check_identifier(name, span, "what data sets");
                reader.error("E0104", node.span, format!("\"{name}\" has no value; to unset it write unset: [{name}]"));
                continue;
            }
            // The value is computed before it is stored.
            let template = reader.prose(node, name);
            let fine = reader.check_identifier(name, span, "what data sets");
            if let Some(template) = template
                && fine
            {
                check_literal(name, &template, node, reader);
                set.push((name.to_owned(), template));
            }
        }
        if set.is_empty() && unset.is_empty() && reader.out.error_count() == before {
            reader.error("E0125", value.span, "data sets nothing; write \"NAME: value\" below it");
        }
        Some(Box::new(Assignments { set, unset }))
    }
}

/// A value without `${…}` that can never fit the attribute is told now rather than at night.
pub(crate) fn check_literal(name: &str, template: &Template, node: At<'_>, reader: &mut Reader<'_>) {
    let (Some(text), Some(declared)) = (template.literal(), reader.names.attribute(name)) else { return };
    let zone = jiff::tz::TimeZone::UTC;
    let country = reader.names.country.as_deref().or(Some("US"));
    let context = expr::Coercion { language: None, country, zone: &zone, now: model::Instant::default() };
    if let Err(why) = expr::coerce(&Value::text(text), &declared.ty, &context) {
        let message = format!("{name} is declared as {} and cannot hold this: {why}", declared.ty.name());
        reader.error("E0104", node.span, message);
    }
}

/// A value written as a plain number is a number; everything else stays what it is.
pub(crate) fn plain_number(value: Value, template: &Template) -> Value {
    match (&value, template.literal()) {
        (Value::Text(text), Some(_)) => {
            let text = text.trim();
            let canonical = !text.starts_with('+') && (text == "0" || !text.starts_with('0') || text.starts_with("0."));
            match text.parse() {
                // 007 and +34… are texts that look like numbers.
                Ok(number) if canonical => Value::Number(number),
                _ => value,
            }
        }
        _ => value,
    }
}

impl BlockBody for Assignments {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        for (name, template) in &self.set {
            let value = at.value(template)?;
            at.store(name, value)?;
        }
        for name in &self.unset {
            at.store(name, None)?;
        }
        Ok(Flow::Next)
    }

    fn does(&self) -> Vec<Does<'_>> {
        let set = self.set.iter().map(|(name, template)| Does::Stores(name, template));
        set.chain(self.unset.iter().map(|name| Does::Unsets(name))).collect()
    }
}
