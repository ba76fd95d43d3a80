//! Host names of a development server: requests under other names are refused, because a page of another name can lead to
//! this machine (DNS rebinding).

use std::io::{Read, Write};
use std::process::Stdio;

use crate::{Process, connect};

/// The response to a request for this host.
fn answer_to(address: &str, host: &str, path: &str) -> String {
    let mut stream = connect(address);
    let upgrade = if path.contains("/ws/") {
        "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    } else {
        "connection: close\r\n"
    };
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n{upgrade}\r\n").unwrap();
    let mut answer = Vec::new();
    let mut some = [0; 4_096];
    // A request that is no handshake ends with its connection.
    while !answer.starts_with(b"HTTP/1.1 101") {
        match stream.read(&mut some).unwrap() {
            0 => break,
            count => answer.extend_from_slice(&some[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

const GATEWAYS: [(&str, &str); 3] =
    [("/healthz", "200"), ("/ws/endpoint", "101"), ("/socket.io/?EIO=4&transport=polling", "200")];

#[test]
fn a_local_development_server_answers_only_to_its_own_host_names() {
    let process = Process::start(&[], Stdio::null());
    let address = &process.addresses[0];
    let port = address.rsplit(':').next().unwrap();
    for (path, well) in GATEWAYS {
        for own in ["localhost", "LOCALHOST.", "hub.localhost", "127.0.0.1", "127.8.9.10", "[::1]"] {
            for host in [own.to_owned(), format!("{own}:{port}")] {
                let answer = answer_to(address, &host, path);
                assert!(answer.starts_with(&format!("HTTP/1.1 {well} ")), "{host} {path}: {answer}");
            }
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "192.0.2.1",
            "[2001:db8::1]",
            "0.0.0.0",
        ] {
            let answer = answer_to(address, &format!("{foreign}:{port}"), path);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{foreign} {path}: {answer}");
            assert!(answer.contains("HUBBUB_LISTEN") && answer.contains("localhost"), "{answer}");
        }
    }
    // A request may name its host in the first line, too.
    let mut stream = connect(address);
    let request =
        format!("GET http://evil.example/healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn a_public_development_server_answers_to_any_host_name() {
    let process = Process::start(&[("HUBBUB_LISTEN", "0.0.0.0:0")], Stdio::null());
    let port = process.addresses[0].rsplit(':').next().unwrap();
    for (path, well) in GATEWAYS {
        let answer = answer_to(&format!("127.0.0.1:{port}"), "chat.example.org", path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {well} ")), "{path}: {answer}");
    }
}
