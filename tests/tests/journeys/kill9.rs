//! kill -9 at random moments, with traffic on every channel, a running timer and a chat that an agent owns.
//!
//! What must hold however often the process dies: conversations continue at their block; timers fire once; the agent
//! still owns the chat; nothing acknowledged is lost or handled twice. On the web and the webhook each message appears
//! once. On Telegram what was under way at a crash is told as `unknown` and sent once more: so a message may be there
//! twice, but then it is shown as such.

use crate::support::{Agent, FakeTelegram, Hook, Server, Setup, Visitor, bot, fresh, random, within};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tempfile::TempDir;

const ROUNDS: u32 = 50;

const BOT: &str = r#"
name: Counter
channels:
  web: { type: web }
  hook: { type: webhook, secret: "${env.HOOK_SECRET}" }
  telegram: { type: telegram, token: "${env.TELEGRAM_TOKEN}", api_url: "${env.TELEGRAM_API}" }
attributes:
  heard: { type: number, default: 0 }
groups:
  support: { per_agent: 100 }
"#;
/// Answers each word with its number: one that is lost or handled twice is seen in every later answer.
const START: &str = r#"
skill: /start
blocks:
  ready: { text: Ready. }
  word:
    listen: word
    timeout: 3d
    on: { timeout: end }
  count:
    data: { heard: "${heard + 1}" }
  answer:
    text: "${heard}: ${word}"
    next: word
"#;
const REMIND: &str = r#"
skill: remind
catch:
  - command: remind
blocks:
  set:
    timer: { after: 1s, do: ring }
  done:
    text: Set.
    next: end
  ring:
    text: Ring!
    next: end
"#;
const PERSON: &str = r#"
skill: person
catch:
  - command: person
blocks:
  ask:
    live_chat: { group: support, message: Wait., timeout: 1d }
    on: { timeout: end, no_agent: nobody }
  back:
    text: Back with the bot.
    next: end
  nobody:
    text: Nobody.
    next: end
"#;

/// A sender who repeats what was not acknowledged, under the same id, until it is.
#[derive(Default)]
struct Sender {
    said: Vec<(String, String)>,
    /// How many of them are known to be acknowledged.
    acknowledged: usize,
}

impl Sender {
    /// Adds words and sends what is open, in order, until the server dies or nothing is left.
    async fn send<F>(&mut self, mut post: impl FnMut(String, String) -> F)
    where
        F: Future<Output = Result<StatusCode, reqwest::Error>>,
    {
        for (id, text) in self.said.iter().skip(self.acknowledged) {
            match post(id.clone(), text.clone()).await {
                Ok(status) if status.is_success() => self.acknowledged += 1,
                // Repeating is right for these; anything else is a refusal, which none of these words deserve.
                Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) | Err(_) => return,
                Ok(status) => panic!("{text}: {status}"),
            }
        }
    }

    fn add(&mut self, text: String) {
        self.said.push((fresh("id"), text));
    }
}

/// The answers the bot owes for these words, in order.
fn answers(sender: &Sender) -> Vec<String> {
    sender.said.iter().enumerate().map(|(n, (_, word))| format!("{}: {word}", n + 1)).collect()
}

struct World {
    /// The bot stays where the restarts look for it.
    _folder: TempDir,
    server: Server,
    telegram: FakeTelegram,
    agent: Agent,
    hook: Hook,
    web: (Visitor, Sender),
    partner: Sender,
    timers: Vec<Visitor>,
    /// A web chat and a Telegram chat that the agent owns, and what they say there.
    owned: Visitor,
    owned_rows: [Value; 2],
    spoken: [Sender; 2],
    chat_words: usize,
    /// Rounds whose traffic was cut off.
    interrupted: u32,
}

const ANA: i64 = 5;
const BEN: i64 = 6;

impl World {
    async fn begin() -> Self {
        let folder =
            bot(&[("bot.yaml", BOT), ("skills/start.yaml", START), ("skills/remind.yaml", REMIND), ("skills/person.yaml", PERSON)]);
        let telegram = FakeTelegram::start().await;
        let setup = Setup::new(folder.path())
            .env("HOOK_SECRET", Hook::SECRET)
            .env("TELEGRAM_TOKEN", FakeTelegram::TOKEN)
            .env("TELEGRAM_API", &telegram.url);
        let server = setup.start().await;
        let password = server.password();
        let mut agent = Agent::sign_in(&server, "admin", &password).await;
        agent.come(&server).await;
        let web = Visitor::greeted(&server).await;
        web.saw(&server, "Ready.").await;
        let hook = Hook::new("hook");
        let opened = json!({ "from": "partner", "opened": {} }).to_string();
        let (status, _) = hook.deliver(&server, "", &fresh("open"), opened.as_bytes()).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        telegram.say(ANA, "/start").await;
        telegram.texts(ANA, 1).await;
        // Two chats that the agent owns.
        let owned = Visitor::greeted(&server).await;
        owned.say(&server, "/person").await;
        owned.saw(&server, "Wait.").await;
        telegram.say(BEN, "/start").await;
        telegram.texts(BEN, 1).await;
        telegram.say(BEN, "/person").await;
        assert_eq!(telegram.texts(BEN, 2).await, ["Ready.", "Wait."]);
        let mut rows = agent.rows(&server, "queue").await;
        assert_eq!(rows.len(), 2);
        rows.sort_by_key(|row| row["channel"] == "telegram");
        for row in &rows {
            agent.take(&server, row).await;
        }
        Self {
            _folder: folder,
            server,
            telegram,
            agent,
            hook,
            web: (web, Sender::default()),
            partner: Sender::default(),
            timers: Vec::new(),
            owned,
            owned_rows: [rows[0].clone(), rows[1].clone()],
            spoken: Default::default(),
            chat_words: 0,
            interrupted: 0,
        }
    }

    /// Everybody talks at once; the process dies somewhere in it.
    async fn round(&mut self, round: u32) {
        for n in 0..3 {
            self.web.1.add(format!("w{round}.{n}"));
            self.partner.add(format!("p{round}.{n}"));
        }
        self.spoken[0].add(format!("a{round}"));
        self.spoken[1].add(format!("t{round}"));
        for n in 0..2 {
            self.chat_words += 1;
            self.telegram.say(ANA, &format!("c{round}.{n}")).await;
        }
        // Some replies are slow, so that many a kill meets one under way.
        let slow = json!({ "method": "sendMessage", "kind": "delay", "ms": 120, "times": 1 });
        self.telegram.post("fault", slow).await;
        if round.is_multiple_of(5) {
            let visitor = Visitor::greeted(&self.server).await;
            visitor.say(&self.server, "/remind").await;
            self.timers.push(visitor);
        }
        // As often in the midst of the traffic as in what follows it.
        let die = Duration::from_millis(random() % if round.is_multiple_of(2) { 30 } else { 400 });
        let finished = AtomicBool::new(false);
        let Self { server, agent, hook, web, partner, owned_rows, spoken, .. } = self;
        let [in_web, in_telegram] = spoken;
        {
            let server = &*server;
            let (visitor, words) = web;
            let typed = words.send(|id, text| {
                let visitor = visitor.clone();
                async move {
                    let body = json!({ "client_id": id, "text": text });
                    visitor.try_post(server, "messages", &body).await.map(|a| a.status())
                }
            });
            let hook = &*hook;
            let delivered = partner.send(|id, text| async move {
                let body = json!({ "from": "partner", "text": text }).to_string();
                hook.deliver(server, "", &id, body.as_bytes()).await.map(|(status, _)| status)
            });
            let agent = &*agent;
            let say = |row: &Value, id: String, text: String| {
                let path = format!("{}/messages", Agent::path(row));
                async move {
                    let body = json!({ "client_id": id, "text": text });
                    agent.try_ask(server, reqwest::Method::POST, &path, Some(&body)).await.map(|(status, _)| status)
                }
            };
            let [row, telegram_row] = &*owned_rows;
            let said = in_web.send(|id, text| say(row, id, text));
            let also_said = in_telegram.send(|id, text| say(telegram_row, id, text));
            let traffic = async {
                tokio::join!(typed, delivered, said, also_said);
                finished.store(true, Ordering::Relaxed);
                // Replies and timers are still under way.
                std::future::pending::<()>().await;
            };
            // The moment of death is the one thing here that is left to the clock.
            let _ = tokio::time::timeout(die, traffic).await;
        }
        self.interrupted += u32::from(!finished.into_inner());
        self.server.kill().await;
        self.server.start_again().await;
        self.agent.come(&self.server).await;
        let mine = self.agent.rows(&self.server, "mine").await;
        assert_eq!(mine.len(), 2, "after round {round} the agent still owns the chats");
    }

    /// Everything not acknowledged is sent again, and all that is owed arrives.
    async fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 20, "what is sent again is taken in the end");
            // A round without its kill: the deadline is never reached.
            let Self { server, agent, hook, web, partner, owned_rows, spoken, .. } = self;
            let (server, agent, hook) = (&*server, &*agent, &*hook);
            let (visitor, words) = web;
            words
                .send(|id, text| {
                    let visitor = visitor.clone();
                    async move {
                        let body = json!({ "client_id": id, "text": text });
                        visitor.try_post(server, "messages", &body).await.map(|a| a.status())
                    }
                })
                .await;
            partner
                .send(|id, text| async move {
                    let body = json!({ "from": "partner", "text": text }).to_string();
                    hook.deliver(server, "", &id, body.as_bytes()).await.map(|(status, _)| status)
                })
                .await;
            for (row, sender) in owned_rows.iter().zip(spoken.iter_mut()) {
                let path = format!("{}/messages", Agent::path(row));
                sender
                    .send(|id, text| {
                        let path = path.clone();
                        async move {
                            let body = json!({ "client_id": id, "text": text });
                            agent.try_ask(server, reqwest::Method::POST, &path, Some(&body)).await.map(|(status, _)| status)
                        }
                    })
                    .await;
            }
            let open = |s: &Sender| s.said.len() - s.acknowledged;
            if open(&self.web.1) + open(&self.partner) + self.spoken.iter().map(open).sum::<usize>() == 0 {
                return;
            }
        }
    }
}

/// How often each text is there.
fn counted(texts: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

/// The first differences of two lists, for a failure one can read.
fn differences(found: &[String], owed: &[String]) -> String {
    let mut told = String::new();
    let (f, o) = (counted(found.iter().cloned()), counted(owed.iter().cloned()));
    for (text, n) in &o {
        if f.get(text) != Some(n) {
            let _ = writeln!(told, "owed {n} × \"{text}\", found {}", f.get(text).unwrap_or(&0));
        }
    }
    for (text, n) in f.iter().filter(|(text, _)| !o.contains_key(*text)) {
        let _ = writeln!(told, "{n} × \"{text}\" is not owed");
    }
    if told.is_empty() && found != owed {
        told = format!("the order differs: {found:?}");
    }
    told
}

fn texts(lines: &[Value], key: &str, who: &str) -> Vec<String> {
    lines.iter().filter(|l| l[key] == who).map(|l| l["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What reached Telegram twice is told as `unknown` in the transcript. Answers how many repetitions there were.
fn repetitions_are_told(reached: &[String], lines: &[Value]) -> usize {
    let mut repeated = 0;
    for (text, n) in counted(reached.iter().cloned()) {
        let line = lines.iter().find(|l| l["line"] == "message" && l["text"] == *text).unwrap();
        let states: Vec<&Value> =
            lines.iter().filter(|l| l["line"] == "delivery" && l["message"] == line["id"]).map(|l| &l["delivery"]["state"]).collect();
        let unknown = states.iter().filter(|s| **s == "unknown").count();
        assert!(n <= 1 + unknown, "\"{text}\" reached Telegram {n} times; its deliveries are told as {states:?}");
        repeated += n - 1;
    }
    repeated
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_done_twice() {
    let mut world = World::begin().await;
    for round in 1..=ROUNDS {
        world.round(round).await;
    }
    assert!((1..ROUNDS).contains(&world.interrupted), "some kills met traffic, some came after it: {}", world.interrupted);
    world.settle().await;
    let World { _folder, server, telegram, agent, hook, web, partner, timers, owned, owned_rows, spoken, chat_words, interrupted } = world;

    // The web: each word once, each answer once, in order; so the conversation continued at its block, every time.
    let (visitor, words) = web;
    let mut owed: Vec<String> = vec!["Ready.".into()];
    owed.extend(answers(&words));
    let last = owed.last().unwrap().clone();
    visitor.saw(&server, &last).await;
    let lines = visitor.lines(&server).await;
    assert_eq!(differences(&texts(&lines, "from", "bot"), &owed), "", "answers on the web");
    let asked: Vec<String> = words.said.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(differences(&texts(&lines, "from", "you"), &asked), "", "words on the web");

    // The webhook, the same.
    let lines = within("the webhook's answers", async {
        loop {
            let lines = hook.transcript(&server, "partner").await;
            if lines.iter().filter(|l| l["author"] == "bot").count() > partner.said.len() {
                break lines;
            }
        }
    })
    .await;
    let mut owed: Vec<String> = vec!["Ready.".into()];
    owed.extend(answers(&partner));
    assert_eq!(differences(&texts(&lines, "author", "bot"), &owed), "", "answers on the webhook");

    // Timers fire once.
    for visitor in &timers {
        visitor.saw(&server, "Ring!").await;
    }
    for visitor in &timers {
        let told = visitor.texts(&server, "bot").await;
        assert_eq!(counted(told), BTreeMap::from([("Ready.".into(), 1), ("Ring!".into(), 1), ("Set.".into(), 1)]));
    }

    // The agent's words in the web chat: once each, in order.
    let owed: Vec<String> = spoken[0].said.iter().map(|(_, text)| text.clone()).collect();
    owned.saw(&server, owed.last().unwrap()).await;
    assert_eq!(differences(&owned.texts(&server, "agent").await, &owed), "", "an agent's words on the web");

    // Telegram, the agent's words: at least once, in order; twice only if the transcript says that it was not known.
    let owed: Vec<String> = spoken[1].said.iter().map(|(_, text)| text.clone()).collect();
    let lines = agent.lines(&server, &owned_rows[1]).await;
    assert_eq!(differences(&texts(&lines, "from", "agent"), &owed), "", "an agent's words in the transcript of a Telegram chat");
    let reached = within("the agent's words on Telegram", async {
        loop {
            let texts = telegram.texts(BEN, owed.len()).await;
            if texts.contains(owed.last().unwrap()) {
                break texts;
            }
        }
    })
    .await;
    let mut once = reached.clone();
    once.dedup();
    once.retain(|text| !["Ready.", "Wait."].contains(&text.as_str()));
    assert_eq!(differences(&once, &owed), "", "an agent's words on Telegram, repetitions apart");
    let mut repeated = repetitions_are_told(&reached, &lines);

    // Telegram, the bot's answers: all words counted once, all answers there.
    let reached = within("the bot's answers on Telegram", async {
        loop {
            let texts = telegram.texts(ANA, chat_words + 1).await;
            if texts.last().is_some_and(|t| t.starts_with(&format!("{chat_words}: "))) {
                break texts;
            }
        }
    })
    .await;
    let mut once = reached.clone();
    once.dedup();
    let numbers: Vec<usize> = once.iter().filter_map(|t| t.split_once(':')?.0.parse().ok()).collect();
    assert_eq!(numbers, (1..=chat_words).collect::<Vec<_>>(), "every word on Telegram was handled once, and answered in order");
    // An agent may look into a chat that asks for one.
    telegram.say(ANA, "/person").await;
    let row = within("the request", async {
        loop {
            if let Some(row) = agent.rows(&server, "queue").await.first() {
                break row.clone();
            }
        }
    })
    .await;
    repeated += repetitions_are_told(&reached, &agent.lines(&server, &row).await);
    eprintln!(
        "{ROUNDS} kills, {interrupted} in traffic; {} + {} + {chat_words} messages; on Telegram {repeated} repetitions, each told as unknown",
        words.said.len(),
        partner.said.len(),
    );

    // The agent's chat ends, and the flow goes on.
    agent.resolve(&server, &owned_rows[0]).await;
    owned.saw(&server, "Back with the bot.").await;
    assert_eq!(server.health().await["ok"], true);
}
