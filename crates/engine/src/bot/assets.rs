//! Files of a bot: what lies in its folder `files/` and can be sent. The bytes are elsewhere; here is what they are.
//!
//! They belong to the version (FL 5.9): another picture under the same name is another version.

use model::{Attachment, AttachmentKind, BlobId};

/// The folder they lie in, as it begins their path.
pub(crate) const FOLDER: &str = "files/";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asset {
    /// Its path within the bot's folder, with `/` between its parts: `files/menu.pdf`.
    pub path: String,
    /// The SHA-256 of its bytes, by which they are stored.
    pub blob: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// Its first bytes, which tell what it really is; at most [`Asset::HEAD`].
    pub head: Vec<u8>,
}

impl Asset {
    /// How many bytes of a file's beginning are looked at.
    pub const HEAD: usize = 16;

    /// Its name without the folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What it is by its name, and its media type.
    pub fn kind(&self) -> (AttachmentKind, &'static str) {
        kind_of(self.name())
    }

    /// Whether a picture's first bytes are those of the type its name promises; nothing is known of other files.
    pub(crate) fn is_what_it_says(&self) -> bool {
        let starts = |magic: &[u8]| self.head.starts_with(magic);
        match self.kind().1 {
            "image/png" => starts(b"\x89PNG\r\n\x1a\n"),
            "image/jpeg" => starts(b"\xff\xd8\xff"),
            "image/gif" => starts(b"GIF87a") || starts(b"GIF89a"),
            "image/webp" => starts(b"RIFF") && self.head.get(8..12) == Some(b"WEBP"),
            "application/pdf" => starts(b"%PDF-"),
            _ => true,
        }
    }

    /// As what it goes with a message.
    pub(crate) fn attachment(&self, kind: AttachmentKind, alt: String) -> Attachment {
        let mime = self.kind().1.to_owned();
        Attachment { kind, blob: self.blob.clone(), name: self.name().to_owned(), mime, size: self.size, alt, made: None }
    }
}

/// What a file of this name is, and its media type.
pub(crate) fn kind_of(name: &str) -> (AttachmentKind, &'static str) {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "png" => (AttachmentKind::Image, "image/png"),
        "jpg" | "jpeg" => (AttachmentKind::Image, "image/jpeg"),
        "gif" => (AttachmentKind::Image, "image/gif"),
        "webp" => (AttachmentKind::Image, "image/webp"),
        "mp3" => (AttachmentKind::Audio, "audio/mpeg"),
        "m4a" => (AttachmentKind::Audio, "audio/mp4"),
        "ogg" | "oga" | "opus" => (AttachmentKind::Audio, "audio/ogg"),
        "wav" => (AttachmentKind::Audio, "audio/wav"),
        "mp4" | "m4v" => (AttachmentKind::Video, "video/mp4"),
        "webm" => (AttachmentKind::Video, "video/webm"),
        "mov" => (AttachmentKind::Video, "video/quicktime"),
        "tgs" => (AttachmentKind::Sticker, "application/x-tgsticker"),
        "pdf" => (AttachmentKind::File, "application/pdf"),
        "ics" => (AttachmentKind::File, "text/calendar"),
        "vcf" => (AttachmentKind::File, "text/vcard"),
        "csv" => (AttachmentKind::File, "text/csv"),
        "txt" => (AttachmentKind::File, "text/plain"),
        "json" => (AttachmentKind::File, "application/json"),
        "zip" => (AttachmentKind::File, "application/zip"),
        "docx" => (AttachmentKind::File, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "xlsx" => (AttachmentKind::File, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        _ => (AttachmentKind::File, "application/octet-stream"),
    }
}

impl super::Loaded {
    /// The files of the bot's folder.
    pub fn assets(&self) -> &[Asset] {
        &self.files.assets
    }
}
