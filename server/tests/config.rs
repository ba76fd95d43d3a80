//! Settings of the real program: valid ones are applied, and invalid ones stop the start with one line.
//!
//! Long because each setting has its cases.
#![expect(clippy::expect_used, reason = "a program that cannot be called has failed the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The program with nothing in its environment but this.
fn hubbub(folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = without_command(folder, environment);
    command.arg("serve");
    command
}

fn without_command(folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.env_clear().current_dir(folder).envs(environment.iter().copied());
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the program runs")
}

/// The line of a refused start.
fn refused(command: Command) -> String {
    let output = output(command);
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("hubbub: "), "{text}");
    assert!(output.stdout.is_empty());
    text
}

/// A development server on a free port; its address.
fn start(folder: &Path, environment: &[(&str, &str)]) -> (Child, String) {
    let mut command = hubbub(folder, &[("HUBBUB_ENV", "development"), ("HUBBUB_LISTEN", "127.0.0.1:0")]);
    command.envs(environment.iter().copied());
    started(command)
}

/// A server that runs; its address.
fn started(mut command: Command) -> (Child, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let address =
        out.lines().map_while(Result::ok).find_map(|line| Some(line.split_once("http://")?.1.to_owned()));
    (child, address.expect("it says where it listens"))
}

fn terminate(mut child: Child) -> ExitStatus {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    child.wait().expect("it ends")
}

#[test]
// Long because it is a table of invalid settings and their errors.
fn an_invalid_setting_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{SECRET}x");
    let secret = ("JWT_SECRET", SECRET);
    for (environment, said) in [
        (vec![], "JWT_SECRET is not set"),
        (vec![("JWT_SECRET", "")], "shorter than 32 bytes"),
        (vec![("JWT_SECRET", "too short")], "shorter than 32 bytes"),
        (vec![("ACCESS_TOKEN_SECRET", "too short")], "shorter than 32 bytes"),
        (vec![("JWT_SECRET", "0123456789abcdef0123456789abcde\n")], "shorter than 32 bytes"),
        (vec![secret, ("HUBBUB_ACCESS_TOKEN_MINUTES", "0")], "HUBBUB_ACCESS_TOKEN_MINUTES"),
        (vec![secret, ("HUBBUB_ACCESS_TOKEN_MINUTES", "43201")], "HUBBUB_ACCESS_TOKEN_MINUTES"),
        (vec![secret, ("ACCESS_TOKEN_SECRET", &long)], "both set and differ"),
        (vec![secret, ("HUBBUB_ENV", "staging")], "HUBBUB_ENV"),
        (vec![secret, ("HUBBUB_LISTEN", "localhost")], "HUBBUB_LISTEN"),
        (vec![secret, ("HUBBUB_LISTEN", "127.0.0.1:3000,there")], "`there` is not an address with a port"),
        (vec![secret, ("HUBBUB_LISTEN", "127.0.0.1:3000,")], "is not an address with a port"),
        (
            vec![secret, ("HUBBUB_LISTEN", "no-such-host.invalid:3000")],
            "`no-such-host.invalid` is not a known host",
        ),
        (vec![secret, ("PORT", "99999")], "PORT"),
        (vec![secret, ("HUBBUB_LISTEN", "127.0.0.1:4000"), ("PORT", "5000")], "port 4000 and PORT says 5000"),
        (
            vec![secret, ("HUBBUB_LISTEN", "127.0.0.1:4000,127.0.0.1:4001"), ("PORT", "5000")],
            "port 4000, 4001 and PORT says 5000",
        ),
        (vec![secret, ("HUBBUB_BODY_SECONDS", "0")], "HUBBUB_BODY_SECONDS"),
        (vec![secret, ("HUBBUB_RESPONSE_SECONDS", "soon")], "HUBBUB_RESPONSE_SECONDS"),
        (vec![secret, ("DATABASE_URL", "postgres://localhost/hubbub")], "only has SQLite"),
        (vec![secret, ("DATABASE_URL", "mysql://localhost/hubbub")], "sqlite://"),
        (vec![secret, ("DATABASE_URL", "sqlite://:memory:")], "the path of a file"),
        (vec![secret, ("REDIS_URL", "redis://localhost")], "without Redis"),
        (vec![secret, ("REDIS_HOST", "localhost")], "without Redis"),
        (vec![secret, ("CORS_ORIGIN", "https://ok.example,*")], "`*` is not an origin"),
        (vec![secret, ("CORS_ORIGIN", "capacitor://localhost/path")], "is not an origin"),
        (vec![secret, ("HUBBUB_ACCOUNTS", "ldap")], "HUBBUB_ACCOUNTS"),
        (vec![secret, ("HUBBUB_DEV_USER_ID", "no spaces")], "HUBBUB_DEV_USER_ID"),
        (vec![secret, ("HUBBUB_SYNCHRONOUS", "off")], "HUBBUB_SYNCHRONOUS"),
        (vec![secret, ("HUBBUB_RATE_LIMITS", "maybe")], "HUBBUB_RATE_LIMITS"),
        (vec![secret, ("HUBBUB_MESSAGES_PER_SECOND_PER_USER", "0")], "HUBBUB_MESSAGES_PER_SECOND_PER_USER"),
        (vec![secret, ("HUBBUB_MAX_CONNECTIONS", "many")], "HUBBUB_MAX_CONNECTIONS"),
        (
            vec![secret, ("HUBBUB_RATE_LIMITS", "off"), ("HUBBUB_TYPING_PER_SECOND_PER_USER", "5")],
            "HUBBUB_RATE_LIMITS is off, but HUBBUB_TYPING_PER_SECOND_PER_USER is set",
        ),
        (
            vec![secret, ("HUBBUB_MAX_MESSAGE_BYTES", "2000"), ("HUBBUB_MAX_FRAME_BYTES", "1000")],
            "HUBBUB_MAX_MESSAGE_BYTES is 2000 and does not fit",
        ),
        (vec![secret, ("HUBBUB_HISTORY_CACHE_BYTES", "64M")], "HUBBUB_HISTORY_CACHE_BYTES"),
        (vec![secret, ("HUBBUB_INBOX_BYTES_PER_USER", "0")], "HUBBUB_INBOX_BYTES_PER_USER"),
        (vec![secret, ("HUBBUB_EDIT_WINDOW_SECONDS", "0")], "HUBBUB_EDIT_WINDOW_SECONDS"),
        (vec![secret, ("HUBBUB_MEMBERS_PIN", "all")], "HUBBUB_MEMBERS_PIN"),
        (vec![secret, ("HUBBUB_REACTION_WORDS", "like,well done")], "HUBBUB_REACTION_WORDS has 'well done'"),
        (vec![secret, ("HUBBUB_COMPRESSION", "gzip")], "HUBBUB_COMPRESSION"),
        (vec![secret, ("HUBBUB_COMPRESSION_MIN_BYTES", "1k")], "HUBBUB_COMPRESSION_MIN_BYTES"),
        (
            vec![secret, ("HUBBUB_COMPRESSION", "off"), ("HUBBUB_COMPRESSION_MIN_BYTES", "500")],
            "HUBBUB_COMPRESSION is off, but HUBBUB_COMPRESSION_MIN_BYTES is set",
        ),
        (vec![secret, ("HUBBUB_TRUSTED_PROXIES", "10.0.0.1,nginx")], "HUBBUB_TRUSTED_PROXIES `nginx`"),
        (vec![secret, ("HUBBUB_LOG", "info,=")], "HUBBUB_LOG"),
        (
            vec![secret, ("HUBBUB_LOG", "inof")],
            "HUBBUB_LOG `inof` is not a log filter: `inof` is not a level",
        ),
        (vec![secret, ("HUBBUB_LOG", "servr=info")], "nothing is logged as `servr`"),
        (vec![secret, ("HUBBUB_LISTN", "127.0.0.1:4000")], "unknown setting HUBBUB_LISTN"),
        (vec![secret, ("HUBBUB_TRUST_QUERY_USER", "on")], "only works with HUBBUB_ENV=development"),
    ] {
        let line = refused(hubbub(folder.path(), &environment));
        assert!(line.contains(said), "{environment:?}: {line}");
        assert!(!line.contains(SECRET), "{line}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_invalid_account_setting_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, development) = (("JWT_SECRET", SECRET), ("HUBBUB_ENV", "development"));
    for (environment, said) in [
        (vec![secret, ("HUBBUB_REGISTRATION", "invited")], "HUBBUB_REGISTRATION"),
        (vec![secret, ("HUBBUB_DIRECTORY", "none")], "HUBBUB_DIRECTORY"),
        (vec![secret, ("HUBBUB_MEMBER_EMAILS", "some")], "HUBBUB_MEMBER_EMAILS"),
        (vec![secret, ("HUBBUB_LOOKUPS_PER_MINUTE_PER_USER", "0")], "HUBBUB_LOOKUPS_PER_MINUTE_PER_USER"),
        (vec![secret, ("HUBBUB_ROLE_CLAIM", "")], "HUBBUB_ROLE_CLAIM"),
        (vec![secret, ("HUBBUB_ROLE_CLAIM", "sub")], "means something else in a token"),
        (vec![secret, ("HUBBUB_COOKIE_NAME", "")], "HUBBUB_COOKIE_NAME"),
        (vec![secret, ("HUBBUB_COOKIE_NAME", "two words")], "HUBBUB_COOKIE_NAME"),
        (vec![secret, ("HUBBUB_COOKIE_NAME", "hubbub_theme")], "the cookie of the theme"),
        (vec![secret, development, ("HUBBUB_COOKIE_NAME", "__Host-chat")], "needs TLS"),
    ] {
        let line = refused(hubbub(folder.path(), &environment));
        assert!(line.contains(said), "{environment:?}: {line}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let help = hubbub(folder.path(), &[]).arg("--help").output().expect("the program runs");
    let help = String::from_utf8(help.stdout).unwrap();
    for setting in [
        "HUBBUB_REGISTRATION",
        "HUBBUB_DIRECTORY",
        "HUBBUB_LOOKUPS_PER_MINUTE_PER_USER",
        "HUBBUB_MEMBER_EMAILS",
        "HUBBUB_ROLE_CLAIM",
        "HUBBUB_COOKIE_NAME",
    ] {
        assert!(help.contains(setting), "{setting}: {help}");
    }
}

#[test]
// Long because it is a table of calls and their output.
fn a_wrong_call_prints_one_line_and_help_lists_all_settings() {
    let folder = tempfile::tempdir().unwrap();
    let call = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        command.env_clear().current_dir(folder.path()).args(arguments);
        command
    };
    for (arguments, said) in [
        (vec!["run"], "run"),
        (vec!["user"], "a command is missing"),
        (vec!["--colour"], "--colour"),
        (vec!["serve", "--colour"], "--colour"),
        (vec!["serve", "more"], "more"),
        (vec!["serve", "--listen", "here"], "--listen"),
        (vec!["backup"], "FILE"),
        (vec!["restore", "--database-url", "mysql://x", "copy.db"], "sqlite://"),
    ] {
        let line = refused(call(&arguments));
        assert!(line.contains(said), "{arguments:?}: {line}");
    }
    let help = output(call(&["serve", "--help"]));
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success());
    for setting in [
        "HUBBUB_ENV",
        "HUBBUB_LISTEN",
        "PORT",
        "JWT_SECRET",
        "ACCESS_TOKEN_SECRET",
        "HUBBUB_ACCESS_TOKEN_MINUTES",
        "HUBBUB_DATA_DIR",
        "DATABASE_URL",
        "HUBBUB_SYNCHRONOUS",
        "CORS_ORIGIN",
        "HUBBUB_ACCOUNTS",
        "HUBBUB_SERVER_NAME",
        "HUBBUB_SITE_DIR",
        "HUBBUB_TRUSTED_PROXIES",
        "HUBBUB_RATE_LIMITS",
        "HUBBUB_LOGINS_PER_MINUTE",
        "HUBBUB_HANDSHAKES_PER_MINUTE",
        "HUBBUB_MESSAGES_PER_SECOND_PER_USER",
        "HUBBUB_TYPING_PER_SECOND_PER_USER",
        "HUBBUB_BROADCASTS_PER_SECOND",
        "HUBBUB_COMMANDS_PER_SECOND",
        "HUBBUB_MAX_CONNECTIONS",
        "HUBBUB_MAX_CONNECTIONS_PER_ADDRESS",
        "HUBBUB_MAX_CONNECTIONS_PER_USER",
        "HUBBUB_MAX_ROOMS_PER_CONNECTION",
        "HUBBUB_MAX_FRAME_BYTES",
        "HUBBUB_MAX_MESSAGE_BYTES",
        "HUBBUB_HISTORY_CACHE_BYTES",
        "HUBBUB_FIRST_REQUEST_SECONDS",
        "HUBBUB_KEEP_ALIVE_SECONDS",
        "HUBBUB_BODY_SECONDS",
        "HUBBUB_RESPONSE_SECONDS",
        "HUBBUB_COMPRESSION",
        "HUBBUB_COMPRESSION_MIN_BYTES",
        "HUBBUB_LOG",
    ] {
        assert!(text.contains(setting), "{setting}: {text}");
    }
    assert!(output(call(&["--help"])).status.success());
    assert!(output(call(&["--version"])).status.success());
}

#[test]
fn without_a_command_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let development = ("HUBBUB_ENV", "development");
    let plain = without_command(folder.path(), &[development, ("HUBBUB_LISTEN", "127.0.0.1:0")]);
    let mut with_flags = without_command(folder.path(), &[development]);
    with_flags.args(["--listen", "127.0.0.1:0"]);
    for command in [plain, with_flags] {
        let (server, address) = started(command);
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        assert_eq!(terminate(server).code(), Some(0));
    }
    let help = output({
        let mut help = without_command(folder.path(), &[]);
        help.arg("--help");
        help
    });
    assert!(String::from_utf8(help.stdout).unwrap().contains("hubbub serve"));
}

/// What cargo-leptos sets for the server that it starts.
#[test]
fn the_address_and_the_folder_of_cargo_leptos_are_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let development = ("HUBBUB_ENV", "development");
    let leptos = [("LEPTOS_SITE_ADDR", "127.0.0.1:0"), ("LEPTOS_SITE_ROOT", "built")];
    std::fs::create_dir_all(folder.path().join("built")).unwrap();
    std::fs::write(folder.path().join("built/robots.txt"), "of cargo-leptos").unwrap();
    let (server, address) = started(without_command(folder.path(), &[development, leptos[0], leptos[1]]));
    let request = "GET /robots.txt HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(ask(&address, request).ends_with("of cargo-leptos"));
    assert_eq!(terminate(server).code(), Some(0));

    // The server's own settings win.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line =
        refused(without_command(folder.path(), &[development, leptos[0], ("HUBBUB_LISTEN", &address)]));
    assert!(line.contains(&format!("cannot listen on {address}")), "{line}");
}

#[test]
fn a_flag_overrides_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command =
        hubbub(folder.path(), &[("JWT_SECRET", SECRET), ("HUBBUB_LISTEN", "127.0.0.1:0"), ("PORT", "1")]);
    command.args(["--listen", &address]);
    // The address of the flag is in use, so the error names the chosen one.
    let line = refused(command);
    assert!(line.contains(&format!("cannot listen on {address}")), "{line}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_unusable_database_is_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hubbub.db");
    let content = "this is not a database, but it may be dear to somebody".repeat(50);
    std::fs::write(&file, &content).unwrap();
    let url = format!("sqlite://{}", file.display());
    let environment = [("JWT_SECRET", SECRET), ("HUBBUB_LISTEN", "127.0.0.1:0"), ("DATABASE_URL", &url)];
    let line = refused(hubbub(folder.path(), &environment));
    assert!(line.contains("hubbub.db"), "{line}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), content);

    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, permissions).unwrap();
    let line = refused(hubbub(folder.path(), &environment));
    assert!(line.contains("read-only"), "{line}");
}

#[test]
fn a_development_server_needs_no_settings_and_keeps_its_secret() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (first, address) = start(folder.path(), &[]);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let port = address.rsplit(':').next().unwrap_or_default();

    let second = hubbub(folder.path(), &[("HUBBUB_ENV", "development"), ("PORT", port)]);
    let line = refused(second);
    assert!(line.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{line}");

    let file = folder.path().join("data/jwt-secret");
    let secret = std::fs::read(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(terminate(first).code(), Some(0));

    let (again, _) = start(folder.path(), &[]);
    assert_eq!(std::fs::read(&file).unwrap(), secret);
    assert_eq!(terminate(again).code(), Some(0));
}

/// The lines that a server wrote to stderr until it listened.
fn log_of_a_start(folder: &Path, environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = hubbub(folder, &[("HUBBUB_ENV", "development"), ("HUBBUB_LISTEN", "127.0.0.1:0")]);
    command.envs(environment.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut lines = Vec::new();
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        let listens = line.contains("Listening on");
        lines.push(line);
        if listens {
            break;
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    lines
}

#[test]
fn synchronous_normal_is_logged_at_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let warns = |environment: &[(&str, &str)]| {
        let lines = log_of_a_start(folder.path(), environment);
        lines.iter().any(|line| line.contains("WARN") && line.contains("HUBBUB_SYNCHRONOUS=normal"))
    };
    assert!(warns(&[("HUBBUB_SYNCHRONOUS", "normal")]));
    assert!(!warns(&[]));
}

#[test]
fn old_names_of_settings_still_work_and_are_named_in_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let warning = |environment: &[(&str, &str)]| {
        let lines = log_of_a_start(folder.path(), environment);
        lines.into_iter().filter(|line| line.contains("Old names of settings")).collect::<Vec<_>>()
    };
    let old = [("HUBBUB_WISHES_PER_SECOND", "5"), ("HUBBUB_AT_HAND_BYTES", "1000000")];
    let lines = warning(&old);
    assert!(
        lines.len() == 1
            && lines[0].contains("WARN")
            && lines[0].contains("HUBBUB_WISHES_PER_SECOND is now HUBBUB_COMMANDS_PER_SECOND")
            && lines[0].contains("HUBBUB_AT_HAND_BYTES is now HUBBUB_HISTORY_CACHE_BYTES"),
        "{lines:?}"
    );
    assert_eq!(warning(&[("HUBBUB_COMMANDS_PER_SECOND", "5")]), [""; 0]);

    // The old name reaches the setting, and so does an error in its value.
    let secret = ("JWT_SECRET", SECRET);
    let line = refused(hubbub(folder.path(), &[secret, ("HUBBUB_HANDSHAKES_AT_ONCE", "many")]));
    assert!(line.contains("--max-concurrent-handshakes"), "{line}");
    assert!(line.contains("also set by HUBBUB_HANDSHAKES_AT_ONCE"), "{line}");
    let mut by_flag = hubbub(folder.path(), &[secret]);
    by_flag.args(["--handshakes-at-once=many"]);
    let line = refused(by_flag);
    assert!(line.contains("--max-concurrent-handshakes"), "{line}");
}

#[test]
fn an_old_and_a_new_name_of_one_setting_are_an_error_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let secret = ("JWT_SECRET", SECRET);
    let (old, new) = ("HUBBUB_SIGN_INS_PER_MINUTE", "HUBBUB_LOGINS_PER_MINUTE");
    let line = refused(hubbub(folder.path(), &[secret, (old, "5"), (new, "5")]));
    assert!(line.contains(&format!("{old} and {new} are both set")), "{line}");
    let mut by_flags = hubbub(folder.path(), &[secret]);
    by_flags.args(["--sign-ins-per-minute", "5", "--logins-per-minute", "5"]);
    let line = refused(by_flags);
    assert!(line.contains("--sign-ins-per-minute and --logins-per-minute are both set"), "{line}");
}

#[test]
fn a_configured_limit_is_enforced() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = start(folder.path(), &[("HUBBUB_HANDSHAKES_PER_MINUTE", "1")]);
    let statuses = [(); 2].map(|()| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /api/v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    });
    // The first is admitted although it is no handshake. The second is not admitted.
    assert_eq!(statuses, ["400", "429"]);
    assert_eq!(terminate(server).code(), Some(0));
}

/// The response to these bytes of a request.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn app_and_file_origins_can_be_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = start(folder.path(), &[("CORS_ORIGIN", "capacitor://localhost, null")]);
    for (origin, status) in [("capacitor://localhost", "200"), ("null", "200"), ("ionic://localhost", "403")]
    {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(ask(&address, &request).split(' ').nth(1), Some(status), "{origin}");
    }
    assert_eq!(terminate(server).code(), Some(0));
}

#[test]
fn the_line_break_after_a_secret_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let claims = serde_json::json!({ "sub": "ann", "name": "ann", "exp": 4_102_444_800_u64 });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let request = format!(
        "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    for (name, end) in [("JWT_SECRET", "\n"), ("ACCESS_TOKEN_SECRET", " \r\n")] {
        let secret = format!("{SECRET}{end}");
        let settings = [(name, secret.as_str()), ("HUBBUB_ACCOUNTS", "external")];
        let (server, address) = start(folder.path(), &settings);
        assert_eq!(ask(&address, &request).split(' ').nth(1), Some("200"), "{name}");
        assert_eq!(terminate(server).code(), Some(0));
    }
}
