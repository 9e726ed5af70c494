//! Whether what things are found by says what the things say: rows of addresses, of those who are active, pages.

use crate::{
    db::Db,
    frozen::{self, Overlay},
    rows,
};
use model::{ContactId, Person};
use std::collections::HashSet;
use store::{Damage, Error};

/// The rows of a stretch.
const STRETCH: usize = 256;

struct Audit<'a> {
    db: &'a Db,
    overlay: &'a Overlay,
    /// Pages that somebody has.
    pages: HashSet<u64>,
    addresses: u64,
    people: u64,
}

/// Tells of everything that does not agree. Documents that cannot be read are told elsewhere.
pub(crate) fn run(db: &Db, overlay: &Overlay, told: &mut dyn FnMut(Damage)) -> Result<(), Error> {
    let mut audit = Audit { db, overlay, pages: overlay.pages.clone(), addresses: 0, people: 0 };
    let mut whole = true;
    let mut from = Some(vec![rows::PERSON]);
    while let Some(at) = from {
        let Ok((found, after)) = rows::stretch(db, &at, STRETCH) else {
            whole = false;
            break;
        };
        let mut rest = found.as_slice();
        while let Some((id, of, others)) = rows::split_person(rest) {
            rest = others;
            match frozen::indexed(id, of) {
                Ok((person, disk)) => {
                    audit.pages.extend(disk.history.closed());
                    if !overlay.people.contains_key(&id) {
                        audit.person(&person, Some(disk.active), told)?;
                    }
                }
                Err(_) => whole = false,
            }
        }
        from = after;
    }
    for newer in overlay.people.values().flatten() {
        audit.pages.extend(newer.disk.history.closed());
        audit.person(&newer.person, None, told)?;
    }
    // What belongs to a document that cannot be read belongs to nobody here.
    if whole {
        audit.left_over(told)?;
    }
    Ok(())
}

fn damage(table: &str, key: impl Into<String>, what: impl Into<String>) -> Damage {
    Damage { table: table.into(), key: key.into(), what: what.into() }
}

/// What of the database cannot be read is told; a disk that refuses ends the look.
fn read<T>(outcome: Result<T, Error>, table: &str, key: &str, told: &mut dyn FnMut(Damage)) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Error::Corrupt(what)) => {
            told(damage(table, key, what));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Audit<'_> {
    fn person(&mut self, person: &Person, active: Option<bool>, told: &mut dyn FnMut(Damage)) -> Result<(), Error> {
        self.people += 1;
        let id = person.contact.id;
        let mut seen = HashSet::new();
        for reach in person.contact.addresses.iter().filter(|reach| seen.insert(&reach.address)) {
            self.addresses += 1;
            let found = match self.overlay.addresses.get(&reach.address) {
                Some(owner) => Ok(*owner),
                None => rows::address(self.db, &reach.address),
            };
            let shown = reach.address.to_string();
            match read(found, "addresses", &shown, told)? {
                Some(Some(owner)) if owner != id => {
                    told(damage("addresses", shown, format!("it leads to {owner}, and {id} has it")));
                }
                Some(None) => told(damage("addresses", shown, format!("it leads nowhere, and {id} has it"))),
                Some(Some(_)) | None => {}
            }
        }
        if let Some(noted) = active {
            let row = read(self.db.get(&rows::active_key(id)), "active", &id.to_string(), told)?;
            let is = person.is_active();
            if row.is_some_and(|row| row.is_some() != is) || noted != is {
                let what = if is {
                    "something waits for them, and they are not listed as active"
                } else {
                    "they are listed as active, and nothing waits for them"
                };
                told(damage("active", id.to_string(), what));
            }
        }
        Ok(())
    }

    /// Rows that nobody has.
    fn left_over(&self, told: &mut dyn FnMut(Damage)) -> Result<(), Error> {
        let mut pages = Vec::new();
        let listed = self.db.keys(&[rows::PAGE], &[rows::PAGE], &mut |key| {
            pages.extend(rows::page_of(key).filter(|number| !self.pages.contains(number)));
            true
        });
        read(listed, "history", "", told)?;
        pages.dedup();
        for number in pages {
            told(damage("history", format!("page {number}"), "no contact has this page"));
        }
        let mut rows_of_addresses = 0_u64;
        let listed = self.db.keys(&[rows::ADDRESS], &[rows::ADDRESS], &mut |_| {
            rows_of_addresses += 1;
            true
        });
        read(listed, "addresses", "", told)?;
        // Rows that memory is ahead of are counted on neither side.
        let mut ahead_rows = 0;
        for address in self.overlay.addresses.keys() {
            ahead_rows += u64::from(read(rows::address(self.db, address), "addresses", &address.to_string(), told)?.flatten().is_some());
        }
        let ahead = self.overlay.addresses.values().flatten().count() as u64;
        let (rows, people) = (rows_of_addresses.saturating_sub(ahead_rows), self.addresses.saturating_sub(ahead));
        if rows > people {
            told(damage("addresses", "", format!("{} of them lead to contacts that do not have them", rows - people)));
        }
        let mut active: Vec<ContactId> = Vec::new();
        let listed = self.db.keys(&[rows::ACTIVE], &[rows::ACTIVE], &mut |key| {
            active.extend(rows::id_of(key));
            true
        });
        read(listed, "active", "", told)?;
        for id in active.into_iter().filter(|id| !self.overlay.people.contains_key(id)) {
            let there = read(rows::chunks(self.db, &rows::person_key(id)), "people", &id.to_string(), told)?;
            if there == Some(0) {
                told(damage("active", id.to_string(), "they are listed as active, and are not there"));
            }
        }
        if self.people != self.overlay.known {
            told(damage("people", "", format!("there should be {}, and there are {}", self.overlay.known, self.people)));
        }
        Ok(())
    }
}
