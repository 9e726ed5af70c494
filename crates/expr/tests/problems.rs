//! What a designer is told: the code, the exact place, and the way out. Carets under a source show the range.

use crate::common;

use common::{Bot, told};
use switchboard_expr::{Condition, Place, Problem, Template};

/// Source, carets under the range of the one problem, its code, words it must hold, what it suggests.
type Case = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const CONDITIONS: &[Case] = &[
    ("", "", "E0300", "nothing here", None),
    ("orders >", "        ", "E0301", "the expression ends here", None),
    ("orders > > 5", "         ^", "E0301", "expected a value", None),
    ("vip)", "   ^", "E0301", "closes nothing", Some("")),
    ("(vip", "    ", "E0301", "`)`", None),
    ("vip vip", "    ^^^", "E0301", "not expected", None),
    ("country in (US, CA)", "           ^", "E0301", "square brackets", None),
    ("in segment", "          ", "E0301", "a segment's name", None),
    ("orders == 5", "       ^^", "E0305", "write `=`", Some("=")),
    ("orders <> 5", "       ^^", "E0305", "write `!=`", Some("!=")),
    ("vip && vip", "    ^^", "E0305", "write `and`", Some("and")),
    ("vip || vip", "    ^^", "E0305", "write `or`", Some("or")),
    ("!vip", "^", "E0305", "write `not`", Some("not ")),
    ("city = “x”", "       ^^^", "E0305", "write", Some("\"")),
    ("city = größe", "       ^^^^^^^", "E0305", "quotes", None),
    ("city = \"abc", "       ^^^^", "E0303", "no closing", None),
    ("city = \"a\\d\"", "         ^^", "E0303", "no meaning in a text", None),
    ("orders > 5x", "         ^^", "E0304", "neither a number nor a duration", None),
    ("orders > 1e6", "         ^^^", "E0304", "neither a number nor a duration", None),
    ("birthday = 2026-02-30", "           ^^^^^^^^^^", "E0304", "there is no day", None),
    ("opens = 25:00", "        ^^^^^", "E0304", "no time of day", None),
    ("last_order within 1.5 hours", "                  ^^^^^^^^^", "E0304", "whole number", None),
    ("1 < orders < 5", "           ^", "E0306", "chained", None),
    ("last_order is last month", "              ^^^^^^^^^^", "E0307", "two ways", Some("previous month")),
    ("last_order > last week", "             ^^^^^^^^^", "E0307", "two ways", Some("previous week")),
    ("language = pt-BR", "           ^^^^^", "E0308", "subtraction", Some("\"pt-BR\"")),
    ("city = a-b-c", "       ^^^^^", "E0308", "subtraction", Some("\"a-b-c\"")),
    ("city matches /(/", "             ^^^", "E0309", "cannot be read", None),
    ("city matches \"a\"", "             ^^^", "E0309", "between slashes", Some("/a/")),
    ("city matches /(a{1000}){1000}/", "             ^^^^^^^^^^^^^^^^^", "E0309", "too large", None),
    ("city matches /(?=a)b/", "             ^^^^^^^^", "E0309", "cannot be read", None),
    ("ordres > 5", "^^^^^^", "E0310", "`ordres`", Some("orders")),
    ("contact.ordres > 5", "^^^^^^^^^^^^^^", "E0310", "`ordres`", None),
    ("secret.shop = \"x\"", "^^^^^^^^^^^", "E0243", "`secret.shop` cannot stand here", None),
    ("env.TOKEN = \"x\"", "^^^^^^^^^", "E0244", "`env.TOKEN` cannot be read here", None),
    ("city = Madrid", "       ^^^^^^", "E0312", "nothing here is called", Some("\"Madrid\"")),
    ("plan = golf", "       ^^^^", "E0313", "never \"golf\"", Some("gold")),
    ("plan = \"silver\"", "       ^^^^^^^^", "E0313", "never \"silver\"", None),
    ("plan in [free, goldplus]", "               ^^^^^^^^", "E0313", "never", Some("\"gold plus\"")),
    ("mobile = 612345678", "         ^^^^^^^^^", "E0320", "`mobile` is a phone number", Some("\"612345678\"")),
    ("language = portuguese", "           ^^^^^^^^^^", "E0313", "never", None),
    ("vip = yes", "      ^^^", "E0313", "never", None),
    ("in segment vipp", "           ^^^^", "E0314", "no segment", Some("vip")),
    ("in segment \"gold members\"", "           ^^^^^^^^^^^^^^", "E0314", "no segment", Some("gold-members")),
    ("ran skill order_help", "          ^^^^^^^^^^", "E0315", "no skill", Some("order-help")),
    ("has channel telegramm", "            ^^^^^^^^^", "E0316", "no channel", Some("telegram")),
    ("city | uper = \"A\"", "       ^^^^", "E0317", "no filter", Some("upper")),
    ("upper(city) = \"A\"", "^^^^^", "E0317", "no function", None),
    ("years_since() > 3", "^^^^^^^^^^^^^", "E0318", "does not take 0", None),
    ("plan = 5", "       ^", "E0320", "never the same", Some("\"5\"")),
    ("orders = \"5\"", "         ^^^", "E0320", "never the same", Some("5")),
    ("orders = \"many\"", "         ^^^^^^", "E0320", "never the same", None),
    ("orders > last_order", "^^^^^^^^^^^^^^^^^^^", "E0320", "cannot be compared", None),
    ("interests = \"Tea\"", "^^^^^^^^^^^^^^^^^", "E0320", "never the same", None),
    ("city > \"a\"", "^^^^", "E0321", "no order", None),
    ("orders within 3 days", "^^^^^^", "E0321", "not a date", None),
    ("birthday within 3h", "^^^^^^^^^^^^^^^^^^", "E0321", "is a day", None),
    ("orders contains 1", "^^^^^^", "E0321", "only texts and lists", None),
    ("plan.name = \"x\"", "^^^^^^^^^", "E0321", "no parts", None),
    ("interests in [\"Tea\"]", "^^^^^^^^^", "E0321", "is a list", None),
    ("orders", "^^^^^^", "E0322", "not a condition", None),
    ("vip and 5", "        ^", "E0322", "not a condition", None),
    ("city + \"x\" = \"y\"", "^^^^^^^^^^", "E0323", "no meaning", Some("city ~ \"x\"")),
    ("last_order is today in \"Europe/Madrit\" zone", "", "E0324", "no time zone", None),
    ("sum(purchase) > 1000", "^^^^^^^^^^^^^", "E0343", "looks at a field", None),
    ("max(orders) > 1000", "^^^^^^^^^^^", "E0343", "looks at a field", None),
    ("count(purchase, next week) > 0", "^^^^^^^^^^^^^^^^^^^^^^^^^^", "E0344", "nothing that is to come", None),
    ("count(purchase, last 3 days in \"Europe/Madrit\" zone) > 0", "", "E0324", "no time zone", None),
    ("count(purchase, since orders) > 0", "                      ^^^^^^", "E0321", "not a date", None),
    ("orders * 2 changed within 2 days", "^^^^^^^^^^", "E0345", "is not known", None),
    ("channel changed within 2 days", "^^^^^^^", "E0345", "is not known", None),
    ("opens changed within 2 days", "^^^^^", "E0345", "is not known", None),
    ("contact.paln changed within 2 days", "^^^^^^^^^^^^", "E0310", "nothing here", None),
    ("count(purchase where count(visit) > 1) > 0", "                     ^^^^^^^^^^^^", "E0346", "one event", None),
    ("count(purchase where total > 5 and status = delayed) > 0", "", "E0312", "field of the event", Some("\"delayed\"")),
    ("notes contain 5", "              ^", "E0321", "a text is wanted", None),
];

fn check(case: &Case, problems: &[Problem], src: &str) {
    let (_, carets, code, words, suggestion) = case;
    let [problem] = problems else { panic!("{src}: one problem, not\n{}", told(problems)) };
    assert_eq!(problem.code, *code, "{src}: {}", told(problems));
    assert!(problem.message.contains(words), "{src}: {}", told(problems));
    assert_eq!(
        problem.suggestion.as_deref(),
        if *code == "E0305" && suggestion.is_none() { problem.suggestion.as_deref() } else { *suggestion },
        "{src}"
    );
    assert!(src.get(problem.range.clone()).is_some(), "{src}: the range is on character boundaries: {:?}", problem.range);
    if carets.contains('^') {
        let start = carets.find('^').expect("a caret");
        assert_eq!(problem.range, start..carets.len(), "{src}: {}", told(problems));
    }
    assert!(!problem.message.ends_with('.') && !problem.message.starts_with(char::is_uppercase), "house style: {}", problem.message);
}

#[test]
fn each_error_has_its_place_and_its_words() {
    let bot = Bot::new(Place::Flow);
    for case in CONDITIONS {
        let problems = Condition::parse(case.0, &bot).err().unwrap_or_else(|| panic!("{} is refused", case.0));
        check(case, &problems, case.0);
    }
}

#[test]
fn suggestions_repair_the_text() {
    let bot = Bot::new(Place::Flow);
    let mut repaired = 0;
    for (src, _, code, _, _) in CONDITIONS {
        let Some(problem) = Condition::parse(src, &bot).err().and_then(|p| p.into_iter().find(|p| p.suggestion.is_some())) else {
            continue;
        };
        let mut text = (*src).to_owned();
        text.replace_range(problem.range.clone(), problem.suggestion.as_deref().unwrap_or(""));
        if text.contains('”') {
            continue; // Each quotation mark is its own slip.
        }
        if let Err(problems) = Condition::parse(&text, &bot) {
            // A repair may uncover another fault, but never the same one.
            assert!(problems.iter().all(|p| p.code != *code), "{src} became {text}: {}", told(&problems));
        } else {
            repaired += 1;
        }
    }
    assert!(repaired > 15, "most suggestions repair the whole text, here {repaired}");
}

#[test]
fn all_errors_are_told_at_once() {
    let bot = Bot::new(Place::Segment);
    let problems = Condition::parse("ordres > 5 and in segment vipp or city = Madrid and input = 1 and plan = golf", &bot).unwrap_err();
    let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["E0310", "E0314", "E0312", "E0311", "E0313"]);
}

#[test]
fn what_belongs_to_skills_is_refused_in_segments() {
    let bot = Bot::new(Place::Segment);
    for src in ["input = 1", "event.total > 1", "run.skill = \"x\"", "queue.position > 1"] {
        assert_eq!(Condition::parse(src, &bot).unwrap_err().first().map(|p| p.code), Some("E0311"), "{src}");
    }
    assert_eq!(Condition::parse("order_number = 1", &bot).unwrap_err().first().map(|p| p.code), Some("E0310"));
}

#[test]
fn what_is_no_phone_number_is_doubtful_and_told_how_one_is_written() {
    let doubted = |src: &str| {
        let mut warnings = Condition::parse(src, &Bot::new(Place::Segment)).unwrap_or_else(|p| panic!("{src}: {}", told(&p))).1;
        let (1, Some(one)) = (warnings.len(), warnings.pop()) else { panic!("{src}: {}", told(&warnings)) };
        assert_eq!((one.code, one.warning), ("W0305", true), "{src}");
        (one.range.clone(), one.message, one.help.unwrap())
    };
    for (src, range, says) in [
        ("mobile = \"612 34\"", 9..17, "`mobile` is never \"612 34\""),
        ("mobile in [\"612 34 56 78\", \"Ana\"]", 27..32, "`mobile` is never \"Ana\""),
        ("\"Ana\" != mobile", 0..5, "`mobile` is never \"Ana\""),
        ("\"Ana\" in [mobile, office]", 0..5, "`mobile` is never \"Ana\""),
        ("billed_to is not \"ana.example.com\"", 17..34, "`billed_to` is never \"ana.example.com\""),
        ("homepage = \"my page\"", 11..20, "`homepage` is never \"my page\""),
    ] {
        let (at, message, _) = doubted(src);
        assert_eq!((at, message.as_str()), (range, says), "{src}");
    }
    let help = |src: &str| doubted(src).2;
    let short = help("mobile = \"612 34\"");
    assert!(short.contains("it is too short") && short.contains("\"+12065551212\""), "{short}");
    assert_eq!(help("mobile != \"\""), "whether there is one asks `mobile is set`");
    assert!(help("billed_to = \"ana\"").contains("\"ana@example.com\""));
    assert!(help("homepage = \"my page\"").contains("https://example.com"));
}

#[test]
fn in_a_where_a_bare_word_on_the_right_is_questioned() {
    let problems = Condition::parse("status = delayed", &Bot::new(Place::Event)).unwrap_err();
    let [problem] = problems.as_slice() else { panic!("{}", told(&problems)) };
    assert_eq!((problem.code, problem.suggestion.as_deref()), ("E0312", Some("\"delayed\"")));
}

#[test]
fn warnings_leave_the_text_usable() {
    let bot = Bot::new(Place::Flow);
    let warned = |src: &str| Condition::parse(src, &bot).unwrap().1;
    let tag = warned("has tag halped");
    assert_eq!((tag[0].code, tag[0].suggestion.as_deref(), tag[0].warning, tag[0].range.clone()), ("W0302", Some("helped"), true, 8..14));
    let event = warned("count(purchse, last 3 days) > 0");
    assert_eq!(
        (event[0].code, event[0].suggestion.as_deref(), event[0].warning, event[0].range.clone()),
        ("W0304", Some("purchase"), true, 6..13)
    );
    assert!(warned("count(newsletter_opened) > 0").is_empty(), "events come from anywhere");
    let country = warned("country = UK");
    assert_eq!((country[0].code, country[0].suggestion.as_deref()), ("W0303", Some("GB")));
    let braces = Template::parse("Hi {{ first_name }}, a {b} {{ }}", &bot).unwrap().1;
    assert_eq!(
        (braces.len(), braces[0].code, braces[0].suggestion.as_deref(), braces[0].range.clone()),
        (1, "W0301", Some("${first_name}"), 3..19)
    );
}

#[test]
fn problems_of_templates_have_places_in_the_whole_text() {
    let bot = Bot::new(Place::Flow);
    let cases: &[Case] = &[
        ("Hi ${frist_name}!", "     ^^^^^^^^^^", "E0310", "nothing here", Some("first_name")),
        ("ñ ${first_name", "   ^^", "E0340", "missing", None),
        ("a ${} b", "    ", "E0300", "nothing between", None),
        ("a ${orders + } b", "             ^", "E0301", "expected", None),
        ("a ${orders city} b", "           ^^^^", "E0301", "not expected", None),
        ("${secret.shop}", "  ^^^^^^^^^^^", "E0243", "never shown, stored or compared", None),
        ("${env.TOKEN}", "  ^^^^^^^^^", "E0244", "do not see", None),
        ("${{first_name}}", "  ^", "E0301", "no meaning inside", None),
        ("${first_name + 'x'}", "  ^^^^^^^^^^^^^^^^", "E0323", "no meaning", Some("first_name ~ 'x'")),
    ];
    for case in cases {
        let problems = Template::parse(case.0, &bot).err().unwrap_or_else(|| panic!("{} is refused", case.0));
        check(case, &problems, case.0);
    }
    let both = Template::parse("${nobody} and ${orders +} and ${nothing_else}", &bot).unwrap_err();
    assert_eq!(both.iter().map(|p| p.code).collect::<Vec<_>>(), ["E0310", "E0301", "E0310"], "reading goes on after an error");
}
