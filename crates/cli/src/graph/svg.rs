//! SVG: a sheet per skill below a sheet of all skills, legible in light and dark.

use super::layout::{self, Placed, Point, Size};
use super::measure::{ems, wrap};
use super::sheet::{Sheet, Thing, colours, group_name, groups, ways_in};
use engine::{LinkKind, Picture};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Font sizes.
const NAME: f64 = 13.0;
const SMALL: f64 = 11.0;
/// Between the edge of a box and its text.
const PAD: f64 = 10.0;
/// The widest text of a box, in font sizes.
const WIDEST: f64 = 17.0;
const MARGIN: f64 = 28.0;
/// How wide a row of sheets may become before the next one begins below.
const ROW: f64 = 1_600.0;

/// A box with its text.
struct Panel {
    size: Size,
    class: String,
    round: f64,
    lines: Vec<(&'static str, String)>,
    title: String,
}

/// A drawing of boxes and arrows, ready to be placed.
struct Drawing {
    heading: String,
    panels: Vec<Panel>,
    /// Pairs of panels; whether the arrow has a head, and whether it is dashed.
    arrows: Vec<(usize, usize, bool, bool)>,
}

/// Draws the whole picture.
pub fn draw(picture: &Picture) -> String {
    let mut drawings = Vec::new();
    if picture.skills.len() > 1 {
        drawings.push(overview(picture));
    }
    drawings.extend(picture.skills.iter().map(|skill| drawing(&Sheet::of(skill, &picture.links))));
    let placed: Vec<(Drawing, Placed)> = drawings.into_iter().map(|d| (place(&d), d)).map(|(p, d)| (d, p)).collect();

    let (mut left, mut top, mut row, mut wide) = (MARGIN, MARGIN + 46.0, 0.0_f64, 0.0_f64);
    let mut body = String::new();
    for (at, (drawing, placed)) in placed.iter().enumerate() {
        let heading = ems(&drawing.heading) * 15.0 + 2.0 * PAD;
        let (w, h) = (placed.wide.max(heading) + 2.0 * MARGIN, placed.high + 2.0 * MARGIN + 24.0);
        // The sheet of all skills stands alone.
        if left > MARGIN && (left + w > ROW || (at == 1 && picture.skills.len() > 1)) {
            left = MARGIN;
            top += row + MARGIN;
            row = 0.0;
        }
        sheet(&mut body, drawing, placed, Point { x: left, y: top }, Size { wide: w, high: h });
        left += w + MARGIN;
        row = row.max(h);
        wide = wide.max(left);
    }
    let legend = legend(picture, top + row + MARGIN);
    wide = wide.max(ems(&picture.bot) * 20.0 + 2.0 * MARGIN).max(legend.1 + MARGIN);
    let high = top + row + 2.0 * MARGIN + 20.0;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.0} {high:.0}\" width=\"{wide:.0}\" height=\"{high:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{}</style>\n\
         <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"head\" d=\"M0 0 8 4 0 8Z\"/></marker></defs>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n<text class=\"bot\" x=\"{MARGIN}\" y=\"{:.0}\">{}</text>\n{body}{}</svg>\n",
        xml(&format!("The flows of {}", picture.bot)),
        style(picture),
        MARGIN + 18.0,
        xml(&picture.bot),
        legend.0,
    );
    out
}

fn place(drawing: &Drawing) -> Placed {
    let (sizes, arrows) = graph(drawing);
    layout::place(&sizes, &arrows)
}

fn graph(drawing: &Drawing) -> (Vec<Size>, Vec<(usize, usize)>) {
    (drawing.panels.iter().map(|p| p.size).collect(), drawing.arrows.iter().map(|(a, b, _, _)| (*a, *b)).collect())
}

impl Panel {
    fn new(class: impl Into<String>, round: f64, lines: Vec<(&'static str, String)>, title: String) -> Self {
        let size_of = |kind: &str| if kind == "name" { NAME * 1.06 } else { SMALL };
        let wide = lines.iter().map(|(kind, text)| ems(text) * size_of(kind)).fold(12.0, f64::max) + 2.0 * PAD;
        let high = lines.iter().map(|(kind, _)| line_height(kind)).sum::<f64>() + 2.0 * PAD - 4.0;
        Self { size: Size { wide, high }, class: class.into(), round, lines, title }
    }

    /// The name of an arrow: a small box on its way, so that it covers nothing.
    fn label(names: &[String]) -> Self {
        let lines: Vec<(&'static str, String)> =
            names.iter().take(8).flat_map(|n| wrap(&clean(n), WIDEST, 2)).map(|line| ("exit", line)).collect();
        let more = names.len().saturating_sub(8);
        let rest = (more > 0).then(|| ("exit", format!("and {more} more")));
        let lines: Vec<_> = lines.into_iter().chain(rest).collect();
        let wide = lines.iter().map(|(_, text)| ems(text) * SMALL).fold(8.0, f64::max) + 10.0;
        let high = lines.len() as f64 * line_height("exit") + 4.0;
        Self { size: Size { wide, high }, class: "label".into(), round: 6.0, lines, title: names.join(", ") }
    }
}

fn line_height(kind: &str) -> f64 {
    if kind == "name" { 18.0 } else { 15.0 }
}

/// The sheet of one skill.
fn drawing(sheet: &Sheet<'_>) -> Drawing {
    let mut panels: Vec<Panel> = sheet
        .things
        .iter()
        .map(|thing| match thing {
            Thing::Begin(skill) => {
                let ways = ways_in(skill);
                let lines = wrap(&clean(&ways), WIDEST, 4).into_iter().map(|line| ("text", line)).collect();
                Panel::new("begin", 16.0, lines, format!("Begins with: {ways}"))
            }
            Thing::Block(block) => {
                let mut lines: Vec<(&'static str, String)> = wrap(&block.name, 14.0, 3).into_iter().map(|l| ("name", l)).collect();
                let kind = if block.conditional { format!("{}, conditional", block.kind) } else { block.kind.to_owned() };
                lines.push(("kind", kind));
                lines.extend(wrap(&clean(&block.summary), WIDEST, 3).into_iter().map(|l| ("text", l)));
                for concern in &block.concerns {
                    lines.extend(wrap(&clean(&format!("⚠ {concern}")), WIDEST, 2).into_iter().map(|l| ("concern", l)));
                }
                let class = format!("block {}{}", group_name(block.group), if block.concerns.is_empty() { "" } else { " suspicious" });
                Panel::new(class, 8.0, lines, format!("{} ({}): {}", block.name, block.kind, block.summary))
            }
            Thing::End => Panel::new("end", 14.0, vec![("text", "end".into())], "The skill ends".into()),
            Thing::Skill(name) => {
                let lines = wrap(&format!("skill {name}"), WIDEST, 2).into_iter().map(|l| ("text", l)).collect();
                Panel::new("other", 2.0, lines, format!("Goes on in skill {name}"))
            }
        })
        .collect();
    let mut arrows = Vec::new();
    for arrow in &sheet.arrows {
        named(&mut panels, &mut arrows, (arrow.from, arrow.to), &arrow.names, arrow.dashed);
    }
    Drawing { heading: sheet.skill.name.clone(), panels, arrows }
}

fn named(
    panels: &mut Vec<Panel>,
    arrows: &mut Vec<(usize, usize, bool, bool)>,
    (from, to): (usize, usize),
    names: &[String],
    dashed: bool,
) {
    if names.is_empty() {
        arrows.push((from, to, true, dashed));
        return;
    }
    let label = panels.len();
    panels.push(Panel::label(names));
    arrows.push((from, label, false, dashed));
    arrows.push((label, to, true, dashed));
}

/// The sheet of all skills: how they lead to one another.
fn overview(picture: &Picture) -> Drawing {
    let mut panels: Vec<Panel> = picture
        .skills
        .iter()
        .map(|skill| {
            let mut lines: Vec<(&'static str, String)> = wrap(&skill.name, 14.0, 3).into_iter().map(|l| ("name", l)).collect();
            lines.extend(wrap(&clean(&ways_in(skill)), WIDEST, 3).into_iter().map(|l| ("text", l)));
            Panel::new("begin", 10.0, lines, format!("{}: {}", skill.name, ways_in(skill)))
        })
        .collect();
    let place: BTreeMap<&str, usize> = picture.skills.iter().enumerate().map(|(at, s)| (s.name.as_str(), at)).collect();
    let mut joined: BTreeMap<(usize, usize, bool), Vec<String>> = BTreeMap::new();
    for link in &picture.links {
        let (Some(from), Some(to)) = (place.get(link.from.as_str()), place.get(link.to.as_str())) else { continue };
        let (name, dashed) = match link.how {
            LinkKind::Leaves => (format!("{}: {}", link.block, link.name), false),
            LinkKind::Calls => (format!("{} calls", link.block), false),
            LinkKind::Raises => (format!("raises {}", link.name), true),
        };
        let names = joined.entry((*from, *to, dashed)).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut arrows = Vec::new();
    for ((from, to, dashed), names) in joined {
        named(&mut panels, &mut arrows, (from, to), &names, dashed);
    }
    Drawing { heading: "All skills".into(), panels, arrows }
}

fn sheet(out: &mut String, drawing: &Drawing, placed: &Placed, at: Point, size: Size) {
    let _ = write!(
        out,
        "<g transform=\"translate({:.1} {:.1})\"><rect class=\"sheet\" width=\"{:.1}\" height=\"{:.1}\" rx=\"12\"/><text class=\"heading\" x=\"{PAD}\" y=\"24\">{}</text>\n<g transform=\"translate({MARGIN} {})\">\n",
        at.x,
        at.y,
        size.wide,
        size.high,
        xml(&drawing.heading),
        MARGIN + 24.0
    );
    for ((_, _, head, dashed), way) in drawing.arrows.iter().zip(&placed.ways) {
        let _ = writeln!(
            out,
            "<path class=\"way{}\"{} d=\"{}\"/>",
            if *dashed { " dashed" } else { "" },
            if *head { " marker-end=\"url(#head)\"" } else { "" },
            path(way)
        );
    }
    for (panel, centre) in drawing.panels.iter().zip(&placed.centres) {
        let (left, top) = (centre.x - panel.size.wide / 2.0, centre.y - panel.size.high / 2.0);
        let _ = write!(
            out,
            "<g class=\"{}\"><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{}\"/>",
            panel.class,
            xml(&panel.title),
            panel.size.wide,
            panel.size.high,
            panel.round
        );
        let text: f64 = panel.lines.iter().map(|(kind, _)| line_height(kind)).sum();
        let mut y = centre.y - text / 2.0;
        for (kind, line) in &panel.lines {
            y += line_height(kind);
            let _ = write!(out, "<text class=\"{kind}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", centre.x, y - 4.0, xml(line));
        }
        out.push_str("</g>\n");
    }
    out.push_str("</g></g>\n");
}

/// A smooth line: straight along a layer, bent between two.
fn path(way: &[Point]) -> String {
    let mut d = String::new();
    for (step, point) in way.iter().enumerate() {
        match step.checked_sub(1).map(|before| way[before]) {
            None => {
                let _ = write!(d, "M{:.1} {:.1}", point.x, point.y);
            }
            // Nothing to draw; it would turn the arrow's head.
            Some(before) if (before.x - point.x).abs() < 0.05 && (before.y - point.y).abs() < 0.05 => {}
            Some(before) if (before.x - point.x).abs() < 0.05 => {
                let _ = write!(d, "V{:.1}", point.y);
            }
            Some(before) => {
                let middle = (before.y + point.y) / 2.0;
                let _ = write!(d, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", before.x, point.x, point.x, point.y);
            }
        }
    }
    d
}

/// The groups that are drawn, with their colours, and how wide that is.
fn legend(picture: &Picture, y: f64) -> (String, f64) {
    let (mut out, mut x) = (String::new(), MARGIN);
    for group in groups(picture) {
        let name = group_name(group);
        let _ = writeln!(
            out,
            "<g class=\"block {name}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"16\" height=\"16\" rx=\"4\"/></g><text class=\"key\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            x + 22.0,
            y + 12.5
        );
        x += 22.0 + ems(name) * SMALL + 20.0;
    }
    (out, x)
}

fn style(picture: &Picture) -> String {
    let mut light = String::from(
        ":root{color-scheme:light dark}text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;text-anchor:middle;fill:var(--ink)}\
         svg{--paper:#fff;--sheet:#f6f7f9;--line:#c9ced6;--way:#5c6673;--ink:#16191d;--quiet:#4a525c;--warn:#9a3412;--box:#fff}",
    );
    let mut dark = String::from(
        "svg{--paper:#14171b;--sheet:#1b1f25;--line:#3a424d;--way:#9aa5b3;--ink:#f1f3f5;--quiet:#c0c8d1;--warn:#fdba74;--box:#22272e}",
    );
    let _ = write!(
        light,
        ".paper{{fill:var(--paper)}}.sheet{{fill:var(--sheet);stroke:var(--line)}}.bot{{font-size:20px;font-weight:600;text-anchor:start}}\
         .heading{{font-size:15px;font-weight:600;text-anchor:start}}.key{{font-size:{SMALL}px;text-anchor:start}}\
         .name{{font-size:{NAME}px;font-weight:600}}.text,.exit{{font-size:{SMALL}px}}.kind{{font-size:{SMALL}px;fill:var(--quiet)}}\
         .concern{{font-size:{SMALL}px;fill:var(--warn)}}.exit{{fill:var(--quiet)}}\
         .way{{fill:none;stroke:var(--way);stroke-width:1.3}}.dashed{{stroke-dasharray:5 4}}.head{{fill:var(--way)}}\
         .begin rect,.end rect,.other rect{{fill:var(--box);stroke:var(--way)}}.other rect{{stroke-dasharray:3 3}}.label rect{{fill:var(--sheet)}}\
         .block rect{{stroke-width:1.3}}.suspicious rect{{stroke:var(--warn)!important;stroke-width:2.5;stroke-dasharray:6 3}}"
    );
    for group in groups(picture) {
        let [fill, night, edge] = colours(group);
        let _ = write!(light, ".{0} rect{{fill:{fill};stroke:{edge}}}", group_name(group));
        let _ = write!(dark, ".{0} rect{{fill:{night}}}", group_name(group));
    }
    format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
}

/// Text on one line, without characters that turn its direction.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// Text as XML says it; what XML cannot say is left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;
