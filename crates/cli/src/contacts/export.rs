//! `contacts export`: everybody of a condition as lines of a file, page by page.

use crate::{Exit, args::ExportArgs, session::Session};
use anyhow::Context as _;
use api::control::{ExportAsk, Request};
use crm::export::Format;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

/// Contacts of one page.
const PAGE: usize = 2_000;

/// Writes contacts.
pub fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    let format = if args.format == "jsonl" { Format::Jsonl } else { Format::Csv };
    let session = Session::open(&args.data)?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?)),
        None => Box::new(io::stdout().lock()),
    };
    let (mut after, mut written) = (None, 0);
    loop {
        let ask = ExportAsk { condition: args.condition.clone(), columns: args.columns.clone(), format, after, limit: PAGE };
        let page = session.ask(Request::ContactsExport { ask })?;
        out.write_all(page["text"].as_str().unwrap_or_default().as_bytes()).context("the file cannot be written")?;
        written += page["contacts"].as_u64().unwrap_or(0);
        after = page["next"].as_str().map(str::parse).transpose()?;
        if after.is_none() {
            break;
        }
    }
    out.flush().context("the file cannot be written")?;
    session.close();
    if let Some(path) = &args.out {
        println!("{} written to {}", super::import::contacts(written), path.display());
    }
    Ok(Exit::Fine)
}
