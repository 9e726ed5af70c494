//! The engine alone: messages a second on one core, trace and patch built, segments evaluated.
//!
//! One conversation is four inbound messages: a command that greets and asks the name; the name, saved; a number,
//! validated, switched on, tagged, thanked for with a template, and a question for feedback; the feedback.
//! `cargo bench -p switchboard-engine --bench conversation [-- SECONDS]`

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};
use switchboard_engine::{Bot, BotFiles, Input, PersonView, Programs, Turn, step};

use model::{
    Address, Contact, ContactId, Content, Conversation, ConversationId, InboxItem, Incoming, IncomingBody, Instant, Record, Version,
};

const BOT: &str =
    "name: Bench\nattributes:\n  name: text\n  orders: { type: number, default: 0 }\n  total_spent: { type: number, default: 0 }\n";
const SEGMENTS: &str = "new-visitor: { where: orders = 0 and last_seen within 7 days }\nreturning: { where: orders >= 1 and not in segment vip }\nhigh-intent: { where: has tag quoted and orders = 0 }\npurchased: { where: orders >= 1 or has tag customer }\nvip: { where: total_spent >= 1000 and orders >= 5, exclude: [refunded] }\nrefunded: { where: has tag refunded }\n";
const SKILL: &str = "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  hello: { text: Hello! What is your name? }\n  name: { listen: name }\n  ask: { text: \"How many pieces, ${name}?\" }\n  count:\n    listen: pieces\n    expect: { number: { min: 1, max: 1000 } }\n  size:\n    switch:\n      - when: pieces >= 100\n        then: large\n    else: small\n  large: { add_tag: wholesale, next: thanks }\n  small: { add_tag: retail }\n  thanks: { text: \"Thank you, ${name | default('friend')}: ${pieces} pieces.\" }\n  question: { text: How did you like this? }\n  feedback: { listen: feedback }\n";

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct One(Arc<Bot>);
impl Programs for One {
    fn current(&self) -> &Arc<Bot> {
        &self.0
    }
    fn get(&self, version: &Version) -> Option<Arc<Bot>> {
        (self.0.version() == version).then(|| self.0.clone())
    }
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(5);
    let files = [("bot.yaml", BOT), ("segments.yaml", SEGMENTS), ("skills/talk.yaml", SKILL)];
    let files = BotFiles {
        files: files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect(),
        shown_as: String::new(),
        assets: Vec::new(),
    };
    let (bot, diagnostics, sources) = Bot::load(&files);
    let programs = One(bot.unwrap_or_else(|| panic!("{}", syntax::render_short(&diagnostics, &sources))));
    let address = Address { channel: "web".into(), id: "v".into() };
    let items: Vec<InboxItem> = ["/talk", "Ana", "120", "Very well"]
        .into_iter()
        .map(|text| InboxItem::Incoming {
            address: address.clone(),
            incoming: Box::new(Incoming {
                body: IncomingBody::Message(Content::text(text)),
                at: Instant::from_secs(1_772_445_600),
                profile: Record::new(),
                client_id: None,
            }),
        })
        .collect();
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    let start = Clock::now();
    let (mut messages, mut said) = (0_u64, 0_u64);
    let mut now = Instant::from_secs(1_772_445_600);
    while start.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..256 {
            let mut contact = Contact::new(ContactId(1), now, address.clone(), "organic");
            let mut conversation = Conversation::new(ConversationId(2), ContactId(1), address.clone());
            conversation.greeted = true;
            let mut flips = segments::Flips::default();
            for item in &items {
                now = now.plus_micros(1_000_000);
                messages += 1;
                let turn = Turn { now, seed: messages, programs: &programs, eras: &[], ungated: false };
                let done = step(&PersonView { flips, ..PersonView::new(&contact, &conversation) }, Input::Inbox(item), &turn);
                flips = done.flips;
                said += done.transcript.len() as u64;
                assert!(done.broken.is_none());
                if let Some(changed) = done.contact {
                    contact = changed;
                }
                conversation = done.conversation;
            }
            assert!(conversation.runs.is_empty() && contact.tags.len() == 1, "the conversation ends");
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    println!(
        "engine alone: {:.0} messages/s on one core ({messages} messages, {said} transcript lines, {elapsed:.1} s, 6 segments evaluated in every step)",
        messages as f64 / elapsed
    );
}
