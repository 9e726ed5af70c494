//! `docs/segments.md`, run: its bot is loaded, its conversation held, each table played line by line through the engine with
//! a clock of its own, and its explanation is what the engine says.
//! `UPDATE_SEGMENTS=1 cargo test -p switchboard-engine --test all segments_page` writes the explanation anew.

use crate::common;

use common::{OneBot, Talk, bot};
use engine::{Bot, Input, why_in_segment};
use expr::{Explanation, Truth};
use jiff::tz::TimeZone;
use model::{Actor, Change, EventRecord, InboxItem, Instant, JourneyKind, Record, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchboard_engine as engine;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/segments.md")
}

/// A part of the page that is run, with the line it begins on.
enum Piece {
    Fence { info: String, text: String, line: usize },
    Table { head: Vec<String>, rows: Vec<(usize, Vec<String>)> },
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_start_matches('|').trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = page.lines().enumerate().peekable();
    while let Some((line, text)) = lines.next() {
        if let Some(info) = text.strip_prefix("```") {
            let inside: Vec<&str> = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```").collect();
            pieces.push(Piece::Fence { info: info.to_owned(), text: inside.join("\n") + "\n", line });
        } else if text.starts_with('|') {
            let mut rows = Vec::new();
            while let Some((line, row)) = lines.next_if(|(_, text)| text.starts_with('|')) {
                rows.push((line, cells(row)));
            }
            // Under the head is a ruler.
            rows.remove(0);
            pieces.push(Piece::Table { head: cells(text), rows });
        }
    }
    pieces
}

fn madrid() -> TimeZone {
    TimeZone::get("Europe/Madrid").expect("a zone")
}

/// `2026-03-02 10:00` by the bot's clock.
fn at(text: &str) -> Instant {
    let wall: jiff::civil::DateTime = text.replace(' ', "T").parse().unwrap_or_else(|_| panic!("{text} is no time"));
    Instant::from(wall.to_zoned(madrid()).expect("a time there is").timestamp())
}

fn shown(at: Instant) -> String {
    madrid().to_datetime(at.to_timestamp()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What stands in backticks.
fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

/// A file in which what stands under a key of the edit is what the edit says.
fn edited(file: &str, edit: &str) -> String {
    let key = |line: &str| (!line.starts_with(' ')).then(|| line.split(':').next().unwrap_or_default().to_owned());
    let keys: Vec<String> = edit.lines().filter_map(key).collect();
    let mut dropped = false;
    let kept = file.lines().filter(|line| {
        dropped = key(line).map_or(dropped, |key| keys.contains(&key));
        !dropped
    });
    kept.chain(edit.lines()).map(|line| format!("{line}\n")).collect()
}

fn of_files(files: &BTreeMap<String, String>) -> Arc<Bot> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    bot(&files)
}

/// The page as far as it was read.
struct Reader {
    files: BTreeMap<String, String>,
    edit: Option<(String, String)>,
    /// The person of the first table.
    first: Option<(Talk, Instant)>,
    explained: BTreeMap<usize, String>,
}

impl Reader {
    fn fence(&mut self, info: &str, text: &str, line: usize) {
        let words: Vec<&str> = info.split(' ').collect();
        match words.as_slice() {
            ["yaml", file] if file.starts_with("file=") => drop(self.files.insert(file.replace("file=", ""), text.to_owned())),
            ["yaml", file] if file.starts_with("edit=") => self.edit = Some((file.replace("edit=", ""), text.to_owned())),
            ["conversation"] => self.converse(text),
            ["explain", key, day, time] => {
                let (talk, _) = self.first.as_ref().expect("a table before");
                let now = at(&format!("{day} {time}"));
                // What was recorded by then.
                let events: Vec<EventRecord> = talk.events.iter().filter(|event| event.at <= now).cloned().collect();
                let mut contact = talk.contact.clone();
                contact.tags.retain(|_, tag| tag.at <= now);
                let past = segments::Recorded { before: &segments::NoPast, since: &events };
                let why = why_in_segment(&talk.programs.0, &contact, &past, key, now).expect("a segment of the page");
                let mut told = String::new();
                let _ = writeln!(told, "{} ({}): {}", why.name, why.key, word(why.verdict, "in"));
                why.rule.iter().for_each(|rule| tell(rule, 1, &mut told));
                for (other, verdict) in &why.exclude {
                    let _ = writeln!(told, "  except {other}: {}", word(*verdict, "in"));
                }
                self.explained.insert(line, told);
            }
            ["yaml"] => {}
            _ => panic!("line {}: nobody knows how to run {info}", line + 1),
        }
    }

    fn talk(&self) -> Talk {
        Talk::new(of_files(&self.files))
    }

    fn converse(&self, text: &str) {
        let mut talk = self.talk();
        let mut said: Vec<String> = Vec::new();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("customer", line)) => {
                    assert!(said.is_empty(), "the page leaves out {said:?}");
                    said = talk.say(line);
                    said.reverse();
                }
                Some(("bot", line)) => assert_eq!(said.pop().as_deref(), Some(line)),
                _ => panic!("who says {line}?"),
            }
        }
        assert!(said.is_empty(), "the page leaves out {said:?}");
    }

    fn table(&mut self, head: &[String], rows: &[(usize, Vec<String>)]) {
        match head.first().map(String::as_str) {
            Some("when") => self.play(head, rows),
            Some("condition") => self.judge(head, rows),
            Some("you write") => {}
            other => panic!("nobody knows how to run a table of {other:?}"),
        }
    }

    /// A table of what happens when.
    fn play(&mut self, head: &[String], rows: &[(usize, Vec<String>)]) {
        let mut talk = self.talk();
        let began = at(&rows[0].1[0]);
        // They have been known for a day.
        talk.now = began.plus_micros(-86_400_000_000);
        talk.contact.first_seen = talk.now;
        talk.contact.last_seen = talk.now;
        talk.say("Good morning");
        let keys: Vec<(usize, &str)> = head
            .iter()
            .enumerate()
            .skip(2)
            .filter(|(_, name)| *name != "the journey says")
            .map(|(place, name)| (place, name.as_str()))
            .collect();
        for (line, cells) in rows {
            let (now, what, from) = (at(&cells[0]), cells[1].as_str(), talk.steps.len());
            let change = |change: Change| InboxItem::Modify { changes: vec![change], by: Actor::Api("page".into()) };
            if what == "nobody looks until now" {
                talk.now = now;
                talk.input(Input::Membership);
            } else {
                talk.pass(now.micros_since(talk.now));
                match what {
                    "time passes" => {}
                    "the rule is edited" => {
                        let (file, text) = self.edit.clone().expect("an edit above the table");
                        let mut files = self.files.clone();
                        let old = talk.programs.0.set().era(Instant::default());
                        let old_text = files.get(&file).expect("the file that is edited");
                        let edited = edited(old_text, &text);
                        files.insert(file, edited);
                        let new = of_files(&files);
                        talk.eras = vec![new.set().era(now), old];
                        talk.programs = OneBot(new);
                        talk.input(Input::Membership);
                    }
                    _ if what.starts_with("event ") => {
                        let name = code(what).expect("an event's name").to_owned();
                        let happened = what.split_once("late: of ").map(|(_, time)| at(time));
                        let by = Actor::Api("page".into());
                        talk.item(InboxItem::Event { conversation: None, name, fields: Record::new(), at: happened, by });
                    }
                    _ if what.starts_with("tag ") => drop(talk.item(change(Change::AddTag(code(what).expect("a tag").into())))),
                    _ => panic!("line {}: nobody knows how {what:?} happens", line + 1),
                }
            }
            for (place, key) in &keys {
                let is = if talk.contact.memberships.contains_key(*key) { "in" } else { "–" };
                assert_eq!(cells[*place], is, "line {}: {key} at {}, {:#?}", line + 1, cells[0], talk.moves());
            }
            if let Some(place) = head.iter().position(|name| name == "the journey says") {
                let mut said = Vec::new();
                for entry in talk.steps[from..].iter().flat_map(|step| &step.journey) {
                    let (moved, how) = match &entry.what {
                        JourneyKind::SegmentEntered(to) => (to, "entered"),
                        JourneyKind::SegmentLeft(from) => (from, "left"),
                        _ => continue,
                    };
                    if keys.iter().any(|(_, key)| *key == moved.segment) {
                        said.push(format!("{how} `{}` at {} ({})", moved.segment, shown(entry.at), moved.cause));
                    }
                }
                assert_eq!(cells[place], said.join(", "), "line {}", line + 1);
            }
        }
        self.first.get_or_insert((talk, began));
    }

    /// A table of conditions and people.
    fn judge(&self, head: &[String], rows: &[(usize, Vec<String>)]) {
        for (line, cells) in rows {
            let mut files = self.files.clone();
            let condition = code(&cells[0]).expect("a condition").replace('\'', "''");
            files.insert("segments.yaml".into(), format!("probe: {{ where: '{condition}' }}\n"));
            // The skills of the page ask for its own segments.
            files.retain(|path, _| !path.starts_with("skills/"));
            files.insert("skills/a.yaml".into(), "skill: a\ncatch: [{ command: a }]\nblocks:\n  a: { text: a }\n".into());
            let mut talk = Talk::new(of_files(&files));
            let now = at("2026-03-10 12:00");
            for (place, who) in head.iter().enumerate().skip(1) {
                talk.contact.attributes.clear();
                match (code(who).and_then(|code| code.split_once(": ")), who.strip_prefix("first seen ")) {
                    (Some((name, value)), _) => drop(talk.contact.attributes.insert(name.into(), Value::text(value))),
                    (None, Some(time)) => talk.contact.first_seen = at(time),
                    (None, None) => assert_eq!(who, "nothing known"),
                }
                let why = why_in_segment(&talk.programs.0, &talk.contact, &segments::NoPast, "probe", now).expect("the probe");
                assert_eq!(word(why.verdict, "yes"), cells[place], "line {}: {} for {who}", line + 1, cells[0]);
            }
        }
    }
}

fn word(verdict: Truth, yes: &'static str) -> &'static str {
    match (verdict, yes) {
        (Truth::True, yes) => yes,
        (Truth::False, "in") => "not in",
        (Truth::False, _) => "no",
        (Truth::Unknown, _) => "unknown",
    }
}

/// One line for each part of an explanation.
fn tell(of: &Explanation, depth: usize, told: &mut String) {
    let _ = write!(told, "{}{}: {}", "  ".repeat(depth), of.text, word(of.verdict, "yes"));
    if let Some(actual) = &of.actual {
        let _ = write!(told, "; it is {}", expr::render(actual, &madrid()));
    }
    if let Some(bound) = &of.bound {
        let _ = write!(told, "; held against {bound}");
    }
    if let Some(flips) = of.flips_at.filter(|_| of.parts.is_empty()) {
        let _ = write!(told, "; may change at {}", shown(flips));
    }
    told.push('\n');
    of.parts.iter().for_each(|part| tell(part, depth + 1, told));
}

#[test]
fn the_page_tells_the_truth() {
    let page = std::fs::read_to_string(path()).expect("docs/segments.md is there");
    let mut reader = Reader { files: BTreeMap::new(), edit: None, first: None, explained: BTreeMap::new() };
    let (mut tables, pieces) = (0, pieces(&page));
    // The bot is whole before anything is played.
    for piece in &pieces {
        if let Piece::Fence { info, text, line } = piece
            && info.starts_with("yaml file=")
        {
            reader.fence(info, text, *line);
        }
    }
    for piece in &pieces {
        match piece {
            Piece::Fence { info, text, line } => reader.fence(info, text, *line),
            Piece::Table { head, rows } => {
                tables += rows.len();
                reader.table(head, rows);
            }
        }
    }
    assert!(tables > 30, "{tables} lines of tables were read");
    assert_eq!(reader.explained.len(), 1);
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    for (line, told) in reader.explained.iter().rev() {
        let end = (line + 1..lines.len()).find(|at| lines[*at] == "```").expect("the fence ends");
        lines.splice(line + 1..end, told.lines().map(str::to_owned));
    }
    let told = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE_SEGMENTS").is_some() {
        std::fs::write(path(), &told).expect("the page can be written");
    }
    assert!(
        told == page || std::env::var_os("UPDATE_SEGMENTS").is_some(),
        "the explanation is another now; write it anew with UPDATE_SEGMENTS=1"
    );
}
