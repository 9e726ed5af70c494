//! What conditions come to: one example at least for each test, operator and rule of FL 6.

use crate::common;

use common::*;
use model::Value;
use switchboard_expr::{Condition, EvalError, Fuel, Place, Truth};

const T: Truth = Truth::True;
const F: Truth = Truth::False;
const U: Truth = Truth::Unknown;

#[test]
fn every_test_and_operator() {
    let table: &[(&str, Truth)] = &[
        // Facts.
        ("in segment vip", T),
        ("in segment gold-members", F),
        ("in segment broken", U),
        ("has tag helped", T),
        ("has tag HELPED", T),
        ("has tag \"größe\"", T),
        ("has tag größe", T),
        ("has tag refunded", F),
        ("has tag helped added within 2h", T),
        ("has tag helped added within last 1h", F),
        ("has tag refunded added within 2h", F),
        ("has any tag [refunded, helped]", T),
        ("has all tag [refunded, helped]", F),
        ("ran skill order-help", T),
        ("ran skill order-help within 7 days", T),
        ("ran skill order-help within 2 days", F),
        ("ran skill talk", F),
        ("has channel telegram", T),
        ("has consent news", T),
        ("has consent ads", U),
        ("reachable", T),
        ("reachable on web", F),
        // Equality, and what a missing value does to it.
        ("plan = gold", T),
        ("plan = GOLD", T),
        ("plan is gold", T),
        ("plan is not gold", F),
        ("plan != \"gold plus\"", T),
        ("city = \"madrid centro\"", T),
        ("orders = 12.0", T),
        ("email = \"a\"", U),
        ("email != \"a\"", U),
        ("email is not \"a\"", T),
        ("not email = \"a\"", U),
        ("email is set", F),
        ("email is not set", T),
        ("city is set", T),
        ("vip", T),
        ("vip = true", T),
        ("vip is not false", T),
        ("is_new", F),
        ("balance = 12.5", T),
        ("balance > 12", T),
        // Order.
        ("orders >= 12", T),
        ("orders > 12", F),
        ("orders < 12.01", T),
        ("orders <= 11", F),
        ("opens < 09:30", T),
        ("birthday < 2000-01-01", T),
        ("last_order >= 2026-02-27", T),
        ("last_order = 2026-02-27", T),
        ("orders between 10 and 12", T),
        ("orders not between 10 and 12", F),
        ("orders between 12.5 and 20 or orders between 1 and 3", F),
        // Lists.
        ("country in [US, NO]", T),
        ("country in [IN, NO, IS, OR, \"US\"]", T),
        ("country not in [US, NO]", F),
        ("plan in [free]", F),
        ("email in [\"a\"]", U),
        ("email not in [\"a\"]", U),
        ("email is not in [\"a\"]", T),
        ("orders in [1, visits]", U),
        ("orders in [12, visits]", T),
        ("\"tea\" in interests", T),
        ("interests contains \"TEA\"", T),
        ("interests contains 7", T),
        ("interests not contains \"dogs\"", T),
        // Text.
        ("city contains \"CENTRO\"", T),
        ("city contains \"drid c\"", T),
        ("city starts with \"madrid\"", T),
        ("city ends with \"madrid\"", F),
        ("city not ends with \"madrid\"", T),
        ("input matches /^[A-Z]{2}\\d+$/", T),
        ("input matches /^ab/", F),
        ("input matches /^ab/i", T),
        ("input not matches /^[a-z]/", T),
        ("\"北京大学\" contains \"京大\"", T),
        // Time.
        ("last_seen within 7 days", T),
        ("last_order within 3 days", F),
        ("last_order within 73h", T),
        ("last_order older than 3 days", T),
        ("last_order older than 6 months", F),
        ("appointment within next 2 days", U),
        ("anniversary(birthday) is today", T),
        ("anniversary(birthday) is not tomorrow", T),
        ("last_order is previous month", T),
        ("last_order is this year", T),
        ("last_order is yesterday in contact zone", F),
        ("last_seen is this hour in \"Asia/Kolkata\" zone", T),
        ("appointment is not today", T),
        ("birthday older than 18 years", T),
        ("now is today", T),
        // Logic.
        ("vip and plan = gold or email is set", T),
        ("vip and (plan = free or orders > 100)", F),
        ("not not vip", T),
        ("not vip or email = \"x\"", U),
        ("email = \"x\" and not vip", F),
        ("(orders > 3) = true", T),
        // Names.
        ("contact.in = 1", T),
        ("in = 1", T),
        ("order_number = 41", T),
        ("event.total >= 5", T),
        ("event.items[0].price = 5", T),
        ("event.items[1].price = 5", U),
        ("event[\"total\"] = 5", T),
        ("event.status = \"delayed\"", T),
        ("bot.name = \"shop\"", T),
        ("run.skill = \"x\"", U),
        // What is not known before evaluation is taken for what it is held against.
        ("anything = 41", T),
        ("anything > 40", T),
        ("anything + 1 = 42", T),
        ("event.total = \"5\"", T),
        ("event.status > 5", U),
        // A language without a region asks for any.
        ("language = pt", T),
        ("language = \"pt-BR\"", T),
        ("language = \"pt-PT\"", F),
        ("language in [en, pt]", T),
        ("status = active", T),
        ("channel is telegram", T),
        // Arithmetic.
        ("orders * 2 + 1 = 25", T),
        ("orders - 2 - 3 = 7", T),
        ("-orders = 0 - 12", T),
        ("orders / 5 = 2.4", T),
        ("orders % 5 = 2", T),
        ("last_order + 3 days = now", T),
        ("now - last_order = 72h", T),
        ("today + 1 month = 2026-04-02", T),
        ("city ~ \"!\" ends with \"o!\"", T),
    ];
    let person = Person::default();
    for (src, expected) in table {
        assert_eq!(holds(src, &person), Ok(*expected), "{src}");
        // The same in capital keywords is the same, and so is the canonical text and the JSON form of it.
        let parsed = condition(src);
        assert_eq!(condition(&parsed.to_string()), parsed, "{src} printed as {parsed}");
        let bot = Bot::new(Place::Flow);
        let again = Condition::from_json(&parsed.to_json(), &bot).unwrap_or_else(|p| panic!("{src}: {} {}", parsed.to_json(), told(&p))).0;
        assert_eq!(again, parsed, "{src} as {}", parsed.to_json());
        assert_eq!(parsed.explain(&person, &mut Fuel::new(1_000_000)).verdict, *expected, "explained: {src}");
    }
}

#[test]
fn keywords_in_any_case() {
    let person = Person::default();
    for src in ["IN Segment vip AND NOT Has Tag refunded", "orders Is Not In [1] OR email IS NOT SET", "last_order Older Than 1 DAY"] {
        assert_eq!(holds(src, &person), Ok(T), "{src}");
    }
}

#[test]
fn arithmetic_without_an_answer_is_an_error_not_a_verdict() {
    let person = Person::default();
    for src in
        ["email ~ 1 = \"1\" and appointment + 1d > now", "orders / 0 = 1", "orders % 0 = 1", "anything * 79228162514264337593543950335 > 1"]
    {
        assert!(matches!(holds(src, &person), Err(EvalError::Arithmetic(_))), "{src}: {:?}", holds(src, &person));
    }
    // What decides before it is looked at does not matter.
    assert_eq!(holds("not vip and orders / 0 = 1", &person), Ok(F));
    assert_eq!(holds("vip or orders / 0 = 1", &person), Ok(T));
}

#[test]
fn fuel_bounds_the_work() {
    let person = Person { input: Some(Value::Text("a".repeat(100_000))), ..Person::default() };
    let condition = condition("input ~ input ~ input ~ input contains \"b\"");
    assert_eq!(condition.eval(&person, &mut Fuel::new(50_000)), Err(EvalError::OutOfFuel));
    assert_eq!(condition.eval(&person, &mut Fuel::new(10_000_000)), Ok(F));
}

#[test]
fn other_spellings_of_the_json_form() {
    let bot = Bot::new(Place::Segment);
    let read = |json: &str| Condition::from_json(&serde_json::from_str(json).unwrap(), &bot).map(|c| c.0.to_string());
    assert_eq!(
        read(r#"{"or":[{"and":[{"in_segment":"vip"},{"op":">=","left":{"name":"orders"},"right":10}]},{"has_tag":"helped"}]}"#).unwrap(),
        "in segment vip and orders >= 10 or has tag helped"
    );
    assert_eq!(read(r#"{"all":[{"op":"=","left":{"name":"vip"},"right":true}]}"#).unwrap(), "vip = true");
    assert_eq!(read(r#"{"op":"=","left":{"name":"orders"},"right":-1.5}"#).unwrap(), "orders = -1.5");
    for (json, code) in [
        (r#"{"all":[]}"#, "E0342"),
        (r#"{}"#, "E0342"),
        (r#"null"#, "E0342"),
        (r#"{"op":"~~","left":1,"right":2}"#, "E0342"),
        (r#"{"name":"orders or vip"}"#, "E0342"),
        (r#"{"call":"now() or x","args":[]}"#, "E0342"),
        (r#"{"in_segment":"nobody"}"#, "E0314"),
    ] {
        assert_eq!(read(json).unwrap_err().first().map(|p| p.code), Some(code), "{json}");
    }
    let mut deep = serde_json::json!({ "name": "vip" });
    for _ in 0..100 {
        deep = serde_json::json!({ "not": deep });
    }
    assert_eq!(Condition::from_json(&deep, &bot).unwrap_err().first().map(|p| p.code), Some("E0302"));
}

#[test]
fn in_a_where_names_are_fields_of_the_event() {
    let bot = Bot::new(Place::Event);
    let person = Person::default();
    let eval = |src: &str| Condition::parse(src, &bot).unwrap().0.eval(&person, &mut Fuel::new(1_000)).unwrap();
    assert_eq!((eval("total = 5"), eval("status = \"delayed\""), eval("contact.orders = 12"), eval("plan = 1")), (T, T, T, U));
}

#[test]
fn references_name_everything() {
    let references =
        condition("in segment vip and has tag helped or ran skill talk and plan = gold and order_number = 1 and hour > 3").references();
    let one = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        [&references.segments, &references.tags, &references.skills, &references.attributes, &references.variables, &references.system]
            .map(one),
        ["vip", "helped", "talk", "plan", "order_number", "hour"]
    );
    assert!(references.time && !condition("plan = gold").references().time);
}

#[test]
fn an_explanation_shows_what_was_seen() {
    let explained = condition("orders >= 20 and last_seen within 7 days").explain(&Person::default(), &mut Fuel::new(10_000));
    assert_eq!((explained.text.as_str(), explained.verdict), ("all", F));
    let [orders, seen] = explained.parts.as_slice() else { panic!("two parts") };
    assert_eq!(
        (orders.text.as_str(), orders.verdict, orders.actual.clone(), orders.bound.as_deref()),
        ("orders >= 20", F, Some(number("12")), Some("20"))
    );
    assert_eq!((seen.verdict, seen.bound.as_deref()), (T, Some("after 2026-02-23 10:00")));
    assert_eq!(seen.flips_at, Some(at("2026-03-09T09:59:00Z")));
    assert_eq!(explained.flips_at, seen.flips_at);
}

#[test]
fn a_text_is_held_against_a_phone_number_as_such_numbers_are_kept() {
    let mut person = Person::default();
    person.attributes.insert("mobile".into(), Value::text("+34612345678"));
    person.attributes.insert("billed_to".into(), Value::text("Ana@example.com"));
    person.attributes.insert("homepage".into(), Value::text("https://example.com/ana"));
    for (src, expected) in [
        ("mobile = \"612 34 56 78\"", T),
        ("mobile is \"0034 612-345-678\"", T),
        ("mobile = \"+34612345678\"", T),
        ("mobile = \"612 34 56 79\"", F),
        ("mobile != \"612 34 56 78\"", F),
        ("mobile is not \"(612) 345 678\"", F),
        ("mobile in [\"+1 206 555 1212\", \"612 345 678\"]", T),
        ("mobile not in [\"612 345 678\"]", F),
        ("\"612 345 678\" = mobile", T),
        ("\"612 345 678\" in [mobile]", T),
        ("\"612 345 678\" not in [mobile]", F),
        ("\"612 345 679\" in [mobile]", F),
        // Nobody knows what the number of the office is.
        ("\"612 345 678\" in [office, mobile]", T),
        ("\"612 345 679\" not in [office, mobile]", U),
        ("\"612 345 678\" in [billed_to, mobile]", T),
        ("\"612 345 678\" in [mobile, city, \"612 345 678\"]", T),
        ("\"612 345 678\" is not in [city, mobile]", F),
        ("\"612 345 679\" is not in [city, mobile]", T),
        ("\"612 345 679\" not in [\"Ana\", mobile]", T),
        ("mobile starts with \"+34\"", T),
        ("billed_to = \"ana@EXAMPLE.com \"", T),
        ("homepage = \"Example.com/ana\"", T),
        ("homepage != \"example.com/ana\"", F),
    ] {
        assert_eq!(holds(src, &person), Ok(expected), "{src}");
        // It is printed as it was written, and says the same.
        let printed = condition(src).to_string();
        assert_eq!(holds(&printed, &person), Ok(expected), "{printed}");
        let json = condition(src).to_json();
        let back = Condition::from_json(&json, &Bot::new(Place::Flow)).unwrap_or_else(|p| panic!("{json}: {}", told(&p))).0;
        assert_eq!((back.to_string(), back), (printed, condition(src)));
    }
    assert_eq!(condition("mobile = \"612 34 56 78\"").to_string(), "mobile = \"612 34 56 78\"");
    let told = condition("mobile = \"612 34 56 78\"").explain(&person, &mut Fuel::new(1_000));
    assert_eq!(told.bound.as_deref(), Some("+34612345678"));
    assert!(condition("mobile = \"612 34 56 78\"").implies(&condition("mobile = \"+34 612345678\""), &mut 100));
}

#[test]
fn a_text_that_is_no_phone_number_is_held_against_one_as_it_is_written() {
    let mut person = Person::default();
    person.attributes.insert("mobile".into(), Value::text("+34612345678"));
    person.attributes.insert("homepage".into(), Value::text("https://example.com/ana"));
    for (src, with_one, without) in [
        ("mobile != \"\"", T, U),
        ("mobile is not \"\"", T, T),
        ("mobile = \"\"", F, U),
        ("\"\" != mobile", T, U),
        ("mobile not in [\"\", \"none\"]", T, U),
        ("\"none\" in [mobile, homepage]", F, U),
        ("homepage != \"\"", T, U),
        ("mobile = \"612\" or mobile = \"612 34 56 78\"", T, U),
    ] {
        assert_eq!(holds(src, &person), Ok(with_one), "{src}");
        assert_eq!(holds(src, &Person::default()), Ok(without), "{src}");
    }
}

#[test]
fn an_explanation_says_what_is_there() {
    let seen = |src: &str| {
        let told = condition(src).explain(&Person::default(), &mut Fuel::new(1_000));
        (told.verdict, told.actual)
    };
    let list = |words: &[&str]| Some(Value::List(words.iter().map(|word| Value::text(*word)).collect()));
    let an_hour_ago = Some(Value::DateTime(at("2026-03-02T09:00:00Z")));
    assert_eq!(seen("has tag Helped"), (T, an_hour_ago.clone()));
    assert_eq!(seen("has tag helped added within 2h"), (T, an_hour_ago));
    assert_eq!(seen("has tag refunded"), (F, None));
    assert_eq!(seen("has any tag [refunded, helped, \"Größe\"]"), (T, list(&["helped", "grösse"])));
    assert_eq!(seen("has all tag [refunded, helped]"), (F, list(&["helped"])));
    assert_eq!(seen("has any tag [refunded]"), (F, None));
    assert_eq!(seen("has channel telegram"), (T, list(&["telegram"])));
    assert_eq!(seen("has channel web"), (F, list(&["telegram"])));
    assert_eq!(seen("reachable"), (T, list(&["telegram"])));
    assert_eq!(seen("reachable on web"), (F, list(&["telegram"])));
    assert_eq!(seen("has consent news"), (T, Some(Value::DateTime(at("2026-03-01T10:00:00Z")))));
    assert_eq!(seen("has consent offers"), (U, None));
}
