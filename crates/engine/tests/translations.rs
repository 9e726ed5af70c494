//! Translations (FL 3.12): prose, buttons, retries and the product's own sentences in the contact's language; what
//! is wrong with a translation file; what lacks one.

use crate::common;
use switchboard_engine as engine;

use common::{Talk, bot, try_bot};
use model::{Content, InboxItem, Incoming, IncomingBody, Record, Value};

const BOT: &str = "name: Shop\nlanguages: [en, es, pt-BR]\ngroups: { support: {} }\nmenu:\n  - Track an order: /order\n";
const ORDER: &str = "skill: order-help\ndescription: Track an order\ncatch: [{ command: order }]\nblocks:\n  ask:\n    text: Hi ${first_name | default(\"there\")}! Do you have a number?\n    buttons:\n      - Yes: number\n      - No: { to: end, synonyms: [nope] }\n    timeout: 1h\n    on: { timeout: end }\n  number:\n    listen: order_number\n    expect: { number: { min: 1 } }\n    retry: { say: Digits only., times: 1 }\n    timeout: 1h\n    on: { timeout: end, invalid: person }\n  got:\n    text: Order ${order_number} it is.\n    next: end\n  person:\n    live_chat: { group: support, message: You are in line. }\n    next: end\n";
const ES: &str = "order-help.description: Seguir un pedido\norder-help.ask.text: ¡Hola, ${first_name | default(\"amigo\")}! ¿Tienes un número?\norder-help.ask.buttons: { Yes: Sí, No: No gracias, nope: para nada }\norder-help.number.retry.say: Solo cifras.\norder-help.got.text: El pedido ${order_number}.\norder-help.person.live_chat.message: Estás en la cola.\nmenu: { Track an order: Seguir un pedido }\n";

fn spoken_to(talk: &mut Talk, language: &str, text: &str) -> Vec<String> {
    let profile = Record::from([("language".to_owned(), Value::text(language))]);
    let body = IncomingBody::Message(Content::text(text));
    let incoming = Box::new(Incoming { body, at: talk.now, profile, client_id: None });
    talk.item(InboxItem::Incoming { address: talk.conversation.address.clone(), incoming })
}

fn shop() -> Talk {
    Talk::new(bot(&[
        ("bot.yaml", BOT),
        ("skills/o.yaml", ORDER),
        ("translations/es.yaml", ES),
        ("translations/pt.yaml", "order-help.ask.text: Olá ${first_name}!\n"),
    ]))
}

#[test]
fn everything_is_said_in_the_contacts_language() {
    let mut talk = shop();
    assert_eq!(spoken_to(&mut talk, "es-MX", "/order"), ["¡Hola, amigo! ¿Tienes un número?"]);
    let question = talk.last_bot();
    assert_eq!(question.content.buttons.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(), ["Sí", "No gracias"]);
    assert!(talk.press(&question, "Sí").is_empty());
    assert_eq!(spoken_to(&mut talk, "es-MX", "ninguno"), ["Solo cifras."]);
    // Nobody of the group is there: the product's own sentence speaks Spanish too.
    let said = spoken_to(&mut talk, "es-MX", "tampoco");
    assert!(said.iter().any(|t| t.starts_with("Ahora mismo no hay nadie")), "{said:?}");
}

#[test]
fn the_language_falls_back_to_the_one_without_region_and_then_to_the_skills() {
    let mut talk = shop();
    assert_eq!(spoken_to(&mut talk, "pt-BR", "/order"), ["Olá !"]);
    assert_eq!(talk.last_bot().content.buttons[0].label, "Yes", "what has no translation is said as it is written");
    let mut talk = shop();
    assert_eq!(spoken_to(&mut talk, "ja", "/order"), ["Hi there! Do you have a number?"]);
    let mut talk = shop();
    assert_eq!(talk.say("/order"), ["Hi there! Do you have a number?"]);
}

#[test]
fn choices_are_typed_in_any_language_of_the_bot() {
    for (language, typed) in [("en", "sí"), ("es", "yes"), ("es", "Sí"), ("en", "no gracias"), ("en", "para nada")] {
        let mut talk = shop();
        spoken_to(&mut talk, language, "/order");
        spoken_to(&mut talk, language, typed);
        let asks_again = talk.steps.last().expect("a step").trace.iter().any(|t| matches!(t, engine::Trace::Rule { rule: "5.4.9", .. }));
        assert!(!asks_again, "{typed} is a choice in {language}");
    }
}

#[test]
fn the_menu_and_the_list_of_commands_speak_the_language() {
    let mut talk = shop();
    let said = spoken_to(&mut talk, "es", "hm").join("\n");
    assert!(said.contains("En qué puedo ayudarte"), "{said}");
    assert_eq!(spoken_to(&mut talk, "es", "qué?"), ["Puedo ayudarte con esto:\n/order – Seguir un pedido"]);
    assert_eq!(talk.programs.0.menu(Some("es"))[0].label, "Seguir un pedido");
    // An entry of the menu leads there in any of the bot's languages.
    assert_eq!(spoken_to(&mut talk, "en", "seguir un pedido"), ["Hi there! Do you have a number?"]);
}

#[test]
fn system_skills_are_translated_by_the_bot_where_the_product_is_not() {
    let mut talk = Talk::new(bot(&[
        ("bot.yaml", "name: Shop\nlanguages: [en, ja]\n"),
        ("skills/o.yaml", "skill: a\ncatch: [{ command: a }]\nblocks:\n  b: { text: A }\n"),
        ("translations/ja.yaml", "/start.hello.text: こんにちは\n"),
    ]));
    assert_eq!(spoken_to(&mut talk, "ja", "hi"), ["こんにちは"]);
}

#[test]
fn a_designers_own_start_has_no_built_in_translation() {
    let mut talk = Talk::new(bot(&[
        ("bot.yaml", "name: Shop\nlanguages: [en, es]\n"),
        ("skills/s.yaml", "skill: /start\nblocks:\n  hello: { text: Welcome to the shop. }\n"),
    ]));
    assert_eq!(spoken_to(&mut talk, "es", "hola"), ["Welcome to the shop."]);
}

#[test]
fn mistakes_are_told_at_their_place() {
    let of = |bot_yaml: &str, path: &str, text: &str| try_bot(&[("bot.yaml", bot_yaml), ("skills/o.yaml", ORDER), (path, text)]);
    for (path, text, code, words) in [
        ("translations/es.yaml", "order-help.asks.text: x\n", "E0252", "nothing is said under"),
        ("translations/es.yaml", "order-help.number.timeout: x\n", "E0252", "nothing is said"),
        ("translations/es.yaml", "order-help.ask.buttons: { Yess: x }\n", "E0253", "no text of"),
        ("translations/es.yaml", "order-help.ask.buttons: x\n", "E0254", "is a list"),
        ("translations/es.yaml", "order-help.ask.text: { a: b }\n", "E0254", "one text"),
        ("translations/es.yaml", "order-help:\n  ask: { text: x }\n", "E0252", "nothing is said"),
        ("translations/es.yaml", "order-help.got.text: El pedido ${order_numbr}.\n", "E0310", "order_numbr"),
        ("translations/spanish.yaml", "order-help.ask.text: x\n", "E0251", "is not a language"),
        ("translations/fr.yaml", "order-help.ask.text: x\n", "E0251", "does not speak"),
    ] {
        let (read, told) = of(BOT, path, text);
        assert!(read.is_none() && told.contains(code) && told.contains(words) && told.contains(path), "{text}: {told}");
    }
    let (read, told) = of(BOT, "translations/es.yaml", "order-help.got.text: Tu pedido.\n");
    assert!(read.is_some() && told.contains("W0260") && told.contains("${order_number}"), "{told}");
    let (read, told) = of(BOT, "translations/es.yaml", "order-help.person.live_chat.message: Hola ${first_name}\n");
    assert!(read.is_some() && told.contains("W0261"), "{told}");
    let (read, told) =
        try_bot(&[("bot.yaml", "name: Shop\nlanguages: [english]\n"), ("skills/o.yaml", "skill: a\nblocks:\n  b: { text: A }\n")]);
    assert!(read.is_none() && told.contains("E0250") && told.contains("english"), "{told}");
}

#[test]
fn what_lacks_a_translation_is_listed() {
    let bot = shop().programs.0;
    let spanish: Vec<String> = bot.untranslated("es").into_iter().map(|u| u.key).collect();
    assert!(spanish.is_empty(), "{spanish:?}");
    let portuguese: Vec<(String, String)> =
        bot.untranslated("pt-BR").into_iter().filter(|u| !u.key.starts_with('/')).map(|u| (u.key, u.base)).collect();
    let of = |key: &str, base: &str| (key.to_owned(), base.to_owned());
    assert_eq!(
        portuguese,
        [
            of("menu", "Track an order"),
            of("order-help.description", "Track an order"),
            of("order-help.ask.buttons", "Yes"),
            of("order-help.ask.buttons", "No"),
            of("order-help.number.retry.say", "Digits only."),
            of("order-help.got.text", "Order ${order_number} it is."),
            of("order-help.person.live_chat.message", "You are in line."),
        ]
    );
}

#[test]
fn built_in_words_are_complete() {
    let files = [
        ("bot.yaml", "name: Shop\nlanguages: [en, es, de, fr, pt, it]\n"),
        ("skills/o.yaml", "skill: a\nblocks:\n  b: { text: \"12\" }\n"),
    ];
    let (read, told) = try_bot(&files);
    let bot = read.unwrap_or_else(|| panic!("{told}"));
    for language in ["es", "de", "fr", "pt", "it"] {
        let lacking: Vec<String> = bot.untranslated(language).into_iter().map(|u| u.key).collect();
        assert!(lacking.is_empty(), "{language}: {lacking:?}");
    }
    // Every sentence that an outcome says by itself is among those that are translated.
    let sentences = include_str!("../src/system/sentences.yaml");
    for block in engine::blocks() {
        for outcome in block.outcomes {
            if let engine::Otherwise::SayThenNext(sentence) = outcome.otherwise {
                assert!(sentences.contains(sentence), "{}: \"{sentence}\" is not in sentences.yaml", block.key);
            }
        }
    }
}

#[test]
fn a_live_chat_begins_and_ends_in_the_contacts_language() {
    let mut talk = shop();
    talk.agents = true;
    spoken_to(&mut talk, "es", "/order");
    let question = talk.last_bot();
    talk.press(&question, "Sí");
    spoken_to(&mut talk, "es", "uno");
    assert_eq!(spoken_to(&mut talk, "es", "dos"), ["Estás en la cola."]);
    let request = talk.conversation.request.as_ref().expect("a request").id;
    let conversation = talk.conversation.id;
    let joined = talk.item(InboxItem::Take { conversation, request, agent: model::AgentId(9), name: "Bea".into() });
    assert_eq!(joined, ["Bea se ha unido al chat"]);
    assert_eq!(talk.item(InboxItem::Resolve { conversation, agent: model::AgentId(9), skill: None }), ["El chat se ha cerrado"]);
}

#[test]
fn the_version_follows_translations() {
    let with = |es: &str| bot(&[("bot.yaml", BOT), ("skills/o.yaml", ORDER), ("translations/es.yaml", es)]).version().clone();
    assert_ne!(with("order-help.got.text: \"${order_number}\"\n"), with("order-help.got.text: \"¡${order_number}!\"\n"));
}

#[test]
fn the_products_own_words_are_never_a_fault_of_the_bot() {
    let skill = "skill: a\ncatch: [{ command: a }]\nblocks:\n  b: { text: \"Hi ${name}\" }\n  c: { data: { name: Ana } }\n";
    let own = "sentences.joined: \"{name} ya está\"\n";
    let (read, told) = try_bot(&[
        ("bot.yaml", "name: Shop\nlanguages: [en, es]\nattributes: { name: { type: text, default: you } }\n"),
        ("skills/a.yaml", skill),
    ]);
    assert!(read.is_some() && told.is_empty(), "{told}");
    let bot = "name: Shop\nlanguages: [en, es]\nattributes: { name: { type: text, default: you } }\n";
    let (_, told) = try_bot(&[("bot.yaml", bot), ("skills/a.yaml", skill), ("translations/es.yaml", own)]);
    assert!(told.contains("W0264") && told.contains("translations/es.yaml"), "what the designer wrote instead is theirs: {told}");
}
