//! The log of refused requests and closed connections, as an operator reads it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;
mod program;
mod socket;

use common::{FAR_AWAY, PASSWORD, mint};
use program::Program;
use protocol::ClientFrame;
use serde_json::{Value, json};
use socket::{PATIENCE, Socket, post};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Messages of 60 KB until a client that reads nothing must have been closed: 60 MB, far more than buffers hold.
const MESSAGES: u128 = 1_000;

async fn status(program: &Program, path: &str, token: &str) -> u16 {
    let url = format!("http://{}{path}", program.address);
    reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
}

/// Checks that this is one line with these words and without a token.
fn check(line: &str, parts: &[&str], secret: &str) {
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in `{line}`");
    }
    assert!(line.contains("127.0.0.1") && line.contains(" INFO "), "{line}");
    assert!(secret.is_empty() || !line.contains(secret), "{line}");
}

#[tokio::test]
async fn the_log_says_why_a_token_was_refused_by_each_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    for (token, reason) in [
        (mint(&json!({ "sub": "ann", "exp": 1 })), "it has expired"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY, "nbf": FAR_AWAY })), "not valid yet"),
        (mint(&json!({ "sub": "ann" })), "it has no `exp`"),
        (mint(&json!({ "sub": " ", "exp": FAR_AWAY })), "`sub` is missing or blank"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY })), "no account"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY })).replace("eyJ", "eyK"), "it is not a JWT"),
        (format!("{}x", mint(&json!({ "sub": "ann", "exp": FAR_AWAY }))), "signature"),
        ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "is not HS256"),
    ] {
        assert_eq!(status(&program, "/api/v1/chats?x=y", &token).await, 401);
        check(&program.logged("Refused"), &["`GET /api/v1/chats`", reason], &token);
        // Where nobody is told that there is anything.
        assert_eq!(status(&program, "/api/v1/websocket/test/emit-to-user", &token).await, 405);
        let socket = format!("ws://{}/api/v1/ws?token={token}", program.address);
        assert_eq!(Socket::try_connect(&socket, &[]).await.err(), Some(401));
        check(&program.logged("Refused"), &["`GET /api/v1/ws`", reason], &token);
        let first_frame = format!("ws://{}/api/v1/ws", program.address);
        let mut socket = Socket::try_connect(&first_frame, &[]).await.unwrap();
        socket.say(&ClientFrame::Authenticate { token: token.clone(), inbox: None }).await;
        check(&program.logged("Refused"), &["a first frame", reason], &token);
    }
    let hidden = mint(&json!({ "sub": "ann", "exp": 1 }));
    let answer = program.post("/api/v1/websocket/test/emit-to-user", &hidden, &Value::Null).await;
    assert_eq!(answer["code"], "not_found");
    check(&program.logged("Refused"), &["emit-to-user", "it has expired"], &hidden);
}

#[tokio::test]
async fn failed_logins_and_rate_limits_are_logged_in_bounded_lines() {
    let folder = tempfile::tempdir().unwrap();
    let limits = [("HUBBUB_RATE_LIMITS", "on"), ("HUBBUB_LOGINS_PER_MINUTE", "2")];
    let program = Program::start_with(folder.path(), &limits);
    let form = json!({ "username": "nemo", "password": PASSWORD });
    for (code, why) in [
        ("wrong_credentials", "the user name or the password is wrong"),
        ("wrong_credentials", "the user name or the password is wrong"),
        ("rate_limited", "too many attempts"),
    ] {
        assert_eq!(program.post("/api/v1/auth/login", "", &form).await["code"], code);
        let line = program.logged("Refused");
        check(&line, &["`POST /api/v1/auth/login`", why], PASSWORD);
        assert!(!line.contains("nemo"), "people type passwords where names belong: {line}");
    }
    for _ in 0..200 {
        program.post("/api/v1/auth/login", "", &form).await;
    }
    // One more, whose answer comes after all of the lines before.
    status(&program, "/healthz", "").await;
    let lines = program.log_so_far().iter().filter(|line| line.contains("Refused")).count();
    assert!((1..=120).contains(&lines), "{lines}");
}

#[tokio::test]
async fn an_unread_role_claim_is_logged_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let token = mint(&json!({ "sub": "backend", "exp": FAR_AWAY, "role": "service" }));
    for _ in 0..5 {
        assert_eq!(status(&program, "/api/v1/websocket/stats", &token).await, 401);
    }
    let lines = [program.logged("HUBBUB_ROLE_CLAIM=role")];
    assert!(lines[0].contains(" WARN "), "{lines:?}");
    assert!(
        !program.log_so_far().iter().any(|line| line.contains("HUBBUB_ROLE_CLAIM")),
        "said once a minute"
    );
    program.kill();

    let program = Program::start_with(folder.path(), &[("HUBBUB_ROLE_CLAIM", "role")]);
    assert_eq!(status(&program, "/api/v1/websocket/stats", &token).await, 200);
}

#[tokio::test]
async fn a_slow_consumer_is_logged_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let (ann, bob) = (program.register("ann").await, program.register("bob").await);
    let room = program.create_room(&ann, "Kitchen", std::slice::from_ref(&bob)).await;
    let mut reads_nothing = program.socket(&bob).await;
    reads_nothing.join(&room, None).await;
    let mut speaker = program.socket(&ann).await;
    speaker.join(&room, None).await;
    let load = "x".repeat(60_000);
    let mut lines = Vec::new();
    for draft in 1..=MESSAGES {
        speaker.say(&post(&room, draft, &load)).await;
        speaker.hear_some(|frame| matches!(frame, protocol::ServerFrame::Posted { .. }).then_some(())).await;
        lines.extend(program.log_so_far().into_iter().filter(|line| line.contains("with 4008")));
        if !lines.is_empty() {
            break;
        }
    }
    assert_eq!(lines.len(), 1);
    check(&lines[0], &[&format!("`{}`", bob.user.id)], "");
}

#[tokio::test]
async fn a_response_that_asks_to_retry_is_not_logged_as_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let options = SqliteConnectOptions::new().filename(folder.path().join("hubbub.db"));
    let mut other = options.connect().await.unwrap();
    let stuck = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let form = json!({ "username": "ann", "email": "ann@example.org", "password": PASSWORD });
    assert_eq!(program.post("/api/v1/auth/register", "", &form).await["code"], "unavailable");
    stuck.rollback().await.unwrap();
    program.register("ann").await;
    let mut lines = Vec::new();
    let read = tokio::time::timeout(PATIENCE, async {
        while !lines.iter().any(|line: &String| line.contains("Refused")) {
            tokio::task::yield_now().await;
            lines.extend(program.log_so_far());
        }
    });
    read.await.unwrap();
    let line = lines.iter().find(|line| line.contains("Refused")).unwrap();
    check(line, &["`POST /api/v1/auth/register`", "locked"], PASSWORD);
    // That nothing can be stored is one, once.
    let errors: Vec<_> = lines.iter().filter(|line| line.contains("ERROR")).collect();
    assert!(errors.iter().all(|line| line.contains("Not ready")) && errors.len() <= 1, "{errors:?}");
}
