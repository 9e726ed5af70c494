//! `contacts find --messages`: people by what was said in their chats.

use super::{clean, text, time};
use crate::args::FindArgs;
use crate::{Exit, data, table};
use api::control::Request;
use serde_json::Value;
use std::io::IsTerminal as _;

/// What stands around a word that was found, where that can be shown.
const MARK: (&str, &str) = ("\u{1b}[1m", "\u{1b}[0m");

/// Finds them.
pub(super) fn run(args: &FindArgs) -> anyhow::Result<Exit> {
    let words = args.text.join(" ");
    let ask = Request::ContactsSaid { text: words.clone(), limit: args.limit.into(), cursor: args.after.clone() };
    let answer = data::ask(&args.data, ask)?;
    let found = answer["found"].as_array().cloned().unwrap_or_default();
    if args.json {
        found.iter().for_each(|line| println!("{line}"));
        return Ok(Exit::Fine);
    }
    let next = answer["next_cursor"].as_str();
    if found.is_empty() && next.is_none() {
        println!("nobody said \"{}\"", clean(&words));
    } else if !found.is_empty() {
        print!("{}", shown(&found, std::io::stdout().is_terminal()));
    }
    if let Some(next) = next {
        println!("there may be more: --after {next}");
    }
    if answer["complete"] == false {
        println!("older messages are still being read; some may be missing");
    }
    Ok(Exit::Fine)
}

/// Who said what, and when.
fn shown(found: &[Value], marked: bool) -> String {
    let mut rows = vec![["ID", "NAME", "WHEN (UTC)", "WHO", "SAID"].map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(|line| {
        let (contact, message) = (&line["contact"], &line["message"]);
        vec![text(&contact["id"]), text(&contact["name"]), time(&message["at"]), text(&message["from"]), excerpt(&line["excerpt"], marked)]
    }));
    table::shown(&rows)
}

fn excerpt(pieces: &Value, marked: bool) -> String {
    let piece = |piece: &Value| match text(&piece["text"]) {
        said if marked && piece["hit"] == true => format!("{}{said}{}", MARK.0, MARK.1),
        said => said,
    };
    pieces.as_array().into_iter().flatten().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_says_who_when_and_what() {
        let found = json!([{
            "contact": { "id": "con_1", "name": "José \u{7}Núñez" },
            "message": { "at": "2026-11-20T17:02:09Z", "from": "customer" },
            "excerpt": [{ "text": "my ", "hit": false }, { "text": "order", "hit": true }, { "text": "\u{1b}[2J?", "hit": false }],
        }]);
        assert_eq!(
            shown(found.as_array().unwrap(), false),
            "ID     NAME         WHEN (UTC)        WHO       SAID\ncon_1  José  Núñez  2026-11-20 17:02  customer  my order [2J?\n"
        );
        assert!(shown(found.as_array().unwrap(), true).contains("my \u{1b}[1morder\u{1b}[0m [2J?"));
    }
}
