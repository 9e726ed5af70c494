//! `keys`: programs that may use the HTTP API, through the running server or in a stopped one's data.

use crate::args::KeysCommand;
use crate::{Exit, data, table};
use api::control::Request;
use model::Instant;
use serde_json::Value;

/// Makes a key, lists keys, or revokes one.
pub fn run(command: KeysCommand) -> anyhow::Result<Exit> {
    match command {
        KeysCommand::Create { data, name, scopes, per_minute, json } => {
            // As people write lists: `--scope a --scope b` and `--scope a,b`.
            let scopes = scopes.iter().flat_map(|s| s.split(',')).map(|s| s.trim().to_owned()).collect();
            let answer = data::ask(&data, Request::KeysCreate { name, scopes, per_minute })?;
            if json {
                println!("{answer}");
            } else {
                println!("{} may {}", text(&answer["key"]["name"]), scopes_of(&answer["key"]));
                println!("key (shown once): {}", text(&answer["token"]));
            }
        }
        KeysCommand::List { data, json } => {
            let answer = data::ask(&data, Request::KeysList {})?;
            let keys = answer["keys"].as_array().cloned().unwrap_or_default();
            if json {
                keys.iter().for_each(|key| println!("{key}"));
            } else {
                print!("{}", shown(&keys));
            }
        }
        KeysCommand::Revoke { data, key, json } => {
            let answer = data::ask(&data, Request::KeysRevoke { key })?;
            if json {
                println!("{}", answer["key"]);
            } else {
                println!("{} opens nothing any more", text(&answer["key"]["name"]));
            }
        }
    }
    Ok(Exit::Fine)
}

/// Text that cannot move the cursor or change the terminal.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

fn scopes_of(key: &Value) -> String {
    key["scopes"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ")
}

fn time(value: &Value) -> Option<String> {
    Some(Instant::from_millis(value.as_i64()?).to_timestamp().strftime("%Y-%m-%d %H:%M").to_string())
}

fn shown(keys: &[Value]) -> String {
    if keys.is_empty() {
        return "there are no keys; make one with \"switchboard keys create NAME --scope SCOPE\"\n".into();
    }
    let mut rows = vec![["ID", "NAME", "CREATED (UTC)", "LAST USED (UTC)", "SCOPES"].map(str::to_owned).to_vec()];
    for key in keys {
        let used = match (time(&key["revoked_at"]), time(&key["last_used"])) {
            (Some(revoked), _) => format!("revoked {revoked}"),
            (None, Some(used)) => used,
            (None, None) => "never".into(),
        };
        rows.push(vec![
            format!("sbk_{}", text(&key["id"])),
            text(&key["name"]),
            time(&key["created_at"]).unwrap_or_default(),
            used,
            scopes_of(key),
        ]);
    }
    table::shown(&rows)
}
