//! Quotas of users and addresses on requests, creation and storage, which ordinary use never reaches.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../common/mod.rs"]
mod common;
mod ordinary_use;
mod requests;
mod rooms;
mod settings;
#[path = "../socket/mod.rs"]
mod socket;
mod stored;

use common::{App, FAR_AWAY, mint};
use protocol::UserId;
use protocol::rest::{Tokens, User};
use serde_json::json;
use server::config::Quotas;
use socket::Socket;

/// What [`common::Answer::error`] is compared with.
fn error(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}

/// A server on which only these quotas hold.
async fn with_quotas(quotas: Quotas) -> App {
    App::spawn_with(|config| config.quotas = quotas).await
}

/// Puts files where the built ones are, by their paths.
fn put_files(app: &App, paths: &[&str]) {
    for path in paths {
        let file = app.folder().join("site").join(path.trim_start_matches('/'));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "built").unwrap();
    }
}

/// A user with a token of another backend, with a role or an empty one.
fn minted(id: &str, role: &str) -> Tokens {
    let claims = json!({ "sub": id, "username": id, "exp": FAR_AWAY, "hubbub_role": role });
    Tokens {
        access_token: mint(&claims),
        refresh_token: String::new(),
        token_type: "Bearer".to_owned(),
        expires_in: 0,
        user: User {
            id: UserId::parse(id).unwrap(),
            username: id.to_owned(),
            email: String::new(),
            is_active: true,
            created_at: String::new(),
        },
    }
}

impl App {
    /// Opens a socket and takes the welcome.
    async fn enter(&self, who: &Tokens) -> Socket {
        Socket::enter(&self.socket_url(&format!("?token={}", who.access_token))).await
    }
}
