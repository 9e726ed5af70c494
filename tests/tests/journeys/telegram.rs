//! Telegram: the real binary against a Bot API server in another process.

use crate::support::{Agent, FakeTelegram, Server, Setup, bot, root, within};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const ANA: i64 = 5;

const BOT: &str = "name: Cafe\nchannels:\n  telegram: { type: telegram, token: \"${env.TELEGRAM_TOKEN}\", api_url: \"${env.TELEGRAM_API}\" }\n\
                   groups:\n  support: {}\n";
const START: &str = "skill: /start\ndescription: Begin\ncatch:\n  - command: again\nblocks:\n  hello:\n    text: \"Hello ${event.payload | default('stranger')}!\"\n  ask:\n    \
                     text: Coffee or tea?\n    buttons:\n      - Coffee: coffee\n      - Tea: tea\n    timeout: 1d\n    on: { other: ask, timeout: end }\n  \
                     coffee:\n    text: Milk?\n    quick_replies:\n      - With milk: done\n      - Black: done\n    timeout: 1d\n    on: { other: done, timeout: end }\n  \
                     tea: { text: Tea it is., next: end }\n  done: { text: Coming up., next: end }\n";
const PERSON: &str = "skill: person\ncatch:\n  - command: person\nblocks:\n  ask:\n    live_chat: { group: support, message: Wait., timeout: 1d }\n    \
                      on: { timeout: end, no_agent: nobody }\n  back: { text: Back., next: end }\n  nobody: { text: Nobody., next: end }\n";

async fn cafe() -> (tempfile::TempDir, FakeTelegram, Server) {
    let folder = bot(&[("bot.yaml", BOT), ("skills/start.yaml", START), ("skills/person.yaml", PERSON)]);
    let telegram = FakeTelegram::start().await;
    let setup = Setup::new(folder.path()).env("TELEGRAM_TOKEN", FakeTelegram::TOKEN).env("TELEGRAM_API", &telegram.url);
    let server = setup.start().await;
    (folder, telegram, server)
}

/// The chat with Ana, taken by the agent.
async fn taken(telegram: &FakeTelegram, server: &Server) -> (Agent, Value) {
    let mut agent = Agent::sign_in(server, "admin", &server.password()).await;
    agent.come(server).await;
    let before = telegram.sent(ANA, 0).await.len();
    telegram.say(ANA, "/person").await;
    assert_eq!(telegram.texts(ANA, before + 1).await[before], "Wait.");
    let row = agent.rows(server, "queue").await[0].clone();
    agent.take(server, &row).await;
    (agent, row)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_deep_link_to_a_reply_keyboard() {
    let (_folder, telegram, server) = cafe().await;
    telegram.say(ANA, "/start friend").await;
    let sent = telegram.sent(ANA, 2).await;
    assert_eq!(sent[0]["message"]["text"], "Hello friend!");
    // Buttons are an inline keyboard; a press is answered, so that the telephone stops waiting.
    let keyboard = &sent[1]["params"]["reply_markup"]["inline_keyboard"];
    let button = keyboard.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()).find(|b| b["text"] == "Coffee").unwrap();
    let pressed = telegram.post("press", json!({ "chat_id": ANA, "data": button["callback_data"] })).await;
    let sent = telegram.sent(ANA, 3).await;
    assert_eq!(sent[2]["message"]["text"], "Milk?");
    let answered = telegram.get("calls?method=answerCallbackQuery&at_least=1").await;
    assert_eq!(answered[0]["params"]["callback_query_id"], pressed["callback_query_id"]);
    // Quick replies are a reply keyboard; a tap on it sends its label.
    let labels = sent[2]["params"]["reply_markup"]["keyboard"].to_string();
    assert!(labels.contains("With milk") && labels.contains("Black"), "{labels}");
    telegram.say(ANA, "With milk").await;
    assert_eq!(telegram.texts(ANA, 4).await[3], "Coming up.");
    // The command menu comes from the bot's commands.
    let menu = telegram.get("calls?method=setMyCommands&at_least=1").await;
    let commands = menu.last().unwrap()["params"]["commands"].to_string();
    assert!(commands.contains("again") && commands.contains("person"), "{commands}");
    let contacts = server.contacts().await;
    assert_eq!((contacts.len(), &contacts[0]["name"]), (1, &json!("Ana")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_menu_is_in_the_customers_language() {
    let bot_yaml = BOT.replace("groups:", "languages: [en, es]\ngroups:");
    let spanish = "/start.description: Empezar\n";
    let folder = bot(&[("bot.yaml", &bot_yaml), ("skills/start.yaml", START), ("translations/es.yaml", spanish)]);
    let telegram = FakeTelegram::start().await;
    let setup = Setup::new(folder.path()).env("TELEGRAM_TOKEN", FakeTelegram::TOKEN).env("TELEGRAM_API", &telegram.url);
    let _server = setup.start().await;
    let menus = telegram.get("calls?method=setMyCommands&at_least=2").await;
    let told: Vec<_> = menus.iter().map(|m| (&m["params"]["language_code"], &m["params"]["commands"][0]["description"])).collect();
    assert_eq!(told, [(&Value::Null, &json!("Begin")), (&json!("es"), &json!("Empezar"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_reaches_the_agent_and_one_of_theirs_goes_back() {
    let (_folder, telegram, server) = cafe().await;
    let (agent, row) = taken(&telegram, &server).await;
    let png = std::fs::read(root().join("channels/web/tests/picture.png")).unwrap();
    let file = telegram.post("file", json!({ "base64": STANDARD.encode(&png), "path": "photos/file_1.png" })).await;
    let photo = json!([{ "file_id": file["file_id"], "file_unique_id": file["file_unique_id"], "file_size": png.len(), "width": 90, "height": 90 }]);
    telegram.post("say", json!({ "chat_id": ANA, "message": { "photo": photo, "caption": "It is broken" } })).await;
    let line = within("the photo", async {
        loop {
            if let Some(line) = agent.lines(&server, &row).await.into_iter().find(|l| l["text"] == "It is broken") {
                break line;
            }
        }
    })
    .await;
    let shown = &line["files"][0];
    assert_eq!((&shown["kind"], &shown["size"]), (&json!("image"), &json!(png.len())));
    agent.say(&server, &row, "I see.").await;
    assert!(within("the answer", telegram.texts(ANA, 2)).await.contains(&"I see.".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_so_fast_is_honoured_in_order() {
    let (_folder, telegram, server) = cafe().await;
    let (agent, row) = taken(&telegram, &server).await;
    telegram.post("fault", json!({ "method": "sendMessage", "chat_id": ANA, "status": 429, "retry_after": 1 })).await;
    for n in 1..=5 {
        agent.say(&server, &row, &format!("line {n}")).await;
    }
    let sent = telegram.texts(ANA, 6).await;
    assert_eq!(sent[1..], ["line 1", "line 2", "line 3", "line 4", "line 5"], "each once, in order");
    let calls = telegram.get(&format!("calls?method=sendMessage&chat_id={ANA}")).await;
    assert_eq!(calls.iter().filter(|c| c["outcome"] == "fault 429").count(), 1, "nothing is sent before the time is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_reply_is_unknown_is_shown_and_is_sent_once_more() {
    let (_folder, telegram, server) = cafe().await;
    let (agent, row) = taken(&telegram, &server).await;
    telegram.post("fault", json!({ "method": "sendMessage", "chat_id": ANA, "kind": "drop_after" })).await;
    agent.say(&server, &row, "Did this arrive?").await;
    agent.say(&server, &row, "And this?").await;
    let sent = telegram.texts(ANA, 4).await;
    assert_eq!(sent[1..], ["Did this arrive?", "Did this arrive?", "And this?"]);
    let states = within("the states of the delivery", async {
        loop {
            let lines = agent.lines(&server, &row).await;
            let line = lines.iter().find(|l| l["text"] == "Did this arrive?").unwrap();
            let of_line = lines.iter().filter(|l| l["line"] == "delivery" && l["message"] == line["id"]);
            let states: Vec<String> = of_line.map(|l| l["delivery"]["state"].as_str().unwrap().to_owned()).collect();
            if states.last().is_some_and(|s| s == "sent") || line["delivery"]["state"] == "sent" {
                break states;
            }
        }
    })
    .await;
    assert!(states.contains(&"unknown".to_owned()), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_comes_again_is_handled_once() {
    let (_folder, telegram, _server) = cafe().await;
    telegram.say(ANA, "/start").await;
    let update = telegram.say(ANA, "Tea").await;
    telegram.texts(ANA, 3).await;
    telegram.get("confirmed?at_least=2").await;
    telegram.post("redeliver", json!({ "update_id": update })).await;
    telegram.get("confirmed?at_least=3&all=1").await;
    telegram.say(ANA, "/again").await;
    let sent = telegram.texts(ANA, 5).await;
    assert_eq!(sent, ["Hello stranger!", "Coffee or tea?", "Tea it is.", "Hello stranger!", "Coffee or tea?"]);
}
