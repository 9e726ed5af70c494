//! Checking what is asked of recorded events and of changes: aggregates, sequences, windows, `changed within`.

use super::{Checker, Typed, facts::written};
use crate::{
    Place, Problem, Reach, Type,
    ast::{self, Agg, Kind, Label, Node, Step},
    calendar,
    code::{Aggregate, Filter, Sequence, Source, Test, Val, Window},
    did_you_mean,
};
use model::Duration;

impl Checker<'_> {
    pub(super) fn aggregate(&mut self, node: &Node, of: &ast::Aggregate) -> Option<Typed> {
        let name = of.function.name();
        self.one_event(node, &format!("{name}(…)"))?;
        let (source, window) = (self.source(&of.source), self.window(of.window.as_ref(), node));
        let (source, window) = (source?, window?);
        let bare = source.fields.is_empty();
        let ty = match of.function {
            Agg::Count => Type::Number,
            Agg::First | Agg::Last if bare => Type::DateTime,
            Agg::First | Agg::Last => Type::Unknown,
            Agg::Sum | Agg::Avg | Agg::Min | Agg::Max | Agg::Distinct if bare => return self.field_wanted(node, of),
            Agg::Distinct => Type::Number,
            // Numbers or amounts of money, or, the least and the greatest, times: what the events hold is known only then.
            Agg::Sum | Agg::Avg | Agg::Min | Agg::Max => Type::Unknown,
        };
        Some(Typed::new(ty, Val::Aggregate(Box::new(Aggregate { function: of.function, source, window }))))
    }

    /// `sum(purchase)`: of which field?
    fn field_wanted<T>(&mut self, node: &Node, of: &ast::Aggregate) -> Option<T> {
        let (name, event) = (of.function.name(), written(&of.source.event.text));
        let problem = Problem::error("E0343", node.span, format!("`{name}` looks at a field of the event, and `{event}` names none"));
        let attribute = self.scope.attribute(&of.source.event.text).is_some();
        let help = match of.function {
            Agg::Min | Agg::Max if attribute => format!("of values it takes two or more: {name}({event}, 0)"),
            Agg::Sum | Agg::Avg | Agg::Min | Agg::Max => {
                format!("for example {name}({event}.total); how many events there are is count({event})")
            }
            Agg::Count | Agg::First | Agg::Last | Agg::Distinct => {
                format!("for example {name}({event}.category); how many events there are is count({event})")
            }
        };
        self.report(problem.help(help))
    }

    /// What looks at many events has no place where one is looked at.
    fn one_event(&mut self, node: &Node, what: &str) -> Option<()> {
        if !self.in_where {
            return Some(());
        }
        let problem = Problem::error("E0346", node.span, format!("a `where` looks at one event, so `{what}` cannot stand in it"))
            .help("ask for both beside each other: `count(purchase where total > 5) > 1 and count(visit) > 3`");
        self.report(problem)
    }

    pub(super) fn sequence(&mut self, node: &Node, of: &ast::Sequence) -> Option<Test> {
        self.one_event(node, "sequence(…)")?;
        let (first, second) = (self.source(&of.first), self.source(&of.second));
        let window = self.window(of.window.as_ref(), node);
        self.references.time |= of.absent;
        let (first, second, window) = (first?, second?, window?);
        Some(Test::Sequence(Box::new(Sequence { first, absent: of.absent, second, within: of.within, window })))
    }

    fn source(&mut self, of: &ast::Source) -> Option<Source> {
        self.event(&of.event);
        let filter = match &of.filter {
            Some(filter) => Some(self.filter(filter)?),
            None => None,
        };
        let fields = of.fields.iter().map(|field| field.as_str().into()).collect();
        Some(Source { event: of.event.text.as_str().into(), fields, filter })
    }

    fn filter(&mut self, of: &Node) -> Option<Filter> {
        let time = std::mem::replace(&mut self.references.time, false);
        let inside = std::mem::replace(&mut self.in_where, true);
        let cond = self.cond(of);
        self.in_where = inside;
        let asks_time = std::mem::replace(&mut self.references.time, time);
        self.references.time |= asks_time;
        Some(Filter { cond: cond?, time: asks_time })
    }

    /// Events come from anywhere (the website, a program), so an unknown name is only suspicious where it looks like a slip.
    fn event(&mut self, label: &Label) {
        self.references.events.insert(label.text.clone());
        let Some(events) = self.scope.events() else { return };
        if events.contains(&label.text) {
            return;
        }
        let Some(near) = did_you_mean(&label.text, events.iter().map(String::as_str)).map(written) else { return };
        let problem = Problem::warning("W0304", label.span, format!("nothing in this bot raises the event \"{}\"", label.text))
            .help(format!("did you mean {near}?"))
            .suggest(near);
        self.problems.push(problem);
    }

    fn window(&mut self, of: Option<&ast::Window>, node: &Node) -> Option<Window> {
        let window = self.window_of(of, node)?;
        self.references.reach = self.references.reach.or(Reach::of(&window));
        Some(window)
    }

    fn window_of(&mut self, of: Option<&ast::Window>, node: &Node) -> Option<Window> {
        Some(match of {
            None | Some(ast::Window::Ever) => Window::Ever,
            Some(ast::Window::Last(span, zone)) => {
                self.references.time = true;
                Window::Last { span: *span, zone: self.zone(zone.as_ref(), node.span)? }
            }
            Some(ast::Window::Since(low)) => Window::Since(self.moment(low)?.0),
            Some(ast::Window::Between(low, high)) => {
                let (low, high) = (self.moment(low), self.moment(high));
                Window::Between(low?.0, high?.0)
            }
            Some(ast::Window::Calendar(window)) if calendar::is_ahead(window.when) => {
                let name = crate::print::when(window.when);
                let problem =
                    Problem::error("E0344", node.span, format!("nothing that is to come has happened yet: `{name}` holds no event"));
                return self.report(problem.help("windows over events are past: `today`, `this month`, `previous week`, `last 30 days`"));
            }
            Some(ast::Window::Calendar(window)) => {
                self.references.time = true;
                Window::Calendar { when: window.when, zone: self.zone(window.zone.as_ref(), window.zone_span)? }
            }
        })
    }

    /// `plan changed within 2 days`: of a declared attribute that is stored.
    pub(super) fn changed(&mut self, of: &Node, span: Duration) -> Option<Test> {
        // A bare name may be a field of the event, or a variable of the run; `contact.plan` is the attribute in any case.
        let shadowed = |name: &str| match self.place() {
            Place::Event => true,
            Place::Flow => self.scope.variable(name).is_some(),
            Place::Segment => false,
        };
        let attribute = match &of.kind {
            Kind::Path(path) => match path.steps.as_slice() {
                [] if !shadowed(&path.head) => Some(&path.head),
                [Step::Field(name) | Step::Key(name)] if path.head == "contact" => Some(name),
                _ => None,
            },
            _ => None,
        };
        let stored =
            |name: &&String| self.scope.attribute(name).is_some() && self.scope.computed(name).is_none() && self.scope.keeps_changes(name);
        if let Some(name) = attribute.filter(stored) {
            self.references.attributes.insert(name.clone());
            self.references.time = true;
            return Some(Test::Changed { attribute: name.as_str().into(), span });
        }
        // What is wrong with the value itself is told first.
        self.value(of)?;
        let problem = Problem::error("E0345", of.span, format!("when `{}` changed is not known", self.written(of)));
        self.report(
            problem.help("`changed within` asks of an attribute declared under `attributes` in bot.yaml; of a point in time ask `within`"),
        )
    }
}
