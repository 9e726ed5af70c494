//! The system attributes: what every contact has without a declaration (FL 7.1).

use crate::Type;

/// A system attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What it is.
    pub doc: &'static str,
    /// Whether it changes with time alone.
    pub time: bool,
    /// Whether it exists in skills alone: it is told from conversations, which segments do not see.
    pub flow: bool,
}

const fn entry(name: &'static str, ty: Type, doc: &'static str) -> System {
    System { name, ty, doc, time: false, flow: false }
}

const fn clock(name: &'static str, ty: Type, doc: &'static str) -> System {
    System { name, ty, doc, time: true, flow: false }
}

const fn talk(name: &'static str, ty: Type, doc: &'static str) -> System {
    System { name, ty, doc, time: false, flow: true }
}

/// Every system attribute, in the order of the reference page.
pub const SYSTEM: &[System] = &[
    entry("contact_id", Type::Text, "the contact's own id, the same for ever"),
    entry("first_name", Type::Text, "given name, from the channel"),
    entry("last_name", Type::Text, "family name, from the channel"),
    entry("full_name", Type::Text, "first and last name, as far as they are known"),
    entry("username", Type::Text, "the name the contact chose on the channel"),
    entry("phone", Type::Text, "phone number in international form, if the channel gave one"),
    entry("email", Type::Text, "e-mail address, if the channel gave one"),
    entry(
        "verified_id",
        Type::Text,
        "the website's own id of a person who signed in there, from a signed token; never from the person's word",
    ),
    entry("language", Type::Language, "language tag: the customer's choice, else the channel's"),
    entry("language_source", Type::Text, "where the language comes from: customer, told, channel or browser"),
    entry(
        "country",
        Type::Country,
        "two-letter country code: the customer's choice, else the channel's, the phone number's, or the language's region",
    ),
    entry("country_source", Type::Text, "where the country comes from: customer, told, channel, phone or language"),
    entry("channel", Type::Channel, "the channel of this conversation"),
    entry("first_channel", Type::Channel, "the channel on which the contact was first met"),
    talk(
        "conversation_state",
        Type::Text,
        "who answers the contact: active (the bot), requesting (a human was asked for), intervened (an agent), closed; only in skills",
    ),
    entry("conversation_count", Type::Number, "on how many channel addresses the contact is known"),
    entry("status", Type::Status, "the contact's stage: active, unsubscribed, blocked or one of the bot's statuses"),
    entry("subscribed", Type::Bool, "whether the contact gets messages they did not ask for: neither unsubscribed nor blocked"),
    entry("source", Type::Text, "how the contact came to be: organic, api, import, or what first_message in bot.yaml says"),
    entry("first_message", Type::Text, "the text the contact began with, if they began with one"),
    entry("first_message_tag", Type::Text, "the tag that first_message in bot.yaml gave for what the contact began with"),
    entry("first_payload", Type::Text, "the payload of the link that brought the contact"),
    entry("referral", Type::Text, "the page or campaign the contact came from, if the channel says so"),
    entry("first_seen", Type::DateTime, "when the contact came to be"),
    entry("last_seen", Type::DateTime, "when the contact last did something"),
    entry("last_input", Type::Text, "the last text the contact sent"),
    entry("message_count", Type::Number, "how many messages and presses the contact sent"),
    entry("session_messages", Type::Number, "how many of them in the latest visit"),
    entry(
        "template_messages",
        Type::Number,
        "how many messages were sent to the contact unasked: a day or more after what they last did in that conversation",
    ),
    entry(
        "visit_count",
        Type::Number,
        "how often the contact came: what they do after half an hour of silence is another visit; more than 1 for who returned",
    ),
    entry(
        "unresolved_requests",
        Type::Number,
        "how many requests for a human nobody answered, since an agent last attended to the contact",
    ),
    entry("page_visits", Type::Number, "how many pages of the website the contact opened"),
    entry("last_page", Type::Text, "the path of the page opened last"),
    entry("last_error", Type::Text, "what went wrong last in a flow of this contact, in words for the operator"),
    entry("is_new", Type::Bool, "whether this is the contact's first conversation step"),
    clock("now", Type::DateTime, "this instant"),
    clock("today", Type::Date, "today in the bot's zone"),
    clock("hour", Type::Number, "the hour of the day, 0 to 23, in the contact's zone"),
    clock("weekday", Type::Text, "monday to sunday, in the contact's zone"),
    entry("timezone", Type::Text, "the contact's time zone, or the bot's"),
];

/// The system attributes that count what happened: 0 until it did.
pub const COUNTERS: &[&str] =
    &["message_count", "session_messages", "template_messages", "visit_count", "unresolved_requests", "page_visits"];

/// The system attribute of a name.
pub(crate) fn system(name: &str) -> Option<&'static System> {
    SYSTEM.iter().find(|s| s.name == name)
}
