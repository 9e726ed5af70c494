//! Live chat: what agents see and do.

use super::Handle;
use crate::{
    DeskError, DeskRow, DeskRowState, DeskView,
    core::{Core, Entry},
};
use channel::Notice;
use model::{AgentId, Author, Content, ConversationId, InboxItem, MessageId, Person, RequestState, TranscriptEntry};

/// The most rows of one list.
const ROWS: usize = 200;
/// The longest preview of a message, in characters.
const PREVIEW: usize = 140;
/// The longest text of an agent's message, in bytes, and the most files of one.
const SAY: (usize, usize) = (16 * 1024, 32);
/// How many lines back the newest message is looked for: delivery lines stand between.
const LOOK_BACK: u64 = 40;

impl Handle {
    /// What this agent sees: requests of their groups. Empty for an agent who is unknown or disabled.
    ///
    /// # Errors
    /// [`DeskError::Unavailable`] if the store cannot be read.
    pub async fn desk(&self, agent: AgentId) -> Result<DeskView, DeskError> {
        let mut view = DeskView { accepting: false, queue: Vec::new(), mine: Vec::new(), missed: Vec::new(), others: 0 };
        let Some(at_desk) = self.shell.ask(|core| core.agent(agent)) else { return Ok(view) };
        view.accepting = at_desk.accepting;
        let (mut waiting, mut mine, mut missed) = (Vec::new(), Vec::new(), Vec::new());
        for entry in self.shell.ask(|core| core.requests(&at_desk.groups)) {
            match &entry.request.state {
                RequestState::Waiting => waiting.push(entry),
                RequestState::Active { agent: owner, .. } if *owner == agent => mine.push(entry),
                RequestState::Active { .. } => view.others += 1,
                RequestState::Missed { .. } => missed.push(entry),
            }
        }
        for list in [&mut waiting, &mut mine, &mut missed] {
            list.sort_by_key(|e| (!e.request.first, e.request.since, e.request.id));
        }
        missed.reverse();
        for list in [&mut waiting, &mut mine, &mut missed] {
            list.truncate(ROWS);
        }
        view.queue = self.rows(waiting).await?;
        view.mine = self.rows(mine).await?;
        view.missed = self.rows(missed).await?;
        Ok(view)
    }

    async fn rows(&self, entries: Vec<Entry>) -> Result<Vec<DeskRow>, DeskError> {
        let places: Vec<Option<u32>> = self.shell.ask(|core| entries.iter().map(|e| core.position(e.conversation)).collect());
        let read = self.shell.read(move |store| {
            let mut rows = Vec::with_capacity(entries.len());
            for (entry, position) in entries.into_iter().zip(places) {
                let Some(person) = store.person(entry.contact)? else { continue };
                let lines =
                    store.transcript(entry.contact, entry.conversation, entry.last_no.saturating_sub(LOOK_BACK), LOOK_BACK as usize)?;
                rows.extend(row(&person, entry, position, &lines));
            }
            Ok(rows)
        });
        read.await.ok_or(DeskError::Unavailable)
    }

    /// The agent takes a request, waiting or missed. Of two who try, exactly one gets it.
    ///
    /// # Errors
    /// [`DeskError::Taken`] if somebody else has it.
    pub async fn take(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        let (entry, name) = self.at_desk(agent, conversation)?;
        let item = InboxItem::Take { conversation, request: entry.request.id, agent, name };
        Ok(self.shell.item(entry.contact, item, None).await.map(|_| ())?)
    }

    /// The agent says something. Only who has the chat may; a reply to a missed request takes it. A second call with the
    /// same `client_id` answers the first one's message.
    ///
    /// # Errors
    /// [`DeskError`] says why not: [`DeskError::FileGone`] if a file of the message was removed meanwhile.
    pub async fn say(
        &self,
        agent: AgentId,
        conversation: ConversationId,
        content: Content,
        client_id: Option<String>,
    ) -> Result<MessageId, DeskError> {
        if content.is_empty() {
            return Err(DeskError::Empty);
        }
        if content.text.len() > SAY.0 || content.attachments.len() > SAY.1 {
            return Err(DeskError::TooLong);
        }
        let (entry, name) = self.at_desk(agent, conversation)?;
        let once = client_id.as_ref().map(|id| format!("{agent}/{conversation}/{id}"));
        let (attached, gone) = self.shell.attach(&content).await;
        if let Some(name) = gone {
            return Err(DeskError::FileGone(name));
        }
        let item = InboxItem::AgentSays { conversation, agent, name, content, client_id };
        let outcome = self.shell.item_holding(entry.contact, item, once, attached).await?;
        outcome.message.ok_or(DeskError::NotFound)
    }

    /// The agent closes the chat: the flow goes on, or the skill replaces its runs (FL 5.5).
    ///
    /// # Errors
    /// [`DeskError`] says why not.
    pub async fn resolve(&self, agent: AgentId, conversation: ConversationId, skill: Option<String>) -> Result<(), DeskError> {
        if let Some(name) = &skill
            && !self.bot().skills().contains(name)
        {
            return Err(DeskError::NoSuchSkill(name.chars().take(64).collect()));
        }
        let (entry, _) = self.at_desk(agent, conversation)?;
        let item = InboxItem::Resolve { conversation, agent, skill };
        Ok(self.shell.item(entry.contact, item, None).await.map(|_| ())?)
    }

    /// The agent takes a missed request off the list.
    ///
    /// # Errors
    /// [`DeskError`] says why not.
    pub async fn dismiss(&self, agent: AgentId, conversation: ConversationId) -> Result<(), DeskError> {
        let (entry, _) = self.at_desk(agent, conversation)?;
        Ok(self.shell.item(entry.contact, InboxItem::Dismiss { conversation, agent }, None).await.map(|_| ())?)
    }

    /// The agent types: whoever watches the address is told, if the agent has the chat.
    pub fn agent_typing(&self, agent: AgentId, conversation: ConversationId) {
        let Ok((entry, name)) = self.at_desk(agent, conversation) else { return };
        if !matches!(entry.request.state, RequestState::Active { agent: owner, .. } if owner == agent) {
            return;
        }
        let shell = self.shell.clone();
        let runtime = shell.runtime.clone();
        runtime.spawn(async move {
            let person = shell.read(move |store| store.person(entry.contact)).await.flatten();
            let Some(address) = person.as_ref().and_then(|p| p.conversation(conversation)).map(|c| c.address.clone()) else { return };
            shell.watchers.tell(&address, Notice::Typing { name: Some(name) });
            if let Some(channel) = shell.channel(&address.channel)
                && channel.capabilities().typing
                && !channel.capabilities().pull
            {
                channel.typing(&address).await;
            }
        });
    }

    /// Whether a conversation is at the desk in one of the agent's groups.
    pub fn may_see(&self, agent: AgentId, conversation: ConversationId) -> bool {
        self.at_desk(agent, conversation).is_ok()
    }

    /// The request of a conversation and the agent's name, if the agent may act on it.
    fn at_desk(&self, agent: AgentId, conversation: ConversationId) -> Result<(Entry, String), DeskError> {
        let (at_desk, entry) = self.shell.ask(|core: &Core| (core.agent(agent), core.request(conversation)));
        let at_desk = at_desk.ok_or(DeskError::NotAllowed)?;
        let entry = entry.ok_or(DeskError::NotFound)?;
        if !at_desk.groups.contains(&entry.request.group) {
            return Err(DeskError::NotAllowed);
        }
        Ok((entry, at_desk.name))
    }
}

fn row(person: &Person, entry: Entry, position: Option<u32>, lines: &[TranscriptEntry]) -> Option<DeskRow> {
    let conversation = person.conversation(entry.conversation)?;
    let messages = lines.iter().rev().filter_map(|line| match line {
        TranscriptEntry::Message(m) if m.author != Author::System => Some(m),
        TranscriptEntry::Message(_) | TranscriptEntry::Delivery(_) => None,
    });
    let last = messages.clone().next();
    // The bot is silent at the desk except to name the place in line; the question is whether a human owes an answer.
    let spoke = messages.clone().find(|m| matches!(m.author, Author::Customer | Author::Agent { .. }));
    let (state, agent_name) = match &entry.request.state {
        RequestState::Waiting => (DeskRowState::Waiting, None),
        RequestState::Active { name, .. } => (DeskRowState::Active, Some(name.clone())),
        RequestState::Missed { .. } => (DeskRowState::Missed, None),
    };
    // Who has not been answered is told by what they said, not by what the bot said to them since.
    let shown = match state {
        DeskRowState::Waiting | DeskRowState::Missed => messages.clone().find(|m| m.author == Author::Customer).or(last),
        DeskRowState::Active => last,
    };
    Some(DeskRow {
        request: entry.request.id,
        contact: entry.contact,
        conversation: entry.conversation,
        group: entry.request.group,
        name: person.contact.display_name(),
        channel: conversation.address.channel.clone(),
        since: entry.request.since,
        state,
        position,
        agent_name,
        last_text: shown.map(|m| preview(&m.content)),
        last_at: shown.map(|m| m.at),
        waiting_customer: spoke.is_some_and(|m| m.author == Author::Customer),
    })
}

/// A message in one short line.
fn preview(content: &Content) -> String {
    let mut text: String = content.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        text = match (content.attachments.first(), &content.unsupported) {
            (Some(attachment), _) => channel::attachment_line(attachment),
            (None, Some(kind)) => format!("[{kind}]"),
            (None, None) if content.location.is_some() => "[location]".into(),
            (None, None) => String::new(),
        };
    }
    if text.chars().count() > PREVIEW {
        text = text.chars().take(PREVIEW - 1).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_one_short_line() {
        assert_eq!(preview(&Content::text(" Hello\n  there ")), "Hello there");
        assert_eq!(preview(&Content::text("ä".repeat(500))).chars().count(), PREVIEW);
        assert_eq!(preview(&Content { unsupported: Some("poll".into()), ..Content::default() }), "[poll]");
    }
}
