//! The disk of the data folder: whoever runs the server is told while there is room yet.
//!
//! A store that cannot write stops the server, and then it is too late. So the log says when the room gets little ([`Room::is_tight`]),
//! once an hour for as long as it is, and at once when it comes to what the store needs itself.

use crate::{Clock, Handle, drive::Shell};
use model::Instant;
use std::sync::{Arc, Weak};
use store::room::{Disk, KEPT_FREE, Room, size};

/// From one look to the next: a minute.
const EVERY: i64 = 60_000_000;
/// From one warning to the next: an hour.
const AGAIN: i64 = 3_600_000_000;

/// What was told last.
#[derive(Debug, Default)]
struct Watch {
    last: Option<(Told, Instant)>,
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// There is room again.
    Fine,
    /// There is little room.
    Tight,
    /// There is as little as the store may need any moment.
    Urgent,
}

impl Watch {
    /// Looks at the room; answers what is to be told, if anything.
    fn look(&mut self, room: Room, now: Instant) -> Option<Told> {
        let is = match room.is_tight() {
            true if room.free < KEPT_FREE => Told::Urgent,
            true => Told::Tight,
            false => Told::Fine,
        };
        let is_new = match (self.last, is) {
            (None, Told::Fine) => false,
            (None, Told::Tight | Told::Urgent) => true,
            (Some((last, _)), _) if last != is => true,
            (Some(_), Told::Fine) => false,
            (Some((_, at)), Told::Tight | Told::Urgent) => now.micros_since(at) >= AGAIN,
        };
        is_new.then(|| {
            self.last = Some((is, now));
            is
        })
    }
}

impl Told {
    fn log(self, room: Room, disk: &Disk) {
        let (free, total, folder) = (size(room.free), size(room.total), disk.folder().display());
        match self {
            Self::Fine => tracing::warn!("there is room again on the disk of {folder}: {free} of {total}"),
            Self::Tight => tracing::warn!("{free} of {total} are left on the disk of {folder}; without any the server stops: make room"),
            Self::Urgent => tracing::error!("only {free} are left on the disk of {folder}, and the server stops without: make room now"),
        }
    }
}

impl Handle {
    /// Looks after the disk until the runtime is gone.
    pub(crate) fn watch_disk(&self) {
        if let Some(disk) = self.disk() {
            tokio::spawn(watch(Arc::downgrade(&self.shell), disk, self.clock()));
        }
    }
}

async fn watch(shell: Weak<Shell>, disk: Disk, clock: Arc<dyn Clock>) {
    let mut watch = Watch::default();
    while shell.strong_count() > 0 {
        let asked = disk.clone();
        // A disk that does not answer keeps nobody else waiting.
        let room = tokio::task::spawn_blocking(move || asked.room()).await;
        if let Ok(Some(room)) = room
            && let Some(told) = watch.look(room, clock.now())
        {
            told.log(room, &disk);
        }
        clock.sleep_until(clock.now().plus_micros(EVERY)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_told_at_once_then_hourly_and_again_when_it_comes_to_the_last_of_it() {
        const GIB: u64 = 1 << 30;
        let mut watch = Watch::default();
        let mut minute = 0;
        let mut look = |free: u64, minutes: i64| {
            minute += minutes;
            watch.look(Room { free, total: 100 * GIB }, Instant::from_secs(60 * minute))
        };
        assert_eq!(look(50 * GIB, 1), None, "there is nothing to say");
        assert_eq!(look(GIB, 1), Some(Told::Tight));
        assert_eq!([look(GIB, 1), look(GIB - 1, 58)], [None, None]);
        assert_eq!(look(GIB - 2, 1), Some(Told::Tight), "an hour later");
        assert_eq!(look(KEPT_FREE - 1, 1), Some(Told::Urgent), "which does not wait for an hour");
        assert_eq!([look(0, 1), look(0, 58), look(0, 1)], [None, None, Some(Told::Urgent)]);
        assert_eq!(look(KEPT_FREE, 1), Some(Told::Tight));
        assert_eq!([look(3 * GIB, 1), look(3 * GIB, 100)], [Some(Told::Fine), None]);
        assert_eq!(look(GIB, 1), Some(Told::Tight));
    }
}
