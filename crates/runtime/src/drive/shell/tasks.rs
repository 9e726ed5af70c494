//! The shell's own tasks: the answers of the store are taken, and time is kept.

use super::{Answer, Shell};
use crate::core::Core;
use std::sync::{Arc, atomic::Ordering};
use tokio::{runtime::RuntimeFlavor, sync::mpsc};

/// Answers of commits taken into the core under one lock: while an import is carried out a chat gets in between soon.
const BATCH: usize = 64;

impl Shell {
    /// Takes the store's answers into the core, on a thread of their own: every commit to come waits for those before it, and
    /// among tokio's tasks that turn would come after all that clients ask. Within one thread (tests) they are a task like the others.
    pub(in crate::drive) fn take_answers(self: &Arc<Self>, mut answers: mpsc::UnboundedReceiver<Answer>) -> std::io::Result<()> {
        // The thread ends when the shell goes.
        let shell = Arc::downgrade(self);
        if self.runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            self.runtime.spawn(async move {
                let mut batch = Vec::with_capacity(BATCH);
                while answers.recv_many(&mut batch, BATCH).await > 0 {
                    let Some(shell) = shell.upgrade() else { return };
                    shell.committed(&mut batch);
                }
            });
            return Ok(());
        }
        let take = move || {
            let mut batch = Vec::with_capacity(BATCH);
            while answers.blocking_recv_many(&mut batch, BATCH) > 0 {
                let Some(shell) = shell.upgrade() else { return };
                shell.committed(&mut batch);
            }
        };
        std::thread::Builder::new().name("answers".into()).spawn(take).map(drop)
    }

    fn committed(self: &Arc<Self>, batch: &mut Vec<Answer>) {
        self.tell(|core, now| {
            if self.ended.load(Ordering::Acquire) {
                return batch.clear();
            }
            batch.drain(..).for_each(|(token, answer)| core.committed(now, token, answer));
        });
    }

    pub(in crate::drive) async fn keep_time(self: Arc<Self>) {
        loop {
            let rearm = self.rearm.notified();
            let next = self.ask(Core::next_due);
            self.armed.store(next.map_or(i64::MAX, |at| at.0), Ordering::Release);
            // Something may have moved between the question and the arming.
            let earlier = self.ask(Core::next_due);
            match (next, earlier) {
                (_, Some(at)) if at <= self.clock.now() => {
                    let now = self.clock.now();
                    let soon = self.ask(|core| core.soon(now));
                    futures::future::join_all(soon.into_iter().map(|contact| self.warm_up(contact))).await;
                    self.tell(Core::due);
                    tokio::task::yield_now().await;
                }
                (next, earlier) if earlier != next => {}
                (Some(at), _) => {
                    let sleep = self.clock.sleep_until(at);
                    tokio::select! { () = sleep => {}, () = rearm => {} }
                }
                (None, _) => rearm.await,
            }
        }
    }
}
