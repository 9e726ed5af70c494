//! What is known of people: attributes of four kinds, language and country with their source, how they came, words
//! that opt out (FL 7.1, 7.9, 8).

use crate::common;

use common::{Talk, bot, try_bot};
use model::{Actor, Change, Content, InboxItem, Incoming, IncomingBody, Instant, Record, TagKey, Value};
use switchboard_engine as engine;

const SKILL: &str = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n  tell: { text: '${TEXT}' }\n";

fn telling(expression: &str) -> String {
    SKILL.replace("TEXT", expression)
}

fn came(talk: &mut Talk, body: IncomingBody, profile: &[(&str, &str)]) -> Vec<String> {
    let profile: Record = profile.iter().map(|(n, v)| ((*n).to_owned(), Value::text(*v))).collect();
    let incoming = Box::new(Incoming { body, at: talk.now, profile, client_id: None });
    talk.item(InboxItem::Incoming { address: talk.conversation.address.clone(), incoming })
}

fn says(talk: &mut Talk, text: &str, profile: &[(&str, &str)]) -> Vec<String> {
    came(talk, IncomingBody::Message(Content::text(text)), profile)
}

#[test]
fn a_computed_attribute_is_evaluated_when_it_is_used() {
    let yaml = "name: T\nattributes:\n  birthday: date\n  age: { computed: years_since(birthday) }\n  grown_up: { computed: age >= 18 }\n";
    let skill = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n  who:\n    switch:\n      - when: grown_up\n        then: old\n    else: young\n  old: { text: \"${age}\", next: end }\n  young: { text: \"young ${age}\" }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", yaml), ("segments.yaml", "adults: { where: age >= 18 }\n"), ("skills/a.yaml", skill)]));
    assert_eq!(talk.say("/tell"), ["young "]);
    talk.contact.attributes.insert("birthday".into(), Value::Date("2008-03-03".parse().unwrap()));
    assert_eq!(talk.say("/tell"), ["young 17"]);
    assert!(engine::memberships(&talk.programs.0, &talk.contact, &segments::NoPast, talk.now).is_empty());
    talk.now = talk.now.plus_micros(86_400_000_000);
    assert_eq!(talk.say("/tell"), ["18"]);
    assert_eq!(engine::memberships(&talk.programs.0, &talk.contact, &segments::NoPast, talk.now).len(), 1);
}

#[test]
fn what_is_wrong_with_a_computed_attribute_is_told() {
    let tell = |attributes: &str| {
        try_bot(&[("bot.yaml", &format!("name: T\nattributes:\n{attributes}")), ("skills/a.yaml", &telling("first_name"))]).1
    };
    for (attributes, code, words) in [
        ("  a: { computed: b + 1 }\n  b: { computed: a + 1 }\n", "E0256", "a → b"),
        ("  a: { computed: a + 1 }\n", "E0256", "computed from itself"),
        ("  a: { computed: birthdy }\n  birthday: date\n", "E0310", "birthdy"),
        ("  a: { computed: \"${visits + 1}\" }\n  visits: number\n", "E0255", "not prose"),
        ("  a: { computed: visits + 1, default: 3 }\n  visits: number\n", "E0255", "no default"),
        ("  a: { computed: visits + 1, type: date }\n  visits: number\n", "E0255", "declared as date"),
        ("  a: { computed: input }\n", "E0311", "only in skills"),
    ] {
        let told = tell(attributes);
        assert!(told.contains(code) && told.contains(words), "{attributes}: {told}");
    }
    let chain: String = (0..20).map(|n| format!("  a{n}: {{ computed: a{} + 1 }}\n", n + 1)).collect();
    let told = tell(&format!("{chain}  a20: number\n"));
    assert!(told.contains("E0256") && told.contains("in a chain"), "{told}");
    let told = tell("  a: { computed: in segment vip }\n");
    assert!(told.contains("E0"), "{told}");
    let (_, told) = try_bot(&[
        ("bot.yaml", "name: T\nattributes: { age: { computed: years_since(birthday) }, birthday: date }\n"),
        ("skills/a.yaml", "skill: a\ncatch: [{ command: a }]\nblocks:\n  b: { data: { age: 3 } }\n"),
    ]);
    assert!(told.contains("E0259"), "{told}");
}

#[test]
fn computing_is_budgeted() {
    // Each level doubles the one below: 2^15 leaves, which the limit of the step does not allow.
    let chain: String = (0..15).map(|n| format!("  a{n}: {{ computed: a{m} + a{m} }}\n", m = n + 1)).collect();
    let yaml = format!("name: T\nlimits: {{ blocks: 50 }}\nattributes:\n{chain}  a15: {{ type: number, default: 1 }}\n");
    let skill = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n".to_owned()
        + &(0..40).map(|n| format!("  b{n}: {{ text: \"${{a0}}\" }}\n")).collect::<String>();
    let mut talk = Talk::new(bot(&[("bot.yaml", &yaml), ("skills/a.yaml", &skill)]));
    let said = talk.say("/tell");
    assert!(said.iter().all(|t| t.starts_with("Sorry")), "{said:?}");
}

#[test]
fn a_global_is_one_value_for_everybody_and_seen_by_the_next_step() {
    let yaml = "name: T\nglobals:\n  delivery_days: { type: number, default: 3 }\n  notice: text\n";
    let skill = telling("delivery_days + 1} ${notice | default(\"-\")");
    let loaded = bot(&[("bot.yaml", yaml), ("segments.yaml", "slow: { where: delivery_days > 5 }\n"), ("skills/a.yaml", &skill)]);
    let mut talk = Talk::new(loaded.clone());
    assert_eq!(talk.say("/tell"), ["4 -"]);
    let value = loaded.read_global("delivery_days", "10", talk.now).expect("a number");
    talk.programs.0 = loaded.with_globals(&Record::from([("delivery_days".to_owned(), value), ("gone".to_owned(), Value::text("x"))]));
    assert_eq!(talk.programs.0.version(), loaded.version(), "a global is no part of the version");
    assert_eq!(talk.say("/tell"), ["11 -"]);
    assert_eq!(engine::memberships(&talk.programs.0, &talk.contact, &segments::NoPast, talk.now).len(), 1);
    let why = loaded.read_global("delivery_days", "soon", talk.now).expect_err("no number");
    assert!(why.contains("delivery_days is declared as number"), "{why}");
    let why = loaded.read_global("deliverydays", "1", talk.now).expect_err("no such global");
    assert!(why.contains("did you mean"), "{why}");
    // What was stored under another type reads as the default.
    let odd = loaded.with_globals(&Record::from([("delivery_days".to_owned(), Value::text("soon"))]));
    assert_eq!(odd.globals()[0].value, Some(Value::Number(3.into())));
    let (_, told) =
        try_bot(&[("bot.yaml", yaml), ("skills/a.yaml", "skill: a\ncatch: [{ command: a }]\nblocks:\n  b: { data: { notice: x } }\n")]);
    assert!(told.contains("E0258") && told.contains("owners write it"), "{told}");
    let (_, told) = try_bot(&[("bot.yaml", "name: T\nattributes: { a: text }\nglobals: { a: text }\n"), ("skills/a.yaml", &telling("a"))]);
    assert!(told.contains("E0257"), "{told}");
}

#[test]
fn the_default_of_a_list_is_one_or_several() {
    let yaml = "name: T\nattributes: { likes: { type: list, default: [tea, \"milk, cold\", 007] }, none: { type: list, default: [] } }\nglobals: { sizes: { type: list, default: [S, M] }, days: { type: list, default: \"mon, tue\" } }\n";
    let skill = "skill: tell\ncatch: [{ command: tell }]\nblocks:\n  tell: { text: \"${likes | join(' + ')} ${none | length} ${sizes | join('/')} ${days | join('/')}\" }\n";
    let segments = "tea: { where: likes contains \"tea\" }\n";
    let loaded = bot(&[("bot.yaml", yaml), ("segments.yaml", segments), ("skills/a.yaml", skill)]);
    let mut talk = Talk::new(loaded);
    assert_eq!(talk.say("/tell"), ["tea + milk, cold + 007 0 S/M mon/tue"]);
    assert!(talk.contact.memberships.contains_key("tea"));
    for (declared, column) in
        [("text, default: [a]", "one value, not a list"), ("list, default: [a, [b]]", "a value of the default is a text")]
    {
        let yaml = format!("name: T\nattributes: {{ likes: {{ type: {declared} }} }}\n");
        let (_, told) = try_bot(&[("bot.yaml", &yaml), ("skills/a.yaml", &telling("likes"))]);
        assert!(told.contains("E0103") && told.contains(column), "{declared}: {told}");
    }
}

#[test]
fn the_customers_own_choice_of_language_wins_over_the_channel() {
    let skill = "skill: lang\ncatch: [{ command: lang }]\nblocks:\n  set: { data: { language: \"${event.text}\", country: mx } }\n  tell: { text: \"${language} ${language_source} ${country} ${country_source}\" }\n";
    let files = [
        ("bot.yaml", "name: T\n"),
        ("skills/l.yaml", skill),
        ("skills/a.yaml", &telling("language} ${language_source} ${country} ${country_source")),
    ];
    let mut talk = Talk::new(bot(&files));
    assert_eq!(says(&mut talk, "/tell", &[("language", "de-AT"), ("language_source", "browser")]), ["de-AT browser AT language"]);
    assert_eq!(says(&mut talk, "/tell", &[("language", "de-AT"), ("country", "CH")]), ["de-AT channel CH channel"]);
    assert_eq!(says(&mut talk, "/lang pt_br", &[("language", "de-AT"), ("country", "CH")]), ["pt-BR customer MX customer"]);
    assert_eq!(says(&mut talk, "/tell", &[("language", "de-AT"), ("country", "CH")]), ["pt-BR customer MX customer"]);
    let said = says(&mut talk, "/lang klingonese", &[]);
    assert!(said[0].starts_with("Sorry"), "what is no language is the block's error: {said:?}");
}

#[test]
fn a_language_that_a_program_says_stands_until_the_customer_chooses() {
    let skill = "skill: lang\ncatch: [{ command: lang }]\nblocks:\n  set: { data: { language: \"${event.text}\", country: mx } }\n";
    let tell = telling("language} ${language_source} ${country} ${country_source");
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\n"), ("skills/l.yaml", skill), ("skills/a.yaml", &tell)]));
    let told = |talk: &mut Talk, language: &str, country: &str| {
        let said = [("language", language), ("country", country)];
        let changes = said.map(|(name, value)| Change::SetSystem(name.into(), Value::text(value))).into();
        talk.item(InboxItem::Modify { changes, by: Actor::Api("shop".into()) });
    };
    told(&mut talk, "pt-BR", "PT");
    assert_eq!(says(&mut talk, "/tell", &[("language", "de-AT"), ("country", "CH")]), ["pt-BR told PT told"]);
    told(&mut talk, "pt-BR", "");
    assert_eq!(talk.say("/tell"), ["pt-BR told BR language"], "what is said no more follows from the rest again");
    told(&mut talk, "", "");
    assert_eq!(says(&mut talk, "/tell", &[("language", "de-AT")]), ["de-AT channel AT language"]);
    talk.say("/lang pt_br");
    told(&mut talk, "fr", "FR");
    assert_eq!(talk.say("/tell"), ["pt-BR customer MX customer"]);
}

#[test]
fn a_country_follows_from_the_phone_number() {
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\ncountry: CA\n"), ("skills/a.yaml", &telling("country} ${country_source"))]));
    assert_eq!(says(&mut talk, "/tell", &[("phone", "+34600111222"), ("language", "en-GB")]), ["ES phone"]);
    assert_eq!(says(&mut talk, "/tell", &[("phone", "+16135550100")]), ["CA phone"], "a shared code means the bot's own country");
}

#[test]
fn counters_and_beginnings_are_kept() {
    let expression =
        "message_count} ${first_message} ${first_payload | default(\"-\")} ${conversation_count} ${first_channel} ${subscribed} ${is_new";
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\nchannels: { web: {} }\n"), ("skills/a.yaml", &telling(expression))]));
    came(&mut talk, IncomingBody::Opened { payload: Some("ad-7".into()) }, &[]);
    talk.now = talk.now.plus_micros(1);
    says(&mut talk, "Good day", &[]);
    assert_eq!(talk.say("/tell"), ["2 Good day ad-7 1 web true false"]);
}

#[test]
fn the_hour_is_the_contacts_own() {
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\n"), ("skills/a.yaml", &telling("hour} ${timezone"))]));
    assert_eq!(talk.say("/tell"), ["10 UTC"]);
    assert_eq!(says(&mut talk, "/tell", &[("timezone", "Asia/Tokyo")]), ["19 Asia/Tokyo"]);
    assert_eq!(says(&mut talk, "/tell", &[("timezone", "Nowhere/Land")]), ["10 UTC"]);
}

const CAME: &str = "name: T\nfirst_message:\n  - { text: \"Tell me about Product A\", tag: product-a, source: product-page }\n  - { payload: ad-7, tag: from-ad }\n  - { referral: news.example, source: news }\n";

#[test]
fn how_somebody_came_is_recorded_once_and_before_conditions() {
    let start = "skill: /start\nblocks:\n  which:\n    switch:\n      - when: has tag product-a\n        then: a\n    else: b\n  a: { text: \"A! ${source}\", next: end }\n  b: { text: Hello }\n";
    let loaded = bot(&[("bot.yaml", CAME), ("skills/s.yaml", start)]);
    let mut talk = Talk::new(loaded.clone());
    assert_eq!(talk.say("tell me about product A!"), ["A! product-page"]);
    talk.now = talk.now.plus_micros(1_000_000);
    came(&mut talk, IncomingBody::Opened { payload: Some("ad-7".into()) }, &[]);
    assert!(!talk.contact.tags.contains_key(&TagKey::of("from-ad")), "only what came first counts");

    // The widget's panel is opened first; the text comes after.
    let mut talk = Talk::new(loaded.clone());
    came(&mut talk, IncomingBody::Opened { payload: None }, &[]);
    talk.now = talk.now.plus_micros(1_000_000);
    talk.say("Tell me about Product A");
    assert!(talk.contact.tags.contains_key(&TagKey::of("product-a")));

    let mut talk = Talk::new(loaded.clone());
    came(&mut talk, IncomingBody::Opened { payload: Some("ad-7".into()) }, &[]);
    assert!(talk.contact.tags.contains_key(&TagKey::of("from-ad")));

    let mut talk = Talk::new(loaded.clone());
    says(&mut talk, "hi", &[("referral", "news.example/story")]);
    assert_eq!(talk.contact.source, "news");

    // Somebody known for long does not come anew.
    let mut talk = Talk::new(loaded);
    talk.contact.last_seen = Instant::from_secs(1_772_445_700);
    talk.say("Tell me about Product A");
    talk.say("Tell me about Product A");
    assert!(talk.contact.tags.is_empty());
}

#[test]
fn rules_of_how_somebody_came_are_checked() {
    for (rules, words) in [
        ("[{ tag: a }]", "does not say how"),
        ("[{ text: a, payload: b, tag: c }]", "one of"),
        ("[{ text: a }]", "neither a tag nor a source"),
        ("[{ text: '', tag: a }]", "1 to 256"),
        ("[{ txt: a, tag: b }]", "txt"),
    ] {
        let (read, told) =
            try_bot(&[("bot.yaml", &format!("name: T\nfirst_message: {rules}\n")), ("skills/a.yaml", &telling("first_name"))]);
        assert!(read.is_none() && told.contains(words), "{rules}: {told}");
    }
}

#[test]
fn opt_out_words_are_those_of_the_bots_languages_or_its_own() {
    let yaml = "name: T\nlanguages: [en, es]\nopt_out: { es: [\"no más\"] }\nopt_in: { es: [\"otra vez\"] }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", yaml), ("skills/a.yaml", &telling("first_name"))]));
    talk.say("hola");
    assert_ne!(talk.say("baja"), ["x"]);
    assert_eq!(talk.contact.status, "active", "its own words stand in for those of the language");
    assert!(says(&mut talk, "¡No más!", &[("language", "es")])[0].contains("Ya no recibirás"));
    assert_eq!(talk.contact.status, "unsubscribed");
    talk.say("otra vez");
    assert_eq!(talk.contact.status, "active");
    talk.say("STOP");
    assert_eq!(talk.contact.status, "unsubscribed", "English always counts");
    for (yaml, words) in [
        ("opt_out: { es: [] }", "at least one word"),
        ("opt_out: { fr: [stop] }", "does not speak"),
        ("opt_out: [stop]", "map of languages"),
        ("opt_out: { es: [hola] }\nopt_in: { es: [Hola] }", "both opt out and opt in"),
        ("opt_out: { spanish: [baja] }", "E0250"),
    ] {
        let (read, told) =
            try_bot(&[("bot.yaml", &format!("name: T\nlanguages: [en, es]\n{yaml}\n")), ("skills/a.yaml", &telling("first_name"))]);
        assert!(read.is_none() && told.contains(words), "{yaml}: {told}");
    }
}

#[test]
fn the_menu_is_checked() {
    for (menu, words) in [
        ("order", "menu is a list"),
        ("[order]", "an entry of the menu"),
        ("[{ A: order }]", "a command or a skill"),
        ("[{ A: /ordr }]", "no skill has the command"),
        ("[{ A: skill orders }]", "E0112"),
        ("[{ A: /tell }, { a: /tell }]", "two entries"),
    ] {
        let (read, told) = try_bot(&[("bot.yaml", &format!("name: T\nmenu: {menu}\n")), ("skills/a.yaml", &telling("first_name"))]);
        assert!(read.is_none() && told.contains(words), "{menu}: {told}");
    }
    let (read, told) = try_bot(&[
        ("bot.yaml", "name: T\nmenu: [{ Talk: skill b }]\n"),
        ("skills/a.yaml", "skill: b\ncatch: [{ keyword: b }]\nblocks:\n  x: { text: X }\n"),
    ]);
    assert!(read.is_some() && told.contains("W0263"), "{told}");
}

#[test]
fn a_verified_segment_admits_only_people_the_website_vouched_for() {
    let segments = "members: { where: status = active, verified: true }\n";
    let skill = "skill: tell\ncatch: [{ command: tell }]\nonly_for: in segment members\nblocks:\n  tell: { text: Member }\n";
    let mut talk = Talk::new(bot(&[("bot.yaml", "name: T\n"), ("segments.yaml", segments), ("skills/a.yaml", skill)]));
    assert_ne!(talk.say("/tell"), ["Member"]);
    assert_eq!(says(&mut talk, "/tell", &[("verified_id", "ana")]), ["Member"]);
}
