//! What is found is what a plain look at every line finds; blocks come back as they were written; damage is told.

use super::*;
use crate::directory::folded;
use model::{ContactId, ConversationId, Instant};
use proptest::prelude::*;

fn line(at: i64, conversation: u128, no: u64, text: &str) -> Line {
    let place = Place { at: Instant(at), conversation: ConversationId(conversation), no, contact: ContactId(conversation * 7) };
    Line { place, text: folded(text) }
}

fn parts(block: &[u8]) -> (Head, &[u8], &[u8]) {
    let head = Head::read(block).unwrap();
    assert_eq!(head.whole(), block.len());
    let (lists, packed) = block[HEAD..].split_at(head.lists());
    (head, lists, packed)
}

fn found(block: &[u8], words: &Words) -> Vec<Place> {
    let (head, lists, packed) = parts(block);
    if !Places::may_have(&head, lists, words) {
        return Vec::new();
    }
    Places::read(&head, lists).unwrap().find(&texts(&head, packed).unwrap(), words)
}

fn shown(text: &str, typed: &str) -> String {
    let words = Words::read(typed).unwrap();
    excerpt(text, &words).into_iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text }).collect()
}

/// Texts that meet one another: few letters of several scripts, spaces, marks.
fn texts_of_people() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec![
        "a", "b", "ab", "Å", "e\u{301}", "É", "山", "田", "ไ", "ท", "ع", "ﷺ", "ガ", "ｶﾞ", " ", "\n", "7", "٧", "ß", "ss",
    ]);
    prop::collection::vec(letters, 0..24).prop_map(|letters| letters.concat())
}

proptest! {
    #[test]
    fn what_is_found_is_what_a_plain_look_finds(said in prop::collection::vec((0_i64..50, 0_u128..4, texts_of_people()), 1..60), typed in texts_of_people()) {
        let lines: Vec<Line> = said.iter().enumerate().map(|(no, (at, conversation, text))| line(*at, *conversation, no as u64, text)).collect();
        let block = seal(&mut lines.clone()).unwrap();
        let (head, lists, packed) = parts(&block);
        let read = Places::read(&head, lists).unwrap();
        let mut sorted = lines.clone();
        sorted.sort_by_key(|line| line.place);
        prop_assert_eq!(read.lines(&texts(&head, packed).unwrap()), sorted.clone());
        prop_assert_eq!((head.oldest, head.newest), (sorted[0].place.at, sorted[sorted.len() - 1].place.at));
        if let Some(words) = Words::read(&typed) {
            let needles: Vec<String> = folded(&typed).split(' ').map(str::to_owned).collect();
            let plain: Vec<Place> = sorted.iter().filter(|line| needles.iter().all(|n| line.text.contains(n))).map(|line| line.place).collect();
            prop_assert_eq!(found(&block, &words), plain);
        }
    }

    #[test]
    fn damage_is_told(at in 0_usize..2_000, bit in 0_u8..8) {
        let mut lines: Vec<Line> = (0..40).map(|no| line(no, 1, no as u64, &format!("line number {no} of them"))).collect();
        let mut block = seal(&mut lines).unwrap();
        let at = at % block.len();
        block[at] ^= 1 << bit;
        let whole = Head::read(&block).and_then(|head| {
            let (lists, packed) = block[HEAD..].split_at_checked(head.lists())?;
            Places::read(&head, lists)?;
            texts(&head, packed)
        });
        prop_assert!(whole.is_none());
    }

    #[test]
    fn an_excerpt_shows_what_was_written(text in texts_of_people(), typed in texts_of_people()) {
        let Some(words) = Words::read(&typed) else { return Ok(()) };
        let pieces = excerpt(&text, &words);
        let shown: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        prop_assert_eq!(folded(&shown), folded(&text), "short texts are shown whole");
        prop_assert!(pieces.windows(2).all(|pair| pair[0].hit != pair[1].hit));
    }
}

#[test]
fn words_are_found_in_any_script_and_spelling() {
    let said = [
        "Where is my order 4711?",
        "¿Dónde está mi PEDIDO?",
        "我的訂單在哪裡",
        "注文はどこですか",
        "คำสั่งซื้อของฉันอยู่ที่ไหน",
        "أين طَلَبي",
        "Straße 7, Łódź",
        "Ｆｕｌｌ　ｗｉｄｔｈ",
        "👍🏽 fine",
    ];
    let mut lines: Vec<Line> = said.iter().zip(1..).map(|(text, no)| line(1, 1, no, text)).collect();
    let block = seal(&mut lines).unwrap();
    for (typed, no) in [
        ("ORDER where", 1),
        ("471", 1),
        ("donde esta", 2),
        ("訂單", 3),
        ("哪", 3),
        ("どこ", 4),
        ("ドコ", 4),
        ("ซื้อ", 5),
        ("طلبي", 6),
        ("strasse lodz", 7),
        ("full width", 8),
        ("👍", 9),
    ] {
        let words = Words::read(typed).unwrap();
        let numbers: Vec<u64> = found(&block, &words).iter().map(|place| place.no).collect();
        assert_eq!(numbers, [no], "{typed}");
    }
    assert!(Words::read(" \u{200b} \n").is_none());
    assert!(found(&block, &Words::read("order pedido").unwrap()).is_empty(), "all words are of one message");
}

#[test]
fn a_signature_keeps_most_blocks_closed() {
    let block = |seed: usize| {
        let text =
            |no: usize| format!("customer {} asks about parcel {} near {}", no * 7919 % 1000 + seed, no * 104_729 % 5_000, no * 31 % 97);
        let mut lines: Vec<Line> = (0..1_200).map(|no| line(no as i64, no as u128 % 40, no as u64, &text(no))).collect();
        seal(&mut lines).unwrap()
    };
    let blocks: Vec<Vec<u8>> = (0..20).map(|seed| block(seed * 1_000)).collect();
    let opened = |typed: &str| {
        let words = Words::read(typed).unwrap();
        let opens = |block: &&Vec<u8>| {
            let (head, lists, _) = parts(block);
            Places::may_have(&head, lists, &words)
        };
        blocks.iter().filter(opens).count()
    };
    assert_eq!(opened("parcel"), 20);
    assert!(opened("zebra") <= 1 && opened("refund") <= 1 && opened("訂單") <= 1);
    assert_eq!(opened("zq"), 20, "two letters are no piece");
}

#[test]
fn excerpts_mark_the_words_in_the_text_as_written() {
    assert_eq!(shown("¿Dónde está\nmi PEDIDO?", "pedido donde"), "¿[Dónde] está mi [PEDIDO]?");
    assert_eq!(shown("Große Straße", "strasse"), "Große [Straße]");
    assert_eq!(shown("我的訂單在哪裡", "訂單"), "我的[訂單]在哪裡");
    assert_eq!(shown("ﾔﾏﾀﾞさん", "やまだ"), "[ﾔﾏﾀﾞ]さん");
    assert_eq!(shown("Cafe\u{301} noir", "café"), "[Cafe\u{301}] noir");
    assert_eq!(shown("a  \t b", "a b"), "[a] [b]");
    let long = format!("{} needle {}", "hay ".repeat(100), "more hay ".repeat(100));
    let cut = shown(&long, "needle");
    assert!(cut.starts_with("…hay ") && cut.contains(" [needle] more") && cut.ends_with('…'), "{cut}");
    assert!(cut.chars().count() < 190);
    assert_eq!(shown("nothing of it", "zebra"), "nothing of it");
}

#[test]
fn lines_say_what_people_would_remember() {
    use model::{Attachment, AttachmentKind, Author, BlobId, Card, Content, Delivery, Message, MessageId, TranscriptEntry};
    let message = |author, content| {
        TranscriptEntry::Message(Message {
            id: MessageId(1),
            conversation: ConversationId(1),
            no: 1,
            at: Instant(5),
            author,
            content,
            delivery: Delivery::Received,
            client_id: None,
        })
    };
    let file = Attachment {
        kind: AttachmentKind::File,
        blob: BlobId(String::new()),
        name: "bill.pdf".into(),
        mime: String::new(),
        size: 1,
        alt: String::new(),
        made: None,
    };
    let card = Card { title: "Boots".into(), text: "of leather".into(), picture: None, buttons: Vec::new() };
    let content = Content { text: "here".into(), attachments: vec![file], cards: vec![card], ..Content::default() };
    let line = message(Author::Customer, content);
    assert_eq!(uttered(&line).unwrap().text, "here\nbill.pdf\nBoots\nof leather");
    assert!(uttered(&message(Author::Customer, Content::text("  "))).is_none());
    assert!(uttered(&message(Author::System, Content::text("Bea joined"))).is_none());
}
