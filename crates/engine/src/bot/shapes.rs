//! The shapes of a bot's files, for editors: what may stand in `bot.yaml`, in `segments.yaml` and around the blocks of a skill.
//! The blocks and catches bring their own.

use crate::blocks::{Key, Shape};

const TEXT: Shape = Shape::Text;
const PROSE: Shape = Shape::Prose;
const TEXTS: Shape = Shape::OneOrMany(&TEXT);
const ATTRIBUTE_TYPES: &[&str] =
    &["text", "number", "bool", "date", "datetime", "enum", "list", "money", "phone", "email", "url", "language", "country"];
const TITLE: Shape = Shape::Either(&[Shape::Prose, Shape::Map(&PROSE)]);
const DECLARED: Shape = Shape::Either(&[
    Shape::OneOf(ATTRIBUTE_TYPES),
    Shape::Keys(&[
        Key::may("type", Shape::OneOf(ATTRIBUTE_TYPES), "what kind of value it holds"),
        Key::may("values", TEXTS, "the values of an enum"),
        Key::may("default", TEXTS, "the value of contacts that have none; for a list, one or several"),
        Key::may("personal", Shape::Truth, "whether it says who somebody is"),
        Key::may("computed", Shape::Text, "an expression that is evaluated on use; nothing is stored"),
    ]),
]);
const OPEN: Shape = Shape::OneOrMany(&TEXT);
const CHANNEL: Shape = Shape::Map(&Shape::OneOrMany(&TEXT));
const GROUP: Shape = Shape::Keys(&[
    Key::may("per_agent", Shape::Whole(1, 100), "how many chats one agent has at once"),
    Key::may("hours", Shape::Text, "the calendar of its opening hours"),
    Key::may("first", TEXTS, "segments whose members are answered before others"),
]);
const COUNT: Shape = Shape::Whole(1, 10_000);
const LIMITS: &[Key] = &[
    Key::may("blocks", COUNT, "blocks in one step"),
    Key::may("messages", COUNT, "messages sent in one step"),
    Key::may("runs", COUNT, "runs begun in one step"),
    Key::may("depth", COUNT, "frames of one run"),
    Key::may("conversation_runs", COUNT, "runs resting in one conversation"),
    Key::may("timers", COUNT, "timers running in one conversation"),
    Key::may("idle_steps", COUNT, "steps in an hour without a message from the human"),
    Key::may("inbox", COUNT, "waiting messages of one contact"),
    Key::may("run_idle", Shape::Duration, "how long a forgotten run rests before it ends"),
    Key::may("queue_for", Shape::Duration, "how long a start waits while another run asks"),
];
const RETENTION: &[Key] = &[
    Key::may("messages", Shape::Text, "90 days, 18 months, 2 years or forever; 2 years if absent"),
    Key::may("journey", Shape::Text, "the same; 2 years if absent"),
    Key::may("events", Shape::Text, "the same; forever if absent"),
];
const KEYWORD: Shape =
    Shape::Either(&[Shape::Text, Shape::Keys(&[Key::must("contains", Shape::OneOrMany(&TEXT), "whole words anywhere in the message")])]);
const INTERRUPT: Shape = Shape::Keys(&[
    Key::may("keyword", Shape::OneOrMany(&KEYWORD), "the words that interrupt, whatever is going on"),
    Key::may("when", Shape::Condition, "what must hold as well; sees input"),
    Key::may("then", Shape::Target, "where it leads: skill NAME"),
    Key::may("mode", Shape::OneOf(&["call", "jump", "end"]), "what becomes of the run that asks"),
    Key::may("note", Shape::Text, "for people who read the file"),
]);
const EMAIL: Shape = Shape::Keys(&[
    Key::must("from", Shape::Text, "the address mails come from"),
    Key::must(
        "smtp",
        Shape::Keys(&[
            Key::must("host", Shape::Text, "the mail server"),
            Key::may("port", Shape::Whole(1, 65_535), "587 for starttls, 465 for implicit, 25 for none"),
            Key::may("tls", Shape::OneOf(&["starttls", "implicit", "none"]), "how it is encrypted; none only on this machine"),
            Key::may("user", Shape::Text, "who signs in; a text or ${env.NAME}"),
            Key::may("password", Shape::Text, "${env.NAME}"),
        ]),
        "the mail server",
    ),
]);
const SMS: Shape = Shape::Keys(&[
    Key::must("provider", Shape::OneOf(&["twilio"]), "who sends them"),
    Key::must("account", Shape::Text, "the account; a text or ${env.NAME}"),
    Key::must("token", Shape::Text, "${env.NAME}"),
    Key::must("from", Shape::Text, "the number messages come from, with + and the country's code"),
    Key::may("base_url", Shape::Text, "where the provider's API is, for tests"),
]);
const SECRET: Shape = Shape::Keys(&[
    Key::must("env", Shape::Text, "the environment variable that holds it"),
    Key::may("hosts", TEXTS, "the hosts it may be sent to"),
]);
const FIRST: Shape = Shape::Keys(&[
    Key::may("text", Shape::Text, "the whole first message"),
    Key::may("payload", Shape::Text, "the payload of the link that was opened"),
    Key::may("referral", Shape::Text, "part of the address they came from"),
    Key::may("tag", Shape::Text, "the tag they get"),
    Key::may("source", Shape::Text, "what is noted as their source"),
]);

/// The keys of `bot.yaml`.
pub(crate) const BOT: &[Key] = &[
    Key::must("name", Shape::Text, "the bot's name"),
    Key::may("timezone", Shape::Text, "an IANA name such as Europe/Madrid; UTC if absent"),
    Key::may("country", Shape::Pattern("^[A-Z]{2}$", "two capital letters such as ES"), "how local phone numbers are read"),
    Key::may("languages", TEXTS, "the languages it speaks; the skills are written in the first"),
    Key::may("channels", Shape::Map(&CHANNEL), "where it is reached"),
    Key::may("attributes", Shape::Map(&DECLARED), "what is kept about a contact"),
    Key::may("globals", Shape::Map(&DECLARED), "values of the bot as a whole"),
    Key::may("statuses", TEXTS, "beside active, unsubscribed and blocked"),
    Key::may("groups", Shape::Map(&GROUP), "groups of agents"),
    Key::may("calendars", Shape::Map(&Shape::Map(&Shape::Either(&[OPEN, Shape::Map(&OPEN)]))), "opening hours"),
    Key::may("interrupts", Shape::List(&INTERRUPT), "what is heard whatever is going on"),
    Key::may("menu", Shape::List(&Shape::Map(&TEXT)), "what customers can choose at any time"),
    Key::may("first_message", Shape::OneOrMany(&FIRST), "how contacts came: the first rule that fits counts"),
    Key::may("opt_out", Shape::Map(&TEXTS), "words that unsubscribe, per language"),
    Key::may("opt_in", Shape::Map(&TEXTS), "words that subscribe again, per language"),
    Key::may("limits", Shape::Keys(LIMITS), "how far one step, conversation or contact may go"),
    Key::may("retention", Shape::Keys(RETENTION), "how long messages, the journey and events are kept"),
    Key::may("email", EMAIL, "where mail leaves"),
    Key::may("sms", SMS, "who sends text messages"),
    Key::may("secrets", Shape::Map(&SECRET), "values for requests that stand in no file"),
    Key::may(
        "operator",
        Shape::Either(&[Shape::Text, Shape::Keys(&[Key::must("email", Shape::Text, "an address")])]),
        "who is written to when a flow fails",
    ),
];

/// The keys of one segment.
pub(crate) const SEGMENT: &[Key] = &[
    Key::may("name", Shape::Text, "what people read"),
    Key::may("description", Shape::Text, "for people who read the list of segments"),
    Key::may("where", Shape::Condition, "who is in it"),
    Key::may("exclude", TEXTS, "segments whose members are not in it"),
    Key::may("static", Shape::Truth, "filled by hand, import or flow instead of a condition"),
    Key::may("verified", Shape::Truth, "only people who identified themselves"),
];

/// The keys of a skill beside `catch` and `blocks`.
pub(crate) const SKILL: &[Key] = &[
    Key::must("skill", Shape::Text, "its name: letters, digits, - and _"),
    Key::may("description", TITLE, "what people read in menus of commands"),
    Key::may("only_for", Shape::Condition, "for whom it is; everybody else does not meet it"),
    Key::may("note", Shape::Text, "for people who read the file"),
];

/// The keys of a catch beside its kind.
pub(crate) const CATCH: &[Key] = &[
    Key::may("only_for", Shape::Condition, "for whom this way in is"),
    Key::may("where", Shape::Condition, "what must hold of the event's fields"),
    Key::may("if_busy", Shape::OneOf(&["queue", "skip", "interrupt"]), "what happens while another run asks"),
    Key::may("queue_for", Shape::Duration, "how long it waits for its turn"),
    Key::may("once", Shape::Duration, "at most one start within this time"),
    Key::may("to", Shape::Condition, "whom a schedule reaches"),
    Key::may("grace", Shape::Duration, "how late a schedule that was missed may still begin"),
];

/// The keys of a block beside its options.
pub(crate) const BLOCK: &[Key] = &[
    Key::may("next", Shape::Target, "where it goes on; the block below if absent"),
    Key::may("when", Shape::Condition, "if it does not hold, the block is skipped"),
    Key::may("only_for", Shape::Condition, "if it does not hold, the block is skipped"),
    Key::may("note", Shape::Text, "for people who read the file"),
];

/// The shapes of the files, for editors.
#[derive(Clone, Copy, Debug)]
pub struct FileShapes {
    /// `bot.yaml`.
    pub bot: &'static [Key],
    /// One segment of `segments.yaml`.
    pub segment: &'static [Key],
    /// A skill beside `catch` and `blocks`.
    pub skill: &'static [Key],
    /// A catch beside its kind.
    pub catch: &'static [Key],
    /// A block beside its type, its options and `on`.
    pub block: &'static [Key],
}

/// The shapes of the files, for editors.
pub const fn file_shapes() -> FileShapes {
    FileShapes { bot: BOT, segment: SEGMENT, skill: SKILL, catch: CATCH, block: BLOCK }
}
