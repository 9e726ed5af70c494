//! Values by their number in a dictionary of the column: each text is kept, and judged, once.

use super::codes::Codes;
use model::Value;

/// Up to so many words are searched one after the other.
const FEW: usize = 24;
/// How far a search among many words goes; a word not found by then is written again, which costs memory and nothing else.
const PROBES: usize = 16;

/// A dictionary and the number of the word at each place; 0 where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// The word of number `n` at `n - 1`.
    pub words: Vec<Value>,
    pub codes: Codes,
    /// Numbers of texts by their hash, if there are many words.
    index: Vec<u32>,
}

impl Words {
    pub fn new(len: usize) -> Self {
        Self { words: Vec::new(), codes: Codes::Narrow(vec![0; len]), index: Vec::new() }
    }

    pub fn word(&self, code: u32) -> Option<&Value> {
        self.words.get((code as usize).checked_sub(1)?)
    }

    pub fn get(&self, at: usize) -> Option<&Value> {
        self.word(self.codes.get(at))
    }

    pub fn set(&mut self, at: usize, value: Option<&Value>) {
        let code = match value {
            None => 0,
            Some(value) => {
                if self.get(at).is_some_and(|now| identical(now, value)) {
                    return;
                }
                self.code(value)
            }
        };
        self.codes.set(at, code);
        if self.words.len() > self.codes.len() + 64 {
            self.tidy();
        }
    }

    /// The number of a word, written down now if it is new.
    fn code(&mut self, value: &Value) -> u32 {
        if self.words.len() <= FEW {
            if let Some(at) = self.words.iter().position(|word| identical(word, value)) {
                return number(at + 1);
            }
        } else if let Value::Text(text) = value {
            if self.index.len() < self.words.len() * 2 {
                self.build_index(self.words.len() * 3);
            }
            let size = self.index.len();
            let start = hash(text) % size;
            let mut free = None;
            for step in 0..PROBES {
                let place = (start + step) % size;
                match self.index.get(place).copied() {
                    Some(0) | None => {
                        free = Some(place);
                        break;
                    }
                    Some(code) => {
                        if matches!(self.word(code), Some(Value::Text(word)) if word == text) {
                            return code;
                        }
                    }
                }
            }
            let code = self.push(value);
            if let Some(place) = free.and_then(|place| self.index.get_mut(place)) {
                *place = code;
            }
            return code;
        }
        self.push(value)
    }

    fn push(&mut self, value: &Value) -> u32 {
        if self.words.len() == self.words.capacity() {
            self.words.reserve_exact(self.words.len() / 8 + 4);
        }
        self.words.push(value.clone());
        number(self.words.len())
    }

    fn build_index(&mut self, size: usize) {
        let mut index = vec![0; size.max(FEW * 4)];
        let size = index.len();
        for (at, word) in self.words.iter().enumerate() {
            let Value::Text(text) = word else { continue };
            let start = hash(text) % size;
            if let Some(place) = (start..start + PROBES).map(|p| p % size).find(|p| index.get(*p) == Some(&0))
                && let Some(place) = index.get_mut(place)
            {
                *place = number(at + 1);
            }
        }
        self.index = index;
    }

    /// Forgets words that stand nowhere any more.
    pub fn tidy(&mut self) {
        let mut new = vec![0_u32; self.words.len() + 1];
        let mut kept = 0;
        for at in 0..self.codes.len() {
            let code = self.codes.get(at);
            if let Some(place) = new.get_mut(code as usize).filter(|place| code != 0 && **place == 0) {
                kept += 1;
                *place = kept;
            }
        }
        let mut words: Vec<(u32, Value)> = Vec::with_capacity(kept as usize);
        for (at, word) in std::mem::take(&mut self.words).into_iter().enumerate() {
            if let Some(code) = new.get(at + 1).filter(|code| **code != 0) {
                words.push((*code, word));
            }
        }
        words.sort_unstable_by_key(|(code, _)| *code);
        self.words = words.into_iter().map(|(_, word)| word).collect();
        let mut codes = Codes::Narrow(vec![0; self.codes.len()]);
        for at in 0..self.codes.len() {
            let code = new.get(self.codes.get(at) as usize).copied().unwrap_or(0);
            if code != 0 {
                codes.set(at, code);
            }
        }
        self.codes = codes;
        self.index = Vec::new();
    }

    pub fn bytes(&self) -> usize {
        let heap = |value: &Value| match value {
            Value::Text(text) => text.capacity(),
            Value::List(items) => items.capacity() * size_of::<Value>(),
            _ => 0,
        };
        self.words.capacity() * size_of::<Value>()
            + self.words.iter().map(heap).sum::<usize>()
            + self.codes.bytes()
            + self.index.capacity() * 4
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// FNV-1a. Whoever makes words collide only makes them be written twice.
fn hash(text: &str) -> usize {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(hash >> 16).unwrap_or(0)
}

/// Whether two values cannot be told apart, not even by how many decimals they were written with.
pub(crate) fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a.serialize() == b.serialize(),
        (Value::Money(a), Value::Money(b)) => a.currency == b.currency && a.amount.serialize() == b.amount.serialize(),
        (Value::Date(a), Value::Date(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::DateTime(a), Value::DateTime(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(a, b)),
        (Value::Record(a), Value::Record(b)) => a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && identical(a, b)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_down_once_and_forgotten_when_it_stands_nowhere() {
        let mut words = Words::new(1000);
        for at in 0..1000 {
            words.set(at, Some(&Value::text(format!("city {}", at % 300))));
        }
        assert_eq!(words.words.len(), 300);
        assert_eq!(words.get(950), Some(&Value::text("city 50")));
        for turn in 0..3000 {
            words.set(7, Some(&Value::text(format!("said {turn}"))));
        }
        assert!(words.words.len() < 1100, "{}", words.words.len());
        assert_eq!((words.get(7), words.get(8)), (Some(&Value::text("said 2999")), Some(&Value::text("city 8"))));
        words.set(7, None);
        assert_eq!(words.get(7), None);
    }
}
