//! Whatever is said is heard as it was said, however it is written and cut.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod engineio;
mod socketio;
mod websocket;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

/// Some bytes; mostly few.
fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}
