//! `contacts list`: people in the order they came, page by page.

use super::{cell, time};
use crate::args::ListArgs;
use crate::{Exit, data};
use api::control::Request;
use serde_json::Value;

/// Lists them.
pub fn run(args: ListArgs) -> anyhow::Result<Exit> {
    let ListArgs { data, limit, after, json } = args;
    let after = after.map(|id| id.parse()).transpose()?;
    let answer = data::ask(&data, Request::ContactsList { after, limit: Some(limit.into()), find: None })?;
    let contacts = answer["contacts"].as_array().map_or(&[][..], Vec::as_slice);
    if json {
        contacts.iter().for_each(|contact| println!("{contact}"));
        return Ok(Exit::Fine);
    }
    match (contacts.is_empty(), after) {
        (true, None) => println!("nobody has written yet"),
        (true, Some(after)) => println!("nobody came after {after}"),
        (false, _) => print!("{}", table(contacts)),
    }
    if let Some(next) = answer["next_cursor"].as_str() {
        println!("there are more; go on with --after {next}");
    }
    Ok(Exit::Fine)
}

fn table(contacts: &[Value]) -> String {
    let head = ["ID", "NAME", "STATUS", "CHANNELS", "LAST SEEN (UTC)"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    for c in contacts {
        rows.push(vec![cell(&c["id"]), cell(&c["name"]), cell(&c["status"]), cell(&c["channels"]), time(&c["last_seen"])]);
    }
    let widths: Vec<usize> = (0..5).map(|i| rows.iter().map(|r| r[i].chars().count().min(40)).max().unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(c, w)| format!("{:<w$}", c.chars().take(40).collect::<String>(), w = *w)).collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}
