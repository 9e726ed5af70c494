//! Mermaid, for pages that render it (GitHub, GitLab, editors): a subgraph per skill.

use super::sheet::{Sheet, Thing, colours, group_name, groups, ways_in};
use engine::Picture;
use std::fmt::Write as _;

/// What renderers take by default.
const MOST_TEXT: usize = 50_000;
const MOST_ARROWS: usize = 500;

/// Draws the whole picture.
pub fn draw(picture: &Picture) -> String {
    let sheets: Vec<Sheet<'_>> = picture.skills.iter().map(|s| Sheet::of(s, &picture.links)).collect();
    let mut out = String::from("flowchart TD\n");
    let begins = |name: &str| picture.skills.iter().position(|s| s.name == name);
    for (number, sheet) in sheets.iter().enumerate() {
        let _ = writeln!(out, "  subgraph s{number} [{}]", quoted(&sheet.skill.name));
        for (at, thing) in sheet.things.iter().enumerate() {
            let id = format!("n{number}x{at}");
            let _ = match thing {
                Thing::Begin(skill) => writeln!(out, "    {id}([{}])", quoted(&ways_in(skill))),
                Thing::Block(block) => {
                    let mut lines = vec![escaped(&format!("{} · {}", block.name, block.kind))];
                    if !block.summary.is_empty() {
                        lines.push(escaped(&super::measure::cut(&block.summary, 60)));
                    }
                    lines.extend(block.concerns.iter().map(|c| escaped(&format!("⚠ {}", super::measure::cut(c, 60)))));
                    writeln!(out, "    {id}[\"{}\"]:::{}", lines.join("<br/>"), group_name(block.group))
                }
                Thing::End => writeln!(out, "    {id}((\"end\"))"),
                Thing::Skill(name) if begins(name).is_some() => continue,
                Thing::Skill(name) => writeln!(out, "    {id}[[{}]]", quoted(&format!("skill {name}"))),
            };
        }
        out.push_str("  end\n");
    }
    for (number, sheet) in sheets.iter().enumerate() {
        for arrow in &sheet.arrows {
            let to = match sheet.things[arrow.to] {
                Thing::Skill(name) => begins(name).map_or_else(|| format!("n{number}x{}", arrow.to), |skill| format!("n{skill}x0")),
                Thing::Begin(_) | Thing::Block(_) | Thing::End => format!("n{number}x{}", arrow.to),
            };
            let line = if arrow.dashed { "-.->" } else { "-->" };
            let names: Vec<String> = arrow.names.iter().map(|n| escaped(n)).collect();
            let label = if names.is_empty() { String::new() } else { format!("|\"{}\"|", names.join("<br/>")) };
            let _ = writeln!(out, "  n{number}x{} {line}{label} {to}", arrow.from);
        }
    }
    for group in groups(picture) {
        // Fixed colours with dark text: the renderer's own theme may be light or dark.
        let [fill, _, edge] = colours(group);
        let _ = writeln!(out, "  classDef {} fill:{fill},stroke:{edge},color:#111", group_name(group));
    }
    out
}

/// Why a renderer would refuse the drawing, if it would.
pub fn too_much(picture: &Picture, drawn: &str) -> Option<String> {
    let arrows: usize = picture.skills.iter().map(|s| Sheet::of(s, &picture.links).arrows.len()).sum();
    if arrows > MOST_ARROWS {
        return Some(format!("this drawing has {arrows} arrows, and most renderers of Mermaid take {MOST_ARROWS}"));
    }
    (drawn.len() > MOST_TEXT)
        .then(|| format!("this drawing has {} characters, and most renderers of Mermaid take {MOST_TEXT}", drawn.len()))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text that means nothing to Mermaid, Markdown or HTML: letters, digits, spaces and commas as they are, every other ASCII
/// character by its number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(' '),
            c if c.is_ascii_alphanumeric() || matches!(c, ' ' | ',') || !c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_anything_to_the_renderer() {
        assert_eq!(escaped("a\"]; <b> `x` 1. é"), "a#34;#93;#59; #60;b#62; #96;x#96; 1#46; é");
        assert_eq!(escaped("end\n%%{init}"), "end #37;#37;#123;init#125;");
    }
}
