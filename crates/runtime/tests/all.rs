//! The runtime from outside. One program of all files of this folder: it is linked once, not once for each.

mod world;

mod audiences;
mod blocked;
mod bulk;
mod copies;
mod create;
mod desk;
mod directory;
mod erase;
mod files;
mod globals;
mod import_events;
mod import_rows;
mod imports;
mod lines;
mod lists;
mod merges;
mod outbox;
mod pages;
mod privacy;
mod profile;
mod receipts;
mod requests;
mod retention;
mod said;
mod segments;
mod segments_gone;
mod service;
mod sim;
mod told;
mod verify;
mod webhook_receiver;
mod webhooks;
