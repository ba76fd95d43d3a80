//! The signing secret from a file, as service managers and clusters hand it over.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::{Process, connect};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The line of a start that is refused, in production. One that is not refused is ended after a while.
fn refused(settings: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "20", env!("CARGO_BIN_EXE_hubbub"), "serve"]);
    command.env_clear().env("HUBBUB_DATA_DIR", folder.path().join("data"));
    let output = command.env("HUBBUB_LISTEN", "127.0.0.1:0").envs(settings.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{settings:?}: {text}");
    text
}

#[test]
fn a_secret_file_is_read_without_its_final_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt-secret");
    let claims = serde_json::json!({ "sub": "ann", "name": "ann", "exp": 4_102_444_800_u64 });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    for end in ["", "\n", "\r\n", "\n\n"] {
        fs::write(&file, format!("{SECRET}{end}")).unwrap();
        let settings = [("JWT_SECRET_FILE", file.to_str().unwrap()), ("HUBBUB_ACCOUNTS", "external")];
        let process = Process::start(&settings, Stdio::null());
        let mut stream = connect(&process.addresses[0]);
        let request = format!(
            "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{end:?}: {answer}");
    }
}

#[test]
fn an_unusable_secret_file_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("good", SECRET.as_bytes());
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let large = write("large", &vec![b'x'; 100_000]);
    for (file, said) in [
        (write("empty", b""), "shorter than 32 bytes"),
        (write("blank", b" \n"), "shorter than 32 bytes"),
        (write("short", b"too short\n"), "shorter than 32 bytes"),
        (write("bytes", &[0xff; 40]), "not text"),
        (missing, "cannot be read"),
        (folder.path().to_str().unwrap().to_owned(), "cannot be read"),
        (large, "larger than"),
        (String::new(), ""),
    ] {
        let line = refused(&[("JWT_SECRET_FILE", &file)]);
        assert!(line.contains("JWT_SECRET_FILE") && line.contains(said), "{file}: {line}");
    }
    for other in ["JWT_SECRET", "ACCESS_TOKEN_SECRET"] {
        let line = refused(&[("JWT_SECRET_FILE", &good), (other, SECRET)]);
        assert!(line.contains("JWT_SECRET_FILE") && line.contains(other) && !line.contains(SECRET), "{line}");
    }
}
