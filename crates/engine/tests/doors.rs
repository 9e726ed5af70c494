//! Every way into a skill is a door that `only_for` guards (FL 4): on the catch, in the skill's header, on a block; for who is in
//! the segment and who is not, and for a visitor of whom nobody knows who they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common;

use common::{OneBot, Talk, bot};
use model::{Actor, AgentId, Author, Cause, Change, ChoiceAction, Content, InboxItem, IncomingBody, Occasion, Record, TagKey, Value};
use switchboard_engine::Input;

const SEGMENTS: &str = "gold: { where: has tag gold }\nproven: { where: has tag gold, verified: true }\nregulars: { where: visits >= 3 }\n";

/// Where the guard stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    Nowhere,
    Catch,
    Skill,
    Block,
}

/// Somebody at the door.
struct Visitor {
    who: &'static str,
    /// The segment that the guard names.
    segment: &'static str,
    tagged: bool,
    /// Whether a channel or the site's signed token said who it is.
    known: bool,
    may: bool,
}

const VISITORS: [Visitor; 5] = [
    Visitor { who: "a member", segment: "gold", tagged: true, known: false, may: true },
    Visitor { who: "no member", segment: "gold", tagged: false, known: false, may: false },
    Visitor { who: "an identified member", segment: "proven", tagged: true, known: true, may: true },
    Visitor { who: "a visitor who is only said to be one", segment: "proven", tagged: true, known: false, may: false },
    Visitor { who: "an identified stranger", segment: "proven", tagged: false, known: true, may: false },
];

/// A way in.
struct Door {
    name: &'static str,
    /// The guarded skill; a system skill where that is the door.
    skill: &'static str,
    /// Its catch, if the door has one.
    catch: Option<&'static str>,
    /// More of bot.yaml.
    config: &'static str,
    /// The skill it is entered from, if it is.
    from: &'static str,
    /// Whether the skill asks something, and so waits for the floor.
    asks: bool,
    knock: fn(&mut Talk),
}

impl Door {
    const fn caught(name: &'static str, catch: &'static str, knock: fn(&mut Talk)) -> Self {
        Self { name, skill: "inside", catch: Some(catch), config: "", from: "", asks: false, knock }
    }
    const fn from(name: &'static str, from: &'static str, knock: fn(&mut Talk)) -> Self {
        Self { name, skill: "inside", catch: None, config: "", from, asks: false, knock }
    }
    const fn configured(name: &'static str, config: &'static str, knock: fn(&mut Talk)) -> Self {
        Self { name, skill: "inside", catch: None, config, from: "", asks: false, knock }
    }
    const fn system(skill: &'static str, name: &'static str, knock: fn(&mut Talk)) -> Self {
        Self { name, skill, catch: None, config: "", from: "", asks: false, knock }
    }
}

const DOORS: &[Door] = &[
    Door::caught("a command", "command: enter", |t| say(t, "/enter")),
    Door::caught("a keyword", "keyword: enter", |t| say(t, "Enter!")),
    Door::caught("a contained keyword", "keyword: { contains: [enter] }", |t| say(t, "I enter now")),
    Door::caught("an event of the website", "event: knocked", |t| {
        t.incoming(IncomingBody::Event { name: "knocked".into(), fields: Record::new() });
    }),
    Door::caught("an event of the API", "event: knocked", |t| {
        let conversation = t.conversation.id;
        let (name, fields, by) = ("knocked".into(), Record::new(), Actor::Api("crm".into()));
        put(t, InboxItem::Event { conversation: Some(conversation), name, fields, at: None, by });
    }),
    Door::caught("an event for many", "event: knocked", |t| {
        reached(t, Occasion::Event { name: "knocked".into(), fields: Record::new() });
    }),
    Door::caught("a schedule", "schedule: \"0 9 * * *\", to: status = active", |t| {
        let (pattern, to) = ("0 9 * * *".into(), t.programs.0.schedules()[0].to.clone());
        reached(t, Occasion::Schedule { skill: "inside".into(), pattern, to, at: t.now });
    }),
    Door::caught("a tag", "tag: { added: door }", |t| change(t, Change::AddTag("door".into()))),
    Door::caught("a tag that goes", "tag: { removed: door }", |t| {
        change(t, Change::AddTag("door".into()));
        change(t, Change::RemoveTag("door".into()));
    }),
    Door::caught("a segment", "segment: { entered: regulars }", |t| visits(t, 3)),
    Door::caught("a segment that is left", "segment: { left: regulars }", |t| {
        visits(t, 3);
        visits(t, 1);
    }),
    Door::caught("an attribute", "attribute: { changed: visits }", |t| visits(t, 2)),
    Door::caught("what caused it, run next", "event: knocked", |t| {
        let (conversation, skill) = (t.conversation.id, "inside".to_owned());
        put(t, InboxItem::Caused { conversation, skill, catch: Some(0), named: None, event: Record::new(), depth: 1, cause: Cause::Other });
    }),
    Door { from: "  knock: { send: knocked }\n", ..Door::caught("send", "event: knocked", |t| say(t, "/from")) },
    Door {
        from: "  ask: { text: Shall I?, buttons: [{ Yes: { event: knocked } }] }\n",
        ..Door::caught("a button that raises an event", "event: knocked", |t| {
            say(t, "/from");
            press(t, "Yes");
        })
    },
    Door { config: "menu: [{ Come in: /enter }]\n", ..Door::caught("a menu entry for a command", "command: enter", |t| say(t, "come in")) },
    Door {
        asks: true,
        from: "  ask: { text: Name? }\n  hear: { listen: name, timeout: 1h }\n",
        ..Door::caught("a start that waited for the floor", "event: knocked", |t| {
            say(t, "/from");
            t.incoming(IncomingBody::Event { name: "knocked".into(), fields: Record::new() });
            say(t, "Ana");
        })
    },
    Door::configured("a menu entry", "menu: [{ Come in: skill inside }]\n", |t| say(t, "come in")),
    Door::configured("an interrupt", "interrupts: [{ keyword: enter, then: skill inside, mode: jump }]\n", |t| say(t, "enter")),
    Door {
        from: "  ask: { text: Name? }\n  hear: { listen: name, timeout: 1h }\n",
        ..Door::configured("an interrupt of a question", "interrupts: [{ keyword: enter, then: skill inside, mode: call }]\n", |t| {
            say(t, "/from");
            say(t, "enter");
        })
    },
    Door {
        from: "  ask: { text: Name? }\n  hear: { listen: name, timeout: 1h }\n",
        ..Door::configured("an interrupt that ends all", "interrupts: [{ keyword: enter, then: skill inside, mode: end }]\n", |t| {
            say(t, "/from");
            say(t, "enter");
        })
    },
    Door::from("next", "  go: { text: Soon., next: skill inside }\n", |t| say(t, "/from")),
    Door::from("call", "  go: { call: inside }\n", |t| say(t, "/from")),
    Door::from("a case", "  go: { switch: [{ when: status = active, then: skill inside }], else: end }\n", |t| say(t, "/from")),
    Door::from("a way of a split", "  go: { split: [{ weight: 1, then: skill inside }, { weight: 1, then: skill inside }] }\n", |t| {
        say(t, "/from");
    }),
    Door::from("an outcome", "  go: { segment: { check: regulars }, on: { not_member: skill inside }, next: end }\n", |t| say(t, "/from")),
    Door::from(
        "a tick",
        "  arm: { timer: { after: 1m, do: go } }\n  bye: { text: Armed., next: end }\n  go: { text: Tick., next: skill inside }\n",
        |t| {
            say(t, "/from");
            t.wait(60);
        },
    ),
    Door::from(
        "a pressed button",
        "  ask: { text: Shall I?, buttons: [{ Yes: skill inside }], timeout: 1h, on: { timeout: end } }\n",
        |t| {
            say(t, "/from");
            press(t, "Yes");
        },
    ),
    Door::from("a typed choice", "  ask: { text: Shall I?, buttons: [{ Yes: skill inside }], timeout: 1h, on: { timeout: end } }\n", |t| {
        say(t, "/from");
        say(t, "yes");
    }),
    Door::from("a button of an old message", "  ask: { text: Shall I?, buttons: [{ Yes: skill inside }], next: end }\n", |t| {
        say(t, "/from");
        t.wait(86_400);
        press(t, "Yes");
    }),
    Door::from(
        "a button of a card",
        "  ask: { gallery: [{ title: Cup, buttons: [{ Yes: skill inside }] }], timeout: 1h, on: { timeout: end } }\n",
        |t| {
            say(t, "/from");
            press(t, "Yes");
        },
    ),
    Door::from("the agent's choice", "  ask: { live_chat: { group: support }, next: end }\n", |t| {
        t.agents = true;
        say(t, "/from");
        let (conversation, request) = (t.conversation.id, t.conversation.request.as_ref().unwrap().id);
        put(t, InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
        put(t, InboxItem::Resolve { conversation, agent: AgentId(9), skill: Some("inside".into()) });
    }),
    Door::from("nobody at the desk", "  ask: { live_chat: { group: support }, on: { no_agent: skill inside }, next: end }\n", |t| {
        say(t, "/from");
    }),
    Door::system("/start", "the first message", |t| say(t, "hello")),
    Door::system("/start", "/start, typed", |t| say(t, "/start")),
    Door::system("/start", "the widget, opened", |t| {
        t.incoming(IncomingBody::Opened { payload: None });
    }),
    Door::system("/start", "a deep link", |t| {
        t.conversation.greeted = true;
        t.incoming(IncomingBody::Opened { payload: Some("ad".into()) });
    }),
    Door::system("/start", "an opt-in word", |t| {
        t.contact.status = "unsubscribed".into();
        say(t, "start");
    }),
    Door::system("/default", "a message that nobody takes", |t| {
        t.conversation.greeted = true;
        say(t, "hello");
    }),
    Door::system("/_default_fallback", "an answer that fits nothing", |t| {
        say(t, "/ask");
        for _ in 0..3 {
            say(t, "none of them");
        }
    }),
    Door::system("/_stale_button", "a choice that is gone", |t| {
        t.incoming(IncomingBody::Press { token: "gone".into(), label: "Yes".into() });
    }),
    Door::system("/_page_visit", "a page that is opened", |t| {
        t.incoming(IncomingBody::Event { name: "page_visit".into(), fields: Record::new() });
    }),
    Door::system("/_unsubscribed", "an opt-out word", |t| say(t, "stop")),
    Door::system("/_error", "an error", |t| say(t, "/fail")),
    Door::system("/_undelivered", "a message that did not arrive", |t| {
        let (conversation, message) = (t.conversation.id, model::MessageId(77));
        put(t, InboxItem::Undelivered { conversation, message, reason: "gone".into() });
    }),
    Door::system("/_start_live_chat", "an agent who joins", |t| chat(t, false)),
    Door::system("/_live_chat_closed", "an agent who closes", |t| chat(t, true)),
];

fn say(talk: &mut Talk, text: &str) {
    talk.say(text);
}

fn put(talk: &mut Talk, item: InboxItem) {
    talk.input(Input::Inbox(&item));
}

fn change(talk: &mut Talk, change: Change) {
    put(talk, InboxItem::Modify { changes: vec![change], by: Actor::Api("crm".into()) });
}

fn visits(talk: &mut Talk, count: i64) {
    change(talk, Change::SetAttribute("visits".into(), Value::Number(count.into())));
}

fn reached(talk: &mut Talk, what: Occasion) {
    put(talk, InboxItem::Reached { audience: "a1".into(), what, by: Actor::System });
}

fn chat(talk: &mut Talk, close: bool) {
    talk.agents = true;
    talk.say("/human");
    let (conversation, request) = (talk.conversation.id, talk.conversation.request.as_ref().unwrap().id);
    put(talk, InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
    if close {
        put(talk, InboxItem::Resolve { conversation, agent: AgentId(9), skill: None });
    }
}

/// Presses the newest button of this label, on a card or under a message.
fn press(talk: &mut Talk, label: &str) {
    let said = talk.transcript.iter().filter(|m| m.author != Author::Customer);
    let all = |content: &Content| -> Vec<model::Choice> {
        content.cards.iter().flat_map(|c| &c.buttons).chain(&content.buttons).cloned().collect()
    };
    let choice = said.flat_map(|m| all(&m.content)).rfind(|c| c.label == label).unwrap();
    let ChoiceAction::Reply { token } = choice.action else { panic!("{label} does not come back") };
    talk.incoming(IncomingBody::Press { token, label: label.to_owned() });
}

fn files(door: &Door, guard: Guard, segment: &str) -> Vec<(String, String)> {
    let only_for = |here: Guard, written: String| if here == guard { written } else { String::new() };
    let catch = door.catch.map_or(String::new(), |catch| {
        format!("catch: [{{ {catch}{} }}]\n", only_for(Guard::Catch, format!(", only_for: in segment {segment}")))
    });
    let skill = format!(
        "skill: {}\n{}{catch}blocks:\n  in: {{ add_tag: inside{} }}\n{}",
        door.skill,
        only_for(Guard::Skill, format!("only_for: in segment {segment}\n")),
        only_for(Guard::Block, format!(", only_for: in segment {segment}")),
        if door.asks { "  more: { listen: more, timeout: 1h }\n" } else { "" },
    );
    let config = format!(
        "name: T\ntimezone: UTC\nattributes: {{ visits: {{ type: number, default: 0 }} }}\ngroups: {{ support: {{}} }}\n{}",
        door.config
    );
    let others = [
        ("ask", "  ask: { text: Which?, buttons: [{ A: end }], timeout: 1h, on: { timeout: end } }\n"),
        ("fail", "  fail: { add_tag: \"${last_name}\" }\n"),
        ("human", "  person: { live_chat: { group: support }, next: end }\n"),
    ];
    let mut files = vec![("bot.yaml".to_owned(), config), ("segments.yaml".into(), SEGMENTS.into()), ("skills/inside.yaml".into(), skill)];
    let from = (!door.from.is_empty()).then_some(("from", door.from));
    files.extend(others.into_iter().chain(from).map(|(name, blocks)| {
        (format!("skills/{name}.yaml"), format!("skill: {name}\ncatch: [{{ command: {name} }}]\nblocks:\n{blocks}"))
    }));
    files
}

fn load(files: &[(String, String)]) -> std::sync::Arc<switchboard_engine::Bot> {
    bot(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

fn at_the_door(door: &Door, guard: Guard, visitor: &Visitor) -> Talk {
    let mut talk = Talk::new(load(&files(door, guard, visitor.segment)));
    if visitor.tagged {
        talk.contact.apply(&Change::AddTag("gold".into()), talk.now, &Actor::System);
    }
    if visitor.known {
        talk.contact.system.insert("verified_id".into(), Value::text("ana"));
    }
    talk
}

fn is_inside(talk: &Talk) -> bool {
    talk.contact.tags.contains_key(&TagKey::of("inside"))
}

#[test]
fn every_door_lets_in_whom_it_is_for_and_nobody_else() {
    let mut wrong = Vec::new();
    for door in DOORS {
        for visitor in &VISITORS {
            let mut open = at_the_door(door, Guard::Nowhere, visitor);
            (door.knock)(&mut open);
            if !is_inside(&open) {
                wrong.push(format!("{}: leads nowhere even without a guard", door.name));
            }
            for guard in [Guard::Catch, Guard::Skill, Guard::Block] {
                // Only what goes through a catch is guarded by it.
                if guard == Guard::Catch && door.catch.is_none() {
                    continue;
                }
                let mut talk = at_the_door(door, guard, visitor);
                (door.knock)(&mut talk);
                if is_inside(&talk) != visitor.may {
                    let what = if visitor.may { "is kept out" } else { "gets in" };
                    wrong.push(format!("{}, guarded at the {guard:?}: {} {what}", door.name, visitor.who));
                }
                assert!(talk.steps.iter().all(|step| step.broken.is_none()), "{}: nothing breaks", door.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_visitor_says_of_themself_does_not_identify_them() {
    let door = &DOORS[0];
    let visitor = &VISITORS[3];
    let mut talk = at_the_door(door, Guard::Skill, visitor);
    // Fields of an event, a payload, words: none of them is who somebody is.
    let fields = Record::from([("verified_id".to_owned(), Value::text("ana")), ("verified".to_owned(), Value::Bool(true))]);
    talk.incoming(IncomingBody::Event { name: "verified_id".into(), fields });
    talk.incoming(IncomingBody::Opened { payload: Some("verified_id=ana".into()) });
    talk.say("verified_id: ana");
    talk.say("/enter");
    assert!(!is_inside(&talk));
    // What a channel answers for does.
    talk.contact.system.insert("verified_id".into(), Value::text("ana"));
    talk.say("/enter");
    assert!(is_inside(&talk));
}

#[test]
fn who_may_no_longer_enter_when_the_turn_comes_is_kept_out() {
    let door = DOORS.iter().find(|door| door.name == "a start that waited for the floor").unwrap();
    for guard in [Guard::Catch, Guard::Skill, Guard::Block] {
        let mut talk = at_the_door(door, guard, &VISITORS[0]);
        talk.say("/from");
        talk.incoming(IncomingBody::Event { name: "knocked".into(), fields: Record::new() });
        assert_eq!(talk.conversation.pending.len(), 1, "it waits");
        change(&mut talk, Change::RemoveTag("gold".into()));
        talk.say("Ana");
        assert!(!is_inside(&talk), "{guard:?}");
    }
}

#[test]
fn a_door_closed_by_an_edit_is_closed_for_buttons_sent_before() {
    let door = DOORS.iter().find(|door| door.name == "a button of an old message").unwrap();
    let mut talk = at_the_door(door, Guard::Nowhere, &VISITORS[1]);
    talk.say("/from");
    let closed = load(&files(door, Guard::Skill, "gold"));
    talk.older.push(std::mem::replace(&mut talk.programs, OneBot(closed)).0);
    press(&mut talk, "Yes");
    assert!(!is_inside(&talk));
}

#[test]
fn schedules_of_one_time_have_their_own_guards_and_start_a_skill_once() {
    let skill = "skill: morning\ncatch:\n  - { schedule: \"0 9 * * *\", to: has tag gold, only_for: visits > 5 }\n  - { schedule: \"0 9 * * *\", to: has tag silver }\n  - { schedule: \"0 9 * * *\", to: has tag gold, only_for: visits < 3, grace: 2h }\n  - { schedule: \"0 9 * * *\", to: has tag gold, only_for: visits < 2 }\nblocks:\n  tell: { text: Good morning }\n";
    let config = "name: T\nattributes: { visits: { type: number, default: 0 } }\n".to_owned();
    let bot = load(&[("bot.yaml".into(), config), ("skills/morning.yaml".into(), skill.into())]);
    // Catches of one time for the same people are one schedule.
    let schedules = bot.schedules();
    let told: Vec<_> = schedules.iter().map(|s| (s.to.as_deref().unwrap(), s.grace / 60_000_000)).collect();
    assert_eq!(told, [("has tag gold", 120), ("has tag silver", 60)]);
    let starts = |visits_so_far: i64, to: usize| {
        let mut talk = Talk::new(bot.clone());
        visits(&mut talk, visits_so_far);
        let (pattern, to) = (schedules[to].pattern.clone(), schedules[to].to.clone());
        let at = talk.now;
        reached(&mut talk, Occasion::Schedule { skill: "morning".into(), pattern, to, at });
        talk.transcript.len()
    };
    assert_eq!(starts(4, 1), 1, "silver is not asked what gold is asked");
    assert_eq!(starts(4, 0), 0, "no catch of gold lets them in");
    assert_eq!(starts(9, 0), 1);
    assert_eq!(starts(1, 0), 1, "two catches let them in, and they are told once");
}
