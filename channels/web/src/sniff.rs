//! What a file is, judged by its bytes: the sender's word about it is a hint at most.
//!
//! Only kinds of this list are taken. What a browser could run (HTML, SVG, XML, scripts, programs) is not among
//! them; text is only ever plain text, and only pictures that cannot carry a script are shown in place.

use model::AttachmentKind;
use unicode_segmentation::UnicodeSegmentation;

/// The longest file name kept, in graphemes.
const NAME_LIMIT: usize = 120;

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub mime: &'static str,
    pub kind: AttachmentKind,
}

const fn of(mime: &'static str, kind: AttachmentKind) -> Option<Kind> {
    Some(Kind { mime, kind })
}

/// The kind of these bytes; none if it is not taken.
pub(crate) fn sniff(bytes: &[u8], name: &str) -> Option<Kind> {
    use AttachmentKind::{Audio, File, Image, Video};
    let at = |from: usize, want: &[u8]| bytes.get(from..from + want.len()) == Some(want);
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return of("image/png", Image);
    }
    if at(0, b"\xff\xd8\xff") {
        return of("image/jpeg", Image);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return of("image/gif", Image);
    }
    if at(0, b"RIFF") {
        return match bytes.get(8..12) {
            Some(b"WEBP") => of("image/webp", Image),
            Some(b"WAVE") => of("audio/wav", Audio),
            _ => None,
        };
    }
    if at(4, b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"avif") => of("image/avif", Image),
            Some(b"heic" | b"heix" | b"mif1") => of("image/heic", File),
            Some(b"M4A " | b"M4B ") => of("audio/mp4", Audio),
            Some(b"qt  ") => of("video/quicktime", Video),
            _ => of("video/mp4", Video),
        };
    }
    if at(0, b"%PDF-") {
        return of("application/pdf", File);
    }
    if at(0, b"OggS") {
        return of("audio/ogg", Audio);
    }
    if at(0, b"\x1a\x45\xdf\xa3") {
        return of("video/webm", Video);
    }
    if at(0, b"ID3") || (bytes.first() == Some(&0xff) && bytes.get(1).is_some_and(|b| b & 0xe6 == 0xe2)) {
        return of("audio/mpeg", Audio);
    }
    if at(0, b"PK\x03\x04") {
        return match extension.as_str() {
            "docx" => of("application/vnd.openxmlformats-officedocument.wordprocessingml.document", File),
            "xlsx" => of("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", File),
            "pptx" => of("application/vnd.openxmlformats-officedocument.presentationml.presentation", File),
            "odt" => of("application/vnd.oasis.opendocument.text", File),
            "ods" => of("application/vnd.oasis.opendocument.spreadsheet", File),
            "zip" => of("application/zip", File),
            _ => None,
        };
    }
    let plain = std::str::from_utf8(bytes).is_ok_and(|text| !text.is_empty() && !text.contains('\0'));
    match extension.as_str() {
        "csv" if plain => of("text/csv", File),
        "txt" | "log" | "md" if plain => of("text/plain", File),
        _ => None,
    }
}

/// Whether a browser may show a file of this media type in place.
pub(crate) fn shown_in_place(mime: &str) -> bool {
    matches!(mime, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif")
}

/// A file name without path, control characters or characters that turn the reading direction (`exe.gpj`),
/// never empty, never hidden, of bounded length; a long name keeps its extension.
pub(crate) fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control() && !turns_direction(*c)).collect();
    let clean = clean.trim().trim_start_matches('.').trim();
    if clean.is_empty() {
        return "file".into();
    }
    let length = clean.graphemes(true).count();
    if length <= NAME_LIMIT {
        return clean.to_owned();
    }
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if extension.graphemes(true).count() <= 10 => (stem, format!(".{extension}")),
        _ => (clean, String::new()),
    };
    let room = NAME_LIMIT - extension.graphemes(true).count();
    stem.graphemes(true).take(room).collect::<String>() + &extension
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_decide_and_what_could_run_is_refused() {
        for (bytes, name, mime) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "x.html", Some("image/png")),
            (b"\xff\xd8\xff\xe0", "p.jpg", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", "p", Some("image/webp")),
            (b"RIFF", "p.webp", None),
            (b"\0\0\0\x20ftypheic", "p.heic", Some("image/heic")),
            (b"%PDF-1.7", "bill.pdf", Some("application/pdf")),
            (b"PK\x03\x04", "a.docx", Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
            (b"PK\x03\x04", "a.jar", None),
            (b"<html><script>", "page.html", None),
            (b"<html><script>", "page.txt", Some("text/plain")),
            (b"<svg onload=alert(1)>", "p.svg", None),
            (b"<svg onload=alert(1)>", "p.png", None),
            (b"MZ\x90\0", "setup.exe", None),
            (b"\x7fELF", "x.txt", Some("text/plain")),
            (b"a\0b", "x.txt", None),
            (b"\xff\xfe", "x.txt", None),
            (b"", "x.txt", None),
        ] {
            assert_eq!(sniff(bytes, name).map(|k| k.mime), mime, "{name} {bytes:?}");
        }
        assert!(!shown_in_place("image/svg+xml") && !shown_in_place("text/html") && !shown_in_place("application/pdf"));
    }

    #[test]
    fn names_lose_what_is_not_a_name() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\bill.pdf", "bill.pdf"),
            ("..", "file"),
            ("", "file"),
            (".htaccess", "htaccess"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("счёт.pdf", "счёт.pdf"),
        ] {
            assert_eq!(file_name(given), kept);
        }
        let long = file_name(&("x".repeat(500) + ".jpeg"));
        assert!(long.ends_with(".jpeg") && long.len() == NAME_LIMIT);
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_one(given in any::<String>()) {
            let name = file_name(&given);
            prop_assert!(!name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\r', '\n', '\0']));
            prop_assert!(name.graphemes(true).count() <= NAME_LIMIT + 1);
        }

        #[test]
        fn sniffing_never_panics(bytes in any::<Vec<u8>>(), name in any::<String>()) {
            let _ = sniff(&bytes, &name);
        }
    }
}
