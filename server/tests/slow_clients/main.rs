//! Slow clients: two months behind, reading a kilobyte a second, or requesting too much at once. They get everything and
//! delay no other user.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]

mod absence;
mod burst_of_joins;
#[path = "../common/mod.rs"]
mod common;
mod inbox;
mod receipts;
mod resume;
mod slow_reader;
mod slow_socket;
#[path = "../socket/mod.rs"]
mod socket;
mod socketio;

use common::App;
use protocol::rest::Tokens;
use socket::Socket;

async fn enter(app: &App, who: &Tokens) -> Socket {
    Socket::enter(&app.socket_url(&format!("?token={}", who.access_token))).await
}
