//! The rules of a contact's past: transcripts, journey and events page by place, whole and in order.

#![allow(missing_docs, clippy::missing_panics_doc)] // The names say it; to panic is what they are for.

use super::{Factory, people::*};
use crate::{Error, commit_blocking};
use model::Conversation;

pub fn transcripts_page_by_number_within_one_conversation(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut second = change(&get(&*store, 1));
    second.conversations = vec![Conversation::new(conversation_id(1, 1), contact_id(1), address(101))];
    must(&*store, second);
    // Long enough for many pages, restarted in between; numbers shared with delivery lines, two conversations in turns.
    let long = "x".repeat(700);
    let mut store = store;
    for round in 0..30 {
        let person = get(&*store, 1);
        let mut next = change(&person);
        say(&mut next, &person, 0, &["short", &long]);
        if round % 3 == 0 {
            say(&mut next, &person, 1, &["other"]);
        }
        let talk = next.conversations.iter_mut().find(|c| c.id == conversation_id(1, 0)).unwrap();
        let no = talk.take_no();
        next.transcript.push(delivered(talk.id, no, no - 1));
        must(&*store, next);
        if round % 10 == 9 {
            drop(store);
            store = factory.open();
        } else if round % 10 == 4 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    let page = |after, limit| numbers(&store.transcript(contact_id(1), conversation_id(1, 0), after, limit).unwrap());
    assert_eq!(page(0, 1000), (1..=90).collect::<Vec<_>>());
    for after in 0..=91 {
        for limit in [0, 1, 2, 7, 50] {
            let expected: Vec<u64> = (after + 1..=90).take(limit).collect();
            assert_eq!(page(after, limit), expected, "after {after}, at most {limit}");
        }
    }
    assert_eq!(page(u64::MAX, 5), Vec::<u64>::new());
    let other = store.transcript(contact_id(1), conversation_id(1, 1), 0, 100).unwrap();
    assert_eq!(numbers(&other), (1..=10).collect::<Vec<_>>());
    assert_eq!(store.transcript(contact_id(1), conversation_id(1, 1), 7, 2).unwrap(), other[7..9]);
    assert_eq!(store.transcript(contact_id(2), conversation_id(1, 0), 0, 100).unwrap(), vec![]);
    assert_eq!(store.transcript(contact_id(1), conversation_id(1, 2), 0, 100).unwrap(), vec![]);
}

pub fn a_transcript_line_out_of_order_is_refused(factory: &mut dyn Factory) {
    let store = factory.open();
    must(&*store, newcomer(1));
    let mut hello = change(&get(&*store, 1));
    say(&mut hello, &get(&*store, 1), 0, &["1", "2"]);
    must(&*store, hello);
    let person = get(&*store, 1);
    let talk = conversation_id(1, 0);
    for (numbers, last_no) in [(vec![2], 3), (vec![4, 3], 4), (vec![3, 3], 3), (vec![4], 3), (vec![3], 2)] {
        let mut wrong = change(&person);
        let mut conversation = person.conversations[0].clone();
        conversation.last_no = last_no;
        wrong.conversations = vec![conversation];
        wrong.transcript = numbers.iter().map(|no| line(talk, *no, "?")).collect();
        assert!(matches!(commit_blocking(&*store, commit(wrong)), Err(Error::Invalid(_))), "{numbers:?}");
    }
    let mut nowhere = change(&person);
    nowhere.transcript = vec![line(conversation_id(9, 9), 1, "?")];
    assert!(matches!(commit_blocking(&*store, commit(nowhere)), Err(Error::Invalid(_))));
    assert_eq!(store.transcript(contact_id(1), talk, 0, 9).unwrap().len(), 2);
}

pub fn journey_and_events_page_newest_first(factory: &mut dyn Factory) {
    let mut store = factory.open();
    must(&*store, newcomer(1));
    let mut count = 0;
    for round in 0..40_u64 {
        let mut next = change(&get(&*store, 1));
        for _ in 0..round % 5 {
            next.journey.push(journey(count));
            next.events.push(event(count));
            count += 1;
        }
        must(&*store, next);
        if round == 13 || round == 27 {
            store.close().unwrap();
            drop(store);
            store = factory.open();
        }
    }
    for skip in [0, 1, 2, 20, 51, 78, 79, 80, 500] {
        for limit in [0, 1, 3, 30, 500] {
            let expected: Vec<u64> = (0..count).rev().skip(skip).take(limit).collect();
            let journey: Vec<u64> = store.journey(contact_id(1), skip, limit).unwrap().iter().map(|j| j.id.0 as u64).collect();
            let events: Vec<u64> = store.events(contact_id(1), skip, limit).unwrap().iter().map(|e| e.id.0 as u64).collect();
            assert_eq!(journey, expected, "skip {skip}, at most {limit}");
            assert_eq!(events, expected, "skip {skip}, at most {limit}");
        }
    }
    assert_eq!(store.journey(contact_id(2), 0, 10).unwrap(), vec![]);
    assert_eq!(store.journey(contact_id(1), usize::MAX, usize::MAX).unwrap(), vec![]);
    assert_eq!(store.journey(contact_id(1), 0, usize::MAX).unwrap().len() as u64, count);
}
