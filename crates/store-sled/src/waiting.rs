//! What waits for the checkpoint: by age, which bounds the log, and people by id, in which order they are written.
//!
//! People are written in rounds through the key space, so that neighbours in the database are written together and a
//! leaf is read once for all of them. A round ends at the last person who waited when it began: those who come newly
//! behind it cannot keep it from beginning again, so whoever waits is written within two rounds.

use crate::state::RecordKey;
use model::ContactId;
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};
use store::Seq;

/// Something that waits.
pub(crate) enum Waiting {
    Person(ContactId),
    Record(RecordKey),
}

/// Everything that waits.
#[derive(Default)]
pub(crate) struct Line {
    /// By the first commit that is not checkpointed.
    by_age: BTreeMap<(Seq, u64), Waiting>,
    people: BTreeMap<ContactId, (Seq, u64)>,
    /// The person written last in this round.
    at: Option<ContactId>,
    /// The last person of this round.
    end: Option<ContactId>,
    stamps: u64,
}

impl Line {
    /// A person who does not wait yet waits since `seq`.
    pub fn person(&mut self, id: ContactId, seq: Seq) {
        self.stamps += 1;
        self.people.insert(id, (seq, self.stamps));
        self.by_age.insert((seq, self.stamps), Waiting::Person(id));
    }

    /// A record that does not wait yet waits since `seq`.
    pub fn record(&mut self, key: RecordKey, seq: Seq) {
        self.stamps += 1;
        self.by_age.insert((seq, self.stamps), Waiting::Record(key));
    }

    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// The first commit of which something waits.
    pub fn oldest(&self) -> Option<Seq> {
        self.by_age.first_key_value().map(|((seq, _), _)| *seq)
    }

    /// Takes the next one: a record if nothing is older, otherwise the next person of the round.
    pub fn next(&mut self) -> Option<Waiting> {
        if let Some(first) = self.by_age.first_entry()
            && matches!(first.get(), Waiting::Record(_))
        {
            return Some(first.remove());
        }
        let id = self.next_person()?;
        self.at = Some(id);
        let place = self.people.remove(&id)?;
        self.by_age.remove(&place)
    }

    fn next_person(&mut self) -> Option<ContactId> {
        if let (Some(at), Some(end)) = (self.at, self.end)
            && at < end
            && let Some((id, _)) = self.people.range((Excluded(at), Included(end))).next()
        {
            return Some(*id);
        }
        self.end = self.people.last_key_value().map(|(id, _)| *id);
        self.people.range((Unbounded::<ContactId>, Unbounded)).next().map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(line: &mut Line) -> u128 {
        match line.next() {
            Some(Waiting::Person(id)) => id.0,
            Some(Waiting::Record(_)) => 0,
            None => u128::MAX,
        }
    }

    #[test]
    fn newcomers_behind_do_not_starve_those_in_front() {
        let mut line = Line::default();
        [5, 7, 9].iter().for_each(|id| line.person(ContactId(*id), 1));
        assert_eq!(next(&mut line), 5);
        line.person(ContactId(5), 2);
        line.person(ContactId(11), 3);
        assert_eq!([next(&mut line), next(&mut line)], [7, 9]);
        assert_eq!((line.oldest(), line.len()), (Some(2), 2));
        assert_eq!([next(&mut line), next(&mut line), next(&mut line)], [5, 11, u128::MAX]);
    }

    #[test]
    fn a_record_goes_when_nothing_is_older() {
        let mut line = Line::default();
        line.person(ContactId(5), 1);
        line.record(("t".into(), "k".into()), 2);
        assert_eq!([next(&mut line), next(&mut line), next(&mut line)], [5, 0, u128::MAX]);
    }
}
