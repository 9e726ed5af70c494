//! What a name means: run variable, declared attribute, system attribute, root or field (FL 6.3).

use super::{Checker, Typed, a};
use crate::{
    Place, Problem, ReadOf, Root, Type,
    ast::{Node, Path, Step},
    code::Val,
    did_you_mean,
    system::{SYSTEM, system},
};
use model::Value;
use std::ops::Range;

const ROOTS: [Root; 4] = [Root::Event, Root::Run, Root::Queue, Root::Bot];

impl Checker<'_> {
    pub(super) fn path(&mut self, node: &Node, path: &Path) -> Option<Typed> {
        if path.head == "contact" && !path.steps.is_empty() {
            return self.of_contact(node, path);
        }
        if !path.steps.is_empty()
            && let Some(root) = ROOTS.into_iter().find(|r| r.name() == path.head)
        {
            self.root_allowed(node, root)?;
            if self.in_where && root == Root::Event {
                return self.of_event(node, path);
            }
            return Some(self.parts_of(Val::Root(root), &path.steps));
        }
        let Typed { ty, val } = self.name(&path.head, node)?;
        if path.steps.is_empty() {
            return Some(Typed { ty, val });
        }
        if !matches!(ty, Type::List | Type::Record | Type::Unknown) {
            let problem = Problem::error("E0321", node.span, format!("`{}` is {}; it has no parts", path.head, a(&ty)));
            return self.report(problem);
        }
        Some(self.parts_of(val, &path.steps))
    }

    /// `event.name` in a `where`: a field of the event itself, even where a record at hand has one of that name.
    fn of_event(&mut self, node: &Node, path: &Path) -> Option<Typed> {
        let Some((Step::Field(name) | Step::Key(name), rest)) = path.steps.split_first() else {
            let problem = Problem::error("E0310", node.span, "`event` is followed by the name of a field, for example event.total");
            return self.report(problem);
        };
        let field = Val::Field { event: true, name: name.as_str().into() };
        Some(if rest.is_empty() { Typed::new(Type::Unknown, field) } else { self.parts_of(field, rest) })
    }

    fn parts_of(&self, of: Val, steps: &[Step]) -> Typed {
        Typed::new(Type::Unknown, Val::Part { of: Box::new(of), steps: steps.into() })
    }

    fn root_allowed(&mut self, node: &Node, root: Root) -> Option<()> {
        let allowed = match root {
            Root::Bot => true,
            Root::Event => matches!(self.place(), Place::Flow | Place::Event),
            Root::Run | Root::Queue => self.place() == Place::Flow,
        };
        if allowed {
            return Some(());
        }
        self.only_in_flows(root.name(), node.span.into())
    }

    fn only_in_flows<T>(&mut self, name: &str, range: Range<usize>) -> Option<T> {
        let place = match self.place() {
            Place::Segment => "a segment",
            Place::Event => "a condition on an event",
            Place::Flow => "this place",
        };
        let problem = Problem::error("E0311", range, format!("`{name}` exists only in skills, not in {place}"))
            .help("a segment sees the contact: attributes, tags, segments, channels");
        self.report(problem)
    }

    /// `contact.name`: an attribute even where the name is a keyword or a variable.
    fn of_contact(&mut self, node: &Node, path: &Path) -> Option<Typed> {
        let Some((Step::Field(name) | Step::Key(name), rest)) = path.steps.split_first() else {
            let problem = Problem::error("E0310", node.span, "`contact` is followed by the name of an attribute, for example contact.plan");
            return self.report(problem);
        };
        let typed = self.attribute(name, node).or_else(|| self.system(name, node));
        let Some(typed) = typed else { return self.unknown(name, node, false) };
        if rest.is_empty() {
            return Some(typed);
        }
        if !matches!(typed.ty, Type::List | Type::Record | Type::Unknown) {
            let problem = Problem::error("E0321", node.span, format!("`{name}` is {}; it has no parts", a(&typed.ty)));
            return self.report(problem);
        }
        Some(self.parts_of(typed.val, rest))
    }

    fn attribute(&mut self, name: &str, node: &Node) -> Option<Typed> {
        let ty = self.scope.attribute(name)?;
        self.references.attributes.insert(name.to_owned());
        if let Some(expression) = self.scope.computed(name) {
            self.references.merge(&expression.references());
            return Some(Typed::new(ty, Val::Computed { name: name.into(), expression }));
        }
        self.reads(name, ReadOf::Attribute, node);
        Some(Typed::new(ty, Val::Attribute(name.into())))
    }

    fn system(&mut self, name: &str, node: &Node) -> Option<Typed> {
        let found = system(name)?;
        if found.flow && self.place() != Place::Flow {
            return self.only_in_flows(name, node.span.into());
        }
        self.reads(name, ReadOf::System, node);
        self.references.system.insert(name.to_owned());
        self.references.time |= found.time;
        Some(Typed::new(found.ty.clone(), Val::System(found.name)))
    }

    /// A bare name.
    fn name(&mut self, name: &str, node: &Node) -> Option<Typed> {
        let place = self.place();
        if name == "true" || name == "false" {
            return Some(Typed::new(Type::Bool, Val::literal(Value::Bool(name == "true"))));
        }
        if self.in_where {
            return Some(Typed::new(Type::Unknown, Val::Field { event: false, name: name.into() }));
        }
        if place == Place::Event {
            let of = Box::new(Val::Root(Root::Event));
            return Some(Typed::new(Type::Unknown, Val::Part { of, steps: Box::new([Step::Field(name.to_owned())]) }));
        }
        if place == Place::Flow
            && let Some(ty) = self.scope.variable(name)
        {
            self.references.variables.insert(name.to_owned());
            self.reads(name, ReadOf::Variable, node);
            return Some(Typed::new(ty, Val::Variable(name.into())));
        }
        if let Some(typed) = self.attribute(name, node) {
            return Some(typed);
        }
        if let Some(typed) = self.system(name, node) {
            return Some(typed);
        }
        if name == "input" {
            if place != Place::Flow {
                return self.only_in_flows(name, node.span.into());
            }
            return Some(Typed::new(Type::Unknown, Val::Input));
        }
        if let Some(root) = ROOTS.into_iter().find(|r| r.name() == name) {
            self.root_allowed(node, root)?;
            return Some(Typed::new(Type::Record, Val::Root(root)));
        }
        self.unknown(name, node, true)
    }

    /// Whether a bare name stands for something.
    pub(crate) fn is_name(&self, name: &str) -> bool {
        let scope = self.scope;
        let variable = match self.place() {
            Place::Flow => scope.variable(name).is_some() || name == "input",
            Place::Segment | Place::Event => false,
        };
        variable
            || name == "true"
            || name == "false"
            || scope.attribute(name).is_some()
            || system(name).is_some()
            || ROOTS.iter().any(|r| r.name() == name)
    }

    /// The known name nearest to a word.
    pub(super) fn near(&self, name: &str) -> Option<String> {
        let mut names = if self.place() == Place::Flow { self.scope.variables() } else { Vec::new() };
        names.extend(self.scope.attributes());
        names.extend(SYSTEM.iter().map(|s| s.name.to_owned()));
        did_you_mean(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    fn unknown<T>(&mut self, name: &str, node: &Node, bare: bool) -> Option<T> {
        let written = self.written(node);
        if name == "secret" {
            let message = format!("`{written}` cannot stand here: a secret is never shown, stored or compared");
            return self.report(Problem::error("E0243", node.span, message).help(
                "put it under `headers`, `query` or `body` of a `json` block: it is filled in as the request leaves, for the hosts it is bound to",
            ));
        }
        if name == "env" {
            let message = format!("`{written}` cannot be read here: skills and segments do not see the server's environment");
            return self.report(Problem::error("E0244", node.span, message).help(
                "${env.NAME} stands in bot.yaml, under `channels`, `email` and `sms`; a value that flows read is declared under `globals`",
            ));
        }
        let mut problem = Problem::error("E0310", node.span, format!("nothing here is called `{name}`"));
        problem = match self.near(name) {
            Some(near) => {
                let suggestion = if bare && self.written(node) == name { Some(near.clone()) } else { None };
                problem.help(format!("did you mean `{near}`?")).suggest_opt(suggestion)
            }
            None => problem
                .help("declare it under `attributes:` in bot.yaml, or save it with `listen` or `data` before; a text stands in quotes"),
        };
        self.report(problem)
    }
}
