use super::*;
use model::{Attachment, AttachmentKind, BlobId, Card, Choice, ChoiceAction, Linked, Picture};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

fn caps() -> Capabilities {
    Capabilities {
        text_limit: 200,
        caption_limit: 50,
        buttons: 3,
        button_label: 10,
        quick_replies: 3,
        url_buttons: true,
        phone_buttons: false,
        markdown: false,
        attachments: vec![AttachmentKind::Image],
        attachment_limit: 1_000,
        linked: false,
        gallery: false,
        location: false,
        typing: false,
        pull: false,
    }
}

fn reply(label: &str) -> Choice {
    Choice { label: label.into(), action: ChoiceAction::Reply { token: format!("t{label}") } }
}

fn file(kind: AttachmentKind, name: &str, size: u64) -> Attachment {
    Attachment { kind, blob: BlobId("0".repeat(64)), name: name.into(), mime: "image/png".into(), size, alt: String::new(), made: None }
}

fn texts(degraded: &Degraded) -> Vec<&str> {
    degraded.parts.iter().map(|part| part.content.text.as_str()).collect()
}

#[test]
fn what_fits_stays_as_written() {
    let content = Content { buttons: vec![reply("Yes"), reply("No")], ..Content::text("Well?") };
    assert_eq!(degrade(&content, &caps()), Degraded { parts: vec![Part { content }], notes: vec![] });
}

#[test]
fn buttons_that_do_not_fit_are_a_list_whose_numbers_are_the_ordinals() {
    let content = Content {
        buttons: ["Red", "Green", "Blue", "A colour with a long name"].map(reply).to_vec(),
        quick_replies: vec![reply("None")],
        ..Content::text("Which?")
    };
    let fitted = degrade(&content, &caps());
    assert_eq!(texts(&fitted), ["Which?\n\n1. Red\n2. Green\n3. Blue\n4. A colour with a long name\n5. None"]);
    assert_eq!(fitted.notes, ["4 buttons and 1 quick reply shown as a numbered list: the channel shows at most 3"]);
    let none = degrade(&content, &Capabilities { buttons: 0, ..caps() });
    assert_eq!(none.notes, ["4 buttons and 1 quick reply shown as a numbered list: the channel shows none"]);
    assert!(none.parts[0].content.buttons.is_empty() && none.parts[0].content.quick_replies.is_empty());
}

#[test]
fn links_are_written_out_where_buttons_cannot_open_them() {
    let content = Content {
        buttons: vec![
            reply("Yes"),
            Choice { label: "Shop".into(), action: ChoiceAction::Url("https://shop.example/".into()) },
            Choice { label: "Call us".into(), action: ChoiceAction::Phone("+12065551212".into()) },
        ],
        ..Content::text("Well?")
    };
    let fitted = degrade(&content, &Capabilities { url_buttons: false, ..caps() });
    assert_eq!(texts(&fitted), ["Well?\n\nShop: https://shop.example/\nCall us: +12065551212"]);
    assert_eq!(fitted.parts[0].content.buttons, [reply("Yes")]);
    assert_eq!(fitted.notes, ["2 link buttons are written out: the channel shows none of the kind"]);
}

#[test]
fn long_labels_are_cut_unless_they_would_look_the_same() {
    let content = Content { buttons: vec![reply("Talk to a person"), reply("No")], ..Content::text("?") };
    let fitted = degrade(&content, &caps());
    assert_eq!(fitted.parts[0].content.buttons[0].label, "Talk to a…");
    assert_eq!(fitted.notes, ["a button's label is cut to 10 characters: \"Talk to a person\""]);

    let same = Content { buttons: vec![reply("Talk to a person"), reply("Talk to a robot")], ..Content::text("?") };
    assert_eq!(texts(&degrade(&same, &caps())), ["?\n\n1. Talk to a person\n2. Talk to a robot"]);
    // A quick reply may come back as its text, so it is never cut.
    let quick = Content { quick_replies: vec![reply("Talk to a person")], ..Content::text("?") };
    assert_eq!(texts(&degrade(&quick, &caps())), ["?\n\n1. Talk to a person"]);
}

#[test]
fn what_is_not_carried_is_named() {
    let content = Content {
        attachments: vec![
            file(AttachmentKind::Image, "a.png", 10),
            file(AttachmentKind::Image, "huge.png", 1_001),
            file(AttachmentKind::Voice, "note.ogg", 10),
        ],
        location: Some(Location { latitude: 41.4, longitude: 2.174_358_1 }),
        ..Content::text("Look")
    };
    let fitted = degrade(&content, &Capabilities { caption_limit: 200, ..caps() });
    assert_eq!(texts(&fitted), ["Look\n\n[picture: huge.png]\n[voice message: note.ogg]\n\nLocation: 41.40, 2.17436"]);
    assert_eq!(fitted.parts[0].content.attachments.len(), 1);
    assert_eq!(fitted.notes.len(), 3);
}

#[test]
fn a_long_caption_follows_with_the_buttons() {
    let content = Content {
        attachments: vec![file(AttachmentKind::Image, "a.png", 1), file(AttachmentKind::Image, "b.png", 1)],
        buttons: vec![reply("Yes")],
        ..Content::text("x".repeat(60))
    };
    let fitted = degrade(&content, &caps());
    assert_eq!(texts(&fitted), ["", "", "x".repeat(60).as_str()]);
    assert_eq!(fitted.parts[2].content.buttons, [reply("Yes")]);
    // Short enough, it is the caption of the last one.
    let short = Content { text: "x".repeat(50), ..content.clone() };
    assert_eq!(texts(&degrade(&short, &caps())), ["", "x".repeat(50).as_str()]);
    // Who fetches gets the message as one.
    let pulled = degrade(&short, &Capabilities { pull: true, ..caps() });
    assert_eq!(pulled.parts, [Part { content: short }]);
}

#[test]
fn markdown_stays_where_it_is_rendered_and_whole() {
    let content = Content { format: TextFormat::Markdown, ..Content::text("**Hi** there") };
    let rendered = Capabilities { markdown: true, ..caps() };
    assert_eq!(degrade(&content, &rendered).parts, [Part { content: content.clone() }]);
    let plain = degrade(&content, &caps());
    assert_eq!((texts(&plain), plain.parts[0].content.format), (vec!["Hi there"], TextFormat::Plain));
    let long = Content { text: format!("**{}**", "word ".repeat(60).trim()), ..content };
    let split = degrade(&long, &rendered);
    assert!(split.parts.len() > 1 && split.parts.iter().all(|part| part.content.format == TextFormat::Plain));
    assert!(!texts(&split).concat().contains('*'));
}

#[test]
fn an_empty_message_is_one_empty_piece() {
    assert_eq!(degrade(&Content::default(), &caps()).parts, [Part { content: Content::default() }]);
}

fn link(kind: AttachmentKind, alt: &str) -> Linked {
    Linked { kind, url: "https://x.example/a.png".into(), name: "a.png".into(), alt: alt.into() }
}

#[test]
fn a_file_that_is_elsewhere_is_shown_or_named_with_its_address() {
    let content =
        Content { linked: vec![link(AttachmentKind::Image, "two cups"), link(AttachmentKind::Video, "")], ..Content::text("Look") };
    let none = degrade(&content, &caps());
    assert_eq!(texts(&none), ["Look\n\n[picture: two cups] https://x.example/a.png\n[video: a.png] https://x.example/a.png"]);
    assert_eq!(none.notes.len(), 1);
    let some = degrade(&content, &Capabilities { linked: true, ..caps() });
    assert_eq!(some.parts[0].content.linked.len(), 1);
    assert_eq!(texts(&some), ["Look\n\n[video: a.png] https://x.example/a.png"]);
}

fn gallery(cards: usize, buttons: usize) -> Content {
    let card = |n: usize| Card {
        title: format!("Card {n}"),
        text: "words".into(),
        picture: Some(Picture::Linked(link(AttachmentKind::Image, "alt"))),
        buttons: (1..=buttons).map(|b| reply(&format!("b{n}{b}"))).collect(),
    };
    Content {
        cards: (1..=cards).map(card).collect(),
        more: Some(Box::new(reply("More"))),
        quick_replies: vec![reply("None")],
        ..Content::text("Which?")
    }
}

#[test]
fn a_gallery_stays_whole_where_it_can_be_shown() {
    let content = gallery(7, 2);
    let fitted = degrade(&content, &Capabilities { gallery: true, ..caps() });
    assert_eq!(fitted.parts.len(), 1);
    assert_eq!(fitted.parts[0].content.cards, content.cards);
    assert!(fitted.notes.is_empty());
}

#[test]
fn a_gallery_is_a_message_for_each_card_and_nothing_of_it_is_lost() {
    let shown = degrade(&gallery(7, 2), &Capabilities { linked: true, ..caps() });
    let said = texts(&shown);
    assert_eq!(said.first(), Some(&"Which?"));
    assert_eq!(said.get(1), Some(&"Card 1\nwords"));
    assert_eq!(said.last(), Some(&"5 / 7"));
    let last = &shown.parts.last().unwrap().content;
    assert_eq!((last.buttons[0].label.as_str(), last.quick_replies.len()), ("More", 1));
    assert_eq!(shown.parts.len(), 7);
    assert_eq!(shown.parts[1].content.buttons.len(), 2);
    // Five cards are not too many.
    let five = degrade(&gallery(5, 2), &Capabilities { linked: true, ..caps() });
    assert_eq!(texts(&five).last(), Some(&"…"));
    assert!(five.parts.iter().all(|part| part.content.buttons.iter().all(|b| b.label != "More")));
}

#[test]
fn numbers_run_through_the_cards_of_a_gallery() {
    let shown = degrade(&gallery(6, 2), &Capabilities { buttons: 0, quick_replies: 0, ..caps() });
    let all = texts(&shown).join("\n");
    for (number, label) in [(1, "b11"), (2, "b12"), (3, "b21"), (11, "b61"), (12, "b62"), (13, "None")] {
        assert!(all.contains(&format!("{number}. {label}")), "{all}");
    }
    assert!(!all.contains("More"), "without buttons all cards are shown at once");
    // A card with more buttons than fit is listed, and then none is held back: its numbers would be unknown.
    let listed = degrade(&gallery(6, 4), &caps());
    assert!(texts(&listed).join("\n").contains("24. b64"));
}

fn text_strategy() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}",
        2 => Just(" ".to_owned()),
        1 => Just(". ".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => "\\PC{1,4}",
        1 => Just("👨‍👩‍👧‍👦".to_owned()),
        1 => Just("こんにちは。".to_owned()),
        1 => Just("e\u{301}\u{302}".to_owned()),
        1 => Just("🇪🇸".to_owned()),
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

/// Choices with distinct labels made of an index, so that each can be found again.
fn choices(prefix: &'static str, most: usize) -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec((0..3u8, 0..30usize), 0..=most).prop_map(move |kinds| {
        let made = kinds.into_iter().enumerate().map(|(index, (kind, extra))| {
            let label = format!("{prefix}{index}{}", "w".repeat(extra));
            let action = match kind {
                0 => ChoiceAction::Url(format!("https://{prefix}{index}.example/")),
                1 => ChoiceAction::Phone(format!("+{prefix}{index}")),
                _ => ChoiceAction::Reply { token: format!("{prefix}{index}") },
            };
            Choice { label, action }
        });
        made.collect()
    })
}

fn content_strategy() -> impl Strategy<Value = Content> {
    let kinds = prop_oneof![Just(AttachmentKind::Image), Just(AttachmentKind::File)];
    let files = prop::collection::vec((kinds, 0..2_000u64), 0..4).prop_map(|files| {
        files.into_iter().enumerate().map(|(index, (kind, size))| file(kind, &format!("file{index}.bin"), size)).collect::<Vec<_>>()
    });
    let place = prop::option::of((-90.0..90.0f64, -180.0..180.0f64));
    (text_strategy(), files, place, choices("B", 5), choices("Q", 5)).prop_map(|(text, attachments, place, buttons, quick_replies)| {
        Content {
            text,
            attachments,
            location: place.map(|(latitude, longitude)| Location { latitude, longitude }),
            buttons,
            quick_replies,
            ..Content::default()
        }
    })
}

fn caps_strategy() -> impl Strategy<Value = Capabilities> {
    (12..300usize, 0..100usize, 0..5usize, 0..40usize, 0..5usize, any::<[bool; 5]>()).prop_map(
        |(text_limit, caption_limit, buttons, button_label, quick_replies, [url_buttons, phone_buttons, images, location, pull])| {
            Capabilities {
                text_limit,
                caption_limit,
                buttons,
                button_label,
                quick_replies,
                url_buttons,
                phone_buttons,
                attachments: if images { vec![AttachmentKind::Image] } else { vec![] },
                location,
                pull,
                ..caps()
            }
        },
    )
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_limits_are_kept(content in content_strategy(), caps in caps_strategy()) {
        let fitted = degrade(&content, &caps);
        let all = fitted.parts.iter().map(|part| part.content.text.as_str()).collect::<Vec<_>>();
        let squeezed_all = squeezed(&all.concat());

        // The text is there, in order, never cut inside a grapheme.
        prop_assert!(squeezed_all.starts_with(&squeezed(&content.text)));
        let graphemes: Vec<&str> = all.iter().flat_map(|text| text.graphemes(true)).filter(|g| !g.trim().is_empty()).collect();
        let written: Vec<&str> = content.text.graphemes(true).filter(|g| !g.trim().is_empty() && utf16_len(g) <= caps.text_limit).collect();
        if !content.text.chars().any(|c| c.is_control()) {
            prop_assert_eq!(graphemes.get(..written.len().min(graphemes.len())), Some(written.as_slice()));
        }

        // The limits hold.
        for (index, Part { content: part }) in fitted.parts.iter().enumerate() {
            let limit = if part.attachments.is_empty() { caps.text_limit } else { caps.caption_limit.min(caps.text_limit) };
            prop_assert!(utf16_len(&part.text) <= limit, "{} > {limit}", utf16_len(&part.text));
            prop_assert!(part.buttons.len() <= caps.buttons && part.quick_replies.len() <= caps.quick_replies);
            prop_assert!(part.buttons.iter().all(|b| b.label.chars().count() <= caps.button_label.max(2)));
            prop_assert!(index + 1 == fitted.parts.len() || (part.buttons.is_empty() && part.quick_replies.is_empty()));
            if !caps.pull {
                prop_assert!(part.attachments.len() + usize::from(part.location.is_some()) <= 1);
            }
        }

        // Every choice is visible in exactly one way; the number of a listed one is its ordinal.
        let last = &fitted.parts.last().unwrap().content;
        let shown: Vec<&Choice> = last.buttons.iter().chain(&last.quick_replies).collect();
        for (index, choice) in content.buttons.iter().chain(&content.quick_replies).enumerate() {
            let native = shown.iter().filter(|c| c.action == choice.action).count();
            let line = match &choice.action {
                ChoiceAction::Reply { .. } => format!("{}.{}", index + 1, choice.label),
                ChoiceAction::Url(to) | ChoiceAction::Phone(to) => format!("{}:{to}", choice.label),
            };
            let written = usize::from(squeezed_all.contains(&line));
            prop_assert_eq!(native + written, 1, "{:?}", choice);
        }

        // Every attachment and the place are carried or named.
        for file in &content.attachments {
            let carried = fitted.parts.iter().flat_map(|part| &part.content.attachments).filter(|f| *f == file).count();
            let named = usize::from(squeezed_all.contains(&squeezed(&attachment_line(file))));
            prop_assert_eq!(carried + named, 1);
        }
        if content.location.is_some() {
            let carried = fitted.parts.iter().filter(|part| part.content.location.is_some()).count();
            prop_assert_eq!(carried + usize::from(squeezed_all.contains("Location:")), 1);
        }

        // Whatever is shown otherwise is noted, and only then.
        let same = fitted.parts.len() == 1 && fitted.parts[0].content == content;
        prop_assert!(same || !fitted.notes.is_empty() || !caps.pull || content.text.trim().is_empty());
        prop_assert!(!same || fitted.notes.is_empty());
    }
}
