//! Changing segments that are not in the bot's folder, and the lists of static ones (FL 8).
//!
//! **Invariants.** What is stored can be judged: a change that would leave a segment invalid is refused. Whatever something
//! else depends on is not deleted. A list is empty before its segment goes, and takes nobody who comes later; what was no list
//! becomes one with nobody on it.

use super::super::Handle;
use crate::{
    Stage, Whom, WriteError,
    core::segments::{TABLE, sizes},
};
use engine::{Bot, StoredSegment};
use expr::{Condition, Problem, did_you_mean};
use futures::{StreamExt as _, stream};
use model::{Actor, Change, ContactId, Instant};
use segments::{Origin, RuleKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::PoisonError;
use store::RecordPut;

/// Segments that are not in the folder.
const MOST: usize = 1_000;
/// The longest name of a segment, in characters.
pub const SEGMENT_NAME: usize = 128;
/// The longest description, in characters.
const DESCRIPTION: usize = 1_000;
/// Contacts put on a list or taken off at the same time.
const AT_ONCE: usize = 64;
/// The same in one call.
pub(crate) const LISTED: usize = 20_000;

/// A stored segment with its history in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// What it says.
    #[serde(flatten)]
    pub segment: StoredSegment,
    /// Who changed it last.
    pub by: Actor,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub changed_at: Instant,
    /// Grows by one with every change.
    pub version: u64,
}

impl SegmentRecord {
    /// Tells this state of the segment apart from any other, those of an earlier one of the same key included.
    pub fn tag(&self) -> String {
        format!("{}-{:x}", self.version, self.created_at.0)
    }
}

/// What somebody who changes a segment takes for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Anything,
    /// That there is none of this key.
    Absent,
    /// That there is one.
    Present,
    /// That it is as it was when this was its tag ([`SegmentRecord::tag`]); any of them.
    Tags(Vec<String>),
}

/// Why a segment was not changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SegmentError {
    /// There is none of this key.
    #[error("there is no segment \"{0}\"")]
    NotFound(String),
    /// There is one of this key.
    #[error("there is a segment \"{0}\" already; choose another key, or change that one")]
    Exists(String),
    /// It is written in the bot's folder.
    #[error("segment \"{0}\" is written in the bot's folder, in segments.yaml; change it there")]
    File(String),
    /// It is not as whoever changes it takes for granted.
    #[error("segment \"{0}\" was changed meanwhile; read it again, then change it")]
    Changed(String),
    /// Something depends on it.
    #[error("segment \"{key}\" is used by {}; change that first", used_by(segments, *triggers))]
    Used {
        /// Its key.
        key: String,
        /// The segments that look into it.
        segments: Vec<String>,
        /// How many triggers are being carried out for its members.
        triggers: usize,
    },
    /// It is a list with members.
    #[error("segment \"{key}\" has {size} {} on its list; take them off first", if *size == 1 { "contact" } else { "contacts" })]
    NotEmpty {
        /// Its key.
        key: String,
        /// How many.
        size: u64,
    },
    /// People cannot be put into it: it has a condition.
    #[error("segment \"{0}\" has a condition, which says who is in it; only static segments have a list")]
    NotAList(String),
    /// A field is wrong, in words.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The condition is wrong.
    #[error("the condition has {} {}", problems.len(), if problems.len() == 1 { "fault" } else { "faults" })]
    Condition {
        /// The text that ranges are about: as given, or the canonical text of a condition given as JSON.
        text: String,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A condition holds for more than are put on a list at once.
    #[error("it holds for {0} contacts; at most {LISTED} are put on a list at once")]
    TooMany(u64),
    /// Too many ask for everybody at once.
    #[error("too many conditions are being judged for everybody; try again in a moment")]
    Busy,
    /// Something about the store or the contact.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn used_by(segments: &[String], triggers: usize) -> String {
    let mut by: Vec<String> = segments.iter().map(|key| format!("segment \"{key}\"")).collect();
    match triggers {
        0 => {}
        1 => by.push("a trigger that is under way".to_owned()),
        n => by.push(format!("{n} triggers that are under way")),
    }
    by.join(", ")
}

fn field(field: &'static str, why: impl Into<String>) -> SegmentError {
    SegmentError::Field { field, why: why.into() }
}

impl Handle {
    /// Reads a condition over contacts, as text or in the JSON form; answers its canonical form and warnings. A tag or an event that
    /// somebody has is known, whoever gave it.
    ///
    /// # Errors
    /// [`SegmentError::Condition`].
    pub fn read_condition(&self, condition: &Value) -> Result<(Condition, Vec<Problem>), SegmentError> {
        let text = match condition {
            Value::String(text) => text.clone(),
            json => {
                Condition::text_of_json(json).map_err(|problem| SegmentError::Condition { text: String::new(), problems: vec![problem] })?
            }
        };
        let (bot, written) = (self.bot(), Value::String(text.clone()));
        let read = match bot.read_condition(&written) {
            Ok((condition, _)) if !bot.gives_all(&condition.references()) => bot.read_condition_among(&written, self.names_in_use()),
            read => read,
        };
        read.map_err(|problems| SegmentError::Condition { text, problems: problems.into_iter().filter(|p| !p.warning).collect() })
    }

    /// What is remembered of a segment that is not in the bot's folder.
    pub async fn stored_segment(&self, key: &str) -> Option<SegmentRecord> {
        let value = self.record(TABLE, key).await?;
        serde_json::from_value(value).ok()
    }

    /// Makes a segment or replaces the one of its key. Answered when it is durable; from then on it is the rule. Warnings
    /// about its condition come along.
    ///
    /// # Errors
    /// [`SegmentError`], nothing changed then.
    pub async fn put_segment(
        &self,
        mut segment: StoredSegment,
        expect: &Expect,
        by: Actor,
    ) -> Result<(SegmentRecord, Vec<Problem>), SegmentError> {
        let _turn = self.turns.changes.write().await;
        let (bot, now) = (self.bot(), self.now());
        let set = bot.set();
        let key = segment.key.clone();
        if !StoredSegment::is_key(&key) {
            return Err(field("key", format!("up to 64 letters, digits, - and _, not \"{}\"", key.chars().take(64).collect::<String>())));
        }
        if set.get(&key).is_some_and(|rule| rule.origin == Origin::File) {
            return Err(if *expect == Expect::Absent { SegmentError::Exists(key) } else { SegmentError::File(key) });
        }
        let known = self.stored_segment(&key).await;
        expected(&key, known.as_ref(), expect)?;
        if known.is_none() && bot.stored_segments().len() >= MOST {
            return Err(field("key", format!("there are {MOST} segments already; delete one that is not needed")));
        }
        plain("name", &segment.name, SEGMENT_NAME)?;
        if let Some(description) = &segment.description
            && (description.chars().count() > DESCRIPTION || description.chars().any(|c| c.is_control() && c != '\n'))
        {
            return Err(field("description", format!("at most {DESCRIPTION} characters")));
        }
        let mut warnings = Vec::new();
        if let Some(condition) = &segment.condition {
            let (condition, warned) = self.read_condition(condition)?;
            segment.condition = Some(Value::String(condition.to_string()));
            warnings = warned;
        }
        segment.exclude.sort();
        segment.exclude.dedup();
        for other in &segment.exclude {
            if set.get(other).is_none() {
                let keys = set.iter().map(|rule| rule.key.as_str());
                let hint = did_you_mean(other, keys).map(|key| format!("; did you mean \"{key}\"?")).unwrap_or_default();
                return Err(field("exclude", format!("there is no segment \"{other}\"{hint}")));
            }
        }
        // A list that became a rule and a list again would bring back who was on it.
        if segment.condition.is_some() {
            self.nobody_listed(&bot, &key)?;
        }
        let mut all: Vec<StoredSegment> = bot.stored_segments().iter().filter(|other| other.key != key).cloned().collect();
        all.push(segment.clone());
        let tried = bot.clone();
        let checked = tokio::task::spawn_blocking(move || tried.with_segments(&all)).await.map_err(|_| WriteError::Unavailable)?;
        if let Some(RuleKind::Invalid(why)) = checked.set().get(&key).map(|rule| &rule.kind) {
            return Err(field(if segment.condition.is_some() { "where" } else { "exclude" }, why.clone()));
        }
        if let Some((other, why)) = set.lost_in(checked.set()).next() {
            let why = format!("segment \"{other}\" could not be judged any more: {why}");
            return Err(field(if segment.condition.is_some() { "where" } else { "exclude" }, why));
        }
        let record = SegmentRecord {
            segment,
            by,
            created_at: known.as_ref().map_or(now, |known| known.created_at),
            changed_at: now,
            version: known.as_ref().map_or(1, |known| known.version.saturating_add(1)),
        };
        let value = serde_json::to_value(&record).map_err(|why| WriteError::Invalid(why.to_string()))?;
        // One of this key may have left people behind: a folder lost it, or the process ended while it went.
        if record.segment.condition.is_none() && bot.is_list(&key) != Some(true) {
            self.leave_nobody_listed(&key).await?;
        }
        let mut records = vec![RecordPut { table: TABLE.into(), key: key.clone(), value: Some(value) }];
        if known.is_none() {
            // There may have been another one of this key: how many were in that is nothing about this one.
            let name = key.clone();
            let forgotten = self.shell.read(move |store| sizes::forgotten(store, &name, now)).await;
            records.extend(forgotten.ok_or(WriteError::Unavailable)?);
        }
        self.put_records(records).await?;
        self.take_segments()?;
        if record.segment.condition.is_some() && bot.is_list(&key) == Some(true) {
            self.leave_nobody_listed(&key).await?;
        }
        Ok((record, warnings))
    }

    /// Deletes a segment that is not in the bot's folder. Answered when that is durable.
    ///
    /// # Errors
    /// [`SegmentError`], nothing changed then.
    pub async fn delete_segment(&self, key: &str, expect: &Expect) -> Result<(), SegmentError> {
        let _turn = self.turns.changes.write().await;
        let bot = self.bot();
        let set = bot.set();
        let rule = set.get(key);
        if rule.is_some_and(|rule| rule.origin == Origin::File) {
            return Err(SegmentError::File(key.to_owned()));
        }
        let known = self.stored_segment(key).await.ok_or_else(|| SegmentError::NotFound(key.to_owned()))?;
        expected(key, Some(&known), expect)?;
        let mut segments: Vec<String> = set.dependents(key).into_iter().map(str::to_owned).collect();
        // What cannot be judged now is still not to lose what it says.
        for other in bot.stored_segments() {
            let invalid = set.get(&other.key).is_some_and(|rule| matches!(rule.kind, RuleKind::Invalid(_)));
            if invalid && other.key != key && names(other, key) && !segments.contains(&other.key) {
                segments.push(other.key.clone());
            }
        }
        let asks = |audience: &crate::Audience| match (&audience.stage, &audience.whom) {
            (Stage::Finding { .. }, Whom::Where(text)) => {
                self.read_condition(&Value::String(text.clone())).is_ok_and(|(c, _)| c.references().segments.contains(key))
            }
            _ => false,
        };
        let triggers = self.audiences().await.iter().filter(|audience| asks(audience)).count();
        if !segments.is_empty() || triggers > 0 {
            return Err(SegmentError::Used { key: key.to_owned(), segments, triggers });
        }
        self.nobody_listed(&bot, key)?;
        self.put_record(TABLE, key, None).await?;
        self.take_segments()?;
        self.leave_nobody_listed(key).await
    }

    /// Nobody is on the list of a segment, if it is one. Somebody may be on it and not in it, for what else it asks.
    fn nobody_listed(&self, bot: &Bot, key: &str) -> Result<(), SegmentError> {
        match self.shell.ask(|core| core.listed(key)) {
            size @ 1.. if bot.is_list(key) == Some(true) => Err(SegmentError::NotEmpty { key: key.to_owned(), size }),
            _ => Ok(()),
        }
    }

    /// Takes everybody off a list that is none, also whom steps put there that had begun while it was one. Later steps put nobody there.
    async fn leave_nobody_listed(&self, key: &str) -> Result<(), SegmentError> {
        self.shell.landed().await;
        let ids = self.shell.ask(|core| core.listed_ids(key, usize::MAX));
        let each = ids.into_iter().map(|id| self.modify(id, vec![Change::RemoveFromList(key.to_owned())], Actor::System));
        let mut each = stream::iter(each).buffered(AT_ONCE);
        while let Some(done) = each.next().await {
            match done {
                // Gone meanwhile.
                Ok(()) | Err(WriteError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// There is a static segment of this key, which people are put into.
    ///
    /// # Errors
    /// [`SegmentError::NotAList`], [`SegmentError::NotFound`].
    pub fn list_of(&self, key: &str) -> Result<(), SegmentError> {
        match self.bot().is_list(key) {
            Some(true) => Ok(()),
            Some(false) => Err(SegmentError::NotAList(key.to_owned())),
            None => Err(SegmentError::NotFound(key.chars().take(64).collect())),
        }
    }

    /// Puts a contact on the list of a static segment, or takes them off. Answered when it is durable.
    ///
    /// # Errors
    /// [`SegmentError::NotAList`], [`SegmentError::NotFound`] for a segment, [`WriteError::NotFound`] for a contact.
    pub async fn set_listed(&self, key: &str, contact: ContactId, listed: bool, by: Actor) -> Result<(), SegmentError> {
        // Until it is durable the list is neither deleted nor made a rule.
        let _turn = self.turns.changes.read().await;
        self.list_of(key)?;
        let change = if listed { Change::AddToList(key.to_owned()) } else { Change::RemoveFromList(key.to_owned()) };
        Ok(self.modify(contact, vec![change], by).await?)
    }

    /// The same for several contacts, in this order; one answer for each.
    pub async fn set_all_listed(&self, key: &str, contacts: &[ContactId], listed: bool, by: &Actor) -> Vec<Result<(), SegmentError>> {
        let each = contacts.iter().copied().map(|contact| self.set_listed(key, contact, listed, by.clone()));
        stream::iter(each).buffered(AT_ONCE).collect().await
    }

    /// Puts everybody for whom a condition holds now on the list of a static segment: what the rule says is frozen. Those who are
    /// on it already stay. Answers how many were put there.
    ///
    /// # Errors
    /// As [`Self::set_listed`] and [`Self::preview`]; [`SegmentError::TooMany`] for one call.
    pub async fn freeze(&self, key: &str, condition: &Condition, by: &Actor) -> Result<u64, SegmentError> {
        let (page, total) = self.select(condition, None, LISTED).await?;
        if page.next.is_some() {
            return Err(SegmentError::TooMany(total));
        }
        let new: Vec<ContactId> = self.shell.ask(|core| page.ids.into_iter().filter(|id| !core.is_listed(*id, key)).collect());
        let mut put = 0;
        for done in self.set_all_listed(key, &new, true, by).await {
            match done {
                Ok(()) => put += 1,
                // Gone meanwhile.
                Err(SegmentError::Write(WriteError::NotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(put)
    }

    /// Takes everybody off the list of a static segment, up to a bound; answers how many are on it still.
    ///
    /// # Errors
    /// As [`Self::set_listed`].
    pub async fn empty_list(&self, key: &str, by: &Actor) -> Result<u64, SegmentError> {
        let mut off = 0;
        while off < LISTED {
            let ids = self.shell.ask(|core| core.listed_ids(key, AT_ONCE));
            if ids.is_empty() {
                break;
            }
            off += ids.len();
            for done in self.set_all_listed(key, &ids, false, by).await {
                match done {
                    // Gone meanwhile.
                    Ok(()) | Err(SegmentError::Write(WriteError::NotFound)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.shell.ask(|core| core.listed(key)))
    }

    /// What is durable holds from now on.
    fn take_segments(&self) -> Result<(), WriteError> {
        let shell = self.shell.clone();
        let read = self.shell.tell(move |core, now| {
            let read = core.read_segments(now);
            // Under the core's lock, so that the newest bot is the one everybody reads.
            *shell.bot.write().unwrap_or_else(PoisonError::into_inner) = core.bot();
            read
        });
        read.map_err(|error| {
            self.shell.fail(&error.to_string());
            WriteError::Unavailable
        })
    }
}

fn expected(key: &str, known: Option<&SegmentRecord>, expect: &Expect) -> Result<(), SegmentError> {
    match (expect, known) {
        (Expect::Anything | Expect::Absent, None) | (Expect::Anything | Expect::Present, Some(_)) => Ok(()),
        (Expect::Absent, Some(_)) => Err(SegmentError::Exists(key.to_owned())),
        (Expect::Present, None) => Err(SegmentError::NotFound(key.to_owned())),
        (Expect::Tags(tags), Some(known)) if tags.contains(&known.tag()) => Ok(()),
        (Expect::Tags(_), _) => Err(SegmentError::Changed(key.to_owned())),
    }
}

fn plain(what: &'static str, text: &str, most: usize) -> Result<(), SegmentError> {
    let fits = !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(field(what, format!("between 1 and {most} characters in one line"))) }
}

/// Whether the text of a segment that cannot be read names another one.
fn names(segment: &StoredSegment, key: &str) -> bool {
    let text = segment.condition.as_ref().and_then(Value::as_str).unwrap_or_default();
    let is_label = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let words: Vec<&str> = text.split(|c: char| !is_label(c)).filter(|word| !word.is_empty()).collect();
    let named = words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("segment") && pair[1] == key);
    named || segment.exclude.iter().any(|other| other == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(condition: &str, exclude: &[&str]) -> StoredSegment {
        StoredSegment {
            key: "a".into(),
            name: "A".into(),
            description: None,
            condition: Some(condition.into()),
            exclude: exclude.iter().map(|key| (*key).to_owned()).collect(),
            verified: false,
        }
    }

    #[test]
    fn what_a_condition_that_cannot_be_read_names_is_found_by_its_words() {
        assert!(names(&segment("gone = 1 and in segment vip", &[]), "vip"));
        assert!(names(&segment("(IN SEGMENT \"vip\") or gone = 1", &[]), "vip"));
        assert!(names(&segment("gone = 1", &["vip"]), "vip"));
        assert!(!names(&segment("gone = \"vip\"", &[]), "vip"));
        assert!(!names(&segment("in segment vip-2", &[]), "vip"));
    }

    #[test]
    fn a_tag_tells_versions_and_namesakes_apart() {
        let at = |created: i64, version| SegmentRecord {
            segment: segment("true", &[]),
            by: Actor::System,
            created_at: Instant(created),
            changed_at: Instant(5),
            version,
        };
        assert_eq!(at(1, 2).tag(), at(1, 2).tag());
        assert_ne!(at(1, 1).tag(), at(1, 2).tag());
        assert_ne!(at(1, 1).tag(), at(2, 1).tag(), "deleted and made anew");
        let known = at(1, 2);
        let tags = |tag: &str| Expect::Tags(vec![tag.to_owned()]);
        assert!(expected("a", Some(&known), &tags(&known.tag())).is_ok());
        for (known, expect) in [(Some(&known), tags("1-1")), (None, tags("1-1")), (None, Expect::Present), (Some(&known), Expect::Absent)] {
            assert!(expected("a", known, &expect).is_err(), "{expect:?}");
        }
    }
}
