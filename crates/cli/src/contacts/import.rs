//! `contacts import` and `contacts import-events`: a file of people, or of what happened to them, looked at, carried out with its progress
//! shown, taken back.
//!
//! With `--json` stdout has the import as the HTTP API tells it, with its faults, and nothing else.

mod events;
mod progress;

use crate::{
    Exit,
    args::{ImportArgs, ImportEventsArgs, MembersArgs},
    session::Session,
    table,
};
use anyhow::{Context as _, bail};
use api::control::{ImportAsk, Request, told_import};
use crm::import::{Blanks, DateOrder, ErrorLines, Fault, Kind, Mode, Options};
use progress::Progress;
use runtime::{Import, ImportState, WrongRow};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};
use store::beside::Beside;

/// How often it is asked how far the import is.
const EVERY: Duration = Duration::from_millis(200);
/// Rows of errors asked for at once, and how many of them are shown.
const ROWS: usize = 200;
const SHOWN: usize = 10;

/// Where rows come from, and how what came of them is told.
#[derive(Clone, Copy)]
struct Rows<'a> {
    file: &'a Path,
    /// The rows are what is piped in, or are not read again: no file is written beside them.
    piped: bool,
    json: bool,
    /// What the file tells of.
    kind: Kind,
}

impl<'a> Rows<'a> {
    fn file(file: &'a Path, json: bool) -> Self {
        Self { file, piped: file == Path::new("-"), json, kind: Kind::Contacts }
    }
}

/// Imports a file, takes an import back, or says how far imports are.
pub fn run(args: ImportArgs) -> anyhow::Result<Exit> {
    let options = options(&args)?;
    let session = Session::open(&args.data)?;
    let outcome = match (&args.file, &args.undo) {
        (Some(file), _) => import(&session, Rows::file(file, args.json), options, args.dry_run),
        (None, Some(id)) => undo(&session, id, args.json),
        (None, None) => list(&session, args.json),
    };
    session.close();
    outcome
}

/// Puts everybody whom a file names on a list.
pub fn members(args: &MembersArgs) -> anyhow::Result<Exit> {
    let options = Options {
        map: mapped(&args.map)?,
        key: args.key.clone(),
        list: Some(args.segment.clone()),
        members: true,
        country: args.country.as_ref().map(|country| country.to_ascii_uppercase()),
        ..Options::default()
    };
    let session = Session::open(&args.data)?;
    let outcome = import(&session, Rows::file(&args.file, args.json), options, args.dry_run);
    session.close();
    outcome
}

/// Records the events of a file, or takes them out again.
pub fn events(args: ImportEventsArgs) -> anyhow::Result<Exit> {
    let options = events::options(&args)?;
    let session = Session::open(&args.data)?;
    let outcome = match (&args.file, &args.undo) {
        (Some(file), _) => import(&session, Rows { kind: Kind::Events, ..Rows::file(file, args.json) }, options, args.dry_run),
        (None, Some(id)) => undo(&session, id, args.json),
        (None, None) => list(&session, args.json),
    };
    session.close();
    outcome
}

fn mapped(pairs: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let one = |pair: &String| match pair.rsplit_once('=') {
        // A column may have a = in its name, a field has none.
        Some((column, field)) => Ok((column.trim().to_owned(), field.trim().to_owned())),
        None => bail!("--map is written COLUMN=FIELD, not \"{pair}\""),
    };
    pairs.iter().map(one).collect()
}

fn options(args: &ImportArgs) -> anyhow::Result<Options> {
    let options = Options {
        map: mapped(&args.map)?,
        key: args.key.clone(),
        mode: match args.mode.as_str() {
            "create" => Mode::Create,
            "update" => Mode::Update,
            _ => Mode::Upsert,
        },
        blanks: if args.blanks == "clear" { Blanks::Clear } else { Blanks::Keep },
        tags: args.tag.clone(),
        source: args.source.clone(),
        list: args.list.clone(),
        dates: order(args.dates.as_deref()),
        country: args.country.as_ref().map(|country| country.to_ascii_uppercase()),
        again: args.again,
        ..Options::default()
    };
    Ok(options)
}

fn order(said: Option<&str>) -> Option<DateOrder> {
    said.map(|order| if order == "mdy" { DateOrder::Mdy } else { DateOrder::Dmy })
}

fn ask(session: &Session, ask: ImportAsk) -> anyhow::Result<Value> {
    session.ask(Request::ContactsImport { ask })
}

fn shown(session: &Session, what: ImportAsk) -> anyhow::Result<Import> {
    serde_json::from_value(ask(session, what)?).context("the running server is of another version")
}

fn import(session: &Session, from: Rows<'_>, options: Options, dry: bool) -> anyhow::Result<Exit> {
    let Rows { file, piped, json, kind } = from;
    let (path, temporary) = if piped { piped_file()? } else { (file.canonicalize().with_context(|| file.display().to_string())?, None) };
    let name = if piped { "what was piped in".to_owned() } else { file.file_name().unwrap_or_default().to_string_lossy().into_owned() };
    let uploaded = shown(session, ImportAsk::Upload { path, name, kind });
    if let Some(temporary) = temporary {
        let _ = std::fs::remove_file(temporary);
    }
    let uploaded = uploaded?;
    if let Some(other) = under_way(session, &uploaded, &options, dry)? {
        // The same file, broken off: it goes on where it was.
        ask(session, ImportAsk::Forget { id: uploaded.id.clone() })?;
        if !json {
            println!("{} goes on as {}", clean(&other.name), other.id);
        }
        return follow(session, &other, from);
    }
    if !json {
        print!("{}", columns(&uploaded, &options));
    }
    let id = uploaded.id.clone();
    let begun = match dry {
        true => shown(session, ImportAsk::Check { id: id.clone(), options }),
        false => shown(session, ImportAsk::Run { id: id.clone(), options }),
    };
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => {
            ask(session, ImportAsk::Forget { id })?;
            return Err(error);
        }
    };
    follow(session, &begun, from)
}

/// An import of the same bytes that is under way, such as one that a crash broke off.
fn under_way(session: &Session, uploaded: &Import, options: &Options, dry: bool) -> anyhow::Result<Option<Import>> {
    let all = ask(session, ImportAsk::List {})?;
    let all: Vec<Import> = serde_json::from_value(all["imports"].clone()).context("the running server is of another version")?;
    let same = |other: &Import| {
        let is_same = other.digest == uploaded.digest && other.kind == uploaded.kind && other.options == *options;
        other.id != uploaded.id && is_same && other.state == ImportState::Running
    };
    Ok(all.into_iter().find(|other| !dry && same(other)))
}

/// Waits until an import is over, and tells what came of it.
fn follow(session: &Session, begun: &Import, from: Rows<'_>) -> anyhow::Result<Exit> {
    let progress = Progress::new(begun);
    let import = loop {
        let import = shown(session, ImportAsk::Show { id: begun.id.clone() })?;
        if !import.state.is_under_way() {
            break import;
        }
        progress.show(&import);
        std::thread::sleep(EVERY);
    };
    progress.end();
    let told = if from.json { as_json(session, &import, from) } else { in_words(session, &import, from) };
    match &import.state {
        ImportState::Checked => {
            let told = told?;
            ask(session, ImportAsk::Forget { id: import.id.clone() })?;
            Ok(told)
        }
        ImportState::Asks(fault) => {
            ask(session, ImportAsk::Forget { id: import.id.clone() })?;
            bail!("nothing was imported; {fault}");
        }
        // Why it could not go on matters more than what could not be told of it.
        ImportState::Failed(why) => bail!("the import could not go on after row {}: {}", import.row, clean(why)),
        ImportState::Done
        | ImportState::Stopped
        | ImportState::Undone
        | ImportState::Uploaded
        | ImportState::Checking
        | ImportState::Running
        | ImportState::Undoing => told,
    }
}

/// Tells an import that is over to a program.
fn as_json(session: &Session, import: &Import, from: Rows<'_>) -> anyhow::Result<Exit> {
    let mut faults = Vec::new();
    let beside = wrong_rows(session, import, from, |fault| {
        faults.push(json!({ "row": fault.row, "column": fault.column, "cell": fault.cell, "why": fault.why }));
    })?;
    let mut told = told_import(import.clone());
    told["faults"] = faults.into();
    told["errors_file"] = beside.map(|path| path.display().to_string()).into();
    if import.kind == Kind::Events {
        events::as_before(&mut told, import);
    }
    println!("{told}");
    Ok(if wrong(import) == 0 { Exit::Fine } else { Exit::Problems })
}

/// Tells an import that is over to a person.
fn in_words(session: &Session, import: &Import, from: Rows<'_>) -> anyhow::Result<Exit> {
    let counts = &import.counts;
    let list = import.options.list.as_deref().filter(|_| import.options.members);
    match &import.state {
        _ if import.kind == Kind::Events => events::in_words(import),
        ImportState::Checked if list.is_some() => println!(
            "nobody was put on a list; the import would put {} on {}, and {} on it already",
            contacts(counts.updated),
            list.unwrap_or_default(),
            are(counts.unchanged)
        ),
        ImportState::Done if list.is_some() => println!(
            "{} put on {}, {} on it already; \"contacts import --undo {}\" takes it back",
            contacts(counts.updated),
            list.unwrap_or_default(),
            are(counts.unchanged),
            import.id
        ),
        ImportState::Checked => println!(
            "nothing was changed; the import would make {}, change {} and leave {} as they are",
            contacts(counts.created),
            counts.updated,
            counts.unchanged
        ),
        ImportState::Done => println!(
            "{} made, {} changed, {} as they were already; \"contacts import --undo {}\" takes it back",
            contacts(counts.created),
            counts.updated,
            counts.unchanged,
            import.id
        ),
        ImportState::Stopped => println!("the import was stopped after row {}", import.row),
        ImportState::Undone => println!(
            "{} {} taken away again, {} got back what they had, {} left as they are",
            contacts(counts.removed),
            if counts.removed == 1 { "was" } else { "were" },
            counts.restored,
            counts.kept
        ),
        ImportState::Asks(_)
        | ImportState::Failed(_)
        | ImportState::Uploaded
        | ImportState::Checking
        | ImportState::Running
        | ImportState::Undoing => {}
    }
    let dry = import.state == ImportState::Checked;
    let mut told = 0;
    let beside = wrong_rows(session, import, from, |fault| {
        if told < SHOWN || dry {
            println!("{}", clean(&fault.to_string()));
        }
        told += 1;
    })?;
    let wrong = wrong(import);
    if wrong == 0 {
        return Ok(Exit::Fine);
    }
    if told > SHOWN && !dry {
        println!("… and {} more", told - SHOWN);
    }
    let rows = counted(wrong, "row");
    match beside {
        Some(beside) => println!("{rows} not imported, to be found in {}: correct them there and import that file", beside.display()),
        None => println!("{rows} wrong"),
    }
    Ok(Exit::Problems)
}

/// How many rows wait to be corrected. What it asks is told by itself, and what was taken back has none.
fn wrong(import: &Import) -> u64 {
    if matches!(import.state, ImportState::Asks(_) | ImportState::Undone) { 0 } else { import.counts.failed }
}

/// Tells every fault of an import that is over; rows that were not imported are written beside the file, which is answered. A file
/// that is there already stays as it is: somebody may be at correcting it.
fn wrong_rows(session: &Session, import: &Import, from: Rows<'_>, mut tell: impl FnMut(&Fault)) -> anyhow::Result<Option<PathBuf>> {
    if wrong(import) == 0 {
        return Ok(None);
    }
    let lines = ErrorLines::new(import.shape, import.columns.iter().map(|column| column.name.clone()).collect());
    let mut out = match from.piped || import.state == ImportState::Checked {
        true => None,
        false => {
            let (file, mut out) = Beside::begin(&errors_file(from.file, lines.extension()), false)?;
            out.write_all(&lines.head()).map_err(|error| file.refused(error))?;
            Some((file, out))
        }
    };
    let mut skip = 0;
    loop {
        let answer = ask(session, ImportAsk::Errors { id: import.id.clone(), skip, limit: ROWS })?;
        let rows: Vec<WrongRow> = serde_json::from_value(answer["rows"].clone()).context("the running server is of another version")?;
        if rows.is_empty() {
            break;
        }
        skip += rows.len();
        for row in &rows {
            row.faults.iter().for_each(&mut tell);
            if let Some((file, out)) = &mut out {
                out.write_all(&lines.line(&row.cells(), &row.faults)).map_err(|error| file.refused(error))?;
            }
        }
    }
    let Some((file, out)) = out else { return Ok(None) };
    file.finish(out)?;
    Ok(Some(file.place().to_owned()))
}

/// Where the wrong rows of a file go: `people.errors.csv`, or `people.errors-2.csv` and so on if that is there.
fn errors_file(of: &Path, extension: &str) -> PathBuf {
    let stem = of.with_extension("");
    let name = |number: u64| match number {
        1 => PathBuf::from(format!("{}.errors.{extension}", stem.display())),
        number => PathBuf::from(format!("{}.errors-{number}.{extension}", stem.display())),
    };
    (1..).map(name).find(|path| path.symlink_metadata().is_err()).expect("there are more numbers than files")
}

fn undo(session: &Session, id: &str, json: bool) -> anyhow::Result<Exit> {
    let begun = shown(session, ImportAsk::Undo { id: id.to_owned() })?;
    follow(session, &begun, Rows { piped: true, ..Rows::file(Path::new("-"), json) })
}

fn list(session: &Session, json: bool) -> anyhow::Result<Exit> {
    let all = ask(session, ImportAsk::List {})?;
    let all: Vec<Import> = serde_json::from_value(all["imports"].clone()).context("the running server is of another version")?;
    if json {
        all.into_iter().for_each(|import| println!("{}", told_import(import)));
        return Ok(Exit::Fine);
    }
    if all.is_empty() {
        println!("nothing was imported yet");
        return Ok(Exit::Fine);
    }
    let mut rows = vec![["ID", "FILE", "BEGAN (UTC)", "STATE", "MADE", "CHANGED", "EVENTS", "WRONG"].map(str::to_owned).to_vec()];
    for import in &all {
        let counts = &import.counts;
        rows.push(vec![
            import.id.clone(),
            clean(&import.name),
            import.at.to_timestamp().strftime("%Y-%m-%d %H:%M").to_string(),
            import.state.name().to_owned(),
            (counts.created + counts.made).to_string(),
            counts.updated.to_string(),
            counts.recorded.to_string(),
            counts.failed.to_string(),
        ]);
    }
    print!("{}", table::shown(&rows));
    Ok(Exit::Fine)
}

/// What each column is taken for.
fn columns(import: &Import, options: &Options) -> String {
    let mut rows = vec![["COLUMN", "IS", "FIRST CELLS"].map(str::to_owned).to_vec()];
    let mut unknown = Vec::new();
    for column in &import.columns {
        let field = options.map.get(&column.name).or(column.field.as_ref());
        match field {
            None if !column.name.is_empty() => unknown.push(clean(&column.name)),
            _ => {}
        }
        let field = field.map_or("", String::as_str);
        let is = if field.is_empty() || field == "-" { "not imported" } else { field };
        rows.push(vec![clean(&column.name), is.to_owned(), clean(&column.sample.join(" | "))]);
    }
    let mut out = table::shown(&rows);
    if !unknown.is_empty() && !options.members {
        out.push_str(&format!(
            "nothing is known about {}: --map COLUMN=FIELD says what it is{}\n",
            unknown.join(", "),
            if import.kind == Kind::Contacts { ", attributes are declared in bot.yaml" } else { "" }
        ));
    }
    out
}

/// What is piped in, as a file that the server can read.
fn piped_file() -> anyhow::Result<(PathBuf, Option<PathBuf>)> {
    let path = std::env::temp_dir().join(format!("switchboard-import-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    io::copy(&mut io::stdin().lock(), &mut file).context("what is piped in cannot be read")?;
    Ok((path.clone(), Some(path)))
}

/// `1 is`, `2 are`.
fn are(n: u64) -> String {
    format!("{n} {}", if n == 1 { "is" } else { "are" })
}

/// `1 contact`, `2 contacts`.
pub(super) fn contacts(n: u64) -> String {
    counted(n, "contact")
}

fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Text that cannot move the cursor or change the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
