//! `contacts query`: everybody for whom a condition holds now.

use super::find;
use crate::args::QueryArgs;
use crate::{Exit, data, odd};
use api::control::Request;

/// Lists them.
pub fn run(args: QueryArgs) -> anyhow::Result<Exit> {
    let QueryArgs { data, condition, limit, after, json } = args;
    let after = after.map(|id| id.parse()).transpose()?;
    let answer = data::ask(&data, Request::ContactsQuery { condition: condition.clone(), after, limit: limit.into() })?;
    odd::tell(&condition, &answer);
    let contacts = answer["contacts"].as_array().cloned().unwrap_or_default();
    if json {
        contacts.iter().for_each(|contact| println!("{contact}"));
        return Ok(Exit::Fine);
    }
    if contacts.is_empty() && answer["next_cursor"].is_null() {
        println!("it holds for nobody");
        return Ok(Exit::Fine);
    }
    print!("{}", find::shown(&contacts));
    match answer["next_cursor"].as_str() {
        Some(next) => println!("it holds for {}; go on with --after {next}", answer["total"]),
        None => println!("it holds for {}", answer["total"]),
    }
    Ok(Exit::Fine)
}
