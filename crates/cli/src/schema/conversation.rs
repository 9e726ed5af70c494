//! The shape of a scripted conversation (FL 9).

use engine::{Key, Shape};

const TEXT: Shape = Shape::Text;
const ANY: Shape = Shape::Any;
const TEXTS: Shape = Shape::OneOrMany(&TEXT);
const FIELDS: Shape = Shape::Map(&ANY);

const AGENT: Shape = Shape::Keys(&[
    Key::must("name", Shape::Text, "what customers read"),
    Key::may("groups", TEXTS, "the groups they answer for"),
    Key::may("accepting", Shape::Truth, "whether they take chats"),
    Key::may("capacity", Shape::Text, "how many chats they could have at once"),
]);
const START: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Keys(&[
        Key::must("block", Shape::Text, "the block to begin at, as skill.block"),
        Key::may("vars", FIELDS, "the variables its run has by then"),
        Key::may("event", FIELDS, "the event that began it"),
    ]),
]);
const SAID: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Keys(&[
        Key::may("text", Shape::Text, "the whole message"),
        Key::may("contains", TEXTS, "texts that it contains"),
        Key::may("lacks", TEXTS, "texts that it does not contain"),
        Key::may("caption", Shape::Text, "exactly what is said with a picture or file"),
        Key::may("image", Shape::Text, "a picture: its file name or address"),
        Key::may("audio", Shape::Text, "a sound, likewise"),
        Key::may("video", Shape::Text, "a film, likewise"),
        Key::may("sticker", Shape::Text, "a sticker, likewise"),
        Key::may("file", Shape::Text, "a file, likewise"),
        Key::may("location", Shape::Text, "a place, as LATITUDE, LONGITUDE"),
        Key::may("cards", TEXTS, "the titles of a gallery's cards, in order"),
        Key::may("buttons", TEXTS, "its buttons, in order"),
        Key::may("from", Shape::Text, "the block that said it, as skill.block"),
    ]),
]);
const SENT: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Keys(&[
        Key::may("file", TEXTS, "a file of this name"),
        Key::may("image", TEXTS, "a picture of this name"),
        Key::may("audio", TEXTS, "a sound, likewise"),
        Key::may("voice", TEXTS, "a voice message, likewise"),
        Key::may("video", TEXTS, "a film, likewise"),
        Key::may("sticker", TEXTS, "a sticker, likewise"),
        Key::may(
            "location",
            Shape::Either(&[
                Shape::Text,
                Shape::Keys(&[Key::must("lat", Shape::Number, "degrees north"), Key::must("lng", Shape::Number, "degrees east")]),
            ]),
            "a place; also as LATITUDE, LONGITUDE",
        ),
        Key::may("type", Shape::Text, "the file's media type, if its name does not say it"),
        Key::may("size", Shape::Text, "its size: 512 (bytes), 300kB, 6MB; 100kB if not said"),
        Key::may("text", Shape::Text, "what is written beside it"),
    ]),
]);
const THEN: &[Key] = &[
    Key::may("tags", Shape::List(&TEXT), "exactly these tags"),
    Key::may("attributes", FIELDS, "the values these attributes have"),
    Key::may("status", Shape::Text, "the contact's status"),
    Key::may("segments", Shape::List(&TEXT), "exactly these segments"),
    Key::may("events", Shape::List(&ANY), "the events that were raised"),
    Key::may("at", Shape::Text, "the block a run rests on, as skill.block, or nothing"),
    Key::may("resting", Shape::Text, "the same as at"),
    Key::may("ended", Shape::Text, "the block the last run ended at, as skill.block"),
    Key::may("owner", Shape::OneOf(&["bot", "queue", "agent"]), "who has the conversation"),
];
const LINE: Shape = Shape::OneKey(&[
    Key::may("user", SENT, "the customer writes or sends this"),
    Key::may("bot", SAID, "the bot says this; any takes whatever it says"),
    Key::may("press", Shape::Text, "the customer presses the button of this label"),
    Key::may("open", Shape::Any, "the customer opens the chat"),
    Key::may("after", Shape::Duration, "so much time passes"),
    Key::may(
        "queue",
        Shape::Keys(&[
            Key::may("group", Shape::Text, "the group asked"),
            Key::may("position", Shape::Whole(1, 10_000), "the place in line"),
        ]),
        "the customer waits for a human",
    ),
    Key::may(
        "agent",
        Shape::Either(&[
            Shape::OneOf(&["takes", "closes"]),
            Shape::OneKey(&[
                Key::may("says", Shape::Text, "the agent writes this"),
                Key::may("closes", Shape::Text, "the skill that goes on"),
            ]),
        ]),
        "what the agent does",
    ),
    Key::may("event", Shape::Either(&[Shape::Text, FIELDS]), "an event is raised for the contact"),
    Key::may("set", FIELDS, "attributes are set from outside"),
    Key::may("tag", TEXTS, "tags are added from outside"),
    Key::may("untag", TEXTS, "tags are removed from outside"),
    Key::may("then", Shape::Keys(THEN), "what holds at this point"),
]);

/// The keys of a scripted conversation.
pub const SCRIPT: &[Key] = &[
    Key::must("test", Shape::Text, "what it shows"),
    Key::may("note", Shape::Text, "for people who read the file"),
    Key::may("now", Shape::Text, "when it begins, in the bot's zone"),
    Key::may("agents", Shape::List(&AGENT), "who answers chats"),
    Key::may("ungated", Shape::Truth, "whether only_for lets everybody in"),
    Key::may("contact", FIELDS, "what is known of the customer: attributes, tags, events, status, …"),
    Key::may("start_at", START, "the block it begins at, as skill.block"),
    Key::may("http", Shape::List(&ANY), "what requests are answered with"),
    Key::must("talk", Shape::List(&LINE), "what the customer does and what the bot says, in order"),
    Key::may("then", Shape::Keys(THEN), "what holds at the end"),
];
