//! `gallery`: cards with a picture, words and buttons; written one by one, or made from a list.
//!
//! Buttons are numbered through all cards in order, then come those of the block itself, so that a typed number means one
//! thing. A card's title may be typed for its first button. What was pressed is read afterwards as `card.…`.

use super::asks::{self, Shows};
use super::choices::{self, ChoiceDef, Shown};
use super::source::{self, Source};
use super::{BlockBody, BlockKind, Fault, Key, OptionSpec, Otherwise, OutcomeSpec, Says, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{AttachmentKind, Card, Content, JourneyKind, Record, Value};
use rust_decimal::Decimal;
use std::ops::Range;
use syntax::{Diagnostic, Node};

/// The variable that holds the card that was pressed.
pub(crate) const CARD: &str = "card";
/// What the element of the list is called in a card's template.
pub(crate) const ITEM: &str = "item";
/// How many cards a gallery shows.
const MOST_CARDS: usize = 10;
/// How many buttons a card has.
const MOST_BUTTONS: usize = 3;

#[derive(Debug)]
pub(crate) struct Gallery;

#[derive(Debug)]
struct CardDef {
    title: Template,
    text: Option<Template>,
    picture: Option<Source>,
    alt: Option<Template>,
    /// Which of the block's choices are its buttons.
    buttons: Range<usize>,
}

#[derive(Debug)]
enum Cards {
    Written(Vec<CardDef>),
    /// One card for each element of a list.
    Of {
        list: Template,
        card: CardDef,
    },
}

#[derive(Debug)]
struct Row {
    cards: Cards,
    text: Option<Template>,
}

const CARD_SHAPE: Shape = Shape::Keys(&[
    Key::must("title", Shape::Prose, "the heading"),
    Key::may("text", Shape::Prose, "what stands under it"),
    Key::may("image", Shape::Prose, "`files/NAME` of the bot's folder, or an https address"),
    Key::may("alt", Shape::Prose, "what the picture shows"),
    Key::may("buttons", Shape::Choices, "at most 3"),
]);

impl BlockKind for Gallery {
    fn key(&self) -> &'static str {
        "gallery"
    }
    fn summary(&self) -> &'static str {
        "Shows up to 10 cards with a picture, words and up to 3 buttons each: a list of cards, or one card for each element of a list. \
         Afterwards `card.title`, `card.number`, `card.button` and, for a list, `card.item` tell what was pressed."
    }
    fn example(&self) -> &'static str {
        "skill: shop\ncatch:\n  - command: shop\nblocks:\n  cups:\n    gallery:\n      - title: Blue cup\n        text: 12 €\n        image: https://shop.example/blue.png\n        buttons:\n          - Order: order\n      - title: Red cup\n        text: 14 €\n        image: https://shop.example/red.png\n        buttons:\n          - Order: order\n    quick_replies:\n      - Neither: end\n    timeout: 1d\n    on: { other: end }\n  order:\n    text: A ${card.title | default(\"cup\")} it is.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        const {
            &[
                OptionSpec { name: "gallery", field: "cards", doc: "the cards: `title`, and if wanted `text`, `image`, `alt`, `buttons`" },
                OptionSpec { name: "from", field: "name", doc: "a list, such as `items` or `${order.items}`; in a map, with `card`" },
                OptionSpec { name: "card", field: "card", doc: "the card of each element, which is called `item` there: `${item.name}`" },
                OptionSpec { name: "say", field: "prose", doc: "said above the cards" },
                asks::OPTIONS[0],
                asks::OPTIONS[1],
                asks::OPTIONS[2],
                asks::OPTIONS[3],
            ]
        }
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::may("gallery", Shape::List(&CARD_SHAPE), ""), Key::may("from", Shape::Prose, ""), Key::may("card", CARD_SHAPE, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[OutcomeSpec { name: "empty", otherwise: Otherwise::Next, doc: "the list has no elements, or is not set" }]
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn stores_in_order(&self) -> bool {
        true
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let text = options.take("say").and_then(|n| reader.prose(n, "say"));
        let mut all = Vec::new();
        let cards = match &value.value {
            Node::List(cards) => {
                if cards.is_empty() || cards.len() > MOST_CARDS {
                    reader.error("E0199", value.span, format!("a gallery has 1 to {MOST_CARDS} cards, not {}", cards.len()));
                    return None;
                }
                // Every card is read, so that all that is wrong is told at once.
                let read: Vec<Option<CardDef>> = cards.iter().map(|card| read_card(card, &mut all, reader)).collect();
                Cards::Written(read.into_iter().collect::<Option<_>>()?)
            }
            Node::Map(_) => {
                let list = read_list(options.need("from", reader.out)?, reader);
                let card = read_card(options.need("card", reader.out)?, &mut all, reader);
                Cards::Of { list: list?, card: card? }
            }
            Node::Null | Node::Scalar(_) => {
                let diagnostic = Diagnostic::error("E0103", value.span, format!("a gallery is a list of cards, not {}", value.kind_name()));
                reader.out.push(
                    diagnostic
                        .help("write each as \"- title: …\"; from a list: gallery: { from: items, card: { title: \"${item.name}\" } }"),
                );
                return None;
            }
        };
        asks::read(Row { cards, text }, all, value, options, has_next, reader)
    }
}

/// The list: a name, or one expression.
fn read_list(node: At<'_>, reader: &mut Reader<'_>) -> Option<Template> {
    let text = reader.text(node, "from")?.trim();
    let parsed = if text.contains("${") {
        reader.prose(node, "from")
    } else {
        let node = syntax::Spanned { span: node.span, value: Node::Scalar(scalar(node, format!("${{{text} | default([])}}"))?) };
        reader.prose(&node, "from")
    };
    let template = parsed?;
    if !template.is_single_expression() {
        reader.error("E0104", node.span, "from is one list: a name such as items, or one ${…}");
        return None;
    }
    Some(template)
}

fn scalar(node: At<'_>, text: String) -> Option<syntax::Scalar> {
    match &node.value {
        Node::Scalar(scalar) => Some(syntax::Scalar { text, ..scalar.clone() }),
        Node::Null | Node::List(_) | Node::Map(_) => None,
    }
}

fn read_card(node: At<'_>, all: &mut Vec<ChoiceDef>, reader: &mut Reader<'_>) -> Option<CardDef> {
    let mut fields = Fields::of(node, "a card", reader.out)?;
    let title = fields.need("title", reader.out).and_then(|n| reader.prose(n, "title"));
    let text = fields.take("text").and_then(|n| reader.prose(n, "text"));
    let picture = fields.take("image").map(|n| source::read(n, AttachmentKind::Image, "a picture", reader));
    let alt = fields.take("alt").and_then(|n| reader.prose(n, "alt"));
    let buttons = choices::read_buttons(&mut fields, reader);
    let span = fields.span();
    let whole = fields.finish(reader.out);
    let buttons = buttons?;
    if buttons.len() > MOST_BUTTONS {
        let diagnostic =
            Diagnostic::error("E0212", span, format!("a card has at most {MOST_BUTTONS} buttons, this one has {}", buttons.len()));
        reader.out.push(diagnostic.help("put what all cards have in common under buttons: of the block"));
        return None;
    }
    let from = all.len();
    all.extend(buttons);
    let picture = match picture {
        Some(read) => Some(read?),
        None => None,
    };
    whole.then_some(())?;
    Some(CardDef { title: title?, text, picture, alt, buttons: from..all.len() })
}

impl Row {
    fn card(
        def: &CardDef,
        (number, item): (usize, Option<&Value>),
        choices: &[ChoiceDef],
        shown: &mut Shown,
        at: &mut Moving<'_, '_>,
    ) -> Result<Option<Card>, Fault> {
        let title = at.render(&def.title)?.trim().to_owned();
        let text = asks::render(def.text.as_ref(), at)?.trim().to_owned();
        let alt = asks::render(def.alt.as_ref(), at)?;
        let picture = match &def.picture {
            Some(source) => source.find(AttachmentKind::Image, alt, at)?,
            None => None,
        };
        if title.is_empty() && text.is_empty() && picture.is_none() {
            at.journey(JourneyKind::Delivery(format!("card {number} rendered empty and was left out")));
            return Ok(None);
        }
        let above = std::mem::take(&mut shown.buttons);
        let from = shown.sent.len();
        choices::show_from(choices.get(def.buttons.clone()).unwrap_or_default(), def.buttons.start, shown, at)?;
        let buttons = std::mem::replace(&mut shown.buttons, above);
        for (place, sent) in shown.sent.iter_mut().skip(from).enumerate() {
            let mut card = Record::from([
                ("number".to_owned(), Value::Number(Decimal::from(number))),
                ("title".to_owned(), Value::text(title.as_str())),
                ("button".to_owned(), Value::text(sent.label.as_str())),
            ]);
            if !text.is_empty() {
                card.insert("text".to_owned(), Value::text(text.as_str()));
            }
            if let Some(value) = &sent.value {
                card.insert("value".to_owned(), Value::text(value.as_str()));
            }
            card.extend(item.map(|item| (ITEM.to_owned(), item.clone())));
            sent.card = Some(card);
            if !title.is_empty() {
                sent.also.push(format!("{} {title}", sent.label));
                sent.also.push(format!("{title} {}", sent.label));
                if place == 0 {
                    sent.also.push(title.clone());
                }
            }
        }
        Ok(Some(Card { title, text, picture, buttons }))
    }

    fn of_list(
        list: &Template,
        def: &CardDef,
        choices: &[ChoiceDef],
        shown: &mut Shown,
        at: &mut Moving<'_, '_>,
    ) -> Result<Vec<Card>, Fault> {
        let items = match at.value(list)? {
            Some(Value::List(items)) => items,
            None => Vec::new(),
            Some(other) => {
                at.journey(JourneyKind::Delivery(format!("the gallery has no list: from is {}", other.type_name())));
                Vec::new()
            }
        };
        if items.len() > MOST_CARDS {
            at.journey(JourneyKind::Delivery(format!("the gallery shows the first {MOST_CARDS} of {} elements", items.len())));
        }
        let before = at.run.frame_mut().vars.remove(ITEM);
        let mut cards = Vec::new();
        let mut made = Ok(());
        for (index, item) in items.iter().take(MOST_CARDS).enumerate() {
            at.run.frame_mut().vars.insert(ITEM.to_owned(), item.clone());
            match Self::card(def, (index + 1, Some(item)), choices, shown, at) {
                Ok(card) => cards.extend(card),
                Err(fault) => {
                    made = Err(fault);
                    break;
                }
            }
        }
        let vars = &mut at.run.frame_mut().vars;
        vars.remove(ITEM);
        vars.extend(before.map(|value| (ITEM.to_owned(), value)));
        made.map(|()| cards)
    }
}

impl Shows for Row {
    fn content(&self, choices: &[ChoiceDef], shown: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault> {
        let cards = match &self.cards {
            Cards::Written(defs) => {
                let mut cards = Vec::with_capacity(defs.len());
                for (index, def) in defs.iter().enumerate() {
                    cards.extend(Self::card(def, (index + 1, None), choices, shown, at)?);
                }
                cards
            }
            Cards::Of { list, card } => Self::of_list(list, card, choices, shown, at)?,
        };
        // Words above no cards would promise what does not come.
        let text = if cards.is_empty() { String::new() } else { asks::render(self.text.as_ref(), at)? };
        Ok(Content { cards, ..Content::text(text) })
    }

    fn sources(&self) -> Vec<&Source> {
        match &self.cards {
            Cards::Written(cards) => cards.iter().filter_map(|card| card.picture.as_ref()).collect(),
            Cards::Of { card, .. } => card.picture.iter().collect(),
        }
    }

    fn says(&self) -> Option<Says<'_>> {
        self.text.as_ref().map(|text| Says { text, markdown: false })
    }

    fn nothing(&self) -> Option<&'static str> {
        Some("empty")
    }
}
