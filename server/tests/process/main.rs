//! The process and what is around it: its log, its signals, its open files, its listening sockets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

mod hosts;
mod listen;
mod log;
mod logins;
mod overload;
mod secret;
mod signals;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long a test waits for what should come at once, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A development server; `kill -9` when it is dropped.
struct Process {
    child: Child,
    /// Its stdout.
    said: BufReader<ChildStdout>,
    addresses: Vec<String>,
    _folder: TempDir,
}

impl Process {
    /// Starts the program on a free port.
    fn start(environment: &[(&str, &str)], stderr: impl Into<Stdio>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        command.arg("serve").env("HUBBUB_LISTEN", "127.0.0.1:0").stderr(stderr);
        Self::run(command, environment)
    }

    /// Starts the program by a line for the shell, in which it is `"$HUBBUB" serve`.
    fn start_by_shell(line: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("HUBBUB", env!("CARGO_BIN_EXE_hubbub"));
        command.env("HUBBUB_LISTEN", "127.0.0.1:0").stderr(Stdio::null());
        Self::run(command, environment)
    }

    fn run(mut command: Command, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        command.env("HUBBUB_ENV", "development").env("HUBBUB_DATA_DIR", folder.path()).env("NO_COLOR", "1");
        command.envs(environment.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { child, said, addresses: Vec::new(), _folder: folder };
        process.addresses = process.announced();
        process
    }

    /// The addresses of the next announcement.
    fn announced(&mut self) -> Vec<String> {
        loop {
            let mut line = String::new();
            assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "it ended before it listened");
            if line.contains("http://") {
                let all = line.split_whitespace().filter_map(|word| word.strip_prefix("http://"));
                return all.map(str::to_owned).collect();
            }
        }
    }

    fn connect(&self) -> TcpStream {
        connect(&self.addresses[0])
    }

    fn signal(&self, name: &str) {
        let order = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// The exit code after this signal.
    fn ends_with(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The whole answer to a request without a body; the connection is closed behind it.
fn ask(address: &str, method: &str, path: &str) -> String {
    let mut stream = connect(address);
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the answer that comes next.
fn read_status(stream: &mut TcpStream) -> u16 {
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line)["HTTP/1.1 ".len()..].parse().unwrap()
}

fn is_well(address: &str) -> bool {
    ask(address, "GET", "/healthz").starts_with("HTTP/1.1 200 ")
}

/// Opens the socket that needs no token in development.
fn open_socket(process: &Process) -> TcpStream {
    let (stream, status) = ask_for_socket(process);
    assert_eq!(status, 101);
    stream
}

/// Asks for the socket that needs no token in development. Answers with the status.
fn ask_for_socket(process: &Process) -> (TcpStream, u16) {
    let mut stream = process.connect();
    stream
        .write_all(
            b"GET /ws/endpoint HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
              sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    let status = read_status(&mut stream);
    (stream, status)
}
