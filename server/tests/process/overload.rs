//! More connections than the process may have open files.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use crate::{PATIENCE, Process, is_well, open_socket};

#[test]
fn half_sent_requests_are_closed_in_favour_of_complete_ones() {
    let process = Process::start_by_shell("ulimit -n 200; exec \"$HUBBUB\" serve", &[]);
    let mut friend = open_socket(&process);
    let mut slow = Vec::new();
    for number in 0..460 {
        let mut stream = process.connect();
        let half = match number % 5 {
            0..=2 => {
                "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                  content-length: 100\r\n\r\n{"
            }
            3 => "GET / HTTP/1.1\r\nhost: localhost\r\n",
            _ => "",
        };
        // One that had to make room may be gone already.
        stream.write_all(half.as_bytes()).ok();
        slow.push(stream);
        if number % 50 == 49 {
            assert!(is_well(&process.addresses[0]), "after {number}");
        }
    }
    for _ in 0..5 {
        assert!(is_well(&process.addresses[0]));
    }
    // A socket that is open makes no room: it hears that it was understood, or not.
    friend.write_all(&[0x89, 0x80, 0, 0, 0, 0]).unwrap();
    let mut received = Vec::new();
    while !received.windows(2).any(|bytes| bytes == [0x8a, 0]) {
        let mut some = [0; 512];
        match friend.read(&mut some) {
            Ok(count) if count > 0 => received.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            ended => panic!("{ended:?} after {received:?}"),
        }
    }
    drop(slow);
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}

/// Connects from another address of this machine.
fn connect_from(from: [u8; 4], to: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.parse::<SocketAddr>().unwrap().into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whether the server has closed a connection on which it has nothing to say.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn an_address_with_too_many_half_sent_requests_loses_only_its_own() {
    let process = Process::start(&[("HUBBUB_MAX_WAITING_CONNECTIONS", "32")], Stdio::null());
    let half = "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 2\r\nconnection: close\r\n\r\n{";
    let mut patient = connect_from([127, 0, 0, 2], &process.addresses[0]);
    patient.write_all(half.as_bytes()).unwrap();
    let mut slow = Vec::new();
    let begun = Instant::now();
    // Those that have just come do not wait yet.
    while !slow.iter_mut().any(is_closed) {
        assert!(begun.elapsed() < PATIENCE, "none of {} has made room", slow.len());
        if slow.len() < 200 {
            let mut stream = process.connect();
            stream.write_all(half.as_bytes()).ok();
            slow.push(stream);
        }
        assert!(is_well(&process.addresses[0]));
    }
    patient.write_all(b"}").unwrap();
    let mut answer = String::new();
    patient.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(r#""code":"#), "{answer}");
}
