//! Commits of several people: all of them are staged or none.
//!
//! What is checked for one person is checked for each; addresses are checked over the whole commit, because they may move between its
//! people. In the log it is one line, so recovery meets all of it or nothing; each person is carried to the database on their own, and
//! whoever is there already is left out of the replay.

use super::{Stage, Staged};
use crate::{
    history::{Gone, Tail},
    shared::Shared,
};
use model::{Address, ContactId, Person};
use std::sync::Arc;
use store::{Commit, Error, PersonChange, Seq, check_claims_together};

/// A person before and after; nobody after: they are erased.
type Turn = (PersonChange, Option<Arc<Person>>, Option<Person>);

impl Stage {
    /// Adds the people of a commit.
    pub(super) fn stage_together(
        &mut self,
        shared: &Shared,
        commit: Commit,
        seq: Seq,
        owner: impl Fn(&Self, &Address) -> Result<Option<ContactId>, Error>,
    ) -> Result<(), Error> {
        let mut turns: Vec<Turn> = Vec::with_capacity(1 + commit.also.len());
        for mut change in commit.person.into_iter().chain(commit.also) {
            let before = self.person(shared, change.id)?;
            let after = if change.erase {
                change.check_erase(before.as_deref())?;
                None
            } else {
                let after = change.apply_taking(before.as_deref())?;
                change.check_lines(before.as_deref(), &after)?;
                Some(after)
            };
            turns.push((change, before, after));
        }
        let people: Vec<_> = turns.iter().map(|(change, before, after)| (change.id, before.as_deref(), after.as_ref())).collect();
        let moved = check_claims_together(&people, |address| owner(self, address))?;
        let mut claimed: Vec<(Address, Option<ContactId>)> = Vec::new();
        for ((change, before, after), moved) in turns.into_iter().zip(moved) {
            let Some(after) = after else {
                self.erase(change.id, before.as_deref(), seq);
                continue;
            };
            let person = Arc::new(after);
            let staged = self.people.entry(change.id).or_insert_with(|| Staged {
                person: person.clone(),
                first: seq,
                tail: Tail::default(),
                moved: Vec::new(),
                unname: Gone::default(),
            });
            staged.person = person;
            staged.tail.append(Tail { transcript: change.transcript, journey: change.journey, events: change.events });
            staged.unname(Gone::new(change.unname, change.withdraw));
            staged.moved.extend(moved.dropped.iter().chain(&moved.claimed).cloned());
            self.addresses.extend(moved.dropped.into_iter().map(|address| (address, None)));
            claimed.extend(moved.claimed.into_iter().map(|address| (address, Some(change.id))));
        }
        // What one of them drops another may claim.
        self.addresses.extend(claimed);
        Ok(())
    }
}
