//! The directory in the core: what everybody is called and known by, kept equal to what is durable ([`crm::directory`]).
//!
//! It is fed where the columns are fed, row for row. Whatever is looked up is held against the record before it is told, so an answer is
//! exact even while values of a newly watched attribute are still being added.

use super::{Core, CoreError};
use crm::directory::{Directory, Key, Snapshot, Watch, bears, is_called_the_same};
use engine::Programs as _;
use model::{Contact, ContactId, IdentifierKind, Value};

impl Core {
    /// An empty directory that watches what the bot declares.
    pub(super) fn begin_directory(&mut self) {
        self.directory = Directory::new(self.salt);
        let bot = self.programs.current().clone();
        for watch in bot.attributes().iter().filter_map(Watch::of) {
            self.directory.watch(watch);
        }
    }

    /// The bot changed: attributes that name people from now on are looked up by as well.
    pub(super) fn directory_reloaded(&mut self) {
        let bot = self.programs.current().clone();
        let new: Vec<Watch> = bot.attributes().iter().filter_map(Watch::of).filter(|watch| !self.directory.is_watched(watch)).collect();
        for watch in new {
            self.directory.watch(watch.clone());
            let everybody = self.segments.book().snapshot();
            for (row, value) in everybody.attribute(&watch.attribute) {
                self.directory.add_values(&watch, [(row, &*value)]);
            }
        }
    }

    /// A commit that changed a contact is durable, and the columns have it.
    pub(super) fn directory_landed(&mut self, before: Option<&Contact>, now: &Contact) {
        let Some(row) = self.segments.book().row_of(now.id) else { return };
        match before {
            Some(before) if is_called_the_same(before, now, self.directory.watches()) => self.directory.touch(row, now.last_seen),
            Some(_) | None => self.directory.put(row, now),
        }
    }

    /// A contact was erased: to be called before the columns forget them.
    pub(super) fn directory_forget(&mut self, id: ContactId) {
        if let Some(row) = self.segments.book().row_of(id) {
            self.directory.forget(row);
        }
    }

    /// What everybody is called now, to be searched elsewhere.
    pub(crate) fn everybody_called(&self) -> Snapshot {
        self.directory.snapshot(self.segments.book().rows())
    }

    /// From now on the values of an attribute are keys; answers whether that is new, and those that are there are still to be added.
    pub(crate) fn watch(&mut self, watch: Watch) -> bool {
        self.directory.watch(watch)
    }

    /// Adds values of a watched attribute, by row.
    pub(crate) fn add_key_values(&mut self, watch: &Watch, values: &[(u32, Value)]) {
        self.directory.add_values(watch, values.iter().map(|(row, value)| (*row, value)));
    }

    /// Who seems to bear each of these keys: to be held against their records.
    pub(crate) fn candidates(&self, keys: &[Key]) -> Vec<Vec<ContactId>> {
        let rows = self.segments.book().rows();
        keys.iter().map(|key| self.directory.candidates(key).into_iter().filter_map(|row| rows.id(row)).collect()).collect()
    }

    /// The contacts that are known by this, as durable now.
    ///
    /// # Errors
    /// The store's, if a record cannot be read.
    pub fn bearers(&self, kind: IdentifierKind, value: &str) -> Result<Vec<ContactId>, CoreError> {
        let key = Key::Known(kind, value.to_owned());
        let bot = self.programs.current();
        let mut bearers = Vec::new();
        for id in self.candidates(std::slice::from_ref(&key)).into_iter().flatten() {
            if self.store.person(id)?.is_some_and(|person| bears(&person.contact, &key, bot.attributes())) {
                bearers.push(id);
            }
        }
        Ok(bearers)
    }
}
