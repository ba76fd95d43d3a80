//! The published dialects of raw sockets, tested over their gateway.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod admission;
mod blank_text;
mod changes;
mod chat_api;
#[path = "../common/mod.rs"]
mod common;
mod dev_user;
mod direct_messages;
mod properties;
mod quizmaster;
mod raw;
mod skilllift;
mod type_errors;

use common::App;
use protocol::RoomId;
use protocol::rest::Tokens;
use raw::Raw;

/// Text that must survive: scripts from both sides, marks that combine, what a browser would run, line breaks.
const TEXT: &str = " \u{feff}Zoë שלום مرحبا नमस्ते 你好 👩‍👩‍👧 \u{202e}\"'\\ </script><b>x</b>\n\ttab \u{0001} ";

/// The socket of a user in a chat.
async fn in_chat(app: &App, who: &Tokens, room: &RoomId) -> Raw {
    Raw::open(app, &format!("/api/v1/ws/chat/{room}"), who).await
}

/// The personal socket of a user.
async fn personal(app: &App, who: &Tokens) -> Raw {
    Raw::open(app, &format!("/api/v1/ws/{}", who.user.id), who).await
}

/// The SkillLift socket of a user, after the greeting.
async fn skilllift(app: &App, who: &Tokens) -> Raw {
    let mut socket = Raw::open(app, "/", who).await;
    let first = socket.hear().await;
    assert_eq!(
        (&first["type"], &first["payload"]["userId"]),
        (&"connected".into(), &who.user.id.as_str().into())
    );
    socket
}

/// The messages of a room over REST, oldest first.
async fn history(app: &App, who: &Tokens, room: &RoomId) -> Vec<serde_json::Value> {
    let mut page = app.get(&format!("/api/v1/chats/{room}/messages"), who).await.json();
    page["messages"].as_array_mut().map(std::mem::take).unwrap_or_default()
}
