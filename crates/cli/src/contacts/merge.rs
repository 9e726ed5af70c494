//! `contacts merge` and `contacts duplicates`: who is who, side by side before it is done, and how to undo it after.

use super::{cell, clean};
use crate::args::{DataArgs, MergeArgs};
use crate::{Exit, data, table};
use anyhow::bail;
use api::control::Request;
use serde_json::Value;

/// Merges two contacts, says what that would come to, or undoes it.
pub fn run(args: &MergeArgs) -> anyhow::Result<Exit> {
    let answer = match (&args.undo, &args.keep, &args.other) {
        (Some(merge), _, _) => {
            let answer = data::ask(&args.data, Request::ContactsUndoMerge { merge: merge.parse()? })?;
            say(args.json, &answer, || format!("{} and {} are two contacts again\n", cell(&answer["contact"]), cell(&answer["other"])));
            return Ok(Exit::Fine);
        }
        (None, Some(keep), Some(other)) => {
            let (keep, other) = (keep.parse()?, other.parse()?);
            data::ask(&args.data, Request::ContactsMerge { keep, other, preview: args.dry_run })?
        }
        (None, _, _) => bail!("name the contact that survives and the one that becomes part of it, or a merge to undo with --undo"),
    };
    if args.dry_run {
        say(args.json, &answer["preview"], || previewed(&answer["preview"]));
    } else {
        let merge = cell(&answer["merge"]);
        say(args.json, &answer, || {
            format!("merged into {}\nundo it with: switchboard contacts merge --undo {merge}\n", cell(&answer["contact"]))
        });
    }
    Ok(Exit::Fine)
}

/// Lists who else may be the same person.
pub fn duplicates(args: &DataArgs, id: &str, json: bool) -> anyhow::Result<Exit> {
    let answer = data::ask(args, Request::ContactsDuplicates { id: id.parse()? })?;
    say(json, &answer["duplicates"], || {
        let found = answer["duplicates"].as_array().map_or(&[][..], Vec::as_slice);
        if found.is_empty() {
            return "nobody seems to be the same person\n".to_owned();
        }
        let mut rows = vec![["ID", "NAME", "WHY", "AGAINST"].map(str::to_owned).to_vec()];
        let row = |one: &Value| ["contact", "name", "why", "warnings"].map(|key| cell(&one[key])).to_vec();
        rows.extend(found.iter().map(row));
        table::shown(&rows)
    });
    Ok(Exit::Fine)
}

fn say(json: bool, answer: &Value, text: impl FnOnce() -> String) {
    if json {
        println!("{answer:#}");
    } else {
        print!("{}", text());
    }
}

/// Side by side, with the winner of each field; fields that both say alike are left out.
fn previewed(preview: &Value) -> String {
    let side = |key: &str| format!("{} ({})", cell(&preview[key]["id"]), cell(&preview[key]["name"]));
    let mut out = format!("keeps: {}\ntakes: {}\n\n", side("keep"), side("other"));
    let mut rows = vec![["FIELD", "KEEPS", "TAKES", "AFTERWARDS"].map(str::to_owned).to_vec()];
    let fields = preview["fields"].as_array().map_or(&[][..], Vec::as_slice);
    for field in fields.iter().filter(|field| field["winner"] != "same") {
        rows.push(["name", "keep", "other", "after"].map(|key| cell(&field[key])).to_vec());
    }
    out.push_str(&table::shown(&rows));
    out.push('\n');
    let list = |key: &str, each: &dyn Fn(&Value) -> String| {
        preview[key].as_array().map_or(&[][..], Vec::as_slice).iter().map(each).collect::<Vec<_>>().join(", ")
    };
    let identifier = |one: &Value| {
        let proven = if one["verified"] == true { "verified" } else { "not verified" };
        format!("{} {} ({proven})", cell(&one["kind"]), cell(&one["value"]))
    };
    let consent = |one: &Value| format!("{} {}", if one["given"] == true { "agreed to" } else { "refused" }, cell(&one["topic"]));
    for (name, text) in [
        ("tags", list("tags", &cell)),
        ("lists", list("lists", &cell)),
        ("addresses", list("addresses", &cell)),
        ("known as", list("identifiers", &identifier)),
        ("consents", list("consents", &consent)),
    ] {
        if !text.is_empty() {
            out.push_str(&format!("{name}: {text}\n"));
        }
    }
    match preview["conversations"].as_u64().unwrap_or(0) {
        0 => {}
        1 => out.push_str("1 conversation goes over, with everything that runs in it\n"),
        count => out.push_str(&format!("{count} conversations go over, with everything that runs in them\n")),
    }
    for warning in preview["warnings"].as_array().map_or(&[][..], Vec::as_slice) {
        out.push_str(&format!("look first: {}\n", clean(warning.as_str().unwrap_or_default())));
    }
    out.push_str("nothing was changed\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_preview_shows_what_differs_side_by_side() {
        let preview = json!({
            "keep": { "id": "con_1", "name": "Ana" }, "other": { "id": "con_2", "name": "Visitor 2" },
            "fields": [
                { "name": "plan", "keep": "gold", "other": "free", "after": "gold", "winner": "keep" },
                { "name": "status", "keep": "active", "other": "active", "after": "active", "winner": "same" },
                { "name": "city", "keep": null, "other": "Bergen", "after": "Bergen", "winner": "other" },
            ],
            "tags": ["vip"], "lists": [], "addresses": ["web:v_1"], "consents": [{ "topic": "news", "given": false }],
            "identifiers": [{ "kind": "email", "value": "ana@shop.example", "verified": true }],
            "conversations": 1, "notes": 0, "warnings": ["their names differ"],
        });
        let text = previewed(&preview);
        assert!(text.contains("plan   gold   free    gold\ncity          Bergen  Bergen\n"), "{text}");
        assert!(
            !text.contains("status") && text.contains("known as: email ana@shop.example (verified)\nconsents: refused news\n"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "1 conversation goes over, with everything that runs in it\nlook first: their names differ\nnothing was changed\n"
            )
        );
    }
}
