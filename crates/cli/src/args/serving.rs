//! What is written of a bot that is served: the server itself, what is under way, events, globals and agents.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

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
