//! Numbers for the names that columns go by: attributes, tags, events, fields, channels, segments.

use foldhash::fast::RandomState;
use std::{collections::HashMap, sync::Arc};

/// The number of a name.
pub(crate) type NameId = u32;

/// Every name met so far. A name keeps its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    of: HashMap<Arc<str>, NameId, RandomState>,
    all: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, if it was ever met.
    pub fn get(&self, name: &str) -> Option<NameId> {
        self.of.get(name).copied()
    }

    /// The name of a number.
    pub fn name(&self, id: NameId) -> &str {
        self.all.get(id as usize).map_or("", |name| name)
    }

    /// The number of a name, given to it now if it has none. Copies the table only if somebody else holds it.
    pub fn number(shared: &mut Arc<Self>, name: &str) -> NameId {
        if let Some(id) = shared.get(name) {
            return id;
        }
        let names = Arc::make_mut(shared);
        let id = NameId::try_from(names.all.len()).unwrap_or(NameId::MAX);
        let name: Arc<str> = name.into();
        names.all.push(Arc::clone(&name));
        names.of.insert(name, id);
        id
    }
}

/// Things by name, few enough to be searched in order.
#[derive(Debug)]
pub(crate) struct Shelf<T>(Vec<(NameId, Arc<T>)>);

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Shelf<T> {
    pub fn get(&self, id: NameId) -> Option<&T> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.0.get(at).map(|(_, thing)| &**thing)
    }

    pub fn iter(&self) -> impl Iterator<Item = (NameId, &T)> {
        self.0.iter().map(|(id, thing)| (*id, &**thing))
    }
}

impl<T: Clone> Shelf<T> {
    /// The thing of a name for writing, made first if there is none; copied if somebody else holds it.
    pub fn make(&mut self, id: NameId, new: impl FnOnce() -> T) -> &mut T {
        let at = match self.0.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (id, Arc::new(new())));
                at
            }
        };
        // `at` was found or made a line above.
        let (_, thing) = &mut self.0[at];
        Arc::make_mut(thing)
    }

    /// Every thing for which something holds, for writing.
    pub fn each_where(&mut self, wanted: impl Fn(NameId, &T) -> bool, mut change: impl FnMut(NameId, &mut T)) {
        for (id, thing) in &mut self.0 {
            if wanted(*id, thing) {
                change(*id, Arc::make_mut(thing));
            }
        }
    }

    /// Forgets what is no longer needed.
    pub fn keep(&mut self, needed: impl Fn(&T) -> bool) {
        self.0.retain(|(_, thing)| needed(thing));
    }
}
