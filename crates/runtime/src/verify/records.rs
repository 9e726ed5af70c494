//! Records: whether each is what its table holds.

use super::{Told, across::Across};
use crate::{
    ApiKey, Audience, Import, MergeRecord, Webhook,
    agent::{self, Agent},
    core::{
        audience::{PAGES, TABLE as AUDIENCES},
        globals, segments as stored, suppression, webhooks,
    },
    handle, imports, privacy,
    privacy::{Erasure, Progress},
};
use crm::erase::Suppression;
use model::{AttributeType, ContactId};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a record as what its table holds.
fn read<T: DeserializeOwned>(table: &str, key: &str, value: Value, told: &mut Told) -> Option<T> {
    match serde_json::from_value(value) {
        Ok(read) => Some(read),
        Err(why) => {
            told.tell(table, key, format!("it is not what this table holds: {why}"));
            None
        }
    }
}

/// A record is kept under its own id.
fn named(table: &str, key: &str, id: &str, told: &mut Told) {
    if key != id {
        told.tell(table, key, format!("it says that it is {id}"));
    }
}

/// Looks at a record. Of tables that are not known here it is enough that they can be read.
pub(super) fn check(table: &str, key: &str, value: Value, across: &mut Across, told: &mut Told) {
    match table {
        agent::TABLE => {
            if let Some(agent) = read::<Agent>(table, key, value, told) {
                named(table, key, &agent.id.to_string(), told);
                across.has_agent(agent.id);
            }
        }
        AUDIENCES => {
            if let Some(audience) = read::<Audience>(table, key, value, told) {
                named(table, key, &audience.id, told);
                across.audience(&audience);
            }
        }
        PAGES => {
            if read::<Vec<ContactId>>(table, key, value, told).is_some() {
                across.page(key);
            }
        }
        imports::TABLE => {
            if let Some(import) = read::<Import>(table, key, value, told) {
                named(table, key, &import.id, told);
            }
        }
        privacy::TABLE => {
            if let Some(erasure) = read::<Erasure>(table, key, value, told) {
                named(table, key, &erasure.id, told);
                if let Progress::Sweeping { marks, .. } = &erasure.progress {
                    across.erased(key, marks.ids.iter());
                }
            }
        }
        crm::merge::TABLE => {
            if let Some(merge) = read::<MergeRecord>(table, key, value, told) {
                named(table, key, &merge.id.to_string(), told);
            }
        }
        suppression::TABLE => {
            if key.is_empty() || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
                told.tell(table, key, "its key is no hash");
            }
            let _: Option<Suppression> = read(table, key, value, told);
        }
        webhooks::TABLE => {
            if let Some(hook) = read::<Webhook>(table, key, value, told) {
                named(table, key, &hook.id, told);
                across.has_webhook(hook.id);
            }
        }
        stored::TABLE => drop(read::<engine::StoredSegment>(table, key, value, told)),
        handle::attributes::TYPES => drop(read::<AttributeType>(table, key, value, told)),
        handle::keys::TABLE => drop(read::<ApiKey>(table, key, value, told)),
        globals::TABLE => drop(read::<model::Value>(table, key, value, told)),
        _ => {
            if let Some((queue, hook)) = table.split_once('/').filter(|(kind, _)| matches!(*kind, "webhook_queue" | "webhook_log")) {
                if u64::from_str_radix(key, 16).is_err() {
                    told.tell(table, key, "its key is no number");
                }
                across.told(queue, hook);
            }
        }
    }
}
