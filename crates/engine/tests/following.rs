//! Memberships followed through time and through edits of their rules (FL 5.8, FL 5.9, FL 6.6).

use crate::common;

use common::{BOT, OneBot, Talk, bot};
use model::{Change, InboxItem, Instant};
use switchboard_engine::{Bot, Input};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

const SKILL: &str = "skill: hello
catch: [{ command: begin }, { segment: { left: recent } }]
blocks:
  hi: { text: \"left at ${event.at | default('never')}\" }
";

fn with(segments: &str, skill: &str) -> std::sync::Arc<Bot> {
    bot(&[("bot.yaml", BOT), ("segments.yaml", segments), ("skills/hello.yaml", skill)])
}

fn change(talk: &mut Talk, changes: Vec<Change>) -> Vec<String> {
    let item = InboxItem::Modify { changes, by: model::Actor::Api("test".into()) };
    common::texts(&talk.input(Input::Inbox(&item)))
}

#[test]
fn a_member_leaves_at_the_boundary_with_no_event_and_the_flow_is_told_that_instant() {
    let mut talk = Talk::new(with("recent: { where: last_seen within 7 days }\n", SKILL));
    talk.say("hello");
    let (seen, began) = (talk.contact.last_seen, talk.now);
    assert_eq!(talk.flips.next(), Some(seen.plus_micros(7 * DAY)), "the engine says when it is to be asked again");
    assert!(talk.pass(7 * DAY - 1).is_empty(), "one microsecond before, nothing");
    assert!(talk.contact.memberships.contains_key("recent"));
    let said = talk.pass(1);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(talk.moves(), [(began, "+recent (they came)".to_owned()), (seen.plus_micros(7 * DAY), "-recent (time)".to_owned())]);
    assert_eq!(talk.flips.next(), None);
}

#[test]
fn a_step_that_comes_late_commits_what_time_did_before_it_at_its_own_instant() {
    let mut talk = Talk::new(with("recent: { where: last_seen within 7 days }\n", SKILL));
    talk.say("hello");
    let seen = talk.contact.last_seen;
    // Nobody looked for nine days; then the customer writes.
    talk.now = talk.now.plus_micros(9 * DAY);
    talk.say("again");
    let moves = talk.moves();
    assert_eq!(moves[1], (seen.plus_micros(7 * DAY), "-recent (time)".to_owned()));
    assert_eq!(moves[2], (talk.now, "+recent (last_seen)".to_owned()));
}

#[test]
fn what_comes_and_goes_within_a_step_is_no_transition() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold } }]\nblocks:\n  a: { add_tag: gold }\n  c: { remove_tag: gold }\n";
    let mut talk = Talk::new(with("gold: { where: has tag gold }\n", skill));
    talk.say("/begin");
    assert!(talk.moves().is_empty());
}

#[test]
fn an_edited_rule_carries_people_quietly_and_only_its_own() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold } }]\nblocks:\n  a: { text: Welcome! }\n";
    let old = with("gold: { where: has tag gold }\nother: { where: has tag other }\n", skill);
    let new = with("gold: { where: has tag gold or has tag silver }\nother: { where: has tag other }\n", skill);
    let mut talk = Talk::new(old.clone());
    change(&mut talk, vec![Change::AddTag("silver".into())]);
    assert!(talk.moves().is_empty());
    let edit = talk.now.plus_micros(MINUTE);
    talk.eras = vec![new.set().era(edit), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    talk.now = talk.now.plus_micros(DAY);
    // The tag that comes with the next step is a real change; the edit before it is none.
    let said = change(&mut talk, vec![Change::AddTag("other".into())]);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(talk.moves(), [(edit, "+gold (the rule changed)".to_owned()), (talk.now, "+other (tag other)".to_owned())]);
    assert_eq!(talk.contact.memberships["gold"], edit);
}

#[test]
fn a_catch_that_asks_for_them_starts_for_those_whom_an_edit_carries() {
    let skill =
        "skill: hello\ncatch: [{ command: begin }, { segment: { entered: gold, also_current: true } }]\nblocks:\n  a: { text: Welcome! }\n";
    let old = with("gold: { where: has tag gold }\n", skill);
    let new = with("gold: { where: has tag silver }\n", skill);
    let mut talk = Talk::new(old.clone());
    change(&mut talk, vec![Change::AddTag("silver".into())]);
    talk.eras = vec![new.set().era(talk.now), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    assert_eq!(common::texts(&talk.input(Input::Membership)), ["Welcome!"]);
    assert!(talk.input(Input::Membership).is_empty(), "once");
}

#[test]
fn a_segment_that_is_deleted_is_left() {
    let skill = "skill: hello\ncatch: [{ command: begin }]\nblocks:\n  a: { text: Hi }\n";
    let of = |segments: &str| with(segments, skill);
    let old = of("gold: { where: has tag gold }\nsilver: { where: has tag silver }\n");
    let new = of("gold: { where: has tag gold }\n");
    let mut talk = Talk::new(old.clone());
    change(&mut talk, vec![Change::AddTag("gold".into()), Change::AddTag("silver".into())]);
    let edit = talk.now.plus_micros(MINUTE);
    talk.eras = vec![new.set().era(edit), old.set().era(Instant::default())];
    talk.programs = OneBot(new.clone());
    talk.now = talk.now.plus_micros(DAY);
    talk.input(Input::Membership);
    assert_eq!(talk.moves()[2..], [(edit, "-silver (the rule changed)".to_owned())]);
    assert!(talk.contact.memberships.keys().eq(["gold"]));
    talk.input(Input::Membership);
    assert_eq!(talk.moves().len(), 3, "once");
    // One of the same name later is another one.
    let back = talk.now;
    talk.eras.insert(0, old.set().era(back));
    talk.programs = OneBot(old);
    talk.input(Input::Membership);
    assert_eq!(talk.moves()[3..], [(back, "+silver (the rule changed)".to_owned())]);
}

#[test]
fn rules_that_time_moves_before_an_edit_are_judged_by_the_old_rules_nowhere_and_by_the_new_ones_after_it() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { left: recent } }]\nblocks:\n  a: { text: Bye! }\n";
    let old = with("recent: { where: last_seen within 7 days }\n", skill);
    let new = with("recent: { where: last_seen within 2 days }\n", skill);
    let mut talk = Talk::new(old.clone());
    talk.say("hello");
    let seen = talk.contact.last_seen;
    // Three days later the rule is made tighter: they are out by the edit, without a word.
    let edit = seen.plus_micros(3 * DAY);
    talk.eras = vec![new.set().era(edit), old.set().era(Instant::default())];
    talk.programs = OneBot(new);
    talk.now = seen.plus_micros(5 * DAY);
    assert!(talk.input(Input::Membership).is_empty());
    assert_eq!(talk.moves()[1..], [(edit, "-recent (the rule changed)".to_owned())]);
    // From the edit on the new rule counts in time as well.
    talk.say("back");
    let back = talk.contact.last_seen;
    assert_eq!(talk.pass(2 * DAY), ["Bye!"]);
    assert_eq!(talk.moves().last(), Some(&(back.plus_micros(2 * DAY), "-recent (time)".to_owned())));
}

#[test]
fn a_rule_that_was_edited_and_is_back_carries_people_by_the_edit() {
    let skill = "skill: hello\ncatch: [{ command: begin }, { segment: { left: recent } }]\nblocks:\n  a: { text: Bye! }\n";
    let rules =
        |days: u32, other: &str| with(&format!("recent: {{ where: last_seen within {days} days }}\nother: {{ where: {other} }}\n"), skill);
    let (first, longer) = (rules(7, "has tag other"), rules(30, "has tag other"));
    // Back as a whole, and back while another rule is a different one.
    for (back, days_after) in [(rules(7, "has tag other"), 9), (rules(7, "has tag another"), 9), (rules(7, "has tag other"), 6)] {
        let mut talk = Talk::new(first.clone());
        talk.say("hello");
        let seen = talk.contact.last_seen;
        let (edit, undone) = (seen.plus_micros(5 * DAY), seen.plus_micros(days_after * DAY));
        let known = if back.set().hash() == first.set().hash() { Vec::new() } else { vec![first.set().era(Instant::default())] };
        talk.eras = [back.set().era(undone), longer.set().era(edit)].into_iter().chain(known).collect();
        talk.programs = OneBot(back);
        talk.now = undone.plus_micros(2 * DAY);
        talk.flips = segments::Flips::at(Some(undone));
        let said = common::texts(&talk.input(Input::Membership));
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let left = seen.plus_micros(7 * DAY);
        let (moved, heard): (_, &[&str]) = if undone > left {
            ((undone, "-recent (the rule changed)".to_owned()), &[])
        } else {
            // It was back in time.
            ((left, "-recent (time)".to_owned()), &["Bye!"])
        };
        assert_eq!((said.as_slice(), &talk.moves()[1..]), (heard, &[moved][..]));
        assert!(talk.input(Input::Membership).is_empty() && talk.moves().len() == 2, "once");
    }
}

/// Forty segments that all look at many events of a contact: none takes from another what it takes to judge it.
#[test]
fn however_many_segments_look_at_a_long_past_each_is_judged() {
    const SEGMENTS: usize = 40;
    let file: String = (0..SEGMENTS)
        .map(|n| format!("s{n}: {{ where: 'count(page_visit where url contains \"/shoes/{n}.html\", last 30 days) >= 3' }}\n"))
        .collect();
    let mut talk = Talk::new(with(&file, SKILL.replace("recent", "s0").as_str()));
    let began = talk.now;
    talk.events = (0..1_500)
        .map(|no: usize| {
            let segment = no % SEGMENTS;
            // What the first two count is old.
            let days = [29, 28].get(segment).copied().unwrap_or(1);
            let at = began.plus_micros(-days * DAY + i64::try_from(no).unwrap());
            let url = format!("https://shop.example/a-long-way/to-what-they-looked-for/in-the-end/and-liked-best/shoes/{segment}.html");
            let fields = model::Record::from([("url".to_owned(), model::Value::text(url))]);
            let id = model::EventId(no as u128 + 1);
            model::EventRecord { id, name: "page_visit".into(), fields, at, by: model::Actor::System }
        })
        .collect();
    let everybody = |talk: &Talk| {
        let mut book = segments::Book::new();
        book.put(&talk.contact);
        book.add_events(talk.contact.id, &talk.events);
        let bot = &talk.programs.0;
        let holds = |key: &&String| {
            let (condition, _) = bot.read_condition(&serde_json::json!(format!("in segment {key}"))).unwrap();
            book.snapshot().ask(&condition, bot.set(), &**bot, talk.now, 0).matched == 1
        };
        bot.set().order().iter().filter(holds).cloned().collect::<std::collections::BTreeSet<String>>()
    };
    talk.input(Input::Membership);
    assert_eq!(talk.contact.memberships.len(), SEGMENTS);
    assert!(everybody(&talk).iter().eq(talk.contact.memberships.keys()));
    // Two boundaries in one step.
    talk.now = began.plus_micros(5 * DAY);
    assert_eq!(talk.input(Input::Membership).len(), 1);
    let moves: Vec<(Instant, String)> = talk.moves().split_off(SEGMENTS);
    let left = |segment: usize, days: i64| {
        // The third newest of those it counts.
        let last = (0..1_500).filter(|no| no % SEGMENTS == segment).nth_back(2).unwrap();
        (began.plus_micros((30 - days) * DAY + i64::try_from(last).unwrap()), format!("-s{segment} (time)"))
    };
    assert_eq!(moves, [left(0, 29), left(1, 28)]);
    assert!(everybody(&talk).iter().eq(talk.contact.memberships.keys()), "as the columns count");
}

#[test]
fn what_a_computed_attribute_asks_of_the_bot_is_part_of_the_rule() {
    let hours = |until: &str, name: &str| {
        let yaml = format!(
            "name: {name}
attributes:
  in_hours: {{ computed: 'open( \"office\" )' }}
  idle: {{ computed: not in_hours }}
  signed: {{ computed: bot.name }}
  twice: {{ computed: visits * 2 }}
  visits: number
calendars:
  office: {{ mon-fri: ['09:00-{until}'] }}
"
        );
        let rules = "now: { where: in_hours }
later: { where: idle }
ours: { where: signed = \"Ana\" }
often: { where: twice > 3 }
most: { where: in segment later }
";
        bot(&[
            ("bot.yaml", &yaml),
            ("segments.yaml", rules),
            ("skills/hello.yaml", "skill: hello\ncatch: [{ command: begin }]\nblocks:\n  a: { text: Hi }\n"),
        ])
    };
    let changed = |one: &Bot, other: &Bot| -> Vec<String> {
        let keys = one.set().iter().map(|rule| rule.key.clone());
        keys.filter(|key| one.set().hash_of(key) != other.set().hash_of(key)).collect()
    };
    let before = hours("17:00", "Ana");
    assert_eq!(changed(&before, &hours("17:00", "Ana")), [""; 0]);
    assert_eq!(changed(&before, &hours("18:00", "Ana")), ["later", "most", "now"]);
    assert_eq!(changed(&before, &hours("17:00", "Bea")), ["ours"]);
}
