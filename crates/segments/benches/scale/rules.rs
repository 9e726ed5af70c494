//! A hundred segments as a shop has them, sixty of them with a window of time, and what people ask before they make one.

use super::shop::Shop;
use switchboard_segments::{Origin, Rule, RuleKind};

/// What is asked, the aim in milliseconds, and the conditions.
pub const PREVIEWS: [(&str, u32, &[&str]); 6] = [
    (
        "a rule of 10 conditions on attributes and tags",
        20,
        &[
            "has tag \"tag 3\" and not has tag \"tag 4\" and plan in [gold, silver] and orders >= 5 and spent > 1000 and home is not US and language = es and vip is not true and score < 80 and status = active",
            "(has tag \"tag 1\" or has tag \"tag 2\") and plan = gold and orders between 3 and 40 and home in [ES, DE, JP] and language != de and spent <= 2500.50 and has channel web and source = \"organic\" and score >= 12.5",
        ],
    ),
    (
        "a rule of 10 conditions, two of them windows nobody asked before",
        60,
        &[
            "has tag \"tag 3\" and plan in [gold, silver, free] and orders >= 5 and spent > 100 and home is not US and vip is not true and score < 90 and status = active and count(purchase where category = \"cat\", last 45 days) >= 1 and sum(purchase.total, last 200 days) > 120",
            "has tag \"tag 5\" or (plan = gold and orders >= 2 and spent > 10 and home is not JP and score > 10 and status = active and language != de and count(visit, last 17 days) >= 2 and last(support) older than 91 days)",
        ],
    ),
    (
        "a rule of 10 conditions, with text",
        100,
        &[
            "city contains \"ty 7\" and plan in [gold, silver] and orders >= 1 and spent > 100 and home is not US and vip is not true and score < 95 and status = active and language != de and not has tag \"tag 4\"",
            "company ends with \"99 ltd\" and plan in [gold, silver, free] and orders >= 2 and spent > 50 and home is not FR and vip is not true and score > 3 and status = active and language != es and not has tag \"tag 5\"",
        ],
    ),
    ("one text, over everybody", 100, &["company ends with \"99 ltd\""]),
    (
        "a rule of 10 conditions, with a pattern",
        100,
        &[
            "company matches /\\b[0-9]*77[0-9]* ltd$/i and plan in [gold, silver, trial] and orders >= 5 and spent > 100 and home is not US and vip is not true and score < 95 and status = active and language != de and not has tag \"tag 4\"",
        ],
    ),
    ("one pattern, over everybody", 100, &["company matches /\\b[0-9]*77[0-9]* ltd$/i"]),
];

/// A hundred segments.
pub fn rules(shop: &Shop) -> Vec<Rule> {
    let mut sources: Vec<String> = Vec::new();
    // Sixty with a window.
    for (n, days) in [1, 3, 7, 14, 30, 60, 90, 180].into_iter().enumerate() {
        sources.push(format!("count(visit, last {days} days) >= {}", n + 1));
        sources.push(format!("count(purchase, last {days} days) >= 2 and plan is not trial"));
        sources.push(format!("count(purchase where category = \"cat\", last {days} days) >= 1"));
        sources.push(format!("sum(purchase.total, last {days} days) > {}", days * 5));
        sources.push(format!("last_seen within {days} days and orders >= {n}"));
        sources.push(format!("not (last_seen within {days} days) and has tag \"tag {n}\""));
    }
    sources.extend(
        [
            "last_order older than 6 months",
            "last_order within 3 months and spent > 1000",
            "trial_ends within next 7 days",
            "trial_ends within next 3 days and plan = trial",
            "renewal within next 30 days",
            "anniversary(birthday) is today",
            "last(support) within 14 days",
            "last(purchase) older than 60 days and orders > 3",
            "first_seen is this month",
            "has tag \"tag 7\" added within 30 days",
            "count(support where topic = \"refund\", last 30 days) = 0 and count(purchase, last 30 days) > 0",
            "count(visit, this month) >= 3 or count(visit, previous month) >= 5",
        ]
        .map(str::to_owned),
    );
    assert_eq!(sources.len(), 60);
    // Forty without.
    for n in 0..10 {
        sources.push(format!("orders >= {} and spent > {}", n * 5, n * 400));
        sources.push(format!("has tag \"tag {n}\" and not has tag \"tag {}\"", n + 10));
        sources.push(format!("in segment s{n} and home in [ES, DE] and score > {}", n * 8));
        sources.push(match n {
            0 => "city contains \"ty 7\" and vip = true".to_owned(),
            1 => "count(purchase) >= 5".to_owned(),
            2 => "sum(purchase.total) > 400".to_owned(),
            3 => "language = pt and plan = gold".to_owned(),
            4 => "message_count > 150 and has channel web".to_owned(),
            5 => "years_since(birthday) >= 18 and birthday is set".to_owned(),
            n => format!("plan is not gold and not in segment s{} and reachable on telegram", n + 30),
        });
    }
    assert_eq!(sources.len(), 100);
    let rule = |(n, source): (usize, String)| Rule {
        key: format!("s{n}"),
        name: source.clone(),
        description: None,
        kind: RuleKind::Where(shop.condition(&source)),
        exclude: if n % 9 == 8 { vec![format!("s{}", n - 1)] } else { Vec::new() },
        verified: false,
        origin: Origin::File,
        meaning: String::new(),
    };
    sources.into_iter().enumerate().map(rule).collect()
}
