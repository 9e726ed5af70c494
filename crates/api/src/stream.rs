//! The agents' live stream: hints over server-sent events; the data behind a hint is fetched by cursor.
//!
//! While a stream is open its agent is present at the desk. A stream tells only of conversations the agent sees in
//! their lists or looked at last, and ends with the sign-in. A client that missed hints gets `hello` again and reads everything anew.

use crate::{principal::SignedIn, session, state::Shared};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use model::{AgentId, ConversationId};
use runtime::{DeskEvent, DeskRow, PresenceGuard};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{broadcast, watch},
    time::{Interval, MissedTickBehavior, interval},
};

/// How often a quiet stream says that it lives, and looks whether the sign-in still lasts.
const BEAT: Duration = Duration::from_secs(15);

/// The conversations each agent looked at last: a chat stays current on the screen after it left the lists.
#[derive(Default)]
pub(crate) struct Looked(Mutex<HashMap<AgentId, VecDeque<ConversationId>>>);

/// Chats an agent may have open in several windows.
const WINDOWS: usize = 8;

impl Looked {
    /// The agent, who may, looks at this conversation.
    pub(crate) fn at(&self, agent: AgentId, conversation: ConversationId) {
        let mut looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = looked.entry(agent).or_default();
        open.retain(|known| *known != conversation);
        open.push_front(conversation);
        open.truncate(WINDOWS);
    }

    fn has(&self, agent: AgentId, conversation: ConversationId) -> bool {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looked.get(&agent).is_some_and(|open| open.contains(&conversation))
    }
}

struct Live {
    server: Shared,
    agent: AgentId,
    token: String,
    events: broadcast::Receiver<DeskEvent>,
    stop: watch::Receiver<bool>,
    beat: Interval,
    visible: BTreeSet<ConversationId>,
    begun: bool,
    ended: bool,
    _present: PresenceGuard,
}

/// What a stream wakes up for.
enum Told {
    Stop,
    Beat,
    Event(DeskEvent),
    /// Hints were dropped because this stream was slow.
    Missed,
}

fn event(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

impl Live {
    /// Looks at the desk; what was visible stays so if it cannot be read, and the runtime ends then.
    async fn look(&mut self) {
        let Ok(desk) = self.server.handle.desk(self.agent).await else { return };
        let of = |rows: &[DeskRow]| rows.iter().map(|r| r.conversation).collect::<Vec<_>>();
        self.visible = [of(&desk.queue), of(&desk.mine), of(&desk.missed)].into_iter().flatten().collect();
    }

    fn sees(&self, conversation: ConversationId) -> bool {
        self.visible.contains(&conversation) || self.server.looked.has(self.agent, conversation)
    }

    /// The next piece of the stream; none ends it.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.begun {
            self.begun = true;
            self.look().await;
            return Some(event("hello", ""));
        }
        loop {
            match self.wait().await {
                Told::Stop => return None,
                Told::Beat => {
                    if session::agent(&self.server.handle, &self.token).await.is_none() {
                        self.ended = true;
                        return Some(event("signed-out", ""));
                    }
                    return Some(event("beat", ""));
                }
                Told::Event(DeskEvent::Queue) => {
                    self.look().await;
                    return Some(event("desk", ""));
                }
                Told::Event(DeskEvent::Bot) => return Some(event("bot", "")),
                Told::Event(DeskEvent::Conversation { conversation, .. }) if self.sees(conversation) => {
                    return Some(event("conversation", &conversation.to_string()));
                }
                Told::Event(DeskEvent::Typing { conversation }) if self.sees(conversation) => {
                    return Some(event("typing", &conversation.to_string()));
                }
                Told::Event(DeskEvent::Conversation { .. } | DeskEvent::Typing { .. }) => {}
                Told::Missed => {
                    self.look().await;
                    return Some(event("hello", ""));
                }
            }
        }
    }

    async fn wait(&mut self) -> Told {
        let Self { stop, beat, events, .. } = self;
        tokio::select! {
            // A dropped sender stops the server as well.
            _ = stop.wait_for(|stop| *stop) => Told::Stop,
            _ = beat.tick() => Told::Beat,
            told = events.recv() => match told {
                Ok(event) => Told::Event(event),
                Err(broadcast::error::RecvError::Lagged(_)) => Told::Missed,
                Err(broadcast::error::RecvError::Closed) => Told::Stop,
            },
        }
    }
}

/// `GET /console/api/stream`
pub(crate) async fn stream(signed_in: SignedIn, State(server): State<Shared>) -> Response {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    let agent = signed_in.agent.id;
    let live = Live {
        // Subscribed before anything is read, so that nothing falls between.
        events: server.handle.desk_events(),
        stop: server.stop.clone(),
        _present: server.handle.presence(agent),
        agent,
        token: signed_in.token,
        beat,
        visible: BTreeSet::new(),
        begun: false,
        ended: false,
        server,
    };
    let pieces = futures::stream::unfold(live, |mut live| async move {
        let piece = live.next().await?;
        Some((Ok::<_, Infallible>(piece), live))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect an answer before they pass it on would hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
