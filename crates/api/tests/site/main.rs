//! The server as a stranger, an agent and the operator meet it: a real runtime, a real socket, the in-memory store.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod access;
mod control;
mod cross_site;
mod desk;
mod flows;
mod limits;
mod lists;
mod pages;
mod people;
mod sign_in;
mod support;
mod unread;
