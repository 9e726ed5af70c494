//! Skills that begin one another through what they change (FL 5.8): what `check` says of them (W0240) is what happens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{Talk, bot, try_bot};
use model::{Actor, Change, InboxItem, JourneyKind, Value};

const BOT: &str = "name: T\ntimezone: UTC\nattributes: { plan: { type: enum, values: [free, gold], default: free }, city: text, n: { type: number, default: 0 } }\nstatuses: [callback]\n";
const SEGMENTS: &str = "club: { static: true }\ngold: { where: plan = gold }\nunmarked: { where: not has tag y }\ncalled: { where: status = callback, exclude: [club] }\n";

/// Skills as `catch` and blocks; whether they turn in a circle once `x` is put on somebody.
const CASES: &[(&[(&str, &str)], bool)] = &[
    (&[("tag: { added: x }", "a: { remove_tag: x }"), ("tag: { removed: x }", "a: { add_tag: x }")], true),
    (
        &[
            ("tag: { added: x }", "a: { remove_tag: x }\n  b: { add_tag: y }"),
            ("tag: { added: y }", "a: { remove_tag: Y }\n  b: { add_tag: X }"),
        ],
        true,
    ),
    // What is there already is not put on again, and what comes and goes in one step is no change.
    (&[("tag: { added: x }", "a: { add_tag: y }"), ("tag: { added: y }", "a: { add_tag: x }")], false),
    (&[("tag: { added: x }", "a: { remove_tag: x }\n  b: { add_tag: x }")], false),
    (&[("tag: { added: x }", "a: { remove_tag: x }"), ("tag: { removed: x }", "a: { add_tag: x, when: n > 3 }")], false),
    (&[("tag: { added: x }", "a: { remove_tag: x }"), ("tag: { removed: x }, once: 1d", "a: { add_tag: x }")], false),
    // It may undo what it did, further down.
    (
        &[("tag: { added: x }", "a: { remove_tag: x }\n  b: { add_tag: x, when: n = 0 }"), ("tag: { removed: x }", "a: { add_tag: x }")],
        false,
    ),
    // Attributes.
    (&[("tag: { added: x }", "a: { data: { n: 1 } }"), ("attribute: { changed: n }", "a: { data: { n: \"${n + 1}\" } }")], true),
    (&[("tag: { added: x }", "a: { data: { n: 1 } }"), ("attribute: { changed: n }", "a: { data: { n: 7 } }")], false),
    (&[("tag: { added: x }", "a: { data: { n: 1 } }"), ("attribute: { changed: n }", "a: { data: { n: \"${n | default(1)}\" } }")], false),
    (&[("tag: { added: x }", "a: { data: { city: A } }"), ("attribute: { changed: city }", "a: { data: { city: \"${plan}\" } }")], false),
    // Segments: those with a list, and those that follow from what the skills change.
    (
        &[
            ("tag: { added: x }", "a: { segment: { add: club } }"),
            ("segment: { entered: club }", "a: { segment: { remove: club } }"),
            ("segment: { left: club }", "a: { segment: { add: club } }"),
        ],
        true,
    ),
    (
        &[
            ("tag: { added: x }", "a: { data: { plan: gold } }"),
            ("segment: { entered: gold }", "a: { data: { plan: free } }"),
            ("segment: { left: gold }", "a: { data: { plan: gold } }"),
        ],
        true,
    ),
    (&[("segment: { entered: unmarked }", "a: { add_tag: y }"), ("segment: { left: unmarked }", "a: { remove_tag: y }")], true),
    (&[("segment: { entered: unmarked }", "a: { add_tag: y }"), ("segment: { left: unmarked }", "a: { remove_tag: x }")], false),
    (
        &[
            ("tag: { added: x }", "a: { segment: { remove: club } }\n  b: { status: callback }"),
            ("segment: { entered: called }", "a: { status: active }"),
            ("segment: { left: called }", "a: { status: callback }"),
        ],
        true,
    ),
    // It goes on in another skill.
    (
        &[
            ("tag: { added: x }", "a: { text: Hm., next: skill s1 }"),
            ("tag: { removed: x }", "a: { add_tag: x }\n  b: { text: On., next: end }\n  c: { remove_tag: x }"),
        ],
        false,
    ),
    (
        &[
            ("tag: { added: x }", "a: { text: Hm., next: skill s1 }"),
            ("command: off", "a: { remove_tag: x }"),
            ("tag: { removed: x }", "a: { add_tag: x }"),
        ],
        true,
    ),
    // A question holds what would begin until it is answered.
    (
        &[
            ("tag: { added: x }", "a: { remove_tag: x }\n  b: { text: Sure? }\n  c: { listen: city }"),
            ("tag: { removed: x }", "a: { add_tag: x }"),
        ],
        false,
    ),
];

#[test]
fn what_check_says_of_circles_is_what_happens() {
    for (skills, turns) in CASES {
        let skill = |(at, (catch, blocks)): (usize, &(&str, &str))| {
            (format!("skills/s{at}.yaml"), format!("skill: s{at}\ncatch: [{{ {catch} }}]\nblocks:\n  {blocks}\n"))
        };
        let skills: Vec<(String, String)> = skills.iter().enumerate().map(skill).collect();
        let mut files = vec![("bot.yaml", BOT), ("segments.yaml", SEGMENTS)];
        files.extend(skills.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let (_, told) = try_bot(&files);
        assert_eq!(told.contains("W0240"), *turns, "{files:#?}\n{told}");
        let mut talk = Talk::new(bot(&files));
        talk.say("hi");
        for changes in [vec![Change::SetAttribute("n".into(), Value::Number(0.into()))], vec![Change::AddTag("x".into())]] {
            talk.item(InboxItem::Modify { changes, by: Actor::Api("test".into()) });
        }
        let mut lines = talk.steps.iter().flat_map(|step| &step.journey);
        let too_many = lines.any(|line| matches!(&line.what, JourneyKind::Error(why) if why.contains("causes led to one another")));
        assert_eq!(too_many, *turns, "{files:#?}");
    }
}

#[test]
fn a_circle_through_a_request_is_told() {
    let look = "json: { get: \"https://shop.example/\" }\n    on: { error: end, timeout: end }";
    let told = |blocks: &str| {
        let skill = format!("skill: s\ncatch: [{{ tag: {{ added: x }} }}]\nblocks:\n{blocks}");
        try_bot(&[("bot.yaml", BOT), ("skills/s.yaml", &skill)]).1
    };
    assert!(told(&format!("  a: {{ remove_tag: x }}\n  b:\n    {look}\n  c: {{ add_tag: x }}\n")).contains("W0240"));
    assert!(!told(&format!("  b:\n    {look}\n  a: {{ remove_tag: x }}\n  c: {{ add_tag: x }}\n")).contains("W0240"));
    assert!(!told("  a: { remove_tag: x }\n  b: { wait_for: 1h }\n  c: { add_tag: x }\n").contains("W0240"));
}
