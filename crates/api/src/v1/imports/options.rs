//! What is wanted of an import, as a request says it.

use crm::import::{Blanks, DateOrder, Mode, Options};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is wanted of an import.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImportOptions {
    /// What a column is, by its name in the file: `id`, `external`, `email`, `phone`, `tags`, `status`, an attribute, a system
    /// attribute such as `first_name`, or `-` to leave it out. Columns that are not named are found by their names.
    map: BTreeMap<String, String>,
    /// By what a row finds its contact: `id`, `external`, `email`, `phone` or an attribute; found out if it is not said.
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
    /// How days such as 03/04/2026 are meant; has to be said if there are any.
    dates: Option<ImportDates>,
    /// The country of phone numbers without one; the bot's if it is not said.
    #[schemars(length(equal = 2))]
    country: Option<String>,
    /// Whether a file without a key may make its contacts once more.
    again: bool,
}

/// What a row may do.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportBlanks {
    /// Nothing.
    #[default]
    Keep,
    /// It takes the value away.
    Clear,
}

/// How a day such as 03/04/2026 is meant.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
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
            dates: said.dates.map(|dates| match dates {
                ImportDates::Dmy => DateOrder::Dmy,
                ImportDates::Mdy => DateOrder::Mdy,
            }),
            country: said.country,
            again: said.again,
        }
    }
}
