//! The command line: what can be written, and its help.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

const TOP: &str = "\
Switchboard runs chatbots written as YAML: on the web, Telegram and webhooks.
Usage: switchboard <COMMAND>; COMMAND --help says more, --version the version

Commands:
  new       Write a small bot that runs and has a passing test
  check     Say everything that is wrong with a bot, at once
  explain   Say what a code of check means
  test      Play the scripted conversations of a bot
  graph     Draw a bot: DOT, Mermaid or SVG
  schema    Print the JSON Schema of a bot's files, for editors
  chat      Talk to a bot in this terminal, with a clock you can turn
  serve     Run a bot: web chat, Telegram, webhooks, agents' console
  contacts  List people, or show one of them
  segments  Who is in which segment and why; ask any condition of everybody
  runs      List what is under way, or move it to another version
  globals   List or set the values of the bot as a whole
  trigger   Raise an event for one contact, or for all that a condition names
  agent     Add somebody who answers chats, or give them a new password
  keys      Make, list or revoke keys of the HTTP API

Examples:
  switchboard new my-bot && switchboard chat my-bot
  switchboard serve flows/shop --listen 127.0.0.1:8080
";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, about = "Runs chatbots written as YAML", override_help = TOP, max_term_width = 80)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a small bot that runs and has a passing test
    New {
        /// The folder to make; its last part names the bot
        name: PathBuf,
    },
    /// Say everything that is wrong with a bot, at once
    Check(CheckArgs),
    /// Say what a code of check means, and how to put it right
    Explain {
        /// The code, such as E0107
        #[arg(required_unless_present = "list")]
        code: Option<String>,
        /// List all codes
        #[arg(long, conflicts_with = "code")]
        list: bool,
    },
    /// Play the scripted conversations of a bot
    Test(TestArgs),
    /// Draw a bot: DOT, Mermaid or SVG
    Graph(GraphArgs),
    /// Print the JSON Schema of a bot's files, for editors
    Schema {
        /// Which file it is for
        #[arg(default_value = "skill")]
        of: SchemaOf,
    },
    /// Talk to a bot in this terminal, with a clock you can turn
    Chat(ChatArgs),
    /// Run a bot: web chat, Telegram, webhooks, agents' console
    Serve(ServeArgs),
    /// List people, or show one of them
    Contacts {
        #[command(subcommand)]
        command: ContactsCommand,
    },
    /// Who is in which segment, and why; ask any condition of everybody
    Segments {
        #[command(subcommand)]
        command: SegmentsCommand,
    },
    /// List what is under way, or move it to another version of the bot
    Runs {
        #[command(subcommand)]
        command: RunsCommand,
    },
    /// Raise an event for one contact, or for all that a condition names; counts first
    Trigger(TriggerArgs),
    /// List or set the values of the bot as a whole
    Globals {
        #[command(subcommand)]
        command: GlobalsCommand,
    },
    /// Add somebody who answers chats, or give them a new password
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
    /// Make, list or revoke keys of the HTTP API
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Look after what is stored
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
}

/// `check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The bot's folder
    pub bot: PathBuf,
    /// How to print: human, short or json
    #[arg(long, default_value = "human", value_parser = ["human", "short", "json"])]
    pub format: String,
    /// Put right what surely can be, in the files
    #[arg(long, conflicts_with = "untranslated")]
    pub fix: bool,
    /// Fail on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// List what has no translation into this language, such as es
    #[arg(long, value_name = "LANGUAGE")]
    pub untranslated: Option<String>,
    /// With --untranslated: print a translation file to fill in
    #[arg(long, requires = "untranslated")]
    pub skeleton: bool,
    /// Say how much rests on blocks that differ from what a running server has
    #[arg(long, value_name = "URL", conflicts_with_all = ["untranslated", "fix"])]
    pub against: Option<String>,
    /// With --against: the server's data folder [default: ./data/<bot>]
    #[arg(long, value_name = "FOLDER", requires = "against")]
    pub data: Option<PathBuf>,
}

/// `graph`.
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// The bot's folder
    pub bot: PathBuf,
    /// Only this skill
    #[arg(long, value_name = "NAME")]
    pub skill: Option<String>,
    /// What to draw; told by the name of the output file if it ends in .svg, .mmd or .dot [default: dot]
    #[arg(long)]
    pub format: Option<GraphFormat>,
    /// Write to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a bot is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz
    Dot,
    /// For pages that render it, such as GitHub's
    Mermaid,
    /// An image
    Svg,
}

/// The files a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// skills/*.yaml
    Skill,
    /// bot.yaml
    Bot,
    /// segments.yaml
    Segments,
    /// conversations/*.yaml
    Conversation,
}

/// `test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// The bot's folder
    pub bot: PathBuf,
    /// Only conversations whose file or name contains this
    #[arg(long, value_name = "TEXT", alias = "only")]
    pub filter: Option<String>,
    /// Say which blocks and exits no conversation goes through, and where they are
    #[arg(long)]
    pub coverage: bool,
    /// Write the results as JUnit XML, for build servers
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// `chat`.
#[derive(Debug, clap::Args)]
pub struct ChatArgs {
    /// The bot's folder
    pub bot: PathBuf,
    /// Be a copy of this contact: an id, or a text that finds one; nothing is written back
    #[arg(long = "as", value_name = "CONTACT")]
    pub contact: Option<String>,
    /// Really make the calls of json blocks, and really send mail and text messages
    #[arg(long)]
    pub network: bool,
    /// With --network: hosts or networks that may be called although they are not public
    #[arg(long, value_name = "HOST", requires = "network")]
    pub allow_request: Vec<String>,
    /// Let everybody in where only_for would not
    #[arg(long)]
    pub ungated: bool,
    /// Begin anew on the newest version: now, and whenever the bot changes
    #[arg(long)]
    pub fresh: bool,
    /// Write what happens as a conversation that `test` plays
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// With --as: the data folder the contact is in
    #[arg(long, value_name = "FOLDER", requires = "contact")]
    pub data: Option<PathBuf>,
}

/// `runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// List what is under way: where each run rests, in which version
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Only runs in this skill
        #[arg(long)]
        skill: Option<String>,
        /// As JSON, one run to a line
        #[arg(long)]
        json: bool,
    },
    /// Move what rests in one version to another; says first what would move
    Move {
        #[command(flatten)]
        data: DataArgs,
        /// The version it has, or the beginning of its name
        #[arg(long, value_name = "VERSION")]
        from: String,
        /// The version it gets
        #[arg(long, value_name = "VERSION", default_value = "current")]
        to: String,
        /// A block with another name now: ask=question, or skill.ask=other.ask
        #[arg(long, value_name = "OLD=NEW")]
        map: Vec<String>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}

/// `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The bot's folder
    pub bot: PathBuf,
    /// Where everything is kept [default: ./data/<bot>]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// How the world reaches this server, such as https://chat.example.com
    #[arg(long)]
    pub public_url: Option<String>,
    /// Hosts or networks that flows may call (json) although they are not public
    #[arg(long, value_name = "HOST")]
    pub allow_request: Vec<String>,
    /// Hosts or networks that webhooks may be sent to although they are not public
    #[arg(long, value_name = "HOST")]
    pub allow_callback: Vec<String>,
}

/// Which data folder.
#[derive(Debug, clap::Args)]
pub struct DataArgs {
    /// The data folder; found by itself if there is just one under ./data
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
}

/// `contacts`.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// List people, in the order they came
    List {
        #[command(flatten)]
        data: DataArgs,
        /// How many, at most 200
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// As JSON, one contact to a line
        #[arg(long)]
        json: bool,
    },
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
    /// Record events of a JSONL file; they start no flow
    ImportEvents {
        #[command(flatten)]
        data: DataArgs,
        /// The file; - reads what is piped in
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
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

/// `contacts tag`, `contacts untag`.
#[derive(Debug, clap::Args)]
pub struct TagArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// The tag
    pub tag: String,
}

/// `contacts set`.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// Attributes: plan=gold; plan= takes the value away
    #[arg(required = true, value_name = "NAME=VALUE")]
    pub values: Vec<String>,
}

/// `contacts add-to`, `contacts remove-from`.
#[derive(Debug, clap::Args)]
pub struct ListedArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// The static segment's key
    pub list: String,
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

/// Whom a change of many is for.
#[derive(Debug, clap::Args)]
pub struct WhomArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// Whom: a condition such as "in segment vip"
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `store`.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Write everything into one file: a backup, or a way to another machine
    Export(StoreExportArgs),
    /// Make a data folder of such a file
    Import(StoreImportArgs),
    /// Read everything, and say what is wrong with it
    Verify {
        #[command(flatten)]
        data: DataArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Leave nothing on disk of what was erased or replaced
    Compact {
        #[command(flatten)]
        data: DataArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `store export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "A running server goes on: the file holds one moment, consistent. It holds\n\
                        personal data, hashes of passwords and secrets of webhooks: keep it\n\
                        as you keep the data folder.")]
pub struct StoreExportArgs {
    /// The file to make
    pub file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub data: DataArgs,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `store import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Nothing is usable before everything was checked. Do not serve the old data\n\
                        folder as well: timers and messages would go out twice.")]
pub struct StoreImportArgs {
    /// The file that "store export" made
    pub file: PathBuf,
    /// The data folder to make: empty, or not there
    #[arg(long)]
    pub data: PathBuf,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `trigger`.
#[derive(Debug, clap::Args)]
pub struct TriggerArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The event, as skills catch it
    #[arg(required_unless_present = "progress")]
    pub event: Option<String>,
    /// For whom: a condition such as "in segment vip"
    #[arg(long, value_name = "CONDITION", required_unless_present_any = ["contact", "progress"], conflicts_with = "contact")]
    pub to: Option<String>,
    /// For one contact: an id, channel:address, an e-mail address or a phone number
    #[arg(long, value_name = "WHO")]
    pub contact: Option<String>,
    /// A field of the event: amount=12; numbers, true and false are read as such
    #[arg(long = "with", value_name = "NAME=VALUE")]
    pub with: Vec<String>,
    /// How many contacts a second at the most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub per_second: Option<u32>,
    /// Only count
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// List triggers and schedules, and how far they are
    #[arg(long, conflicts_with_all = ["event", "to", "contact", "with", "per_second", "dry_run", "yes"])]
    pub progress: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `globals`.
#[derive(Debug, Subcommand)]
pub enum GlobalsCommand {
    /// List the bot's globals with their values
    List {
        #[command(flatten)]
        data: DataArgs,
        /// As JSON, one global to a line
        #[arg(long)]
        json: bool,
    },
    /// Set a global; the next step sees it
    Set {
        #[command(flatten)]
        data: DataArgs,
        /// Which
        name: String,
        /// The value, as in bot.yaml
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Let a global go back to its default
    Unset {
        #[command(flatten)]
        data: DataArgs,
        /// Which
        name: String,
    },
}

/// `agent`.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Add an agent; prints their password once
    Add {
        #[command(flatten)]
        data: DataArgs,
        /// What they sign in with
        login: String,
        /// The name customers see [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// Groups they answer for; all of the bot's groups if none is given
        #[arg(long = "group")]
        groups: Vec<String>,
    },
    /// Give an agent a new password; prints it once
    Reset {
        #[command(flatten)]
        data: DataArgs,
        /// What they sign in with
        login: String,
    },
}

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

/// `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key; prints it once
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// Whose it is: the name of the program that uses it
        name: String,
        /// What it may do: contacts:read, contacts:write, segments:read,
        /// segments:write, events:write, webhooks:write, keys:write
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// Requests a minute [default: 6000]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        per_minute: Option<u32>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List keys: what each may do, when it was used last
    List {
        #[command(flatten)]
        data: DataArgs,
        /// As JSON, one key to a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key: it opens nothing from then on
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        /// Its name or its id
        key: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}
