//! Where a picture, a sound or a file comes from: the bot's folder `files/`, or an https address.
//!
//! What is written decides which of the two it is, never a value: a customer's words cannot pick a file of the bot. An
//! address is handed to the channel as it is; nothing is fetched here.

use super::Fault;
use crate::bot::Asset;
use crate::bot::assets::{FOLDER, kind_of};
use crate::bot::reader::{At, Reader, unknown};
use crate::step::Moving;
use expr::Template;
use model::{AttachmentKind, JourneyKind, Linked, Picture};
use syntax::Diagnostic;

/// The longest address.
const LONGEST: usize = 2_048;
/// The largest picture of the bot's folder: beyond it no channel shows one.
const LARGEST_PICTURE: u64 = 10 * 1024 * 1024;

/// Where something comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file of the bot's folder, by its path.
    Here(Template),
    /// An address.
    Elsewhere(Template),
}

/// Reads a source of something of this kind. What is wrong is told; `what` names it: `a picture`.
pub(crate) fn read(node: At<'_>, kind: AttachmentKind, what: &str, reader: &mut Reader<'_>) -> Option<Source> {
    let written = reader.text(node, what)?.trim().to_owned();
    let template = reader.prose(node, what)?;
    if written.starts_with(FOLDER) {
        if template.literal().is_some() {
            check_file(&written, node, kind, what, reader)?;
        }
        return Some(Source::Here(template));
    }
    let literal = template.literal().map(str::trim);
    if literal.is_none_or(is_address) && (written.starts_with("https://") || written.starts_with("${")) {
        return Some(Source::Elsewhere(template));
    }
    let diagnostic = Diagnostic::error("E0196", node.span, format!("{what} is a file of the bot's folder or an https address"));
    let in_folder = format!("{FOLDER}{written}");
    let help = if written.to_ascii_lowercase().starts_with("http://") {
        "customers' browsers refuse what comes over http: write https://".to_owned()
    } else if reader.names.assets.iter().any(|asset| asset.path == in_folder) {
        format!("write {in_folder}")
    } else {
        format!("put the file into the bot's folder {FOLDER} and write {FOLDER}NAME, or write an address that begins with https://")
    };
    reader.out.push(diagnostic.help(help));
    None
}

fn check_file(path: &str, node: At<'_>, kind: AttachmentKind, what: &str, reader: &mut Reader<'_>) -> Option<()> {
    let Some(asset) = reader.names.assets.iter().find(|asset| asset.path == path) else {
        let known = reader.names.assets.iter().map(|asset| asset.path.as_str());
        let message = format!("there is no file \"{path}\" in the bot's folder");
        let diagnostic = unknown("E0195", node.span, &message, path, known, "there are");
        reader.out.push(if reader.names.assets.is_empty() {
            diagnostic.help(format!("make a folder {FOLDER} beside bot.yaml and put it there"))
        } else {
            diagnostic
        });
        return None;
    };
    if let Err(why) = fits(asset, kind) {
        let of = match kind {
            AttachmentKind::Image => "a picture is .png, .jpg, .gif or .webp",
            AttachmentKind::Audio | AttachmentKind::Voice => "a sound is .mp3, .m4a, .ogg or .wav",
            AttachmentKind::Video => "a film is .mp4, .webm or .mov",
            AttachmentKind::Sticker => "a sticker is .webp, .png, .tgs or .webm",
            AttachmentKind::File => "any file can be sent with file:",
        };
        reader.out.push(Diagnostic::error("E0197", node.span, format!("\"{path}\" cannot be {what}: {why}")).help(of));
        return None;
    }
    if kind == AttachmentKind::Image && asset.size > LARGEST_PICTURE {
        let megabytes = asset.size / (1024 * 1024);
        let message = format!("\"{path}\" has {megabytes} MB; a picture has at most 10");
        reader.out.push(Diagnostic::error("E0198", node.span, message).help("make it smaller, or send it with file:"));
        return None;
    }
    Some(())
}

/// Whether a file can be shown as something of this kind.
fn fits(asset: &Asset, kind: AttachmentKind) -> Result<(), String> {
    let (is, mime) = asset.kind();
    let good = match kind {
        AttachmentKind::File => true,
        AttachmentKind::Image | AttachmentKind::Audio | AttachmentKind::Video => is == kind,
        AttachmentKind::Voice => is == AttachmentKind::Audio,
        AttachmentKind::Sticker => matches!(mime, "image/webp" | "image/png" | "application/x-tgsticker" | "video/webm"),
    };
    if !good {
        return Err(format!("its name says that it is {mime}"));
    }
    if !asset.is_what_it_says() {
        return Err(format!("its name says {mime}, and its bytes are something else"));
    }
    Ok(())
}

/// Whether a text is an https address that can be handed to a browser as it is.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://")).and_then(|_| text.get(8..)) else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\' | '`'));
    plain && text.len() <= LONGEST && !host.is_empty() && !host.contains('@')
}

impl Source {
    /// The file of the bot's folder, if it is known before the block runs.
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Self::Here(path) => path.literal().map(str::trim),
            Self::Elsewhere(_) => None,
        }
    }

    /// What is shown; none if it is not there or no address, which is journeyed.
    pub(crate) fn find(&self, kind: AttachmentKind, alt: String, at: &mut Moving<'_, '_>) -> Result<Option<Picture>, Fault> {
        let found = match self {
            Self::Here(path) => {
                let path = at.render(path)?;
                let asset = at.bot.files.assets.iter().find(|asset| asset.path == path.trim() && fits(asset, kind).is_ok());
                asset.map(|asset| Picture::Stored(asset.attachment(kind, alt)))
            }
            Self::Elsewhere(url) => {
                let url = at.render(url)?.trim().to_owned();
                let path = url.split(['?', '#']).next().unwrap_or_default().get(8..).unwrap_or_default();
                let name = path.split_once('/').map(|(_, path)| path.rsplit('/').next().unwrap_or_default().to_owned());
                is_address(&url).then(|| Picture::Linked(Linked { kind, url, name: name.unwrap_or_default(), alt }))
            }
        };
        if found.is_none() {
            let why = match self {
                Self::Here(_) => "a file was left out: the bot's folder has none of that name and kind",
                Self::Elsewhere(_) => "a file was left out: its address is not an https address",
            };
            at.journey(JourneyKind::Delivery(why.into()));
        }
        Ok(found)
    }
}

/// The media type by a file's name.
pub(crate) fn mime_of(name: &str) -> &'static str {
    kind_of(name).1
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn only_https_addresses_are_handed_on() {
        for good in ["https://a.example", "HTTPS://a.example/x?y=1#z", "https://a.example:8443/é"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["http://a.example", "https://", "https://u@a.example/x", "javascript:alert(1)", "https://a.example/a b", "https:///x", "é"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
