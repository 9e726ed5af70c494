//! The rules of who somebody is: an address leads to one person, moves whole, and leads on from who was merged.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{Commit, Error, PersonChange, Store, commit_blocking};
use model::{Absorbed, EventId, EventRecord, JourneyEntry, JourneyId, MergeId, Person, Reach, TranscriptEntry};
use serde_json::json;

pub fn addresses_lead_to_one_person(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut twin = newcomer(2);
    twin.contact.as_mut().unwrap().addresses[0].address = address(1);
    assert!(matches!(commit_blocking(&*store, commit(twin)), Err(Error::Invalid(_))), "two first messages make one person");
    must(&*store, newcomer(2));
    let person = get(&*store, 2);
    let mut also = change(&person);
    let mut contact = person.contact.clone();
    contact.addresses.push(Reach { address: address(7), unreachable: None });
    also.contact = Some(Box::new(contact));
    must(&*store, also);
    let check = |store: &dyn Store| {
        assert_eq!(store.person_at(&address(1)).unwrap(), Some(contact_id(1)));
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(2)));
        assert_eq!(store.person_at(&address(7)).unwrap(), Some(contact_id(2)), "an added address counts");
        assert_eq!(store.person_at(&address(8)).unwrap(), None);
        // Channel and id do not run together.
        let apart = model::Address { channel: "we".into(), id: "bvisitor 2".into() };
        assert_eq!(store.person_at(&apart).unwrap(), None);
    };
    check(&*store);
    store.close().unwrap();
    check(&*store);
    drop(store);
    check(&*factory.open());
}

pub fn an_address_moves_when_it_was_dropped(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    must(&*store, newcomer(2));
    let with = |store: &dyn Store, n: u64, addresses: &[u64]| {
        let person = get(store, n);
        let mut next = change(&person);
        let mut contact = person.contact.clone();
        contact.addresses = addresses.iter().map(|a| Reach { address: address(*a), unreachable: None }).collect();
        next.contact = Some(Box::new(contact));
        next
    };
    for round in 0..4 {
        let (from, to) = if round % 2 == 0 { (1, 2) } else { (2, 1) };
        let take = with(&*store, to, &[to, 50, 1 + 100 * to]);
        if round > 0 {
            assert!(matches!(commit_blocking(&*store, commit(take.clone())), Err(Error::Invalid(_))), "it still leads to the other");
            let give = with(&*store, from, &[from]);
            must(&*store, give);
            assert_eq!(store.person_at(&address(50)).unwrap(), None);
        }
        must(&*store, take);
        if round >= 2 {
            drop(store);
            store = factory.open();
        } else if round == 1 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(50)).unwrap(), Some(contact_id(to)), "round {round}");
        assert_eq!(store.person_at(&address(1 + 100 * to)).unwrap(), Some(contact_id(to)), "round {round}");
        if round > 0 {
            assert_eq!(store.person_at(&address(1 + 100 * from)).unwrap(), None, "round {round}");
        }
    }
}

pub fn an_address_moves_between_the_people_of_one_commit(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    must(&*store, newcomer(2));
    let with = |person: &Person, addresses: &[u64]| {
        let mut next = change(person);
        let mut contact = person.contact.clone();
        contact.addresses = addresses.iter().map(|a| Reach { address: address(*a), unreachable: None }).collect();
        next.contact = Some(Box::new(contact));
        next
    };
    for round in 0..4 {
        let (one, two) = (get(&*store, 1), get(&*store, 2));
        let both = with(&one, &[1, 2]);
        let still = Commit { person: Some(both.clone()), also: vec![with(&two, &[2])], ..Commit::default() };
        assert!(matches!(commit_blocking(&*store, still), Err(Error::Invalid(_))), "two people with one address");
        // Whoever gives comes first or last.
        let merged = match round % 2 {
            0 => Commit { person: Some(both), also: vec![with(&two, &[])], ..Commit::default() },
            _ => Commit { person: Some(with(&two, &[])), also: vec![both], ..Commit::default() },
        };
        commit_blocking(&*store, merged).unwrap();
        if round >= 2 {
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(1)), "round {round}");
        let back = Commit { person: Some(with(&get(&*store, 1), &[1])), also: vec![with(&get(&*store, 2), &[2])], ..Commit::default() };
        commit_blocking(&*store, back).unwrap();
        if round == 1 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
        assert_eq!(store.person_at(&address(2)).unwrap(), Some(contact_id(2)), "round {round}");
    }
}

pub fn several_people_change_together_or_not_at_all(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in 1..=3 {
        must(&*store, newcomer(n));
    }
    let next = |store: &dyn Store, n: u64| {
        let mut next = change(&get(store, n));
        next.journey = vec![journey(n)];
        next.inbox_put = vec![inbox(1)];
        next
    };
    for (what, broken) in [
        ("a stale one", PersonChange { base: 7, ..next(&*store, 3) }),
        ("one that is not there", PersonChange::new(contact_id(9), 1)),
        ("somebody twice", next(&*store, 2)),
    ] {
        let also = vec![next(&*store, 2), broken];
        let put = record("t", "k", Some(json!(what)));
        let commit = Commit { person: Some(next(&*store, 1)), also, records: vec![put] };
        assert!(commit_blocking(&*store, commit).is_err(), "{what}");
        assert!((1..=3).all(|n| get(&*store, n).version == 1 && store.journey(contact_id(n), 0, 9).unwrap().is_empty()), "{what}");
        assert_eq!(store.record("t", "k").unwrap(), None, "{what}");
    }
    let nobody = Commit { also: vec![next(&*store, 2)], ..Commit::default() };
    assert!(commit_blocking(&*store, nobody).is_err(), "others without a person");
    let also = vec![next(&*store, 2), next(&*store, 3)];
    commit_blocking(&*store, Commit { person: Some(next(&*store, 1)), also, ..Commit::default() }).unwrap();
    for _ in 0..2 {
        for n in 1..=3 {
            assert_eq!((get(&*store, n).version, store.journey(contact_id(n), 0, 9).unwrap()), (2, vec![journey(n)]));
            assert_eq!(get(&*store, n).inbox, vec![inbox(1)]);
        }
        drop(store);
        store = factory.open();
    }
    let gone = vec![PersonChange::erase(contact_id(2), 2)];
    commit_blocking(&*store, Commit { person: Some(next(&*store, 1)), also: gone, ..Commit::default() }).unwrap();
    assert!(store.person(contact_id(2)).unwrap().is_none() && get(&*store, 1).version == 3);
    assert_eq!(store.person_at(&address(2)).unwrap(), None);
}

pub fn who_was_merged_is_read_through(factory: &mut dyn Factory) {
    let mut store = factory.open();
    for n in [1, 2] {
        must(&*store, newcomer(n));
        let person = get(&*store, n);
        let mut next = change(&person);
        say(&mut next, &person, 0, &["one", "two"]);
        // Ids that say when: those of the two come in turns.
        next.journey = (0..3).map(|k| JourneyEntry { id: JourneyId(u128::from(10 * k + n) << 80), ..journey(10 * k + n) }).collect();
        next.events = (0..3).map(|k| EventRecord { id: EventId(u128::from(10 * k + n) << 80), ..event(10 * k + n) }).collect();
        must(&*store, next);
    }
    let (one, two) = (get(&*store, 1), get(&*store, 2));
    let (mut keeps, mut goes) = (change(&one), change(&two));
    let (mut survivor, mut tombstone) = (one.contact.clone(), two.contact.clone());
    survivor.addresses.append(&mut tombstone.addresses);
    survivor.absorbed = vec![Absorbed { id: contact_id(2), merge: MergeId(1), at: at(0) }];
    tombstone.merged_into = Some(contact_id(1));
    keeps.conversations = vec![two.conversations[0].clone().moved_to(contact_id(1))];
    goes.conversations_gone = vec![conversation_id(2, 0)];
    (keeps.contact, goes.contact) = (Some(Box::new(survivor)), Some(Box::new(tombstone)));
    commit_blocking(&*store, Commit { person: Some(keeps), also: vec![goes], ..Commit::default() }).unwrap();
    let mut further = change(&get(&*store, 1));
    say(&mut further, &get(&*store, 1), 1, &["three"]);
    must(&*store, further);
    for round in 0..3 {
        let person = get(&*store, 1);
        assert!(get(&*store, 2).conversations.is_empty() && person.conversations.len() == 2);
        let lines = |after, limit| -> Vec<u64> {
            let lines = store.transcript(contact_id(1), conversation_id(2, 0), after, limit).unwrap();
            lines.iter().map(TranscriptEntry::no).collect()
        };
        assert_eq!(
            (lines(0, 9), lines(1, 1), lines(1, 9), lines(2, 9), lines(0, 2)),
            (vec![1, 2, 3], vec![2], vec![2, 3], vec![3], vec![1, 2])
        );
        let steps = |skip, limit| -> Vec<i64> {
            let entries = store.journey(contact_id(1), skip, limit).unwrap();
            entries.iter().map(|entry| entry.at.as_secs() - at(0).as_secs()).collect()
        };
        assert_eq!((steps(0, 99), steps(1, 2), steps(5, 9)), (vec![22, 21, 12, 11, 2, 1], vec![21, 12], vec![1]));
        let events = store.events(contact_id(1), 0, usize::MAX).unwrap();
        assert_eq!(events.iter().map(|event| event.at).collect::<Vec<_>>(), [22, 21, 12, 11, 2, 1].map(at));
        if round == 1 {
            store.close().unwrap();
        }
        drop(store);
        store = factory.open();
    }
}
