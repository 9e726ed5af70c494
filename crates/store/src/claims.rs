//! The address book's rule: an address leads to one person.

use crate::{Error, PersonChange};
use model::{Address, ContactId, Person, Reach};
use std::collections::BTreeSet;

/// What a commit does to the address book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Addresses that lead to the person from now on.
    pub claimed: Vec<Address>,
    /// Addresses that lead nowhere from now on.
    pub dropped: Vec<Address>,
}

/// Which addresses a change claims and drops; `owner` tells whose an address is now.
///
/// # Errors
/// [`Error::Invalid`] if one of them leads to somebody else; what `owner` answers.
pub fn check_claims(
    before: Option<&Person>,
    after: &Person,
    owner: impl Fn(&Address) -> Result<Option<ContactId>, Error>,
) -> Result<Moved, Error> {
    claims(after.contact.id, addresses(before), addresses(Some(after)), owner)
}

/// The same for the people of one commit, in order: `(who, before, after)`, where nothing after means that they are erased. An address
/// may move from one of them to another.
///
/// # Errors
/// [`Error::Invalid`] if an address leads to somebody else, or to two of them; what `owner` answers.
pub fn check_claims_together(
    people: &[(ContactId, Option<&Person>, Option<&Person>)],
    owner: impl Fn(&Address) -> Result<Option<ContactId>, Error>,
) -> Result<Vec<Moved>, Error> {
    let gives_up = |id: ContactId, address: &Address| {
        let one = people.iter().find(|(other, ..)| *other == id);
        one.is_some_and(|(_, _, after)| !has(addresses(*after), address))
    };
    let owner = |address: &Address| Ok(owner(address)?.filter(|id| !gives_up(*id, address)));
    let mut all = Vec::with_capacity(people.len());
    for (id, before, after) in people {
        all.push(claims(*id, addresses(*before), addresses(*after), owner)?);
    }
    let mut claimed = BTreeSet::new();
    match all.iter().flat_map(|moved| &moved.claimed).find(|address| !claimed.insert(*address)) {
        Some(twice) => Err(Error::Invalid(format!("two people of one commit claim the address {twice}"))),
        None => Ok(all),
    }
}

fn addresses(person: Option<&Person>) -> &[Reach] {
    person.map_or(&[], |p| &p.contact.addresses)
}

fn has(addresses: &[Reach], address: &Address) -> bool {
    addresses.iter().any(|reach| &reach.address == address)
}

fn claims(
    id: ContactId,
    before: &[Reach],
    after: &[Reach],
    owner: impl Fn(&Address) -> Result<Option<ContactId>, Error>,
) -> Result<Moved, Error> {
    let mut moved = Moved::default();
    for reach in after.iter().filter(|r| !has(before, &r.address)) {
        match owner(&reach.address)? {
            Some(other) if other != id => {
                return Err(Error::Invalid(format!("the address {} belongs to {other} already", reach.address)));
            }
            // Somebody may have an address twice, and claims it once.
            Some(_) | None if moved.claimed.contains(&reach.address) => {}
            Some(_) | None => moved.claimed.push(reach.address.clone()),
        }
    }
    moved.dropped.extend(before.iter().filter(|r| !has(after, &r.address)).map(|r| r.address.clone()));
    Ok(moved)
}

impl PersonChange {
    /// Checks that the transcript lines continue their conversations: numbers grow from the `last_no` before to at
    /// most the one after. Readers page by them. Of somebody who was merged away the conversations are with another: to them lines may
    /// go home from there, and only that they grow can be told.
    ///
    /// # Errors
    /// [`Error::Invalid`] if one does not, or if the contact is somebody else's.
    pub fn check_lines(&self, before: Option<&Person>, after: &Person) -> Result<(), Error> {
        if after.contact.id != self.id {
            return Err(Error::Invalid(format!("the contact {} is not {}", after.contact.id, self.id)));
        }
        for (at, entry) in self.transcript.iter().enumerate() {
            let conversation = entry.conversation();
            let earlier = self.transcript.iter().take(at).rev().find(|e| e.conversation() == conversation).map(|e| e.no());
            let last = earlier.unwrap_or_else(|| before.and_then(|p| p.conversation(conversation)).map_or(0, |c| c.last_no));
            let elsewhere = if after.contact.is_merged_away() { u64::MAX } else { 0 };
            let most = after.conversation(conversation).map_or(elsewhere, |c| c.last_no);
            if entry.no() <= last || entry.no() > most {
                return Err(Error::Invalid(format!(
                    "transcript line {} of {conversation} is out of order: it must come after {last} and not after the conversation's last_no {most}",
                    entry.no()
                )));
            }
        }
        Ok(())
    }
}
