//! Pictures, sounds, places, files and galleries: what is said, what waits, what is read afterwards.

use crate::common;

use common::{BOT, Talk};
use engine::{Asset, Bot, BotFiles};
use model::{AttachmentKind, BlobId, ChoiceAction, Content, IncomingBody, Message, Picture, Record, Rest, Value};
use std::sync::Arc;
use switchboard_engine as engine;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn asset(path: &str, head: &[u8], size: u64) -> Asset {
    Asset { path: path.into(), blob: BlobId("a".repeat(64)), size, head: head.to_vec() }
}

fn load(skill: &str, assets: Vec<Asset>) -> (Option<Arc<Bot>>, String) {
    let files = vec![
        ("bot.yaml".to_owned(), format!("{BOT}languages: [en, es]\n")),
        ("skills/a.yaml".to_owned(), format!("skill: a\ncatch:\n  - command: go\n{skill}")),
    ];
    let (bot, diagnostics, sources) = Bot::load(&BotFiles { files, shown_as: String::new(), assets });
    (bot, syntax::render_short(&diagnostics, &sources))
}

fn talk(blocks: &str) -> Talk {
    talk_with(blocks, Vec::new())
}

fn talk_with(blocks: &str, assets: Vec<Asset>) -> Talk {
    let (bot, told) = load(blocks, assets);
    assert!(!told.contains("error"), "{told}");
    Talk::new(bot.expect("the bot is sound"))
}

fn go(talk: &mut Talk) -> Vec<Message> {
    talk.incoming(IncomingBody::Message(Content::text("/go")))
}

fn waits(talk: &Talk) -> bool {
    talk.conversation.runs.iter().any(|run| matches!(run.rest, Rest::Asking(_)))
}

#[test]
fn a_picture_by_address_has_a_caption_and_words_for_those_who_do_not_see_it() {
    let mut talk = talk(
        "blocks:\n  a:\n    image: https://x.example/a/b.png?w=1\n    caption: Hi ${first_name | default('you')}\n    alt: Two cups\n",
    );
    let said = go(&mut talk);
    let link = &said[0].content.linked[0];
    assert_eq!(
        (link.kind, link.url.as_str(), link.name.as_str(), link.alt.as_str()),
        (AttachmentKind::Image, "https://x.example/a/b.png?w=1", "b.png", "Two cups")
    );
    assert_eq!(said[0].content.text, "Hi you");
    assert!(!waits(&talk), "without choices it goes on");
}

#[test]
fn a_picture_of_the_folder_is_a_stored_file() {
    let mut talk = talk_with("blocks:\n  a:\n    image: files/cup.png\n    alt: A cup\n", vec![asset("files/cup.png", PNG, 900)]);
    let said = go(&mut talk);
    let file = &said[0].content.attachments[0];
    assert_eq!(
        (file.kind, file.name.as_str(), file.mime.as_str(), file.size, file.alt.as_str()),
        (AttachmentKind::Image, "cup.png", "image/png", 900, "A cup")
    );
    assert_eq!(file.blob.0, "a".repeat(64));
}

#[test]
fn a_value_never_picks_a_file_of_the_folder() {
    let blocks =
        "blocks:\n  set:\n    data: { where: files/secret.png }\n  a:\n    image: ${where}\n    caption: Look\n  b:\n    text: on\n";
    let mut talk = talk_with(blocks, vec![asset("files/secret.png", PNG, 9)]);
    let said = go(&mut talk);
    assert_eq!(said[0].content, Content::text("Look"), "the caption is said, the file is not sent");
    assert_eq!(said[1].content.text, "on");
}

#[test]
fn a_file_of_the_folder_can_be_chosen_within_a_written_path() {
    let blocks = "blocks:\n  set:\n    data: { where: '../bot' }\n  a:\n    file: files/${plan}.pdf\n  b:\n    file: files/${where}.yaml\n    caption: none\n";
    let mut talk = talk_with(blocks, vec![asset("files/free.pdf", b"%PDF-1.7", 9)]);
    let said = go(&mut talk);
    assert_eq!(said[0].content.attachments[0].name, "free.pdf");
    assert_eq!(said[1].content, Content::text("none"), "only what is in the list of files is ever found");
}

#[test]
fn an_address_that_is_none_is_left_out_and_journeyed() {
    for bad in ["javascript:alert(1)", "http://x.example/a.png", "https://u@x.example/a.png", ""] {
        let mut talk =
            talk(&format!("blocks:\n  set:\n    data: {{ link: '{bad}' }}\n  a:\n    image: ${{link}}\n    alt: x\n  b:\n    text: on\n"));
        let said = go(&mut talk);
        assert_eq!(said.len(), 1, "{bad}");
        assert!(format!("{:?}", talk.steps).contains("not an https address"), "{bad}");
    }
}

#[test]
fn a_picture_waits_for_its_buttons_like_a_text() {
    let blocks = "blocks:\n  a:\n    image: https://x.example/a.png\n    alt: x\n    buttons:\n      - { 'Yes!': { to: yes, value: sure, synonyms: [ok] } }\n      - No: end\n    save: answer\n    timeout: 1h\n    on: { other: other, timeout: late }\n  yes:\n    text: got ${answer}\n    next: end\n  other:\n    text: other\n    next: end\n  late:\n    text: late\n";
    for typed in ["yes!", "1", "ok", "sure"] {
        let mut talk = talk(blocks);
        go(&mut talk);
        assert!(waits(&talk));
        assert_eq!(talk.say(typed), ["got sure"], "{typed}");
    }
    let mut other = self::talk(blocks);
    go(&mut other);
    assert_eq!(other.say("what?"), ["other"]);
    let mut pressed = self::talk(blocks);
    let shown = go(&mut pressed);
    assert_eq!(pressed.press(&shown[0], "Yes!"), ["got sure"]);
    let told = load("blocks:\n  a:\n    image: https://x.example/a.png\n    alt: x\n    timeout: 1h\n", Vec::new()).1;
    assert!(told.contains("E0109"), "{told}");
}

#[test]
fn media_carries_sounds_films_stickers_and_places() {
    let blocks = "blocks:\n  a:\n    media: { audio: files/hi.mp3, caption: Listen }\n  b:\n    media: { video: 'https://x.example/v.mp4' }\n  c:\n    media: { sticker: files/s.webp }\n  d:\n    media: { location: '41.5, -2.25', title: Our shop }\n";
    let webp = b"RIFF\0\0\0\0WEBPVP8 ";
    let mut talk = talk_with(blocks, vec![asset("files/hi.mp3", b"ID3", 5), asset("files/s.webp", webp, 5)]);
    let said = go(&mut talk);
    assert_eq!(said[0].content.attachments[0].kind, AttachmentKind::Audio);
    assert_eq!(said[0].content.text, "Listen");
    assert_eq!(said[1].content.linked[0].kind, AttachmentKind::Video);
    assert_eq!(said[2].content.attachments[0].kind, AttachmentKind::Sticker);
    let place = said[3].content.location.clone().unwrap();
    assert_eq!((place.latitude, place.longitude, said[3].content.text.as_str()), (41.5, -2.25, "Our shop"));
}

#[test]
fn a_place_can_be_a_value() {
    let blocks = "blocks:\n  a:\n    data: { spot: '41.5, 2.25' }\n  b:\n    media: { location: '${spot}', buttons: [Fine: end], timeout: 1h }\n    on: { other: end }\n";
    let mut talk = talk(blocks);
    let said = go(&mut talk);
    assert_eq!(said[0].content.location.as_ref().unwrap().longitude, 2.25);
    assert!(waits(&talk));
    let mut nowhere = self::talk("blocks:\n  a:\n    data: { spot: 'in town' }\n  b:\n    media: { location: '${spot}', title: Here }\n");
    assert_eq!(go(&mut nowhere)[0].content, Content::text("Here"));
}

#[test]
fn a_file_is_made_from_a_template() {
    let blocks = "blocks:\n  a:\n    file:\n      name: ../${first_name | default('visit')}.ics\n      type: text/calendar\n      content: |\n        BEGIN:VCALENDAR\n        SUMMARY:Visit of ${first_name | default('you')}\n        END:VCALENDAR\n      caption: Save it\n";
    let mut talk = talk(blocks);
    let said = go(&mut talk);
    let file = &said[0].content.attachments[0];
    assert_eq!((file.name.as_str(), file.mime.as_str()), ("visit.ics", "text/calendar"));
    let text = file.made.as_deref().unwrap();
    assert_eq!(text, "BEGIN:VCALENDAR\r\nSUMMARY:Visit of you\r\nEND:VCALENDAR\r\n");
    assert_eq!(file.size, text.len() as u64);
    assert_eq!(said[0].content.text, "Save it");
}

#[test]
fn a_file_may_be_called_otherwise_and_a_made_one_has_limits() {
    let blocks = "blocks:\n  a:\n    file: { from: files/t.pdf, name: 'Terms ${plan}.pdf' }\n  b:\n    file: https://x.example/d/price%20list.pdf\n  c:\n    file: { name: a.txt, content: '${visits}' }\n";
    let mut talk = talk_with(blocks, vec![asset("files/t.pdf", b"%PDF-1.4", 7)]);
    let said = go(&mut talk);
    assert_eq!(said.len(), 2, "a file without content is not sent");
    assert_eq!(said[0].content.attachments[0].name, "Terms free.pdf");
    assert_eq!(said[1].content.linked[0].kind, AttachmentKind::File);
    assert_eq!(said[1].content.linked[0].name, "price%20list.pdf");
}

const CUPS: &str = "blocks:\n  a:\n    gallery:\n      - { title: Blue cup, text: 12 €, image: files/cup.png, alt: blue, buttons: [{ Order: order }, { Look: { url: 'https://x.example' } }] }\n      - { title: Red cup, buttons: [{ Order: order }, { Ask: ask }] }\n    say: Our cups\n    quick_replies:\n      - Neither: end\n    save: said\n    timeout: 1d\n    on: { other: other }\n  order:\n    text: ${card.title} no ${card.number} by ${card.button}, ${said}\n    next: end\n  ask:\n    text: about ${card.title}\n    next: end\n  other:\n    text: other\n";

fn cups() -> Talk {
    talk_with(CUPS, vec![asset("files/cup.png", PNG, 5)])
}

#[test]
fn a_gallery_has_cards_with_their_own_buttons() {
    let mut talk = cups();
    let said = go(&mut talk);
    assert_eq!(said.len(), 1);
    let Content { text, cards, quick_replies, more, .. } = &said[0].content;
    assert_eq!((text.as_str(), cards.len(), quick_replies.len(), more), ("Our cups", 2, 1, &None));
    assert!(matches!(&cards[0].picture, Some(Picture::Stored(file)) if file.alt == "blue"));
    assert_eq!((cards[0].text.as_str(), cards[0].buttons.len(), cards[1].buttons.len()), ("12 €", 2, 2));
}

#[test]
fn what_is_typed_means_a_card() {
    // Numbers run through the cards, links counted: 1 Order, 2 Look, 3 Order, 4 Ask, 5 Neither.
    for (typed, answer) in [
        ("1", "Blue cup no 1 by Order, Order"),
        ("3", "Red cup no 2 by Order, Order"),
        ("blue cup", "Blue cup no 1 by Order, Order"),
        ("order red cup", "Red cup no 2 by Order, Order"),
        ("Red cup order", "Red cup no 2 by Order, Order"),
        ("4", "about Red cup"),
        ("ask", "about Red cup"),
        ("something else", "other"),
    ] {
        let mut talk = cups();
        go(&mut talk);
        assert_eq!(talk.say(typed), [answer], "{typed}");
    }
    let mut neither = cups();
    go(&mut neither);
    assert!(neither.say("5").is_empty());
    assert!(neither.conversation.runs.is_empty());
}

#[test]
fn a_label_of_two_cards_is_asked_again() {
    let mut talk = cups();
    go(&mut talk);
    let again = talk.incoming(IncomingBody::Message(Content::text("Order")));
    assert_eq!(again[0].content.cards.len(), 2);
    assert!(waits(&talk));
    assert_eq!(talk.press_on(&again[0], 1, "Order"), ["Red cup no 2 by Order, Order"]);
}

#[test]
fn a_pressed_card_is_known_even_when_it_is_pressed_late() {
    let mut talk = cups();
    let said = go(&mut talk);
    assert_eq!(talk.press_on(&said[0], 0, "Order"), ["Blue cup no 1 by Order, Order"]);
    assert_eq!(talk.press_on(&said[0], 1, "Order"), ["Red cup no 2 by Order, Order"], "a new run, with the card");
}

/// A gallery of the list that an event carries.
const LIST: &str = "  - event: offer\nblocks:\n  a:\n    gallery:\n      from: event.items\n      card: { title: '${item.name}', text: '${item.price} €', buttons: ['Take ${item.name}': taken] }\n      buttons: [Nothing: end]\n      timeout: 1d\n    on: { other: other, empty: none, timeout: late }\n  taken:\n    text: ${card.item.sku} ${card.title} ${card.text}\n    next: end\n  none:\n    text: sold out\n    next: end\n  other:\n    text: other\n    next: end\n  late:\n    text: late\n";

/// What is said when the list has so many elements.
fn offer(count: i64) -> (Talk, Vec<Message>) {
    let item = |n: i64| {
        Value::Record(Record::from([
            ("name".to_owned(), Value::text(format!("cup {n}"))),
            ("price".to_owned(), Value::Number(n.into())),
            ("sku".to_owned(), Value::text(format!("c{n}"))),
        ]))
    };
    let mut talk = talk(LIST);
    let fields = Record::from([("items".to_owned(), Value::List((1..=count).map(item).collect()))]);
    let said = talk.incoming(IncomingBody::Event { name: "offer".into(), fields });
    (talk, said)
}

#[test]
fn cards_are_made_of_a_list() {
    let (mut talk, said) = offer(3);
    let cards = &said[0].content.cards;
    assert_eq!(cards.iter().map(|c| c.title.as_str()).collect::<Vec<_>>(), ["cup 1", "cup 2", "cup 3"]);
    assert_eq!((cards[1].text.as_str(), cards[1].buttons[0].label.as_str()), ("2 €", "Take cup 2"));
    assert_eq!(said[0].content.buttons.len(), 1);
    assert_eq!(talk.press_on(&said[0], 2, "Take cup 3"), ["c3 cup 3 3 €"]);
    let typed = ["2", "cup 2", "take cup 2"];
    for words in typed {
        let (mut talk, _) = offer(3);
        assert_eq!(talk.say(words), ["c2 cup 2 2 €"], "{words}");
    }
    let (mut talk, _) = offer(3);
    assert!(talk.say("4").is_empty(), "the block's own button comes after those of the cards");
    let (mut talk, _) = offer(3);
    assert_eq!(talk.say("none of these"), ["other"]);
    let (mut talk, _) = offer(3);
    assert_eq!(talk.wait(86_400), ["late"]);
}

#[test]
fn an_empty_list_has_an_outcome() {
    let (talk, said) = offer(0);
    assert_eq!(said[0].content.text, "sold out");
    assert!(!waits(&talk));
    let mut unset = self::talk(LIST);
    assert_eq!(go(&mut unset)[0].content.text, "sold out");
}

#[test]
fn a_long_list_is_shown_up_to_ten_and_says_so() {
    let (talk, said) = offer(12);
    assert_eq!(said[0].content.cards.len(), 10);
    assert!(format!("{:?}", talk.steps).contains("the first 10 of 12"));
}

#[test]
fn more_brings_the_cards_after_the_fifth_and_the_question_stays() {
    let (mut talk, said) = offer(7);
    let more = said[0].content.more.clone().expect("seven cards are more than five");
    let ChoiceAction::Reply { token } = more.action else { panic!("more replies") };
    let rest = talk.incoming(IncomingBody::Press { token, label: more.label.clone() });
    assert_eq!(rest[0].content.cards.iter().map(|c| c.title.as_str()).collect::<Vec<_>>(), ["cup 6", "cup 7"]);
    assert!(rest[0].content.more.is_none());
    assert!(waits(&talk));
    assert_eq!(talk.press_on(&rest[0], 0, "Take cup 6"), ["c6 cup 6 6 €"]);
    let (mut typed, _) = offer(7);
    let rest = typed.incoming(IncomingBody::Message(Content::text("more")));
    assert_eq!(rest[0].content.cards.len(), 2);
    assert_eq!(typed.say("7"), ["c7 cup 7 7 €"]);
    assert!(offer(5).1[0].content.more.is_none());
}

#[test]
fn the_name_of_the_element_is_free_again_after_the_cards() {
    let blocks = LIST
        .replace("blocks:\n", "blocks:\n  set:\n    data: { item: mine }\n")
        .replace("text: ${card.item.sku} ${card.title} ${card.text}", "text: ${item}");
    let mut talk = talk(&blocks);
    let fields =
        Record::from([("items".to_owned(), Value::List(vec![Value::Record(Record::from([("name".to_owned(), Value::text("x"))]))]))]);
    let said = talk.incoming(IncomingBody::Event { name: "offer".into(), fields });
    assert_eq!(talk.press_on(&said[0], 0, "Take x"), ["mine"]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let png = || vec![asset("files/cup.png", PNG, 5), asset("files/fake.png", b"hello", 5), asset("files/big.png", PNG, 11 << 20)];
    for (block, code) in [
        ("image: files/cap.png\n    alt: x", "E0195"),
        ("image: files/../bot.yaml\n    alt: x", "E0195"),
        ("image: http://x.example/a.png\n    alt: x", "E0196"),
        ("image: cup.png\n    alt: x", "E0196"),
        ("image: /etc/passwd\n    alt: x", "E0196"),
        ("media: { video: files/cup.png }", "E0197"),
        ("image: files/fake.png\n    alt: x", "E0197"),
        ("image: files/big.png\n    alt: x", "E0198"),
        ("gallery: []", "E0199"),
        ("gallery: three cups", "E0103"),
        ("gallery: [{ text: no title }]", "E0102"),
        ("gallery: [{ title: a, buttons: [b, c, d, e] }]", "E0212"),
        ("media: { location: Madrid }", "E0210"),
        ("media: { location: '91, 0' }", "E0210"),
        ("media: { video: 'https://x.example/a.mp4', audio: 'https://x.example/a.mp3' }", "E0109"),
        ("file: { content: hello }", "E0211"),
        ("file: { name: a.txt, content: hello, type: text }", "E0104"),
        ("file: { name: a.txt }", "E0102"),
        ("image: files/cup.png", "W0226"),
    ] {
        let told = load(&format!("blocks:\n  a:\n    {block}\n"), png()).1;
        assert!(told.contains(code), "{block}: {told}");
    }
    let told = load("blocks:\n  a:\n    image: files/cap.png\n    alt: x\n", png()).1;
    assert!(told.contains("files/cup.png") || told.contains("cap.png"), "{told}");
}

#[test]
fn a_changed_file_is_another_version() {
    let version = |blob: &str| {
        let file = Asset { blob: BlobId(blob.repeat(64)), ..asset("files/a.pdf", b"%PDF-1", 5) };
        load("blocks:\n  a:\n    file: files/a.pdf\n", vec![file]).0.unwrap().version().clone()
    };
    assert_ne!(version("a"), version("b"));
    assert_eq!(version("a"), version("a"));
}

trait OnCards {
    fn press_on(&mut self, message: &Message, card: usize, label: &str) -> Vec<String>;
}

impl OnCards for Talk {
    /// Presses a button of a card, by the card's index.
    fn press_on(&mut self, message: &Message, card: usize, label: &str) -> Vec<String> {
        let choice = message.content.cards[card].buttons.iter().find(|b| b.label == label).expect("the card has the button");
        let ChoiceAction::Reply { token } = &choice.action else { panic!("{label} is no reply") };
        common::texts(&self.incoming(IncomingBody::Press { token: token.clone(), label: label.to_owned() }))
    }
}
