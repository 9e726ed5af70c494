//! What is written of all that is stored: `store`.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

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
