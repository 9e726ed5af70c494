//! The address book's rule: an address leads to one person.

use crate::{Error, PersonChange};
use model::{Address, ContactId, Person};

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
    let had = before.map_or(&[][..], |p| p.contact.addresses.as_slice());
    let has = after.contact.addresses.as_slice();
    let mut moved = Moved::default();
    for reach in has.iter().filter(|r| !had.iter().any(|old| old.address == r.address)) {
        match owner(&reach.address)? {
            Some(other) if other != after.contact.id => {
                return Err(Error::Invalid(format!("the address {} belongs to {other} already", reach.address)));
            }
            Some(_) | None => moved.claimed.push(reach.address.clone()),
        }
    }
    moved.dropped.extend(had.iter().filter(|r| !has.iter().any(|new| new.address == r.address)).map(|r| r.address.clone()));
    Ok(moved)
}

impl PersonChange {
    /// Checks that the transcript lines continue their conversations: numbers grow from the `last_no` before to at
    /// most the one after. Readers page by them.
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
            let most = after.conversation(conversation).map_or(0, |c| c.last_no);
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
