//! The command line: what can be written, and its help.

mod bot;
mod contacts;
mod files;
mod keys;
mod many;
mod segments;
mod serving;
mod store;

pub use bot::{ChatArgs, CheckArgs, GraphArgs, GraphFormat, SchemaOf, TestArgs};
pub use contacts::{BlockArgs, ContactsCommand, EraseArgs, ErasuresArgs, FindArgs, ListArgs, MergeArgs, QueryArgs};
pub use files::{ExportArgs, ImportArgs, ImportEventsArgs};
pub use keys::KeysCommand;
pub use many::{ListedArgs, SetArgs, TagArgs, WhomArgs};
pub use segments::{MembersArgs, SegmentsCommand};
pub use serving::{AgentCommand, GlobalsCommand, RunsCommand, ServeArgs, TriggerArgs};
pub use store::{StoreCommand, StoreExportArgs, StoreImportArgs};

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

/// Which data folder.
#[derive(Debug, clap::Args)]
pub struct DataArgs {
    /// The data folder; found by itself if there is just one under ./data
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
}
