//! What a bot's computed attributes are for one contact, for people who look at them (FL 7.1).

use super::facts::ContactFacts;
use crate::bot::Bot;
use expr::Fuel;
use model::{Contact, Instant, Value};
use segments::Past;

/// The computed attributes of a contact at an instant: name, name of the type, value; by name. Those that have no value, and
/// those that cannot be computed, are left out.
pub fn computed_attributes(bot: &Bot, contact: &Contact, past: &dyn Past, now: Instant) -> Vec<(String, &'static str, Value)> {
    let facts = ContactFacts::of_contact(now, bot, contact, past);
    let expressions = bot.computed().into_iter();
    let valued = expressions.filter_map(|(name, expression)| {
        let value = expression.eval(&facts, &mut Fuel::new(bot.limits().fuel)).ok()??;
        Some((name, value.type_name(), value))
    });
    valued.collect()
}
