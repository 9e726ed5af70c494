//! `store verify`: everything is read, and what is wrong is told.

use super::job;
use super::shown::{Progress, counts};
use crate::args::DataArgs;
use crate::{Exit, data, table, versions};
use anyhow::Context as _;
use runtime::verify::{Around, Problem, Report};
use runtime::{Clock as _, StoreWork, SystemClock};
use std::path::Path;
use std::sync::Arc;
use store::{Blobs, Error, FileBlobs, Frozen as _};
use store_sled::FrozenStore;

/// Verifies through the running server, or a folder at rest.
pub fn run(args: &DataArgs, json: bool) -> anyhow::Result<Exit> {
    let folder = data::find(args)?;
    let report: Report = match job::through_the_server(&folder, StoreWork::Verify)? {
        Some(told) => serde_json::from_value(told).context("the running server is of another version")?,
        None => at_rest(&folder)?,
    };
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", shown(&report));
    }
    Ok(if report.problems == 0 { Exit::Fine } else { Exit::Problems })
}

fn shown(report: &Report) -> String {
    let mut out = String::new();
    if report.problems > 0 {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let mut rows = vec![["TABLE", "KEY", "WHAT IS WRONG"].map(str::to_owned).to_vec()];
        rows.extend(report.told.iter().map(|problem| vec![clean(&problem.table), clean(&problem.key), clean(&problem.what)]));
        out.push_str(&table::shown(&rows));
        let more = report.problems - report.told.len() as u64;
        if more > 0 {
            out.push_str(&format!("and {more} more\n"));
        }
    }
    let problems = match report.problems {
        0 => "nothing is wrong".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    out.push_str(&format!("{}: {problems}\n", counts(&report.read)));
    out
}

/// What a folder is not opened for, told like any other problem.
fn unopened(error: Error) -> anyhow::Result<Report> {
    match error {
        Error::Corrupt(what) => {
            let problem = Problem { table: "data folder".into(), key: String::new(), what };
            Ok(Report { problems: 1, told: vec![problem], ..Report::default() })
        }
        error => Err(error.into()),
    }
}

fn at_rest(folder: &Path) -> anyhow::Result<Report> {
    let frozen = match FrozenStore::open(folder, store_sled::Options::default()) {
        Ok(frozen) => frozen,
        Err(error) => return unopened(error),
    };
    let mut problems = Vec::new();
    let bot = match versions::latest(folder) {
        Ok(bot) => Some(bot),
        Err(error) => {
            problems.push(Problem { table: "versions".into(), key: "latest".into(), what: format!("{error:#}") });
            None
        }
    };
    let blobs = folder.join("blobs");
    let blobs: Option<Arc<dyn Blobs>> = if blobs.is_dir() { Some(Arc::new(FileBlobs::open(blobs)?)) } else { None };
    let around = Around { bot, versions: Some(versions::kept(folder)), blobs, now: SystemClock.now() };
    let (people, progress) = (frozen.people(), Progress::new());
    let outcome = runtime::verify::verify(&frozen, &around, &|done| {
        progress.show(done, people);
        true
    });
    progress.end();
    let mut report = outcome?;
    report.problems += problems.len() as u64;
    report.told.splice(0..0, problems);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_a_table_and_a_sound_store_is_a_sentence() {
        let mut report = Report::default();
        report.read.people = 2;
        let read = "2 contacts, 0 transcript lines, 0 journey lines, 0 events, 0 records";
        assert_eq!(shown(&report), format!("{read}: nothing is wrong\n"));
        report.problems = 3;
        report.told = vec![Problem { table: "people".into(), key: "con_1".into(), what: "run \u{1b}[31m twice".into() }];
        let told = shown(&report);
        assert!(told.starts_with("TABLE") && told.contains("people  con_1  run [31m twice\nand 2 more\n"), "{told}");
        assert!(told.ends_with(&format!("{read}: 3 problems\n")), "{told}");
    }
}
