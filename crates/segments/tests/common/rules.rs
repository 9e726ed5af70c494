//! Random conditions, as people write them: every leaf of the language, nested.

use super::choices::Choices;
use super::people::{COUNTERS, DAYS, LENGTHS, SYSTEM};
use super::town::{SEGMENTS, Sketch, Town};

/// A pattern, whether upper and lower case are the same to it, and what it matches.
type Pattern = (&'static str, bool, fn(&str) -> bool);

/// Patterns and what they match, said again without a pattern.
const PATTERNS: [Pattern; 4] = [
    ("^A", false, |t| t.starts_with('A')),
    ("^m", true, |t| t.starts_with(['m', 'M'])),
    ("[0-9]", false, |t| t.chars().any(|c| c.is_ascii_digit())),
    ("b$", true, |t| t.ends_with(['b', 'B'])),
];

/// Whether a text matches one of the patterns.
pub fn matches(pattern: &str, ignore_case: bool, text: &str) -> bool {
    let (.., holds) = PATTERNS.into_iter().find(|(p, i, _)| *p == pattern && *i == ignore_case).expect("a pattern of the tests");
    holds(text)
}

fn n(c: &mut Choices<'_>) -> String {
    (i64::try_from(c.below(6)).expect("small") - 1).to_string()
}

fn order(c: &mut Choices<'_>) -> &'static str {
    c.pick(&[">=", "=", "!=", "<", "<=", ">", "is", "is not"])
}

fn text(c: &mut Choices<'_>) -> &'static str {
    c.pick(&["\"madrid\"", "\"a\"", "\"AB\"", "\"STRASSE\"", "\"b\"", "\"café\"", "\"\""])
}

fn zone(c: &mut Choices<'_>) -> &'static str {
    c.pick(&["", "", " in bot zone", " in contact zone", " in \"Pacific/Auckland\" zone", " in \"America/Santiago\" zone"])
}

fn calendar(c: &mut Choices<'_>, of_day: bool) -> String {
    let words: &[&str] = &[
        "today",
        "yesterday",
        "tomorrow",
        "this week",
        "previous week",
        "next week",
        "this month",
        "previous month",
        "next month",
        "this quarter",
        "previous quarter",
        "this year",
        "previous year",
        "this hour",
        "previous hour",
    ];
    let words = if of_day { &words[..13] } else { words };
    format!("{}{}", c.pick(words), zone(c))
}

/// A day or a point in time to hold others against.
fn moment(c: &mut Choices<'_>) -> String {
    match c.below(6) {
        0 => "2026-03-02".into(),
        1 => "last_order".into(),
        2 => format!("now - {}", c.pick(&["1 day", "2 days", "90m", "2h"])),
        3 => "today()".into(),
        4 => "birthday".into(),
        _ => format!("today() - {}", c.pick(&DAYS)),
    }
}

/// A limit of a window of time.
fn limit(c: &mut Choices<'_>) -> String {
    if c.once_in(3) { format!("now - {}", c.pick(&LENGTHS)) } else { moment(c) }
}

fn window(c: &mut Choices<'_>) -> String {
    match c.below(8) {
        0..=2 => format!(", last {}{}", c.pick(&LENGTHS), zone(c)),
        3 => String::new(),
        4 => format!(", since {}", limit(c)),
        5 => format!(", between {} and {}", limit(c), limit(c)),
        6 => ", ever".into(),
        _ => loop {
            let calendar = calendar(c, false);
            // What is to come holds no event, and the language says so.
            if !calendar.starts_with("next") && !calendar.starts_with("tomorrow") {
                break format!(", {calendar}");
            }
        },
    }
}

/// What is asked of one event, or one line of an order.
fn filter(c: &mut Choices<'_>) -> String {
    match c.below(16) {
        13 => "contact.orders >= 2".into(),
        14 => "contact.plan = \"gold\" or contact.tier is not set".into(),
        15 => "event.category = \"cat\"".into(),
        0 => "category = \"cat\"".into(),
        1 => "total > 5".into(),
        2 => "paid".into(),
        3 => "category is not \"cat\"".into(),
        4 => "total is set".into(),
        5 => "price > 4 and category = \"cat\"".into(),
        6 => format!("due within {}", c.pick(&DAYS)),
        7 => format!("due within next {}", c.pick(&DAYS)),
        8 => "page contains \"pricing\"".into(),
        9 => "not (total >= 10 or paid)".into(),
        10 => "category in [\"cat\", \"dog\"]".into(),
        11 => format!("due older than {}", c.pick(&DAYS)),
        _ => "quantity * 2 > 3".into(),
    }
}

fn filtered(c: &mut Choices<'_>, source: &str) -> String {
    if c.once_in(2) { format!("{source} where {}", filter(c)) } else { source.to_owned() }
}

fn aggregate(c: &mut Choices<'_>) -> String {
    let source = |c: &mut Choices<'_>, sources: &[&str]| {
        let source = c.pick(sources);
        filtered(c, source)
    };
    let name = match c.below(9) {
        0 | 1 => format!("count({}", source(c, &["purchase", "visit", "add_to_cart", "never"])),
        2 => format!("sum({}", source(c, &["purchase.total", "purchase.items.price", "purchase.items.quantity", "refund.amount"])),
        3 => format!("count({}", source(c, &["purchase.total", "purchase.items", "purchase.items.quantity", "visit.labels"])),
        4 => format!("distinct({}", source(c, &["visit.page", "purchase.category", "purchase.items.category", "visit.labels"])),
        5 => format!("max({}", source(c, &["purchase.total", "purchase.items.price"])),
        6 => format!("min({}", source(c, &["purchase.items.price", "purchase.total"])),
        7 => format!("avg({}", source(c, &["purchase.total", "purchase.items.price"])),
        _ => format!("{}({}", c.pick(&["first", "last"]), source(c, &["purchase.total", "purchase.items.price"])),
    };
    let window = window(c);
    format!("{name}{window})")
}

fn of_events(c: &mut Choices<'_>) -> String {
    match c.below(9) {
        0 => format!("{} is {}set", aggregate(c), c.pick(&["", "not "])),
        8 => {
            let (which, source) =
                c.pick(&[("last", "purchase"), ("first", "visit"), ("last", "visit"), ("max", "purchase.due"), ("min", "purchase.due")]);
            let (source, window) = (filtered(c, source), if c.once_in(3) { window(c) } else { String::new() });
            let asked = match c.below(4) {
                0 => format!("within {}", c.pick(&DAYS)),
                1 => format!("older than {}", c.pick(&DAYS)),
                2 => format!("is {}", calendar(c, true)),
                _ => format!("{} {}", c.pick(&["<", ">="]), moment(c)),
            };
            format!("{which}({source}{window}) {asked}")
        }
        1 => {
            let source = filtered(c, "visit.page");
            format!("{}({source}{}) {} \"/pricing\"", c.pick(&["first", "last"]), window(c), c.pick(&["=", "is not", "!=", "contains"]))
        }
        2 | 3 => {
            let (first, second) = (c.pick(&["add_to_cart", "visit", "purchase"]), c.pick(&["purchase", "visit", "refund"]));
            let (first, second) = (filtered(c, first), filtered(c, second));
            let window = if c.once_in(3) { window(c) } else { String::new() };
            // `within` in a filter would be read as the sequence's own.
            let wrapped = |source: String| match source.split_once(" where ") {
                Some((name, filter)) => format!("{name} where ({filter})"),
                None => source,
            };
            let (first, second) = (wrapped(first), wrapped(second));
            format!("sequence({first} then {}{second} within {}{window})", c.pick(&["", "no "]), c.pick(&LENGTHS))
        }
        _ => {
            let of = aggregate(c);
            let (op, n) = (order(c), c.pick(&["1", "2", "3", "0", "5", "10", "7.5"]));
            format!("{of} {op} {n}")
        }
    }
}

fn of_time(c: &mut Choices<'_>) -> String {
    let instant = c.pick(&["last_order", "appointment", "first_seen", "last_seen"]);
    match c.below(12) {
        0 => format!("{instant} within {}", c.pick(&LENGTHS)),
        1 => format!("{instant} older than {}", c.pick(&LENGTHS)),
        2 => format!("{instant} within next {}", c.pick(&LENGTHS)),
        3 => format!("{instant} is {}{}", c.pick(&["", "not "]), calendar(c, false)),
        4 => format!("birthday {} {}", c.pick(&["within", "within next", "older than"]), c.pick(&DAYS)),
        5 => format!("birthday is {}{}", c.pick(&["", "not "]), calendar(c, true)),
        6 => format!(
            "anniversary({}) {}",
            c.pick(&["birthday", "last_order"]),
            c.pick(&["is today", "within next 7 days", "is this month", "is tomorrow"])
        ),
        7 => {
            let other = if c.once_in(3) { format!("now - {}", c.pick(&["1 day", "2 days", "90m", "2h"])) } else { moment(c) };
            format!("{instant} {} {other}", order(c))
        }
        8 => format!("{}({}) {} {}", c.pick(&["years_since", "days_since"]), c.pick(&["birthday", "last_order"]), order(c), n(c)),
        9 => match c.below(4) {
            0 => c.pick(&["open(\"office\")", "not open(\"office\")"]).into(),
            1 => format!("renewal {} {}", c.pick(&["within", "within next", "older than"]), c.pick(&LENGTHS)),
            2 => format!("launch {} {}", c.pick(&["within", "older than", "within next"]), c.pick(&DAYS)),
            _ => format!("hour {} {}", order(c), c.pick(&["9", "0", "23"])),
        },
        10 => format!("weekday {} \"{}\"", c.pick(&["=", "!="]), c.pick(&["monday", "sunday"])),
        _ => format!("{instant} between {} and {}", moment(c), moment(c)),
    }
}

/// A condition that time alone moves, and nothing else.
pub fn timely(c: &mut Choices<'_>) -> String {
    match c.below(9) {
        // Months back from now are looked at anew every quarter of an hour: too often for what follows people for weeks.
        8 => {
            let (low, high) = (c.pick(&LENGTHS), c.pick(&LENGTHS));
            let asked = c.pick(&["between now - LOW and now - HIGH", ">= now - LOW", "< now - HIGH"]);
            format!("last_order {}", asked.replace("LOW", low).replace("HIGH", high))
        }
        0..=2 => of_time(c),
        3 => format!("count({}{}) {} {}", c.pick(&["purchase", "visit"]), window(c), order(c), c.pick(&["1", "2", "0"])),
        4 => format!("{} is {}{}", c.pick(&["last_order", "last(visit)", "first_seen"]), c.pick(&["", "not "]), calendar(c, false)),
        5 => format!(
            "count({}, {}) > 0",
            c.pick(&["purchase", "visit"]),
            loop {
                let calendar = calendar(c, false);
                if !calendar.starts_with("next") && !calendar.starts_with("tomorrow") {
                    break calendar;
                }
            }
        ),
        6 => format!("{} {} {}", c.pick(&["last_order", "birthday"]), c.pick(&["within", "older than", "within next"]), c.pick(&DAYS)),
        _ => format!("sequence({} then {}purchase within {})", c.pick(&["visit", "purchase"]), c.pick(&["", "no "]), c.pick(&LENGTHS)),
    }
}

/// Values that are put together: functions, arithmetic, what globals and computed attributes say.
fn of_made(c: &mut Choices<'_>) -> String {
    match c.below(12) {
        0 => format!("city | {} = {}", c.pick(&["lower", "upper", "trim"]), text(c)),
        1 => format!("{} {} {}", c.pick(&["len(city)", "city | length"]), order(c), n(c)),
        2 => format!("len(interests) {} {}", order(c), n(c)),
        3 => format!("{}(orders, threshold) {} {}", c.pick(&["min", "max"]), order(c), n(c)),
        4 => format!("abs(orders - 3) {} {}", order(c), n(c)),
        5 => format!("round(orders / 2) {} {}", order(c), n(c)),
        6 => format!("orders % 2 {} {}", order(c), n(c)),
        7 => format!("12 / orders {} {}", order(c), n(c)),
        8 => format!("concat(first_name, \"-\", city) {} {}", c.pick(&["=", "is not", "contains"]), c.pick(&["\"ana-madrid\"", "\"-\""])),
        9 => c.pick(&["city in interests", "city not in interests", "city is not in interests", "interests contains city"]).into(),
        10 => format!("city {} season", c.pick(&["=", "!=", "is not", "contains"])),
        _ => format!("greeting {} {}", c.pick(&["=", "is not", "starts with"]), c.pick(&["\"ANA\"", "\"friend\""])),
    }
}

/// What is known without being declared.
fn of_system(c: &mut Choices<'_>) -> String {
    match c.below(4) {
        0 => {
            let (name, values) = c.pick(&SYSTEM);
            let value = c.pick(&values);
            match name {
                "country" | "language" => format!("{name} {} \"{value}\"", c.pick(&["=", "!=", "is not"])),
                _ => format!("{name} {} \"{value}\"", c.pick(&["=", "!=", "is", "is not", "contains", "starts with", "not ends with"])),
            }
        }
        1 => {
            let (name, _) = c.pick(&SYSTEM);
            format!("{name} is {}set", c.pick(&["", "not "]))
        }
        2 => {
            let counter = c.pick(&COUNTERS);
            format!("{counter} {} {}", order(c), n(c))
        }
        _ => c
            .pick(&[
                "first_channel = web",
                "channel is not telegram",
                "timezone = \"Europe/Madrid\"",
                "timezone contains \"new_york\"",
                "contact_id starts with \"con_0\"",
                "contact_id ends with \"1\"",
                "interests[0] = \"CATS\"",
                "interests[1] > 5",
                "interests[2] is set",
                "interests | first = \"tea\"",
                "site starts with \"https://shop\"",
                "site = \"http://b.example/\"",
                "site is set",
            ])
            .into(),
    }
}

fn of_values(c: &mut Choices<'_>) -> String {
    match c.below(26) {
        20..=22 => of_made(c),
        23..=25 => of_system(c),
        0 => format!("orders {} {}", order(c), n(c)),
        1 => {
            format!("city {} {}", c.pick(&["=", "!=", "is", "is not", "contains", "starts with", "not ends with", "not contains"]), text(c))
        }
        2 => format!("{} {} {}", c.pick(&["plan", "tier"]), c.pick(&["=", "!=", "is not"]), c.pick(&["gold", "free", "\"gold plus\""])),
        3 => format!("{} {} [free, \"GOLD\"]", c.pick(&["plan", "tier"]), c.pick(&["in", "not in", "is not in"])),
        4 => format!(
            "{} is {}set",
            c.pick(&["city", "orders", "birthday", "email", "interests", "last_order", "plan"]),
            c.pick(&["", "not "])
        ),
        5 => format!("orders {}between {} and {}", c.pick(&["", "not "]), n(c), n(c)),
        6 => c.pick(&["vip", "vip is not true", "vip = false", "subscribed", "is_new"]).into(),
        7 => format!("{} {} [ES, NO, IN]", c.pick(&["home", "country"]), c.pick(&["in", "is not in", "not in"])),
        8 => format!("{} {} {}", c.pick(&["tongue", "language"]), c.pick(&["=", "!=", "is not"]), c.pick(&["pt", "\"pt-BR\"", "es"])),
        9 => format!("status {} {}", c.pick(&["=", "is not", "!="]), c.pick(&["active", "callback"])),
        10 => format!("interests {}contains {}", c.pick(&["", "not "]), c.pick(&["\"cats\"", "7", "\"x\""])),
        11 => format!("balance {} {}", c.pick(&[">", "<=", "="]), n(c)),
        12 => format!("orders {} threshold", order(c)),
        13 => {
            let (pattern, ignore_case, _) = c.pick(&PATTERNS);
            let flag = if ignore_case { "i" } else { "" };
            format!("city {}matches /{pattern}/{flag}", c.pick(&["", "not "]))
        }
        14 => format!("{} {} {}", c.pick(&["age", "twice", "often"]), order(c), n(c)),
        15 => format!("orders | default(0) {} {}", order(c), n(c)),
        16 => format!("{} {} {}", c.pick(&["message_count", "page_visits", "conversation_count"]), order(c), n(c)),
        17 => c
            .pick(&[
                "email ends with \"example\"",
                "source = \"api\"",
                "full_name contains \"an\"",
                "mobile starts with \"+34\"",
                "last_page = \"/cat\"",
            ])
            .into(),
        18 => c
            .pick(&["bot.name = \"madrid\"", "city = bot.name", "bot.operator is set", "bot.nothing is set", "bot.name contains city"])
            .into(),
        _ => format!("orders + 1 {} {}", order(c), n(c)),
    }
}

fn of_facts(c: &mut Choices<'_>) -> String {
    match c.below(10) {
        0 => format!("has tag {}", c.pick(&["gold", "\"GRÖSSE\"", "helped", "\"größe\""])),
        1 => format!("has tag gold added within {}", c.pick(&LENGTHS)),
        2 => format!("has {} tag [gold, helped]", c.pick(&["any", "all"])),
        3 => c.pick(&["ran skill order-help", "ran skill talk"]).into(),
        4 => format!("ran skill order-help within {}", c.pick(&LENGTHS)),
        5 => c.pick(&["has channel telegram", "has channel web", "reachable", "reachable on telegram"]).into(),
        6 => c.pick(&["has consent news", "has consent offers", "has consent \"news@web\"", "has consent \"offers@telegram\""]).into(),
        7 => format!("notes contain {}", c.pick(&["\"cat\"", "\"STRASSE\"", "city"])),
        8 => format!("{} changed within {}", c.pick(&["orders", "plan", "city", "last_order"]), c.pick(&LENGTHS)),
        _ => format!("bucket(\"{}\") {} {}", c.pick(&["spring", "autumn"]), c.pick(&["<", ">=", "="]), c.pick(&["50", "10", "0"])),
    }
}

/// Which conditions are made: what is not wanted is left out.
#[derive(Clone, Copy)]
pub struct Taste {
    pub events: bool,
    pub segments: bool,
}

fn leaf(c: &mut Choices<'_>, taste: Taste) -> String {
    match c.below(10) {
        0..=1 => of_values(c),
        2..=3 => of_facts(c),
        4..=5 => of_time(c),
        6 if taste.segments => format!("in segment {}", c.pick(&SEGMENTS)),
        _ if taste.events => of_events(c),
        _ => of_time(c),
    }
}

/// A condition, at most so deep.
pub fn condition(c: &mut Choices<'_>, depth: usize, taste: Taste) -> String {
    if depth == 0 {
        return leaf(c, taste);
    }
    match c.below(6) {
        0..=2 => leaf(c, taste),
        3 => format!("not ({})", condition(c, depth - 1, taste)),
        kind => {
            let parts: Vec<String> = (0..2 + c.below(2)).map(|_| format!("({})", condition(c, depth - 1, taste))).collect();
            parts.join(if kind == 4 { " and " } else { " or " })
        }
    }
}

/// Segments that look into one another, into lists and into a broken one.
pub fn segments(c: &mut Choices<'_>, town: &Town) -> Vec<Sketch> {
    let mut rules: Vec<Sketch> = Vec::new();
    for (place, key) in SEGMENTS.iter().enumerate() {
        let mut rule = Sketch { key: (*key).into(), ..Sketch::default() };
        let before = &SEGMENTS[..place];
        if *key == "broken" {
            rule.broken = true;
        } else {
            if *key != "listed" {
                let mut source = condition(c, 2, Taste { events: true, segments: false });
                // Only into those before it, so that there is no circle.
                if place > 0 && c.once_in(2) {
                    source = format!("{}in segment {} {} ({source})", c.pick(&["", "not "]), c.pick(before), c.pick(&["and", "or"]));
                }
                rule.json = Some(town.condition(&source).to_json());
                rule.source = Some(source);
                rule.verified = c.once_in(6);
            }
            if place > 0 && c.once_in(3) {
                rule.exclude.push(c.pick(before).into());
            }
            if place > 1 && c.once_in(5) {
                rule.exclude.push(c.pick(before).into());
                rule.exclude.dedup();
            }
        }
        rules.push(rule);
    }
    rules
}
