//! The rules of RFC 6455 and RFC 7692, one by one, on bytes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod client;
mod closes;
mod compression;
mod extensions;
mod frames;
mod handshakes;
mod messages;
mod outgoing;
mod splits;
