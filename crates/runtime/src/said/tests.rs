//! What is found is what a plain look at every transcript finds, through stops, kills, torn files, erasures and forgetting; and nothing
//! of what went is left in a file.

use super::{files::Folder, *};
use crate::drive::lock;
use crm::{
    directory::folded,
    said::{Place, uttered},
};
use model::{
    Address, Author, Contact, Content, Conversation, Delivery, DeliveryUpdate, Forgotten, Instant, Message, MessageId, TranscriptEntry,
};
use proptest::prelude::*;
use std::{cell::RefCell, collections::BTreeSet, ops::ControlFlow, path::Path};
use store::{Commit, MemStore, PersonChange, commit_blocking};

const WORDS: [&str; 8] = ["order", "refund", "Größe", "訂單", "ขอบคุณ", "طلبي", "x7", "zebra"];

fn contact(n: u8) -> ContactId {
    ContactId(1 << 100 | u128::from(n))
}

fn conversation(n: u8) -> ConversationId {
    ConversationId(1 << 90 | u128::from(n))
}

/// A message of a few words among some thousand letters that nobody looks for.
fn text(seed: u64) -> String {
    let pick = |at: u64| WORDS[usize::try_from(seed >> (8 * at) & 7).unwrap()];
    let noise: String = (0..700).map(|n| char::from(b'a' + u8::try_from((seed ^ (n * 2_654_435_761)) % 23).unwrap())).collect();
    format!("{} {noise} {}", pick(0), pick(1))
}

struct Stage {
    store: MemStore,
    said: Said,
    began: Seq,
    now: i64,
    /// Who each of them is now: somebody who was erased comes back as somebody else.
    ids: [u8; 5],
    /// Texts and how they are folded, which takes long without optimization.
    folds: RefCell<HashMap<String, String>>,
    dir: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let (store, dir) = (MemStore::new(), tempfile::tempdir().unwrap());
        let mut stage =
            Self { store, said: Said::default(), began: 0, now: 1_000_000, ids: [0, 1, 2, 3, 4], folds: RefCell::default(), dir };
        stage.open();
        stage
    }

    fn folder(&self) -> &Path {
        self.dir.path()
    }

    fn open(&mut self) {
        self.said = Said::default();
        self.began = self.store.stats().seq;
        assert!(self.said.keep_in(self.folder().to_owned()));
    }

    /// Somebody says something, and what was said before is delivered; the last line may have no words.
    fn say(&mut self, who: u8, text: &str, delivered: bool) {
        let who = self.ids[usize::from(who)];
        let before = self.store.person(contact(who)).unwrap();
        self.now += 7;
        let address = Address { channel: "web".into(), id: who.to_string() };
        let mut change = PersonChange::new(contact(who), before.as_ref().map_or(0, |person| person.version));
        if before.is_none() {
            change.contact = Some(Box::new(Contact::new(contact(who), Instant(0), address.clone(), "organic")));
        }
        let known = before.as_ref().and_then(|person| person.conversation(conversation(who)));
        let mut chat = known.cloned().unwrap_or_else(|| Conversation::new(conversation(who), contact(who), address));
        let after = chat.last_no;
        let (id, at) = (MessageId(u128::from(after + 1)), Instant(self.now));
        change.transcript.push(TranscriptEntry::Message(Message {
            id,
            conversation: chat.id,
            no: after + 1,
            at,
            author: Author::Customer,
            content: Content::text(text),
            delivery: Delivery::Received,
            client_id: None,
        }));
        chat.last_no += 1;
        if delivered {
            chat.last_no += 1;
            change.transcript.push(TranscriptEntry::Delivery(DeliveryUpdate {
                conversation: chat.id,
                no: chat.last_no,
                message: id,
                delivery: Delivery::Sent,
                at,
                degraded: Vec::new(),
            }));
        }
        change.conversations = vec![chat];
        commit_blocking(&self.store, Commit { person: Some(change), ..Commit::default() }).unwrap();
        self.said.grew(contact(who), conversation(who), after);
    }

    fn change(&self, who: u8, make: impl FnOnce(u64) -> PersonChange) {
        if let Some(person) = self.store.person(contact(who)).unwrap() {
            commit_blocking(&self.store, Commit { person: Some(make(person.version)), ..Commit::default() }).unwrap();
        }
    }

    fn erase(&mut self, who: u8) {
        let place = &mut self.ids[usize::from(who)];
        let id = *place;
        *place += 5;
        self.change(id, |version| PersonChange::erase(contact(id), version));
    }

    /// The oldest lines are kept no longer.
    fn forget(&self, who: u8, up_to: u64) {
        let who = self.ids[usize::from(who)];
        let last = self.store.person(contact(who)).unwrap().and_then(|person| Some(person.conversation(conversation(who))?.last_no));
        let lines = vec![(conversation(who), up_to.min(last.unwrap_or(0)))];
        self.change(who, |version| PersonChange {
            forget: Forgotten { lines, ..Forgotten::default() },
            ..PersonChange::new(contact(who), version)
        });
    }

    /// Everything older is compared and added.
    fn whole(&self) {
        while self.said.work(&self.store, self.began).unwrap() {}
    }

    fn sweep(&self) {
        loop {
            let Some(there) = self.said.sweep_begins(&self.store, self.began).unwrap() else { return };
            if self.said.sweep(self.began, &there, &Living::read(&self.store).unwrap()).unwrap() {
                return;
            }
        }
    }

    fn has(&self, text: &str, words: &Words) -> bool {
        let mut folds = self.folds.borrow_mut();
        words.are_in(folds.entry(text.to_owned()).or_insert_with(|| folded(text)).as_bytes())
    }

    fn text_at(&self, place: &Place) -> Option<String> {
        let lines = self.store.transcript(place.contact, place.conversation, place.no - 1, 1).unwrap();
        let line = lines.into_iter().find(|line| line.no() == place.no)?;
        Some(uttered(&line)?.text)
    }

    /// All places with the words, newest first, by pages of some lines that end early every now and then.
    fn found(&self, words: &Words, page: usize, hurry: u32) -> Vec<(Instant, ConversationId, u64)> {
        let (mut all, mut before, mut asked) = (Vec::new(), None, 0_u32);
        loop {
            let (look, _) = self.said.look(&self.store, self.began, words).unwrap();
            let (mut here, mut last) = (0, None);
            let tell = |place: Place| {
                if here == page {
                    return ControlFlow::Break(());
                }
                here += 1;
                last = Some(place);
                // What the store has no more is not told.
                if self.text_at(&place).is_some_and(|text| self.has(&text, words)) {
                    all.push((place.at, place.conversation, place.no));
                }
                ControlFlow::Continue(())
            };
            let is_late = || {
                asked += 1;
                hurry > 0 && asked.is_multiple_of(hurry + 1)
            };
            match look.find(words, before, tell, is_late, &|| true).unwrap() {
                Looked::Whole => break,
                Looked::Enough => before = last.map(|place| Place { contact: ContactId(0), ..place }),
                Looked::Late(at) => before = Some(just_after(at)),
            }
        }
        all.dedup();
        all
    }

    /// The same by looking at every line of every transcript.
    fn plainly(&self, words: &Words) -> Vec<(Instant, ConversationId, u64)> {
        let mut all = BTreeSet::new();
        for person in self.store.people(None, 1_000).unwrap() {
            for chat in &person.conversations {
                for line in self.store.transcript(person.contact.id, chat.id, 0, usize::MAX).unwrap() {
                    if let Some(said) = uttered(&line).filter(|said| self.has(&said.text, words)) {
                        all.insert((said.at, chat.id, line.no()));
                    }
                }
            }
        }
        all.into_iter().rev().collect()
    }

    /// Conversations of which a file has a line.
    fn on_disk(&self) -> BTreeSet<ConversationId> {
        let segments = Folder::open(self.folder()).unwrap().segments().unwrap();
        let blocks = segments.iter().flat_map(|segment| segment.blocks.iter().map(move |block| (segment, block)));
        blocks.flat_map(|(segment, block)| segment.lines(block).unwrap()).map(|line| line.place.conversation).collect()
    }

    /// The process is killed. Of what it wrote last some bytes may never have reached the disk.
    fn kill(&mut self, torn: u64) {
        *lock(&self.said.index) = None;
        let mut files: Vec<_> = std::fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "said"));
        files.sort();
        if let Some(last) = files.last().filter(|_| torn > 0) {
            shorten(last, std::fs::metadata(last).unwrap().len().saturating_sub(torn));
        }
        self.open();
    }

    fn stop(&mut self) {
        self.said.close(&self.store);
        self.open();
    }
}

/// Cuts the end of a file off.
fn shorten(path: &Path, length: u64) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[derive(Clone, Debug)]
enum Act {
    Say(u8, u64, bool),
    Look(u8, usize, u32),
    Work,
    Stop,
    Kill(u64),
    Erase(u8),
    Forget(u8, u64),
    Sweep,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        60 => (0_u8..5, any::<u64>(), any::<bool>()).prop_map(|(who, seed, delivered)| Act::Say(who, seed, delivered)),
        6 => (0_u8..8, 1_usize..9, 0_u32..3).prop_map(|(word, page, hurry)| Act::Look(word, page, hurry)),
        3 => Just(Act::Work),
        2 => Just(Act::Stop),
        2 => prop_oneof![Just(0), 1_u64..60_000].prop_map(Act::Kill),
        1 => (0_u8..5).prop_map(Act::Erase),
        1 => (0_u8..5, 1_u64..40).prop_map(|(who, up_to)| Act::Forget(who, up_to)),
        1 => Just(Act::Sweep),
    ];
    prop::collection::vec(act, 1..260)
}

/// How many cases there are, where nobody asks for more.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_time: 15_000, ..ProptestConfig::with_cases(cases(24)) })]

    #[test]
    fn what_is_found_is_what_is_there(acts in acts()) {
        let mut stage = Stage::new();
        for act in acts {
            match act {
                Act::Say(who, seed, delivered) => {
                    // A clock may step back.
                    stage.now -= if seed.is_multiple_of(16) { 900 } else { 0 };
                    stage.say(who, &text(seed), delivered);
                }
                Act::Look(word, page, hurry) => {
                    let words = Words::read(WORDS[usize::from(word)]).unwrap();
                    stage.whole();
                    prop_assert_eq!(stage.found(&words, page, hurry), stage.plainly(&words));
                }
                Act::Work => drop(stage.said.work(&stage.store, stage.began).unwrap()),
                Act::Stop => stage.stop(),
                Act::Kill(torn) => stage.kill(torn),
                Act::Erase(who) => stage.erase(who),
                Act::Forget(who, up_to) => stage.forget(who, up_to),
                Act::Sweep => {
                    stage.sweep();
                    let living: BTreeSet<_> = stage.store.people(None, 99).unwrap().iter().flat_map(|p| p.conversations.iter().map(|c| c.id)).collect();
                    prop_assert!(stage.on_disk().is_subset(&living));
                }
            }
        }
        stage.whole();
        for word in WORDS {
            let words = Words::read(word).unwrap();
            prop_assert_eq!(stage.found(&words, 3, 1), stage.plainly(&words));
        }
    }
}

#[test]
fn what_was_said_is_found_at_once_and_after_an_orderly_stop_nothing_is_compared() {
    let mut stage = Stage::new();
    stage.say(1, "where is my ORDER", false);
    let words = Words::read("order").unwrap();
    assert_eq!(stage.found(&words, 9, 0).len(), 1);
    stage.whole();
    stage.stop();
    let (_, whole) = stage.said.look(&stage.store, stage.began, &words).unwrap();
    assert!(whole, "it was closed when nothing was missing");
    assert_eq!(stage.found(&words, 9, 0).len(), 1);
    stage.kill(0);
    let (_, whole) = stage.said.look(&stage.store, stage.began, &words).unwrap();
    assert!(!whole, "after a kill everything is compared");
    stage.whole();
    assert_eq!(stage.found(&words, 9, 0).len(), 1);
    // Somebody else changed the store meanwhile: a tool that keeps no index.
    stage.whole();
    stage.said.close(&stage.store);
    stage.said = Said::default();
    stage.say(2, "another order", false);
    stage.open();
    stage.whole();
    assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words));
}

#[test]
fn files_that_are_shorter_than_at_an_orderly_stop_are_noticed() {
    for kept_blocks in 0..3 {
        let mut stage = Stage::new();
        for n in 0..300 {
            stage.say(u8::try_from(n % 5).unwrap(), &text(n * 977), n % 2 == 0);
        }
        stage.whole();
        stage.stop();
        // Where a block ends, or at the very beginning, nothing in the file tells that there was more.
        let path = stage.folder().join("00000001.said");
        let bytes = std::fs::read(&path).unwrap();
        let ends = (0..kept_blocks).fold(0, |at, _| at + crm::said::Head::read(&bytes[at..]).unwrap().whole());
        assert!(ends < bytes.len());
        shorten(&path, u64::try_from(ends).unwrap());
        let words = Words::read("refund").unwrap();
        let (_, whole) = stage.said.look(&stage.store, stage.began, &words).unwrap();
        assert!(!whole, "with {kept_blocks} blocks");
        stage.whole();
        assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words));
        stage.stop();
        std::fs::remove_file(&path).unwrap();
        stage.whole();
        assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words));
    }
}

#[test]
fn nothing_is_left_out_where_the_clock_stepped_back_before_a_power_cut() {
    let mut stage = Stage::new();
    for n in 0..300 {
        stage.now -= if n == 150 { 1_000_000 } else { 0 };
        stage.say(1, &text(n * 977), false);
    }
    // All of it is written at once, and only the first block of it reaches the disk.
    stage.kill(0);
    stage.whole();
    let path = stage.folder().join("00000001.said");
    let bytes = std::fs::read(&path).unwrap();
    let first = crm::said::Head::read(&bytes).unwrap().whole();
    assert!(first < bytes.len());
    stage.kill(0);
    shorten(&path, u64::try_from(first).unwrap());
    stage.whole();
    for word in WORDS {
        let words = Words::read(word).unwrap();
        assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words), "{word}");
    }
}

#[test]
fn a_store_that_was_put_back_is_noticed() {
    let mut stage = Stage::new();
    for n in 0..9 {
        stage.say(1, &format!("an order {n}"), false);
    }
    stage.whole();
    stage.stop();
    // The store of some time ago takes the place; what is said now has numbers that are taken here.
    for said_before_it_is_compared in [false, true] {
        let newer = std::mem::replace(&mut stage.store, MemStore::new());
        stage.say(1, "an order 0", false);
        stage.kill(0);
        if !said_before_it_is_compared {
            stage.whole();
        }
        for _ in 0..6 {
            stage.say(1, "a zebra", false);
            drop(stage.said.look(&stage.store, stage.began, &Words::read("zebra").unwrap()).unwrap());
        }
        stage.whole();
        for word in ["order", "zebra"] {
            let words = Words::read(word).unwrap();
            assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words), "{word}");
        }
        // And none of it hangs on what was not written down yet.
        while stage.store.person(contact(1)).unwrap().unwrap().conversations[0].last_no < 9 {
            stage.say(1, "a zebra", false);
        }
        stage.kill(0);
        stage.whole();
        for word in ["order", "zebra"] {
            let words = Words::read(word).unwrap();
            assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words), "{word}");
        }
        stage.store = newer;
        stage.kill(0);
        std::fs::remove_dir_all(stage.folder()).unwrap();
        stage.whole();
        stage.stop();
    }
}

#[test]
fn lines_from_before_the_process_are_never_jumped_over() {
    let mut stage = Stage::new();
    for n in 0..40 {
        stage.say(1, &text(n), false);
    }
    stage.kill(0);
    std::fs::remove_dir_all(stage.folder()).unwrap();
    // Something new comes before the comparison has reached them, and the process dies again.
    stage.say(1, "a zebra", false);
    drop(stage.said.look(&stage.store, stage.began, &Words::read("zebra").unwrap()).unwrap());
    stage.kill(0);
    stage.whole();
    for word in WORDS {
        let words = Words::read(word).unwrap();
        assert_eq!(stage.found(&words, 5, 0), stage.plainly(&words), "{word}");
    }
}

#[test]
fn damage_is_noticed_and_made_good() {
    let mut stage = Stage::new();
    for n in 0..300 {
        stage.say(u8::try_from(n % 5).unwrap(), &text(n * 977), false);
    }
    stage.whole();
    stage.stop();
    let path = stage.folder().join("00000001.said");
    let mut bytes = std::fs::read(&path).unwrap();
    let first = crm::said::Head::read(&bytes).unwrap().whole();
    bytes[first - 1] ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    let words = Words::read("refund").unwrap();
    let first = stage.said.look(&stage.store, stage.began, &words).unwrap().0;
    let left = first.find(&words, None, |_| ControlFlow::Continue(()), || false, &|| false);
    assert_eq!(left.unwrap(), Looked::Enough, "nothing is read for somebody who left");
    let told = first.find(&words, None, |_| ControlFlow::Continue(()), || false, &|| true);
    assert_eq!(told.unwrap_err().kind(), io::ErrorKind::InvalidData);
    stage.said.made_anew();
    stage.whole();
    assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words));
}

#[test]
fn after_a_sweep_no_byte_is_left_of_who_was_erased() {
    let mut stage = Stage::new();
    for n in 0..120 {
        stage.say(u8::try_from(n % 3).unwrap(), &text(n * 31), false);
    }
    stage.say(1, "kW8vRz2mLq5xNd7t", false);
    stage.whole();
    stage.stop();
    stage.said.work(&stage.store, stage.began).unwrap();
    let holds = |stage: &Stage, needle: &[u8]| {
        let files = std::fs::read_dir(stage.folder()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    stage.say(0, "hello", false);
    stage.sweep();
    assert!(holds(&stage, b"kw8vrz2mlq5xnd7t") && holds(&stage, &conversation(1).to_bytes()));
    stage.erase(1);
    stage.sweep();
    assert!(!holds(&stage, b"kw8vrz2mlq5xnd7t") && !holds(&stage, &conversation(1).to_bytes()) && !holds(&stage, &contact(1).to_bytes()));
    assert!(holds(&stage, &conversation(2).to_bytes()), "others stay");
    let words = Words::read("refund").unwrap();
    assert_eq!(stage.found(&words, 9, 0), stage.plainly(&words));
}
