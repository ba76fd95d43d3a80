//! The database of 0.1.0, served by today's program: every answer is as it was, and nobody has to sign in again.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hub::memory::ManualClock;
use protocol::rest::Tokens;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::common::{Answer, App, PASSWORD, SECRET};
use crate::fixtures::write_database_of_0_1_0;
use crate::transcript::Transcript;

/// Soon after the database was last written to: 2026-09-21.
const WRITTEN_AT_MS: i64 = 1_790_000_100_000;

/// What clients of 0.1.0 have kept, such as `refresh_token`.
fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clients-0.1.0.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all[name].as_str().unwrap_or_else(|| panic!("no `{name}` is kept")).to_owned()
}

async fn serve_0_1_0() -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_database_of_0_1_0(&path).await;
    let clock = Arc::new(ManualClock::at_ms(WRITTEN_AT_MS));
    let app = App::spawn_at(clock, |config| {
        config.database = path;
    })
    .await;
    (app, folder)
}

async fn sign_in(app: &App, name: &str, password: &str) -> Answer {
    let form = json!({ "username": name, "password": password });
    app.post_signed_out("/api/v1/auth/login", &form).await
}

fn tokens(answer: &Answer) -> Tokens {
    serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[tokio::test]
async fn users_rooms_messages_and_inboxes_of_0_1_0_are_served() {
    let (app, _folder) = serve_0_1_0().await;
    let ann = tokens(&sign_in(&app, "ann", PASSWORD).await);
    let bob = tokens(&sign_in(&app, "bob", "another horse battery").await);
    let mut notes = Transcript::exact();
    let t = &mut notes;
    for (name, who) in [("ann", &ann), ("bob", &bob)] {
        t.heading(name);
        for path in [
            "/api/v1/auth/me",
            "/api/v1/chats",
            "/api/v1/chats/kitchen",
            "/api/v1/chats/kitchen/members",
            "/api/v1/chats/kitchen/messages",
            "/api/v1/chats/session_kitchen/messages",
            "/api/v1/chats/attic",
            "/api/v1/jobs",
            "/api/v1/notifications",
        ] {
            let answer = app.get(path, who).await;
            t.note(&format!("GET {path} <"), &format!("{} {}", answer.status.as_u16(), answer.text));
        }
    }
    t.heading("what waits for bob");
    let mut client = Client::open(&app, "bob", &format!("/api/v1/ws?token={}", bob.access_token)).await;
    client.expect(t, "Leave me a cup").await;
    client.expect(t, "And a biscuit").await;
    client.expect(t, r#""step":"failed""#).await;
    client.expect(t, r#""type":"notification""#).await;
    client.ask(t, r#"{"type":"join","data":{"room":"session_kitchen"}}"#, r#""joined""#).await;
    t.heading("what may not be done");
    let again = app.post("/api/v1/chats", &ann, &json!({ "name": "Cellar", "id": "cellar" })).await;
    t.note("the id of a deleted room <", &format!("{} {}", again.status.as_u16(), again.text));
    let back = app.post("/api/v1/chats/kitchen/members", &ann, &json!({ "usernames": ["cid"] })).await;
    t.note("a user who left for good <", &format!("{} {}", back.status.as_u16(), back.text));
    let disabled = sign_in(&app, "dan", PASSWORD).await;
    t.note("a disabled user <", &format!("{} {}", disabled.status.as_u16(), disabled.text));
    let old = sign_in(&app, "bob", PASSWORD).await;
    t.note("a password that was changed <", &format!("{} {}", old.status.as_u16(), old.text));
    notes.compare("older_data.txt");
}

#[tokio::test]
async fn live_sign_ins_of_0_1_0_remain_valid_and_ended_ones_do_not() {
    let (app, _folder) = serve_0_1_0().await;
    let refresh = async |token: &str| {
        app.post_signed_out("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
    };
    let page = app.visit("/", &kept("cookie")).await;
    assert_eq!(page.status.as_u16(), 200, "{page:?}");
    assert!(page.text.contains("Kitchen"), "the page lists the room");
    let ann = tokens(&refresh(&kept("refresh_token")).await);
    assert_eq!(ann.user.username, "ann");
    assert_eq!(refresh(&kept("revoked_refresh_token")).await.error().1, "unauthorized");
    assert_eq!(refresh(&kept("spent_refresh_token")).await.error().1, "unauthorized");
    // It had been replaced long ago, so its reuse means theft: its sign-in has ended.
    assert_eq!(app.get("/api/v1/auth/me", &ann).await.status.as_u16(), 401);
    let request = app.request(Method::GET, "/api/v1/auth/me").bearer_auth(kept("signed_out_token"));
    assert_eq!(Answer::to(request).await.status.as_u16(), 401);
    let form = json!({ "username": "ann", "password": PASSWORD });
    let request =
        app.request(Method::POST, "/api/v1/auth/login").header("hubbub-device", kept("device_token"));
    assert_eq!(Answer::to(request.json(&form)).await.status.as_u16(), 200);
}

#[tokio::test]
async fn hubbub_check_accepts_a_database_of_0_1_0() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_database_of_0_1_0(&path).await;
    // Serving brings the tables up to date.
    server::store::sqlite::SqliteStore::open(&path).await.unwrap().close().await;
    let output = Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .arg("check")
        .env("HUBBUB_DATA_DIR", folder.path())
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("nothing is wrong"), "{said}{errors}");
}
