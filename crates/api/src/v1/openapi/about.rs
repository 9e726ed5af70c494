//! What is said of a route beyond what its handler's signature says.

use runtime::Scope;

/// Words about a route.
pub(crate) struct About {
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) text: Option<&'static str>,
    pub(super) refusals: Vec<(u16, &'static str, &'static str)>,
    pub(super) also: Vec<(Scope, &'static str)>,
    pub(super) shares: Option<&'static str>,
    pub(super) leads: Vec<(u16, &'static str, &'static str)>,
}

/// Names a route: `id` is its name in clients (a verb and a noun, such as `listContacts`), `summary` what it does in a few words.
pub(crate) fn about(id: &'static str, summary: &'static str) -> About {
    About { id, summary, text: None, refusals: Vec::new(), also: Vec::new(), shares: None, leads: Vec::new() }
}

impl About {
    /// More than the summary, in sentences.
    pub(crate) fn says(mut self, text: &'static str) -> Self {
        self.text = Some(text);
        self
    }

    /// A refusal of the handler's own: its status, its `code`, and when it is given.
    pub(crate) fn refuses(mut self, status: u16, code: &'static str, when: &'static str) -> Self {
        self.refusals.push((status, code, when));
        self
    }

    /// Another scope, which some requests need besides.
    pub(crate) fn also(mut self, scope: Scope, when: &'static str) -> Self {
        self.also.push((scope, when));
        self
    }

    /// What the answer of this status names at `pointer` (`/id`) stands at this place of the document (`/contacts/{contact}`): links lead
    /// there, and to what is below it.
    pub(crate) fn leads_to(mut self, status: u16, place: &'static str, pointer: &'static str) -> Self {
        self.leads.push((status, place, pointer));
        self
    }

    /// The router's path, where it is not the document's: a fixed name that shares its place with a parameter.
    pub(crate) fn shares(mut self, path: &'static str) -> Self {
        self.shares = Some(path);
        self
    }
}
