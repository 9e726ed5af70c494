//! What is written of segments: `segments`.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

/// `segments`.
#[derive(Debug, Subcommand)]
pub enum SegmentsCommand {
    /// List all segments with how many are in each
    List {
        #[command(flatten)]
        data: DataArgs,
        /// As JSON, one segment to a line
        #[arg(long)]
        json: bool,
    },
    /// Show one segment: its rule, its size, what uses it
    Show {
        #[command(flatten)]
        data: DataArgs,
        /// Its key
        segment: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Count everybody for whom a condition holds, and name some
    Preview {
        #[command(flatten)]
        data: DataArgs,
        /// The condition, such as "orders >= 3 and has tag vip"
        condition: String,
        /// How many to name, at most 100
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
        sample: u8,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say why a contact is in a segment, or is not, part by part
    Explain {
        #[command(flatten)]
        data: DataArgs,
        /// Its key
        segment: String,
        /// The contact's id, con_…
        contact: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a list of everybody for whom a condition holds now
    Freeze {
        #[command(flatten)]
        data: DataArgs,
        /// The key of the static segment; it is made if there is none
        segment: String,
        /// The condition, such as "in segment loyal"
        condition: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Put everybody whom a file names on a list; makes nobody
    Import(MembersArgs),
    /// List who is in a segment
    Members {
        #[command(flatten)]
        data: DataArgs,
        /// Its key
        segment: String,
        /// How many, at most 1000
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Go on after this contact: the last one of the page before
        #[arg(long, value_name = "CONTACT")]
        after: Option<String>,
        /// As JSON, one contact to a line
        #[arg(long)]
        json: bool,
    },
}

/// `segments import`.
#[derive(Debug, clap::Args)]
pub struct MembersArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The key of the static segment
    pub segment: String,
    /// CSV, JSONL or one id, e-mail address or phone number a line; - reads what is piped in
    pub file: PathBuf,
    /// By what a row finds its contact: id, external, email, phone or an attribute
    #[arg(long, value_name = "FIELD")]
    pub key: Option<String>,
    /// What a column is: Kunde=external
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// The country of phone numbers without one, such as DE [default: the bot's]
    #[arg(long)]
    pub country: Option<String>,
    /// Say what would happen and what is wrong; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
