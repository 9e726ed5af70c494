//! Any folder of files.

#![no_main]

#[path = "../src/loader.rs"]
mod loader;

libfuzzer_sys::fuzz_target!(|data: &[u8]| loader::promises(data));
