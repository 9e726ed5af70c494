//! The shell around the core: one lock, never held across an await; actions are carried out after it is released.

mod incoming;
mod outgoing;
mod post;
mod time;
mod turn;

pub(super) use self::post::Post;
use self::{time::Alarm, turn::Turn};
use super::watchers::Watchers;
use crate::{
    Clock, DeskEvent, Outside,
    core::{Action, CommitToken, Core, Outcome, Refusal, Ticket},
    privacy::Attached,
};
use channel::{AcceptError, Accepted, Channel};
use engine::Bot;
use model::{ContactId, InboxItem, Instant, Version};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use store::{Blobs, Seq, Store};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};

/// Desk hints kept for a slow listener; one that misses some fetches everything.
const DESK_HINTS: usize = 256;
/// Retired versions kept for a slow listener; what one misses goes at the next start.
const RETIRED: usize = 256;
/// How many contacts are read from the disk at once: enough to keep a disk at work, and few enough beside two cores.
const READING: usize = 8;
/// How many turns of what is due are read ahead, beside those: a message never waits behind all that time brought.
const READING_AHEAD: usize = 4;

/// Who waits for a ticket.
enum Waiter {
    Accept(oneshot::Sender<Result<Accepted, AcceptError>>),
    Item(oneshot::Sender<Result<Outcome, Refusal>>),
    Settle(oneshot::Sender<()>),
}

pub(super) type Answer = (CommitToken, Result<Seq, store::Error>);

/// What is done by the thread that takes the store's answers.
type Errand = Box<dyn FnOnce(&Arc<Shell>) + Send>;

/// What the same thread is asked, before errands.
type Question = Box<dyn FnOnce(&Arc<Shell>) + Send>;

/// A contact who is to be made, how, and whom it is told.
pub(crate) type New = (ContactId, InboxItem, oneshot::Sender<Result<Outcome, Refusal>>);

/// The shell; everybody holds it in an `Arc`.
pub(crate) struct Shell {
    /// Handed on: a chat gets a turn beside an import that takes one after another.
    core: parking_lot::Mutex<Core>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    channels: BTreeMap<String, Arc<dyn Channel>>,
    outside: Option<Arc<dyn Outside>>,
    /// Who waits, and what is held until what they wait for is durable, whether they are there by then or not.
    waiters: Mutex<HashMap<Ticket, (Waiter, Option<Attached>)>>,
    tickets: AtomicU64,
    pub(crate) watchers: Watchers,
    pub(crate) desk: broadcast::Sender<DeskEvent>,
    /// Versions of the bot that nothing uses any more.
    pub(crate) retired: broadcast::Sender<Version>,
    answers: mpsc::UnboundedSender<Answer>,
    /// Those that nobody is kept waiting by: rows of an import.
    patient: mpsc::UnboundedSender<Answer>,
    errands: mpsc::UnboundedSender<Errand>,
    questions: mpsc::UnboundedSender<Question>,
    /// When somebody's memberships are to be followed.
    looks: Alarm,
    /// When something else is due.
    turns: Alarm,
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
    /// Nothing that the store answers is taken any more.
    ended: AtomicBool,
    /// Turns at reading contacts from the disk.
    reading: Arc<Semaphore>,
    /// The same for what is due.
    reading_ahead: Arc<Semaphore>,
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
    pub(super) fn new(core: Core, around: Around) -> (Arc<Self>, Post) {
        let Around { bot, store, blobs, channels, clock, outside, at_rest } = around;
        let (answers, answered) = mpsc::unbounded_channel();
        let (patient, later) = mpsc::unbounded_channel();
        let (errands, sent) = mpsc::unbounded_channel();
        let (questions, asked) = mpsc::unbounded_channel();
        let began = store.stats().seq;
        let veils = Arc::new(crate::privacy::Veils::new(clock.clone()));
        let mut core = core;
        core.veiled_by(veils.clone());
        let shell = Self {
            core: parking_lot::Mutex::new(core),
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
            patient,
            errands,
            questions,
            looks: Alarm::default(),
            turns: Alarm::default(),
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
            ended: AtomicBool::new(false),
            reading: Arc::new(Semaphore::new(READING)),
            reading_ahead: Arc::new(Semaphore::new(READING_AHEAD)),
            began,
        };
        (Arc::new(shell), Post { answers: answered, later, errands: sent, questions: asked })
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

    fn core(&self) -> Turn<'_> {
        Turn::at(&self.core)
    }

    /// Looks at the core.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Core) -> T) -> T {
        question(&self.core())
    }

    /// Tells the core something and carries out what it decides.
    pub(crate) fn tell<T>(self: &Arc<Self>, news: impl FnOnce(&mut Core, Instant) -> T) -> T {
        self.tell_answering(&self.answers, news)
    }

    /// The same for what nobody is kept waiting by: the answers to its commits are taken after those that somebody waits for.
    fn tell_patiently<T>(self: &Arc<Self>, news: impl FnOnce(&mut Core, Instant) -> T) -> T {
        self.tell_answering(&self.patient, news)
    }

    fn tell_answering<T>(self: &Arc<Self>, answers: &mpsc::UnboundedSender<Answer>, news: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let now = self.clock.now();
        let _told = turn::TellIfBroken(self);
        let (answer, actions, look, turn) = {
            let mut core = self.core();
            let answer = news(&mut core, now);
            (answer, core.poll(), core.next_look(), core.next_turn())
        };
        self.looks.wake_by(look);
        self.turns.wake_by(turn);
        for action in actions {
            self.carry_out(action, answers);
        }
        self.worked.notify_waiters();
        answer
    }

    fn carry_out(self: &Arc<Self>, action: Action, answers: &mpsc::UnboundedSender<Answer>) {
        match action {
            Action::Commit(token, commit) => {
                let answers = answers.clone();
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
            Action::Kept(ticket) => {
                if let Some((_, held)) = lock(&self.waiters).get_mut(&ticket) {
                    *held = None;
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
        lock(&self.waiters).remove(&ticket).map(|(waiter, _)| waiter)
    }

    fn ticket(&self, waiter: Waiter) -> Ticket {
        self.ticket_holding(waiter, None)
    }

    fn ticket_holding(&self, waiter: Waiter, held: Option<Attached>) -> Ticket {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        lock(&self.waiters).insert(ticket, (waiter, held));
        ticket
    }

    pub(super) fn stop(self: &Arc<Self>) {
        self.tell(Core::stop);
    }

    /// Whoever still waits for something is told that it did not come: nothing is answered any more.
    pub(super) fn answer_nobody(&self) {
        {
            // What the store still says is for the next start: what would follow from it could not be written down any more.
            let _core = self.core();
            self.ended.store(true, Ordering::Release);
        }
        lock(&self.waiters).clear();
        self.worked.notify_waiters();
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

    /// Resolves when no step is under way any more that is now: each is durable, or was refused. Or when nothing is answered any more.
    pub(crate) async fn landed(&self) {
        let newest = self.ask(Core::newest_commit);
        loop {
            let worked = self.worked.notified();
            if self.ended.load(Ordering::Acquire) || self.ask(|core| core.has_landed(newest)) {
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
