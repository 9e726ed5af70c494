//! What a journey entry is about, in a word: what timelines are filtered by, without reading whole entries.

use crate::{Instant, JourneyEntry, JourneyId, JourneyKind, Part};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use std::fmt;

macro_rules! topics {
    ($($(#[$doc:meta])* $topic:ident = $name:literal: $($kind:ident)|+ = $($written:literal)|+;)*) => {
        /// What a journey entry is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum JourneyTopic {
            $($(#[$doc])* $topic,)*
        }

        impl JourneyTopic {
            /// All topics, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$topic,)*];

            /// The name as it is written in a filter.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$topic => $name,)*
                }
            }

            /// The topic of a kind as it is stored.
            fn of_stored(kind: &str) -> Option<Self> {
                match kind {
                    $($($written)|+ => Some(Self::$topic),)*
                    _ => None,
                }
            }
        }

        impl JourneyKind {
            /// What the entry is about.
            pub fn topic(&self) -> JourneyTopic {
                match self {
                    $($(Self::$kind { .. })|+ => JourneyTopic::$topic,)*
                }
            }
        }
    };
}

// Each line: the topic, its name, its kinds and how these are stored.
topics! {
    /// A run began or ended.
    Run = "run": RunBegan | RunEnded = "run_began" | "run_ended";
    /// By which rule a message was handled.
    Handled = "handled": Handled = "handled";
    /// A block was entered and left.
    Block = "block": Block = "block";
    /// An attribute changed.
    Attribute = "attribute": Attribute = "attribute";
    /// A tag came or went.
    Tag = "tag": TagAdded | TagRemoved = "tag_added" | "tag_removed";
    /// A segment was entered or left.
    Segment = "segment": SegmentEntered | SegmentLeft = "segment_entered" | "segment_left";
    /// The status changed.
    Status = "status": Status = "status";
    /// The person agreed or refused.
    Consent = "consent": Consent = "consent";
    /// An event was recorded.
    Event = "event": Event = "event";
    /// Something meant for many reached the contact.
    Campaign = "campaign": Reached = "reached";
    /// A message was not sent or not shown as written; what became of an e-mail or a text message.
    Delivery = "delivery": Delivery | Told = "delivery" | "told";
    /// A human was asked for, took over, closed.
    Desk = "desk": Desk = "desk";
    /// Somebody noted something.
    Note = "note": Noted = "noted";
    /// A timer was started, ticked or stopped.
    Timer = "timer": Timer = "timer";
    /// The contact came to be without having written.
    Created = "created": Created = "created";
    /// How the contact came to be was changed.
    Source = "source": Source = "source";
    /// An import came to the contact, or was taken back.
    Import = "import": Imported | ImportUndone = "imported" | "import_undone";
    /// An address came, went or changed its reach.
    Address = "address": Address = "address";
    /// An identifier came, was proven or went.
    Identifier = "identifier": Identifier = "identifier";
    /// Two contacts became one, or two again.
    Merge = "merge": Merged | MergedInto | Unmerged | NotMerged = "merged" | "merged_into" | "unmerged" | "not_merged";
    /// A run was moved to another version of the bot.
    Moved = "moved": Moved = "moved";
    /// Something went wrong.
    Error = "error": Error = "error";
}

impl JourneyTopic {
    /// The topic of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|topic| topic.name() == name)
    }
}

/// What of an entry is enough to leave it out: read without the rest of it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct JourneyHead {
    /// Its id, which holds when it was written.
    pub id: JourneyId,
    /// When it happened.
    pub at: Instant,
    /// What it is about; none if it was written by a later release.
    #[serde(rename = "what", deserialize_with = "topic_of")]
    pub topic: Option<JourneyTopic>,
}

impl From<&JourneyEntry> for JourneyHead {
    fn from(entry: &JourneyEntry) -> Self {
        Self { id: entry.id, at: entry.at, topic: Some(entry.what.topic()) }
    }
}

/// Reads the name of a kind and skips what it holds.
fn topic_of<'de, D: Deserializer<'de>>(from: D) -> Result<Option<JourneyTopic>, D::Error> {
    struct Kind;
    impl<'de> Visitor<'de> for Kind {
        type Value = Option<JourneyTopic>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a kind of journey entry")
        }
        fn visit_str<E: Error>(self, kind: &str) -> Result<Self::Value, E> {
            Ok(JourneyTopic::of_stored(kind))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let Some(Name(topic)) = map.next_key()? else { return Err(A::Error::custom("a kind of journey entry has a name")) };
            map.next_value::<IgnoredAny>()?;
            Ok(topic)
        }
    }

    /// The name, looked up where it stands.
    struct Name(Option<JourneyTopic>);
    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_str(Kind).map(Self)
        }
    }
    from.deserialize_any(Kind)
}

/// Which entries of a journey are wanted. The default: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JourneyFilter {
    /// About one of these; empty: about anything.
    pub topics: Vec<JourneyTopic>,
    /// Only what is of this name, case aside: the attribute, the tag, the segment, … ([`JourneyKind::subject`]).
    pub name: Option<String>,
    /// Not before.
    pub since: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
}

/// What an import changes without a line of its own for each.
const IMPORTED: [JourneyTopic; 4] = [JourneyTopic::Attribute, JourneyTopic::Tag, JourneyTopic::Segment, JourneyTopic::Status];

impl Part {
    /// The topic under which a change of it is told, and its name there.
    fn told_as(&self) -> (JourneyTopic, &str) {
        match self {
            Self::Attribute(name) | Self::System(name) => (JourneyTopic::Attribute, name),
            Self::Tag(label) => (JourneyTopic::Tag, label),
            Self::List(key) => (JourneyTopic::Segment, key),
            Self::Status => (JourneyTopic::Status, "status"),
        }
    }
}

/// How far a clock may have been set back: what is told apart by when it was written is looked for so much earlier. A day, in microseconds.
pub const SET_BACK: i64 = 86_400_000_000;

impl JourneyFilter {
    /// Whether an entry may be wanted, as far as its head tells.
    pub fn admits(&self, head: &JourneyHead) -> bool {
        let about = |topic: JourneyTopic| {
            // What an import changed stands in its one line.
            self.topics.contains(&topic) || (topic == JourneyTopic::Import && self.topics.iter().any(|wanted| IMPORTED.contains(wanted)))
        };
        (self.topics.is_empty() || head.topic.is_some_and(about))
            && self.since.is_none_or(|since| head.at >= since)
            && self.until.is_none_or(|until| head.at < until)
    }

    /// Whether an entry is wanted.
    pub fn wants(&self, entry: &JourneyEntry) -> bool {
        if !self.admits(&entry.into()) {
            return false;
        }
        let named = |of: &str| self.name.as_ref().is_none_or(|name| crate::fold(of) == crate::fold(name));
        match &entry.what {
            JourneyKind::Imported { altered, .. } if !self.topics.contains(&JourneyTopic::Import) => {
                altered.iter().any(|one| {
                    let (topic, of) = one.what.told_as();
                    (self.topics.is_empty() || self.topics.contains(&topic)) && named(of)
                }) || (self.topics.is_empty() && self.name.is_none())
            }
            what => self.name.is_none() || what.subject().is_some_and(named),
        }
    }

    /// Whether all entries written before one are too old: what happened is written down then or later, so time can end a search.
    pub fn ends_at(&self, head: &JourneyHead) -> bool {
        self.since.is_some_and(|since| head.id.written_at().plus_micros(SET_BACK) < since)
    }
}

impl JourneyKind {
    /// What the entry is of, if it is of something that has a name: the attribute, the tag, ….
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Attribute { name, .. } => Some(name),
            Self::TagAdded(label) | Self::TagRemoved(label) => Some(label),
            Self::SegmentEntered(transition) | Self::SegmentLeft(transition) => Some(&transition.segment),
            Self::Event(name) => Some(name),
            Self::Consent { topic, .. } => Some(topic),
            Self::Reached(reached) => Some(&reached.name),
            Self::RunBegan { skill, .. } | Self::RunEnded { skill, .. } => Some(skill),
            Self::Handled { .. }
            | Self::Block { .. }
            | Self::Created { .. }
            | Self::Imported { .. }
            | Self::ImportUndone { .. }
            | Self::Status { .. }
            | Self::Desk(_)
            | Self::Delivery(_)
            | Self::Told { .. }
            | Self::Timer(_)
            | Self::Moved(_)
            | Self::Error(_)
            | Self::Address(_)
            | Self::Source { .. }
            | Self::Noted(_)
            | Self::Identifier(_)
            | Self::Merged { .. }
            | Self::MergedInto { .. }
            | Self::Unmerged { .. }
            | Self::NotMerged { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Transition, Value};

    fn kinds() -> Vec<JourneyKind> {
        let transition = Transition { segment: "vip".into(), cause: String::new() };
        vec![
            JourneyKind::RunBegan { skill: "a".into(), through: "b".into() },
            JourneyKind::RunEnded { skill: "a".into(), how: "done".into() },
            JourneyKind::Handled { rule: "5.4.3".into(), what: "x".into() },
            JourneyKind::Block { exit: "next".into() },
            JourneyKind::Attribute { name: "plan".into(), from: None, to: Some(Value::text("gold")) },
            JourneyKind::TagAdded("Gold".into()),
            JourneyKind::TagRemoved("Gold".into()),
            JourneyKind::SegmentEntered(transition.clone()),
            JourneyKind::SegmentLeft(transition),
            JourneyKind::Status { from: "active".into(), to: "blocked".into() },
            JourneyKind::Consent { topic: "news".into(), given: true },
            JourneyKind::Event("purchase".into()),
            JourneyKind::Delivery("not sent".into()),
            JourneyKind::Desk("closed".into()),
            JourneyKind::Noted("calls back".into()),
            JourneyKind::Timer("ticked".into()),
            JourneyKind::Created { source: "api".into() },
            JourneyKind::Source { from: "organic".into(), to: "news".into() },
            JourneyKind::Imported { created: true, altered: Vec::new() },
            JourneyKind::ImportUndone { import: "imp_1".into() },
            JourneyKind::Address("web:1 added".into()),
            JourneyKind::Moved("moved".into()),
            JourneyKind::Error("broke".into()),
            JourneyKind::Told { call: crate::RequestId(7), medium: crate::Medium::Sms, delivery: crate::Delivery::Read },
            JourneyKind::Reached(crate::Reached {
                audience: "aud_1".into(),
                name: "sale".into(),
                schedule: false,
                lines: Some((3, 4)),
                calls: Vec::new(),
            }),
        ]
    }

    fn entry(what: JourneyKind) -> JourneyEntry {
        let at = Instant::from_secs(1_000_000);
        let id = crate::IdSource::new(at, 7).next();
        JourneyEntry { id, at, by: Actor::System, conversation: None, run: None, block: None, why: None, what }
    }

    #[test]
    fn a_head_tells_what_the_whole_entry_tells() {
        for what in kinds() {
            let entry = entry(what);
            let json = serde_json::to_string(&entry).expect("entries are plain data");
            let head: JourneyHead = serde_json::from_str(&json).expect("an entry has a head");
            assert_eq!(head.topic, Some(entry.what.topic()), "{json}");
            assert_eq!((head.id, head.at), (entry.id, entry.at));
            assert_eq!(JourneyTopic::named(entry.what.topic().name()), Some(entry.what.topic()));
        }
        let later = r#"{"id":"jrn_0000000000000000000000000A","at":5,"by":"system","what":{"flown":{"to":"the moon"}}}"#;
        assert_eq!(serde_json::from_str::<JourneyHead>(later).expect("it has a head").topic, None);
    }

    #[test]
    fn a_filter_asks_for_topic_name_and_time() {
        let plan = entry(JourneyKind::Attribute { name: "plan".into(), from: None, to: Some(Value::text("gold")) });
        let all = JourneyFilter::default();
        assert!(all.wants(&plan) && !all.ends_at(&(&plan).into()));
        let of = |topic, name: &str| JourneyFilter { topics: vec![topic], name: Some(name.into()), ..JourneyFilter::default() };
        assert!(of(JourneyTopic::Attribute, "plan").wants(&plan));
        assert!(!of(JourneyTopic::Attribute, "city").wants(&plan) && !of(JourneyTopic::Tag, "plan").wants(&plan));
        assert!(of(JourneyTopic::Tag, "gold").wants(&entry(JourneyKind::TagAdded("ＧＯＬＤ".into()))), "names fold");
        let altered = crate::Altered { what: Part::Attribute("plan".into()), from: None, to: Some(Value::text("gold")) };
        let imported = entry(JourneyKind::Imported { created: false, altered: vec![altered] });
        assert!(of(JourneyTopic::Attribute, "plan").wants(&imported), "an import tells all it changed in one line");
        assert!(!of(JourneyTopic::Attribute, "city").wants(&imported) && !of(JourneyTopic::Tag, "plan").wants(&imported));
        assert!(all.wants(&imported));
        let (before, after) = (plan.at.plus_micros(-1), plan.at.plus_micros(1));
        let between = |since, until| JourneyFilter { since, until, ..JourneyFilter::default() };
        assert!(between(Some(plan.at), Some(after)).wants(&plan));
        assert!(!between(None, Some(plan.at)).wants(&plan) && !between(Some(after), None).wants(&plan));
        assert!(between(Some(before), None).wants(&plan));
        let old = between(Some(plan.at.plus_micros(2 * SET_BACK)), None);
        assert!(old.ends_at(&(&plan).into()) && !between(Some(after), None).ends_at(&(&plan).into()));
    }
}
