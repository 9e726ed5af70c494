//! `media`: a sound, a film, a sticker or a place.

use super::asks::{self, Shows};
use super::choices::{ChoiceDef, Shown};
use super::source::{self, Source};
use super::{BlockBody, BlockKind, Fault, Key, OptionSpec, OutcomeSpec, Says, Shape};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{AttachmentKind, Content, JourneyKind, Location, Value};

#[derive(Debug)]
pub(crate) struct Media;

#[derive(Debug)]
enum What {
    File(AttachmentKind, Source),
    Place(Template),
}

#[derive(Debug)]
struct Played {
    what: What,
    caption: Option<Template>,
}

const KINDS: [(&str, AttachmentKind, &str); 3] = [
    ("audio", AttachmentKind::Audio, "a sound"),
    ("video", AttachmentKind::Video, "a film"),
    ("sticker", AttachmentKind::Sticker, "a sticker"),
];

impl BlockKind for Media {
    fn key(&self) -> &'static str {
        "media"
    }
    fn summary(&self) -> &'static str {
        "Plays a sound or a film, or shows a sticker or a place on the map. With choices and no `next`, it waits like `text`."
    }
    fn example(&self) -> &'static str {
        "skill: visit\ncatch:\n  - command: visit\nblocks:\n  film:\n    media: { video: \"https://shop.example/tour.mp4\", caption: A look inside }\n  place:\n    media: { location: \"41.3874, 2.1686\", title: \"Our shop, Plaça de Catalunya 1\" }\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        const {
            &[
                OptionSpec { name: "audio", field: "prose", doc: "a sound: `files/NAME` of the bot's folder, or an https address" },
                OptionSpec { name: "video", field: "prose", doc: "a film, likewise" },
                OptionSpec { name: "sticker", field: "prose", doc: "a sticker, likewise" },
                OptionSpec {
                    name: "location",
                    field: "prose",
                    doc: "a place, as `LATITUDE, LONGITUDE` in degrees, or a value that holds a place",
                },
                OptionSpec { name: "title", field: "prose", doc: "what the place is called" },
                OptionSpec { name: "caption", field: "prose", doc: "what is said with it" },
                asks::OPTIONS[0],
                asks::OPTIONS[1],
                asks::OPTIONS[2],
                asks::OPTIONS[3],
            ]
        }
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::may("audio", Shape::Prose, ""),
                Key::may("video", Shape::Prose, ""),
                Key::may("sticker", Shape::Prose, ""),
                Key::may("location", Shape::Prose, ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn takes_map(&self) -> bool {
        true
    }
    fn speaks(&self) -> bool {
        true
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        if !matches!(value.value, syntax::Node::Map(_)) {
            reader.error("E0103", value.span, "media says what it is: media: { video: files/tour.mp4 }; pictures are shown with image:");
            return None;
        }
        let caption = options.take("caption").and_then(|n| reader.prose(n, "caption"));
        let title = options.take("title").map(|n| (n.span, reader.prose(n, "title")));
        let mut found: Vec<Option<What>> = Vec::new();
        for (key, kind, what) in KINDS {
            if let Some(node) = options.take(key) {
                found.push(source::read(node, kind, what, reader).map(|source| What::File(kind, source)));
            }
        }
        let placed = options.take("location").map(|node| place(node, reader));
        let is_place = placed.is_some();
        found.extend(placed);
        if let Some((span, _)) = title.as_ref().filter(|_| !is_place) {
            reader.error("E0109", *span, "title belongs to a location; write caption");
        }
        if is_place && let (Some(_), Some((span, _))) = (&caption, &title) {
            reader.error("E0109", *span, "a place has a title or a caption, not both: they are the same");
        }
        let [what] = found
            .try_into()
            .map_err(|all: Vec<_>| {
                let message = if all.is_empty() { "media shows nothing" } else { "media shows one thing; write a block for each" };
                reader.out.push(
                    syntax::Diagnostic::error("E0109", options.span(), message).help("write one of audio, video, sticker and location"),
                );
            })
            .ok()?;
        let caption = caption.or(title.and_then(|(_, title)| title));
        asks::read(Played { what: what?, caption }, Vec::new(), value, options, has_next, reader)
    }
}

/// A place as it is written, checked as far as it is known.
fn place(node: At<'_>, reader: &mut Reader<'_>) -> Option<What> {
    let template = reader.prose(node, "location")?;
    if template.literal().is_some_and(|text| degrees(text).is_none()) {
        let message = "a place is written as LATITUDE, LONGITUDE in degrees";
        reader.out.push(
            syntax::Diagnostic::error("E0210", node.span, message).help("in quotes where it stands in { }: location: \"41.3874, 2.1686\""),
        );
        return None;
    }
    Some(What::Place(template))
}

/// `41.39, 2.17` as a place on earth.
fn degrees(text: &str) -> Option<Location> {
    let (latitude, longitude) = text.split_once(',')?;
    on_earth(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
}

fn on_earth(latitude: f64, longitude: f64) -> Option<Location> {
    ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some(Location { latitude, longitude })
}

fn of_value(value: &Value) -> Option<Location> {
    match value {
        Value::Record(record) => {
            let degree = |name: &str| match record.get(name)? {
                Value::Number(number) => number.to_string().parse().ok(),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            on_earth(degree("latitude")?, degree("longitude")?)
        }
        Value::Text(text) => degrees(text),
        _ => None,
    }
}

impl Shows for Played {
    fn content(&self, _: &[ChoiceDef], _: &mut Shown, at: &mut Moving<'_, '_>) -> Result<Content, Fault> {
        let text = asks::render(self.caption.as_ref(), at)?;
        match &self.what {
            What::File(kind, source) => Ok(asks::with_caption(source.find(*kind, String::new(), at)?, text)),
            What::Place(template) => {
                let place = at.value(template)?.as_ref().and_then(of_value);
                if place.is_none() {
                    at.journey(JourneyKind::Delivery("a place was left out: it is not LATITUDE, LONGITUDE in degrees".into()));
                }
                Ok(Content { location: place, ..Content::text(text) })
            }
        }
    }

    fn sources(&self) -> Vec<&Source> {
        match &self.what {
            What::File(_, source) => vec![source],
            What::Place(_) => Vec::new(),
        }
    }

    fn says(&self) -> Option<Says<'_>> {
        self.caption.as_ref().map(|text| Says { text, markdown: false })
    }
}
