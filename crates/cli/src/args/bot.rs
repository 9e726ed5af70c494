//! What is written of a bot's folder: check, test, draw it, talk to it.

use std::path::PathBuf;

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
