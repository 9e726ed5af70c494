//! `listen`: waits for what the customer says and stores it.

use super::expect::{self, Answer, Expect};
use super::{BlockBody, BlockKind, Fault, Flow, Heard, Key, OptionSpec, Otherwise, OutcomeSpec, REPEAT_AFTER, Shape, Waits};
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use expr::Template;
use model::{Ask, Content, Rest};

/// The longest `merge_within`: a minute.
const MERGE_MOST: i64 = 60_000_000;
/// How often an unusable answer is asked again, if `retry.times` does not say (FL 5.6).
const TIMES: u32 = 2;

/// `retry`, for editors.
const RETRY: Shape = Shape::Keys(&[
    Key::may("say", Shape::OneOrMany(&Shape::Prose), "what is said to an unusable answer"),
    Key::may("times", Shape::Whole(0, 20), "how often it is asked again"),
]);

#[derive(Debug)]
pub(crate) struct Listen;

#[derive(Debug)]
struct Listening {
    name: String,
    expect: Expect,
    /// What is said to unusable answers, in turn; the last one stays.
    say: Vec<Template>,
    times: u32,
    timeout: Option<i64>,
    /// How long after a message another one counts as part of it.
    merge: Option<i64>,
    repeat_after: Option<i64>,
}

/// How long messages may be merged in all, as a multiple of `merge_within`: whoever writes on and on is answered.
const MERGES: i64 = 10;
/// How many messages are merged at the most.
const MERGED: usize = 20;

impl BlockKind for Listen {
    fn key(&self) -> &'static str {
        "listen"
    }
    fn summary(&self) -> &'static str {
        "Waits for the customer's next message and stores it under a name, if it is what is expected."
    }
    fn example(&self) -> &'static str {
        "skill: order-help\ncatch:\n  - command: order\nblocks:\n  ask:\n    text: What is your order number?\n  number:\n    listen: order_number\n    expect: { number: { min: 1 } }\n    retry: { say: Please type digits only., times: 2 }\n    timeout: 10m\n    on: { timeout: end, invalid: end }\n  thanks:\n    text: I will look for order ${order_number}.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec { name: "listen", field: "name", doc: "the attribute or variable that the answer is stored in" },
            OptionSpec {
                name: "expect",
                field: "value",
                doc: "text (default), number, email, phone, date, time, datetime, url, choice, regex, file, location, yes_no",
            },
            OptionSpec {
                name: "retry",
                field: "map",
                doc: "`say`: what is said to an unusable answer, or a list of it, in turn; `times`: how often (2)",
            },
            OptionSpec { name: "timeout", field: "duration", doc: "how long to wait" },
            OptionSpec {
                name: "merge_within",
                field: "duration",
                doc: "messages that follow within so long are one answer; a command or a button ends it",
            },
            OptionSpec {
                name: "repeat_question",
                field: "value",
                doc: "`false`, or how old the question must be to be sent again when something else is over (10m)",
            },
        ]
    }
    fn shapes(&self) -> &'static [Key] {
        const {
            &[
                Key::may("expect", super::shape::EXPECT, ""),
                Key::may("retry", RETRY, ""),
                Key::may("repeat_question", Shape::Either(&[Shape::Truth, Shape::Duration]), ""),
            ]
        }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec { name: "timeout", otherwise: Otherwise::EndQuietly("expired"), doc: "no answer within `timeout`" },
            OutcomeSpec { name: "invalid", otherwise: Otherwise::Fallback, doc: "no usable answer after `retry.times` retries" },
        ]
    }
    fn group(&self) -> super::Group {
        super::Group::Messages
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let expect = match options.take("expect") {
            None => Some(Expect::Text { min: 1, max: 8_000 }),
            Some(node) => expect::read(node, reader),
        };
        let (mut say, mut times) = (Vec::new(), TIMES);
        if let Some(node) = options.take("retry")
            && let Some(mut retry) = Fields::of(node, "retry", reader.out)
        {
            if let Some(node) = retry.take("say") {
                say = one_or_many(node).iter().filter_map(|n| reader.prose(n, "say")).collect();
            }
            if let Some(n) = retry.take("times") {
                times = reader.integer(n, "times", 0, 20).and_then(|n| u32::try_from(n).ok()).unwrap_or(TIMES);
            }
            retry.finish(reader.out);
        }
        let timeout = options.take("timeout").and_then(|n| reader.duration(n, "timeout"));
        let merge = options.take("merge_within").and_then(|n| {
            let within = reader.duration(n, "merge_within")?;
            if within > MERGE_MOST {
                reader.error("E0185", n.span, "merge_within is a minute at the most: whoever has answered waits for so long");
                return None;
            }
            Some(within)
        });
        let repeat_after = match options.take("repeat_question") {
            None => Some(REPEAT_AFTER),
            Some(node) => match node.as_text() {
                Some("false" | "off") => None,
                Some("true" | "on") => Some(REPEAT_AFTER),
                _ => reader.duration(node, "repeat_question"),
            },
        };
        let name = reader.identifier(value, "what listen stores")?.to_owned();
        Some(Box::new(Listening { name, expect: expect?, say, times, timeout, merge, repeat_after }))
    }
}

impl BlockBody for Listening {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let now = at.step.turn.now;
        Ok(Flow::Rest(Rest::Asking(Ask::new(now, self.timeout.map(|t| now.plus_micros(t))))))
    }

    fn waits(&self) -> Waits {
        Waits::Asks
    }

    fn timeout(&self) -> Option<i64> {
        self.timeout
    }

    fn repeat_after(&self) -> Option<i64> {
        self.repeat_after
    }

    fn hears(&self) -> bool {
        true
    }

    fn hear(&self, at: &mut Moving<'_, '_>, heard: &Heard<'_>) -> Result<Option<Flow>, Fault> {
        if let Some(within) = self.merge
            && heard.open
            && self.expect.merges()
            && self.keep(at, heard.text, within)
        {
            return Ok(None);
        }
        let answer = match self.expect.read(heard, at)? {
            // An answer that the attribute's own type refuses is as unusable as one that is not expected.
            Answer::Is(value) => at.store(&self.name, Some(value)).is_ok(),
            Answer::Either(readings) => {
                expect::ask_which(&readings, self.timeout, at)?;
                return Ok(None);
            }
            Answer::No => false,
        };
        if answer {
            return Ok(Some(Flow::Next));
        }
        let now = at.step.turn.now;
        let Rest::Asking(ask) = &mut at.run.rest else { return Ok(None) };
        ask.tries += 1;
        let tries = ask.tries;
        if tries > self.times {
            return Ok(Some(Flow::Outcome("invalid", String::new())));
        }
        ask.deadline = self.timeout.map(|t| now.plus_micros(t));
        ask.asked_at = now;
        if at.unsendable().is_none() {
            let which = usize::try_from(tries).unwrap_or(1).saturating_sub(1).min(self.say.len().saturating_sub(1));
            match self.say.get(which) {
                Some(say) => {
                    let text = at.render(say)?;
                    at.say(Content::text(text))?;
                }
                None => at.repeat_question()?,
            }
        }
        Ok(None)
    }
}

impl Listening {
    /// Keeps what was said until nothing more follows; whether it was kept.
    fn keep(&self, at: &mut Moving<'_, '_>, text: &str, within: i64) -> bool {
        let now = at.step.turn.now;
        let Rest::Asking(ask) = &mut at.run.rest else { return false };
        if text.is_empty() || ask.heard.len() >= MERGED {
            return false;
        }
        if ask.heard.is_empty() {
            ask.asked_at = now;
        }
        ask.heard.push(text.to_owned());
        let last = ask.asked_at.plus_micros(within.saturating_mul(MERGES));
        ask.merge_until = Some(now.plus_micros(within).min(last));
        // An answer is on its way: nothing can time out.
        ask.deadline = None;
        true
    }
}
