//! Shapes: what may stand under a key, as data. The schema that editors check against and complete from is derived from
//! them; what the loader accepts is told by the loader alone, so a shape is never narrower than its reader.

/// What may stand somewhere.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text, or whatever an editor takes for a number or a truth value: the flow reads the characters (FL 3.8).
    Text,
    /// A template: text with `${…}`.
    Prose,
    /// A condition (FL 6).
    Condition,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text that this regular expression fits; the second text says what it is.
    Pattern(&'static str, &'static str),
    /// A whole number from … to ….
    Whole(i64, i64),
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// `10m`, `1h30m` (FL 3.11).
    Duration,
    /// A block of the skill, `end`, or `skill NAME` (FL 3.4).
    Target,
    /// Buttons or quick replies (FL 3.9).
    Choices,
    /// A list of these.
    List(&'static Shape),
    /// One of these, or a list of them.
    OneOrMany(&'static Shape),
    /// A map from any name to this.
    Map(&'static Shape),
    /// A map with these keys and no others.
    Keys(&'static [Key]),
    /// A map with exactly one of these keys.
    OneKey(&'static [Key]),
    /// One of several shapes.
    Either(&'static [Shape]),
    /// Anything: only the loader can tell.
    Any,
}

/// One key of a map.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What stands under it.
    pub shape: Shape,
    /// Whether the map needs it.
    pub required: bool,
    /// What it means, for people; empty if the name says it.
    pub doc: &'static str,
}

impl Key {
    /// A key that may be left out.
    pub const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: false, doc }
    }

    /// A key that must be there.
    pub const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: true, doc }
    }
}

/// What an option's kind (FL 3.7) says about its shape; a block that knows more says so in `shapes`.
pub(crate) fn of_field(field: &str) -> Shape {
    const PROSE: Shape = Shape::Prose;
    const TEXT: Shape = Shape::Text;
    match field {
        "prose" => Shape::Prose,
        "condition" => Shape::Condition,
        "name" | "regex" | "JSONPath" => Shape::Text,
        "names" => Shape::OneOrMany(&TEXT),
        "duration" => Shape::Duration,
        "target" => Shape::Target,
        "choices" => Shape::Choices,
        "map of prose" => Shape::Map(&PROSE),
        "prose, or a list" => Shape::OneOrMany(&PROSE),
        _ => Shape::Any,
    }
}

const ANY: Shape = Shape::Any;

/// What a question can expect: a name, or a name with its options (FL 4, `listen`).
const BOUNDS: Shape = Shape::Keys(&[
    Key::may("min", Shape::Prose, "the earliest: a date, a time, `today`, or `${…}`"),
    Key::may("max", Shape::Prose, "the latest"),
]);

pub(crate) const EXPECT: Shape = Shape::Either(&[
    Shape::OneOf(&["text", "number", "email", "phone", "date", "time", "datetime", "url", "file", "location", "yes_no"]),
    Shape::OneKey(&[
        Key::may(
            "text",
            Shape::Keys(&[
                Key::may("min", Shape::Whole(1, 8_000), "at least so many characters"),
                Key::may("max", Shape::Whole(1, 8_000), "at most so many characters"),
            ]),
            "any text",
        ),
        Key::may(
            "number",
            Shape::Keys(&[
                Key::may("min", Shape::Number, "the least"),
                Key::may("max", Shape::Number, "the most"),
                Key::may("whole", Shape::Truth, "without a fraction"),
            ]),
            "a number",
        ),
        Key::may("choice", Shape::OneOrMany(&Shape::Either(&[Shape::Text, Shape::Map(&ANY)])), "one of these, with words that mean it"),
        Key::may("regex", Shape::Text, "a text that the pattern fits as a whole; put it in single quotes"),
        Key::may("email", ANY, "an e-mail address"),
        Key::may("phone", ANY, "a phone number"),
        Key::may("date", BOUNDS, "a day"),
        Key::may("time", BOUNDS, "a time of day"),
        Key::may("datetime", BOUNDS, "a day and a time"),
        Key::may("url", ANY, "a web address"),
        Key::may(
            "file",
            Shape::Keys(&[
                Key::may(
                    "kinds",
                    Shape::OneOrMany(&Shape::OneOf(&["image", "audio", "video", "sticker", "document"])),
                    "the kinds that are taken",
                ),
                Key::may("max_kb", Shape::Whole(1, 20_480), "the largest size, in KiB"),
            ]),
            "a file",
        ),
        Key::may("location", ANY, "a place"),
        Key::may("yes_no", ANY, "yes or no"),
    ]),
]);
