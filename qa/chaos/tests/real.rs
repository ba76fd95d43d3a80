//! Tests of the harness for real processes, in small: a few kills, fewer clients. `CONTRIBUTING.md` says how to run more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

use chaos::real::{Amount, Options, Until, run, run_volume};

/// The server of the same build as this test. Where all tests are run it is there, because the server's own tests need it.
fn program() -> PathBuf {
    let target = std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().to_owned();
    let program = target.join("hubbub");
    if !program.is_file() {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo)
            .args(["build", "--locked", "--package", "server", "--bin", "hubbub"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .status();
        assert!(built.unwrap().success());
    }
    program
}

#[tokio::test]
async fn killed_servers_lose_and_repeat_nothing() {
    let options = Options { program: program(), until: Until::Kills(3), seed: 1, clients: 22 };
    let report = run(options).await.unwrap();
    assert!(report.violations.is_empty(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.rounds, counts.kills), (1, 3), "{report}");
    // Each part of it took place: a run in which nothing was sent or nothing broke proves nothing.
    for count in [
        counts.acknowledged,
        counts.notified,
        counts.delivered,
        counts.recovered,
        counts.started_over,
        counts.resent,
        counts.cuts + counts.half_closes,
        counts.stalls,
        counts.entries,
        counts.entries_delivered,
    ] {
        assert!(count > 0, "{report}");
    }
}

#[tokio::test]
async fn more_than_a_send_queue_holds_arrives_at_every_gateway() {
    let amount = Amount { users: 2, mib: 2, messages: 510, bytes: 2_500, memory_mib: 400, seed: 1 };
    let report = run_volume(program(), amount).await.unwrap();
    assert!(report.violations.is_empty(), "{report}");
    assert_eq!(report.rows.len(), 19, "{report}");
}
