//! `user:`: a text, or a file, a picture, a sound, a film or a place, with a text beside it.

use super::{At, Reader};
use crate::script::sent;
use model::{Attachment, Content, Location};
use syntax::Diagnostic;

/// What else stands beside.
const BESIDE: [&str; 4] = ["location", "type", "size", "text"];
/// The largest size that can be said, in bytes: a gigabyte.
const LARGEST: u64 = 1 << 30;

impl Reader<'_> {
    /// What the customer sends.
    pub(super) fn sent(&mut self, node: At<'_>) -> Option<Content> {
        if node.as_map().is_none() {
            return Some(Content::text(self.text(node, "what the user writes")?));
        }
        let keys: Vec<&str> = sent::KINDS.iter().map(|kind| kind.key).chain(BESIDE).collect();
        let entries = self.entries(node, "what the user sends", &keys);
        let find = |key: &str| entries.iter().find(|entry| entry.0 == key).map(|entry| entry.1);
        let mime = match find("type") {
            None => None,
            Some(node) => Some(self.text(node, "type")?),
        };
        let size = match find("size") {
            None => None,
            Some(node) => Some(self.bytes(node)?),
        };
        let mut content = Content::default();
        let before = self.out.error_count();
        for kind in sent::KINDS {
            let Some(node) = find(kind.key) else { continue };
            for item in self.list(node) {
                let name = self.text(item, "the name of a file")?;
                match sent::file(kind, name, mime, size) {
                    Ok(file) => content.attachments.push(file),
                    Err(why) => self.out.push(Diagnostic::error("E0242", item.span, why)),
                }
            }
        }
        if let Some(node) = find("location") {
            content.location = Some(self.place_sent(node)?);
        }
        if let Some(node) = find("text") {
            content.text = self.text(node, "text")?.to_owned();
        }
        // What could not be read was told, and is no reason to say that nothing is there.
        if self.out.error_count() == before {
            self.makes_sense(node, &content, mime.is_some() || size.is_some());
        }
        Some(content)
    }

    fn makes_sense(&mut self, node: At<'_>, content: &Content, described: bool) {
        let files: &[Attachment] = &content.attachments;
        if files.is_empty() && content.location.is_none() {
            self.out.push(Diagnostic::error("E0242", node.span, "nothing is sent here").help(
                "write a text, or { image: photo.jpg }, { file: invoice.pdf, text: Here it is }, { location: { lat: 41.39, lng: 2.17 } }",
            ));
        } else if files.is_empty() && described {
            self.out.push(Diagnostic::error("E0242", node.span, "type and size say what a file is, and there is none"));
        } else if !files.is_empty() && content.location.is_some() {
            self.out.push(
                Diagnostic::error("E0242", node.span, "no channel sends a place and a file in one message")
                    .help("write two lines, one for each"),
            );
        }
    }

    /// `512`, `300 kB`, `6MB`; a kB is 1024 bytes, as in `max_kb`.
    fn bytes(&mut self, node: At<'_>) -> Option<u64> {
        let text = self.text(node, "size")?.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit: Option<u64> = match text.strip_prefix(digits).map(str::trim) {
            Some("") => Some(1),
            Some("kB" | "KB" | "kb") => Some(1 << 10),
            Some("MB" | "mb") => Some(1 << 20),
            Some(_) | None => None,
        };
        let size = unit.zip(digits.parse::<u64>().ok()).and_then(|(unit, count)| count.checked_mul(unit)).filter(|size| *size <= LARGEST);
        if size.is_none() {
            self.wrong(node.span, format!("size is a number of bytes, such as 512, 300kB or 6MB, not \"{text}\""));
        }
        size
    }

    /// `{ lat: 41.39, lng: 2.17 }`, or `41.39, 2.17`.
    fn place_sent(&mut self, node: At<'_>) -> Option<Location> {
        let place = if node.as_map().is_some() {
            let (mut latitude, mut longitude) = (None, None);
            for (key, value) in self.entries(node, "a place", &["lat", "lng"]) {
                let degrees = self.text(value, key)?.trim().parse::<f64>().ok();
                *(if key == "lat" { &mut latitude } else { &mut longitude }) = degrees;
            }
            latitude.zip(longitude).and_then(|(latitude, longitude)| sent::place(latitude, longitude))
        } else {
            sent::place_of(self.text(node, "a place")?)
        };
        if place.is_none() {
            self.out.push(
                Diagnostic::error("E0242", node.span, "this is no place on earth")
                    .help("write { lat: 41.39, lng: 2.17 }: degrees north from -90 to 90, degrees east from -180 to 180"),
            );
        }
        place
    }
}
