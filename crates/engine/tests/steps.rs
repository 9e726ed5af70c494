//! The rules of FL 5, each as a short conversation with the engine alone.

use crate::common;
use switchboard_engine as engine;

use common::{BOT, Talk, bot, try_bot};
use model::{AgentId, InboxItem, Owner, TagKey};

const CHOICE: &str = "skill: colours\ncatch: [{ command: colours }]\nblocks:\n  ask:\n    text: Which colour?\n    buttons:\n      - Red: red\n      - Blue: { to: blue, value: b, synonyms: [navy] }\n    timeout: 1h\n    on: { timeout: late }\n  late:\n    text: Too late.\n    next: end\n  red:\n    text: Red it is.\n    next: end\n  blue:\n    text: Blue it is.\n";

#[test]
fn every_block_example_loads_without_a_word() {
    for block in engine::blocks() {
        let bot = "name: Example\ngroups: { support: {} }\nemail: { from: a@shop.example, smtp: { host: mail.shop.example } }\nsms: { provider: twilio, account: A, token: \"${env.T}\", from: \"+34600111222\" }\n";
        let (read, told) = try_bot(&[
            ("bot.yaml", bot),
            ("segments.yaml", "vip: { name: VIP, where: status = active }\n"),
            ("skills/a.yaml", block.example),
        ]);
        assert!(read.is_some() && told.is_empty(), "{}: {told}", block.key);
    }
}

#[test]
fn a_choice_is_pressed_typed_numbered_repeated_and_times_out() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/c.yaml", CHOICE)]);
    let mut talk = Talk::new(bot.clone());
    assert_eq!(talk.say("/colours"), ["Which colour?"]);
    let question = talk.last_bot();
    assert_eq!(talk.press(&question, "Red"), ["Red it is."]);

    assert_eq!(talk.say("/colours"), ["Which colour?"]);
    assert_eq!(talk.say("  ＢＬＵＥ! "), ["Blue it is."]);
    talk.say("/colours");
    assert_eq!(talk.say("2"), ["Blue it is."]);
    talk.say("/colours");
    assert_eq!(talk.say("navy"), ["Blue it is."]);

    talk.say("/colours");
    assert_eq!(talk.say("green"), ["Which colour?"]);
    assert_eq!(talk.say("green"), ["Which colour?"]);
    assert_eq!(talk.say("green").len(), 1, "then the fallback, and the run keeps the floor");
    assert_eq!(talk.conversation.floor.len(), 1);
    assert_eq!(talk.wait(3_600), ["Too late."]);
    assert!(talk.conversation.runs.is_empty());
    // An old button begins a new run at its exit.
    assert_eq!(talk.press(&question, "Red"), ["Red it is."]);
    // A forged one leads nowhere.
    let stale = talk.incoming(model::IncomingBody::Press { token: "forged".into(), label: "x".into() });
    assert!(stale[0].content.text.contains("no longer in use"));
    // After 30 days it is stale.
    talk.wait(31 * 86_400);
    assert!(talk.press(&question, "Red")[0].contains("no longer in use"));
}

#[test]
fn first_contact_is_greeted_once() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/c.yaml", CHOICE)]);
    let mut talk = Talk::new(bot);
    assert_eq!(common::texts(&talk.incoming(model::IncomingBody::Opened { payload: None })), ["Hello! How can I help you?"]);
    assert!(talk.incoming(model::IncomingBody::Opened { payload: None }).is_empty());
    assert!(talk.say("what?")[0].contains("/colours"));
    assert_eq!(talk.say("/start"), ["Hello! How can I help you?"]);
}

const LISTEN: &str = "skill: order\ncatch: [{ command: order }]\nblocks:\n  ask:\n    text: Number?\n  number:\n    listen: order_number\n    expect: { number: { min: 1 } }\n    retry: { say: Digits only., times: 2 }\n    timeout: 10m\n    on: { timeout: nudge, invalid: person }\n  got:\n    text: Order ${order_number}.\n    next: end\n  nudge:\n    text: Still there?\n    next: end\n  person:\n    text: Never mind.\n";

#[test]
fn listen_retries_times_out_and_stores() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN)]);
    let mut talk = Talk::new(bot);
    assert_eq!(talk.say("/order"), ["Number?"]);
    assert_eq!(talk.say("forty"), ["Digits only."]);
    assert_eq!(talk.say("４１"), ["Order 41."]);
    talk.say("/order");
    assert_eq!(talk.say("a"), ["Digits only."]);
    assert_eq!(talk.say("b"), ["Digits only."]);
    assert_eq!(talk.say("c"), ["Never mind."]);
    talk.say("/order");
    assert_eq!(talk.wait(599), Vec::<String>::new());
    assert_eq!(talk.wait(1), ["Still there?"]);
    assert!(talk.conversation.runs.is_empty());
}

#[test]
fn a_newer_question_suspends_the_older_and_gives_the_floor_back() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/o.yaml", LISTEN), ("skills/c.yaml", CHOICE)]);
    let mut talk = Talk::new(bot);
    talk.say("/order");
    talk.wait(60);
    assert_eq!(talk.say("/colours"), ["Which colour?"]);
    // The older question's timeout stands still.
    assert_eq!(talk.wait(1_200), Vec::<String>::new());
    // It is 21 minutes old, so it is asked again when it gets the floor back.
    assert_eq!(talk.say("red"), ["Red it is.", "Number?"]);
    assert_eq!(talk.say("7"), ["Order 7."]);
}

#[test]
fn segments_are_exact_in_the_same_step_and_catches_run_next() {
    let flow = "skill: gold\ncatch: [{ command: gold }]\nblocks:\n  tag:\n    add_tag: gold\n  which:\n    switch:\n      - when: in segment gold-members\n        then: yes_gold\n    else: no_gold\n  yes_gold:\n    text: You are gold.\n    next: end\n  no_gold:\n    text: Not gold.\n";
    let welcome = "skill: welcome-gold\ncatch:\n  - segment: { entered: gold-members }\n  - tag: { removed: gold }\nblocks:\n  hi:\n    text: \"Segment ${event.what}.\"\n";
    let lose =
        "skill: lose\ncatch: [{ command: lose }]\nblocks:\n  a: { remove_tag: GOLD }\n  b: { add_tag: gold }\n  c: { remove_tag: gold }\n";
    let segments = "gold-members: { name: Gold, where: has tag gold }\n";
    let bot = bot(&[
        ("bot.yaml", BOT),
        ("segments.yaml", segments),
        ("skills/g.yaml", flow),
        ("skills/w.yaml", welcome),
        ("skills/l.yaml", lose),
    ]);
    let mut talk = Talk::new(bot);
    assert_eq!(talk.say("/gold"), ["You are gold.", "Segment entered."]);
    assert!(talk.contact.memberships.contains_key("gold-members"));
    // Gold already: no transition.
    assert_eq!(talk.say("/gold"), ["You are gold."]);
    let said = talk.say("/lose");
    assert!(said.iter().all(|s| s == "Segment removed."), "{said:?}");
    assert!(!talk.contact.memberships.contains_key("gold-members"));
}

#[test]
fn timers_fork_tick_and_stop() {
    let flow = "skill: remind\ncatch: [{ command: remind }]\nblocks:\n  arm:\n    timer: { after: 10m, every: 1h, times: 3, do: nudge }\n  said:\n    text: I will.\n    next: end\n  nudge:\n    text: Reminder.\n";
    let stop = "skill: quiet\ncatch: [{ command: quiet }]\nblocks:\n  stop:\n    stop_timer: remind.arm\n";
    let bot = bot(&[("bot.yaml", BOT), ("skills/r.yaml", flow), ("skills/q.yaml", stop)]);
    let mut talk = Talk::new(bot);
    assert_eq!(talk.say("/remind"), ["I will."]);
    assert_eq!(talk.wait(600), ["Reminder."]);
    // Five hours of downtime: one tick, then the rhythm goes on.
    talk.now = talk.now.plus_micros(2 * 3_600_000_000 + 5_000_000);
    assert_eq!(talk.wait(0), ["Reminder."]);
    assert_eq!(talk.wait(3_600), ["Reminder."]);
    assert_eq!(talk.wait(36_000), Vec::<String>::new());
    talk.say("/remind");
    talk.say("/quiet");
    assert_eq!(talk.wait(36_000), Vec::<String>::new());
}

const HANDOFF: &str = "skill: talk\ncatch: [{ command: human }]\nblocks:\n  person:\n    live_chat: { group: support, message: \"Place ${queue.position}.\", timeout: 5m }\n    on: { timeout: sorry, no_agent: nobody }\n    next: after\n  sorry:\n    text: Nobody is free.\n    next: end\n  nobody:\n    text: Nobody is here.\n    next: end\n  after:\n    text: Back with the bot.\n";

#[test]
fn a_human_takes_over_and_gives_back() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/t.yaml", HANDOFF), ("skills/o.yaml", LISTEN)]);
    let mut talk = Talk::new(bot);
    assert_eq!(talk.say("/human"), ["Nobody is here."]);
    assert!(matches!(talk.conversation.request.as_ref().unwrap().state, model::RequestState::Missed { .. }));
    talk.agents = true;
    talk.say("/order");
    assert_eq!(talk.say("/human"), ["Place 1."]);
    assert_eq!(talk.conversation.owner, Owner::Queue);
    assert_eq!(talk.say("hello?"), Vec::<String>::new());
    assert_eq!(talk.wait(300), ["Nobody is free.", "Number?"]);

    assert_eq!(talk.say("/human"), ["Place 1."]);
    let request = talk.conversation.request.as_ref().unwrap().id;
    let (bea, conversation) = (AgentId(9), talk.conversation.id);
    let take = |agent, name: &str| InboxItem::Take { conversation, request, agent, name: name.into() };
    assert_eq!(talk.item(take(bea, "Bea")), ["Bea joined the chat"]);
    // The second agent loses.
    assert!(talk.item(take(AgentId(10), "Cid")).is_empty());
    assert_eq!(talk.conversation.owner, Owner::Agent(bea));
    assert_eq!(talk.say("/order"), Vec::<String>::new());
    assert_eq!(talk.wait(86_400 * 5), Vec::<String>::new(), "runs do not move while an agent has the conversation");
    let says = InboxItem::AgentSays { conversation, agent: bea, name: "Bea".into(), content: model::Content::text("Hi!"), client_id: None };
    assert_eq!(talk.item(says), ["Hi!"]);
    let said = talk.item(InboxItem::Resolve { conversation, agent: bea, skill: None });
    assert_eq!(said, ["The chat was closed", "Back with the bot.", "Number?"]);
    assert_eq!(talk.say("5"), ["Order 5."]);
}

#[test]
fn opting_out_silences_everything_but_direct_answers() {
    let flow = "skill: remind\ncatch: [{ command: remind }]\nblocks:\n  arm:\n    timer: { after: 10m, do: nudge }\n  said:\n    text: I will.\n    next: end\n  nudge:\n    text: Reminder.\n";
    let bot = bot(&[("bot.yaml", BOT), ("skills/r.yaml", flow)]);
    let mut talk = Talk::new(bot);
    talk.say("/remind");
    assert!(talk.say("STOP")[0].contains("no more messages"));
    assert_eq!(talk.contact.status, "unsubscribed");
    assert_eq!(talk.wait(3_600), Vec::<String>::new());
    assert_eq!(talk.say("/remind"), ["I will."], "a direct answer");
    assert_eq!(talk.wait(3_600).iter().filter(|t| t.contains("Reminder")).count(), 0);
    talk.say("start");
    assert_eq!(talk.contact.status, "active");
}

#[test]
fn a_storm_of_messages_breaks_the_step_and_keeps_nothing() {
    let flow = "skill: flood\ncatch: [{ command: flood }, { event: again }]\nblocks:\n  tag:\n    add_tag: flooded\n  say:\n    text: Hi\n  more:\n    send: again\n";
    let bot = bot(&[("bot.yaml", BOT), ("skills/f.yaml", flow)]);
    let mut talk = Talk::new(bot);
    let said = talk.say("/flood");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("something went wrong"));
    assert!(!talk.contact.tags.contains_key(&TagKey::of("flooded")));
    assert!(talk.steps[0].broken.is_some());
    assert_eq!(talk.transcript[0].content.text, "/flood", "the input is in the transcript all the same");
}

#[test]
fn data_is_typed_and_errors_take_their_exit() {
    let flow = "skill: d\ncatch: [{ command: d }]\nblocks:\n  a:\n    data:\n      visits: ${visits | default(0) + 1}\n      note: seven\n  b:\n    data: { visits: \"${note}\" }\n    on: { error: bad }\n  c:\n    text: never\n  bad:\n    text: ${visits} ${plan} ${event.reason}\n";
    let bot = bot(&[("bot.yaml", BOT), ("skills/d.yaml", flow)]);
    let mut talk = Talk::new(bot);
    let said = talk.say("/d");
    assert!(said[0].starts_with("1 free visits cannot hold this"), "{said:?}");
    assert!(talk.say("/d")[0].starts_with("2 free"));
}

#[test]
fn the_same_input_gives_the_same_step() {
    let bot = bot(&[("bot.yaml", BOT), ("skills/c.yaml", CHOICE)]);
    let run = || {
        let mut talk = Talk::new(bot.clone());
        talk.say("/colours");
        format!("{:?}", talk.steps)
    };
    assert_eq!(run(), run());
}
