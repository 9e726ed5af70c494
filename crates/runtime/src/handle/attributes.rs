//! Declared attributes and what is stored under them: how many contacts have a value, and whether the values still fit when the
//! declaration changes.
//!
//! The types that values were stored under are kept as records. A bot whose attribute has another type is taken only if every stored
//! value fits the new one, or says the same in it (`41` as a number and as a text): then the values are rewritten, quietly. Anything
//! else would leave conditions that ask for values they cannot see.

use super::Handle;
use engine::Bot;
use futures::StreamExt as _;
use model::{Actor, AttributeDef, AttributeType, Change, ContactId, InboxItem, Instant, Value};
use segments::Snapshot;
use std::{collections::BTreeMap, fmt};
use store::{Commit, RecordPut, Store};

/// The table of the types that values were stored under, by attribute.
pub(crate) const TYPES: &str = "attribute_types";
/// The code of values that do not fit: `docs/errors/E0350.md`.
const MISFIT: &str = "E0350";
/// Contacts named of each attribute.
const EXAMPLES: usize = 5;
/// The longest value shown, in characters.
const SHOWN: usize = 40;
/// Contacts whose values are rewritten at the same time.
const AT_ONCE: usize = 64;

/// Values of one attribute that its declared type cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The attribute.
    pub name: String,
    /// The type the values were stored under.
    pub was: String,
    /// The declared type.
    pub is: String,
    /// How many contacts have a value that does not fit.
    pub contacts: u64,
    /// The first of them, and their values; none of personal data.
    pub examples: Vec<(ContactId, Option<String>)>,
}

/// Why a bot cannot be taken: stored values do not fit what it declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfits(pub Vec<Misfit>);

impl std::error::Error for Misfits {}

impl Misfit {
    /// What is wrong, without anybody's name or value.
    fn summary(&self) -> String {
        let Self { name, was, is, contacts, examples: _ } = self;
        let (people, have) = if *contacts == 1 { ("contact", "has") } else { ("contacts", "have") };
        format!(
            "attributes.{name} in bot.yaml was {was} and is declared as {is}, and {contacts} {people} {have} a value that is none ({MISFIT})"
        )
    }
}

impl Misfits {
    /// What is wrong, without anybody's name or value: for places where others may read it.
    pub fn summary(&self) -> String {
        self.0.iter().map(Misfit::summary).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, misfit) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: ", misfit.summary())?;
            for (at, (contact, value)) in misfit.examples.iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                match value {
                    Some(value) => write!(f, "{comma}{contact} ({value:?})")?,
                    None => write!(f, "{comma}{contact}")?,
                }
            }
            if (misfit.examples.len() as u64) < misfit.contacts {
                f.write_str(", …")?;
            }
            f.write_str(
                "; give it its type back, change or clear these values, then change the type, or declare a new attribute beside it",
            )?;
        }
        Ok(())
    }
}

/// What is left to do when a bot is taken: values to rewrite, types to remember.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeChanges {
    /// Each with what it says in the new type.
    rewrite: Vec<(ContactId, String, Value)>,
    remember: Vec<(String, AttributeType)>,
}

impl TypeChanges {
    /// How many values are rewritten.
    pub fn values(&self) -> usize {
        self.rewrite.len()
    }

    /// The records of the types.
    fn records(&self) -> Vec<RecordPut> {
        let put = |(name, ty): &(String, AttributeType)| {
            let value = serde_json::to_value(ty).expect("a type is plain data");
            RecordPut { table: TYPES.into(), key: name.clone(), value: Some(value) }
        };
        self.remember.iter().map(put).collect()
    }

    /// Remembers the types if no value has to be rewritten first; answers what is left to do.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn settle(self, store: &dyn Store) -> Result<Self, store::Error> {
        if self.remember.is_empty() || !self.rewrite.is_empty() {
            return Ok(self);
        }
        store::commit_blocking(store, Commit { person: None, records: self.records(), ..Commit::default() })?;
        Ok(Self::default())
    }
}

/// The types that values were stored under.
///
/// # Errors
/// Those of reading.
pub(crate) fn known_types(store: &dyn Store) -> Result<BTreeMap<String, AttributeType>, store::Error> {
    let rows = store.records(TYPES)?;
    // What cannot be read is as if it was not known: the values are looked at.
    Ok(rows.into_iter().filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?))).collect())
}

/// Holds what is stored against what a bot declares.
///
/// # Errors
/// [`Misfits`] if a type changed to one that some values do not fit.
pub(crate) fn compare(
    bot: &Bot,
    known: &BTreeMap<String, AttributeType>,
    everybody: &Snapshot,
    now: Instant,
) -> Result<TypeChanges, Misfits> {
    let (mut changes, mut misfits) = (TypeChanges::default(), Vec::new());
    for declared in bot.attributes() {
        let was = known.get(&declared.name);
        if was == Some(&declared.ty) {
            continue;
        }
        changes.remember.push((declared.name.clone(), declared.ty.clone()));
        // What was stored before types were remembered is taken as it is.
        let Some(was) = was else { continue };
        let (mut contacts, mut examples) = (0, Vec::new());
        everybody.values_of(&declared.name, |contact, value| match read_as(bot, declared, value, now) {
            Some(same) if same == *value => {}
            Some(other) => changes.rewrite.push((contact, declared.name.clone(), other)),
            None => {
                contacts += 1;
                if examples.len() < EXAMPLES {
                    examples.push((contact, (!declared.personal).then(|| plain(value).chars().take(SHOWN).collect())));
                }
            }
        });
        if contacts > 0 {
            let (was, is) = (was.to_string(), declared.ty.to_string());
            misfits.push(Misfit { name: declared.name.clone(), was, is, contacts, examples });
        }
    }
    if misfits.is_empty() { Ok(changes) } else { Err(Misfits(misfits)) }
}

/// A value as the declared type holds it, if it says the same then: read back it is what it was.
fn read_as(bot: &Bot, declared: &AttributeDef, value: &Value, now: Instant) -> Option<Value> {
    let read = bot.read_attribute(&declared.name, value, now).ok()?;
    if read == *value {
        return Some(read);
    }
    match (value, read) {
        (Value::Time(_) | Value::Duration(_) | Value::Money(_) | Value::List(_) | Value::Record(_), _) => None,
        // What a text shows to people may be less than the value: a point in time to the minute, in the bot's zone.
        (_, Value::Text(_)) if declared.ty == AttributeType::Text => Some(Value::Text(plain(value))),
        (_, read) => (plain(&read) == plain(value)).then_some(read),
    }
}

/// A value as a text.
fn plain(value: &Value) -> String {
    match value.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

impl Handle {
    /// How many contacts have a value of each stored attribute, by its name: also of those that are declared no more.
    pub async fn attribute_counts(&self) -> BTreeMap<String, u64> {
        let everybody = self.shell.ask(crate::core::Core::snapshot);
        // Only a shutdown ends it before it answers.
        tokio::task::spawn_blocking(move || everybody.attribute_counts()).await.unwrap_or_default()
    }

    /// Whether everything that is stored fits what a bot declares; to be asked before [`Handle::reload`], and what it answers to be given
    /// to [`Handle::take_types`] afterwards.
    ///
    /// # Errors
    /// [`Misfits`] if a type changed to one that some values do not fit: the bot is not to be taken.
    pub async fn check_types(&self, bot: &std::sync::Arc<Bot>) -> Result<TypeChanges, Misfits> {
        let (bot, now) = (bot.clone(), self.now());
        let everybody = self.shell.ask(crate::core::Core::snapshot);
        let compared = self.shell.read(move |store| Ok(compare(&bot, &known_types(store)?, &everybody, now))).await;
        // A store that cannot be read has stopped everything by then.
        compared.unwrap_or_else(|| Ok(TypeChanges::default()))
    }

    /// Rewrites values that say the same in their new type, and remembers the types. What a crash interrupts is found and done again at
    /// the next start.
    pub async fn take_types(&self, changes: TypeChanges) {
        let records = changes.records();
        let rewritten = futures::stream::iter(changes.rewrite).map(|(contact, name, value)| async move {
            // Who changed it meanwhile wrote the new type already; who is gone needs nothing.
            let Ok(person) = self.person(contact).await else { return false };
            let fits =
                person.is_none_or(|person| person.contact.attributes.get(&name).is_none_or(|now| now.type_name() == value.type_name()));
            fits || self.shell.item(contact, retyped(name, value), None).await.is_ok()
        });
        let all = rewritten.buffer_unordered(AT_ONCE).all(std::future::ready).await;
        if !all {
            return tracing::warn!("some values could not be rewritten by their attribute's new type; the next start does it");
        }
        for RecordPut { table, key, value } in records {
            if let Err(why) = self.put_record(&table, &key, value).await {
                return tracing::warn!("the type of {key} could not be remembered: {why}");
            }
        }
    }
}

fn retyped(name: String, value: Value) -> InboxItem {
    InboxItem::Modify { changes: vec![Change::SetAttribute(name, value)], by: Actor::System }
}
