//! The `switchboard` command: the composition root, the only crate that knows everything.

mod agent;
mod args;
mod channels;
mod chat;
mod check;
mod contacts;
mod data;
mod folder;
mod new;
mod play;
mod script;
mod serve;
mod versions;

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
        Command::Check { bot, format, deny_warnings } => check::run(&bot, &format, deny_warnings),
        Command::Test { bot, only } => script::test(&bot, only.as_deref()),
        Command::Chat { bot } => chat::run(&bot),
        Command::Serve(args) => serve::run(args),
        Command::Contacts { command } => contacts::run(command),
        Command::Agent { command } => agent::run(command),
    }
}
