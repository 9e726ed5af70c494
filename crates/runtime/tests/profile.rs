//! What is told of a contact through the handle: the timeline, what was meant for many, and attributes whose type changes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::world;

use channel::{Accepted, Inbound, SendError, Sent};
use engine::{Bot, BotFiles, TriggerTo};
use model::{
    Actor, Address, AgentId, Change, Content, Delivery, Forgotten, Incoming, IncomingBody, Instant, JourneyFilter, JourneyKind,
    JourneyTopic, Record, TranscriptEntry, Value,
};
use std::sync::Arc;
use store::{Commit, MemStore, PersonChange, Store};
use switchboard_runtime::{Handle, ManualClock, Misfits, Service, StartError, start};
use world::served;

const SALE: &str = "skill: sale\ncatch: [{ event: sale }]\nblocks:\n  mark: { add_tag: saw-sale }\n  say: { text: Sale! }\n";

fn bot(attributes: &str) -> Arc<Bot> {
    let files = vec![
        ("bot.yaml".to_owned(), format!("name: T\ntimezone: UTC\nchannels: {{ shop: {{ type: web }} }}\nattributes: {attributes}\n")),
        ("skills/sale.yaml".to_owned(), SALE.to_owned()),
    ];
    let (bot, problems, _) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
    bot.unwrap_or_else(|| panic!("the bot of the test is sound: {problems:?}"))
}

async fn serve(store: &MemStore, attributes: &str) -> Result<Service, StartError> {
    // It refuses whom it does not know.
    let shop = served::pushed("shop", |out| {
        if out.address.id == "gone" { Err(SendError::Permanent("no such customer".into())) } else { Ok(Sent::default()) }
    });
    let clock = ManualClock::new(Instant::from_secs(1_772_442_000));
    start(served::options(bot(attributes), store, &clock, vec![shop])).await
}

async fn write(handle: &Handle, who: &str, id: &str, text: &str) -> model::ContactId {
    let address = Address { channel: "shop".into(), id: who.into() };
    let body = IncomingBody::Message(Content::text(text));
    let incoming = Incoming { body, at: handle.now(), profile: Record::new(), client_id: None };
    let hub = handle.hub("shop");
    assert_eq!(hub.accept(Inbound { address: address.clone(), provider_id: id.into(), incoming }).await.unwrap(), Accepted::New);
    handle.contact_of(&format!("shop:{who}")).await.unwrap()
}

async fn set(handle: &Handle, contact: model::ContactId, name: &str, value: Value) {
    handle.modify(contact, vec![Change::SetAttribute(name.into(), value)], Actor::Agent(AgentId(4))).await.unwrap();
}

/// Waits until something is so; every look is after another turn of the runtime.
async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    for _ in 0..100_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came");
}

fn misfits(refused: Result<Service, StartError>) -> Misfits {
    match refused {
        Err(StartError::Types(misfits)) => misfits,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test]
async fn the_history_of_an_attribute_says_who_changed_what_and_pages() {
    let store = MemStore::new();
    let service = serve(&store, "{ plan: text, city: text }").await.unwrap();
    let handle = &service.handle;
    let ana = write(handle, "ana", "1", "hi").await;
    for n in 0..30 {
        set(handle, ana, "plan", Value::text(format!("plan {n}"))).await;
        set(handle, ana, "city", Value::text(format!("city {n}"))).await;
    }
    let plan = JourneyFilter { topics: vec![JourneyTopic::Attribute], name: Some("plan".into()), ..JourneyFilter::default() };
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = handle.journey(ana, plan.clone(), cursor, 7).await.unwrap();
        seen.extend(page.entries);
        pages += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (30, 5));
    let newest = &seen[0];
    assert_eq!(newest.by, Actor::Agent(AgentId(4)));
    let what = JourneyKind::Attribute { name: "plan".into(), from: Some(Value::text("plan 28")), to: Some(Value::text("plan 29")) };
    assert_eq!(newest.what, what);
    service.stop().await;
}

#[tokio::test]
async fn campaigns_are_told_with_what_became_of_them() {
    let store = MemStore::new();
    let service = serve(&store, "{ plan: text }").await.unwrap();
    let handle = &service.handle;
    let (ana, gone) = (write(handle, "ana", "1", "hi").await, write(handle, "gone", "1", "hi").await);
    for contact in [ana, gone] {
        let to = TriggerTo::One(contact.to_string());
        handle.trigger("sale", Record::new(), &to, None, Actor::Api("shop".into())).await.unwrap();
    }
    let told = |contact, done: fn(&Delivery) -> bool| {
        until(move || async move {
            let person = handle.person(contact).await.unwrap()?;
            let found = handle.campaigns(&person, 10).await.unwrap();
            found.into_iter().find(|campaign| campaign.delivery.as_ref().is_some_and(done))
        })
    };
    let arrived = told(ana, |state| *state == Delivery::Sent).await;
    assert_eq!((arrived.reached.name.as_str(), arrived.messages, arrived.answered_at), ("sale", 1, None));
    assert_eq!(arrived.by, Actor::Api("shop".into()));
    let failed = told(gone, |state| matches!(state, Delivery::Failed(_))).await;
    assert_eq!(failed.delivery, Some(Delivery::Failed("no such customer".into())));
    assert_eq!((arrived.read_at, arrived.forgotten), (None, false));
    write(handle, "ana", "2", "nice").await;
    let person = handle.person(ana).await.unwrap().unwrap();
    assert!(handle.campaigns(&person, 10).await.unwrap()[0].answered_at.is_some());
    assert_eq!(person.contact.tags[&model::TagKey::of("saw-sale")].why.as_deref(), Some("broadcast sale"));
    service.stop().await;
}

#[tokio::test]
async fn a_campaign_is_read_when_all_of_it_was_seen_and_unknown_when_it_is_forgotten() {
    let store = MemStore::new();
    let service = serve(&store, "{ plan: text }").await.unwrap();
    let handle = &service.handle;
    let (ana, bea) = (write(handle, "ana", "1", "hi").await, write(handle, "bea", "1", "hi").await);
    let campaign = |contact, done: fn(&switchboard_runtime::Campaign) -> bool| {
        until(move || async move {
            let person = handle.person(contact).await.unwrap()?;
            handle.campaigns(&person, 10).await.unwrap().into_iter().find(done)
        })
    };
    for contact in [ana, bea] {
        let to = TriggerTo::One(contact.to_string());
        handle.trigger("sale", Record::new(), &to, None, Actor::Api("shop".into())).await.unwrap();
        campaign(contact, |one| one.delivery == Some(Delivery::Sent)).await;
    }
    let (hub, address) = (handle.hub("shop"), Address { channel: "shop".into(), id: "ana".into() });
    let message = hub.transcript(&address, 0, 100).await.iter().find_map(|line| match line {
        TranscriptEntry::Message(m) if m.content.text == "Sale!" => Some((m.id, m.no)),
        _ => None,
    });
    let (message, no) = message.unwrap();
    assert!(hub.reported(&address, message, Delivery::Delivered).await.unwrap());
    let known = campaign(ana, |one| one.delivery == Some(Delivery::Delivered)).await;
    assert_eq!((known.read_at, known.messages), (None, 1));
    // A report about somebody else's message is about none; a cursor beyond the last line, or before the message, is of no use.
    assert!(!hub.reported(&Address { id: "bea".into(), ..address.clone() }, message, Delivery::Read).await.unwrap());
    for cursor in [0, no - 1, no + 1_000, u64::MAX] {
        hub.read(&address, cursor).await.unwrap();
    }
    assert_eq!(campaign(ana, |_| true).await.delivery, Some(Delivery::Delivered));
    hub.read(&address, no + 1).await.unwrap();
    let read = campaign(ana, |_| true).await;
    assert_eq!((read.delivery, read.read_at), (Some(Delivery::Read), Some(handle.now())));
    // What is told later changes nothing.
    assert!(hub.reported(&address, message, Delivery::Failed("late".into())).await.unwrap());
    assert_eq!(campaign(ana, |_| true).await.delivery, Some(Delivery::Read));
    let untold = campaign(bea, |_| true).await;
    assert_eq!((untold.delivery, untold.read_at), (Some(Delivery::Sent), None), "nobody told, and nobody guesses");
    for who in ["ana", "bea"] {
        write(handle, who, "2", "nice").await;
        write(handle, who, "3", "still there?").await;
    }
    for contact in [ana, bea] {
        campaign(contact, |one| one.answered_at.is_some()).await;
    }
    service.stop().await;

    // The beginning of both conversations is kept no longer: of one the message alone, of the other the answer as well.
    let store = store.crash();
    let lines = |who: &str| {
        let address = Address { channel: "shop".into(), id: who.into() };
        let person = store.person(store.person_at(&address).unwrap().unwrap()).unwrap().unwrap();
        let conversation = person.conversation_at(&address).unwrap().id;
        (store.transcript(person.contact.id, conversation, 0, usize::MAX).unwrap(), person, conversation)
    };
    for (who, last) in [("ana", "Sale!"), ("bea", "nice")] {
        let (lines, person, conversation) = lines(who);
        let no = lines.iter().find_map(|line| match line {
            TranscriptEntry::Message(m) if m.content.text == last => Some(m.no),
            _ => None,
        });
        let forget = Forgotten { lines: vec![(conversation, no.unwrap())], ..Forgotten::default() };
        let change = PersonChange { forget, ..PersonChange::new(person.contact.id, person.version) };
        store::commit_blocking(&store, Commit { person: Some(change), ..Commit::default() }).unwrap();
    }
    let service = serve(&store, "{ plan: text }").await.unwrap();
    let handle = &service.handle;
    let told = async |contact| {
        let person = handle.person(contact).await.unwrap().unwrap();
        handle.campaigns(&person, 10).await.unwrap().remove(0)
    };
    let (first, second) = (told(ana).await, told(bea).await);
    assert_eq!((first.forgotten, first.messages, first.delivery, first.read_at), (true, 0, None, None));
    assert!(first.answered_at.is_some(), "what they answered is kept");
    assert_eq!((second.forgotten, second.delivery, second.answered_at), (true, None, None), "a later word is no answer");
    service.stop().await;
}

#[tokio::test]
async fn a_type_that_values_do_not_fit_is_refused_with_who_has_them() {
    let store = MemStore::new();
    let service = serve(&store, "{ size: text, phone: { type: text, personal: true } }").await.unwrap();
    let handle = &service.handle;
    let mut contacts = Vec::new();
    for n in 0..8 {
        let contact = write(handle, &format!("v{n}"), "1", "hi").await;
        set(handle, contact, "size", Value::text(if n < 7 { "large" } else { "41" })).await;
        set(handle, contact, "phone", Value::text("ask my brother")).await;
        contacts.push(contact);
    }
    // While it runs: the bot that does not fit is told, and stays out.
    let told = handle.check_types(&bot("{ size: number, phone: { type: text, personal: true } }")).await.unwrap_err();
    assert_eq!((told.0.len(), told.0[0].contacts, told.0[0].examples.len()), (1, 7, 5));
    service.stop().await;

    let store = store.crash();
    let Misfits(told) = misfits(serve(&store, "{ size: number, phone: { type: phone, personal: true } }").await);
    let [size, phone] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((size.name.as_str(), size.was.as_str(), size.is.as_str(), size.contacts), ("size", "text", "number", 7));
    let (who, value) = &size.examples[0];
    assert!(contacts.contains(who) && value.as_deref() == Some("large"));
    assert_eq!((phone.contacts, &phone.examples[0].1), (8, &None), "personal data is not shown");
    let words = Misfits(told.clone()).to_string();
    for part in ["E0350", "attributes.size in bot.yaml was text and is declared as number", "7 contacts", &who.to_string(), "type back"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    // Nothing was changed by the refusal, and with the type back it starts.
    let service = serve(&store, "{ size: text, phone: { type: text, personal: true } }").await.unwrap();
    assert_eq!(service.handle.attribute_counts().await.into_iter().collect::<Vec<_>>(), [("phone".into(), 8), ("size".into(), 8)]);
    service.stop().await;
}

#[tokio::test]
async fn values_that_say_the_same_in_a_new_type_are_rewritten() {
    let store = MemStore::new();
    let service = serve(&store, "{ visits: number, since: date, plan: { values: [free, gold] } }").await.unwrap();
    let handle = &service.handle;
    let ana = write(handle, "ana", "1", "hi").await;
    set(handle, ana, "visits", Value::Number(41.into())).await;
    set(handle, ana, "since", Value::Date("2026-03-02".parse().unwrap())).await;
    set(handle, ana, "plan", Value::text("gold")).await;
    service.stop().await;

    let store = store.crash();
    let service = serve(&store, "{ visits: text, since: text, plan: text }").await.unwrap();
    let handle = &service.handle;
    let now = until(|| async {
        let person = handle.person(ana).await.unwrap()?;
        let values = &person.contact.attributes;
        (values["visits"] == Value::text("41") && values["since"] == Value::text("2026-03-02")).then_some(person)
    });
    assert_eq!(now.await.contact.attributes["plan"], Value::text("gold"));
    // An enum that lacks a value somebody has is no smaller a change.
    let told = handle.check_types(&bot("{ visits: text, since: text, plan: { values: [free, silver] } }")).await.unwrap_err();
    assert_eq!((told.0[0].is.as_str(), told.0[0].contacts), ("enum (free, silver)", 1));
    let back = handle.check_types(&bot("{ visits: number, since: date, plan: { values: [free, gold] } }")).await.unwrap();
    assert_eq!(back.values(), 2, "what reads back the same may go back");
    service.stop().await;
}
