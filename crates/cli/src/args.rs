//! The command line: what can be written, and its help.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

const TOP: &str = "\
Switchboard runs chatbots written as YAML: on the web, Telegram and webhooks.

Usage: switchboard <COMMAND>

Commands:
  new       Write a small bot that runs and has a passing test
  check     Say everything that is wrong with a bot, at once
  test      Play the scripted conversations of a bot
  chat      Talk to a bot in this terminal, with a clock you can turn
  serve     Run a bot: web chat, Telegram, webhooks, agents' console
  contacts  List people, or show one of them
  agent     Add somebody who answers chats, or give them a new password
  help      Print this, or the help of a command

Options:
  -h, --help     Print help
  -V, --version  Print version

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
    Check {
        /// The bot's folder
        bot: PathBuf,
        /// How to print: human, short or json
        #[arg(long, default_value = "human", value_parser = ["human", "short", "json"])]
        format: String,
        /// Fail on warnings too
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Play the scripted conversations of a bot
    Test {
        /// The bot's folder
        bot: PathBuf,
        /// Only conversations whose file or name contains this
        #[arg(long)]
        only: Option<String>,
    },
    /// Talk to a bot in this terminal, with a clock you can turn
    Chat {
        /// The bot's folder
        bot: PathBuf,
    },
    /// Run a bot: web chat, Telegram, webhooks, agents' console
    Serve(ServeArgs),
    /// List people, or show one of them
    Contacts {
        #[command(subcommand)]
        command: ContactsCommand,
    },
    /// Add somebody who answers chats, or give them a new password
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
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
    /// Hosts or networks that webhook replies may be sent to although they are not public
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
    /// Show one person: attributes, tags, conversations, journey
    Show {
        #[command(flatten)]
        data: DataArgs,
        /// The contact's id, con_…
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
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
