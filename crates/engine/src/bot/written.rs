//! Attributes that somebody outside the flows writes: read by their declared types.

use super::Bot;
use model::{Instant, Value};

impl Bot {
    /// Reads a value for a declared attribute, as `data` does (FL 7.2).
    ///
    /// # Errors
    /// In words: no such attribute, one that is computed, or a value that its type cannot hold.
    pub fn read_attribute(&self, name: &str, value: &Value, now: Instant) -> Result<Value, String> {
        let Some(declared) = self.attribute(name) else {
            if self.config.computed.iter().any(|computed| computed.name == name) {
                return Err(format!("\"{name}\" is computed from others and is not written"));
            }
            let known: Vec<&str> = self.attributes().iter().map(|declared| declared.name.as_str()).collect();
            return Err(match syntax::did_you_mean(name, known.iter().copied()) {
                Some(meant) => format!("there is no attribute \"{name}\"; {meant}"),
                None => format!("there is no attribute \"{name}\"; bot.yaml declares them under attributes"),
            });
        };
        let language = self.config.languages.first().map(String::as_str);
        let context = expr::Coercion { language, country: self.country(), zone: self.timezone(), now };
        expr::coerce(value, &declared.ty, &context)
            .map_err(|why| format!("\"{name}\" is declared as {} and cannot hold this: {why}", declared.ty.name()))
    }
}
