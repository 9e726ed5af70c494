//! Input made to break a reader: each is answered fast, with a place, on a small stack.

use crate::common;

use common::{Bot, Person};
use switchboard_expr::{Condition, Expression, Fuel, Place, Template};

/// Runs on a stack that a deep descent would overflow, as a server's thread does.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(f).expect("a thread").join().expect("no overflow and no panic");
}

fn refused(src: &str, code: &str) {
    let bot = Bot::new(Place::Flow);
    let shown: String = src.chars().take(40).collect();
    let problems = Condition::parse(src, &bot).err().unwrap_or_else(|| panic!("{shown} is refused"));
    assert!(problems.iter().any(|p| p.code == code), "{shown}: {}", common::told(&problems));
    for problem in &problems {
        assert!(src.get(problem.range.clone()).is_some(), "{shown}: {:?}", problem.range);
    }
}

#[test]
fn nesting_is_bounded() {
    on_a_small_stack(|| {
        for (open, inner, close) in [
            ("(", "vip", ")"),
            ("not ", "vip", ""),
            ("-", "1 = 1", ""),
            ("[", "1", "]"),
            ("abs(", "1", ")"),
            ("orders in [(", "1", ")]"),
            ("", "vip", ""),
            ("(not ", "vip", ")"),
            ("(vip and ", "vip", ")"),
            ("count(a where ", "b", ")"),
            ("1 + (", "1", ")"),
        ] {
            for depth in [65, 300, 10_000] {
                let src = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
                if !open.is_empty() {
                    refused(&src, "E0302");
                }
            }
        }
        for tail in ["1 ~ ", "1 * ", "-1 - "] {
            refused(&format!("{}1 = 1", tail.repeat(100)), "E0302");
        }
        refused(&format!("city {} = 1", "| upper".repeat(100)), "E0302");
        refused(&format!("event{}", ".a".repeat(500)), "E0302");
    });
}

#[test]
fn what_is_allowed_is_read_at_its_limit() {
    on_a_small_stack(|| {
        let bot = Bot::new(Place::Flow);
        let src = format!("{}vip{}", "(".repeat(60), ")".repeat(60));
        assert!(Condition::parse(&src, &bot).is_ok());
        let src = ["vip"; 250].join(" or ");
        let condition = Condition::parse(&src, &bot).expect("250 conditions").0;
        assert!(condition.eval(&Person::default(), &mut Fuel::new(1_000)).is_ok());
        refused(&["vip"; 251].join(" or "), "E0302");
        let src = format!("{}vip", "not ".repeat(60));
        let condition = Condition::parse(&src, &bot).expect("60 times not").0;
        assert!(condition.explain(&Person::default(), &mut Fuel::new(1_000)).verdict.is_true());
    });
}

#[test]
fn size_is_bounded() {
    refused(&"a".repeat(1_000_000), "E0302");
    refused(&"é".repeat(500_000), "E0302");
    refused(&"(".repeat(1_000_000), "E0302");
    refused(&format!("city matches /{}/", "a".repeat(1_001)), "E0309");
    refused("city matches /((a{100}){100}){100}/", "E0309");
    refused("city matches /\\pL{1000}{10}/", "E0309");
    refused(&format!("city matches /{}a{}/", "(".repeat(400), ")".repeat(400)), "E0309");
    refused(&format!("orders = {}", "9".repeat(4_000)), "E0304");
    refused(&format!("last_order within {} days", "9".repeat(28)), "E0304");
    refused("last_order within 99999999999999999999d", "E0304");
    refused("last_order within 99999 years", "E0304");
    let bot = Bot::new(Place::Flow);
    assert_eq!(Template::parse(&"é".repeat(100_000), &bot).unwrap_err()[0].code, "E0302");
    let long = format!("a ${{{}}}", "vip or ".repeat(1_000));
    assert!(Template::parse(&long, &bot).unwrap_err().iter().any(|p| p.code == "E0302" || p.code == "E0301"));
}

#[test]
fn many_opened_expressions_and_quotes_cost_no_square_of_time() {
    let bot = Bot::new(Place::Flow);
    // Each of these was chosen to make a reader look ahead to the end again and again.
    for piece in ["${", "${'", "${a[", "{{", "${a | default(\"", "$${", "${}", "${x}"] {
        let src = piece.repeat(60_000 / piece.len());
        let _ = Template::parse(&src, &bot);
    }
}

#[test]
fn evil_patterns_take_linear_time() {
    let bot = Bot::new(Place::Flow);
    let mut person = Person { input: Some(model::Value::text(format!("{}!", "a".repeat(4_000)))), ..Person::default() };
    for pattern in ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a?){50}a{50}$"] {
        let src = format!("input matches /{pattern}/");
        let condition = Condition::parse(&src, &bot).expect("a pattern").0;
        assert!(condition.eval(&person, &mut Fuel::new(100_000)).is_ok());
    }
    person.input = Some(model::Value::text("a".repeat(10_000)));
    let condition = Condition::parse("input matches /b/ or input not matches /b/", &bot).expect("a pattern").0;
    assert_eq!(condition.eval(&person, &mut Fuel::new(100_000)), Ok(switchboard_expr::Truth::Unknown), "longer than a pattern looks");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(src in r#"([a-z0-9 "'\[\](){}|.,+*/%~<>=!$\\-]|in |is |not |last |within |where |then |sequence\(a |count\(a|sum\(a\.|\PC){0,60}"#) {
        let bot = Bot::new(Place::Flow);
        for problems in [Condition::parse(&src, &bot).err(), Expression::parse(&src, &bot).err(), Template::parse(&src, &bot).err()].into_iter().flatten() {
            proptest::prop_assert!(problems.iter().any(|p| !p.warning));
            for problem in problems {
                proptest::prop_assert!(src.get(problem.range.clone()).is_some(), "{:?}", problem);
            }
        }
        if let Ok((condition, _)) = Condition::parse(&src, &bot) {
            let mut person = Person::default();
            person.record("a", 3_600, r#"{"a": 1, "b": [{"a": "x"}, 2]}"#);
            person.record("a", 60, r#"{"a": "1"}"#);
            let _ = condition.eval(&person, &mut Fuel::new(10_000));
            let _ = condition.explain(&person, &mut Fuel::new(10_000));
            proptest::prop_assert!(condition.next_flip(&person, &mut Fuel::new(10_000)).is_none_or(|flip| flip > person.now));
            let again = Condition::parse(&condition.to_string(), &bot);
            proptest::prop_assert!(again.is_ok_and(|(again, _)| again == condition));
        }
    }
}
