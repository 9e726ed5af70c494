//! What is written of keys of the HTTP API: `keys`.

use super::DataArgs;
use clap::Subcommand;

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
