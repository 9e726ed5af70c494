//! All of somebody's past, oldest first: what an export takes along and a check looks at.
//!
//! Each kind is read on its own, page by page, so that no more than a page is in memory. The headers are held against what was read:
//! they say how much lies before their page.

use super::{Counted, Counts, EVENT, History, JOURNEY, LINE, Page, read_raw};
use crate::{db::Db, rows};
use model::{ContactId, EventRecord, Forgotten, JourneyEntry, TranscriptEntry};
use serde::de::DeserializeOwned;
use store::{Error, Part};

/// Somebody's past on disk.
pub(crate) struct Past<'a> {
    pub db: &'a Db,
    pub id: ContactId,
    pub history: &'a History,
    /// The open page, if it was read already.
    pub open: Option<&'a [u8]>,
    /// What of it is not kept any more.
    pub forgotten: &'a Forgotten,
}

/// Takes a part, or why one cannot be read.
pub(crate) type Give<'a> = dyn FnMut(Result<Part, Error>) -> Result<(), Error> + 'a;

impl History {
    /// A past of which so much is forgotten and nothing else is there yet.
    pub fn beginning(forgotten: &Forgotten) -> Self {
        let total = Counts { journey: forgotten.journey, events: forgotten.events, lines: forgotten.lines.clone() };
        Self { total, trimmed: forgotten.clone(), ..Self::default() }
    }
}

impl Past<'_> {
    /// Gives the transcript lines.
    ///
    /// # Errors
    /// Those of `give`, and of a disk that refuses.
    pub fn lines(&self, give: &mut Give<'_>) -> Result<(), Error> {
        if self.history.total.lines.is_empty() {
            return Ok(());
        }
        self.each(LINE, None, |line: TranscriptEntry| Part::Line(Box::new(line)), give)
    }

    /// Gives the journey lines.
    ///
    /// # Errors
    /// Those of `give`, and of a disk that refuses.
    pub fn journey(&self, give: &mut Give<'_>) -> Result<(), Error> {
        self.each(JOURNEY, Some(Counted::Journey), |line: JourneyEntry| Part::Journey(Box::new(line)), give)
    }

    /// Gives the events.
    ///
    /// # Errors
    /// Those of `give`, and of a disk that refuses.
    pub fn events(&self, give: &mut Give<'_>) -> Result<(), Error> {
        self.each(EVENT, Some(Counted::Events), |event: EventRecord| Part::Event(Box::new(event)), give)
    }

    fn gone(&self, counted: Option<Counted>) -> u64 {
        match counted {
            Some(Counted::Journey) => self.forgotten.journey,
            Some(Counted::Events) => self.forgotten.events,
            None => 0,
        }
    }

    fn page(&self, place: usize) -> Result<Option<Page>, Error> {
        let key = rows::person_key(self.id);
        let content = match self.open {
            Some(open) if place == self.history.closed.len() => Some(open.to_vec()),
            Some(_) | None => read_raw(self.db, self.id, self.history, place)?,
        };
        let Some(content) = content else { return Ok(None) };
        let before = rows::parse(&key, rows::divide(&key, &content)?.0)?;
        Ok(Some(Page { key, before, content }))
    }

    fn each<T: DeserializeOwned>(&self, mark: u8, counted: Option<Counted>, part: fn(T) -> Part, give: &mut Give<'_>) -> Result<(), Error> {
        let total = counted.map_or(0, |kind| kind.of(&self.history.total));
        let gone = self.gone(counted);
        if counted.is_some() && total <= gone {
            return Ok(());
        }
        let wrong = |what: String| Error::Corrupt(format!("{what}; restore the data folder from a backup"));
        let (mut next, mut whole) = (0, true);
        for place in 0..self.history.pages() {
            let page = match self.page(place) {
                Ok(Some(page)) => page,
                Ok(None) => continue,
                Err(error @ Error::Corrupt(_)) => {
                    whole = false;
                    give(Err(error))?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let start = counted.map_or(0, |kind| kind.of(&page.before));
            // What lies between two pages is forgotten, or it is lost.
            if whole && counted.is_some() && start != next && (start < next || start > gone) {
                give(Err(wrong(format!("page {place} says that {start} come before it, and there are {next}"))))?;
            }
            let written = match page.written(mark) {
                Ok(written) => written,
                Err(error) => {
                    whole = false;
                    give(Err(error))?;
                    continue;
                }
            };
            (next, whole) = (start + written.len() as u64, true);
            for (at, written) in written.into_iter().enumerate() {
                if counted.is_some() && start + (at as u64) < gone {
                    continue;
                }
                match rows::parse::<T>(&page.key, written) {
                    Ok(entry) => give(Ok(part(entry)))?,
                    Err(error) => give(Err(error))?,
                }
            }
        }
        if whole && counted.is_some() && next != total && total > gone {
            give(Err(wrong(format!("{total} should be there, and there are {next}"))))?;
        }
        Ok(())
    }
}
