//! What follows from conditions: contradictions are found, implications too, and nothing is said that is not certain.

use crate::common;

use common::Bot;
use switchboard_expr::{Condition, Place};

fn condition(source: &str) -> Condition {
    let bot = Bot::new(Place::Flow);
    Condition::parse(source, &bot).unwrap_or_else(|problems| panic!("{source}: {problems:?}")).0
}

fn never(source: &str) -> bool {
    condition(source).never_holds(&mut 10_000).is_some()
}

fn implies(from: &str, to: &str) -> bool {
    condition(from).implies(&condition(to), &mut 10_000)
}

#[test]
fn contradictions_are_found() {
    for source in [
        "orders > 5 and orders < 3",
        "orders >= 5 and orders < 5",
        "orders = 5 and orders = 6",
        "orders = 5 and orders > 7",
        "orders between 1 and 3 and orders > 3",
        "plan = gold and plan = free",
        "plan in [gold] and plan is not gold",
        "city = \"a\" and city = \"b\"",
        "city is set and city is not set",
        "city = \"a\" and city is not set",
        "vip and not vip",
        "in segment vip and not in segment vip",
        "has tag a and (not has tag a and vip)",
        "(orders > 5 or orders > 7) and orders < 3",
        "not (orders > 5 or orders <= 5) and orders is set",
    ] {
        assert!(never(source), "{source}");
    }
}

#[test]
fn what_may_hold_is_left_alone() {
    for source in [
        "orders > 5 and orders < 7",
        "orders >= 5 and orders <= 5",
        "plan = gold or plan = free",
        "city = \"a\" or city is not set",
        "city != \"a\" and city != \"b\"",
        "language = pt and language = \"pt-BR\"",
        "orders > 5 and visits < 3",
        "city is not \"a\" and city is not set",
        "has tag a and not has tag b",
    ] {
        assert!(!never(source), "{source}");
    }
}

#[test]
fn implications_are_found() {
    for (from, to) in [
        ("orders > 10", "orders > 5"),
        ("orders > 5", "orders >= 5"),
        ("orders = 7", "orders > 5"),
        ("orders = 7", "orders is set"),
        ("orders > 5 and vip", "vip"),
        ("vip", "vip or orders > 5"),
        ("plan = gold", "plan in [gold, free]"),
        ("plan = gold", "plan is not free"),
        ("plan = gold and orders > 10 or plan = gold and orders > 20", "orders > 5 and plan = gold"),
        ("not (vip or orders > 5)", "not vip"),
        ("city is not set", "city is not \"a\""),
    ] {
        assert!(implies(from, to), "{from} => {to}");
    }
    for (from, to) in [
        ("orders > 5", "orders > 10"),
        ("orders >= 5", "orders > 5"),
        ("vip or orders > 5", "vip"),
        ("plan in [gold, free]", "plan = gold"),
        ("orders is set", "orders > 5"),
        ("city is not \"a\"", "city != \"a\""),
        ("city is not \"a\"", "city is set"),
        ("in segment vip", "vip"),
    ] {
        assert!(!implies(from, to), "{from} => {to}");
    }
}

#[test]
fn questions_that_cost_too_much_are_not_answered() {
    let wide = (0..12).map(|n| format!("(orders = {n} or visits = {n})")).collect::<Vec<_>>().join(" and ");
    assert!(!never(&format!("{wide} and vip and not vip")), "more alternatives than are looked at");
    let mut budget = 1;
    assert!(condition("vip and not vip").never_holds(&mut budget).is_none());
}
