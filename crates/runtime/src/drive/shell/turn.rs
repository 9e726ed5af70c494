//! A turn at the core, after which nobody trusts a core that broke in it.

use super::{Shell, lock};
use crate::core::Core;
use std::sync::Arc;

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

/// Tells everybody of a core that breaks meanwhile: that the runtime stopped, and whoever waits that nothing came of it.
pub(super) struct TellIfBroken<'a>(pub &'a Arc<Shell>);

impl Drop for TellIfBroken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shell = self.0.clone();
            // Not on a thread that unwinds: a second panic there would end the process without a word.
            self.0.runtime.spawn(async move {
                let (actions, has_failed) = {
                    let mut core = shell.core();
                    (core.poll(), core.failed().is_some())
                };
                actions.into_iter().for_each(|action| shell.carry_out(action, &shell.answers));
                if has_failed {
                    // Some were on the line that broke, and the core does not know of them any more.
                    lock(&shell.waiters).clear();
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[tokio::test]
    async fn that_the_core_broke_is_told_at_once() {
        let (service, _) = crate::trial::service().await;
        let shell = service.handle.shell.clone();
        let broken = catch_unwind(AssertUnwindSafe(|| shell.tell(|_, _| panic!("as if something in it were wrong"))));
        assert!(broken.is_err());
        assert!(service.failed().await.contains("panicked"));
    }
}
