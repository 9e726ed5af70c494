//! Globals: values of the bot as a whole, readable everywhere and written by its owners (FL 7.1).

use super::attributes::{Written, one};
use super::config::named;
use super::reader::{At, is_identifier};
use model::{AttributeDef, Record, Value};
use syntax::{Diagnostic, Diagnostics};

/// Reads `globals:`: declared like attributes, but not about a contact.
pub(crate) fn read(node: At<'_>, custom: &[AttributeDef], computed: &[Written], out: &mut Diagnostics) -> Vec<AttributeDef> {
    let mut read: Vec<AttributeDef> = Vec::new();
    for (name, key, value) in named(node, "globals", out) {
        if !is_identifier(name) {
            out.push(
                Diagnostic::error("E0114", key.span, format!("a global is a name of letters, digits and _, not \"{name}\""))
                    .help("conditions and ${…} can read only such names"),
            );
            continue;
        }
        let taken = if custom.iter().any(|a| a.name == name) || computed.iter().any(|c| c.name == name) {
            Some("an attribute of the contact")
        } else if expr::SYSTEM.iter().any(|s| s.name == name) {
            Some("a system attribute")
        } else {
            None
        };
        if let Some(taken) = taken {
            out.push(
                Diagnostic::error("E0257", key.span, format!("\"{name}\" is {taken} already"))
                    .help("a global is one value for the whole bot; give it a name of its own"),
            );
            continue;
        }
        if value.get("personal").is_some() {
            out.push(Diagnostic::error("E0257", value.span, "a global is not about a person, so it is not personal"));
            continue;
        }
        read.extend(one(name, value, &format!("global \"{name}\""), out));
    }
    read
}

/// One global as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalInfo {
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub ty: &'static str,
    /// What it is now: as set, else its default.
    pub value: Option<Value>,
    /// Whether it was set, rather than being the default.
    pub is_set: bool,
}

impl super::Bot {
    /// The same bot with other values of its globals: what a change of one makes the current bot.
    #[must_use]
    pub fn with_globals(&self, globals: &Record) -> std::sync::Arc<Self> {
        // What was set under another declaration and does not fit this one reads as the default.
        let zone = self.timezone();
        let context = expr::Coercion { language: None, country: self.country(), zone, now: model::Instant::default() };
        let fitting = self.config.globals.iter().filter_map(|declared| {
            let value = expr::coerce(globals.get(&declared.name)?, &declared.ty, &context).ok()?;
            Some((declared.name.clone(), value))
        });
        let globals = fitting.collect();
        std::sync::Arc::new(Self::made(self.loaded.clone(), globals, self.stored.clone()))
    }

    /// The values of globals that were set.
    pub fn set_globals(&self) -> &Record {
        &self.globals
    }

    /// Every declared global, in file order.
    pub fn globals(&self) -> Vec<GlobalInfo> {
        let info = |declared: &AttributeDef| GlobalInfo {
            name: declared.name.clone(),
            ty: declared.ty.name(),
            value: self.global(&declared.name).cloned(),
            is_set: self.globals.contains_key(&declared.name),
        };
        self.config.globals.iter().map(info).collect()
    }

    /// What a text is as the value of a global.
    ///
    /// # Errors
    /// In words: there is no such global, or the text does not fit its type.
    pub fn read_global(&self, name: &str, text: &str, now: model::Instant) -> Result<Value, String> {
        let Some(declared) = self.config.globals.iter().find(|g| g.name == name) else {
            let known: Vec<&str> = self.config.globals.iter().map(|g| g.name.as_str()).collect();
            return Err(match (syntax::did_you_mean(name, known.iter().copied()), known.as_slice()) {
                (Some(meant), _) => format!("there is no global \"{name}\"; {meant}"),
                (None, []) => format!("there is no global \"{name}\": bot.yaml declares none under globals"),
                (None, known) => format!("there is no global \"{name}\"; there are {}", known.join(", ")),
            });
        };
        let language = self.config.languages.first().map(String::as_str);
        let context = expr::Coercion { language, country: self.country(), zone: self.timezone(), now };
        expr::coerce(&Value::text(text), &declared.ty, &context)
            .map_err(|why| format!("{name} is declared as {} and cannot hold this: {why}", declared.ty.name()))
    }

    /// What a global reads as: what was set, else its default.
    pub(crate) fn global(&self, name: &str) -> Option<&Value> {
        let declared = self.config.globals.iter().find(|g| g.name == name)?;
        self.globals.get(name).or(declared.default.as_ref())
    }
}
