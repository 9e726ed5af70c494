//! Journeys through the real binary: foreign clients and servers on one side, `switchboard serve` on the other.
//!
//! The binary is the one `SWITCHBOARD_BIN` names, or else the one built beside this test. Nothing here waits by the
//! clock: every wait is for something to be seen, with a deadline.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test that panics says where")]

mod api_book;
mod api_matrix;
mod api_once;
mod api_v1;
mod as_json;
mod backup;
mod bad_start;
mod bulk;
mod commands;
mod conditions;
mod consents;
mod erase;
mod events_file;
mod globals;
mod hangups;
mod imports;
mod journey_web;
mod kill9;
mod merges;
mod profile;
mod reload;
mod requests;
mod retention;
mod said;
mod sandbox;
mod segments_gone;
mod segments_kill9;
mod support;
mod telegram;
mod trigger;
mod webhook;
mod webhooks;
