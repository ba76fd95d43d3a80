//! SIGHUP: what a closed terminal sends.

use std::io::Read;

use crate::{Process, is_well, open_socket};

#[test]
fn sighup_stops_the_server_gracefully() {
    let process = Process::start(&[], std::process::Stdio::null());
    let mut client = open_socket(&process);
    assert_eq!(process.ends_with("HUP").code(), Some(0));
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    // A close frame (RFC 6455, section 5.5.1) with code 1012: come back.
    let close_code = [0x03, 0xf4];
    assert!(received.windows(2).any(|bytes| bytes == close_code), "{received:?}");
}

#[test]
fn a_server_under_nohup_survives_sighup() {
    let process = Process::start_by_shell("trap '' HUP; exec \"$HUBBUB\" serve", &[]);
    for _ in 0..3 {
        process.signal("HUP");
        assert!(is_well(&process.addresses[0]));
    }
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}
