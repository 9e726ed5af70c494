//! The web console as files: what `ui/` builds into `ui/dist`, embedded in the binary.
//!
//! A binary built without the console (`make` builds it, plain `cargo build` does not) has no files here, and its
//! pages say so.
//!
//! **Invariant:** this crate answers only names of embedded files; it never touches the disk of the running machine.

use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Dist;

/// One file of the console.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the charset for texts.
    pub mime: String,
    /// The hash of its bytes as a strong entity tag, quotes included.
    pub etag: String,
    /// Whether its name holds the hash of its bytes, so that it never changes.
    pub immutable: bool,
}

/// The file of this name below `/console/`, such as `assets/index-1a2b3c4d.js`.
pub fn asset(name: &str) -> Option<Asset> {
    let file = Dist::get(name)?;
    let guessed = mime_guess::from_path(name).first_or_octet_stream();
    let text = guessed.type_() == "text" || guessed.subtype() == "javascript";
    let mut etag = String::with_capacity(66);
    etag.push('"');
    for byte in file.metadata.sha256_hash() {
        etag.push_str(&format!("{byte:02x}"));
    }
    etag.push('"');
    Some(Asset {
        bytes: file.data,
        mime: if text { format!("{}; charset=utf-8", guessed.essence_str()) } else { guessed.essence_str().to_owned() },
        etag,
        immutable: name.starts_with("assets/"),
    })
}

/// The page that starts the console; none if this binary was built without it.
pub fn index() -> Option<Asset> {
    asset("index.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_files_of_the_console_answer_nothing() {
        for name in ["", "/", "..", "../Cargo.toml", "assets/../../Cargo.toml", "assets", "/etc/passwd", "index.html/", "INDEX.HTML\0"] {
            assert!(asset(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_built_page_names_only_files_that_are_embedded_and_inlines_nothing() {
        // Without a built console there is nothing to check; `make test` builds it first.
        let Some(index) = index() else { return };
        let page = String::from_utf8(index.bytes.into_owned()).unwrap();
        let mut named = 0;
        for piece in page.split("\"/console/").skip(1) {
            let name = piece.split('"').next().unwrap();
            assert!(asset(name).is_some(), "index.html names {name}, which is not embedded");
            named += 1;
        }
        assert!(named >= 3, "the page names its script, its style and its icon");
        assert!(!page.contains("<style") && !page.contains(" style="), "inline styles are refused by the page's own policy");
        assert!(page.split("<script").skip(1).all(|s| s.contains("src=")), "inline scripts are refused by the page's own policy");
    }

    #[test]
    fn hashed_files_are_immutable_and_the_page_is_not() {
        let Some(index) = index() else { return };
        assert!(!index.immutable && index.mime == "text/html; charset=utf-8" && index.etag.len() == 66);
        let script = Dist::iter().find(|n| n.ends_with(".js")).unwrap();
        let script = asset(&script).unwrap();
        assert!(script.immutable && script.mime == "text/javascript; charset=utf-8", "{}", script.mime);
    }
}
