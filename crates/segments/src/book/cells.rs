//! One column of values: exact, compact, and quick to scan where its values are of one kind.
//!
//! Numbers are whole numbers of a common decimal place, each with its own count of decimals beside it if they differ, so
//! that every number comes back as it was put in. Times and days are plain integers. Everything else, and what does not
//! fit, goes by a number in a dictionary of the column.

use super::{codes::Codes, words::Words};
use jiff::civil::Date;
use model::{Instant, Value};
use rust_decimal::Decimal;
use std::borrow::Cow;

/// What stands where there is no value.
pub(crate) const NONE: i64 = i64::MIN;
pub(crate) const NO_DAY: i32 = i32::MIN;
/// The most decimals that whole numbers are kept with.
const PLACES: u32 = 9;

/// A column. A new one is empty at every place.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    /// No value yet; so many places.
    Empty(usize),
    Numbers(Numbers),
    Instants(Vec<i64>),
    Days(Vec<i32>),
    Words(Words),
}

/// Numbers as whole numbers of `10^-places`.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub places: u32,
    pub values: Vec<i64>,
    /// How many decimals each was written with, if not all with `places`.
    written: Option<Vec<u8>>,
}

const EPOCH: Date = Date::constant(1970, 1, 1);

pub(crate) fn day_number(day: Date) -> i32 {
    EPOCH.until((jiff::Unit::Day, day)).map_or(0, |span| span.get_days())
}

pub(crate) fn day_of(number: i32) -> Date {
    use jiff::ToSpan;
    EPOCH.checked_add(i64::from(number).days()).unwrap_or(EPOCH)
}

impl Cells {
    pub fn len(&self) -> usize {
        match self {
            Self::Empty(len) => *len,
            Self::Numbers(numbers) => numbers.values.len(),
            Self::Instants(values) => values.len(),
            Self::Days(values) => values.len(),
            Self::Words(words) => words.codes.len(),
        }
    }

    /// The value at a place.
    pub fn get(&self, at: usize) -> Option<Cow<'_, Value>> {
        match self {
            Self::Empty(_) => None,
            Self::Numbers(numbers) => numbers.get(at).map(|n| Cow::Owned(Value::Number(n))),
            Self::Instants(values) => values.get(at).filter(|v| **v != NONE).map(|v| Cow::Owned(Value::DateTime(Instant(*v)))),
            Self::Days(values) => values.get(at).filter(|v| **v != NO_DAY).map(|v| Cow::Owned(Value::Date(day_of(*v)))),
            Self::Words(words) => words.get(at).map(Cow::Borrowed),
        }
    }

    /// Puts a value at a place; one beyond the end makes the column longer.
    pub fn set(&mut self, at: usize, value: Option<&Value>) {
        if at >= self.len() {
            self.resize(at + 1);
        }
        let fits = match (&mut *self, value) {
            (Self::Empty(_), None) => true,
            (Self::Empty(len), Some(value)) => {
                *self = Self::of_kind(value, *len);
                return self.set(at, Some(value));
            }
            (Self::Numbers(numbers), None) => numbers.put(at, NONE),
            (Self::Numbers(numbers), Some(Value::Number(n))) => numbers.set(at, *n),
            (Self::Instants(values), None) => put(values, at, NONE),
            (Self::Instants(values), Some(Value::DateTime(instant))) => instant.0 != NONE && put(values, at, instant.0),
            (Self::Days(values), None) => put(values, at, NO_DAY),
            (Self::Days(values), Some(Value::Date(day))) => put(values, at, day_number(*day)),
            (Self::Words(words), value) => {
                words.set(at, value);
                true
            }
            _ => false,
        };
        if !fits {
            self.by_dictionary().set(at, value);
        }
    }

    /// Takes a value away, and out of the dictionary too.
    pub fn forget(&mut self, at: usize) {
        if at < self.len() {
            self.set(at, None);
            if let Self::Words(words) = self {
                words.tidy();
            }
        }
    }

    fn of_kind(value: &Value, len: usize) -> Self {
        match value {
            Value::Number(n) if n.scale() <= PLACES => Self::Numbers(Numbers { places: n.scale(), values: vec![NONE; len], written: None }),
            Value::DateTime(_) => Self::Instants(vec![NONE; len]),
            Value::Date(_) => Self::Days(vec![NO_DAY; len]),
            _ => Self::Words(Words::new(len)),
        }
    }

    /// The same values by dictionary: some value is of another kind.
    fn by_dictionary(&mut self) -> &mut Words {
        if !matches!(self, Self::Words(_)) {
            let mut words = Words::new(self.len());
            for at in 0..self.len() {
                words.set(at, self.get(at).as_deref());
            }
            *self = Self::Words(words);
        }
        match self {
            Self::Words(words) => words,
            _ => unreachable!("it was made one above"),
        }
    }

    pub fn resize(&mut self, to: usize) {
        match self {
            Self::Empty(len) => *len = to,
            Self::Numbers(numbers) => {
                resize(&mut numbers.values, to, NONE);
                if let Some(written) = &mut numbers.written {
                    resize(written, to, 0);
                }
            }
            Self::Instants(values) => resize(values, to, NONE),
            Self::Days(values) => resize(values, to, NO_DAY),
            Self::Words(words) => words.codes.resize(to),
        }
    }

    /// Copies what stands at some places over what stands from another place on.
    pub fn copy_within(&mut self, from: std::ops::Range<usize>, to: usize) {
        match self {
            Self::Empty(_) => {}
            Self::Numbers(numbers) => {
                numbers.values.copy_within(from.clone(), to);
                if let Some(written) = &mut numbers.written {
                    written.copy_within(from, to);
                }
            }
            Self::Instants(values) => values.copy_within(from, to),
            Self::Days(values) => values.copy_within(from, to),
            Self::Words(words) => words.codes.copy_within(from, to),
        }
    }

    /// A column of what stands at these places, in their order.
    pub fn pick(&self, places: &[std::ops::Range<usize>]) -> Self {
        fn of<T: Copy>(values: &[T], places: &[std::ops::Range<usize>]) -> Vec<T> {
            let mut out = Vec::with_capacity(places.iter().map(ExactSizeIterator::len).sum());
            for place in places {
                out.extend_from_slice(values.get(place.clone()).unwrap_or_default());
            }
            out
        }
        match self {
            Self::Empty(_) => Self::Empty(places.iter().map(ExactSizeIterator::len).sum()),
            Self::Numbers(numbers) => Self::Numbers(Numbers {
                places: numbers.places,
                values: of(&numbers.values, places),
                written: numbers.written.as_ref().map(|written| of(written, places)),
            }),
            Self::Instants(values) => Self::Instants(of(values, places)),
            Self::Days(values) => Self::Days(of(values, places)),
            Self::Words(words) => {
                let codes = match &words.codes {
                    Codes::Narrow(codes) => Codes::Narrow(of(codes, places)),
                    Codes::Wide(codes) => Codes::Wide(of(codes, places)),
                };
                let mut words = words.clone();
                words.codes = codes;
                words.tidy();
                Self::Words(words)
            }
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Empty(_) => 0,
            Self::Numbers(numbers) => numbers.values.capacity() * 8 + numbers.written.as_ref().map_or(0, Vec::capacity),
            Self::Instants(values) => values.capacity() * 8,
            Self::Days(values) => values.capacity() * 4,
            Self::Words(words) => words.bytes(),
        }
    }
}

/// Grows by an eighth, not to the double: there are thousands of these.
fn resize<T: Clone>(values: &mut Vec<T>, to: usize, with: T) {
    if to > values.capacity() {
        values.reserve_exact((to - values.len()).max(values.len() / 8));
    }
    values.resize(to, with);
}

fn put<T>(values: &mut [T], at: usize, value: T) -> bool {
    if let Some(place) = values.get_mut(at) {
        *place = value;
    }
    true
}

impl Numbers {
    fn get(&self, at: usize) -> Option<Decimal> {
        let value = *self.values.get(at).filter(|v| **v != NONE)?;
        let places = self.written.as_ref().and_then(|written| written.get(at)).map_or(self.places, |w| u32::from(*w));
        let power = 10_i64.checked_pow(self.places.saturating_sub(places)).unwrap_or(1);
        Decimal::try_from_i128_with_scale(i128::from(value / power), places).ok()
    }

    /// Whether the number could be put in: with few decimals, not too large, no negative zero.
    fn set(&mut self, at: usize, number: Decimal) -> bool {
        let places = number.scale();
        if places > PLACES || (number.is_zero() && number.is_sign_negative()) {
            return false;
        }
        if places > self.places && !self.widen(places) {
            return false;
        }
        let Some(value) = i64::try_from(number.mantissa()).ok().and_then(|n| n.checked_mul(10_i64.pow(self.places - places))) else {
            return false;
        };
        if value == NONE {
            return false;
        }
        if places != self.places && self.written.is_none() {
            self.written = Some(vec![u8::try_from(self.places).unwrap_or(0); self.values.len()]);
        }
        if let Some(place) = self.written.as_mut().and_then(|written| written.get_mut(at)) {
            *place = u8::try_from(places).unwrap_or(0);
        }
        self.put(at, value)
    }

    fn put(&mut self, at: usize, value: i64) -> bool {
        put(&mut self.values, at, value)
    }

    /// Counts in smaller units from now on.
    fn widen(&mut self, places: u32) -> bool {
        let power = 10_i64.pow(places - self.places);
        if self.values.iter().any(|v| *v != NONE && v.checked_mul(power).is_none_or(|v| v == NONE)) {
            return false;
        }
        let any = self.values.iter().any(|v| *v != NONE);
        if any && self.written.is_none() {
            self.written = Some(vec![u8::try_from(self.places).unwrap_or(0); self.values.len()]);
        }
        for value in self.values.iter_mut().filter(|v| **v != NONE) {
            *value *= power;
        }
        self.places = places;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn written(cells: &Cells, at: usize) -> String {
        cells.get(at).map_or("-".into(), |v| match &*v {
            Value::Number(n) => n.to_string(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn every_number_comes_back_as_it_was_written() {
        let mut cells = Cells::Empty(4);
        for (at, text) in ["10", "10.5", "10.50", "-0.001"].into_iter().enumerate() {
            cells.set(at, Some(&number(text)));
        }
        assert!(matches!(&cells, Cells::Numbers(n) if n.places == 3));
        assert_eq!((0..5).map(|at| written(&cells, at)).collect::<Vec<_>>(), ["10", "10.5", "10.50", "-0.001", "-"]);
        cells.set(1, None);
        // Too large for the common places: the column changes its kind, the values stay.
        cells.set(3, Some(&number("79228162514264337593543950335")));
        assert!(matches!(&cells, Cells::Words(_)));
        assert_eq!((0..4).map(|at| written(&cells, at)).collect::<Vec<_>>(), ["10", "-", "10.50", "79228162514264337593543950335"]);
    }

    #[test]
    fn kinds_may_be_mixed_and_places_added() {
        let mut cells = Cells::Empty(0);
        let day = Value::Date(jiff::civil::date(2024, 2, 29));
        cells.set(2, Some(&day));
        assert!(matches!(&cells, Cells::Days(_)));
        assert_eq!((cells.len(), cells.get(2).as_deref(), cells.get(0)), (3, Some(&day), None));
        cells.set(0, Some(&Value::text("soon")));
        cells.set(1, Some(&Value::DateTime(Instant(NONE))));
        assert_eq!((cells.get(0).as_deref(), cells.get(2).as_deref()), (Some(&Value::text("soon")), Some(&day)));
        assert_eq!(cells.get(1).as_deref(), Some(&Value::DateTime(Instant(NONE))));
        for day in [-25_567, 0, 20_000] {
            assert_eq!(day_number(day_of(day)), day);
        }
    }
}
