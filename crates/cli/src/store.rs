//! `store`: what is on disk, through the running server or in a stopped one's folder.

use crate::args::StoreCommand;
use crate::{Exit, data};
use api::control::Request;

/// Does what is asked of the store.
pub fn run(command: &StoreCommand) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Compact { data, json } => {
            let answer = data::ask(data, Request::StoreCompact {})?;
            let compacted = &answer["compacted"];
            if *json {
                println!("{compacted}");
            } else {
                let number = |key: &str| compacted[key].as_u64().unwrap_or_default();
                println!("{} rows written anew; {} before, {} after", number("rows"), size(number("before")), size(number("after")));
            }
        }
    }
    Ok(Exit::Fine)
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{amount:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!([super::size(12), super::size(2048), super::size(3 << 30)], ["12 bytes", "2.0 KiB", "3.0 GiB"]);
    }
}
