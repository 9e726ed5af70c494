//! Attributes that a bot declares: those it stores about a contact, and those it computes when they are used
//! (FL 7.1).

use super::names::NameScope;
use super::reader::{At, Fields, boolean, is_identifier, one_or_many, text, took, unknown};
use super::{Names, config::named};
use expr::{Expression, Place, Scope, Type};
use model::{AttributeDef, AttributeType, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use syntax::{Diagnostic, Diagnostics, Node, Spanned};

const TYPES: [&str; 13] =
    ["text", "number", "bool", "date", "datetime", "enum", "list", "money", "phone", "email", "url", "language", "country"];
/// How many computed attributes may look at one another in a chain.
const DEEPEST: usize = 16;

/// What `attributes:` declares.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    pub custom: Vec<AttributeDef>,
    pub computed: Vec<Written>,
}

/// A computed attribute as written; its expression is read when all names are known.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub name: String,
    pub expression: Spanned<Node>,
    pub ty: Option<(AttributeType, syntax::Span)>,
}

/// A computed attribute.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    pub ty: Type,
    /// None if it could not be read, which was told.
    pub expression: Option<Expression>,
}

/// Reads `attributes:`.
pub(crate) fn read(node: At<'_>, out: &mut Diagnostics) -> Attributes {
    let mut read = Attributes::default();
    for (name, key, value) in named(node, "attributes", out) {
        if !is_identifier(name) {
            out.push(
                Diagnostic::error("E0114", key.span, format!("an attribute is a name of letters, digits and _, not \"{name}\""))
                    .help("conditions and ${…} can read only such names"),
            );
            continue;
        }
        if let Some(expression) = value.get("computed") {
            let Some(mut fields) = Fields::of(value, &format!("computed attribute \"{name}\""), out) else { continue };
            fields.take("computed");
            let values = fields.take("values");
            let ty = fields.take("type").and_then(|n| Some((attribute_type(text(n, "type", out)?, values, n, out)?, n.span)));
            if let Some(node) = fields.take("personal") {
                boolean(node, "personal", out);
            }
            if let Some((span, _)) = fields.take_with_key("default") {
                out.push(
                    Diagnostic::error("E0255", span, "a computed attribute has no default: nothing is stored")
                        .help("write it into the expression: computed: EXPRESSION | default(0)"),
                );
            }
            fields.finish(out);
            read.computed.push(Written { name: name.to_owned(), expression: expression.clone(), ty });
            continue;
        }
        if let Some(declared) = one(name, value, &format!("attribute \"{name}\""), out) {
            read.custom.push(declared);
        }
    }
    read
}

/// One declaration of a stored value: `phone: phone`, or `phone: { type: phone, personal: true }`.
pub(crate) fn one(name: &str, value: At<'_>, what: &str, out: &mut Diagnostics) -> Option<AttributeDef> {
    if let Some(short) = value.as_text() {
        let ty = attribute_type(short, None, value, out)?;
        return Some(AttributeDef { name: name.to_owned(), ty, default: None, personal: false });
    }
    let mut fields = Fields::of(value, what, out)?;
    let values = fields.take("values");
    let ty = match fields.take("type") {
        None => Some(if values.is_some() { AttributeType::Enum(enum_values(values, value, out)) } else { AttributeType::Text }),
        Some(node) => text(node, "type", out).and_then(|t| attribute_type(t, values, node, out)),
    };
    let personal = fields.take("personal").and_then(|n| boolean(n, "personal", out)).unwrap_or(false);
    let default = fields.take("default");
    fields.finish(out);
    let ty = ty?;
    let default = default.and_then(|node| {
        let written = match &node.value {
            Node::List(items) if ty == AttributeType::List => items_of_default(items, out)?,
            Node::List(_) => {
                let message = format!("the default of type {} is one value, not a list", ty.name());
                out.push(Diagnostic::error("E0103", node.span, message).help("an attribute of several values has type: list"));
                return None;
            }
            Node::Null | Node::Scalar(_) | Node::Map(_) => Value::text(text(node, "default", out)?),
        };
        let zone = jiff::tz::TimeZone::UTC;
        let context = expr::Coercion { language: None, country: None, zone: &zone, now: model::Instant::default() };
        match expr::coerce(&written, &ty, &context) {
            Ok(value) => Some(value),
            Err(why) => {
                out.push(Diagnostic::error("E0104", node.span, format!("the default does not fit: {why}")));
                None
            }
        }
    });
    Some(AttributeDef { name: name.to_owned(), ty, default, personal })
}

/// A default of several values: each a text, as what `a, b` says is.
fn items_of_default(items: &[Spanned<Node>], out: &mut Diagnostics) -> Option<Value> {
    let read: Vec<Value> =
        items.iter().filter_map(|item| text(item, "a value of the default", out)).map(|item| Value::text(item.trim())).collect();
    (read.len() == items.len()).then_some(Value::List(read))
}

fn enum_values(values: Option<At<'_>>, owner: At<'_>, out: &mut Diagnostics) -> Vec<String> {
    let read: Vec<String> =
        values.map(|n| one_or_many(n).iter().filter_map(|v| text(v, "a value", out).map(str::to_owned)).collect()).unwrap_or_default();
    if read.is_empty() {
        out.push(Diagnostic::error("E0102", owner.span, "an enum needs its values").help("values: [free, gold]"));
    }
    read
}

fn attribute_type(name: &str, values: Option<At<'_>>, node: At<'_>, out: &mut Diagnostics) -> Option<AttributeType> {
    Some(match name {
        "text" => AttributeType::Text,
        "number" => AttributeType::Number,
        "bool" => AttributeType::Bool,
        "date" => AttributeType::Date,
        "datetime" => AttributeType::Datetime,
        "enum" => AttributeType::Enum(enum_values(values, node, out)),
        "list" => AttributeType::List,
        "money" => AttributeType::Money,
        "phone" => AttributeType::Phone,
        "email" => AttributeType::Email,
        "url" => AttributeType::Url,
        "language" => AttributeType::Language,
        "country" => AttributeType::Country,
        _ => {
            let message = format!("there is no attribute type \"{name}\"");
            let ours = match name.to_lowercase().as_str() {
                "string" | "str" | "char" | "varchar" => Some("text"),
                "int" | "integer" | "float" | "double" | "decimal" | "numeric" => Some("number"),
                "boolean" | "yesno" | "yes_no" => Some("bool"),
                "timestamp" | "date_time" => Some("datetime"),
                "array" | "set" => Some("list"),
                "choice" | "options" | "select" => Some("enum"),
                "link" | "website" | "uri" => Some("url"),
                "tel" | "telephone" | "mobile" => Some("phone"),
                "mail" | "e-mail" => Some("email"),
                "currency" | "price" | "amount" => Some("money"),
                _ => None,
            };
            out.push(match ours {
                Some(ours) => Diagnostic::error("E0117", node.span, message).help(format!("here it is called {ours}")).guess(
                    node.span,
                    ours,
                    format!("write {ours}"),
                ),
                None => unknown("E0117", node.span, &message, name, TYPES.iter().copied(), "the types are"),
            });
            return None;
        }
    })
}

/// Reads the expressions of all computed attributes, those that others look at first; a circle is told.
pub(crate) fn compute(written: &[Written], names: &Names, out: &mut Diagnostics) -> BTreeMap<String, Computed> {
    let reading = Reading { names, written, done: RefCell::default(), path: RefCell::default(), out: RefCell::new(std::mem::take(out)) };
    for attribute in written {
        reading.one(&attribute.name);
    }
    *out = reading.out.into_inner();
    reading.done.into_inner()
}

/// Computed attributes while they are read: one that is met in an expression is read there and then.
struct Reading<'a> {
    names: &'a Names,
    written: &'a [Written],
    done: RefCell<BTreeMap<String, Computed>>,
    /// What is being read, outermost first.
    path: RefCell<Vec<String>>,
    out: RefCell<Diagnostics>,
}

impl Reading<'_> {
    /// The computed attribute of a name; none if there is none.
    fn one(&self, name: &str) -> Option<Computed> {
        if let Some(done) = self.done.borrow().get(name) {
            return Some(done.clone());
        }
        let attribute = self.written.iter().find(|w| w.name == name)?;
        let broken = Computed { ty: Type::Unknown, expression: None };
        let circle = {
            let path = self.path.borrow();
            path.iter().position(|p| p == name).map(|at| path.get(at..).unwrap_or_default().join(" → "))
        };
        if let Some(circle) = circle {
            self.tell(
                Diagnostic::error("E0256", attribute.expression.span, format!("\"{name}\" is computed from itself: {circle} → {name}"))
                    .help("store one of them with data instead of computing it"),
            );
            return Some(broken);
        }
        if self.path.borrow().len() >= DEEPEST {
            let message = format!("more than {DEEPEST} computed attributes look at one another in a chain");
            self.tell(Diagnostic::error("E0256", attribute.expression.span, message));
            return Some(broken);
        }
        self.path.borrow_mut().push(name.to_owned());
        let read = self.read(attribute);
        self.path.borrow_mut().pop();
        let computed = read.unwrap_or(broken);
        self.done.borrow_mut().insert(name.to_owned(), computed.clone());
        Some(computed)
    }

    fn read(&self, attribute: &Written) -> Option<Computed> {
        let mut out = Diagnostics::new();
        let source = text(&attribute.expression, "computed", &mut out);
        // `${…}` is how values stand in prose; here the expression stands alone.
        let source = source.filter(|s| {
            let prose = s.trim_start().starts_with("${");
            if prose {
                out.push(
                    Diagnostic::error("E0255", attribute.expression.span, "computed holds an expression, not prose")
                        .help("write it without ${ and }: computed: years_since(birthday)"),
                );
            }
            !prose
        });
        let scope = Inside { names: self.names.in_segment(), reading: self };
        let read = source.and_then(|s| took(Expression::parse(s, &scope), &attribute.expression, &mut out));
        for diagnostic in out.iter() {
            self.tell(diagnostic.clone());
        }
        let expression = read?;
        let span = attribute.expression.span;
        if let Some(segment) = expression.references().segments.first() {
            self.tell(
                Diagnostic::error("E0255", span, format!("a computed attribute cannot look at a segment ({segment})"))
                    .help("segments look at attributes; write the condition of the segment here, or ask for the segment where it is used"),
            );
            return None;
        }
        let ty = match &attribute.ty {
            None => expression.ty().clone(),
            Some((declared, at)) => {
                let declared = Type::from(declared);
                let found = expression.ty();
                let fits = *found == Type::Unknown || *found == declared || (found.is_text() && declared.is_text());
                if !fits {
                    let message = format!("it is declared as {} and the expression gives {}", declared.name(), found.name());
                    self.tell(Diagnostic::error("E0255", *at, message).help("take \"type\" out: it follows from the expression"));
                }
                // What an expression gives stays as it is: only what is kept is brought to one spelling.
                if declared.spelling().is_some() && *found != declared { Type::Text } else { declared }
            }
        };
        Some(Computed { ty, expression: Some(expression) })
    }

    fn tell(&self, diagnostic: Diagnostic) {
        self.out.borrow_mut().push(diagnostic);
    }
}

/// What names mean inside a computed attribute: the contact, and other computed attributes.
struct Inside<'a> {
    names: NameScope<'a>,
    reading: &'a Reading<'a>,
}

impl Scope for Inside<'_> {
    fn place(&self) -> Place {
        self.names.place()
    }
    fn variable(&self, _name: &str) -> Option<Type> {
        None
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        self.reading.one(name).map(|c| c.ty).or_else(|| self.names.attribute(name))
    }
    fn computed(&self, name: &str) -> Option<Expression> {
        self.reading.one(name)?.expression
    }
    fn variables(&self) -> Vec<String> {
        Vec::new()
    }
    fn attributes(&self) -> Vec<String> {
        self.names.attributes()
    }
    fn segments(&self) -> Vec<String> {
        self.names.segments()
    }
    fn tags(&self) -> Option<Vec<String>> {
        self.names.tags()
    }
    fn events(&self) -> Option<Vec<String>> {
        self.names.events()
    }
    fn keeps_changes(&self, attribute: &str) -> bool {
        self.names.keeps_changes(attribute)
    }
    fn skills(&self) -> Vec<String> {
        self.names.skills()
    }
    fn channels(&self) -> Vec<String> {
        self.names.channels()
    }
    fn statuses(&self) -> Vec<String> {
        self.names.statuses()
    }
    fn country(&self) -> Option<String> {
        self.names.country()
    }
}
