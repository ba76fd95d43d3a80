//! Golden transcripts: what clients send and get, byte for byte, over the gateways. Frames, REST bodies, error codes
//! and close codes are a promise to programs that we do not see, so no change of the code may change one of them by accident.
//!
//! Each test plays one script against the real server, replaces what differs from run to run (identifiers, times, secrets)
//! and what is written for people (the sentences of errors), and compares the rest with its file in `frozen/`.
//! `UPDATE_GOLDEN=1 cargo nextest run -p server --test golden` writes the files: for what is new, never to make a test pass.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod client;
mod codes;
#[path = "../common/mod.rs"]
mod common;
#[path = "../fixtures/mod.rs"]
mod fixtures;
mod native;
mod older_data;
mod raw_dialects;
mod rest;
mod socketio;
mod transcript;
