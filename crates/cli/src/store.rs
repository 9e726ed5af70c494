//! `store`: everything that is stored as a whole, through the running server or in a stopped one's folder.

mod export;
mod import;
mod job;
mod shown;
mod verify;

use crate::args::StoreCommand;
use crate::{Exit, data};
use api::control::Request;
use runtime::StoreWork;
use shown::size;

/// sled panics where it finds its files damaged. That is caught and told in words; the panic itself helps nobody.
fn hush_sled() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let from_sled = panic.location().is_some_and(|at| at.file().split(['/', '\\']).any(|part| part.starts_with("sled-")));
        if !from_sled {
            others(panic);
        }
    }));
}

/// Does what is asked of the store.
pub fn run(command: &StoreCommand) -> anyhow::Result<Exit> {
    hush_sled();
    match command {
        StoreCommand::Export(args) => export::run(args),
        StoreCommand::Import(args) => import::run(args),
        StoreCommand::Verify { data, json } => verify::run(data, *json),
        StoreCommand::Compact { data, json } => {
            let folder = data::find(data)?;
            let compacted = match job::through_the_server(&folder, StoreWork::Compact)? {
                Some(compacted) => compacted,
                None => data::ask(data, Request::StoreCompact {})?["compacted"].clone(),
            };
            if *json {
                println!("{compacted}");
            } else {
                let number = |key: &str| compacted[key].as_u64().unwrap_or_default();
                println!("{} rows written anew; {} before, {} after", number("rows"), size(number("before")), size(number("after")));
            }
            Ok(Exit::Fine)
        }
    }
}
