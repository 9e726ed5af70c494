//! The shell around the core: one lock, never held across an await; actions are carried out after it is released.

use super::watchers::Watchers;
use crate::{
    Clock, DeskEvent, Outside, Tried,
    core::{Action, CallToken, CommitToken, Core, Outcome, PostToken, Refusal, SendToken, Ticket},
};
use channel::{AcceptError, Accepted, Channel, SendError, Sent};
use engine::Bot;
use futures::FutureExt;
use model::{Address, ContactId, InboxItem, Instant, Version};
use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::{Blobs, Seq, Store};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

/// How long a channel may take with one piece before nobody knows what came of it.
const SEND_WITHIN: Duration = Duration::from_secs(120);
/// How long one try of a call may take, whatever its own limits are.
const CALL_WITHIN: Duration = Duration::from_secs(120);
/// How long one try of a delivery to a webhook may take, whatever makes it.
const POST_WITHIN: Duration = Duration::from_secs(30);
/// Desk hints kept for a slow listener; one that misses some fetches everything.
const DESK_HINTS: usize = 256;
/// Retired versions kept for a slow listener; what one misses goes at the next start.
const RETIRED: usize = 256;
/// Answers of commits taken into the core under one lock: while an import is carried out a chat gets in between soon.
const BATCH: usize = 64;

/// Who waits for a ticket.
enum Waiter {
    Accept(oneshot::Sender<Result<Accepted, AcceptError>>),
    Item(oneshot::Sender<Result<Outcome, Refusal>>),
    Settle(oneshot::Sender<()>),
}

pub(super) type Answer = (CommitToken, Result<Seq, store::Error>);

/// The shell; everybody holds it in an `Arc`.
pub(crate) struct Shell {
    core: Mutex<Core>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    channels: BTreeMap<String, Arc<dyn Channel>>,
    outside: Option<Arc<dyn Outside>>,
    waiters: Mutex<HashMap<Ticket, Waiter>>,
    tickets: AtomicU64,
    pub(crate) watchers: Watchers,
    pub(crate) desk: broadcast::Sender<DeskEvent>,
    /// Versions of the bot that nothing uses any more.
    pub(crate) retired: broadcast::Sender<Version>,
    answers: mpsc::UnboundedSender<Answer>,
    /// What the time keeper sleeps until; [`i64::MAX`] without an end.
    armed: AtomicI64,
    rearm: Notify,
    /// Told after everything that may end the last commit or piece under way.
    worked: Notify,
    failed: watch::Sender<Option<String>>,
    pub(crate) bot: RwLock<Arc<Bot>>,
    pub(crate) notes: Mutex<Notes>,
    /// Actions may be carried out on threads that are not tokio's (a dropped guard).
    pub(crate) runtime: tokio::runtime::Handle,
    /// Whether time stands still ([`super::Options::at_rest`]).
    pub(crate) at_rest: bool,
    /// Erasures that are not done.
    pub(crate) promises: crate::privacy::Promises,
    /// What goes to the store goes through here.
    pub(crate) veils: Arc<crate::privacy::Veils>,
    /// Held by whoever stores a message with files until it is durable; files are removed only of those whom nobody is about to name.
    pub(crate) attaching: Arc<tokio::sync::RwLock<()>>,
    /// What was said, to be found by its words.
    pub(crate) said: crate::said::Said,
    /// The last commit when the runtime began.
    pub(crate) began: Seq,
}

/// What the operator is to know.
#[derive(Default)]
pub(crate) struct Notes {
    pub reload_error: Option<crate::ReloadError>,
    /// Changes of the bot folder that need a restart.
    pub restart: Vec<String>,
    pub channels: BTreeMap<String, String>,
    pub alert: Option<String>,
}

/// A lock whose data is good even if somebody panicked: nothing that runs under these locks leaves them half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is around the core.
pub(super) struct Around {
    pub bot: Arc<Bot>,
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn Blobs>,
    pub channels: BTreeMap<String, Arc<dyn Channel>>,
    pub clock: Arc<dyn Clock>,
    pub outside: Option<Arc<dyn Outside>>,
    /// Nothing is to happen by itself.
    pub at_rest: bool,
}

impl Shell {
    /// A shell around the core; to be called within tokio.
    pub(super) fn new(core: Core, around: Around) -> (Arc<Self>, mpsc::UnboundedReceiver<Answer>) {
        let Around { bot, store, blobs, channels, clock, outside, at_rest } = around;
        let (answers, taken) = mpsc::unbounded_channel();
        let began = store.stats().seq;
        let veils = Arc::new(crate::privacy::Veils::new(clock.clone()));
        let mut core = core;
        core.veiled_by(veils.clone());
        let shell = Self {
            core: Mutex::new(core),
            store,
            blobs,
            clock,
            channels,
            outside,
            waiters: Mutex::default(),
            tickets: AtomicU64::new(0),
            watchers: Watchers::default(),
            desk: broadcast::Sender::new(DESK_HINTS),
            retired: broadcast::Sender::new(RETIRED),
            answers,
            armed: AtomicI64::new(i64::MAX),
            rearm: Notify::new(),
            worked: Notify::new(),
            failed: watch::Sender::new(None),
            bot: RwLock::new(bot),
            notes: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
            at_rest,
            promises: Default::default(),
            veils,
            attaching: Arc::default(),
            said: Default::default(),
            began,
        };
        (Arc::new(shell), taken)
    }

    pub(crate) fn channels(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.channels.values()
    }

    pub(crate) fn channel(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.channels.get(name)
    }

    pub(crate) fn bot(&self) -> Arc<Bot> {
        self.bot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    // ---- the core ----

    fn core(&self) -> MutexGuard<'_, Core> {
        match self.core.lock() {
            Ok(core) => core,
            Err(poisoned) => {
                // A core that panicked half way through is not to be trusted with anything more.
                let mut core = poisoned.into_inner();
                core.fail("the runtime core panicked");
                core
            }
        }
    }

    /// Looks at the core.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Core) -> T) -> T {
        question(&self.core())
    }

    /// Tells the core something and carries out what it decides.
    pub(crate) fn tell<T>(self: &Arc<Self>, news: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let now = self.clock.now();
        let (answer, actions, next) = {
            let mut core = self.core();
            let answer = news(&mut core, now);
            (answer, core.poll(), core.next_due())
        };
        let next = next.map_or(i64::MAX, |at| at.0);
        if next < self.armed.load(Ordering::Acquire) {
            self.rearm.notify_one();
        }
        for action in actions {
            self.carry_out(action);
        }
        self.worked.notify_waiters();
        answer
    }

    fn carry_out(self: &Arc<Self>, action: Action) {
        match action {
            Action::Commit(token, commit) => {
                let answers = self.answers.clone();
                // A receiver that is gone means that the runtime stopped: nobody waits any more.
                self.commit(*commit, Box::new(move |answer| drop(answers.send((token, answer)))));
            }
            Action::Send(token, out) => {
                self.runtime.spawn(self.clone().send(token, *out));
            }
            Action::Call(token, row) => {
                self.runtime.spawn(self.clone().call(token, row));
            }
            Action::Post(token, post) => {
                self.runtime.spawn(self.clone().post(token, post));
            }
            Action::Accepted(ticket, answer) => {
                if let Some(Waiter::Accept(tell)) = self.waiter(ticket) {
                    // Whoever does not wait any more needs no answer.
                    let _ = tell.send(answer);
                }
            }
            Action::Done(ticket, answer) => {
                if let Some(Waiter::Item(tell)) = self.waiter(ticket) {
                    let _ = tell.send(answer);
                }
            }
            Action::Settled(ticket) => {
                if let Some(Waiter::Settle(tell)) = self.waiter(ticket) {
                    let _ = tell.send(());
                }
            }
            Action::Notice(address, notice) => self.watchers.tell(&address, notice),
            Action::Gone(address) => self.watchers.forget(&address),
            Action::Said(contact, conversation, after) => self.said.grew(contact, conversation, after),
            Action::Desk(event) => {
                // Nobody at the desk is fine.
                let _ = self.desk.send(event);
            }
            Action::Trace(contact, trace) => tracing::trace!(%contact, ?trace, "stepped"),
            Action::Retired(version) => {
                // Nobody keeps versions on disk where nobody listens.
                let _ = self.retired.send(version);
            }
            Action::Judge(judgement) => {
                let shell = self.clone();
                self.runtime.spawn_blocking(move || {
                    let judged = judgement.carry_out();
                    shell.tell(move |core, now| core.judged(now, judged));
                });
            }
            Action::Alert(text) => {
                tracing::error!("{text}");
                lock(&self.notes).alert = Some(text);
            }
            Action::Stop(reason) => {
                tracing::error!("the runtime stopped: {reason}");
                self.failed.send_replace(Some(reason));
            }
        }
    }

    fn waiter(&self, ticket: Ticket) -> Option<Waiter> {
        lock(&self.waiters).remove(&ticket)
    }

    fn ticket(&self, waiter: Waiter) -> Ticket {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        lock(&self.waiters).insert(ticket, waiter);
        ticket
    }

    // ---- what comes in ----

    pub(super) async fn accept(self: &Arc<Self>, inbound: channel::Inbound) -> Result<Accepted, AcceptError> {
        self.warm(&inbound.address);
        let _attached = match &inbound.incoming.body {
            // What a customer says is taken, whatever became of a file.
            model::IncomingBody::Message(content) if !content.attachments.is_empty() => self.attach(content).await.0,
            _ => None,
        };
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Accept(tell));
        self.tell(|core, now| core.inbound(now, inbound, ticket));
        told.await.unwrap_or(Err(AcceptError::Unavailable))
    }

    /// Reads the person at an address before the core is locked.
    fn warm(&self, address: &Address) {
        if let Ok(Some(contact)) = self.store.person_at(address) {
            self.warm_up(contact);
        }
    }

    /// Reads a contact before the core is locked: whoever was not heard of for long comes from the disk, and everybody else
    /// would wait for that.
    fn warm_up(&self, contact: ContactId) {
        // What goes wrong here goes wrong again, and is told, where it matters.
        let _ = self.store.person(contact);
    }

    pub(crate) async fn item(self: &Arc<Self>, contact: ContactId, item: InboxItem, once: Option<String>) -> Result<Outcome, Refusal> {
        self.warm_up(contact);
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| core.item(now, contact, item, once.as_deref(), ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// A ticket for whoever waits for an item.
    pub(crate) fn waits(&self, tell: oneshot::Sender<Result<Outcome, Refusal>>) -> Ticket {
        self.ticket(Waiter::Item(tell))
    }

    /// Tells of a new contact at once; the answer comes when they are durable.
    pub(crate) fn submit_new(self: &Arc<Self>, contact: ContactId, item: InboxItem) -> oneshot::Receiver<Result<Outcome, Refusal>> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| core.create(now, contact, item, ticket));
        told
    }

    /// Gives a line an item at once; the answer comes when its step is durable.
    pub(crate) fn submit(
        self: &Arc<Self>,
        contact: ContactId,
        item: InboxItem,
        once: Option<String>,
    ) -> oneshot::Receiver<Result<Outcome, Refusal>> {
        self.warm_up(contact);
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| core.item(now, contact, item, once.as_deref(), ticket));
        told
    }

    pub(crate) async fn erase(
        self: &Arc<Self>,
        contact: ContactId,
        version: Option<u64>,
        remembered: crate::core::erase::Remembered,
    ) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| core.erase(now, contact, version, remembered, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Forgets something of a contact's past, if nothing else happens to them.
    pub(crate) async fn forget(self: &Arc<Self>, change: store::PersonChange, records: Vec<store::RecordPut>) -> Result<Outcome, Refusal> {
        self.answered(|core, now, ticket| core.forget(now, change, records, ticket)).await
    }

    /// Asks something of two contacts together.
    pub(crate) async fn joining(self: &Arc<Self>, ask: impl FnOnce(&mut Core, Instant, Ticket)) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| ask(core, now, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    pub(super) async fn settled(self: &Arc<Self>, address: &Address, within: Duration) {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Settle(tell));
        self.tell(|core, _| core.settle(address, ticket));
        if tokio::time::timeout(within, told).await.is_err() {
            self.waiter(ticket);
        }
    }

    // ---- what goes out ----

    async fn send(self: Arc<Self>, token: SendToken, out: channel::Outbound) {
        let answer = match self.channel(&out.address.channel) {
            None => Err(SendError::Temporary("the channel is not connected".into())),
            Some(channel) => {
                let hub = self.hub(&out.address.channel);
                let sending = AssertUnwindSafe(channel.send(&*hub, &out)).catch_unwind();
                match tokio::time::timeout(SEND_WITHIN, sending).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => Err(SendError::Unknown("the channel panicked".into())),
                    Err(_) => Err(SendError::Unknown("the channel did not answer within 2 minutes".into())),
                }
            }
        };
        log_send(&out, &answer);
        self.tell(|core, now| core.sent(now, token, answer));
    }

    async fn call(self: Arc<Self>, token: CallToken, row: Box<model::CallRow>) {
        let tried = match &self.outside {
            None => Tried::failed("this server makes no calls"),
            Some(outside) => {
                let calling = AssertUnwindSafe(outside.call(&row)).catch_unwind();
                match tokio::time::timeout(CALL_WITHIN, calling).await {
                    Ok(Ok(tried)) => tried,
                    Ok(Err(_)) => Tried::failed("what makes the call panicked"),
                    Err(_) => Tried { came: model::Came::TimedOut, again: true, after: None },
                }
            }
        };
        let (call, place) = (row.call.id, &row.call.place);
        match &tried.came {
            model::Came::Failed { .. } | model::Came::TimedOut => tracing::info!(%call, place, again = tried.again, "a call did not work"),
            model::Came::Http { .. } | model::Came::Sent { .. } => tracing::debug!(%call, place, "a call was answered"),
        }
        self.tell(|core, now| core.called(now, token, tried));
    }

    async fn post(self: Arc<Self>, token: PostToken, post: Box<crate::outside::Post>) {
        let posted = self.post_once(&post).await;
        tracing::debug!(delivery = post.id, ?posted, "posted to a webhook");
        self.tell(|core, now| core.posted(now, token, &posted));
    }

    /// Makes one try of a delivery.
    pub(crate) async fn post_once(&self, post: &crate::outside::Post) -> crate::outside::Posted {
        let failed = |reason: &str| crate::outside::Posted::Failed { reason: reason.into() };
        let Some(outside) = &self.outside else { return failed("this server makes no calls") };
        match tokio::time::timeout(POST_WITHIN, AssertUnwindSafe(outside.post(post)).catch_unwind()).await {
            Ok(Ok(posted)) => posted,
            Ok(Err(_)) => failed("what posts it panicked"),
            Err(_) => failed("no answer in time"),
        }
    }

    /// Whether deliveries may be posted to an address.
    pub(crate) fn may_post(&self, url: &str) -> Result<(), String> {
        self.outside.as_ref().map_or(Ok(()), |outside| outside.may_post(url))
    }

    /// Tells the core something that it answers with a ticket.
    pub(crate) async fn answered(self: &Arc<Self>, news: impl FnOnce(&mut Core, Instant, Ticket)) -> Result<Outcome, Refusal> {
        let (tell, told) = oneshot::channel();
        let ticket = self.ticket(Waiter::Item(tell));
        self.tell(|core, now| news(core, now, ticket));
        told.await.unwrap_or(Err(Refusal::Unavailable))
    }

    // ---- the shell's own tasks ----

    pub(super) async fn take_answers(self: Arc<Self>, mut answers: mpsc::UnboundedReceiver<Answer>) {
        let mut batch = Vec::with_capacity(BATCH);
        while answers.recv_many(&mut batch, BATCH).await > 0 {
            self.tell(|core, now| batch.drain(..).for_each(|(token, answer)| core.committed(now, token, answer)));
        }
    }

    pub(super) async fn keep_time(self: Arc<Self>) {
        loop {
            let rearm = self.rearm.notified();
            let next = self.ask(Core::next_due);
            self.armed.store(next.map_or(i64::MAX, |at| at.0), Ordering::Release);
            // Something may have moved between the question and the arming.
            let earlier = self.ask(Core::next_due);
            match (next, earlier) {
                (_, Some(at)) if at <= self.clock.now() => {
                    let now = self.clock.now();
                    for contact in self.ask(|core| core.soon(now)) {
                        self.warm_up(contact);
                        tokio::task::yield_now().await;
                    }
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

    // ---- the end ----

    pub(super) fn stop(self: &Arc<Self>) {
        self.tell(Core::stop);
    }

    /// Whoever still waits for something is told that it did not come: nothing is answered any more.
    pub(super) fn answer_nobody(&self) {
        lock(&self.waiters).clear();
    }

    /// Resolves when nothing is under way.
    pub(super) async fn quiet(&self) {
        loop {
            let worked = self.worked.notified();
            if self.ask(Core::is_quiet) {
                return;
            }
            worked.await;
        }
    }

    pub(crate) fn fail(self: &Arc<Self>, reason: &str) {
        self.tell(|core, _| core.fail(reason));
    }

    pub(super) async fn failed(&self) -> String {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The sender lives in this shell.
            Err(_) => std::future::pending().await,
        }
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.borrow().clone()
    }
}

/// A line for the operator where a message did not leave; addresses and texts stay out of the log.
fn log_send(out: &channel::Outbound, answer: &Result<Sent, SendError>) {
    let (channel, message) = (&out.address.channel, out.message);
    match answer {
        Ok(_) | Err(SendError::RetryAfter { .. } | SendError::Unreachable(_)) => {
            tracing::debug!(channel, %message, ok = answer.is_ok(), "sent")
        }
        Err(SendError::Temporary(_)) => tracing::info!(channel, %message, "not sent, tried again later"),
        Err(SendError::Unknown(_)) => tracing::warn!(channel, %message, "it may or may not have arrived"),
        Err(SendError::Permanent(_)) => tracing::warn!(channel, %message, "cannot be sent"),
    }
}
