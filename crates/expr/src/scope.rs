//! What names mean where an expression stands: the checker's view of the bot.

use model::AttributeType;
use std::collections::BTreeSet;

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a skill: run variables and `input event run queue` exist.
    Flow,
    /// In a segment, an audience or a filter: only what belongs to the contact exists.
    Segment,
    /// In a `where` over an event's fields: a bare name is a field.
    Event,
}

/// The type of a value as far as it is known before evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// An exact number.
    Number,
    /// Text.
    Text,
    /// A day of the calendar.
    Date,
    /// A time of day.
    Time,
    /// A point in time.
    DateTime,
    /// A length of time.
    Duration,
    /// An amount in a currency.
    Money,
    /// Several values.
    List,
    /// Named values.
    Record,
    /// One of the named values.
    Enum(Vec<String>),
    /// A contact's stage: one of [`Scope::statuses`].
    Status,
    /// A channel of the bot: one of [`Scope::channels`].
    Channel,
    /// A language tag.
    Language,
    /// A country code.
    Country,
    /// A phone number in international form.
    Phone,
    /// An e-mail address.
    Email,
    /// A web address.
    Url,
    /// Not known before evaluation.
    Unknown,
}

impl Type {
    /// The name of the type as designers read it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Duration => "duration",
            Self::Money => "money",
            Self::List => "list",
            Self::Record => "record",
            Self::Enum(_) => "enum",
            Self::Status => "status",
            Self::Channel => "channel",
            Self::Language => "language",
            Self::Country => "country",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Url => "url",
            Self::Unknown => "unknown",
        }
    }

    /// Whether values of the type are texts.
    pub fn is_text(&self) -> bool {
        self.spelling().is_some()
            || matches!(self, Self::Text | Self::Enum(_) | Self::Status | Self::Channel | Self::Language | Self::Country)
    }

    /// The type of attributes by whose rules values of this type are brought to one spelling; none if they stay as they are written.
    pub fn spelling(&self) -> Option<AttributeType> {
        match self {
            Self::Phone => Some(AttributeType::Phone),
            Self::Email => Some(AttributeType::Email),
            Self::Url => Some(AttributeType::Url),
            Self::Bool
            | Self::Number
            | Self::Text
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::Duration
            | Self::Money
            | Self::List
            | Self::Record
            | Self::Enum(_)
            | Self::Status
            | Self::Channel
            | Self::Language
            | Self::Country
            | Self::Unknown => None,
        }
    }
}

impl From<&AttributeType> for Type {
    fn from(ty: &AttributeType) -> Self {
        match ty {
            AttributeType::Text => Self::Text,
            AttributeType::Phone => Self::Phone,
            AttributeType::Email => Self::Email,
            AttributeType::Url => Self::Url,
            AttributeType::Number => Self::Number,
            AttributeType::Bool => Self::Bool,
            AttributeType::Date => Self::Date,
            AttributeType::Datetime => Self::DateTime,
            AttributeType::Enum(values) => Self::Enum(values.clone()),
            AttributeType::List => Self::List,
            AttributeType::Money => Self::Money,
            AttributeType::Language => Self::Language,
            AttributeType::Country => Self::Country,
        }
    }
}

/// What names mean where an expression stands.
pub trait Scope {
    /// Where it stands.
    fn place(&self) -> Place;
    /// The type of a run variable, if there is one of that name (flows only).
    fn variable(&self, name: &str) -> Option<Type>;
    /// The type of a declared attribute.
    fn attribute(&self, name: &str) -> Option<Type>;
    /// The expression of a declared attribute that is computed when it is used.
    fn computed(&self, _name: &str) -> Option<crate::Expression> {
        None
    }
    /// Whether it is kept when a declared attribute last changed: of those that belong to the contact, not of the bot's own.
    fn keeps_changes(&self, _attribute: &str) -> bool {
        true
    }
    /// Names of all run variables, for "did you mean".
    fn variables(&self) -> Vec<String>;
    /// Names of all declared attributes, for "did you mean".
    fn attributes(&self) -> Vec<String>;
    /// Names of all segments.
    fn segments(&self) -> Vec<String>;
    /// Known tags; `None` when they are not checked. An unknown tag is a warning.
    fn tags(&self) -> Option<Vec<String>>;
    /// Known events; `None` when they are not checked.
    fn events(&self) -> Option<Vec<String>>;
    /// Names of all skills.
    fn skills(&self) -> Vec<String>;
    /// Names of all channels.
    fn channels(&self) -> Vec<String>;
    /// All statuses, the built-in ones included.
    fn statuses(&self) -> Vec<String>;
    /// The country whose local phone numbers are read, two letters, if the bot has one.
    fn country(&self) -> Option<String> {
        None
    }
    /// Names of the bot's calendars; `None` when they are not checked.
    fn calendars(&self) -> Option<Vec<String>> {
        None
    }
}

/// What an expression, condition or template refers to, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Declared attributes.
    pub attributes: BTreeSet<String>,
    /// System attributes (`first_name`, `language`, `now`, …).
    pub system: BTreeSet<String>,
    /// Run variables.
    pub variables: BTreeSet<String>,
    /// Tags, as written.
    pub tags: BTreeSet<String>,
    /// Segments.
    pub segments: BTreeSet<String>,
    /// Events.
    pub events: BTreeSet<String>,
    /// Skills.
    pub skills: BTreeSet<String>,
    /// Channels.
    pub channels: BTreeSet<String>,
    /// Whether the result may change with time alone.
    pub time: bool,
    /// How far back it looks at recorded events.
    pub reach: crate::Reach,
}

impl References {
    /// Adds everything another one refers to.
    pub fn merge(&mut self, other: &Self) {
        let sets = [
            (&mut self.attributes, &other.attributes),
            (&mut self.system, &other.system),
            (&mut self.variables, &other.variables),
            (&mut self.tags, &other.tags),
            (&mut self.segments, &other.segments),
            (&mut self.events, &other.events),
            (&mut self.skills, &other.skills),
            (&mut self.channels, &other.channels),
        ];
        for (into, from) in sets {
            into.extend(from.iter().cloned());
        }
        self.time |= other.time;
        self.reach = self.reach.or(other.reach);
    }
}
