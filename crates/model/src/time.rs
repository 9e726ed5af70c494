//! Time as data: an instant in microseconds and a duration that may hold calendar months.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// The earliest instant that can be written.
    pub const MIN: Self = Self(-377_705_023_201_000_000);
    /// The latest instant that can be written.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// From milliseconds since the epoch, held within [`Self::MIN`] and [`Self::MAX`].
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000)).clamp(Self::MIN, Self::MAX)
    }

    /// From seconds since the epoch, held within [`Self::MIN`] and [`Self::MAX`].
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000)).clamp(Self::MIN, Self::MAX)
    }

    /// Milliseconds since the epoch, rounded down.
    pub fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since the epoch, rounded down.
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much exact time later (earlier if negative), held within the limits.
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros)).clamp(Self::MIN, Self::MAX)
    }

    /// Microseconds from `earlier` to this instant.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same instant for calendar arithmetic.
    pub fn to_timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.clamp(Self::MIN, Self::MAX).0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl From<jiff::Timestamp> for Instant {
    fn from(t: jiff::Timestamp) -> Self {
        Self(t.as_microsecond())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_timestamp(), f)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A length of time: calendar months (only conditions and `wait_until` use them) and exact microseconds. FL 3.11.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Duration {
    /// Calendar months; a year is twelve.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub months: i32,
    /// Exact microseconds.
    pub micros: i64,
}

fn is_zero(months: &i32) -> bool {
    *months == 0
}

const UNITS: [(&str, i64); 5] = [("w", 604_800_000_000), ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)];

impl Duration {
    /// Exact seconds.
    pub const fn secs(secs: i64) -> Self {
        Self { months: 0, micros: secs * 1_000_000 }
    }

    /// Reads `30s`, `10m`, `2h`, `3d`, `1w` and joined forms such as `1h30m`: whole numbers, each unit once,
    /// from large to small. `None` for anything else, a zero-length text included.
    pub fn parse_exact(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut micros: i64 = 0;
        let mut last_unit = i64::MAX;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, tail) = rest.split_at_checked(digits).filter(|(n, _)| !n.is_empty())?;
            let (unit, size) = UNITS.iter().find(|(u, _)| tail.starts_with(u))?;
            if *size >= last_unit {
                return None;
            }
            last_unit = *size;
            micros = micros.checked_add(number.parse::<i64>().ok()?.checked_mul(*size)?)?;
            rest = tail.strip_prefix(unit)?;
        }
        Some(Self { months: 0, micros })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months != 0 {
            let (count, unit) = if self.months % 12 == 0 { (self.months / 12, "year") } else { (self.months, "month") };
            write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })?;
            if self.micros != 0 {
                f.write_str(" ")?;
            }
        }
        let mut left = self.micros;
        if left == 0 && self.months == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS {
            // A week is written only when nothing is left over, as people write it.
            if unit == "w" && left % size != 0 {
                continue;
            }
            if left / size != 0 {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_written() {
        for text in ["30s", "10m", "2h", "3d", "1w", "1h30m", "1d2h"] {
            assert_eq!(Duration::parse_exact(text).unwrap().to_string(), text);
        }
        for text in ["", "5", "m", "1m1h", "1.5h", "-1s", "1 h", "99999999999999999999s", "1h1h"] {
            assert_eq!(Duration::parse_exact(text), None, "{text}");
        }
    }
}
