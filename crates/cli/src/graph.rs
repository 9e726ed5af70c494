//! `graph`: a bot as a drawing: DOT for Graphviz, Mermaid for pages that render it, SVG for everything else.

mod dot;
mod layout;
mod measure;
mod mermaid;
mod sheet;
mod svg;

use crate::args::{GraphArgs, GraphFormat};
use crate::{Exit, folder};
use anyhow::{Context, bail};
use engine::{Bot, Picture};
use std::io::Write as _;
use std::path::Path;

/// Draws a bot, or one skill of it, to a file or to standard output.
pub fn run(args: GraphArgs) -> anyhow::Result<Exit> {
    let loaded = folder::load(&args.bot)?;
    let Some(bot) = &loaded.bot else {
        eprint!("{}", syntax::render_short(&loaded.diagnostics, &loaded.sources));
        eprintln!("{}: {}; there is nothing to draw until \"switchboard check\" is satisfied", args.bot.display(), loaded.summary());
        return Ok(Exit::Problems);
    };
    let picture = chosen(bot.picture(&loaded.diagnostics), bot, args.skill.as_deref())?;
    let format = args.format.unwrap_or_else(|| guessed(args.output.as_deref()));
    let drawn = match format {
        GraphFormat::Dot => dot::draw(&picture),
        GraphFormat::Mermaid => mermaid::draw(&picture),
        GraphFormat::Svg => svg::draw(&picture),
    };
    if format == GraphFormat::Mermaid
        && let Some(why) = mermaid::too_much(&picture, &drawn)
    {
        eprintln!("{why}; draw one skill with --skill NAME, or use --format svg");
    }
    match args.output {
        Some(path) => std::fs::write(&path, drawn).with_context(|| format!("cannot write {}", path.display()))?,
        // Whoever reads only the first lines closes the pipe: that is no fault of theirs.
        None => match std::io::stdout().write_all(drawn.as_bytes()) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.context("cannot write to standard output")?,
        },
    }
    Ok(Exit::Fine)
}

/// The format that a file's name asks for; DOT if it says nothing.
fn guessed(output: Option<&Path>) -> GraphFormat {
    match output.and_then(Path::extension).and_then(|e| e.to_str()) {
        Some("svg") => GraphFormat::Svg,
        Some("mmd" | "mermaid" | "md") => GraphFormat::Mermaid,
        _ => GraphFormat::Dot,
    }
}

/// The skills that are drawn: one; or the designer's own and the system skills they lead to.
fn chosen(mut picture: Picture, bot: &Bot, skill: Option<&str>) -> anyhow::Result<Picture> {
    match skill {
        Some(wanted) => {
            let names = [wanted.to_owned(), format!("/{}", wanted.trim_start_matches('/'))];
            picture.skills.retain(|s| names.contains(&s.name));
            if picture.skills.is_empty() {
                let own = bot.skills();
                let meant = syntax::closest(wanted, own.iter().map(String::as_str)).map(|m| format!("; did you mean \"{m}\"?"));
                bail!("there is no skill \"{wanted}\"{}", meant.unwrap_or_else(|| format!("; the skills are {}", own.join(", "))));
            }
            let name = picture.skills[0].name.clone();
            picture.links.retain(|l| l.from == name);
        }
        None => {
            let mut kept: Vec<String> = picture.skills.iter().filter(|s| !s.built_in).map(|s| s.name.clone()).collect();
            // A system skill that is led to may lead on to others.
            while let Some(more) = picture.links.iter().find(|l| kept.contains(&l.from) && !kept.contains(&l.to)) {
                kept.push(more.to.clone());
            }
            picture.skills.retain(|s| kept.contains(&s.name));
            picture.links.retain(|l| kept.contains(&l.from));
        }
    }
    Ok(picture)
}
