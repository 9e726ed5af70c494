//! What the core is asked about rows at hand, in one turn for all of them.

use crate::core::Core;
use crm::{
    directory,
    import::{Key, Occurrence, Said},
};
use model::{Address, ContactId, Instant};

/// What is asked about a row.
pub(super) struct Asked {
    whom: Whom,
    /// Whether they may have this event.
    event: Option<Sought>,
}

/// Whom a row means, as far as it is known before the core is asked.
enum Whom {
    /// Those who seem to bear this.
    Bearing(directory::Key),
    This(ContactId),
    /// Nobody.
    None,
}

/// An event as far as the columns know it: its name, and when it was if it is known by that.
pub(super) struct Sought {
    pub name: String,
    pub at: Option<Instant>,
}

/// What the core says.
#[derive(Default)]
pub(super) struct Answered {
    /// Those who seem to bear the key: to be held against their records.
    pub candidates: Vec<ContactId>,
    /// Who is meant, if there is only one, and whether they may have the row's event.
    may_have: Option<(ContactId, bool)>,
}

impl Asked {
    /// What is asked about a row; `at` says whose an address is.
    pub fn of(said: &Said, at: impl FnOnce(&Address) -> Option<ContactId>) -> Self {
        let event = match said {
            Said::Contact(_) => None,
            Said::Event(event) => Some(Sought::of(event)),
        };
        let whom = match said.key() {
            Some(Key::By(key)) => Whom::Bearing(key.clone()),
            Some(Key::Id(id)) if event.is_some() => Whom::This(*id),
            Some(Key::At(address)) if event.is_some() => at(address).map_or(Whom::None, Whom::This),
            Some(Key::Id(_) | Key::At(_)) | None => Whom::None,
        };
        Self { whom, event }
    }

    /// Nothing is asked about a row that cannot be read.
    pub const fn nothing() -> Self {
        Self { whom: Whom::None, event: None }
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self.whom, Whom::None)
    }

    pub fn answer(&self, core: &Core) -> Answered {
        let candidates = match &self.whom {
            Whom::Bearing(key) => core.candidates(std::slice::from_ref(key)).concat(),
            Whom::This(_) | Whom::None => Vec::new(),
        };
        // Of several who seem to bear a key one is found by their records, or the row is wrong: rare, and asked then.
        let only = match (&self.whom, candidates.as_slice()) {
            (Whom::This(id), _) => Some(*id),
            (Whom::Bearing(_), [only]) => Some(*only),
            (Whom::Bearing(_) | Whom::None, _) => None,
        };
        let may_have = |(id, event): (ContactId, &Sought)| (id, core.may_have(id, &event.name, event.at));
        Answered { may_have: only.zip(self.event.as_ref()).map(may_have), candidates }
    }
}

impl Sought {
    pub fn of(event: &Occurrence) -> Self {
        // One that is known by its time was recorded at that time.
        Self { name: event.name.clone(), at: event.at.filter(|_| !event.has_id) }
    }
}

impl Answered {
    /// Whether a contact may have the row's event; none if that was not asked.
    pub fn may_have(&self, whose: ContactId) -> Option<bool> {
        self.may_have.filter(|(id, _)| *id == whose).map(|(_, may)| may)
    }
}
