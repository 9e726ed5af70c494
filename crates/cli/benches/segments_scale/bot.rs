//! The bot: twelve attributes, a hundred segments of which sixty have a window of time, and a flow that one of them starts.

use std::{fmt::Write as _, path::Path, time::Duration};

const BOT: &str = "\
name: Scale
timezone: Europe/Lisbon
channels:
  web: { type: web }
attributes:
  name: text
  email: email
  phone: phone
  city: text
  home: country
  plan: { type: enum, values: [free, basic, gold] }
  orders: number
  total_spent: number
  score: number
  newsletter: bool
  born: date
  joined: datetime
";

const SKILL: &str = "\
skill: checked-out
catch:
  - segment: { entered: checked-out }
blocks:
  thanks: { text: \"Thank you, ${name | default('friend')}!\" }
";

/// What the events part raises: nothing that is loaded has this name.
pub const EVENT: &str = "checkout";
/// The segment that it makes its contact enter.
pub const ENTERED: &str = "checked-out";
/// For how long.
pub const WINDOW: Duration = Duration::from_mins(5);

/// Writes the bot's folder.
pub fn write(folder: &Path) {
    std::fs::create_dir_all(folder.join("skills")).expect("the bot's folder can be made");
    let files = [("bot.yaml", BOT.to_owned()), ("skills/checked-out.yaml", SKILL.to_owned()), ("segments.yaml", segments())];
    for (path, text) in files {
        std::fs::write(folder.join(path), text).expect("the bot can be written");
    }
}

fn segments() -> String {
    let mut out = String::new();
    let mut add = |key: &str, condition: &str| {
        let _ = writeln!(out, "{key}: {{ name: Scale {key}, where: '{}' }}", condition.replace('\'', "''"));
    };
    add(ENTERED, &format!("count({EVENT}, last {} minutes) >= 1", WINDOW.as_secs() / 60));
    // 59 more with a window.
    for n in 0..12 {
        let days = 3 + n * 9;
        add(&format!("bought-{n}"), &format!("count(purchase, last {days} days) >= {}", 1 + n % 3));
        add(&format!("spent-{n}"), &format!("sum(purchase.amount, last {days} days) > {} and plan != free", 100 + n * 40));
        add(&format!("looked-{n}"), &format!("count(viewed where sku = \"boots\", last {days} days) >= {} and orders < 30", 1 + n % 2));
        add(&format!("silent-{n}"), &format!("count(purchase, last {days} days) = 0 and orders >= {n}"));
    }
    for n in 0..11 {
        add(&format!("joined-{n}"), &format!("joined within {} days and score >= {}", 10 + n * 30, n * 7));
    }
    // 40 without.
    for n in 0..10 {
        add(&format!("rich-{n}"), &format!("total_spent > {} and newsletter = true", n * 450));
        add(&format!("scored-{n}"), &format!("score between {} and {} and home in [PT, ES, DE]", n * 9, n * 9 + 20));
        add(&format!("ordered-{n}"), &format!("orders >= {} and has tag customer and not has tag refunded", n * 4));
        add(&format!("kept-{n}"), &format!("in segment rich-{n} and not in segment scored-{n}"));
    }
    out
}

/// A kind of condition that is previewed.
pub struct Kind {
    pub name: &'static str,
    /// The longest the server may take for it, 99 of 100 times, in milliseconds.
    pub aim: f64,
    /// The n-th such condition: each differs from those before it, so that nothing of them is remembered; after a while they come again.
    pub condition: fn(u64) -> String,
    /// The same as SQL over `contacts c`, of the instant `$now` (microseconds).
    pub sql: fn(u64) -> String,
}

/// The kinds.
pub const KINDS: [Kind; 3] = [
    Kind {
        name: "10 conditions on attributes and tags",
        aim: 20.0,
        condition: |n| {
            format!(
                "plan in [basic, gold] and orders >= {} and total_spent > 200 and score >= 30 and newsletter = true \
                 and city in [\"Lisbon\", \"Porto\", \"Oslo\"] and home in [PT, ES, DE] and has tag customer \
                 and not has tag refunded and born is set",
                n % 20
            )
        },
        sql: |n| {
            format!(
                "plan in ('basic', 'gold') and orders >= {} and total_spent > 200 and score >= 30 and newsletter \
                 and city in ('Lisbon', 'Porto', 'Oslo') and home in ('PT', 'ES', 'DE') and customer \
                 and not refunded and born is not null",
                n % 20
            )
        },
    },
    Kind {
        name: "10 conditions with two windows not asked before",
        aim: 60.0,
        condition: |n| {
            format!(
                "plan in [basic, gold] and orders >= 5 and total_spent > 200 and score >= 10 and newsletter = true \
                 and home in [PT, ES, DE] and has tag customer and not has tag refunded \
                 and count(purchase, last {} days) >= 1 and sum(viewed.amount, last {} days) > 100",
                20 + n % 100,
                35 + n % 97
            )
        },
        sql: |n| {
            let window = |what: &str, name: &str, days: u64| {
                format!(
                    "(select {what} from events e where e.n = c.n and e.name = '{name}' and e.moment > $now - {days} * 86400000000 and e.moment <= $now)"
                )
            };
            format!(
                "plan in ('basic', 'gold') and orders >= 5 and total_spent > 200 and score >= 10 and newsletter \
                 and home in ('PT', 'ES', 'DE') and customer and not refunded and {} >= 1 and {} > 100",
                window("count(*)", "purchase", 20 + n % 100),
                window("coalesce(sum(amount), 0)", "viewed", 35 + n % 97)
            )
        },
    },
    Kind {
        name: "10 conditions with text and a regex",
        aim: 100.0,
        condition: |n| {
            format!(
                "plan in [basic, gold] and orders >= {} and score >= 10 and newsletter = true and has tag customer \
                 and not has tag refunded and born is set and name contains \"er {}\" \
                 and email matches /^customer[0-9]*[05]@/ and phone starts with \"+3519\"",
                n % 20,
                1 + n % 9
            )
        },
        sql: |n| {
            format!(
                "plan in ('basic', 'gold') and orders >= {} and score >= 10 and newsletter and customer and not refunded \
                 and born is not null and contains(name, 'er {}') and regexp_matches(email, '^customer[0-9]*[05]@') \
                 and starts_with(phone, '+3519')",
                n % 20,
                1 + n % 9
            )
        },
    },
];
