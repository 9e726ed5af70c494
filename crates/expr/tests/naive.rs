//! The evaluator against a deliberately naive one that shares nothing with it but the meaning: it works on a tree
//! of its own and on plain options, from which the text that the real one reads is written.

use crate::common;

use common::{Bot, Person};
use model::Value;
use proptest::prelude::*;
use switchboard_expr::{Condition, Fuel, Place, Truth};

/// A condition, in its simplest words.
#[derive(Clone, Debug)]
enum Plain {
    Number(&'static str, &'static str, i64),
    NumberIn(&'static str, &'static str, Vec<i64>),
    Between(&'static str, bool, i64, i64),
    Text(&'static str, &'static str, String),
    Set(&'static str, bool),
    Tag(&'static str),
    Segment(&'static str),
    Within(&'static str, u16),
    Older(&'static str, u16),
    Flag,
    Not(Box<Plain>),
    And(Vec<Plain>),
    Or(Vec<Plain>),
}

/// What is known: everything may be missing.
#[derive(Clone, Debug)]
struct World {
    orders: Option<i64>,
    visits: Option<i64>,
    city: Option<String>,
    vip: Option<bool>,
    /// Hours before now; negative ones are to come.
    last_order: Option<i16>,
    helped: bool,
    segment: Option<bool>,
}

fn written(plain: &Plain) -> String {
    let joined = |parts: &[Plain], word: &str| format!("({})", parts.iter().map(written).collect::<Vec<_>>().join(word));
    match plain {
        Plain::Number(name, op, n) => format!("{name} {op} {n}"),
        Plain::NumberIn(name, op, list) => format!("{name} {op} {list:?}"),
        Plain::Between(name, not, low, high) => format!("{name} {}between {low} and {high}", if *not { "not " } else { "" }),
        Plain::Text(name, op, text) => format!("{name} {op} \"{text}\""),
        Plain::Set(name, not) => format!("{name} is {}set", if *not { "not " } else { "" }),
        Plain::Tag(tag) => format!("has tag {tag}"),
        Plain::Segment(name) => format!("in segment {name}"),
        Plain::Within(name, hours) => format!("{name} within {hours}h"),
        Plain::Older(name, hours) => format!("{name} older than {hours}h"),
        Plain::Flag => "vip".into(),
        Plain::Not(of) => format!("not {}", written(of)),
        Plain::And(parts) => joined(parts, " and "),
        Plain::Or(parts) => joined(parts, " or "),
    }
}

/// The meaning, as a table would give it: `None` is unknown.
fn meaning(plain: &Plain, world: &World) -> Option<bool> {
    let number = |name: &str| if name == "orders" { world.orders } else { world.visits };
    match plain {
        Plain::Number(name, op, n) => match (number(name), *op) {
            (None, "is not") => Some(true),
            (None, _) => None,
            (Some(x), "=" | "is") => Some(x == *n),
            (Some(x), "!=" | "is not") => Some(x != *n),
            (Some(x), "<") => Some(x < *n),
            (Some(x), "<=") => Some(x <= *n),
            (Some(x), ">") => Some(x > *n),
            (Some(x), _) => Some(x >= *n),
        },
        Plain::NumberIn(name, op, list) => match (number(name), *op) {
            (None, "is not in") => Some(true),
            (None, _) => None,
            (Some(x), "in") => Some(list.contains(&x)),
            (Some(x), _) => Some(!list.contains(&x)),
        },
        Plain::Between(name, not, low, high) => number(name).map(|x| (x >= *low && x <= *high) != *not),
        Plain::Text(_, op, text) => {
            let city = world.city.as_ref().map(|c| c.to_lowercase());
            let text = text.to_lowercase();
            match (city, *op) {
                (None, "is not") => Some(true),
                (None, _) => None,
                (Some(c), "=") => Some(c == text),
                (Some(c), "!=" | "is not") => Some(c != text),
                (Some(c), "contains") => Some(c.contains(&text)),
                (Some(c), "starts with") => Some(c.starts_with(&text)),
                (Some(c), _) => Some(!c.ends_with(&text)),
            }
        }
        Plain::Set(name, not) => Some((if *name == "city" { world.city.is_some() } else { number(name).is_some() }) != *not),
        Plain::Tag(tag) => Some(*tag == "helped" && world.helped),
        Plain::Segment(_) => world.segment,
        Plain::Within(_, hours) => world.last_order.map(|ago| ago >= 0 && i32::from(ago) < i32::from(*hours)),
        Plain::Older(_, hours) => world.last_order.map(|ago| i32::from(ago) >= i32::from(*hours)),
        Plain::Flag => world.vip,
        Plain::Not(of) => meaning(of, world).map(|b| !b),
        Plain::And(parts) => {
            let all: Vec<_> = parts.iter().map(|p| meaning(p, world)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else if all.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Plain::Or(parts) => {
            let all: Vec<_> = parts.iter().map(|p| meaning(p, world)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else if all.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
    }
}

fn person(world: &World) -> Person {
    let mut person = Person::default();
    let mut set = |name: &str, value: Option<Value>| match value {
        Some(value) => drop(person.attributes.insert(name.into(), value)),
        None => drop(person.attributes.remove(name)),
    };
    set("orders", world.orders.map(|n| Value::Number(n.into())));
    set("visits", world.visits.map(|n| Value::Number(n.into())));
    set("city", world.city.clone().map(Value::Text));
    set("vip", world.vip.map(Value::Bool));
    let now = Person::default().now;
    set("last_order", world.last_order.map(|ago| Value::DateTime(now.plus_micros(-i64::from(ago) * 3_600_000_000))));
    if !world.helped {
        person.tags.clear();
    }
    person.segments.clear();
    if let Some(inside) = world.segment {
        person.segments.insert("vip".into(), inside.into());
    }
    person
}

fn plain() -> impl Strategy<Value = Plain> {
    use proptest::sample::select;
    let name = || select(vec!["orders", "visits"]);
    let n = || -2i64..4;
    let leaf = prop_oneof![
        (name(), select(vec!["=", "!=", "is", "is not", "<", "<=", ">", ">="]), n()).prop_map(|(a, b, c)| Plain::Number(a, b, c)),
        (name(), select(vec!["in", "not in", "is not in"]), prop::collection::vec(n(), 0..4))
            .prop_map(|(a, b, c)| Plain::NumberIn(a, b, c)),
        (name(), any::<bool>(), n(), n()).prop_map(|(a, b, c, d)| Plain::Between(a, b, c, d)),
        (select(vec!["=", "!=", "is not", "contains", "starts with", "not ends with"]), "[abAB]{0,2}")
            .prop_map(|(a, b)| Plain::Text("city", a, b)),
        (select(vec!["orders", "visits", "city"]), any::<bool>()).prop_map(|(a, b)| Plain::Set(a, b)),
        select(vec!["helped", "refunded"]).prop_map(Plain::Tag),
        Just(Plain::Segment("vip")),
        (0u16..5).prop_map(|h| Plain::Within("last_order", h)),
        (0u16..5).prop_map(|h| Plain::Older("last_order", h)),
        Just(Plain::Flag),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|p| Plain::Not(Box::new(p))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Plain::And),
            prop::collection::vec(inner, 1..4).prop_map(Plain::Or),
        ]
    })
}

fn world() -> impl Strategy<Value = World> {
    let n = || prop::option::of(-2i64..4);
    (n(), n(), prop::option::of("[abAB]{1,3}"), any::<Option<bool>>(), prop::option::of(-2i16..6), any::<bool>(), any::<Option<bool>>())
        .prop_map(|(orders, visits, city, vip, last_order, helped, segment)| World {
            orders,
            visits,
            city,
            vip,
            last_order,
            helped,
            segment,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn the_evaluator_means_what_the_tables_say(plain in plain(), world in world()) {
        let src = written(&plain);
        let condition = Condition::parse(&src, &Bot::new(Place::Flow)).map_err(|p| TestCaseError::fail(common::told(&p)))?.0;
        let expected = meaning(&plain, &world).map_or(Truth::Unknown, Truth::from);
        let person = person(&world);
        prop_assert_eq!(condition.eval(&person, &mut Fuel::new(100_000)), Ok(expected), "{}", src);
        prop_assert_eq!(condition.explain(&person, &mut Fuel::new(100_000)).verdict, expected, "explained: {}", src);
    }
}
