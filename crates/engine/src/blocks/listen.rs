//! `listen`: waits for what the customer says and stores it.

use super::expect::{self, Expect};
use super::{BlockBody, BlockKind, Fault, Flow, Heard, OptionSpec, Otherwise, OutcomeSpec, Waits};
use crate::bot::reader::{At, Fields, Reader};
use crate::step::Moving;
use expr::Template;
use model::{Ask, Content, Rest};

/// How often an unusable answer is asked again, if `retry.times` does not say (FL 5.6).
const TIMES: u32 = 2;

#[derive(Debug)]
pub(crate) struct Listen;

#[derive(Debug)]
struct Listening {
    name: String,
    expect: Expect,
    say: Option<Template>,
    times: u32,
    timeout: Option<i64>,
}

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
            OptionSpec { name: "expect", field: "value", doc: "text (default), number, email, phone, url, choice, regex, yes_no" },
            OptionSpec { name: "retry", field: "map", doc: "`say`: what is said to an unusable answer; `times`: how often (2)" },
            OptionSpec { name: "timeout", field: "duration", doc: "how long to wait" },
        ]
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[
            OutcomeSpec { name: "timeout", otherwise: Otherwise::EndQuietly("expired"), doc: "no answer within `timeout`" },
            OutcomeSpec { name: "invalid", otherwise: Otherwise::Fallback, doc: "no usable answer after `retry.times` retries" },
        ]
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let expect = match options.take("expect") {
            None => Some(Expect::Text { min: 1, max: 8_000 }),
            Some(node) => expect::read(node, reader),
        };
        let (mut say, mut times) = (None, TIMES);
        if let Some(node) = options.take("retry")
            && let Some(mut retry) = Fields::of(node, "retry", reader.out)
        {
            say = retry.take("say").and_then(|n| reader.prose(n, "say"));
            if let Some(n) = retry.take("times") {
                times = reader.integer(n, "times", 0, 20).and_then(|n| u32::try_from(n).ok()).unwrap_or(TIMES);
            }
            retry.finish(reader.out);
        }
        let timeout = options.take("timeout").and_then(|n| reader.duration(n, "timeout"));
        let name = reader.identifier(value, "what listen stores")?.to_owned();
        Some(Box::new(Listening { name, expect: expect?, say, times, timeout }))
    }
}

impl BlockBody for Listening {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let now = at.step.turn.now;
        Ok(Flow::Rest(Rest::Asking(Ask {
            message: None,
            asked_at: now,
            deadline: self.timeout.map(|t| now.plus_micros(t)),
            suspended: false,
            tries: 0,
        })))
    }

    fn waits(&self) -> Waits {
        Waits::Asks
    }

    fn timeout(&self) -> Option<i64> {
        self.timeout
    }

    fn hear(&self, at: &mut Moving<'_, '_>, heard: &Heard<'_>) -> Result<Option<Flow>, Fault> {
        let answer = self.expect.read_answer(heard.text, at);
        // An answer that the attribute's own type refuses is as unusable as one that is not expected.
        let stored = match answer {
            Some(value) => at.store(&self.name, Some(value)).is_ok(),
            None => false,
        };
        if stored {
            return Ok(Some(Flow::Next));
        }
        let now = at.step.turn.now;
        let Rest::Asking(ask) = &mut at.run.rest else { return Ok(None) };
        ask.tries += 1;
        if ask.tries > self.times {
            return Ok(Some(Flow::Outcome("invalid", String::new())));
        }
        ask.deadline = self.timeout.map(|t| now.plus_micros(t));
        ask.asked_at = now;
        if at.unsendable().is_none() {
            match &self.say {
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
