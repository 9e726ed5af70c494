//! A turn at the core, after which nobody trusts a core that broke in it.

use crate::core::Core;

/// A turn at the core.
pub(super) struct Turn<'a> {
    core: parking_lot::MutexGuard<'a, Core>,
    /// Taken while a panic elsewhere is being cleaned up after: not of the core's doing.
    amid_panic: bool,
}

impl<'a> Turn<'a> {
    pub fn at(core: &'a parking_lot::Mutex<Core>) -> Self {
        Self { core: core.lock(), amid_panic: std::thread::panicking() }
    }
}

impl std::ops::Deref for Turn<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl std::ops::DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut Core {
        &mut self.core
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.amid_panic && std::thread::panicking() {
            // A core that panicked half way through is not to be trusted with anything more.
            self.core.fail("the runtime core panicked");
        }
    }
}
