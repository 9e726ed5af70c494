//! Who watches which address: a broadcast per watched address, and none for the others.

use super::shell::lock;
use channel::Notice;
use model::Address;
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::broadcast;

/// Notices kept for a slow watcher; one that misses some reads the transcript anyway.
const KEPT: usize = 32;
/// The map is swept when it has doubled since the last sweep.
const SWEEP_FROM: usize = 1_024;

/// The watchers by address.
#[derive(Default)]
pub(crate) struct Watchers {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_address: HashMap<Address, broadcast::Sender<Notice>>,
    sweep_at: usize,
}

impl Watchers {
    /// Watches an address.
    pub(crate) fn watch(&self, address: &Address) -> broadcast::Receiver<Notice> {
        let mut inner = lock(&self.inner);
        if inner.by_address.len() >= inner.sweep_at.max(SWEEP_FROM) {
            inner.by_address.retain(|_, sender| sender.receiver_count() > 0);
            inner.sweep_at = inner.by_address.len() * 2;
        }
        inner.by_address.entry(address.clone()).or_insert_with(|| broadcast::Sender::new(KEPT)).subscribe()
    }

    /// Lets whoever watches the address go.
    pub(crate) fn forget(&self, address: &Address) {
        lock(&self.inner).by_address.remove(address);
    }

    /// Tells whoever watches the address.
    pub(crate) fn tell(&self, address: &Address, notice: Notice) {
        let mut inner = lock(&self.inner);
        if let Some(sender) = inner.by_address.get(address)
            && sender.send(notice).is_err()
        {
            inner.by_address.remove(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_nobody_watches_are_forgotten() {
        let watchers = Watchers::default();
        let address = |n: usize| Address { channel: "web".into(), id: n.to_string() };
        let mut kept = watchers.watch(&address(0));
        for n in 1..5_000 {
            drop(watchers.watch(&address(n)));
        }
        assert!(lock(&watchers.inner).by_address.len() <= 2 * SWEEP_FROM);
        watchers.tell(&address(0), Notice::Lines { no: 3 });
        assert_eq!(kept.try_recv(), Ok(Notice::Lines { no: 3 }));
    }
}
