//! The engine from outside. One program of the files of this folder: it is linked once, not once for each. Alone are those that
//! count memory or have a crate of their own at the root.

mod common;

mod blocked;
mod calls;
mod corners;
mod counted;
mod doors;
mod following;
mod fuzz_corpus;
mod interrupts;
mod lead;
mod listening;
mod live_chat;
mod media;
mod migrate;
mod named;
mod occasions;
mod opted_out;
mod people;
mod profile;
mod reactions;
mod reference;
mod requests;
mod segments_page;
mod steps;
mod time_catches;
mod translations;
mod traps;
mod waits;
