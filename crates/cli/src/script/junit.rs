//! The result as JUnit XML, which build servers show: one suite per file, one case per conversation.

use super::{Played, report};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use syntax::Sources;

/// The whole document.
///
/// # Errors
/// None that a document in memory can have.
pub fn document(bot: &str, played: &[Played], sources: &Sources) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = counts(played);
    writer
        .create_element("testsuites")
        .with_attribute(("name", clean(bot).as_str()))
        .with_attributes(attributes(&counts))
        .write_inner_content(|writer| {
            for one in played {
                suite(writer, one, sources)?;
            }
            Ok(())
        })?;
    let mut document = writer.into_inner();
    document.push(b'\n');
    Ok(document)
}

type Counts = [(&'static str, String); 3];

fn counts(played: &[Played]) -> Counts {
    let failures = played.iter().filter(|p| !p.failures.is_empty()).count();
    let micros = played.iter().map(|p| p.micros).sum();
    [("tests", played.len().to_string()), ("failures", failures.to_string()), ("time", seconds(micros))]
}

fn attributes(counts: &Counts) -> impl Iterator<Item = (&str, &str)> {
    counts.iter().map(|(name, value)| (*name, value.as_str()))
}

fn suite(writer: &mut Writer<Vec<u8>>, played: &Played, sources: &Sources) -> std::io::Result<()> {
    let counts = counts(std::slice::from_ref(played));
    let (path, name, time) = (clean(&played.path), clean(&played.name), seconds(played.micros));
    let suite = writer.create_element("testsuite").with_attribute(("name", path.as_str())).with_attributes(attributes(&counts));
    suite.write_inner_content(|writer| {
        let case = writer
            .create_element("testcase")
            .with_attribute(("classname", path.as_str()))
            .with_attribute(("name", name.as_str()))
            .with_attribute(("file", path.as_str()))
            .with_attribute(("time", time.as_str()));
        if played.failures.is_empty() {
            case.write_empty()?;
            return Ok(());
        }
        case.write_inner_content(|writer| {
            for failure in &played.failures {
                let text = clean(&report::told(failure, sources, false));
                writer
                    .create_element("failure")
                    .with_attribute(("message", clean(&failure.message).as_str()))
                    .write_text_content(BytesText::new(&text))?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Text without what XML cannot hold.
fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_control_characters_left_out() {
        let played = Played {
            path: "conversations/a.yaml".into(),
            name: "\"a\" < b\u{1}".into(),
            failures: Vec::new(),
            trace: Vec::new(),
            micros: 1_500,
        };
        let text = String::from_utf8(document("R&D", &[played], &Sources::new()).expect("memory")).expect("UTF-8");
        assert!(text.contains("name=\"R&amp;D\" tests=\"1\" failures=\"0\" time=\"0.001500\""), "{text}");
        assert!(text.contains("name=\"&quot;a&quot; &lt; b\""), "{text}");
    }
}
