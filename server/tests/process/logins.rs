//! Abandoned logins: hashing goes on after the client disconnects, and keeps its permit until it ends.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use super::{Process, is_well, read_status};

const LOGINS: usize = 64;

/// The threads of the runtime: those that serve and those that hash. A thread stays for 10 s when it has nothing to do, so
/// the number tells how many were ever at work at a time.
fn runtime_threads(process: &Process) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.child.id())).unwrap();
    let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    names.filter(|name| name.starts_with("tokio")).count()
}

fn send_login(process: &Process) -> TcpStream {
    let form = r#"{"username":"alice","password":"not the password of alice"}"#;
    let mut stream = process.connect();
    write!(
        stream,
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    stream
}

#[test]
fn abandoned_logins_are_hashed_two_at_a_time() {
    let process = Process::start(&[], Stdio::null());
    assert_eq!(read_status(&mut send_login(&process)), 401);
    let before = runtime_threads(&process);

    for _ in 0..LOGINS {
        let login = send_login(&process);
        // It was read before this question was asked.
        assert!(is_well(&process.addresses[0]));
        drop(login);
    }
    assert_eq!(read_status(&mut send_login(&process)), 401, "there is a permit for the next one");

    let after = runtime_threads(&process);
    assert!(after <= before + 2, "{before} threads became {after}");
}
