//! Runs what README.md, docs/TUTORIAL.md and docs/OPERATIONS.md show: every command, every example, every file.
//!
//! A block says after its language what is to be done with it. `sh` is run beside a development server, in the order of
//! the document and in one shell; `sh stopped` after that server has ended; `js until=WORD` until it has printed the word.
//! `sh no-run` builds or installs, and `jsx no-run` is a part of another app; of that, of the files of other programs,
//! and of code within lines, what can be checked is checked.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod blocks;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use blocks::{Block, blocks, commands, figures, numbers, settings};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hubbub");

/// The documents whose blocks are run.
const RUN: [&str; 3] = ["README.md", "docs/TUTORIAL.md", "docs/OPERATIONS.md"];

/// What cargo-leptos is asked for.
const LEPTOS: [&str; 4] = ["build", "end-to-end", "serve", "watch"];

/// Where the documents say that the server is.
const ADDRESSES: [&str; 2] = ["localhost:3000", "127.0.0.1:3000"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn document(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn all_that_run() -> String {
    RUN.map(document).concat()
}

/// A development server on a free port.
struct Server {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .env("HUBBUB_ENV", "development")
            .env("HUBBUB_LISTEN", "127.0.0.1:0")
            .env("HUBBUB_DATA_DIR", folder.path().join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("http://")?.1.to_owned()));
        let server = Self { child, address: address.unwrap(), folder };
        fs::create_dir(server.folder.path().join("bin")).unwrap();
        std::os::unix::fs::symlink(PROGRAM, server.folder.path().join("bin/hubbub")).unwrap();
        for folder in ["backups", "place"] {
            fs::create_dir(server.folder.path().join(folder)).unwrap();
        }
        server
    }

    /// A text of a document, with this server and folders of its own in it.
    fn meant(&self, text: &str) -> String {
        let folder = self.folder.path().to_str().unwrap();
        let text = ADDRESSES.iter().fold(text.to_owned(), |text, it| text.replace(it, &self.address));
        text.replace("/backups/", &format!("{folder}/backups/"))
            .replace("/safe/place/", &format!("{folder}/place/"))
    }

    /// Runs commands in one shell that ends at the first failure, an error response included.
    fn run(&self, commands: &str) -> Output {
        let path = format!("{}/bin:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash")
            .args(["-euo", "pipefail", "-s"])
            .env("PATH", path)
            .env("HUBBUB_DATA_DIR", self.folder.path().join("data"))
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let careful = "curl() { command curl --fail-with-body \"$@\"; }\n";
        let script = careful.to_owned() + &self.meant(commands);
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        shell.wait_with_output().unwrap()
    }

    fn succeeds(&self, commands: &str) -> String {
        let output = self.run(commands);
        let (said, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {said}{errors}\n{commands}", output.status);
        said.into_owned()
    }

    /// Ends the server as a service manager does.
    fn stop(&mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a script until it has printed a word.
fn runs_until(script: &str, word: &str) {
    let mut child = Command::new("node")
        // Node 20 has WebSocket behind a switch, later ones have it as it is.
        .args(["--experimental-websocket", "--input-type=module", "--eval", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let is_said =
        lines.inspect(|line| said.push(line.clone())).any(|line| line.split(' ').next() == Some(word));
    child.kill().unwrap();
    let errors = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(is_said, "`{word}` was not said, but {said:#?}\n{errors}");
}

fn of_language<'a>(blocks: &'a [Block], language: &'a str) -> impl Iterator<Item = &'a Block> {
    blocks.iter().filter(move |block| block.language == language)
}

/// The blocks of these commands, as one text.
fn together(blocks: &[Block], is_meant: impl Fn(&Block) -> bool) -> String {
    of_language(blocks, "sh").filter(|it| is_meant(it)).map(|it| it.text.as_str()).collect()
}

#[test]
fn readme_commands_do_what_they_show() {
    let commands = together(&blocks(&document("README.md")), |it| it.marks.is_empty());
    let said = Server::start().succeeds(&commands);
    assert!(said.contains("kitchen-table") && said.contains("Hello from a shell"), "{said}");
}

#[test]
fn tutorial_commands_and_examples_do_what_they_show() {
    let blocks = blocks(&document("docs/TUTORIAL.md"));
    let server = Server::start();
    let commands = together(&blocks, |it| it.marks.is_empty());
    let said = server.succeeds(&commands);
    assert!(said.contains("kitchen-table") && said.contains(r#""progress":40"#), "{said}");
    let scripts: Vec<_> = of_language(&blocks, "js").collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        runs_until(&server.meant(&script.text), script.value("until").unwrap());
    }
}

#[test]
fn figures_of_the_readme_are_those_that_were_measured() {
    let (readme, measured) = (document("README.md"), document("docs/PERFORMANCE.md"));
    let shown = figures(&readme, "## In numbers");
    assert!(shown.len() > 15, "{shown:?}");
    let known: BTreeSet<&str> = numbers(&measured).collect();
    let others: Vec<_> = shown.iter().filter(|it| !known.contains(*it)).collect();
    assert!(others.is_empty(), "docs/PERFORMANCE.md has no {others:?}");
}

#[test]
fn handbook_commands_do_what_they_show() {
    let blocks = blocks(&document("docs/OPERATIONS.md"));
    let mut server = Server::start();
    let cron: Vec<_> = of_language(&blocks, "cron").flat_map(|it| it.text.lines()).collect();
    assert!(!cron.is_empty());
    for line in cron {
        // Five fields say when; a `%` would be a line break to cron.
        let command = line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
        let said = server.succeeds(&command);
        assert!(said.contains("Copied ") && said.contains("nothing is wrong"), "{said}");
    }
    server.succeeds("hubbub backup /backups/hubbub-2026-11-21.db");
    let said = server.succeeds(&together(&blocks, |it| it.marks.is_empty()));
    assert_eq!(said.matches("nothing is wrong").count(), 2, "{said}");
    let restore = together(&blocks, |it| it.has("stopped"));
    assert!(!server.run(&restore).status.success(), "not while a server runs");
    server.stop();
    let said = server.succeeds(&restore);
    assert!(said.contains("Restored") && said.contains("nothing is wrong"), "{said}");
}

#[test]
fn every_code_block_names_its_language() {
    for path in RUN {
        for Block { language, marks, text } in blocks(&document(path)) {
            let known = match language.as_str() {
                "sh" => marks.is_empty() || marks == ["no-run"] || marks == ["stopped"],
                "js" => marks.len() == 1 && marks[0].starts_with("until="),
                "jsx" => marks == ["no-run"],
                // `text` is what the program prints.
                "ini" | "nginx" | "cron" | "text" => marks.is_empty(),
                _ => false,
            };
            assert!(known, "{path}: nobody tries out this block: {language} {marks:?}\n{text}");
        }
    }
}

#[test]
fn every_named_command_exists() {
    let makefile = document("Makefile");
    let targets: BTreeSet<_> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|it| it.0).collect();
    let documents = all_that_run() + &document("CONTRIBUTING.md") + &document("docs/DIALECTS.md");
    let made = commands(&documents, "make");
    assert!(made.len() > 5, "{made:?}");
    // `make` alone lists them.
    for target in made.iter().filter_map(|command| command.split(' ').nth(1)) {
        assert!(targets.contains(target), "make {target}");
    }
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let called = commands(&all_that_run(), "hubbub");
    assert!(called.len() > 5, "{called:?}");
    // Alone it is `hubbub serve`.
    for (command, name) in called.iter().filter_map(|it| Some((it, it.split(' ').nth(1)?))) {
        assert!(help.contains(&format!("\n  {name} ")) || help.contains(name), "{command}: {help}");
    }
    let called = commands(&documents, "cargo");
    assert!(called.len() > 5, "{called:?}");
    for command in called {
        assert!(cargo_can(&command), "{command}");
    }
}

/// Whether cargo has what a command asks for: a package of ours, a subcommand of cargo-leptos, or the version of a
/// tool that `tools/setup` installs.
fn cargo_can(command: &str) -> bool {
    let words: Vec<_> = command.split(' ').skip(1).collect();
    let after = |flag: &str| words.iter().position(|it| *it == flag).and_then(|at| words.get(at + 1));
    match words.as_slice() {
        ["leptos", asked, ..] => LEPTOS.contains(asked),
        ["install", tool, "--version", version, ..] => {
            let pinned = format!("{}={version}", tool.replace('-', "_"));
            document("tools/setup").lines().any(|line| line == pinned)
        }
        ["nextest" | "run" | "test", ..] => after("-p").is_none_or(|package| {
            let mut folders =
                ["", "crates", "qa"].into_iter().map(|folder| root().join(folder).join(package));
            let package = folders.find(|it| it.join("Cargo.toml").exists());
            let places = [("--test", "tests"), ("--example", "examples"), ("--bin", "src/bin")];
            let program = places.iter().find_map(|(flag, folder)| Some((folder, after(flag)?)));
            package.is_some_and(|package| match program {
                Some((folder, name)) => has_program(&package.join(folder), name),
                None => words.first() != Some(&"run") || package.join("src/main.rs").exists(),
            })
        }),
        _ => false,
    }
}

/// Whether a folder has a program of this name, as a file or as a folder.
fn has_program(folder: &Path, name: &str) -> bool {
    folder.join(name).join("main.rs").exists() || folder.join(name).with_extension("rs").exists()
}

/// The settings that `hubbub serve --help` lists.
fn known_settings() -> BTreeSet<String> {
    let help = Command::new(PROGRAM).args(["serve", "--help"]).env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let named = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    named.map(str::to_owned).collect()
}

#[test]
fn the_handbook_lists_exactly_the_settings() {
    let known = known_settings();
    assert!(known.len() > 30, "{known:?}");
    let handbook = document("docs/OPERATIONS.md");
    let rows: Vec<_> = handbook.lines().filter(|line| line.starts_with("| `")).collect();
    for setting in &known {
        let quoted = format!("`{setting}`");
        let is_there = rows.iter().any(|row| row.split(" | ").next().is_some_and(|it| it.contains(&quoted)));
        assert!(is_there, "{setting} has no row in docs/OPERATIONS.md");
    }
    for setting in settings(&all_that_run()) {
        assert!(known.contains(&setting), "{setting} is named, and `hubbub serve` does not know it");
    }
}

#[test]
fn systemd_units_are_valid_and_serve_styled_pages() {
    let blocks = blocks(&document("docs/OPERATIONS.md"));
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for block in of_language(&blocks, "ini") {
        let path =
            block.text.lines().next().and_then(|line| line.strip_prefix("# /etc/systemd/system/")).unwrap();
        // Here it is installed elsewhere, and for nobody.
        let text = block.text.replace("/usr/local/bin/hubbub", PROGRAM).replace("User=hubbub\n", "");
        fs::write(folder.path().join(path), text).unwrap();
        units.push(folder.path().join(path));
    }
    let service = of_language(&blocks, "ini").find(|it| it.text.contains("ExecStart=")).unwrap();
    for setting in ["HUBBUB_DATA_DIR", "HUBBUB_SITE_DIR"] {
        // Otherwise they are below the folder in which a service starts, which is `/`.
        assert!(service.text.contains(&format!("Environment={setting}=/")), "{setting}");
    }
    match Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() {
        Ok(verdict) => {
            let said = String::from_utf8_lossy(&verdict.stderr);
            let ours: Vec<_> = said.lines().filter(|line| line.contains("hubbub.")).collect();
            assert!(ours.is_empty(), "{ours:#?}");
        }
        Err(_) => println!("There is no systemd-analyze here"),
    }
}

#[test]
fn the_nginx_configuration_is_valid_and_forwards_headers() {
    let blocks = blocks(&document("docs/OPERATIONS.md"));
    let block = of_language(&blocks, "nginx").next().unwrap();
    for header in ["Host $http_host", "Upgrade ", "Connection ", "X-Forwarded-For ", "X-Forwarded-Proto "] {
        assert!(block.text.contains(&format!("proxy_set_header {header}")), "{header}");
    }
    let open = block.text.matches('{').count();
    assert_eq!(open, block.text.matches('}').count());
    let folder = tempfile::tempdir().unwrap();
    // Without a certificate, which would have to be there.
    let plain: Vec<&str> = block.text.lines().filter(|line| !line.contains("ssl_")).collect();
    let plain = plain.join("\n").replace("listen 443 ssl", "listen 8443");
    let own = folder.path().display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|it| format!("{it}_temp_path {own}/{it};\n"));
    let whole = format!(
        "pid {own}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{}{plain}\n}}\n",
        temporary.concat()
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, whole).unwrap();
    match Command::new("nginx").arg("-t").arg("-c").arg(&file).output() {
        Ok(verdict) => assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stderr)),
        Err(_) => println!("There is no nginx here"),
    }
}
