//! DOT, for Graphviz: a cluster per skill.

use super::sheet::{Sheet, Thing, colours, ways_in};
use engine::Picture;
use std::fmt::Write as _;

/// Draws the whole picture.
pub fn draw(picture: &Picture) -> String {
    let sheets: Vec<Sheet<'_>> = picture.skills.iter().map(|s| Sheet::of(s, &picture.links)).collect();
    let mut out = format!("digraph {} {{\n", quoted(&picture.bot));
    out.push_str("  rankdir=TB; compound=true; fontname=\"sans-serif\";\n");
    out.push_str("  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    let begins = |name: &str| picture.skills.iter().position(|s| s.name == name);
    for (number, sheet) in sheets.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={}; style=rounded;", quoted(&sheet.skill.name));
        for (at, thing) in sheet.things.iter().enumerate() {
            let (label, look) = match thing {
                Thing::Begin(skill) => (ways_in(skill), "shape=ellipse, fillcolor=white".to_owned()),
                Thing::Block(block) => {
                    let [fill, _, edge] = colours(block.group);
                    let concern = if block.concerns.is_empty() { "" } else { ", penwidth=2, style=\"rounded,filled,dashed\"" };
                    (block_label(block), format!("fillcolor=\"{fill}\", color=\"{edge}\"{concern}"))
                }
                Thing::End => ("end".into(), "shape=circle, fillcolor=white, fontsize=9, margin=0".to_owned()),
                // Drawn where the skill itself is, if it is drawn.
                Thing::Skill(name) if begins(name).is_some() => continue,
                Thing::Skill(name) => (format!("skill {name}"), "shape=cds, fillcolor=white".to_owned()),
            };
            let _ = writeln!(out, "    n{number}_{at} [label={}, {look}];", quoted(&label));
        }
        out.push_str("  }\n");
    }
    for (number, sheet) in sheets.iter().enumerate() {
        for arrow in &sheet.arrows {
            let to = match sheet.things[arrow.to] {
                Thing::Skill(name) => begins(name).map_or_else(|| format!("n{number}_{}", arrow.to), |skill| format!("n{skill}_0")),
                Thing::Begin(_) | Thing::Block(_) | Thing::End => format!("n{number}_{}", arrow.to),
            };
            let style = if arrow.dashed { ", style=dashed" } else { "" };
            let _ = writeln!(out, "  n{number}_{} -> {to} [label={}{style}];", arrow.from, quoted(&arrow.names.join("\n")));
        }
    }
    out.push_str("}\n");
    out
}

fn block_label(block: &engine::BlockPicture) -> String {
    let mut label = format!("{} · {}", block.name, block.kind);
    if !block.summary.is_empty() {
        label.push('\n');
        label.push_str(&super::measure::cut(&block.summary, 60));
    }
    for concern in &block.concerns {
        label.push_str("\n⚠ ");
        label.push_str(&super::measure::cut(concern, 60));
    }
    label
}

/// A DOT string: in quotes, with everything that means something to Graphviz taken literally.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Graphviz reads entities in labels.
            '&' => out.push_str("&amp;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_quotes() {
        assert_eq!(quoted("a\"]; b [x=\"\\"), "\"a\\\"]; b [x=\\\"\\\\\"");
        assert_eq!(quoted("one\ntwo\r\0&lt;"), "\"one\\ntwo&amp;lt;\"");
    }
}
