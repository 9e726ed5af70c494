//! The bot's attributes: what is declared, and how many contacts have a value.

use super::{
    asked::{Asked, Nothing},
    caller::{Caller, ContactsRead},
    openapi::{Any, Api, about},
};
use crate::{problem::Problem, state::Shared};
use axum::extract::State;
use model::AttributeType;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The attributes that contacts can have.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AttributeList {
    /// As `bot.yaml` declares them, and after these what is stored under names that it declares no more.
    attributes: Vec<AttributeInfo>,
}

/// An attribute.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AttributeInfo {
    name: String,
    /// `text`, `number`, `bool`, `date`, `datetime`, `enum`, `list`, `money`, `phone`, `email`, `url`, `language` or `country`; none of one
    /// that is declared no more, or is computed and known only then.
    #[serde(rename = "type")]
    ty: Option<&'static str>,
    /// The values an enum may have.
    values: Option<Vec<String>>,
    /// What reads as its value where none is set.
    default: Option<Any>,
    /// Whether it is personal data.
    personal: bool,
    /// Whether `bot.yaml` declares it.
    declared: bool,
    /// Whether it is computed from others whenever it is asked for: then nothing is stored.
    computed: bool,
    /// How many contacts have a value.
    contacts: u64,
}

/// `GET /api/v1/attributes`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<AttributeList>, Problem> {
    let bot = server.handle.bot();
    let mut counts: BTreeMap<String, u64> = server.handle.attribute_counts().await;
    let mut attributes = Vec::new();
    for declared in bot.attributes() {
        let values = match &declared.ty {
            AttributeType::Enum(values) => Some(values.clone()),
            _ => None,
        };
        attributes.push(AttributeInfo {
            name: declared.name.clone(),
            ty: Some(declared.ty.name()),
            values,
            default: declared.default.as_ref().map(|value| Any(value.to_json())),
            personal: declared.personal,
            declared: true,
            computed: false,
            contacts: counts.remove(&declared.name).unwrap_or(0),
        });
    }
    let unstored = |name: String, declared: bool, contacts: u64| AttributeInfo {
        ty: if declared { bot.computed_type(&name) } else { None },
        name,
        values: None,
        default: None,
        // Nobody says any more that it is none.
        personal: !declared,
        declared,
        computed: declared,
        contacts,
    };
    attributes.extend(bot.computed_names().map(|name| unstored(name.to_owned(), true, counts.remove(name).unwrap_or(0))));
    attributes.extend(counts.into_iter().map(|(name, contacts)| unstored(name, false, contacts)));
    Ok(axum::Json(AttributeList { attributes }))
}

/// The attributes' route.
pub(super) fn routes(api: Api) -> Api {
    api.get(
        "/attributes",
        list,
        about("listAttributes", "The attributes of contacts").says(
            "What `bot.yaml` declares, with how many contacts have a value now. What one contact's attribute was before is told by \
             `/contacts/{contact}/journey?kind=attribute&name=NAME`.",
        ),
    )
}
