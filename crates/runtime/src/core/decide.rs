//! The seam between the core and the interpreter, so that tests can put a faulty interpreter in.

use engine::{Input, Limits, PersonView, Step, Turn};
use model::{Conversation, Instant};

/// What decides a step. Pure: the same inputs give the same step.
pub trait Decide: Send {
    /// Processes one input (FL 5.2).
    fn step(&self, person: &PersonView<'_>, input: Input<'_>, turn: &Turn<'_>) -> Step;

    /// When something of the conversation is due next.
    fn next_due(&self, conversation: &Conversation, limits: &Limits) -> Option<Instant>;
}

/// The engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine;

impl Decide for Engine {
    fn step(&self, person: &PersonView<'_>, input: Input<'_>, turn: &Turn<'_>) -> Step {
        engine::step(person, input, turn)
    }

    fn next_due(&self, conversation: &Conversation, limits: &Limits) -> Option<Instant> {
        engine::next_due(conversation, limits)
    }
}
