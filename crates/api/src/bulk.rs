//! What may be done to many contacts at once, what erasing them comes to, and which columns an export has: read from words,
//! checked against the bot.

use crm::export::Column;
use expr::Condition;
use model::{Change, ContactId, Value};
use runtime::{
    Frozen, Handle, SegmentError, WriteError,
    privacy::{Lingering, Preview},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The longest tag, in characters (FL 7.5).
const TAG: usize = 64;
/// Contacts up to whom it is counted what an erasure takes away.
const COUNTED: usize = 1_000;
/// Contacts whose names are told with a count.
const NAMES: usize = 5;

/// What erasing many comes to.
pub(crate) struct Toll {
    /// How many contacts.
    pub(crate) found: u64,
    /// Who they are, as [`runtime::Frozen::digest`] says it.
    pub(crate) people: String,
    /// Some of them, by name.
    pub(crate) sample: Vec<(ContactId, String)>,
    /// Of all of them together; none if they are too many to be counted out.
    pub(crate) sum: Option<Preview>,
    /// What stays for a while however many they are.
    pub(crate) lingering: Lingering,
}

/// What erasing everybody for whom a condition holds would come to.
///
/// # Errors
/// Those of [`Handle::frozen`].
pub(crate) async fn toll(handle: &Handle, condition: &Condition) -> Result<Toll, SegmentError> {
    let whom = handle.frozen(condition).await?;
    let (found, people) = (whom.found(), whom.digest().to_owned());
    let lingering = handle.erasure_leaves().await.ok_or(WriteError::Unavailable)?;
    let mut ids: Vec<ContactId> = whom.contacts().iter().take(COUNTED).copied().collect();
    let sum = if found > ids.len() as u64 {
        None
    } else {
        let mut sum = Preview { webhooks: lingering.webhooks, imports: lingering.imports, ..Preview::default() };
        for id in &ids {
            // Who went meanwhile has nothing that could go.
            let Some(of_one) = handle.erase_preview_with(*id, lingering).await else { continue };
            sum.goes.add(of_one.goes);
            sum.stops += of_one.stops;
            sum.suppressed += of_one.suppressed;
        }
        Some(sum)
    };
    ids.truncate(NAMES);
    let sample = handle.people_of(ids).await?.iter().map(|person| (person.contact.id, person.contact.display_name())).collect();
    Ok(Toll { found, people, sample, sum, lingering })
}

/// Why those for whom it holds now are not those who were counted; none if they are.
pub(crate) fn others(now: &Frozen, confirm: u64, people: &str) -> Option<String> {
    let found = now.found();
    if found != confirm {
        Some(format!("it holds for {found} contacts now, not for {confirm}; nobody was erased"))
    } else if now.digest() != people {
        Some(format!("it holds for {found} contacts, but not for those who were counted; nobody was erased"))
    } else {
        None
    }
}

/// What is done to each contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Tags to put on.
    pub tag: Vec<String>,
    /// Tags to take off.
    pub untag: Vec<String>,
    /// Attributes to set, by name; `null` takes a value away.
    pub set: Map<String, Json>,
    /// Static segments to put them in.
    pub add_to: Vec<String>,
    /// Static segments to take them out of.
    pub remove_from: Vec<String>,
}

impl Wanted {
    /// Whether it changes who is on a list.
    pub(crate) fn is_of_lists(&self) -> bool {
        !self.add_to.is_empty() || !self.remove_from.is_empty()
    }
}

/// The changes that are wanted.
///
/// # Errors
/// In words, which of them cannot be made.
pub(crate) fn changes(handle: &Handle, wanted: &Wanted) -> Result<Vec<Change>, String> {
    let (bot, now) = (handle.bot(), handle.now());
    let mut changes = Vec::new();
    let fits = |tag: &String| !tag.trim().is_empty() && tag.trim().chars().count() <= TAG && !tag.chars().any(char::is_control);
    if !wanted.tag.iter().chain(&wanted.untag).all(fits) {
        return Err(format!("a tag has 1 to {TAG} characters in one line"));
    }
    changes.extend(wanted.tag.iter().map(|tag| Change::AddTag(tag.trim().to_owned())));
    changes.extend(wanted.untag.iter().map(|tag| Change::RemoveTag(tag.trim().to_owned())));
    for (name, value) in &wanted.set {
        match Value::from_json(value) {
            Some(value) => changes.push(Change::SetAttribute(name.clone(), bot.read_attribute(name, &value, now)?)),
            None if bot.attributes().iter().any(|declared| declared.name == *name) => changes.push(Change::UnsetAttribute(name.clone())),
            None => return Err(format!("there is no attribute \"{name}\"; bot.yaml declares them under attributes")),
        }
    }
    for list in wanted.add_to.iter().chain(&wanted.remove_from) {
        if handle.list_of(list).is_err() {
            return Err(format!("there is no static segment \"{list}\""));
        }
    }
    changes.extend(wanted.add_to.iter().map(|list| Change::AddToList(list.clone())));
    changes.extend(wanted.remove_from.iter().map(|list| Change::RemoveFromList(list.clone())));
    if changes.is_empty() {
        return Err("say what is to be done: tags, attributes or static segments".into());
    }
    Ok(changes)
}

/// The columns of an export by their names; the usual ones if there are none.
///
/// # Errors
/// In words, which of them there is none of.
pub(crate) fn columns(handle: &Handle, names: &[String]) -> Result<Vec<Column>, String> {
    let bot = handle.bot();
    if names.is_empty() {
        return Ok(Column::usual(bot.attributes()));
    }
    let column = |name: &String| {
        Column::named(name, bot.attributes())
            .ok_or_else(|| format!("there is no column \"{name}\": id, external, email, phone, tags, status, source, first_seen, last_seen, attributes and system attributes can be exported"))
    };
    names.iter().map(column).collect()
}
