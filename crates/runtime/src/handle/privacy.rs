//! What is kept about a person, taking it away, and what they agreed to.

use super::{Came, Handle};
use crate::{
    Audience, WriteError,
    core::erase::Remembered,
    privacy::{Erasure, Lingering, Preview, Progress, TABLE, gather, record},
};
use crm::erase::{Marks, Suppression, hashes_of};
use model::{Actor, ContactId, Person};
use std::sync::{Arc, Mutex, PoisonError};
use store::RecordPut;

/// How often an erasure is prepared anew because the person changed meanwhile; then whatever they are is erased.
const TRIES: u32 = 8;

/// What was written with an erasure, and the hashes of what the person was reached by.
type Told = Arc<Mutex<Option<(Erasure, Vec<String>)>>>;

impl Handle {
    /// What erasing a contact would take away, and what would stay; none if there is no such contact.
    pub async fn erase_preview(&self, contact: ContactId) -> Option<Preview> {
        let lingering = self.erasure_leaves().await?;
        self.erase_preview_with(contact, lingering).await
    }

    /// What stays for a while whoever is erased; none if the store cannot be read.
    pub async fn erasure_leaves(&self) -> Option<Lingering> {
        let imports = self.import_files().await?;
        Some(Lingering { webhooks: self.shell.ask(crate::core::Core::told_of_erasures), imports })
    }

    /// The same as [`Self::erase_preview`], with what [`Self::erasure_leaves`] answered.
    pub async fn erase_preview_with(&self, contact: ContactId, lingering: Lingering) -> Option<Preview> {
        let gathered = self.shell.read(move |store| gather::gather(store, contact)).await.flatten()?;
        let (of, salt) = (&gathered.person.contact, self.shell.ask(|core| core.salt()));
        let suppressed = Suppression::of(of, self.now()).map_or(0, |_| hashes_of(of, &salt).len());
        let Lingering { webhooks, imports } = lingering;
        Some(Preview { goes: gathered.counts, stops: gathered.stops, suppressed: suppressed as u64, webhooks, imports })
    }

    /// Erases a contact, and those merged into it, with everything that is kept about them. Answered when they are gone,
    /// durably: nothing leaves for them from then on, and nothing leads to them. What the disk still holds of before goes with
    /// a compaction that this schedules; the certificate says when it has.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] if there is no such contact; [`WriteError::Unavailable`] if it cannot be done now.
    pub async fn erase(&self, contact: ContactId, by: Actor) -> Result<Erasure, WriteError> {
        let erasure = self.erase_for(contact, by, None).await?;
        if self.is_at_rest() {
            // Nobody else does it.
            self.compact().await?;
            return self.erasure(&erasure.id).await.ok_or(WriteError::Unavailable);
        }
        Ok(erasure)
    }

    /// Erases one of many. Whoever is part of somebody else by now is left: that one was not meant.
    pub(crate) async fn erase_one_of(&self, many: &Audience, contact: ContactId) -> Came {
        match self.shell.read(move |store| store.person(contact)).await {
            None => return Came::Later,
            Some(None) => return Came::Done,
            Some(Some(person)) if person.contact.is_merged_away() => return Came::Left,
            Some(Some(_)) => {}
        }
        match self.erase_for(contact, many.by.clone(), Some(many.id.clone())).await {
            Ok(_) | Err(WriteError::NotFound) => Came::Done,
            Err(WriteError::Unavailable | WriteError::Changed | WriteError::TooMany) => Came::Later,
            Err(WriteError::Parked | WriteError::Invalid(_)) => Came::Left,
        }
    }

    /// Erases a contact; `of` is the erasure of many that it is one of.
    async fn erase_for(&self, contact: ContactId, by: Actor, of: Option<String>) -> Result<Erasure, WriteError> {
        let gathered = self.shell.read(move |store| gather::gather(store, contact)).await.ok_or(WriteError::Unavailable)?;
        let contact = gathered.ok_or(WriteError::NotFound)?.person.contact.id;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| WriteError::Unavailable)?;
        let id = bytes.iter().fold("era_".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        let erasure = Erasure {
            id,
            at: self.now(),
            by,
            of,
            hash: self.shell.ask(|core| core.salt()).hash("contact", &contact.to_string()),
            counts: Default::default(),
            suppressed: 0,
            rows: 0,
            files: 0,
            webhooks: 0,
            imports: 0,
            progress: Progress::Asked { contact },
        };
        let erased = {
            let _mine = self.shell.promises.mine(&erasure.id);
            self.put_all(vec![record(&erasure)]).await?;
            self.erase_as(erasure, contact).await
        };
        self.shell.promises.asked.notify_one();
        erased
    }

    /// Carries out an erasure that was asked for.
    pub(crate) async fn erase_as(&self, erasure: Erasure, contact: ContactId) -> Result<Erasure, WriteError> {
        for attempt in 1..=TRIES {
            let gathered = self.shell.read(move |store| gather::gather(store, contact)).await.ok_or(WriteError::Unavailable)?;
            // One of many who became part of somebody else is not meant any more.
            let meant = |gathered: &gather::Gathered| erasure.of.is_none() || gathered.person.contact.id == contact;
            let Some(gathered) = gathered.filter(meant) else {
                // Somebody else erased them meanwhile. Where that was this very erasure its certificate is of the same commit.
                let is_asked = |known: &Erasure| matches!(known.progress, Progress::Asked { .. });
                if self.erasure(&erasure.id).await.as_ref().is_some_and(is_asked) {
                    self.put_record(TABLE, &erasure.id, None).await?;
                }
                return Err(WriteError::NotFound);
            };
            let salt = self.shell.ask(|core| core.salt());
            let known = self.shell.ask(|core| core.remembers(&hashes_of(&gathered.person.contact, &salt)));
            let version = (attempt < TRIES).then_some(gathered.person.version);
            let (id, others, now) = (gathered.person.contact.id, gathered.others, self.now());
            let Lingering { webhooks, imports } = self.erasure_leaves().await.ok_or(WriteError::Unavailable)?;
            let draft = Erasure { counts: gathered.counts, webhooks, imports, ..erasure.clone() };
            let (blobs, before, store) = (gathered.blobs, gathered.person, self.shell.store.clone());
            let told = Told::default();
            let tell = told.clone();
            let remembered: Remembered = Arc::new(move |person: &Person| {
                let mut marks = Marks::of(person);
                marks.extend(others.clone());
                let kept = Suppression::of(&person.contact, now);
                let hashes = hashes_of(&person.contact, &salt);
                let value = kept.as_ref().map(|kept| serde_json::to_value(kept).expect("a suppression is plain data"));
                let mut records: Vec<RecordPut> = Vec::new();
                if kept.is_some() || known {
                    let put = |hash: &String| RecordPut {
                        table: crate::core::suppression::TABLE.into(),
                        key: hash.clone(),
                        value: value.clone(),
                    };
                    records.extend(hashes.iter().map(put));
                }
                let suppressed = if kept.is_some() { hashes.len() as u64 } else { 0 };
                let mut blobs = blobs.clone();
                if person.version != before.version {
                    // Whatever they are by now is erased: a little came since. A store that cannot be read takes no commit either.
                    blobs.extend(gather::files_since(&*store, &before, person).unwrap_or_default());
                }
                let progress = Progress::Sweeping { marks: Box::new(marks), blobs };
                let erasure = Erasure { suppressed, progress, ..draft.clone() };
                records.push(record(&erasure));
                *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some((erasure, hashes));
                records
            });
            match self.shell.erase(id, version, remembered).await {
                Ok(_) => {
                    let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let (erasure, hashes) = told.ok_or(WriteError::Unavailable)?;
                    self.shell.tell(|core, _| core.remember(&hashes, erasure.suppressed > 0));
                    return Ok(erasure);
                }
                Err(crate::core::Refusal::Changed) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(WriteError::Changed)
    }

    /// The certificate of an erasure, by its id.
    pub async fn erasure(&self, id: &str) -> Option<Erasure> {
        serde_json::from_value(self.record(TABLE, id).await?).ok()
    }

    /// Stores records in one commit.
    pub(crate) async fn put_all(&self, records: Vec<RecordPut>) -> Result<(), WriteError> {
        self.shell.put_records(records).await.map_err(|_| WriteError::Unavailable)
    }
}
