//! What a customer sends besides text: files, pictures, sounds, places, as a channel would hand them over.
//!
//! Only what a flow can see is there: name, type, kind and size. No bytes exist on stage, so none are read.

use engine::Asset;
use model::{Attachment, AttachmentKind, BlobId, Content, Location};
use sha2::{Digest, Sha256};

/// The size of a file whose size nobody said, in bytes.
const USUAL_SIZE: u64 = 100 * 1024;
/// The longest name of a file, in characters.
const LONGEST_NAME: usize = 255;

/// One kind of thing that is sent.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// As it is written.
    pub key: &'static str,
    /// What it is to a flow.
    pub is: AttachmentKind,
    /// What its media type begins with; any if empty.
    family: &'static str,
    /// The media type, where the name says nothing.
    usual: &'static str,
    /// A name it could have.
    example: &'static str,
}

/// Every kind, as scripts write it.
pub const KINDS: [Kind; 6] = [
    Kind { key: "file", is: AttachmentKind::File, family: "", usual: "application/octet-stream", example: "invoice.pdf" },
    Kind { key: "image", is: AttachmentKind::Image, family: "image/", usual: "image/jpeg", example: "photo.jpg" },
    Kind { key: "audio", is: AttachmentKind::Audio, family: "audio/", usual: "audio/mpeg", example: "song.mp3" },
    Kind { key: "voice", is: AttachmentKind::Voice, family: "audio/", usual: "audio/ogg", example: "note.ogg" },
    Kind { key: "video", is: AttachmentKind::Video, family: "video/", usual: "video/mp4", example: "film.mp4" },
    Kind { key: "sticker", is: AttachmentKind::Sticker, family: "", usual: "image/webp", example: "wave.webp" },
];

/// A file of this kind, name, type and size. The error says what does not fit, and what would.
pub fn file(kind: Kind, name: &str, mime: Option<&str>, size: Option<u64>) -> Result<Attachment, String> {
    // Channels hand over a name without any path.
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(format!("the name of a file has 1 to {LONGEST_NAME} characters, such as {}", kind.example));
    }
    let guessed = kind_of(name).1;
    let mime = match mime {
        Some(written) => written.trim().to_ascii_lowercase(),
        // A name without an ending says nothing.
        None if guessed == "application/octet-stream" => kind.usual.to_owned(),
        None => guessed.to_owned(),
    };
    if !is_media_type(&mime) {
        return Err(format!("\"{mime}\" is no media type such as {}", kind.usual));
    }
    if !mime.starts_with(kind.family) {
        return Err(format!(
            "{name} is {mime}, which channels do not hand over as {}: write file:, or a name such as {}",
            kind.key, kind.example
        ));
    }
    let blob = BlobId(Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect());
    let size = size.unwrap_or(USUAL_SIZE);
    Ok(Attachment { kind: kind.is, blob, name: name.to_owned(), mime, size, alt: String::new(), made: None })
}

/// What a file of this name is sent as: a picture by its ending, anything unknown as a file.
pub fn kind_by_name(name: &str) -> Kind {
    let is = kind_of(name).0;
    KINDS.into_iter().find(|kind| kind.is == is).unwrap_or(KINDS[0])
}

/// A place, if the degrees are some.
pub fn place(latitude: f64, longitude: f64) -> Option<Location> {
    ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some(Location { latitude, longitude })
}

/// `41.3874, 2.1686`, as the block `media` writes a place.
pub fn place_of(text: &str) -> Option<Location> {
    let (latitude, longitude) = text.split_once(',')?;
    place(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
}

/// A message in the form in which a script writes it under `user:`, one line of YAML; `text` writes a text as YAML.
pub fn written(content: &Content, text: impl Fn(&str) -> String) -> String {
    let mut parts = Vec::new();
    for kind in KINDS {
        let names: Vec<String> = content.attachments.iter().filter(|file| file.kind == kind.is).map(|file| text(&file.name)).collect();
        match names.as_slice() {
            [] => {}
            [one] => parts.push(format!("{}: {one}", kind.key)),
            several => parts.push(format!("{}: [{}]", kind.key, several.join(", "))),
        }
    }
    if let [file] = content.attachments.as_slice()
        && file.size != USUAL_SIZE
    {
        parts.push(format!("size: {}", file.size));
    }
    if let Some(place) = &content.location {
        parts.push(format!("location: {{ lat: {}, lng: {} }}", place.latitude, place.longitude));
    }
    if parts.is_empty() {
        return text(&content.text);
    }
    if !content.text.is_empty() {
        parts.push(format!("text: {}", text(&content.text)));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn kind_of(name: &str) -> (AttachmentKind, &'static str) {
    // The bot's own files are told apart in the same way.
    Asset { path: name.to_owned(), blob: BlobId(String::new()), size: 0, head: Vec::new() }.kind()
}

fn is_media_type(text: &str) -> bool {
    let good = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    text.len() <= 100 && text.split_once('/').is_some_and(|(family, kind)| good(family) && good(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(key: &str) -> Kind {
        KINDS.into_iter().find(|kind| kind.key == key).expect("the key is one")
    }

    #[test]
    fn a_file_is_what_its_name_says_unless_it_is_said() {
        let of = |key, name, mime| file(kind(key), name, mime, None).map(|file| (file.name, file.mime));
        assert_eq!(of("file", "a b.pdf", None), Ok(("a b.pdf".into(), "application/pdf".into())));
        assert_eq!(of("image", "IMG_1", None), Ok(("IMG_1".into(), "image/jpeg".into())));
        assert_eq!(of("image", "/home/ana/cat.PNG", None), Ok(("cat.PNG".into(), "image/png".into())));
        assert_eq!(of("file", "x.bin", Some(" Application/PDF ")), Ok(("x.bin".into(), "application/pdf".into())));
        assert!(of("image", "cv.pdf", None).is_err_and(|why| why.contains("write file:")));
        assert!(of("file", "x", Some("pdf")).is_err());
        assert!(of("file", "folder/", None).is_err());
        assert_eq!(kind_by_name("song.mp3").key, "audio");
        assert_eq!(kind_by_name("whatever").key, "file");
    }

    #[test]
    fn two_files_of_one_name_are_the_same_file_and_ids_have_the_form_of_ids() {
        let of = |name| file(kind("file"), name, None, None).expect("it is one").blob;
        assert_eq!(of("a.pdf"), of("a.pdf"));
        assert_ne!(of("a.pdf"), of("b.pdf"));
        assert!(BlobId::parse(&of("a.pdf").0).is_some());
    }

    #[test]
    fn a_place_lies_on_earth() {
        assert!(place_of("41.5, -2.25").is_some_and(|place| place.longitude == -2.25));
        for bad in ["91, 0", "0, 181", "x, 1", "1", "NaN, 1", ""] {
            assert!(place_of(bad).is_none(), "{bad}");
        }
    }
}
