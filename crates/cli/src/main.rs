//! The `switchboard` command: the composition root, the only crate that knows everything.

mod against;
mod agent;
mod args;
mod assets;
mod channels;
mod chat;
mod check;
mod contacts;
mod data;
mod explain;
mod folder;
mod globals;
mod graph;
mod keys;
mod new;
mod odd;
mod play;
mod reload;
mod runs;
mod schema;
mod script;
mod segments;
mod serve;
mod services;
mod session;
mod store;
mod table;
mod trigger;
mod untranslated;
mod versions;
mod watch;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Steps make many small texts; the system's allocator took half of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As it should.
    Fine,
    /// It found what it looks for: faults in a bot, a failed conversation.
    Problems,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args.command) {
        Ok(Exit::Fine) => ExitCode::SUCCESS,
        Ok(Exit::Problems) => ExitCode::from(1),
        Err(error) => {
            eprintln!("switchboard: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::New { name } => new::run(&name),
        Command::Check(args) => match (&args.untranslated, &args.against) {
            (Some(language), _) => untranslated::run(&args.bot, language, args.skeleton),
            (None, Some(url)) => against::run(&args.bot, url, args.data.as_deref()),
            (None, None) => check::run(&args),
        },
        Command::Explain { code, .. } => explain::run(code.as_deref()),
        Command::Test(args) => script::test(&args),
        Command::Graph(args) => graph::run(args),
        Command::Schema { of } => schema::run(of),
        Command::Chat(args) => chat::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Contacts { command } => contacts::run(command),
        Command::Segments { command } => segments::run(command),
        Command::Runs { command } => runs::run(command),
        Command::Trigger(args) => trigger::run(args),
        Command::Globals { command } => globals::run(command),
        Command::Agent { command } => agent::run(command),
        Command::Keys { command } => keys::run(command),
        Command::Store { command } => store::run(&command),
    }
}
