//! `call`: runs another skill and comes back (FL 3.4, 5.3d, 7.2).

use super::{BlockBody, BlockKind, Called, Fault, Flow, Key, OptionSpec, Otherwise, OutcomeSpec, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::Record;
use syntax::{Diagnostic, Node};

const TEXT: Shape = Shape::Text;
const SAVE: Shape = Shape::Either(&[Shape::Map(&TEXT), Shape::OneOrMany(&TEXT)]);

#[derive(Debug)]
pub(crate) struct Call;

#[derive(Debug)]
struct Calling {
    skill: String,
    with: Vec<(String, Template)>,
    /// Our name, and the called skill's.
    save: Vec<(String, String)>,
}

impl BlockKind for Call {
    fn key(&self) -> &'static str {
        "call"
    }
    fn summary(&self) -> &'static str {
        "Runs another skill on top of this one. When it ends, the run goes on after this block. Variables are passed and returned by name."
    }
    fn example(&self) -> &'static str {
        "skill: help\ncatch:\n  - command: help\nblocks:\n  list:\n    call: /default\n  more:\n    text: That is all I can do.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "skill", field: "name", doc: "the skill that runs" },
            OptionSpec { name: "with", field: "map of prose", doc: "variables it begins with; it sees no others of this skill" },
            OptionSpec {
                name: "save",
                field: "map of names",
                doc: "`mine: theirs`: what of its variables is kept when it ends; a list keeps them under their own names",
            },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("call", Shape::Text, ""), Key::must("skill", Shape::Text, ""), Key::may("save", SAVE, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec {
            name: "error",
            otherwise: Otherwise::Error,
            doc: "a value cannot be computed, or does not fit an attribute it is saved to",
        }]
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn may_store_nothing(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        // `call: welcome` is the short form.
        let node = match value.as_text() {
            Some(_) => value,
            None if matches!(value.value, Node::Map(_)) => options.need("skill", reader.out)?,
            None => {
                reader.error("E0103", value.span, "call is the name of a skill, or a map with skill, with and save");
                return None;
            }
        };
        let written = reader.text(node, "a skill")?.trim();
        let written = written.strip_prefix("skill ").unwrap_or(written).trim();
        let skill = reader.skill_name(written, node.span);
        let with = options.take("with").map(|n| super::send::read_fields(n, reader));
        let save = options.take("save").map(|n| read_save(n, skill.as_deref(), reader));
        let skill = skill?;
        let with = match with {
            Some(with) => with?,
            None => Vec::new(),
        };
        for (name, _) in &with {
            check_passed(name, &skill, value, reader);
        }
        let save = match save {
            Some(save) => save?,
            None => Vec::new(),
        };
        Some(Box::new(Calling { skill, with, save }))
    }
}

/// A variable is passed to be read; an attribute belongs to the contact and needs no passing.
fn check_passed(name: &str, skill: &str, node: At<'_>, reader: &mut Reader<'_>) {
    let key = node.get("with").and_then(|with| with.as_map()).into_iter().flatten().find(|e| e.key.as_text() == Some(name));
    let span = key.map_or(node.span, |e| e.key.span);
    if reader.names.attribute(name).is_some()
        || reader.names.globals.iter().any(|g| g.name == name)
        || reader.names.computed.contains_key(name)
    {
        reader.out.push(
            Diagnostic::error("E0171", span, format!("\"{name}\" is an attribute: skill \"{skill}\" sees it without being given it"))
                .help("take it out, or pass it under a name of its own"),
        );
        return;
    }
    let read = reader.names.reads.get(skill);
    if read.is_some_and(|read| !read.contains(name)) {
        let mut diagnostic = Diagnostic::warning("W0217", span, format!("skill \"{skill}\" never reads \"{name}\""));
        if let Some(meant) = read.and_then(|read| syntax::closest(name, read.iter().map(String::as_str))) {
            diagnostic = diagnostic.help(format!("did you mean \"{meant}\"?"));
        }
        reader.out.push(diagnostic);
    }
}

fn read_save(node: At<'_>, skill: Option<&str>, reader: &mut Reader<'_>) -> Option<Vec<(String, String)>> {
    let pairs: Vec<(At<'_>, At<'_>)> = match &node.value {
        Node::Map(entries) => entries.iter().map(|e| (&e.key, &e.value)).collect(),
        Node::Scalar(_) | Node::List(_) => crate::bot::reader::one_or_many(node).iter().map(|n| (n, n)).collect(),
        Node::Null => {
            reader.error("E0125", node.span, "save is empty; write save: { mine: theirs }");
            return None;
        }
    };
    let mut save = Vec::new();
    for (mine, theirs) in pairs {
        let mine = reader.identifier(mine, "what save writes")?.to_owned();
        let name = reader.text(theirs, "a variable")?.trim();
        reader.names.uses.reads_somewhere(name);
        let known = skill.and_then(|skill| reader.names.variables.get(skill));
        if let (Some(skill), Some(known)) = (skill, known)
            && !known.contains(name)
        {
            let message = format!("skill \"{skill}\" has no variable \"{name}\" to return");
            let names = known.iter().map(String::as_str);
            let diagnostic = crate::bot::reader::unknown("E0171", theirs.span, &message, name, names, "its variables are");
            let diagnostic = match reader.names.attribute(name) {
                Some(_) => Diagnostic::error(
                    "E0171",
                    theirs.span,
                    format!("\"{name}\" is an attribute: it stays with the contact, nothing has to return it"),
                )
                .help("take it out"),
                None => diagnostic,
            };
            reader.out.push(diagnostic);
            return None;
        }
        save.push((mine, name.to_owned()));
    }
    Some(save)
}

impl BlockBody for Calling {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let mut vars = Record::new();
        for (name, template) in &self.with {
            if let Some(value) = at.value(template)? {
                vars.insert(name.clone(), super::data::plain_number(value, template));
            }
        }
        Ok(Flow::Call(Box::new(Called { skill: self.skill.clone(), vars, asked: None })))
    }

    fn passes(&self) -> Vec<&str> {
        self.with.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn calls(&self) -> Option<&str> {
        Some(&self.skill)
    }

    fn returned(&self, at: &mut Moving<'_, '_>, vars: &Record) -> Result<(), Fault> {
        for (mine, theirs) in &self.save {
            // What the called skill left unset is unset here too: nothing old is taken for its answer.
            at.store(mine, vars.get(theirs).cloned())?;
        }
        Ok(())
    }
}
