//! A user's own sign-ins and password, over REST and on the page.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

#[path = "../common/mod.rs"]
mod common;
mod last_used;
mod page;
mod rest;
#[path = "../socket/mod.rs"]
mod socket;

use common::{Answer, App, PASSWORD};
use protocol::rest::Tokens;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use socket::Socket;

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";
const SESSIONS: &str = "/api/v1/auth/sessions";
const CHANGE: &str = "/api/v1/auth/password";

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What [`Answer::error`] is compared with.
fn error(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}

fn unauthorized() -> (u16, String, String) {
    error(401, "unauthorized", "")
}

impl App {
    /// Signs in on a device that calls itself so.
    async fn login_on(&self, name: &str, user_agent: &str) -> Tokens {
        let form = json!({ "username": name, "password": PASSWORD });
        let request = self.request(Method::POST, LOGIN).header("user-agent", user_agent).json(&form);
        serde_json::from_str(&Answer::to(request).await.text).unwrap()
    }

    /// The answer to a sign-in with this password.
    async fn try_password(&self, name: &str, password: &str) -> Answer {
        self.post_signed_out(LOGIN, &json!({ "username": name, "password": password })).await
    }

    /// The listed sign-ins of a user.
    async fn sessions(&self, who: &Tokens) -> Vec<Value> {
        let answer = self.get(SESSIONS, who).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["sessions"].as_array().unwrap().clone()
    }

    /// The name of the sign-in that a token belongs to.
    async fn session_of(&self, who: &Tokens) -> String {
        let sessions = self.sessions(who).await;
        let current = sessions.iter().find(|it| it["is_current"] == true).unwrap();
        current["id"].as_str().unwrap().to_owned()
    }

    async fn me(&self, who: &Tokens) -> Answer {
        self.get(ME, who).await
    }

    async fn me_by_cookie(&self, cookie: &str) -> StatusCode {
        Answer::to(self.request(Method::GET, ME).header("cookie", cookie)).await.status
    }

    async fn refresh(&self, who: &Tokens) -> Answer {
        let form = json!({ "refresh_token": who.refresh_token });
        self.post_signed_out("/api/v1/auth/refresh", &form).await
    }

    /// Opens a socket and takes the welcome.
    async fn enter(&self, who: &Tokens) -> Socket {
        Socket::enter(&self.socket_url(&format!("?token={}", who.access_token))).await
    }
}
