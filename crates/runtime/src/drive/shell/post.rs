//! The post: what the store answers and what imports say is taken into the core.

use super::{Answer, Errand, Shell, lock};
use crate::core::Core;
use model::Instant;
use std::sync::{Arc, Weak, atomic::Ordering};
use tokio::{
    runtime::RuntimeFlavor,
    sync::mpsc::{UnboundedReceiver, error::SendError},
};

/// Answers of commits taken into the core under one lock: while an import is carried out a chat gets in between soon.
const BATCH: usize = 16;

/// What is taken into the core by a task of its own.
pub(in crate::drive) struct Post {
    pub answers: UnboundedReceiver<Answer>,
    pub errands: UnboundedReceiver<Errand>,
}

impl Shell {
    /// Takes the store's answers into the core, on a thread of their own: every commit to come waits for those before it, and
    /// among tokio's tasks that turn would come after all that clients ask. Errands are done on the same thread, one between any two
    /// batches of answers. Within one thread (tests) it is a task like the others.
    pub(in crate::drive) fn take_post(self: &Arc<Self>, post: Post) -> std::io::Result<()> {
        // The thread ends when the shell goes.
        let take = take(Taking { shell: Arc::downgrade(self), post });
        if self.runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            self.runtime.spawn(take);
            return Ok(());
        }
        std::thread::Builder::new().name("core".into()).spawn(|| futures::executor::block_on(take)).map(drop)
    }

    /// Has something told to the core by the thread that takes the store's answers, in the order of the calls. For threads that gave way to
    /// others: one that was kept from a processor while it has the core would keep it from everybody.
    pub(super) fn errand(self: &Arc<Self>, errand: impl FnOnce(&mut Core, Instant) + Send + 'static) {
        if let Err(SendError(errand)) = self.errands.send(Box::new(errand)) {
            // The thread broke, and the core with it: whoever waits for this is told so.
            self.tell(errand);
        }
    }

    fn committed(self: &Arc<Self>, batch: &mut Vec<Answer>) {
        self.tell(|core, now| {
            if self.ended.load(Ordering::Acquire) {
                return batch.clear();
            }
            batch.drain(..).for_each(|(token, answer)| core.committed(now, token, answer));
        });
    }
}

/// Whoever takes the post. However that ends, nobody waits for it any more.
struct Taking {
    shell: Weak<Shell>,
    post: Post,
}

impl Drop for Taking {
    fn drop(&mut self) {
        // From here on an errand is told to the core by whoever sends it; those that were sent are not, and nobody says so to their senders.
        self.post.errands.close();
        while self.post.errands.try_recv().is_ok() {}
        if let Some(shell) = self.shell.upgrade() {
            lock(&shell.waiters).clear();
        }
    }
}

async fn take(mut taking: Taking) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let Taking { shell, post } = &mut taking;
        let errand = tokio::select! {
            biased;
            count = post.answers.recv_many(&mut batch, BATCH) => match count {
                0 => return,
                _ => post.errands.try_recv().ok(),
            },
            Some(errand) = post.errands.recv() => Some(errand),
        };
        let Some(shell) = shell.upgrade() else { return };
        if !batch.is_empty() {
            shell.committed(&mut batch);
        }
        if let Some(errand) = errand {
            shell.tell(errand);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Service, core::Refusal, trial};
    use model::{Actor, Change, ContactId, InboxItem, Value};

    fn made() -> InboxItem {
        InboxItem::Create { source: "import".into(), changes: Vec::new(), by: Actor::System }
    }

    fn named() -> InboxItem {
        InboxItem::Modify { changes: vec![Change::SetSystem("first_name".into(), Value::text("Ana"))], by: Actor::System }
    }

    async fn errands_go_in_order(service: Service) {
        let shell = &service.handle.shell;
        let mut told = Vec::new();
        for id in (1..=200).map(ContactId) {
            told.push(shell.submit_new(id, made()));
            told.push(shell.submit(id, named(), None));
        }
        for told in told {
            assert!(told.await.expect("an answer").is_ok(), "nobody is changed before they are made");
        }
        service.stop().await;
    }

    #[tokio::test]
    async fn errands_go_in_order_beside_other_tasks() {
        errands_go_in_order(trial::service().await.0).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn errands_go_in_order_on_their_thread() {
        errands_go_in_order(trial::service().await.0).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_errand_after_the_core_broke_is_answered() {
        let (service, _) = trial::service().await;
        let shell = &service.handle.shell;
        shell.errand(|_, _| panic!("as if something in it were wrong"));
        assert!(service.failed().await.contains("panicked"));
        // While the thread unwinds, and after it.
        for id in (1..=1_000).map(ContactId) {
            let told = shell.submit_new(id, made()).await;
            assert!(matches!(told, Ok(Err(Refusal::Unavailable)) | Err(_)), "{told:?}");
        }
    }
}
