//! The post: what the store answers and what imports say is taken into the core.

use super::{Answer, Errand, Question, Shell, lock, turn::TellIfBroken};
use crate::core::Core;
use std::{
    pin::pin,
    sync::{Arc, Weak, atomic::Ordering},
    task::{Context, Poll, Waker},
};
use tokio::{
    runtime::RuntimeFlavor,
    sync::{
        mpsc::{UnboundedReceiver, error::SendError},
        oneshot,
    },
    task::unconstrained,
};

/// Answers of commits taken into the core under one lock, while an import is carried out, so that a chat gets in between soon.
const BATCH: usize = 16;

/// What is taken into the core by a task of its own.
pub(in crate::drive) struct Post {
    pub answers: UnboundedReceiver<Answer>,
    /// To commits that nobody is kept waiting by.
    pub later: UnboundedReceiver<Answer>,
    pub errands: UnboundedReceiver<Errand>,
    pub questions: UnboundedReceiver<Question>,
}

impl Shell {
    /// Takes the store's answers into the core, on a thread of their own: every commit to come waits for those before it, and
    /// among tokio's tasks that turn would come after all that clients ask. Questions and errands are done on the same thread, one of each
    /// between any two batches of answers. Within one thread (tests) it is a task like the others.
    pub(in crate::drive) fn take_post(self: &Arc<Self>, post: Post) -> std::io::Result<()> {
        // The thread ends when the shell goes.
        let take = take(Taking { shell: Arc::downgrade(self), post });
        if self.runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            self.runtime.spawn(take);
            return Ok(());
        }
        std::thread::Builder::new().name("core".into()).spawn(|| futures::executor::block_on(take)).map(drop)
    }

    /// Has something done by the thread that takes the store's answers, in the order of the calls. For threads that gave way to others: one
    /// that was kept from a processor while it has the core, or anything else that is locked, would keep it from everybody.
    pub(super) fn errand(self: &Arc<Self>, errand: impl FnOnce(&Arc<Self>) + Send + 'static) {
        if let Err(SendError(errand)) = self.errands.send(Box::new(errand)) {
            // The thread broke, and the core with it: whoever waits for this is told so.
            errand(self);
        }
    }

    /// Has the core asked by the same thread, before errands that wait, and waits for the answer; none if the thread broke. For the same
    /// threads, which may wait for a while.
    pub(crate) fn inquire<T: Send + 'static>(&self, question: impl FnOnce(&Core) -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let ask = move |shell: &Arc<Self>| {
            let _told = TellIfBroken(shell);
            // Whoever asked and does not wait any more needs no answer.
            drop(tell.send(shell.ask(question)));
        };
        self.questions.send(Box::new(ask)).ok()?;
        told.blocking_recv().ok()
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
        // From here on an errand is done by whoever sends it, and a question has no answer; those that were sent are dropped, which their senders
        // are told by.
        end(&mut self.post.errands);
        end(&mut self.post.questions);
        if let Some(shell) = self.shell.upgrade() {
            lock(&shell.waiters).clear();
        }
    }
}

/// Closes a channel and drops what was sent, also by whoever is sending at this moment.
fn end<T>(from: &mut UnboundedReceiver<T>) {
    from.close();
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // A task that had its share for now would be told to wait.
        match pin!(unconstrained(from.recv())).poll(&mut context) {
            Poll::Ready(Some(sent)) => drop(sent),
            Poll::Ready(None) => return,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// What is taken together.
#[derive(Default)]
struct Taken {
    answers: Vec<Answer>,
    later: Vec<Answer>,
    question: Option<Question>,
    errand: Option<Errand>,
}

impl Post {
    /// Waits for something, and takes some of each kind that there is: what many wait for does not keep the others waiting for ever.
    async fn next(&mut self, taken: &mut Taken) {
        tokio::select! {
            biased;
            // The senders live in the shell.
            _ = self.answers.recv_many(&mut taken.answers, BATCH) => {}
            _ = self.later.recv_many(&mut taken.later, BATCH) => {}
            question = self.questions.recv() => taken.question = question,
            errand = self.errands.recv() => taken.errand = errand,
        }
        while taken.later.len() < BATCH
            && let Ok(answer) = self.later.try_recv()
        {
            taken.later.push(answer);
        }
        taken.question = taken.question.take().or_else(|| self.questions.try_recv().ok());
        taken.errand = taken.errand.take().or_else(|| self.errands.try_recv().ok());
    }

    /// Takes the answers that came meanwhile into the core, and `answers` before them: somebody waits for each.
    fn answered(&mut self, shell: &Arc<Shell>, answers: &mut Vec<Answer>) {
        while answers.len() < BATCH
            && let Ok(answer) = self.answers.try_recv()
        {
            answers.push(answer);
        }
        if !answers.is_empty() {
            shell.committed(answers);
        }
    }
}

async fn take(mut taking: Taking) {
    let mut taken = Taken::default();
    loop {
        taking.post.next(&mut taken).await;
        // Every sender went with the shell.
        let Some(shell) = taking.shell.upgrade() else { return };
        taking.post.answered(&shell, &mut taken.answers);
        if !taken.later.is_empty() {
            shell.committed(&mut taken.later);
            taking.post.answered(&shell, &mut taken.answers);
        }
        if let Some(question) = taken.question.take() {
            question(&shell);
            taking.post.answered(&shell, &mut taken.answers);
        }
        if let Some(errand) = taken.errand.take() {
            errand(&shell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::end;
    use crate::{
        Service,
        core::{Core, Refusal},
        trial,
    };
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
        shell.errand(|shell| shell.tell(|_, _| panic!("as if something in it were wrong")));
        assert!(service.failed().await.contains("panicked"));
        // While the thread unwinds, and after it.
        for id in (1..=1_000).map(ContactId) {
            let told = shell.submit_new(id, made()).await;
            assert!(matches!(told, Ok(Err(Refusal::Unavailable)) | Err(_)), "{told:?}");
        }
        let shell = shell.clone();
        let asked = tokio::task::spawn_blocking(move || shell.inquire(Core::is_stopping));
        assert_eq!(asked.await.expect("nobody waits for ever"), None);
    }

    #[test]
    fn what_is_sent_while_a_channel_ends_is_dropped_or_given_back() {
        // Several at once: one of them is stopped between being let in and having sent.
        for _ in 0..1_000 {
            let (send, mut take) = tokio::sync::mpsc::unbounded_channel::<std::sync::mpsc::Sender<()>>();
            let (held, gone) = std::sync::mpsc::channel();
            let sender = || {
                let (send, held) = (send.clone(), held.clone());
                std::thread::spawn(move || while send.send(held.clone()).is_ok() {})
            };
            let senders = [sender(), sender(), sender()];
            drop(held);
            take.blocking_recv().expect("somebody sends");
            end(&mut take);
            senders.into_iter().for_each(|sender| sender.join().expect("the sender ends"));
            // Both ends live on: what was left in between would be there still.
            assert_eq!(gone.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected), "neither dropped nor given back");
            drop((send, take));
        }
    }
}
