//! When time alone next changes memberships of a contact, and which segments that may be about.

use model::Instant;

/// How many segments are told apart at most.
const FEW: usize = 5;
/// There is no such instant.
const NEVER: i64 = i64::MAX;

/// When time alone next changes a membership of a contact.
///
/// What happens to a contact concerns few segments, and it is mostly these that time moves them by next: they are told apart, so that all
/// others need not be judged when their instant comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flips {
    at: Option<Instant>,
    few: Option<Few>,
}

/// The segments by which time may move a contact before it may by any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Few {
    /// Before this instant time moves nobody by any other; [`NEVER`]: it never does.
    rest: i64,
    /// Of which set they are: the low half of its hash.
    set: u32,
    /// Their places in its order, the first `len` of these.
    places: [u16; FEW],
    len: u8,
}

impl Flips {
    /// Time alone changes nothing before an instant, and whatever it likes then; none: it never does.
    pub fn at(at: Option<Instant>) -> Self {
        Self { at, few: None }
    }

    /// Time alone changes nothing before this instant; none: it never does.
    pub fn next(&self) -> Option<Instant> {
        self.at
    }

    /// The same at another instant.
    pub(crate) fn moved_to(few: Option<Few>, at: Option<Instant>) -> Self {
        Self { at, few }
    }

    pub(crate) fn few(&self) -> Option<Few> {
        self.few
    }

    /// The places of the segments by which time may have moved somebody up to an instant; none: by any.
    pub(crate) fn due(&self, set: u64, at: Instant) -> Option<&[u16]> {
        let few = self.few.as_ref().filter(|few| few.set == low(set) && at.0 < few.rest)?;
        few.places.get(..usize::from(few.len))
    }

    /// What happened to the contact concerned the segments at these places, by which time alone moves them at `next` then; it moved them
    /// by nothing before that.
    pub(crate) fn touched(&self, set: u64, places: impl Iterator<Item = usize>, next: Option<Instant>) -> Self {
        let at = self.at.into_iter().chain(next).min();
        let rest = Few { rest: self.at.map_or(NEVER, |at| at.0), set: low(set), places: [0; FEW], len: 0 };
        let few = match self.few {
            Some(few) if few.set == low(set) => few,
            Some(_) | None => rest,
        };
        let few = places.map(|place| u16::try_from(place).ok()).try_fold(few, |few, place| few.with(place?));
        Self { at, few: few.filter(|few| few.len > 0) }
    }

    /// Time was followed up to an instant before which it moved the contact by none but the few, and it moves them by these at `next`.
    pub(crate) fn passed(&self, next: Option<Instant>) -> Self {
        let rest = self.few.map(|few| few.rest).filter(|rest| *rest != NEVER).map(Instant);
        Self { at: rest.into_iter().chain(next).min(), few: self.few.filter(|_| next.is_some()) }
    }
}

impl Few {
    /// One more, if there is room.
    fn with(mut self, place: u16) -> Option<Self> {
        let len = usize::from(self.len);
        if !self.places.get(..len)?.contains(&place) {
            *self.places.get_mut(len)? = place;
            self.len += 1;
        }
        Some(self)
    }
}

/// The low half.
fn low(hash: u64) -> u32 {
    (hash & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_told_apart_until_the_rest_may_have_moved() {
        let at = |at: i64| Some(Instant(at));
        let all = Flips::at(at(100));
        assert_eq!((all.next(), all.due(7, Instant(50))), (at(100), None), "any may have moved them");
        let touched = all.touched(7, [3, 9].into_iter(), at(40));
        assert_eq!(touched.next(), at(40));
        assert_eq!(touched.due(7, Instant(40)), Some(&[3, 9][..]));
        assert_eq!(touched.due(7, Instant(99)), Some(&[3, 9][..]));
        assert_eq!(touched.due(7, Instant(100)), None, "from there on by any");
        assert_eq!(touched.due(8, Instant(40)), None, "places of another set say nothing");
        // The same again, and another.
        let again = touched.touched(7, [9, 4].into_iter(), at(60));
        assert_eq!((again.next(), again.due(7, Instant(60))), (at(40), Some(&[3, 9, 4][..])));
        // Time was followed to 40 and moves them by one of the few at 60, and by none of them afterwards.
        let passed = again.passed(at(60));
        assert_eq!((passed.next(), passed.due(7, Instant(60))), (at(60), Some(&[3, 9, 4][..])));
        let over = passed.passed(None);
        assert_eq!((over.next(), over.due(7, Instant(70))), (at(100), None));
        // The rest is sooner than they are.
        assert_eq!(again.passed(at(200)).next(), at(100));
        // By nothing else ever.
        let alone = Flips::default().touched(7, [1].into_iter(), at(10));
        assert_eq!((alone.next(), alone.due(7, Instant(i64::MAX - 1))), (at(10), Some(&[1][..])));
        assert_eq!(alone.passed(None), Flips::default());
        // Too many, or too far behind, are not told apart.
        let many = all.touched(7, 0..=FEW, at(40));
        assert_eq!((many.next(), many.due(7, Instant(40))), (at(40), None));
        assert_eq!(all.touched(7, [70_000].into_iter(), at(40)).due(7, Instant(40)), None);
        assert_eq!(all.touched(7, std::iter::empty(), None), all);
    }
}
