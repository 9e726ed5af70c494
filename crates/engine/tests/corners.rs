//! Rules of FL 3, 5 and 7 in the places where several of them meet.

use crate::common;
use switchboard_engine as engine;

use common::{BOT, OneBot, Talk, bot, try_bot};
use model::{Actor, AgentId, InboxItem, IncomingBody, Owner, Record, Rest, TagKey, Version};

const CHOICE: &str = "skill: colours\ncatch: [{ command: colours }]\nblocks:\n  ask:\n    text: Which colour?\n    buttons:\n      - Red: red\n      - Blue: blue\n    timeout: 1h\n    on: { timeout: late }\n  late:\n    text: Too late.\n    next: end\n  red:\n    text: Red it is.\n    next: end\n  blue:\n    text: Blue it is.\n";
const LISTEN: &str = "skill: order\ncatch: [{ command: order }]\nblocks:\n  ask:\n    text: Number?\n  number:\n    listen: order_number\n    expect: { number: { min: 1 } }\n    timeout: 10m\n    on: { timeout: end, invalid: end }\n  got:\n    text: Order ${order_number}.\n    next: end\n";
const HUMAN: &str = "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, message: \"Place ${queue.position}.\", timeout: 5m }\n    on: { timeout: sorry, no_agent: sorry }\n    next: after\n  sorry:\n    text: Nobody is free.\n    next: end\n  after:\n    text: Back with the bot.\n";
const NONE: [&str; 0] = [];

fn desk(files: &[(&str, &str)]) -> Talk {
    let mut all = vec![("bot.yaml", BOT)];
    all.extend_from_slice(files);
    let mut talk = Talk::new(bot(&all));
    talk.agents = true;
    talk
}

fn agent_takes(talk: &mut Talk) {
    let (conversation, request) = (talk.conversation.id, talk.conversation.request.as_ref().expect("a request").id);
    talk.item(InboxItem::Take { conversation, request, agent: AgentId(9), name: "Bea".into() });
}

fn agent_closes(talk: &mut Talk, skill: Option<&str>) -> Vec<String> {
    talk.item(InboxItem::Resolve { conversation: talk.conversation.id, agent: AgentId(9), skill: skill.map(str::to_owned) })
}

fn event(name: &str) -> InboxItem {
    InboxItem::Event { conversation: None, name: name.into(), fields: Record::new(), at: None, by: Actor::Api("test".into()) }
}

#[test]
fn in_the_queue_a_typed_label_is_kept_for_the_agent() {
    // FL 5.4.1: in the queue only rules 2, 4 and 5 act; 3 does not.
    let mut talk = desk(&[("skills/c.yaml", CHOICE), ("skills/t.yaml", HUMAN)]);
    talk.say("/colours");
    assert_eq!(talk.say("/human"), ["Place 1."]);
    assert_eq!(talk.conversation.owner, Owner::Queue);
    assert_eq!(talk.say("red"), NONE);
}

#[test]
fn a_question_asked_in_the_queue_is_repeated_on_return_and_its_timeout_starts_anew() {
    // FL 5.5: timers are held; on close the asking run repeats its question.
    let mut talk = desk(&[("skills/c.yaml", CHOICE), ("skills/t.yaml", HUMAN)]);
    talk.say("/human");
    assert_eq!(talk.say("/colours"), ["Which colour?"]);
    agent_takes(&mut talk);
    talk.wait(2 * 3_600);
    let said = agent_closes(&mut talk, None);
    assert_eq!(said, ["The chat was closed", "Back with the bot.", "Which colour?"]);
    assert_eq!(talk.wait(60), NONE);
}

#[test]
fn a_question_repeated_after_a_long_chat_does_not_expire_at_once() {
    // FL 5.5, 5.9: the agent's time does not count as the run's idleness.
    let mut talk = desk(&[("skills/o.yaml", LISTEN), ("skills/t.yaml", HUMAN)]);
    talk.say("/order");
    talk.say("/human");
    agent_takes(&mut talk);
    talk.wait(4 * 86_400);
    let said = agent_closes(&mut talk, None);
    assert_eq!(said.last().map(String::as_str), Some("Number?"));
    talk.wait(1);
    assert_eq!(talk.say("5"), ["Order 5."]);
}

#[test]
fn what_the_desk_gives_back_asks_before_the_question_it_was_asked_over() {
    // FL 5.3a: the customer asked for a human, so what follows is what their next message answers.
    let asking = "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    on: { timeout: sorry, no_agent: sorry }\n    next: after\n  after:\n    text: Did we help?\n    next: hear\n  sorry:\n    text: Nobody. What is it?\n  hear:\n    listen: words\n    timeout: 1h\n    on: { timeout: end }\n  kept:\n    text: Kept.\n";
    for end in ["no agent", "timeout", "closed"] {
        let mut talk = desk(&[("skills/c.yaml", CHOICE), ("skills/t.yaml", asking)]);
        talk.agents = end != "no agent";
        talk.say("/colours");
        talk.say("/human");
        match end {
            "no agent" => {}
            "timeout" => drop(talk.wait(301)),
            _ => {
                agent_takes(&mut talk);
                assert_eq!(agent_closes(&mut talk, None).last().map(String::as_str), Some("Did we help?"));
            }
        }
        assert_eq!(talk.say("purple").first().map(String::as_str), Some("Kept."), "{end}");
        // Then the older question has the floor again.
        assert_eq!(talk.say("red"), ["Red it is."], "{end}");
    }
}

#[test]
fn handing_over_does_not_ask_the_suspended_question_a_moment_before() {
    // FL 5.5: while the queue owns the conversation runs do not move.
    let choice = CHOICE.replace(
        "  red:\n    text: Red it is.\n    next: end\n",
        "  red:\n    live_chat: { group: support, message: Wait. }\n    next: end\n",
    );
    let mut talk = desk(&[("skills/o.yaml", LISTEN), ("skills/c.yaml", choice.as_str())]);
    talk.say("/order");
    talk.say("/colours");
    talk.wait(1_200);
    assert_eq!(talk.say("red"), ["Wait."]);
}

#[test]
fn two_runs_that_ask_for_a_human_in_one_step_both_go_on_when_it_closes() {
    // INV-10, FL 3.5: no run hangs for ever.
    let one = "skill: one\ncatch: [{ command: one }]\nblocks:\n  raise:\n    send: both\n  person:\n    live_chat: { group: support }\n    next: after\n  after:\n    text: One is back.\n";
    let two = "skill: two\ncatch: [{ event: both }]\nblocks:\n  person:\n    live_chat: { group: support }\n    next: after\n  after:\n    text: Two is back.\n";
    let mut talk = desk(&[("skills/1.yaml", one), ("skills/2.yaml", two)]);
    talk.say("/one");
    agent_takes(&mut talk);
    let said = agent_closes(&mut talk, None);
    assert_eq!(said, ["The chat was closed", "One is back.", "Two is back."]);
    assert!(talk.conversation.runs.is_empty());
}

#[test]
fn a_queue_timeout_that_breaks_leaves_nobody_waiting_for_ever() {
    // INV-10.
    let mut flow = String::from(
        "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, timeout: 5m }\n    on: { timeout: t0 }\n    next: end\n",
    );
    for n in 0..25 {
        flow.push_str(&format!("  t{n}:\n    text: Line {n}.\n"));
    }
    let mut talk = desk(&[("skills/t.yaml", flow.as_str())]);
    talk.say("/human");
    talk.wait(301);
    let due = engine::next_due(&talk.conversation, talk.programs.0.limits());
    assert!(talk.conversation.owner == Owner::Bot || due.is_some(), "owner {:?}, nothing due", talk.conversation.owner);
}

#[test]
fn closing_with_a_skill_that_does_not_exist_does_not_end_the_runs() {
    let mut talk = desk(&[("skills/o.yaml", LISTEN), ("skills/t.yaml", HUMAN)]);
    talk.say("/order");
    talk.say("/human");
    agent_takes(&mut talk);
    let said = agent_closes(&mut talk, Some("no-such-skill"));
    assert_eq!(said, ["The chat was closed", "Back with the bot.", "Number?"]);
}

#[test]
fn the_buttons_of_a_repeated_question_still_answer_it() {
    // FL 5.4.2: its run still rests on that block.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/c.yaml", CHOICE)]));
    talk.say("/colours");
    let first = talk.last_bot();
    assert_eq!(talk.say("green"), ["Which colour?"]);
    assert_eq!(talk.press(&first, "Red"), ["Red it is."]);
}

#[test]
fn save_holds_for_a_button_beside_next() {
    // FL 3.9: `save` stores the value or label.
    let flow = "skill: s\ncatch: [{ command: s }]\nblocks:\n  ask:\n    text: Size?\n    buttons:\n      - Small: { to: got, value: S }\n    save: size\n    next: end\n  got:\n    text: \"Size ${size | default('none')}.\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/s.yaml", flow)]));
    talk.say("/s");
    let shown = talk.last_bot();
    assert_eq!(talk.press(&shown, "Small"), ["Size S."]);
}

#[test]
fn a_number_for_a_listen_is_not_taken_for_a_choice_of_an_earlier_block() {
    // FL 5.4.3 is about the choices of the block that asks.
    let flow = "skill: n\ncatch: [{ command: n }]\nblocks:\n  ask:\n    text: How many?\n    buttons:\n      - One: got\n      - Another number: number\n    on: { other: number }\n  number:\n    listen: amount\n    expect: number\n    on: { invalid: end, timeout: end }\n  got:\n    text: \"Amount ${amount | default(1)}.\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/n.yaml", flow)]));
    talk.say("/n");
    talk.say("Another number");
    talk.say("many");
    assert_eq!(talk.say("2"), ["Amount 2."]);
}

#[test]
fn a_broken_handler_of_what_error_sends_does_not_turn_for_ever() {
    // FL 5.7: `/_error` breaking starts nothing further.
    let error = "skill: /_error\nblocks:\n  tell:\n    send: problem\n";
    let mut handler = String::from("skill: handler\ncatch: [{ event: problem }]\nblocks:\n");
    for n in 0..25 {
        handler.push_str(&format!("  t{n}:\n    text: Line {n}.\n"));
    }
    let boom = "skill: boom\ncatch: [{ command: boom }]\nblocks:\n  a:\n    send: problem\n";
    let mut talk =
        Talk::new(bot(&[("bot.yaml", BOT), ("skills/e.yaml", error), ("skills/h.yaml", handler.as_str()), ("skills/b.yaml", boom)]));
    // The driver panics when the inbox never empties.
    talk.say("/boom");
}

#[test]
fn a_guard_that_cannot_be_computed_is_no_broken_step() {
    // FL 6.5, 5.7: arithmetic with unknown is the error outcome; nothing before it is undone.
    let flow = "skill: w\ncatch: [{ command: w }]\nblocks:\n  tag:\n    add_tag: seen\n  maybe:\n    text: Often here.\n    when: visits + 1 > 3\n  done:\n    text: Done.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/w.yaml", flow)]));
    talk.say("/w");
    assert!(talk.steps[0].broken.is_none(), "{:?}", talk.steps[0].broken);
    assert!(talk.contact.tags.contains_key(&TagKey::of("seen")));
}

#[test]
fn save_that_does_not_fit_the_attribute_is_no_broken_step() {
    let flow = "skill: s\ncatch: [{ command: s }]\nblocks:\n  ask:\n    text: How often?\n    buttons:\n      - Often: got\n    save: visits\n    timeout: 1h\n  got:\n    text: Thanks.\n";
    let (read, _) = try_bot(&[("bot.yaml", BOT), ("skills/s.yaml", flow)]);
    // Refused by check, or an outcome at run time.
    if let Some(bot) = read {
        let mut talk = Talk::new(bot);
        talk.say("/s");
        talk.say("Often");
        assert!(talk.steps.iter().all(|s| s.broken.is_none()), "{:?}", talk.steps.last().unwrap().broken);
    }
}

#[test]
fn an_event_is_recorded_even_when_too_much_happens() {
    // FL 7.3: whatever is raised is recorded on the contact; FL 5.10 only limits what starts.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN)]));
    for _ in 0..70 {
        talk.item(event("purchase"));
    }
    assert_eq!(talk.steps.iter().map(|s| s.events.len()).sum::<usize>(), 70);
}

#[test]
fn once_is_not_spent_on_a_start_that_was_skipped() {
    let flow = "skill: ask\ncatch: [{ event: ping, once: 1d, if_busy: skip }]\nblocks:\n  q:\n    text: Well?\n  a:\n    listen: answer\n    timeout: 1m\n    on: { invalid: end, timeout: end }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN), ("skills/a.yaml", flow)]));
    talk.say("/order");
    assert_eq!(talk.item(event("ping")), NONE);
    talk.say("7");
    assert_eq!(talk.item(event("ping")), ["Well?"]);
}

#[test]
fn an_edit_around_a_catch_leaves_its_memory_of_once_alone() {
    let flow = |catches: &str| {
        format!("skill: offer\ncatch:\n{catches}blocks:\n  a:\n    text: \"An offer for ${{event.amount | default('you')}}.\"\n")
    };
    let publish = |talk: &mut Talk, catches: &str| publish(talk, &[("bot.yaml", BOT), ("skills/o.yaml", &flow(catches))]);
    let ping = "  - { event: ping, once: 1d }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", &flow(ping))]));
    assert_eq!(talk.item(event("ping")).len(), 1);
    assert_eq!(talk.item(event("ping")), NONE);
    // Another one before it: that has not started yet, and this one still has.
    publish(&mut talk, &format!("  - {{ event: pong, once: 1d }}\n{ping}"));
    assert_eq!(talk.item(event("ping")), NONE);
    assert_eq!(talk.item(event("pong")).len(), 1);
    assert_eq!(talk.item(event("pong")), NONE);
    // Its guard was edited: it is the same catch.
    publish(&mut talk, "  - { keyword: [offer, deal], once: 1d }\n  - { event: ping, where: amount is not set, once: 1d }\n");
    assert_eq!(talk.item(event("ping")), NONE);
    // A keyword is the same when words are added to it.
    assert_eq!(talk.say("deal").len(), 1);
    publish(&mut talk, &format!("{ping}  - {{ keyword: [offer, deal, bargain], once: 1d }}\n"));
    assert_ne!(talk.say("bargain"), ["An offer for you."]);
    // Of two that catch the same each has its own memory.
    let two = "  - { event: ping, where: amount is set, once: 1d }\n  - { event: ping, where: amount is not set, once: 1d }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", &flow(two))]));
    assert_eq!(talk.item(event("ping")).len(), 1);
    assert_eq!(talk.item(event("ping")), NONE);
    let amount = Record::from([("amount".to_owned(), model::Value::Number(5.into()))]);
    let with_amount = InboxItem::Event { conversation: None, name: "ping".into(), fields: amount, at: None, by: Actor::Api("test".into()) };
    assert_eq!(talk.item(with_amount), ["An offer for 5."]);
    assert_eq!(talk.wait(86_400), NONE);
    assert_eq!(talk.item(event("ping")).len(), 1, "the day is over");
}

#[test]
fn once_counts_for_the_person_and_the_last_start_decides() {
    let flow = "skill: offer\ncatch: [{ event: ping, once: 1d }, { tag: { added: VIP }, once: 1d }]\nblocks:\n  a:\n    text: An offer.\n";
    let talk = || Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", flow)]));
    let ago = |talk: &Talk, hours: i64| model::Value::DateTime(talk.now.plus_micros(-hours * 3_600_000_000));
    // Another conversation of theirs remembers it, by the place in an older record too.
    for key in ["offer#event ping", "offer#event ping\nwhere: amount is set", "offer#0"] {
        let mut talk = talk();
        talk.once_elsewhere = vec![Record::from([(key.to_owned(), ago(&talk, 1))])];
        assert_eq!(talk.item(event("ping")), NONE, "{key}");
        talk.once_elsewhere = vec![Record::from([(key.to_owned(), ago(&talk, 24))])];
        assert_eq!(talk.item(event("ping")), ["An offer."], "{key}");
    }
    // Remembered under two names, of which one is long ago: the other is not.
    let mut talk = talk();
    talk.conversation.once.insert("offer#event ping".into(), ago(&talk, 30));
    talk.conversation.once.insert("offer#event ping\nwhere: amount is set".into(), ago(&talk, 1));
    assert_eq!(talk.item(event("ping")), NONE);
    // A tag is the same however it is spelt.
    talk.conversation.once.insert("offer#tag vip added".into(), ago(&talk, 1));
    let add = InboxItem::Modify { changes: vec![model::Change::AddTag("Vip".into())], by: Actor::Api("test".into()) };
    assert_eq!(talk.item(add), NONE);
}

#[test]
fn what_once_remembered_by_place_is_still_read() {
    let flow = "skill: offer\ncatch:\n  - { event: ping, once: 1d }\nblocks:\n  a:\n    text: An offer.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", flow)]));
    talk.conversation.once.insert("offer#0".into(), model::Value::DateTime(talk.now));
    assert_eq!(talk.item(event("ping")), NONE);
    talk.wait(86_400);
    assert_eq!(talk.item(event("ping")), ["An offer."]);
    assert_eq!(talk.conversation.once.len(), 1, "and forgotten when it is remembered by what it catches");
    assert_eq!(talk.item(event("ping")), NONE);
}

#[test]
fn a_skill_that_the_person_begins_again_begins_anew() {
    let asks = |name: &str, catch: &str| {
        format!(
            "skill: {name}\ncatch: [{catch}]\nblocks:\n  q:\n    text: {name}?\n  a:\n    listen: answer\n    timeout: 1h\n    on: {{ timeout: end }}\n  so:\n    text: \"{name}: ${{answer}}\"\n    next: end\n"
        )
    };
    let mut talk = Talk::new(bot(&[
        ("bot.yaml", BOT),
        ("skills/a.yaml", &asks("/start", "{ command: hello }")),
        ("skills/b.yaml", &asks("order", "{ command: order }, { event: order }")),
    ]));
    talk.say("hi");
    talk.say("/hello");
    talk.say("/start");
    talk.incoming(IncomingBody::Opened { payload: Some("ad".into()) });
    assert_eq!(talk.conversation.runs.len(), 1);
    // Another skill suspends it, and it goes on below; begun again it is over.
    talk.say("/order");
    assert_eq!(talk.conversation.runs.len(), 2);
    talk.say("/hello");
    assert_eq!(talk.say("fine"), ["/start: fine"]);
    // The order's question is the one that waits now; an event does not take it away.
    talk.item(event("order"));
    assert_eq!(talk.say("41"), ["order: 41", "order?"]);
}

#[test]
fn opening_the_widget_does_not_subscribe_again() {
    // FL 7.9: /start or an opt-in word does.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN)]));
    talk.say("STOP");
    talk.incoming(IncomingBody::Opened { payload: None });
    assert_eq!(talk.contact.status, "unsubscribed");
}

#[test]
fn opening_the_widget_in_the_queue_is_silent() {
    let mut talk = desk(&[("skills/t.yaml", HUMAN)]);
    talk.say("/human");
    assert!(talk.incoming(IncomingBody::Opened { payload: None }).is_empty());
}

#[test]
fn the_place_in_line_is_no_question_to_repeat() {
    let flow = HUMAN.replace(
        "  after:\n    text: Back with the bot.\n",
        "  after:\n    listen: rating\n    expect: number\n    on: { invalid: end, timeout: end }\n",
    );
    let mut talk = desk(&[("skills/t.yaml", flow.as_str())]);
    talk.say("/human");
    agent_takes(&mut talk);
    agent_closes(&mut talk, None);
    let said = talk.say("great");
    assert!(said.iter().all(|s| !s.contains("Place")), "{said:?}");
}

#[test]
fn a_wait_in_a_circle_stops_at_the_limit_of_steps_without_a_human() {
    // FL 5.10: 60 steps an hour; a cycle that only time drives must count or end.
    let flow = "skill: l\ncatch: [{ command: l }]\nblocks:\n  a:\n    text: Hi.\n  b:\n    wait_for: 1s\n    next: a\n";
    let (read, _) = try_bot(&[("bot.yaml", BOT), ("skills/l.yaml", flow)]);
    if let Some(bot) = read {
        let mut talk = Talk::new(bot);
        talk.say("/l");
        let said = talk.wait(1_800);
        assert!(said.len() <= 61, "{} messages", said.len());
    }
}

#[test]
fn the_limit_of_steps_without_a_human_counts_a_contact_and_not_their_conversations() {
    // FL 5.10: per contact and hour.
    let flow = "skill: l\ncatch: [{ event: ping }]\nblocks:\n  a:\n    text: Pong.\n";
    let config = format!("{BOT}limits: {{ idle_steps: 3 }}\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", config.as_str()), ("skills/l.yaml", flow)]));
    let ping = |talk: &mut Talk| {
        let (name, fields, by) = ("ping".into(), model::Record::new(), model::Actor::Api("crm".into()));
        talk.item(InboxItem::Event { conversation: Some(talk.conversation.id), name, fields, at: None, by }).len()
    };
    assert_eq!([ping(&mut talk), ping(&mut talk)], [1, 1]);
    // The same person in another conversation: the count goes on.
    let address = model::Address { channel: "web".into(), id: "v2".into() };
    let first = std::mem::replace(&mut talk.conversation, model::Conversation::new(model::ConversationId(9), talk.contact.id, address));
    assert_eq!([ping(&mut talk), ping(&mut talk)], [1, 0], "the fourth step of the contact");
    assert_eq!(talk.contact.idle_steps.1, 4, "what is over the limit is counted no further");
    talk.conversation = first;
    assert_eq!(ping(&mut talk), 0);
    // A message of theirs, wherever, begins anew; so does the next hour.
    talk.say("hello");
    assert_eq!(ping(&mut talk), 1);
    assert_eq!([ping(&mut talk), ping(&mut talk), ping(&mut talk)], [1, 1, 0]);
    talk.now = talk.now.plus_micros(3_600_000_000);
    assert_eq!(ping(&mut talk), 1);
}

#[test]
fn a_queued_start_is_not_mistaken_for_another_catch_after_an_edit() {
    let start = |catches: &str| {
        let skill = format!("skill: told\ncatch: [{catches}]\nblocks:\n  a:\n    text: Told.\n");
        bot(&[("bot.yaml", BOT), ("skills/t.yaml", skill.as_str())])
    };
    const GOLD: &str = "{ tag: { added: gold }, only_for: has tag vip }";
    const BLUE: &str = "{ tag: { added: blue } }";
    const EDITED: &str = "{ tag: { added: gold }, only_for: has tag friend }";
    // Queued while the first bot was in force, run by the second.
    let after = |catches: &str, tags: &[&str]| {
        let mut talk = Talk::new(start(&format!("{GOLD}, {BLUE}")));
        let changes = tags.iter().chain(&["gold"]).map(|tag| model::Change::AddTag((*tag).into())).collect();
        let modify = InboxItem::Modify { changes, by: model::Actor::System };
        let queued = engine::step(
            &engine::PersonView::new(&talk.contact, &talk.conversation),
            engine::Input::Inbox(&modify),
            &engine::Turn { now: talk.now, seed: 1, programs: &talk.programs, eras: &[], ungated: false },
        );
        talk.contact = queued.contact.expect("it was tagged");
        talk.programs.0 = start(catches);
        queued.queued.into_iter().flat_map(|item| talk.item(item)).collect::<Vec<_>>()
    };
    assert_eq!(after(&format!("{GOLD}, {BLUE}"), &["vip"]), ["Told."]);
    assert_eq!(after(&format!("{GOLD}, {BLUE}"), &[]), NONE, "its guard is tested when it begins");
    // It moved: its own guard counts, and not that of what stands in its place.
    assert_eq!(after(&format!("{BLUE}, {GOLD}"), &["vip"]), ["Told."]);
    assert_eq!(after(&format!("{BLUE}, {GOLD}"), &[]), NONE);
    // It is gone: nothing else is taken for it.
    assert_eq!(after(BLUE, &["vip"]), NONE);
    // Its guard was edited: the new one counts.
    assert_eq!(after(&format!("{BLUE}, {EDITED}"), &["vip"]), NONE);
    assert_eq!(after(&format!("{BLUE}, {EDITED}"), &["friend"]), ["Told."]);
    // A row of an older release has the place alone.
    let mut talk = Talk::new(start(&format!("{BLUE}, {GOLD}")));
    let old = serde_json::json!({ "caused": { "conversation": talk.conversation.id, "skill": "told", "catch": 0, "event": {}, "depth": 1, "cause": "other" } });
    let old: InboxItem = serde_json::from_value(old).expect("rows of older releases can be read");
    assert_eq!(talk.item(old), ["Told."]);
}

#[test]
fn check_refuses_two_skills_that_leave_for_each_other_for_ever() {
    // FL 5.10.
    let one = "skill: one\ncatch: [{ command: one }]\nblocks:\n  a:\n    text: One.\n    next: skill two\n";
    let two = "skill: two\nblocks:\n  a:\n    text: Two.\n    next: skill one\n";
    assert!(try_bot(&[("bot.yaml", BOT), ("skills/1.yaml", one), ("skills/2.yaml", two)]).0.is_none());
}

#[test]
fn a_tag_that_came_and_went_in_one_step_starts_nothing() {
    // FL 5.8: add-then-remove is none.
    let flow = "skill: f\ncatch: [{ command: f }]\nblocks:\n  a:\n    add_tag: x\n  b:\n    remove_tag: x\n";
    let caught = "skill: c\ncatch: [{ tag: { added: x } }, { tag: { removed: x } }]\nblocks:\n  a:\n    text: \"x ${event.what}\"\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/f.yaml", flow), ("skills/c.yaml", caught)]));
    assert_eq!(talk.say("/f"), NONE);
}

#[test]
fn stop_with_a_full_stop_is_an_opt_out() {
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN)]));
    talk.say("Stop.");
    assert_eq!(talk.contact.status, "unsubscribed");
}

#[test]
fn a_national_number_of_the_bots_country_is_a_phone() {
    // FL 7.6: the bot's country.
    let config = "name: T\ncountry: ES\nattributes: { mobile: phone }\n";
    let flow = "skill: d\ncatch: [{ command: d }]\nblocks:\n  a:\n    data: { mobile: 612 34 56 78 }\n";
    let (read, told) = try_bot(&[("bot.yaml", config), ("skills/d.yaml", flow)]);
    assert!(read.is_some(), "{told}");
}

#[test]
fn a_plain_number_in_data_can_be_counted_with() {
    let flow = "skill: d\ncatch: [{ command: d }]\nblocks:\n  a:\n    data:\n      n: 5\n      m: ${n + 1}\n  t:\n    text: ${m}\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/d.yaml", flow)]));
    assert_eq!(talk.say("/d"), ["6"]);
}

/// Nothing but the newest bot is known.
fn publish(talk: &mut Talk, files: &[(&str, &str)]) {
    talk.programs = OneBot(bot(files));
}

#[test]
fn a_message_to_a_run_whose_version_is_gone_goes_on_down() {
    // FL 3.5, 5.4: never swallowed in silence.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN)]));
    talk.say("/order");
    publish(&mut talk, &[("bot.yaml", BOT), ("skills/o.yaml", LISTEN), ("skills/c.yaml", CHOICE)]);
    assert!(!talk.say("41").is_empty());
}

#[test]
fn a_button_of_a_run_whose_version_is_gone_leads_on_in_the_newest() {
    // FL 5.4.2 "otherwise"; model::SentChoice::to promises it.
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/c.yaml", CHOICE)]));
    talk.say("/colours");
    let question = talk.last_bot();
    publish(&mut talk, &[("bot.yaml", BOT), ("skills/c.yaml", CHOICE), ("skills/o.yaml", LISTEN)]);
    assert_eq!(talk.press(&question, "Red"), ["Red it is."]);
}

#[test]
fn a_tick_that_waits_for_the_floor_keeps_its_version() {
    // FL 5.9: removed when no run or timer uses it.
    let flow = "skill: r\ncatch: [{ command: r }]\nblocks:\n  arm:\n    timer: { after: 1m, do: q }\n  said:\n    text: Armed.\n    next: end\n  q:\n    text: Well?\n  a:\n    listen: answer\n    on: { invalid: end, timeout: end }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN), ("skills/r.yaml", flow)]));
    talk.say("/r");
    let old: Version = talk.conversation.timers[0].version.clone();
    talk.say("/order");
    talk.wait(61);
    assert_eq!(talk.conversation.pending.len(), 1);
    talk.conversation.runs.clear();
    assert!(engine::versions(&talk.conversation).any(|v| *v == old));
}

#[test]
fn a_run_that_time_wakes_does_not_take_the_floor_from_a_question() {
    // FL 5.3b: what the customer did not cause waits for the floor.
    let flow = "skill: later\ncatch: [{ event: ping }]\nblocks:\n  w:\n    wait_for: 1m\n  q:\n    text: How was it?\n  a:\n    listen: review\n    on: { invalid: end, timeout: end }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN), ("skills/l.yaml", flow)]));
    talk.item(event("ping"));
    talk.say("/order");
    talk.wait(61);
    assert_eq!(talk.say("41").first().map(String::as_str), Some("Order 41."));
}

#[test]
fn prose_is_taken_as_written() {
    // FL 3.8.
    let flow = "skill: p\ncatch: [{ command: p }]\nblocks:\n  a:\n    text: 007\n  b:\n    text: yes\n  c:\n    text: +12065551212\n  d:\n    text: 12:30\n  f:\n    text: 1_000\n  g:\n    text: 0x1F\n  h:\n    text: $${x} 2026-01-01\n  i:\n    text: Choose\n    buttons:\n      - Yes: end\n      - 1: end\n      - 12:30\n      - 007\n    timeout: 1h\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/p.yaml", flow)]));
    assert_eq!(talk.say("/p"), ["007", "yes", "+12065551212", "12:30", "1_000", "0x1F", "${x} 2026-01-01", "Choose"]);
    let labels: Vec<String> = talk.last_bot().content.buttons.iter().map(|c| c.label.clone()).collect();
    assert_eq!(labels, ["Yes", "1", "12:30", "007"]);
}

#[test]
fn customer_input_is_never_a_template() {
    let flow = "skill: e\ncatch: [{ command: e }]\nblocks:\n  q:\n    text: Name?\n  n:\n    listen: who\n    on: { invalid: end, timeout: end }\n  t:\n    text: Hi ${who}!\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/e.yaml", flow)]));
    talk.say("/e");
    assert_eq!(talk.say("${7*7}"), ["Hi ${7*7}!"]);
    assert!(talk.conversation.runs.iter().all(|r| !matches!(r.rest, Rest::Asking(_))));
}

#[test]
fn a_chat_can_be_closed_after_many_starts_were_held() {
    // FL 5.5: held starts resume on close; 5.10 limits one step, not what an agent may close.
    let news = "skill: news\ncatch: [{ event: news }]\nblocks:\n  a:\n    text: News.\n";
    let mut talk = desk(&[("skills/n.yaml", news), ("skills/t.yaml", HUMAN)]);
    talk.say("/human");
    agent_takes(&mut talk);
    for _ in 0..17 {
        talk.item(event("news"));
    }
    agent_closes(&mut talk, None);
    agent_closes(&mut talk, None);
    assert_eq!(talk.conversation.owner, Owner::Bot);
}

#[test]
fn timers_that_come_due_together_all_tick() {
    // FL 5.10 allows 64 timers; INV-4: each ticks once.
    let mut flow = String::from("skill: many\ncatch: [{ command: many }]\nblocks:\n");
    for n in 0..17 {
        flow.push_str(&format!("  t{n}:\n    timer: {{ after: 1h, do: tick }}\n"));
    }
    flow.push_str("  said:\n    text: Armed.\n    next: end\n  tick:\n    add_tag: ticked\n");
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/m.yaml", flow.as_str())]));
    talk.say("/many");
    talk.wait(3_601);
    assert!(talk.contact.tags.contains_key(&TagKey::of("ticked")));
}

#[test]
fn a_due_run_that_breaks_takes_no_other_with_it() {
    // FL 5.7: its run ends, nothing else is kept, and nothing else is lost.
    let mut bad = String::from("skill: bad\ncatch: [{ command: bad }]\nblocks:\n  w:\n    wait_for: 1m\n");
    for n in 0..25 {
        bad.push_str(&format!("  t{n}:\n    text: Line {n}.\n"));
    }
    let good = "skill: good\ncatch: [{ command: good }]\nblocks:\n  w:\n    wait_for: 1m\n  t:\n    text: Good.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", bad.as_str()), ("skills/g.yaml", good)]));
    talk.say("/bad");
    talk.say("/good");
    assert!(talk.wait(120).iter().any(|s| s == "Good."));
}

#[test]
fn punctuation_is_no_keyword() {
    let flow = "skill: help\ncatch: [{ keyword: \"?\" }]\nblocks:\n  a:\n    text: Help.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/h.yaml", flow)]));
    talk.say("?");
    assert_eq!(talk.say("?"), ["Help."]);
    assert_ne!(talk.say("!!!"), ["Help."]);
}

#[test]
fn where_looks_at_the_fields_of_the_event() {
    // FL 6.3: inside `where`, names are the event's fields.
    let flow = "skill: big\ncatch:\n  - event: bought\n    where: total > 5\nblocks:\n  tell:\n    text: You spent ${event.total}.\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", BOT), ("skills/b.yaml", flow)]));
    let bought = |talk: &mut Talk, total: u32| {
        let fields = Record::from([("total".to_owned(), model::Value::Number(total.into()))]);
        talk.item(InboxItem::Event {
            conversation: Some(talk.conversation.id),
            name: "bought".into(),
            fields,
            at: None,
            by: Actor::Api("shop".into()),
        })
    };
    assert_eq!(bought(&mut talk, 10), ["You spent 10."]);
    assert_eq!(bought(&mut talk, 4), NONE);
}

#[test]
fn a_slip_is_answered_with_the_word_that_was_meant() {
    for (flow, meant) in [
        ("skill: a\ncatch: [{ comand: a }]\nblocks:\n  b: { text: Hi }\n", "command"),
        ("skill: a\nblocks:\n  b: { txt: Hi }\n", "text"),
        ("skill: a\nblocks:\n  b: { text: Hi, next: c }\n  cc: { text: Hi }\n", "cc"),
    ] {
        let files = [("bot.yaml", BOT), ("skills/a.yaml", flow)].map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
        let (_, diagnostics, sources) = engine::Bot::load(&engine::BotFiles { files, shown_as: String::new(), assets: Vec::new() });
        let told = syntax::render_human(&diagnostics, &sources, false, 120);
        assert!(told.contains(&format!("did you mean \"{meant}\"?")), "{told}");
        assert!(!told.contains("\"did you mean"), "{told}");
    }
}
