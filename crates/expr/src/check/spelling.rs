//! Texts in quotes beside something of which every value is kept in one spelling, as phone numbers are: they are brought to that spelling
//! as well. One that cannot be stays as it is written: it is only doubtful, for `!=` may be meant.

use super::{Checker, Typed, leaf};
use crate::{
    Problem, Type,
    ast::{Kind, Node, Op},
    code::{Cond, ListOf, Sense, Test, Val},
    coerce::{Coercion, coerce},
};
use jiff::tz::TimeZone;
use model::{Instant, Value};

impl Checker<'_> {
    /// A value in the spelling of what it stands `beside`, which is of the type `ty`.
    pub(super) fn spelt(&mut self, ty: &Type, beside: &Node, typed: Typed, node: &Node) -> Typed {
        let (Some(kept), Val::Literal { value: value @ Value::Text(text), .. }) = (ty.spelling(), &typed.val) else { return typed };
        let (country, zone) = (self.scope.country(), TimeZone::UTC);
        let context = Coercion { language: None, country: country.as_deref(), zone: &zone, now: Instant::default() };
        let why = match coerce(value, &kept, &context) {
            Ok(value) => return Typed::new(ty.clone(), Val::literal(value)),
            Err(why) => why,
        };
        let name = self.written(beside);
        let problem = Problem::warning("W0305", node.span, format!("`{name}` is never \"{text}\""));
        self.problems.push(match ty {
            _ if text.trim().is_empty() => problem.help(format!("whether there is one asks `{name} is set`")),
            Type::Phone => problem.help(format!("{why}; \"+12065551212\" is one")),
            Type::Email => problem.help(format!("{why}; \"ana@example.com\" is one")),
            _ => problem.help(why),
        });
        typed
    }

    /// Whether `left` is one of `items`, each with its node. A text in quotes is brought to the spelling that all of them have; where they
    /// differ it is held against each by itself.
    pub(super) fn among(&mut self, node: &Node, left: (&Node, Typed), items: Vec<(&Node, Typed)>, sense: Sense) -> Cond {
        let (of, typed) = left;
        let text = match &typed.val {
            Val::Literal { value: Value::Text(text), .. } => Some(text.clone()),
            _ => None,
        };
        let kept = items.iter().find(|(_, item)| item.ty.spelling().is_some()).map(|(beside, item)| (*beside, item.ty.clone()));
        let (typed, items) = match (text, kept) {
            (Some(_), Some((beside, ty))) if items.iter().all(|(_, item)| item.ty == ty) => (self.spelt(&ty, beside, typed, of), items),
            (Some(text), Some(_)) => return self.each(&text, of, items, sense),
            (None, _) | (_, None) => (typed, items),
        };
        let language = typed.ty == Type::Language;
        let list = ListOf::Items(items.into_iter().map(|(_, item)| item.val).collect());
        leaf(node, Test::In { of: typed.val, list, sense, language })
    }

    /// A text in quotes held against each item by itself. It is never missing, so that `not in` and `is not in` are the same.
    fn each(&mut self, text: &str, of: &Node, items: Vec<(&Node, Typed)>, sense: Sense) -> Cond {
        let compared = items.into_iter().map(|(item, found)| {
            let written = Typed::new(Type::Text, Val::literal(Value::text(text)));
            let left = self.spelt(&found.ty, item, written, of).val;
            let compare = Kind::Compare { op: Op::Eq, left: Box::new(of.clone()), right: Box::new(item.clone()) };
            let test = Test::Equal { left, right: found.val, sense: Sense::Plain, language: false };
            leaf(&Node::new(compare, of.span.to(item.span)), test)
        });
        let any = Cond::Any(compared.collect());
        match sense {
            Sense::Plain => any,
            Sense::Not | Sense::IsNot => Cond::Not(Box::new(any)),
        }
    }
}
