//! What is written of people, one or those that are found: `contacts`.

use super::{DataArgs, ExportArgs, ImportArgs, ImportEventsArgs, ListedArgs, SetArgs, TagArgs};
use clap::Subcommand;

/// `contacts`.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// List people, in the order they came
    List(ListArgs),
    /// Show one person: state, attributes, tags, notes, journey
    Show {
        #[command(flatten)]
        data: DataArgs,
        /// The contact's id, con_…
        id: String,
        /// Journey lines about this alone: attribute, tag, segment, event, …
        #[arg(long, value_name = "KIND[,KIND]")]
        kind: Option<String>,
        /// How many journey lines, at most 1,000
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        lines: u16,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Find people by name, e-mail, phone or id, or by what was said
    Find(FindArgs),
    /// Keep what somebody writes and answer it no more
    Block(BlockArgs),
    /// Let the bot answer somebody again
    Unblock(BlockArgs),
    /// List everybody for whom a condition holds
    Query(QueryArgs),
    /// Make and change contacts by a CSV or JSONL file
    Import(ImportArgs),
    /// Write contacts to a CSV or JSONL file
    Export(ExportArgs),
    /// Put a tag on everybody a condition names; counts first
    Tag(TagArgs),
    /// Take a tag off everybody a condition names; counts first
    Untag(TagArgs),
    /// Set attributes of everybody a condition names; counts first
    Set(SetArgs),
    /// Put everybody a condition names on a list; counts first
    AddTo(ListedArgs),
    /// Take everybody a condition names off a list; counts first
    RemoveFrom(ListedArgs),
    /// Make one contact of two that are one person, or undo that
    Merge(MergeArgs),
    /// List who else may be the same person, and why
    Duplicates {
        #[command(flatten)]
        data: DataArgs,
        /// The contact's id, con_…
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write down everything that is kept about one person, as JSON
    Data {
        #[command(flatten)]
        data: DataArgs,
        /// The contact's id, con_…
        id: String,
    },
    /// Take away everything about a person, or about many, for good
    Erase(EraseArgs),
    /// Show certificates of erasures: whether anything is left
    Erasures(ErasuresArgs),
    /// Record what happened to people by a CSV or JSONL file
    ImportEvents(ImportEventsArgs),
}

/// `contacts list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// How many, at most 200
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=200))]
    pub limit: u8,
    /// Go on after this contact: the last one of the page before
    #[arg(long, value_name = "CONTACT")]
    pub after: Option<String>,
    /// As JSON, one contact to a line
    #[arg(long)]
    pub json: bool,
}

/// `contacts find`.
#[derive(Debug, clap::Args)]
pub struct FindArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// What to look for: words of a name, a phone number, …
    #[arg(required = true)]
    pub text: Vec<String>,
    /// Look in what was said in their chats, newest first
    #[arg(long)]
    pub messages: bool,
    /// Go on where the page before ended (with --messages)
    #[arg(long, value_name = "CURSOR", requires = "messages")]
    pub after: Option<String>,
    /// How many, at most 100
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub limit: u8,
    /// As JSON, one contact to a line
    #[arg(long)]
    pub json: bool,
}

/// `contacts block` and `contacts unblock`.
#[derive(Debug, clap::Args)]
pub struct BlockArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The contact's id, con_…
    pub id: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `contacts query`.
#[derive(Debug, clap::Args)]
pub struct QueryArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The condition, such as "orders >= 3 and has tag vip"
    pub condition: String,
    /// How many, at most 1000
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on after this contact: the last one of the page before
    #[arg(long, value_name = "CONTACT")]
    pub after: Option<String>,
    /// As JSON, one contact to a line
    #[arg(long)]
    pub json: bool,
}

/// `contacts merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The contact that survives, con_…
    #[arg(required_unless_present = "undo")]
    pub keep: Option<String>,
    /// The contact that becomes part of it, con_…
    #[arg(required_unless_present = "undo")]
    pub other: Option<String>,
    /// Only say what would become of every field
    #[arg(long, conflicts_with = "undo")]
    pub dry_run: bool,
    /// Make two contacts again of what this merge made one, mrg_…
    #[arg(long, value_name = "ID", conflicts_with_all = ["keep", "other"])]
    pub undo: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `contacts erase`.
#[derive(Debug, clap::Args)]
pub struct EraseArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The contact's id, con_…
    #[arg(required_unless_present = "condition")]
    pub id: Option<String>,
    /// Everybody for whom this holds; how many they are has to be typed
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "id")]
    pub condition: Option<String>,
    /// Only say what would go and what must stay
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `contacts erasures`.
#[derive(Debug, clap::Args)]
pub struct ErasuresArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// One certificate, era_… [default: a list, the newest first]
    pub id: Option<String>,
    /// Those of one erasure of many, aud_…
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub bulk: Option<String>,
    /// How many, at most 1000 [default: 50; with --json all]
    #[arg(long, value_name = "N", conflicts_with = "id", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: Option<u16>,
    /// Go on after this certificate: the last one of the page before
    #[arg(long, value_name = "ERASURE", conflicts_with = "id")]
    pub after: Option<String>,
    /// As JSON; of several one certificate to a line
    #[arg(long)]
    pub json: bool,
}
