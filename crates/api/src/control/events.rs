//! Events that happened elsewhere: lines of a file, recorded for the contacts they name.

use crate::v1::events;
use model::{Actor, ContactId, Happened};
use runtime::Handle;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Records rows; answers how many, and what is wrong with the others by their place.
pub(super) async fn import(handle: &Handle, rows: &[Json], import: &str) -> Json {
    let mut failed: Vec<(usize, String)> = Vec::new();
    let mut whose: BTreeMap<String, Option<ContactId>> = BTreeMap::new();
    let mut of: BTreeMap<ContactId, Vec<(usize, Happened, String)>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        match read(row, handle) {
            Err(why) => failed.push((at, why)),
            Ok((who, event)) => {
                if !whose.contains_key(&who) {
                    let found = handle.contact_of(&who).await;
                    whose.insert(who.clone(), found);
                }
                match whose.get(&who).copied().flatten() {
                    Some(contact) => of.entry(contact).or_default().push((at, event, row.to_string())),
                    None => failed.push((at, format!("there is no contact \"{who}\", or more than one"))),
                }
            }
        }
    }
    let by = Actor::Import(import.to_owned());
    let mut recorded = 0;
    let told = of.into_iter().map(|(contact, events)| {
        let by = by.clone();
        async move {
            // Under what is said: the same rows again, after a restart or by mistake, are recorded once.
            let mut said = Sha256::new();
            said.update(import);
            events.iter().for_each(|(at, _, text)| said.update(format!("{at} {text}")));
            let once = format!("import/{}", hex(&said.finalize()));
            let (places, events): (Vec<usize>, Vec<Happened>) = events.into_iter().map(|(at, event, _)| (at, event)).unzip();
            (places, handle.import_events(contact, events, once, by).await)
        }
    });
    for (places, done) in futures::future::join_all(told).await {
        match done {
            Ok(()) => recorded += places.len(),
            Err(why) => failed.extend(places.into_iter().map(|at| (at, why.to_string()))),
        }
    }
    failed.sort();
    let failed: Vec<Json> = failed.into_iter().map(|(at, why)| json!({ "row": at, "why": why })).collect();
    json!({ "recorded": recorded, "failed": failed, "at_rest": handle.is_at_rest() })
}

/// `{"contact": …, "name": …, "fields": {…}, "at": …}`: whose it is, and the event.
fn read(row: &Json, handle: &Handle) -> Result<(String, Happened), String> {
    let Json::Object(map) = row else { return Err("a line is an object: {\"contact\": …, \"name\": …, \"at\": …}".into()) };
    let mut event = map.clone();
    let who = match event.shift_remove("contact") {
        Some(Json::String(who)) if !who.trim().is_empty() => who.trim().to_owned(),
        Some(_) => return Err("contact is an id, channel:address, an e-mail address or a phone number, as text".into()),
        None => return Err("a line needs \"contact\": an id, channel:address, an e-mail address or a phone number".into()),
    };
    let now = handle.now();
    let told = events::one(Json::Object(event), now)?;
    let Some(at) = told.at else { return Err("an event that is imported needs \"at\", such as \"2026-03-02T10:00:00Z\"".into()) };
    Ok((who, Happened { name: told.name, fields: told.fields, at: at.min(now) }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
