//! The REST API, tested over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod accounts;
mod address_limits;
mod changes;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod directory;
mod error_responses;
mod external;
mod jobs;
mod limits;
mod messages;
mod mockverse;
mod notifications;
mod origins;
mod requests;
mod roles;
mod rooms;
mod sign_in;
mod size_limits;
#[path = "../socket/mod.rs"]
mod socket;
mod stalled_clients;
mod text;
mod tokens;

use common::{Answer, App, FAR_AWAY, mint};
use protocol::UserId;
use protocol::rest::{Tokens, User};
use reqwest::Method;
use serde_json::json;
use socket::Socket;

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const ME: &str = "/api/v1/auth/me";

/// What [`Answer::error`] is compared with.
fn error(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}

fn unauthorized() -> (u16, String, String) {
    error(401, "unauthorized", "")
}

/// The user whom the server sees in a token.
async fn me(app: &App, token: &str) -> Answer {
    Answer::to(app.request(Method::GET, ME).bearer_auth(token)).await
}

/// A part of the application, which another backend has given a token with this role.
fn application_token(role: &str) -> Tokens {
    let id = format!("part-{role}");
    Tokens {
        access_token: mint(&json!({ "sub": id, "exp": FAR_AWAY, "hubbub_role": role })),
        refresh_token: String::new(),
        token_type: "Bearer".to_owned(),
        expires_in: 0,
        user: User {
            username: id.clone(),
            email: String::new(),
            is_active: true,
            created_at: String::new(),
            id: UserId::parse(&id).unwrap(),
        },
    }
}

impl App {
    /// Opens a socket and takes the welcome.
    async fn enter(&self, who: &Tokens) -> Socket {
        Socket::enter(&self.socket_url(&format!("?token={}", who.access_token))).await
    }

    /// Waits until the server has noticed that all sockets of a user are closed.
    async fn until_disconnected(&self, who: &Tokens) {
        let path = format!("/api/v1/websocket/user/{}/status", who.user.id);
        let patience = tokio::time::timeout(socket::PATIENCE, async {
            while self.get(&path, who).await.json()["data"]["isConnected"] != json!(false) {}
        });
        assert!(patience.await.is_ok(), "still connected");
    }
}
