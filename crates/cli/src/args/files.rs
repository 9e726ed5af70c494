//! What is written of files of people: `contacts import` and `contacts export`.

use super::DataArgs;
use std::path::PathBuf;

/// `contacts import`.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The file; - reads what is piped in
    #[arg(required_unless_present_any = ["undo", "progress"])]
    pub file: Option<PathBuf>,
    /// What a column is: E-Mail=email, "Kunde seit"=customer_since, Notes=- leaves it out
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// By what a row finds its contact: id, external, email, phone or an attribute
    #[arg(long, value_name = "FIELD")]
    pub key: Option<String>,
    /// What a row may do
    #[arg(long, default_value = "upsert", value_parser = ["create", "update", "upsert"])]
    pub mode: String,
    /// What a blank cell does to a value that is there
    #[arg(long, default_value = "keep", value_parser = ["keep", "clear"])]
    pub blanks: String,
    /// Say what would happen and what is wrong; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How 03/04/2026 is meant: dmy is in April, mdy in March
    #[arg(long, value_parser = ["dmy", "mdy"])]
    pub dates: Option<String>,
    /// The country of phone numbers without one, such as DE [default: the bot's]
    #[arg(long)]
    pub country: Option<String>,
    /// A tag for everybody of the file
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// How those who are new came to be [default: import]
    #[arg(long)]
    pub source: Option<String>,
    /// The static segment to put everybody of the file in
    #[arg(long, value_name = "SEGMENT")]
    pub list: Option<String>,
    /// Make everybody of a file without a key once more
    #[arg(long)]
    pub again: bool,
    /// Take back what an import did, where nobody changed it since
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub undo: Option<String>,
    /// Say how far imports are
    #[arg(long, conflicts_with_all = ["file", "undo"])]
    pub progress: bool,
    /// As JSON; of --progress one import to a line
    #[arg(long)]
    pub json: bool,
}

/// `contacts import-events`.
#[derive(Debug, clap::Args)]
pub struct ImportEventsArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The file; - reads what is piped in
    #[arg(required_unless_present = "undo")]
    pub file: Option<PathBuf>,
    /// What a column is: Kunde=external, Wann=at, Total=fields.total, Notes=-
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// By what a row finds its contact: contact, id, external, email, phone, …
    #[arg(long, value_name = "FIELD")]
    pub key: Option<String>,
    /// What happened, if no column says it
    #[arg(long, value_name = "NAME")]
    pub event: Option<String>,
    /// They happen now: no column says when
    #[arg(long)]
    pub now: bool,
    /// The zone of times without one [default: the bot's]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// How 03/04/2026 is meant: dmy is in April, mdy in March
    #[arg(long, value_parser = ["dmy", "mdy"])]
    pub dates: Option<String>,
    /// What becomes of an event whose contact is not there
    #[arg(long, default_value = "skip", value_parser = ["skip", "create"])]
    pub unknown: String,
    /// How contacts who are made came to be [default: import]
    #[arg(long)]
    pub source: Option<String>,
    /// The country of phone numbers without one, such as DE [default: the bot's]
    #[arg(long)]
    pub country: Option<String>,
    /// Start the flows that catch these events
    #[arg(long)]
    pub start: bool,
    /// With --now: they happen once more, though the file was imported before
    #[arg(long, requires = "now")]
    pub again: bool,
    /// Say what would happen and what is wrong; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take out again what an import recorded
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub undo: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `contacts export`.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// Whom: a condition such as "in segment vip" [default: everybody]
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// How it is written
    #[arg(long, default_value = "csv", value_parser = ["csv", "jsonl"])]
    pub format: String,
    /// Columns, with commas between them [default: all that an import reads]
    #[arg(long, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// The file to write [default: the terminal]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
}
