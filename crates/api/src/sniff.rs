//! What a file is, by its first bytes: what a sender claims decides only what cannot harm.

use model::AttachmentKind;

/// The picture type these bytes begin as; only types that browsers show without running anything.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Media types that a player element may be given.
fn playable(mime: &str) -> Option<AttachmentKind> {
    match mime {
        "audio/mpeg" | "audio/ogg" | "audio/opus" | "audio/wav" | "audio/webm" | "audio/mp4" | "audio/aac" | "audio/flac" => {
            Some(AttachmentKind::Audio)
        }
        "video/mp4" | "video/webm" | "video/ogg" | "video/quicktime" => Some(AttachmentKind::Video),
        _ => None,
    }
}

fn essence(claimed: &str) -> String {
    claimed.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Kind and media type of an upload.
pub(crate) fn upload(bytes: &[u8], claimed: &str) -> (AttachmentKind, String) {
    if let Some(mime) = picture(bytes) {
        return (AttachmentKind::Image, mime.to_owned());
    }
    let claimed = essence(claimed);
    if let Some(kind) = playable(&claimed) {
        return (kind, claimed);
    }
    // Kept for the one who downloads it; it is never shown by us.
    let token =
        |t: &str| !t.is_empty() && t.len() <= 64 && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'_'));
    let named = claimed.split_once('/').is_some_and(|(a, b)| token(a) && token(b)) && !claimed.starts_with("image/");
    (AttachmentKind::File, if named { claimed } else { "application/octet-stream".to_owned() })
}

/// The media type under which stored bytes are served, and whether a browser may show them in place.
pub(crate) fn served(bytes: &[u8], stored: &str) -> (String, bool) {
    if let Some(mime) = picture(bytes) {
        return (mime.to_owned(), true);
    }
    let stored = essence(stored);
    if playable(&stored).is_some() {
        return (stored, false);
    }
    ("application/octet-stream".to_owned(), false)
}

/// A file name without path, control or direction characters, at most 120 characters.
pub(crate) fn name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control() && !crate::agents::is_bidi_control(*c)).take(120).collect();
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() { "file".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    #[test]
    fn what_could_run_in_a_page_is_served_as_bytes_to_download() {
        for (bytes, claimed) in [
            (&b"<svg onload=alert(1)>"[..], "image/svg+xml"),
            (b"<html><script>alert(1)</script>", "text/html"),
            (b"<html>", "image/png"),
            (b"%PDF-1.7", "application/pdf"),
            (b"alert(1)", "text/javascript"),
            (b"", ""),
        ] {
            let (kind, mime) = upload(bytes, claimed);
            assert_eq!(kind, AttachmentKind::File, "{claimed}");
            assert_eq!(served(bytes, &mime), ("application/octet-stream".to_owned(), false), "{claimed}");
        }
        assert_eq!(upload(PNG, "text/html"), (AttachmentKind::Image, "image/png".to_owned()));
        assert_eq!(served(PNG, "text/html"), ("image/png".to_owned(), true));
        assert_eq!(upload(b"ID3", "audio/mpeg; x=y"), (AttachmentKind::Audio, "audio/mpeg".to_owned()));
        assert_eq!(upload(b"x", "a/b\r\nSet-Cookie: c").1, "application/octet-stream");
    }

    #[test]
    fn names_lose_paths_and_tricks() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\photo.png", "photo.png"),
            ("a\u{202E}gnp.exe", "agnp.exe"),
            ("line\nbreak\0.txt", "linebreak.txt"),
            ("..", "file"),
            ("", "file"),
            ("fotografía 2026.jpg", "fotografía 2026.jpg"),
        ] {
            assert_eq!(name(given), kept);
        }
        assert_eq!(name(&"é".repeat(500)).chars().count(), 120);
    }
}
