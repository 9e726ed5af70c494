//! What the tests of segments share, here and in other crates: a town of people with random histories, random conditions, and the naive
//! evaluator. Whoever brings it in has the crate beside it as `segments`.

#![allow(dead_code, reason = "each test binary uses a part")]

pub mod choices;
pub mod files;
pub mod naive;
pub mod people;
pub mod person;
pub mod plain;
pub mod rules;
pub mod town;
pub mod walk;

use expr::Truth;
use naive::Three;

/// Random cases: as many as `CASES` says, or so many.
pub fn cases(usual: u32) -> u32 {
    std::env::var("CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

pub fn truth(of: Three) -> Truth {
    of.map_or(Truth::Unknown, Truth::from)
}
