//! What expressions promise of any text: reading never panics, a place named lies on whole characters, what is read prints to
//! something that reads as the same, the JSON form too, and what is inferred of a condition holds of it itself.

use switchboard_expr::{Condition, Expression, Place, Problem, Scope, Template, Type};

/// A bot with one attribute of each kind.
struct Names(Place);

impl Scope for Names {
    fn place(&self) -> Place {
        self.0
    }
    fn variable(&self, name: &str) -> Option<Type> {
        (name == "answer").then_some(Type::Unknown)
    }
    fn attribute(&self, name: &str) -> Option<Type> {
        Some(match name {
            "city" => Type::Text,
            "orders" => Type::Number,
            "vip" => Type::Bool,
            "birthday" => Type::Date,
            "last_order" => Type::DateTime,
            "interests" => Type::List,
            "balance" => Type::Money,
            "opens" => Type::Time,
            "plan" => Type::Enum(vec!["free".into(), "gold".into()]),
            _ => return None,
        })
    }
    fn variables(&self) -> Vec<String> {
        vec!["answer".into()]
    }
    fn attributes(&self) -> Vec<String> {
        ["city", "orders", "vip", "birthday", "last_order", "interests", "balance", "opens", "plan"].map(String::from).into()
    }
    fn segments(&self) -> Vec<String> {
        vec!["vip".into(), "gold-members".into()]
    }
    fn tags(&self) -> Option<Vec<String>> {
        Some(vec!["helped".into()])
    }
    fn events(&self) -> Option<Vec<String>> {
        None
    }
    fn skills(&self) -> Vec<String> {
        vec!["help".into()]
    }
    fn channels(&self) -> Vec<String> {
        vec!["web".into(), "telegram".into()]
    }
    fn statuses(&self) -> Vec<String> {
        vec!["active".into(), "callback".into()]
    }
}

/// Asserts everything that holds of any input.
pub fn promises(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for place in [Place::Flow, Place::Segment, Place::Event] {
        let names = Names(place);
        match Condition::parse(&text, &names) {
            Ok((condition, warnings)) => {
                told(&text, &warnings);
                known(&condition, &names);
            }
            Err(problems) => {
                assert!(problems.iter().any(|p| !p.warning), "what cannot be read says why");
                told(&text, &problems);
            }
        }
        match Template::parse(&text, &names) {
            Ok((template, warnings)) => {
                told(&text, &warnings);
                assert_eq!(template.to_string(), text, "a template prints as it was written");
                for read in template.reads() {
                    assert!(text.get(read.range.clone()).is_some(), "{read:?}");
                }
            }
            Err(problems) => told(&text, &problems),
        }
        if let Err(problems) = Expression::parse(&text, &names) {
            told(&text, &problems);
        }
    }
}

fn told(text: &str, problems: &[Problem]) {
    for problem in problems {
        assert!(text.get(problem.range.clone()).is_some(), "{problem:?} is not whole characters of {text:?}");
    }
}

fn known(condition: &Condition, names: &Names) {
    let printed = condition.to_string();
    let again = Condition::parse(&printed, names).unwrap_or_else(|problems| panic!("{printed}: {problems:?}")).0;
    assert_eq!(&again, condition, "what is printed reads as the same: {printed}");
    let from_json = Condition::from_json(&condition.to_json(), names).unwrap_or_else(|problems| panic!("{printed}: {problems:?}")).0;
    assert_eq!(&from_json, condition, "the JSON form reads as the same: {printed}");
    let budget = &mut 10_000;
    let never = condition.never_holds(budget).is_some();
    let before = *budget;
    let itself = condition.implies(condition, budget);
    // Without the budget, or with too many alternatives, nothing is known.
    assert!(itself || never || *budget == before, "a condition implies itself: {printed}");
    condition.settles(true, &|_| Default::default());
    condition.settles(false, &|_| Default::default());
}
