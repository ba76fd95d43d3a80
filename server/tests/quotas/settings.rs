//! Settings of quotas that are wrong or contradict others stop the start.

use std::process::Command;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const COUNTS: [&str; 11] = [
    "HUBBUB_REQUESTS_PER_SECOND_PER_USER",
    "HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS",
    "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_USER",
    "HUBBUB_MAX_CONCURRENT_REQUESTS_PER_ADDRESS",
    "HUBBUB_ROOMS_CREATED_PER_DAY_PER_USER",
    "HUBBUB_OWNED_ROOMS_PER_USER",
    "HUBBUB_NEW_CONTACTS_PER_DAY_PER_USER",
    "HUBBUB_STORED_BYTES_PER_DAY_PER_USER",
    "HUBBUB_RUNNING_JOBS_PER_USER",
    "HUBBUB_AUTH_SESSIONS_PER_USER",
    "HUBBUB_MEMBERS_PER_ROOM",
];

/// The line of a refused start. One that is not refused is ended after a while.
fn refused(environment: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "20", env!("CARGO_BIN_EXE_hubbub"), "serve"]);
    command.env_clear().current_dir(folder.path()).env("HUBBUB_LISTEN", "127.0.0.1:0");
    let output = command.env("JWT_SECRET", SECRET).envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_quota_that_is_not_a_number_stops_the_start() {
    for name in COUNTS {
        for value in ["0", "many"] {
            assert!(refused(&[(name, value)]).contains(name), "{name}={value}");
        }
    }
    let line = refused(&[("HUBBUB_STORED_BYTES_PER_DAY_PER_USER", "1000")]);
    assert!(line.contains("less than one message of HUBBUB_MAX_MESSAGE_BYTES"), "{line}");
}

#[test]
fn a_rate_beside_disabled_rate_limits_stops_the_start() {
    for (name, value) in [
        ("HUBBUB_REQUESTS_PER_SECOND_PER_USER", "10"),
        ("HUBBUB_REQUESTS_PER_SECOND_PER_ADDRESS", "10"),
        ("HUBBUB_ROOMS_CREATED_PER_DAY_PER_USER", "10"),
        ("HUBBUB_NEW_CONTACTS_PER_DAY_PER_USER", "10"),
        ("HUBBUB_STORED_BYTES_PER_DAY_PER_USER", "100000"),
    ] {
        let line = refused(&[("HUBBUB_RATE_LIMITS", "off"), (name, value)]);
        assert!(line.contains("HUBBUB_RATE_LIMITS is off"), "{line}");
    }
}
