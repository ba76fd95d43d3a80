//! Backup, restore and check, with the real program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;
mod program;
mod socket;

use std::path::Path;
use std::process::{Command, Output};

use common::PASSWORD;
use program::{Program, call};
use protocol::ServerFrame;
use protocol::rest::Tokens;
use serde_json::{Value, json};
use socket::{Socket, post};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// The stdout of a call that ended with this code.
fn said(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(errors, "", "nothing is complained about");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The line of a call that was refused.
fn refused(output: &Output) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    line
}

/// Posts these drafts, and waits for the acknowledgement of the last one.
async fn post_range(
    socket: &mut Socket,
    room: &protocol::RoomId,
    drafts: std::ops::RangeInclusive<u128>,
) -> u64 {
    let last = *drafts.end();
    for draft in drafts {
        socket.say(&post(room, draft, &format!("line {draft}"))).await;
    }
    socket
        .hear_some(|frame| match frame {
            ServerFrame::Posted { data } if data.draft.0.as_u128() == last => Some(data.cursor.seq),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_backup_made_under_load_restores_the_hub() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db").to_str().unwrap().to_owned();
    let program = Program::start(folder.path());
    let ann = program.register("ann").await;
    let room = program.create_room(&ann, "Kitchen", &[]).await;
    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    post_range(&mut socket, &room, 1..=100).await;

    // The copy is made of a database in the middle of being written.
    let (path, file) = (folder.path().to_owned(), copy.clone());
    let copying = tokio::task::spawn_blocking(move || call(&path, &["backup", &file]));
    let mut next = 101;
    while !copying.is_finished() {
        post_range(&mut socket, &room, next..=next + 9).await;
        next += 10;
    }
    let line = said(&copying.await.unwrap(), 0);
    assert!(line.starts_with("Copied 1 rooms and ") && line.lines().count() == 1, "{line}");
    let kept: u64 = line.split(' ').nth(4).unwrap().parse().unwrap();
    assert!((100..next).contains(&u128::from(kept)), "{line}");
    let end = post_range(&mut socket, &room, next..=next + 99).await;
    let before = socket.join(&room, None).await.head;
    assert_eq!(before.seq, end);
    assert!(said(&call(folder.path(), &["check"]), 0).contains("nothing is wrong"));
    assert!(said(&call(folder.path(), &["check", &copy]), 0).contains(&format!("and {kept} messages")));

    // While it runs, no other process may.
    let held = format!("is held by another hubbub (process {})", program.id());
    assert!(refused(&call(folder.path(), &["restore", &copy])).contains(&held));
    assert!(refused(&call(folder.path(), &["serve"])).contains(&held));
    assert!(refused(&call(folder.path(), &["backup", &copy])).contains("is there already"));
    program.kill();

    let line = said(&call(folder.path(), &["restore", &copy]), 0);
    assert!(line.contains(&format!("and {kept} messages")), "{line}");
    let program = Program::start(folder.path());
    // Everybody signs in again.
    let answer = program.post("/api/v1/chats", &ann.access_token, &json!({ "name": "Attic" })).await;
    assert_eq!(answer["code"], "unauthorized", "{answer}");
    let form = json!({ "username": "ann", "password": PASSWORD });
    let ann: Tokens = serde_json::from_value(program.post("/api/v1/auth/login", "", &form).await).unwrap();
    // A client ahead of the backup starts over, although there are numbers like its own again.
    let mut socket = program.socket(&ann).await;
    socket.join(&room, None).await;
    post_range(&mut socket, &room, 10_001..=10_000 + u128::from(end - kept) + 10).await;
    let back = socket.join(&room, Some(before)).await;
    assert!(!back.recovered && back.head.seq > before.seq && back.head.epoch != before.epoch, "{back:?}");
    let lines: Vec<u64> = program.everything(&room, &ann).await.into_iter().map(|line| line.seq).collect();
    assert_eq!(lines, (1..=back.head.seq).collect::<Vec<_>>());
    program.kill();
    assert!(said(&call(folder.path(), &["check"]), 0).contains("nothing is wrong"));
}

#[tokio::test]
async fn a_check_of_a_running_server_names_each_error() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let ann = program.register("ann").await;
    let room: Value = json!({ "name": "Kitchen", "id": "kitchen" });
    program.post("/api/v1/chats", &ann.access_token, &room).await;
    let mut socket = program.socket(&ann).await;
    let room = protocol::RoomId::parse("kitchen").unwrap();
    socket.join(&room, None).await;
    post_range(&mut socket, &room, 1..=20).await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("hubbub.db"));
    let mut meddler = options.connect().await.unwrap();
    sqlx::query("DELETE FROM messages WHERE seq = 17").execute(&mut meddler).await.unwrap();
    meddler.close().await.unwrap();

    let found = said(&call(folder.path(), &["check"]), 1);

    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        [
            "room kitchen: message 17 is missing (16 is followed by 18)",
            "Checked 1 rooms and 19 messages: 1 finding",
        ]
    );
    program.kill();
    assert!(
        refused(&call(folder.path(), &["check", "no-such-file"])).contains("`no-such-file` cannot be opened")
    );
}

/// Asks whether the server is ready until the answer has this status; the last answer.
async fn until_ready_is(program: &Program, status: u16) -> String {
    let url = format!("http://{}/readyz", program.address);
    let asked = tokio::time::timeout(socket::PATIENCE, async {
        loop {
            let answer = reqwest::get(&url).await.unwrap();
            let (received, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            if received == status {
                return text;
            }
        }
    });
    asked.await.unwrap()
}

/// Lets a process write files up to this size, in bytes.
fn limit_files(process: u32, bytes: &str) {
    let arguments = ["--pid", &process.to_string(), &format!("--fsize={bytes}:unlimited")];
    assert!(Command::new("prlimit").args(arguments).status().unwrap().success());
}

#[tokio::test]
async fn a_server_that_cannot_store_is_not_ready_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("env");
    // As a full disk: writing fails, and that is all.
    command.args(["--ignore-signal=XFSZ", env!("CARGO_BIN_EXE_hubbub")]);
    let program = Program::start_by(command, folder.path());
    assert_eq!(until_ready_is(&program, 200).await, "ok");
    limit_files(program.id(), "4096");
    let received: Value = serde_json::from_str(&until_ready_is(&program, 503).await).unwrap();
    // The reason is logged once, and not shown to clients.
    assert_eq!((&received["code"], &received["message"]), (&json!("unavailable"), &json!("not ready")));
    assert!(program.logged("Not ready").contains("ERROR"));
    let form = json!({ "username": "ann", "email": "ann@example.org", "password": PASSWORD });
    assert_eq!(program.post("/api/v1/auth/register", "", &form).await["code"], "unavailable");
    limit_files(program.id(), "unlimited");
    until_ready_is(&program, 200).await;
    assert!(program.log_so_far().iter().all(|line| !line.contains("Not ready")));
    program.register("ann").await;
    program.kill();
}

/// Calls the program where no folder for temporary files can be written to; `None` where that cannot be had.
fn check_without_temporary_folder(folder: &Path) -> Option<Output> {
    let mount =
        "for it in /tmp /var/tmp /usr/tmp; do if [ -d $it ]; then mount -t tmpfs -o ro tmpfs $it; fi; done";
    let script = format!("{mount}; cd /tmp; exec \"$0\" check");
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script, env!("CARGO_BIN_EXE_hubbub")]);
        command.env("HUBBUB_DATA_DIR", folder).env_remove("TMPDIR").env_remove("SQLITE_TMPDIR").output()
    };
    let can = unshare(mount).is_ok_and(|it| it.status.success());
    can.then(|| unshare(&script).unwrap())
}

#[tokio::test]
async fn a_check_reports_that_it_cannot_write_temporary_files() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = Program::start(folder.path());
    let ann = program.register("ann").await;
    program.create_room(&ann, "Kitchen", &[]).await;
    program.kill();
    // More than is sorted in memory.
    let options = SqliteConnectOptions::new().filename(folder.path().join("hubbub.db"));
    let mut meddler = options.connect().await.unwrap();
    let messages = "WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 300000)
        INSERT INTO messages (room, seq, id, author, draft, at_ms, body)
        SELECT (SELECT key FROM rooms), seq, randomblob(16), (SELECT key FROM people), randomblob(16), 0, 'x' FROM n";
    for statement in [messages, "UPDATE rooms SET head = 300000"] {
        sqlx::query(statement).execute(&mut meddler).await.unwrap();
    }
    meddler.close().await.unwrap();
    let Some(output) = check_without_temporary_folder(folder.path()) else {
        return println!("No namespaces here");
    };
    let line = refused(&output);
    assert!(line.contains("temporary") && line.contains("TMPDIR"), "{line}");
}
