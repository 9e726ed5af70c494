//! The embedded store is held to the same rules as every store.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use store::{Load, Store, conformance::Factory};
use switchboard_store_sled::{Loader, Options, SledStore};

struct Folder {
    dir: tempfile::TempDir,
    options: Options,
}

impl Folder {
    /// As small as it gets, so that every bound is met: pages turn, people are let go, segments end.
    fn small() -> Self {
        let options = Options {
            cache_bytes: 1024 * 1024,
            people_bytes: 4 * 1024,
            backlog_low: 0,
            backlog_high: 64 * 1024,
            segment_bytes: 16 * 1024,
            ..Options::default()
        };
        Self { dir: tempfile::tempdir().unwrap(), options }
    }

    /// As it runs.
    fn usual() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), options: Options::default() }
    }
}

impl Factory for Folder {
    fn open(&mut self) -> Box<dyn Store> {
        Box::new(SledStore::open(self.dir.path(), self.options.clone()).unwrap())
    }

    fn load(&mut self) -> Box<dyn Load> {
        Box::new(Loader::begin(self.dir.path(), self.options.clone()).unwrap())
    }
}

mod small {
    use super::*;
    store::conformance!(Folder::small());
}

mod usual {
    use super::*;
    store::conformance!(Folder::usual());
}
