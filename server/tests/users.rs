//! `hubbub user`: accounts from the command line, beside a running server and without one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;
mod program;
mod socket;

use std::path::Path;

use common::PASSWORD;
use program::{Program, call, call_with_stdin};
use protocol::rest::Tokens;
use serde_json::{Value, json};
use socket::End;

const OTHER_PASSWORD: &str = "another horse battery";

/// The stdout of a successful call.
fn done(folder: &Path, arguments: &[&str], stdin: &str) -> String {
    let output = call_with_stdin(folder, arguments, stdin);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The line of a call that was refused.
fn refused(folder: &Path, arguments: &[&str], stdin: &str) -> String {
    let output = call_with_stdin(folder, arguments, stdin);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{arguments:?}: {line}");
    line
}

async fn login(program: &Program, name: &str, password: &str) -> Value {
    let form = json!({ "username": name, "password": password });
    program.post("/api/v1/auth/login", "", &form).await
}

async fn sign_in(program: &Program, name: &str, password: &str) -> Tokens {
    serde_json::from_value(login(program, name, password).await).unwrap()
}

/// Asks until the server has noticed what another process changed.
async fn until(program: &Program, path: &str, token: &str, is_so: impl Fn(&Value) -> bool) {
    let noticed =
        tokio::time::timeout(socket::PATIENCE, async { while !is_so(&program.get(path, token).await) {} });
    assert!(noticed.await.is_ok(), "never noticed");
}

#[tokio::test]
async fn the_first_user_is_created_before_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(refused(folder, &["user", "role", "ann", "admin"], "").contains("there is no database"));
    let made = done(folder, &["user", "add", "ann", "--email", "ann@example.org"], &format!("{PASSWORD}\n"));
    assert!(made.starts_with("Created the user `ann` in `") && made.contains("hubbub.db"), "{made}");
    let made = done(folder, &["user", "role", "ANN", "admin"], "");
    assert!(made.starts_with("`ann` is an administrator"), "{made}");

    let program = Program::start_with(folder, &[("HUBBUB_REGISTRATION", "closed")]);
    let form = json!({ "username": "eve", "email": "eve@example.org", "password": PASSWORD });
    assert_eq!(program.post("/api/v1/auth/register", "", &form).await["code"], "forbidden");
    let ann = sign_in(&program, "ann@example.org", PASSWORD).await;
    let stats = program.get("/api/v1/websocket/stats", &ann.access_token).await;
    assert_eq!(stats["success"], true, "{stats}");
    let maintenance = json!({ "enabled": false });
    let switched = program.post("/api/v1/admin/maintenance", &ann.access_token, &maintenance).await;
    assert_ne!(switched["code"], "forbidden", "{switched}");
}

#[tokio::test]
async fn accounts_are_created_and_changed_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let folder = folder.path();
    let ann = program.register("ann").await;

    done(folder, &["user", "add", "bob"], PASSWORD);
    let bob = sign_in(&program, "bob", PASSWORD).await;
    assert!(bob.user.email.ends_with("@people.invalid"), "{}", bob.user.email);

    let stats = "/api/v1/websocket/stats";
    assert_eq!(program.get(stats, &bob.access_token).await["code"], "forbidden");
    done(folder, &["user", "role", "bob", "admin"], "");
    until(&program, stats, &bob.access_token, |answer| answer["success"] == true).await;
    done(folder, &["user", "role", "bob", "none"], "");
    until(&program, stats, &bob.access_token, |answer| answer["code"] == "forbidden").await;

    // A stolen password: sign-ins made with it end.
    let mut his = program.socket(&bob).await;
    let mut hers = program.socket(&ann).await;
    done(folder, &["user", "password", "bob"], &format!("{OTHER_PASSWORD}\r\n"));
    assert_eq!(his.end().await, End::Closed(4401));
    assert_eq!(program.get("/api/v1/auth/me", &bob.access_token).await["code"], "unauthorized");
    assert_eq!(login(&program, "bob", PASSWORD).await["code"], "wrong_credentials");
    let bob = sign_in(&program, "bob", OTHER_PASSWORD).await;

    let mut his = program.socket(&bob).await;
    let said = done(folder, &["user", "disable", "bob"], "");
    assert!(said.starts_with("Disabled `bob`"), "{said}");
    assert_eq!(his.end().await, End::Closed(4401));
    assert_eq!(program.get("/api/v1/auth/me", &bob.access_token).await["code"], "unauthorized");
    let refresh = json!({ "refresh_token": bob.refresh_token });
    assert_eq!(program.post("/api/v1/auth/refresh", "", &refresh).await["code"], "unauthorized");
    assert_eq!(login(&program, "bob", OTHER_PASSWORD).await["code"], "wrong_credentials");
    program.logged(&format!("Account `{}` was changed", bob.user.id));

    done(folder, &["user", "enable", "bob"], "");
    sign_in(&program, "bob", OTHER_PASSWORD).await;
    assert_eq!(
        program.get("/api/v1/auth/me", &bob.access_token).await["code"],
        "unauthorized",
        "it had ended"
    );
    assert!(hers.before_pong().await.is_empty(), "the others noticed nothing");
    program.kill();
    assert_eq!(call(folder, &["check"]).status.code(), Some(0));
}

#[tokio::test]
async fn an_invalid_call_is_refused_in_one_line_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    program.register("ann").await;
    let folder = folder.path();
    for (arguments, stdin, why) in [
        (&["user", "add", "ann"][..], PASSWORD, "this user name is taken"),
        (&["user", "add", "bob", "--email", "ANN@example.org"], PASSWORD, "this e-mail address is taken"),
        (&["user", "add", "bob"], "short\n", "a password has 10 to 128 characters"),
        (&["user", "add", "bob"], "", "a password has 10 to 128 characters"),
        (&["user", "add", "bob"], "first line\nsecond line\n", "in one line"),
        (&["user", "add", "b b"], PASSWORD, "a user name has 3 to 32 letters"),
        (&["user", "password", "ann"], "password123", "among the commonest"),
        (&["user", "password", "nemo"], PASSWORD, "there is no user `nemo`"),
        (&["user", "disable", "nemo"], "", "there is no user `nemo`"),
        (&["user", "role", "ann", "service"], "", "[possible values: admin, none]"),
        (&["user", "role", "ann"], "", "<ROLE>"),
    ] {
        let line = refused(folder, arguments, stdin);
        assert!(line.contains(why), "{arguments:?}: {line}");
        assert!(stdin.trim().is_empty() || !line.contains(stdin.trim()), "{line}");
    }
    sign_in(&program, "ann", PASSWORD).await;
}
