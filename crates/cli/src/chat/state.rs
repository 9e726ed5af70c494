//! `/state`: what is known of the person, and where the runs rest.

use super::screen::clean;
use crate::play::Play;
use model::Instant;

/// A point in time as the bot's people read it.
pub fn local(play: &Play, at: Instant) -> String {
    at.to_timestamp().to_zoned(play.bot().timezone().clone()).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Where the runs rest, in one line.
pub fn resting(play: &Play) -> String {
    let runs = play.conversation().map(|c| c.runs).unwrap_or_default();
    let places: Vec<String> = runs.iter().map(|r| format!("{}.{}", r.frame().skill, r.frame().block)).collect();
    if places.is_empty() { "Nothing is under way.".into() } else { format!("Under way: {}.", places.join(", ")) }
}

/// Everything, in lines.
pub fn shown(play: &Play) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let Some(person) = play.person() else { return "  nothing is known yet\n".into() };
    let contact = &person.contact;
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {name:<11} {}", clean(&value));
    };
    line("time", local(play, play.now()));
    line("status", contact.status.clone());
    for (name, value) in contact.system.iter().chain(&contact.attributes) {
        line(name, expr::render(value, play.bot().timezone()));
    }
    let join = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    line("tags", join(contact.tags.values().map(|t| t.label.clone()).collect()));
    line("segments", join(contact.memberships.keys().cloned().collect()));
    for conversation in &person.conversations {
        line("owner", format!("{:?}", conversation.owner).to_lowercase());
        for run in &conversation.runs {
            let floor = if conversation.floor.last() == Some(&run.id) { " (has the floor)" } else { "" };
            let older = if run.version == *play.bot().version() { "" } else { " (an older version)" };
            let vars: Vec<String> =
                run.frame().vars.iter().map(|(k, v)| format!("{k}={}", expr::render(v, play.bot().timezone()))).collect();
            line("run", format!("{}.{}{floor}{older} {}", run.frame().skill, run.frame().block, vars.join(" ")).trim_end().to_owned());
        }
        for timer in &conversation.timers {
            line("timer", format!("{}.{} ticks at {}", timer.skill, timer.name, local(play, timer.next)));
        }
    }
    out
}
