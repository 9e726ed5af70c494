//! Links of the document: from an answer that names something to all that can be asked about it.

use serde_json::{Map, Value as Json, json};

/// An answer that names something: whose it is, and where what it names stands.
pub(super) struct Lead {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) status: u16,
    /// The path at which it stands; what is named is the last parameter.
    pub(super) place: &'static str,
    /// Where the answer names it, as a JSON pointer.
    pub(super) pointer: &'static str,
}

/// Writes the links of these answers into them.
///
/// # Panics
/// If an answer does not exist or leads nowhere; a test declares everything.
pub(super) fn write(paths: &mut Map<String, Json>, leads: &[Lead]) {
    for lead in leads {
        let Lead { method, path, status, place, .. } = lead;
        let links = links(paths, lead);
        assert!(!links.is_empty(), "{method} {path} leads to {place}, where nothing is");
        let answer = paths[*path][*method]["responses"].get_mut(status.to_string());
        let answer = answer.unwrap_or_else(|| panic!("{method} {path} leads to {place} by {status}, which it never answers"));
        answer["links"] = Json::Object(links);
    }
}

/// A link to every operation at the place and below it that needs no more than the place is named by.
fn links(paths: &Map<String, Json>, lead: &Lead) -> Map<String, Json> {
    let wanted: Vec<&str> = names(lead.place).collect();
    let (last, above) = wanted.split_last().expect("a place that is led to has a name in it");
    let mut parameters = Map::new();
    for name in above {
        assert!(names(lead.path).any(|own| own == *name), "{} {}: nothing says which {name} it leads to", lead.method, lead.path);
        parameters.insert((*name).to_owned(), json!(format!("$request.path.{name}")));
    }
    parameters.insert((*last).to_owned(), json!(format!("$response.body#{}", lead.pointer)));
    let is_there = |path: &str| path.strip_prefix(lead.place).is_some_and(|below| below.is_empty() || below.starts_with('/'));
    let there = paths.iter().filter(|(path, _)| is_there(path) && names(path).eq(wanted.iter().copied()));
    let operations = there.filter_map(|(_, methods)| methods.as_object()).flat_map(Map::values);
    let ids = operations.filter_map(|operation| operation["operationId"].as_str());
    ids.map(|id| (id.to_owned(), json!({ "operationId": id, "parameters": parameters }))).collect()
}

/// The parameters of a path, in order.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}
