//! The log: a stalled reader costs only lines, and clients cannot flood it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::{Process, ask, ask_for_socket, is_well, open_socket};

/// Starts, serves sockets and requests, and stops gently.
fn lives(environment: &[(&str, &str)], stderr: impl Into<Stdio>, times: u32) {
    let process = Process::start(environment, stderr);
    for _ in 0..times {
        drop(open_socket(&process));
        assert!(is_well(&process.addresses[0]));
        assert!(ask(&process.addresses[0], "GET", "/nothing").starts_with("HTTP/1.1 404 "));
    }
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}

#[test]
fn a_closed_log_pipe_costs_only_the_log() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    lives(&[], writer, 3);
}

#[test]
fn a_full_disk_costs_only_the_log() {
    lives(&[], File::options().write(true).open("/dev/full").unwrap(), 3);
}

#[test]
fn a_stalled_log_reader_costs_only_the_log() {
    let (reader, writer) = std::io::pipe().unwrap();
    // More than a pipe holds.
    lives(&[("HUBBUB_LOG", "trace")], writer, 100);
    drop(reader);
}

#[test]
fn a_bad_request_is_logged_shortened_and_not_as_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    let process = Process::start(&[], writer);
    let reading = std::thread::spawn(move || {
        BufReader::new(reader).lines().map_while(Result::ok).collect::<Vec<String>>()
    });
    let long = "a".repeat(256);
    let very_long = "b".repeat(9_000);
    let paths = [
        format!("/{long}"),
        format!("/{very_long}"),
        format!("/pkg/{long}"),
        format!("/{}", format!("{long}/").repeat(30)),
        format!("/{}", "x/".repeat(3_000)),
        format!("/rooms/{very_long}"),
        format!("/live/{long}"),
        format!("/api/v1/chats/{very_long}"),
        format!("/api/{very_long}"),
        format!("/sign-in/{long}"),
        format!("/healthz?{very_long}"),
        format!("/socket.io/?EIO=4&transport={very_long}"),
        format!("/{}", "%61".repeat(300)),
        "/a%00b".to_owned(),
        "/pkg/a%00b".to_owned(),
        "/%ff%fe".to_owned(),
        "/pkg/%ff".to_owned(),
        "/..%2f..%2fetc%2fpasswd".to_owned(),
        "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/healthz/".to_owned(),
        "/pkg".to_owned(),
        "/pkg/".to_owned(),
        "//".to_owned(),
    ];
    for path in &paths {
        for method in ["GET", "HEAD", "POST", "DELETE", "BREW"] {
            let answer = ask(&process.addresses[0], method, path);
            let status = answer.get(9..12).unwrap_or_default();
            assert!(("200".."500").contains(&status), "{method} {path:.40}: {answer:.300}");
            let is_missing = method == "GET" && path.contains(&long);
            assert!(!is_missing || matches!(status, "404" | "303"), "{path:.40}: {answer:.300}");
        }
    }
    assert!(ask(&process.addresses[0], &"M".repeat(5_000), "/").starts_with("HTTP/1.1 4"));
    // Heads that are none.
    for head in ["\0\0\0\0", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = process.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    }
    assert!(is_well(&process.addresses[0]));
    assert_eq!(process.ends_with("TERM").code(), Some(0));
    let lines = reading.join().unwrap();
    assert!(lines.iter().any(|line| line.contains("Listening")), "{lines:?}");
    for line in lines {
        assert!(!line.contains("ERROR") && line.len() < 600, "{line}");
    }
}

#[test]
fn a_full_connection_limit_is_logged_once_a_minute() {
    let (reader, writer) = std::io::pipe().unwrap();
    let process = Process::start(&[("HUBBUB_MAX_CONNECTIONS", "1")], writer);
    let reading = std::thread::spawn(move || {
        BufReader::new(reader).lines().map_while(Result::ok).collect::<Vec<String>>()
    });
    for _ in 0..20 {
        // The one before is closed in a moment.
        while ask_for_socket(&process).1 != 101 {}
    }
    assert_eq!(process.ends_with("TERM").code(), Some(0));
    let lines = reading.join().unwrap();
    let said = lines.iter().filter(|line| line.contains("As many sockets are open as may be")).count();
    // Another one, if a minute went by.
    assert!((1..=2).contains(&said), "{said}");
}
