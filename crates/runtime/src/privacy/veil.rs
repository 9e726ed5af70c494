//! The veil: whatever is written from memory after somebody was erased names them no more.
//!
//! A sweep reads records and makes those anew that name somebody who was erased. Meanwhile others write: an import notes how far it is, an
//! audience as well, each from what it read before. So everything on its way to the store goes through here. While a veil hangs, a record
//! that names somebody it hangs for goes on without them, and one that came since it hangs is not replaced by what the sweep made of an
//! older one.
//!
//! ```text
//! hang ──▶ what was handed over before is durable ──▶ the sweep reads, and replaces what is not newer ──▶ done ──▶ lifted
//! ```
//!
//! A veil is lifted when two minutes have passed and nobody is left who began before its sweep was done and may write for long what they
//! read then ([`Hold`]). An audience may take days, and many veils hang behind it: all of them are one look, however many they are, and
//! as long as no sweep goes on nobody waits for another one's look.
//!
//! **Invariants.** While a veil hangs no record that names somebody it hangs for is handed to the store. A sweep replaces no record that is
//! newer than the one it read.

use super::files::{files_in, is_upload};
use crate::{Clock, retention};
use crm::erase::{Sweep, Swept};
use model::{BlobId, Instant};
use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak},
};
use store::{Commit, Done, RecordPut, Store};

/// How long a veil hangs at least: whoever answers one request holds what they read no longer. Two minutes.
const AT_LEAST: i64 = 120_000_000;

/// Everybody who may write what they read before a sweep was done has one from before they read.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    era: Option<Arc<()>>,
    veils: Arc<Veils>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.era = None;
        self.veils.lift();
    }
}

/// A veil.
struct Veil {
    look: Arc<Sweep>,
    /// Whoever may write what they read before it hung, or while its sweep went on.
    before: Weak<()>,
    until: Instant,
}

#[derive(Default)]
struct Hung {
    /// The oldest first: whoever one of them waits for, those after it wait for as well.
    veils: Vec<Veil>,
    /// Everybody whom one of them hangs for, or did until a moment ago; none: there is no veil.
    all: Option<Arc<Sweep>>,
    /// Grows whenever one is hung or lifted.
    turns: u64,
    era: Arc<()>,
    /// Records that were handed over since the veil of the sweep that goes on hangs, by table and key; none: no sweep goes on.
    newer: Option<HashSet<(String, String)>>,
}

/// All veils.
pub(crate) struct Veils {
    hung: RwLock<Hung>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Veils {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Veils(…)")
    }
}

impl Veils {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { hung: RwLock::default(), clock }
    }

    fn write(&self) -> RwLockWriteGuard<'_, Hung> {
        // Nothing under this lock leaves it half changed.
        self.hung.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be had by whoever may write what they read now for longer than one request takes.
    pub fn hold(self: &Arc<Self>) -> Hold {
        let era = self.hung.read().unwrap_or_else(PoisonError::into_inner).era.clone();
        Hold { era: Some(era), veils: self.clone() }
    }

    /// Hands a commit to the store, without those whom a veil hangs for.
    pub fn commit(&self, store: &dyn Store, mut commit: Commit, done: Done) {
        {
            let hung = self.hung.read().unwrap_or_else(PoisonError::into_inner);
            // Handed over before a veil hangs, or not at all: it waits for this lock.
            if !hung.covers(&commit) {
                return store.commit(commit, done);
            }
            if hung.newer.is_none() {
                hung.cover(&mut commit);
                return store.commit(commit, done);
            }
        }
        let mut hung = self.write();
        hung.cover(&mut commit);
        hung.remember(&commit);
        store.commit(commit, done);
    }

    /// A sweep begins: from now on nothing names those whom it looks for. One sweep goes on at a time.
    pub fn hang(&self, look: Arc<Sweep>) -> Sweeping<'_> {
        loop {
            // Made while nobody waits.
            let (turns, all) = self.together(Some(&look));
            let mut hung = self.write();
            if hung.turns != turns {
                continue;
            }
            let until = self.clock.now().plus_micros(AT_LEAST);
            let before = Arc::downgrade(&hung.era);
            hung.veils.push(Veil { look, before, until });
            hung.all = all;
            hung.turns += 1;
            hung.newer = Some(HashSet::new());
            return Sweeping(self);
        }
    }

    /// Takes away what nobody needs any more.
    pub fn lift(&self) {
        if !self.write().lift(self.clock.now()) {
            return;
        }
        loop {
            let (turns, all) = self.together(None);
            let mut hung = self.write();
            if hung.turns == turns {
                hung.all = all;
                return;
            }
        }
    }

    /// One look for all veils that hang and for one more, and after which turn.
    fn together(&self, more: Option<&Arc<Sweep>>) -> (u64, Option<Arc<Sweep>>) {
        let (turns, looks) = {
            let hung = self.hung.read().unwrap_or_else(PoisonError::into_inner);
            (hung.turns, hung.veils.iter().map(|veil| &veil.look).chain(more).cloned().collect::<Vec<_>>())
        };
        let all = match looks.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(Arc::new(Sweep::together(many.iter().map(|look| &**look)))),
        };
        (turns, all)
    }

    /// When the newest veil may be lifted; none: there is none.
    pub fn until(&self) -> Option<Instant> {
        self.hung.read().unwrap_or_else(PoisonError::into_inner).veils.last().map(|veil| veil.until)
    }
}

impl Hung {
    /// Whether a record of a commit has to be looked at, or remembered.
    fn covers(&self, commit: &Commit) -> bool {
        let looked_at = |put: &RecordPut| match self.newer {
            Some(_) => Sweep::looks_at(&put.table),
            None => Sweep::is_rewritten(&put.table),
        };
        self.all.is_some() && commit.records.iter().any(looked_at)
    }

    fn cover(&self, commit: &mut Commit) {
        let Some(look) = &self.all else { return };
        // What was put down and is not written down is nobody's.
        let mut left: BTreeSet<BlobId> = BTreeSet::new();
        for put in commit.records.iter_mut().filter(|put| Sweep::is_rewritten(&put.table)) {
            let Some(value) = &put.value else { continue };
            match look.look(&put.table, &put.key, value) {
                Swept::Stays => {}
                Swept::Redacted(redacted) => put.value = Some(redacted),
                Swept::Goes => {
                    if is_upload(&put.table) {
                        left.extend(files_in(&put.key, value));
                    }
                    put.value = None;
                }
            }
        }
        commit.records.extend(left.iter().map(retention::note));
    }

    /// Notes what was handed over while a sweep goes on.
    fn remember(&mut self, commit: &Commit) {
        let Some(newer) = &mut self.newer else { return };
        let looked_at = commit.records.iter().filter(|put| Sweep::looks_at(&put.table));
        newer.extend(looked_at.map(|put| (put.table.clone(), put.key.clone())));
    }

    /// Answers whether there was something to lift.
    fn lift(&mut self, now: Instant) -> bool {
        let over = self.veils.iter().take_while(|veil| veil.until <= now && veil.before.strong_count() == 0).count();
        self.veils.drain(..over);
        self.turns += u64::from(over > 0);
        over > 0
    }
}

/// A sweep that goes on; it ends when this goes.
pub(crate) struct Sweeping<'a>(&'a Veils);

impl Sweeping<'_> {
    /// Replaces records by what the sweep made of them, but those that are newer than what it read.
    pub fn replace(&self, store: &dyn Store, mut records: Vec<RecordPut>, done: Done) {
        let hung = self.0.write();
        if let Some(newer) = &hung.newer {
            records.retain(|put| !newer.contains(&(put.table.clone(), put.key.clone())));
        }
        store.commit(Commit { records, ..Commit::default() }, done);
    }

    /// All of it is durable: whoever reads from now on reads nobody who was looked for.
    pub fn done(self) {
        let mut hung = self.0.write();
        hung.era = Arc::new(());
        let until = self.0.clock.now().plus_micros(AT_LEAST);
        if let Some(veil) = hung.veils.last_mut() {
            veil.until = until;
        }
    }
}

impl Drop for Sweeping<'_> {
    fn drop(&mut self) {
        self.0.write().newer = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use crm::erase::Marks;
    use serde_json::{Value, json};
    use store::{MemStore, commit_blocking};

    const ANA: &str = "ana@shop.example";

    fn look() -> Arc<Sweep> {
        let marks = Marks { names: [ANA.to_owned()].into(), ..Marks::default() };
        Arc::new(Sweep::new([&marks].into_iter()).unwrap())
    }

    fn put(table: &str, key: &str, value: Option<Value>) -> RecordPut {
        RecordPut { table: table.into(), key: key.into(), value }
    }

    struct Bench {
        store: MemStore,
        clock: Arc<ManualClock>,
        veils: Arc<Veils>,
    }

    impl Bench {
        fn new() -> Self {
            let clock = Arc::new(ManualClock::new(Instant::from_secs(1_790_000_000)));
            Self { store: MemStore::new(), veils: Arc::new(Veils::new(clock.clone())), clock }
        }

        fn write(&self, table: &str, key: &str, value: Value) {
            let commit = Commit { records: vec![put(table, key, Some(value))], ..Commit::default() };
            self.veils.commit(&self.store, commit, Box::new(|answer| assert!(answer.is_ok())));
        }

        fn read(&self, table: &str, key: &str) -> Option<Value> {
            self.store.record(table, key).unwrap()
        }

        fn veils(&self) -> usize {
            self.veils.hung.read().unwrap().veils.len()
        }
    }

    fn import(row: u64, mail: &str) -> Value {
        json!({ "row": row, "columns": [{ "name": "mail", "sample": [mail] }] })
    }

    fn bare(row: u64) -> Value {
        json!({ "row": row, "columns": [{ "name": "mail", "sample": [] }] })
    }

    #[test]
    fn what_is_written_from_memory_brings_nobody_back() {
        let bench = Bench::new();
        bench.write("imports", "imp_1", import(1, ANA));
        assert_eq!(bench.read("imports", "imp_1"), Some(import(1, ANA)), "no veil hangs");
        let worker = bench.veils.hold();
        let sweeping = bench.veils.hang(look());
        bench.write("imports", "imp_1", import(2, ANA));
        assert_eq!(bench.read("imports", "imp_1"), Some(bare(2)));
        sweeping.done();
        // Long after the sweep the import goes on from what it read before.
        bench.clock.advance(86_400_000_000);
        bench.veils.lift();
        bench.write("imports", "imp_1", import(3, ANA));
        assert_eq!(bench.read("imports", "imp_1"), Some(bare(3)));
        assert_eq!(bench.veils(), 1);
        drop(worker);
        assert_eq!(bench.veils(), 0, "nobody holds what was read then");
    }

    #[test]
    fn a_sweep_replaces_nothing_that_is_newer_than_what_it_read() {
        let bench = Bench::new();
        commit_blocking(&bench.store, Commit { records: vec![put("imports", "imp_1", Some(import(1, ANA)))], ..Commit::default() })
            .unwrap();
        bench.write("import_lists", "imp_1/00000000", json!(["con_00000000000000000000000001"]));
        let sweeping = bench.veils.hang(look());
        // What the sweep read, and what came between that and its answer.
        let swept = vec![put("imports", "imp_1", Some(bare(1))), put("import_lists", "imp_1/00000000", None), put("calls", "k", None)];
        bench.write("imports", "imp_1", import(2, ANA));
        commit_blocking(&bench.store, Commit { records: vec![put("calls", "k", Some(json!(ANA)))], ..Commit::default() }).unwrap();
        sweeping.replace(&bench.store, swept, Box::new(|answer| assert!(answer.is_ok())));
        assert_eq!(bench.read("imports", "imp_1"), Some(bare(2)), "the import is where it was");
        assert_eq!(
            (bench.read("import_lists", "imp_1/00000000"), bench.read("calls", "k")),
            (None, None),
            "the others are as the sweep made them"
        );
        drop(sweeping);
        assert!(bench.veils.hung.read().unwrap().newer.is_none());
    }

    #[test]
    fn a_row_that_is_about_them_alone_does_not_come() {
        let bench = Bench::new();
        let _sweeping = bench.veils.hang(look());
        bench.write("channel/web", "upload/x", json!({ "of": ANA }));
        let (key, file) = ("a".repeat(64), "b".repeat(64));
        bench.write("agent_uploads", &format!("cnv_1/{key}"), json!({ "of": ANA, "attachment": { "blob": file } }));
        let noted = bench.store.records(retention::FILES).unwrap().into_iter().map(|(id, _)| id);
        assert_eq!(noted.collect::<Vec<_>>(), [key, file], "what was put down goes with a compaction");
        bench.write("channel/web", "upload/y", json!({ "of": "bob@shop.example" }));
        bench.write("globals", "seller", json!(ANA));
        assert_eq!((bench.read("channel/web", "upload/x"), bench.read("channel/web", "upload/y").is_some()), (None, true));
        assert!(bench.read("globals", "seller").is_some(), "what is the bot's own is nobody's");
    }

    #[test]
    fn many_veils_are_one_look_and_none_hangs_longer_than_it_has_to() {
        const BOB: &str = "bob@shop.example";
        let bench = Bench::new();
        let of = |mail: &str| {
            let marks = Marks { names: [mail.to_owned()].into(), ..Marks::default() };
            Arc::new(Sweep::new([&marks].into_iter()).unwrap())
        };
        let oldest = bench.veils.hold();
        bench.veils.hang(of(ANA)).done();
        let between = bench.veils.hold();
        bench.veils.hang(of(BOB)).done();
        bench.clock.advance(AT_LEAST);
        for (row, mail) in [(1, ANA), (2, BOB)] {
            bench.write("imports", "imp_1", import(row, mail));
            assert_eq!(bench.read("imports", "imp_1"), Some(bare(row)), "{mail}");
        }
        drop(oldest);
        assert_eq!(bench.veils(), 1);
        for (row, mail, left) in [(3, ANA, import(3, ANA)), (4, BOB, bare(4))] {
            bench.write("imports", "imp_1", import(row, mail));
            assert_eq!(bench.read("imports", "imp_1"), Some(left), "{mail}");
        }
        drop(between);
        bench.write("imports", "imp_1", import(5, BOB));
        assert_eq!(bench.read("imports", "imp_1"), Some(import(5, BOB)));
        assert!(bench.veils.hung.read().unwrap().all.is_none());
    }

    #[test]
    fn a_veil_hangs_until_all_who_began_before_it_are_through() {
        let bench = Bench::new();
        let oldest = bench.veils.hold();
        bench.veils.hang(look()).done();
        let between = bench.veils.hold();
        bench.veils.hang(look()).done();
        let newest = bench.veils.hold();
        drop(newest);
        assert_eq!(bench.veils(), 2, "some time has to pass");
        bench.clock.advance(AT_LEAST);
        bench.veils.lift();
        assert_eq!(bench.veils(), 2);
        drop(between);
        assert_eq!(bench.veils(), 2, "the oldest read before both");
        drop(oldest);
        assert_eq!(bench.veils(), 0);
        let _new = bench.veils.hold();
        bench.veils.hang(look()).done();
        assert!(bench.veils.until().is_some());
    }
}
