//! What a conversation expects of a message beside its text: a picture, a file, a place, cards.

use model::{AttachmentKind, Content, Picture};

/// The keys, as they are written under `bot:`.
pub const KEYS: [&str; 6] = ["image", "audio", "video", "sticker", "file", "location"];

/// What is expected, each by a key of [`KEYS`]: the file's name, its address, or the place as `LATITUDE, LONGITUDE`.
#[derive(Clone, Debug, Default)]
pub struct Media {
    /// Key and value.
    pub shown: Vec<(&'static str, String)>,
    /// The titles of the cards, in order.
    pub cards: Option<Vec<String>>,
}

/// What of it a message does not show: the key, what was expected, and what is there.
pub fn differences(expected: &Media, content: &Content) -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for (key, wanted) in &expected.shown {
        let there = shown(key, content);
        if !there.iter().any(|names| names.contains(wanted)) {
            let there: Vec<String> = there.into_iter().filter_map(|names| names.into_iter().next()).collect();
            let said = if there.is_empty() { format!("no {key}") } else { there.join(", ") };
            found.push((*key, wanted.clone(), said));
        }
    }
    let titles: Vec<&str> = content.cards.iter().map(|card| card.title.as_str()).collect();
    if let Some(cards) = expected.cards.as_ref().filter(|cards| !cards.iter().map(String::as_str).eq(titles.iter().copied())) {
        let said = if titles.is_empty() { "no cards".to_owned() } else { titles.join(", ") };
        found.push(("cards", cards.join(", "), said));
    }
    found
}

/// Each thing of this kind, by every name it can be called.
fn shown(key: &str, content: &Content) -> Vec<Vec<String>> {
    let kind = match key {
        "image" => AttachmentKind::Image,
        "audio" => AttachmentKind::Audio,
        "video" => AttachmentKind::Video,
        "sticker" => AttachmentKind::Sticker,
        "location" => {
            let place = content.location.iter();
            return place.map(|place| vec![format!("{}, {}", place.latitude, place.longitude)]).collect();
        }
        _ => AttachmentKind::File,
    };
    let stored = content.attachments.iter().filter(|file| file.kind == kind);
    let linked = content.linked.iter().filter(|link| link.kind == kind);
    let stored = stored.map(|file| vec![file.name.clone(), format!("files/{}", file.name)]);
    stored.chain(linked.map(|link| vec![link.url.clone(), link.name.clone()])).collect()
}

/// What a terminal shows of a card, without its buttons.
pub fn card_line(card: &model::Card) -> String {
    let mut line = format!("▪ {}", card.title);
    if !card.text.is_empty() {
        line.push_str(&format!(" – {}", card.text.replace('\n', " ")));
    }
    match &card.picture {
        Some(Picture::Stored(file)) => line.push_str(&format!(" {}", channel::attachment_line(file))),
        Some(Picture::Linked(link)) => line.push_str(&format!(" {}", channel::linked_line(link))),
        None => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Card, Linked, Location};

    #[test]
    fn what_is_not_there_is_told_beside_what_is() {
        let url = "https://x.example/a.png".to_owned();
        let card = |title: &str| Card { title: title.into(), text: String::new(), picture: None, buttons: Vec::new() };
        let content = Content {
            linked: vec![Linked { kind: AttachmentKind::Image, url: url.clone(), name: "a.png".into(), alt: String::new() }],
            location: Some(Location { latitude: 41.5, longitude: -2.25 }),
            cards: vec![card("Blue"), card("Red")],
            ..Content::text("look")
        };
        let of = |shown: Vec<(&'static str, &str)>, cards: Option<Vec<&str>>| {
            let shown = shown.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
            differences(&Media { shown, cards: cards.map(|c| c.into_iter().map(str::to_owned).collect()) }, &content)
        };
        assert!(of(vec![("image", &url), ("image", "a.png"), ("location", "41.5, -2.25")], Some(vec!["Blue", "Red"])).is_empty());
        assert_eq!(of(vec![("file", "terms.pdf")], None), [("file", "terms.pdf".to_owned(), "no file".to_owned())]);
        assert_eq!(of(vec![("image", "b.png")], None)[0].2, url);
        assert_eq!(of(Vec::new(), Some(vec!["Red", "Blue"]))[0].2, "Blue, Red");
    }
}
