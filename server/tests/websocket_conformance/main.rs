//! RFC 6455 and RFC 7692 over TCP: bytes on a connection to the echo application, and to the product.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod client;
mod closes;
#[path = "../common/mod.rs"]
mod common;
mod compression;
#[path = "../../examples/conformance/echo.rs"]
mod echo;
mod handshakes;
mod messages;
mod product;
mod reading;
mod settings;
mod writing;
