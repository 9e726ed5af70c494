//! The whole story over HTTP: a customer on the web and an agent at the desk, with the bot that comes with the product.

use crate::support::{Agent, Server, Setup, Visitor, bot, fresh, shop, within};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The shop, and its agent, present.
async fn open_shop() -> (Server, Agent) {
    let server = Setup::new(shop()).start().await;
    let mut agent = Agent::sign_in(&server, "admin", &server.password()).await;
    agent.come(&server).await;
    (server, agent)
}

/// Waits until a list of the desk has a row for which this holds.
async fn row(server: &Server, agent: &Agent, list: &str, test: impl Fn(&Value) -> bool) -> Value {
    within(format!("a row in {list}"), async {
        loop {
            if let Some(row) = agent.rows(server, list).await.into_iter().find(&test) {
                break row;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_greeting_to_an_agent_and_back_to_the_bot() {
    let (server, agent) = open_shop().await;
    let ana = Visitor::greeted(&server).await;
    ana.saw(&server, "welcome to Marea").await;

    // A question.
    ana.press(&server, "Get a price").await;
    ana.press(&server, "Tasting box, €25").await;
    ana.saw(&server, "How many").await;
    ana.say(&server, "a lot").await;
    ana.saw(&server, "number from 1 to 200").await;
    // Ten boxes make a customer one of the best, once they are bought.
    ana.say(&server, "10").await;
    ana.saw(&server, "€250").await;
    ana.press(&server, "Yes, send them").await;
    ana.saw(&server, "name shall I put").await;
    ana.say(&server, "Ana").await;
    ana.saw(&server, "Thank you, Ana!").await;

    // The VIP branch, and the hand-off.
    ana.press(&server, "Talk to Marta").await;
    ana.saw(&server, "I am calling Marta.").await;
    ana.saw(&server, "You are number 1 in line").await;
    ana.say(&server, "Where is my parcel?").await;
    let waiting = row(&server, &agent, "queue", |r| r["last_text"] == "Where is my parcel?").await;
    assert_eq!((&waiting["name"], &waiting["group"], &waiting["position"]), (&json!("Ana"), &json!("support"), &json!(1)));
    let profile = agent.get(&server, &Agent::path(&waiting)).await;
    assert!(profile["segments"].as_array().unwrap().iter().any(|s| s["key"] == "vip"), "{profile}");
    let attribute = |name: &str| profile["attributes"].as_array().unwrap().iter().find(|a| a["name"] == name).map(|a| &a["value"]);
    assert_eq!(attribute("orders"), Some(&json!(1)));
    // The whole transcript, from the first message, pressed buttons included.
    let seen = agent.lines(&server, &waiting).await;
    assert!(seen[0]["text"].as_str().unwrap().contains("welcome to Marea"), "{seen:#?}");
    assert!(seen.iter().any(|l| l["from"] == "customer" && l["pressed"].is_string() && l["text"] == "Get a price"), "{seen:#?}");

    // The agent answers; the bot is silent.
    agent.take(&server, &waiting).await;
    agent.say(&server, &waiting, "On its way, Ana.").await;
    let line = ana.saw(&server, "On its way").await;
    assert_eq!((&line["from"], &line["name"]), (&json!("agent"), &json!("Admin")));
    let said = ana.texts(&server, "bot").await.len();
    ana.say(&server, "/menu").await;
    row(&server, &agent, "mine", |r| r["last_text"] == "/menu").await;
    ana.say(&server, "thank you").await;
    row(&server, &agent, "mine", |r| r["last_text"] == "thank you").await;
    assert_eq!(ana.texts(&server, "bot").await.len(), said, "the bot is silent while an agent owns the chat");

    // Back to the bot.
    agent.resolve(&server, &waiting).await;
    ana.saw(&server, "It is the robot again").await;
    ana.press(&server, "Yes").await;
    ana.saw(&server, "glad to hear that").await;
    assert!(agent.rows(&server, "mine").await.is_empty());

    // The next day, with the same token: the same conversation, from the first line on.
    let again = Visitor { token: ana.token.clone() };
    let lines = again.lines(&server).await;
    assert!(lines[0]["text"].as_str().unwrap().contains("welcome to Marea"));
    assert!(lines.iter().enumerate().all(|(i, l)| i == 0 || lines[i - 1]["no"].as_u64() < l["no"].as_u64()));
    assert_eq!(server.health().await["store"]["people"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_view_makes_no_contact_and_an_opened_panel_does() {
    let (server, _agent) = open_shop().await;
    for page in ["", "widget.js", "healthz"] {
        assert_eq!(server.http().get(format!("{}/{page}", server.origin())).send().await.unwrap().status(), StatusCode::OK, "{page}");
    }
    let visitor = Visitor::arrive(&server).await;
    assert_eq!(server.health().await["store"]["people"], 0);
    visitor.open(&server, json!({ "payload": "tasting" })).await;
    visitor.saw(&server, "Would you like to join?").await;
    assert_eq!(server.health().await["store"]["people"], 1);
}

/// Answers each word with a number; `/person` calls somebody.
const NUMBERS: [(&str, &str); 3] = [
    (
        "bot.yaml",
        "name: Numbers\nchannels:\n  web: { type: web }\nattributes:\n  n: { type: number, default: 0 }\ngroups:\n  support: {}\n",
    ),
    (
        "skills/start.yaml",
        "skill: /start\nblocks:\n  ready: { text: Ready. }\n  word:\n    listen: word\n    timeout: 1d\n    on: { timeout: end }\n  \
         count:\n    data: { n: \"${n + 1}\" }\n  answer:\n    text: \"${n}: ${word}\"\n    next: word\n",
    ),
    (
        "skills/person.yaml",
        "skill: person\ncatch:\n  - command: person\nblocks:\n  ask:\n    live_chat: { group: support, message: Wait., timeout: 1d }\n    \
         on: { timeout: end, no_agent: nobody }\n  back: { text: Back., next: end }\n  nobody: { text: Nobody., next: end }\n",
    ),
];

/// Sends texts, the second one begun 5 ms after the first whether or not that was answered.
async fn in_quick_succession(server: &Server, visitor: &Visitor, texts: [&str; 2]) {
    // One connection each, as two tabs have; the server must keep their order by itself.
    let send = |text: &str| {
        let url = format!("{}/c/web/messages", server.origin());
        let body = json!({ "client_id": fresh("quick"), "text": text });
        let request = crate::support::client().post(url).bearer_auth(&visitor.token).json(&body);
        tokio::spawn(request.send())
    };
    let first = send(texts[0]);
    // What is tested is this pause.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let second = send(texts[1]);
    for sent in [first, second] {
        assert_eq!(sent.await.unwrap().unwrap().status(), StatusCode::ACCEPTED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_five_milliseconds_apart_are_handled_in_order() {
    let folder = bot(&NUMBERS);
    let server = Setup::new(folder.path()).start().await;
    let mut agent = Agent::sign_in(&server, "admin", &server.password()).await;
    agent.come(&server).await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Ready.").await;
    for pair in 0..5 {
        let (a, b) = (format!("a{pair}"), format!("b{pair}"));
        in_quick_succession(&server, &visitor, [&a, &b]).await;
        visitor.saw(&server, &format!("{}: {b}", pair * 2 + 2)).await;
    }
    let answers: Vec<String> = (0..5).flat_map(|p| [format!("{}: a{p}", p * 2 + 1), format!("{}: b{p}", p * 2 + 2)]).collect();
    assert_eq!(visitor.texts(&server, "bot").await[1..], answers);

    // Also while an agent is awaited: kept for them, in order, and the bot is silent.
    visitor.say(&server, "/person").await;
    visitor.saw(&server, "Wait.").await;
    in_quick_succession(&server, &visitor, ["first", "second"]).await;
    let waiting = row(&server, &agent, "queue", |r| r["last_text"] == "second").await;
    let lines = agent.lines(&server, &waiting).await;
    let said: Vec<&str> = lines.iter().filter(|l| l["from"] == "customer").map(|l| l["text"].as_str().unwrap()).collect();
    assert_eq!(said[said.len() - 3..], ["/person", "first", "second"]);
    assert_eq!(visitor.texts(&server, "bot").await.last().unwrap(), "Wait.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_client_id_is_handled_once() {
    let folder = bot(&NUMBERS);
    let mut server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    let word = json!({ "client_id": "once", "text": "word" });
    assert_eq!(visitor.post(&server, "messages", word.clone()).await, json!({ "duplicate": false }));
    assert_eq!(visitor.post(&server, "messages", word.clone()).await, json!({ "duplicate": true }));
    // Another visitor may use the same id.
    let other = Visitor::greeted(&server).await;
    assert_eq!(other.post(&server, "messages", word.clone()).await, json!({ "duplicate": false }));
    // After a restart as well.
    assert!(server.stop().await.0.success());
    server.start_again().await;
    assert_eq!(visitor.post(&server, "messages", word).await, json!({ "duplicate": true }));
    visitor.say(&server, "next").await;
    visitor.saw(&server, "2: next").await;
    assert_eq!(visitor.texts(&server, "you").await, ["word", "next"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_there_and_the_request_is_answered_later() {
    let server = Setup::new(shop()).start().await;
    // Signed in, but the console is not open: nobody is there.
    let mut agent = Agent::sign_in(&server, "admin", &server.password()).await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "/person").await;
    ana.saw(&server, "Nobody is at the counter").await;
    ana.say(&server, "Do you sell decaf?").await;
    ana.saw(&server, "it is on our desk").await;
    agent.come(&server).await;
    let missed = row(&server, &agent, "missed", |_| true).await;
    assert!(agent.rows(&server, "queue").await.is_empty());
    let lines = agent.lines(&server, &missed).await;
    assert!(lines.iter().any(|l| l["text"] == "Do you sell decaf?"));
    agent.say(&server, &missed, "We do, on Fridays.").await;
    // The person comes back later, with the same token.
    let returned = Visitor { token: ana.token.clone() };
    assert_eq!(returned.saw(&server, "We do, on Fridays.").await["from"], "agent");
    // Present, but not accepting: nobody is there either.
    agent.post(&server, "accepting", json!({ "accepting": false })).await;
    let ben = Visitor::greeted(&server).await;
    ben.say(&server, "/person").await;
    ben.saw(&server, "Nobody is at the counter").await;
    agent.post(&server, "accepting", json!({ "accepting": true })).await;
    ben.say(&server, "/person").await;
    ben.saw(&server, "You are number 1 in line").await;
}
