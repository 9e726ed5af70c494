//! The language from outside. One program of all files of this folder: it is linked once, not once for each.

mod common;

mod conditions;
mod docs;
mod fuzz_corpus;
mod history;
mod hostile;
mod naive;
mod naive_history;
mod problems;
mod reasoning;
mod speed;
mod time;
mod values;
