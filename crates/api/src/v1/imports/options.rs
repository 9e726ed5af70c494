//! What is wanted of an import, as a request says it.

use crm::import::{Blanks, DateOrder, Mode, Options, Unknown};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// What is wanted of an import.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImportOptions {
    /// What a column is, by its name in the file: `id`, `external`, `email`, `phone`, `tags`, `status`, an attribute, a system
    /// attribute such as `first_name`, or `-` to leave it out. Columns that are not named are found by their names. In a file of events:
    /// `contact`, `id`, `external`, `email`, `phone`, an attribute whose values name people, `event`, `at`, `event_id`, `fields.NAME`,
    /// `fields.NAME:TYPE` or `-`.
    map: BTreeMap<String, String>,
    /// By what a row finds its contact: `id`, `external`, `email`, `phone` or an attribute, of events `contact` as well; found out if it
    /// is not said.
    #[schemars(length(max = 64))]
    key: Option<String>,
    /// What a row may do.
    mode: ImportMode,
    /// What a blank cell does to a value that is there.
    blanks: ImportBlanks,
    /// Tags for everybody of the file.
    #[schemars(length(max = 20))]
    tags: Vec<String>,
    /// How those who are new came to be; `import` if it is not said.
    #[schemars(length(max = 64))]
    source: Option<String>,
    /// The static segment to put everybody of the file in.
    #[schemars(length(max = 64))]
    list: Option<String>,
    /// Whether the file only says who is on that list: its rows find contacts, and nothing else of them is read or made.
    members: bool,
    /// How days such as 03/04/2026 are meant; has to be said if there are any.
    dates: Option<ImportDates>,
    /// The country of phone numbers without one; the bot's if it is not said.
    #[schemars(length(equal = 2))]
    country: Option<String>,
    /// Whether a file without a key may make its contacts once more; with `now`, whether its events happen once more.
    again: bool,
    /// Of events: the one name of all of them, if no column says it.
    #[schemars(length(max = 64))]
    event: Option<String>,
    /// Of events: they happen when they are imported, because no column says when.
    now: bool,
    /// Of events: the zone of times without one, such as `Europe/Madrid`; the bot's if it is not said.
    #[schemars(length(max = 64))]
    zone: Option<String>,
    /// Of events: what becomes of one whose contact is not there.
    unknown: ImportUnknown,
    /// Of events: whether skills that catch them start, as for events that are told; needs the scope `events:write`.
    start: bool,
}

/// What becomes of an event whose contact is not there.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportUnknown {
    /// It is a fault.
    #[default]
    Skip,
    /// The contact is made: of an external id, an e-mail address, a phone number or an attribute.
    Create,
}

/// What a row may do.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportMode {
    /// Make contacts; one who is there is a fault.
    Create,
    /// Change contacts; one who is not there is a fault.
    Update,
    /// Change those who are there, make the others.
    #[default]
    Upsert,
}

/// What a blank cell does.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportBlanks {
    /// Nothing.
    #[default]
    Keep,
    /// It takes the value away.
    Clear,
}

/// How a day such as 03/04/2026 is meant.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportDates {
    /// In April.
    Dmy,
    /// In March.
    Mdy,
}

impl From<ImportOptions> for Options {
    fn from(said: ImportOptions) -> Self {
        Self {
            map: said.map,
            key: said.key,
            mode: match said.mode {
                ImportMode::Create => Mode::Create,
                ImportMode::Update => Mode::Update,
                ImportMode::Upsert => Mode::Upsert,
            },
            blanks: match said.blanks {
                ImportBlanks::Keep => Blanks::Keep,
                ImportBlanks::Clear => Blanks::Clear,
            },
            tags: said.tags,
            source: said.source,
            list: said.list,
            members: said.members,
            dates: said.dates.map(|dates| match dates {
                ImportDates::Dmy => DateOrder::Dmy,
                ImportDates::Mdy => DateOrder::Mdy,
            }),
            country: said.country,
            again: said.again,
            event: said.event,
            now: said.now,
            zone: said.zone,
            unknown: match said.unknown {
                ImportUnknown::Skip => Unknown::Skip,
                ImportUnknown::Create => Unknown::Create,
            },
            start: said.start,
        }
    }
}

impl From<Options> for ImportOptions {
    fn from(kept: Options) -> Self {
        let Options { map, key, mode, blanks, tags, source, list, members, dates, country, again, event, now, zone, unknown, start } = kept;
        Self {
            map,
            key,
            mode: match mode {
                Mode::Create => ImportMode::Create,
                Mode::Update => ImportMode::Update,
                Mode::Upsert => ImportMode::Upsert,
            },
            blanks: match blanks {
                Blanks::Keep => ImportBlanks::Keep,
                Blanks::Clear => ImportBlanks::Clear,
            },
            tags,
            source,
            list,
            members,
            dates: dates.map(|dates| match dates {
                DateOrder::Dmy => ImportDates::Dmy,
                DateOrder::Mdy => ImportDates::Mdy,
            }),
            country,
            again,
            event,
            now,
            zone,
            unknown: match unknown {
                Unknown::Skip => ImportUnknown::Skip,
                Unknown::Create => ImportUnknown::Create,
            },
            start,
        }
    }
}

impl ImportOptions {
    /// Whether flows are asked to start.
    pub(super) fn starts(&self) -> bool {
        self.start
    }

    /// Whether people are put on a list.
    pub(super) fn lists(&self) -> bool {
        self.list.is_some()
    }
}

/// The same as it is told: every field is there, so its schema is another one and has a name of its own.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Chosen(ImportOptions);

impl JsonSchema for Chosen {
    fn schema_name() -> Cow<'static, str> {
        "ChosenImportOptions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ImportOptions::json_schema(generator)
    }
}

impl From<Options> for Chosen {
    fn from(kept: Options) -> Self {
        Self(kept.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_told_as_it_was_asked_for() {
        let said = serde_json::json!({
            "map": { "E-Mail": "email", "Notes": "-" }, "key": "external", "mode": "update", "blanks": "clear", "tags": ["fair"],
            "source": "fair", "list": "vips", "members": true, "dates": "dmy", "country": "DE", "again": true,
            "event": "purchase", "now": true, "zone": "Europe/Madrid", "unknown": "create", "start": true,
        });
        let read: ImportOptions = serde_json::from_value(said.clone()).unwrap();
        let kept = Options::from(read);
        assert_eq!((kept.members, kept.mode, kept.dates), (true, Mode::Update, Some(DateOrder::Dmy)));
        assert_eq!(serde_json::to_value(ImportOptions::from(kept)).unwrap(), said);
    }
}
