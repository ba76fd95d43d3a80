//! Several listening sockets, by address and by name.

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::{Process, is_well};

/// Ports that are free at this moment, at each of these addresses.
fn free_ports<const COUNT: usize>(hosts: &[&str]) -> [u16; COUNT] {
    let held: [(u16, Vec<TcpListener>); COUNT] = std::array::from_fn(|_| {
        loop {
            let first = TcpListener::bind((hosts[0], 0)).unwrap();
            let port = first.local_addr().unwrap().port();
            let others = hosts[1..].iter().map(|host| TcpListener::bind((*host, port)));
            if let Ok(others) = others.collect::<Result<Vec<_>, _>>() {
                break (port, std::iter::once(first).chain(others).collect());
            }
        }
    });
    held.map(|(port, _)| port)
}

/// Some machines have no IPv6.
fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

#[test]
fn one_process_listens_on_several_addresses_and_hands_them_all_over() {
    let hosts: &[&str] = if has_ipv6() { &["127.0.0.1", "::1"] } else { &["127.0.0.1"] };
    let [first, second, third] = free_ports(hosts);
    let mut places =
        vec![format!("127.0.0.1:{first}"), format!("127.0.0.1:{second}"), format!("localhost:{third}")];
    if has_ipv6() {
        places.push(format!("[::1]:{first}"));
    }
    let mut process = Process::start(&[("HUBBUB_LISTEN", &places.join(","))], Stdio::null());
    let addresses = process.addresses.clone();
    for expected in places.iter().filter(|place| !place.starts_with("localhost")) {
        assert!(addresses.contains(expected), "{expected} of {addresses:?}");
    }
    assert!(addresses.contains(&format!("127.0.0.1:{third}")), "{addresses:?}");

    let ends = Arc::new(AtomicBool::new(false));
    let connecting: Vec<_> = addresses
        .iter()
        .cloned()
        .map(|address| {
            let ends = ends.clone();
            std::thread::spawn(move || {
                let mut count = 0;
                while !ends.load(Ordering::Relaxed) {
                    assert!(is_well(&address), "{address}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    for _ in 0..2 {
        process.signal("USR2");
        assert_eq!(process.announced(), addresses);
    }
    for address in &addresses {
        assert!(is_well(address));
    }
    ends.store(true, Ordering::Relaxed);
    assert!(connecting.into_iter().all(|attempts| attempts.join().unwrap() > 0));
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}

#[test]
fn all_inherited_sockets_are_served() {
    let mut sockets = vec![TcpListener::bind("127.0.0.1:0").unwrap()];
    while sockets.len() < 3 {
        let next = TcpListener::bind("127.0.0.1:0").unwrap();
        if sockets.last().is_some_and(|last| last.as_raw_fd() + 1 != next.as_raw_fd()) {
            sockets.clear();
        }
        sockets.push(next);
    }
    for socket in &sockets {
        fcntl_setfd(socket, FdFlags::empty()).unwrap();
    }
    let first = sockets[0].as_raw_fd().to_string();
    let environment =
        [("LISTEN_FDS", "3"), ("LISTEN_FDS_FIRST_FD", first.as_str()), ("HUBBUB_LISTEN", "127.0.0.1:1")];
    let line = "LISTEN_PID=$$ exec \"$HUBBUB\" serve";
    let mut process = Process::start_by_shell(line, &environment);
    let expected: Vec<String> = sockets.iter().map(|it| it.local_addr().unwrap().to_string()).collect();
    assert_eq!(process.addresses, expected);
    for address in &expected {
        assert!(is_well(address), "{address}");
    }
    process.signal("USR2");
    assert_eq!(process.announced(), expected);
    for address in &expected {
        assert!(is_well(address), "{address}");
    }
    assert_eq!(process.ends_with("TERM").code(), Some(0));
}

#[test]
fn both_ip_families_may_share_a_port_and_two_names_an_address() {
    if has_ipv6() {
        let [port] = free_ports(&["0.0.0.0"]);
        let places = format!("0.0.0.0:{port},[::]:{port}");
        let process = Process::start(&[("HUBBUB_LISTEN", &places)], Stdio::null());
        assert!(is_well(&format!("127.0.0.1:{port}")) && is_well(&format!("[::1]:{port}")));
        assert_eq!(process.ends_with("TERM").code(), Some(0));
    }
    let [port] = free_ports(&["127.0.0.1"]);
    let places = format!("127.0.0.1:{port}, 127.0.0.1:{port}");
    let process = Process::start(&[("HUBBUB_LISTEN", &places)], Stdio::null());
    assert_eq!(process.addresses, [format!("127.0.0.1:{port}")]);
}

#[test]
fn an_address_in_use_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let places = format!("127.0.0.1:0,{}", taken.local_addr().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_hubbub"))
        .arg("serve")
        .envs([("HUBBUB_ENV", "development"), ("HUBBUB_LISTEN", &places)])
        .env("HUBBUB_DATA_DIR", folder.path())
        .output()
        .unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains(&format!("cannot listen on {}", taken.local_addr().unwrap())), "{line}");
    assert_eq!(output.status.code(), Some(2));
}
