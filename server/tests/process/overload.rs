//! More connections than the process may have open files.

use std::io::{ErrorKind, Read, Write};

use crate::{Process, is_well, open_socket};

#[test]
fn clients_that_send_half_a_request_make_room_for_those_that_send_a_whole_one() {
    let process = Process::start_by_shell("ulimit -n 200; exec \"$HUBBUB\" serve", &[]);
    let mut friend = open_socket(&process);
    let mut slow = Vec::new();
    for number in 0..460 {
        let mut stream = process.connect();
        let half = match number % 5 {
            0..=2 => {
                "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  content-length: 100\r\n\r\n{"
            }
            3 => "GET / HTTP/1.1\r\nhost: x\r\n",
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
    let mut told = Vec::new();
    while !told.windows(2).any(|bytes| bytes == [0x8a, 0]) {
        let mut some = [0; 512];
        match friend.read(&mut some) {
            Ok(count) if count > 0 => told.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            ended => panic!("{ended:?} after {told:?}"),
        }
    }
    drop(slow);
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}
