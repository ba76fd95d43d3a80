//! The REST API, through the front door.

mod accounts;
#[path = "../common/mod.rs"]
mod common;
mod messages;
mod requests;
mod rooms;
mod tokens;

use common::{Answer, App};
use reqwest::Method;

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const ME: &str = "/api/v1/auth/me";

/// What [`Answer::refusal`] is compared with.
fn refusal(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}

fn unauthorized() -> (u16, String, String) {
    refusal(401, "unauthorized", "")
}

/// Who the server takes the bearer of a token for.
async fn me(app: &App, token: &str) -> Answer {
    Answer::to(app.request(Method::GET, ME).bearer_auth(token)).await
}
