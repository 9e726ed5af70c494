//! `contacts export`: everybody of a condition as lines of a file, page by page. What was in the file before stays until the new one is
//! whole.

use crate::{Exit, args::ExportArgs, odd, session::Session};
use anyhow::Context as _;
use api::control::{ExportAsk, Request};
use crm::export::Format;
use std::io::{self, Write};
use store::beside::Beside;

/// Contacts of one page.
const PAGE: usize = 2_000;

/// Writes contacts.
pub fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    let session = Session::open(&args.data)?;
    let outcome = match &args.out {
        Some(path) => Beside::begin(path, args.force).map_err(anyhow::Error::from).and_then(|(file, mut out)| {
            let written = write(&session, args, &mut out)?;
            file.finish(out)?;
            println!("{} written to {}", super::import::contacts(written), path.display());
            Ok(())
        }),
        None => write(&session, args, &mut io::stdout().lock()).map(drop),
    };
    session.close();
    outcome.map(|()| Exit::Fine)
}

/// Writes everybody; answers how many they are.
fn write(session: &Session, args: &ExportArgs, out: &mut impl Write) -> anyhow::Result<u64> {
    let format = if args.format == "jsonl" { Format::Jsonl } else { Format::Csv };
    let (mut after, mut written) = (None, 0);
    loop {
        let ask = ExportAsk { condition: args.condition.clone(), columns: args.columns.clone(), format, after, limit: PAGE };
        let page = session.ask(Request::ContactsExport { ask })?;
        if let (Some(condition), None) = (&args.condition, after) {
            odd::tell(condition, &page);
        }
        out.write_all(page["text"].as_str().unwrap_or_default().as_bytes()).context("the file cannot be written")?;
        written += page["contacts"].as_u64().unwrap_or(0);
        after = page["next"].as_str().map(str::parse).transpose()?;
        if after.is_none() {
            break;
        }
    }
    out.flush().context("the file cannot be written")?;
    Ok(written)
}
