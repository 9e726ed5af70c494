//! The in-memory twin is held to the same rules as every store.

use switchboard_store as store;

use store::{Load, MemLoad, Store, conformance::Factory};

/// Data that outlives its store: what [`store::MemStore::crash`] leaves.
#[derive(Default)]
struct Memory(store::MemStore);

impl Factory for Memory {
    fn open(&mut self) -> Box<dyn Store> {
        self.0 = self.0.crash();
        Box::new(self.0.clone())
    }

    fn load(&mut self) -> Box<dyn Load> {
        Box::new(MemLoad::new(self.0.clone()))
    }
}

store::conformance!(Memory::default());
