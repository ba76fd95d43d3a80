//! Who may know whom, how long a file may be, and what nobody may write.
//!
//! Each wall is a function from text to offences, tried on a bad sample first: a wall without an alarm is a wish.
#![expect(clippy::unwrap_used, reason = "a wall that cannot read what it guards must fail loudly")]

mod growing;
mod text;

use std::process::Command;

use text::{Source, dependencies, holds, lines_with, read, root, sources};

/// Those of `names` that `manifest` depends on and must not.
fn strangers(manifest: &str, is_stranger: impl Fn(&str) -> bool) -> Vec<String> {
    dependencies(manifest)
        .into_iter()
        .filter(|name| is_stranger(name))
        .map(|name| format!("depends on {name}"))
        .collect()
}

const TRANSPORTS: [&str; 8] =
    ["axum", "jsonwebtoken", "leptos", "redis", "rusqlite", "socketioxide", "sqlx", "tungstenite"];

#[test]
fn the_hub_names_no_transport_and_no_database() {
    let is_stranger = |name: &str| TRANSPORTS.iter().any(|transport| name.starts_with(transport));
    let bad = "[dependencies]\nbytes = \"1\"\naxum.workspace = true\n[dependencies.sqlx]\nversion = \"1\"\n";
    assert_eq!(strangers(bad, is_stranger), ["depends on axum", "depends on sqlx"]);
    holds(&strangers(&read("crates/hub/Cargo.toml"), is_stranger));
}

/// The crates in the output of `cargo tree --prefix none` whose names begin with one of these.
fn named_in(tree: &str, strangers: &[&str]) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| strangers.iter().any(|it| name.starts_with(it))).map(str::to_owned).collect()
}

/// Everything that a crate of ours depends on, one a line.
fn tree_of(package: &str) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = Command::new(cargo)
        .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).unwrap()
}

#[test]
fn nothing_that_the_hub_depends_on_brings_one_in() {
    assert_eq!(named_in("hub v0.1.0 (/hub)\nbytes v1.0.0\naxum-core v0.5.0\n", &TRANSPORTS), ["axum-core"]);
    let tree = tree_of("hub");
    assert!(tree.contains("protocol"), "{tree}");
    holds(&named_in(&tree, &TRANSPORTS));
}

/// The crates of the public protocols; each may use those before it and none of ours besides.
const PROTOCOLS: [&str; 3] = ["websocket", "engineio", "socketio"];

/// What none of them, and nothing that they depend on, may name.
const ABOVE_PROTOCOLS: [&str; 10] =
    ["app", "axum", "engineio", "hub", "hyper", "protocol", "server", "socketio", "tower", "websocket"];

#[test]
fn public_protocols_depend_on_each_other_one_way_and_on_no_http_server() {
    let bad = "socketio v0.1.0 (/crates/socketio)\nengineio v0.1.0\nhyper-util v0.1.0\nhub v0.1.0\n";
    assert_eq!(named_in(bad, &["hub", "hyper"]), ["hyper-util", "hub"]);
    for (position, package) in PROTOCOLS.into_iter().enumerate() {
        let below = PROTOCOLS.get(..=position).unwrap_or_default();
        let tree = tree_of(package);
        assert!(tree.contains("bytes"), "{tree}");
        let strangers: Vec<&str> = ABOVE_PROTOCOLS.into_iter().filter(|name| !below.contains(name)).collect();
        holds(&named_in(&tree, &strangers));
    }
}

/// Whatever moves bytes or waits, in `use` lines and paths.
const MOVERS: [&str; 6] =
    ["futures_util", "std::net", "std::thread", "std::time::Instant", "tokio", "tracing"];

fn codecs_that_move(sources: &[Source]) -> Vec<String> {
    let codecs = sources.iter().filter(|it| it.is_in("crates/") && it.path.contains("/src/codec/"));
    lines_with(codecs, &MOVERS)
}

#[test]
fn the_codecs_know_no_runtime_and_no_transport() {
    let bad = [
        Source::sample(
            "crates/websocket/src/codec/decoder.rs",
            "use bytes::Bytes;\nuse tokio::net::TcpStream;\n",
        ),
        Source::sample("crates/websocket/src/reader.rs", "use tokio::net::TcpStream;\n"),
    ];
    assert_eq!(codecs_that_move(&bad), ["crates/websocket/src/codec/decoder.rs:2 has `tokio`"]);
    let sources = sources();
    for package in PROTOCOLS {
        let codec = format!("crates/{package}/src/codec/mod.rs");
        assert!(sources.iter().any(|it| it.path == codec), "{codec}");
    }
    holds(&codecs_that_move(&sources));
}

#[test]
fn the_protocol_is_words_and_nothing_else() {
    let is_stranger = |name: &str| !["serde", "serde_json", "thiserror", "uuid"].contains(&name);
    assert_eq!(
        strangers("[dependencies]\nserde = \"1\"\ntokio = \"1\"\n", is_stranger),
        ["depends on tokio"]
    );
    holds(&strangers(&read("crates/protocol/Cargo.toml"), is_stranger));
}

#[test]
fn the_pages_do_not_know_the_hub_or_the_server() {
    let is_stranger = |name: &str| ["hub", "server"].contains(&name);
    assert_eq!(strangers("[dependencies]\nhub.workspace = true\n", is_stranger), ["depends on hub"]);
    holds(&strangers(&read("app/Cargo.toml"), is_stranger));
    holds(&strangers(&read("frontend/Cargo.toml"), is_stranger));
}

fn doors_with_a_database(sources: &[Source]) -> Vec<String> {
    lines_with(sources.iter().filter(|it| it.is_in("server/src/gateway")), &["rusqlite", "sqlx"])
}

#[test]
fn the_doors_do_not_know_the_database() {
    let bad = [Source::sample("server/src/gateway/rest/rooms.rs", "fn f() {}\nuse sqlx::SqlitePool;\n")];
    assert_eq!(doors_with_a_database(&bad), ["server/src/gateway/rest/rooms.rs:2 has `sqlx`"]);
    holds(&doors_with_a_database(&sources()));
}

/// The framework's own, which answer what is wrong in words of the framework.
const EXTRACTORS: [&str; 9] = [
    "Form",
    "Json",
    "Multipart",
    "Path",
    "Query",
    "RawForm",
    "RawPathParams",
    "RawQuery",
    "WebSocketUpgrade",
];

/// Where something of the framework is taken from a request that `gateway/extract.rs` takes, too.
fn foreign_extractors(sources: &[Source]) -> Vec<String> {
    let ours = "server/src/gateway/extract.rs";
    let doors = sources
        .iter()
        .filter(|it| (it.is_in("server/src/gateway") || it.is_in("server/src/auth")) && !it.is_in(ours));
    let mut offences = Vec::new();
    for source in doors {
        let named = ["axum::extract::", "axum_extra::extract::"]
            .into_iter()
            .flat_map(|it| source.text.split(it).skip(1));
        let named = named.flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default()],
        });
        let banned = named.map(str::trim).filter(|name| EXTRACTORS.contains(name));
        offences.extend(banned.map(|name| format!("{} takes `{name}`", source.path)));
        // The same type makes answers, which is fine.
        offences.extend(lines_with([source], &[": Json<", "axum::Form"]));
    }
    offences
}

#[test]
fn parts_of_requests_are_taken_in_one_place() {
    let bad = [
        Source::sample("server/src/gateway/rest/a.rs", "use axum::extract::{\n    Path, State,\n};\n"),
        Source::sample("server/src/gateway/b.rs", "fn f() { axum::extract::Query::try_from_uri(uri) }\n"),
        Source::sample("server/src/gateway/c.rs", "async fn f(Json(body): Json<Body>) {}\n"),
        Source::sample(
            "server/src/gateway/d.rs",
            "async fn f() -> Json<Body> {}\nuse axum::extract::State;\n",
        ),
    ];
    let told = foreign_extractors(&bad);
    assert_eq!(
        told,
        [
            "server/src/gateway/rest/a.rs takes `Path`",
            "server/src/gateway/b.rs takes `Query`",
            "server/src/gateway/c.rs:1 has `: Json<`",
        ]
    );
    holds(&foreign_extractors(&sources()));
}

/// `server/src/json` reads what clients send: it takes no list for an object and names no type of ours.
fn other_readers(sources: &[Source]) -> Vec<String> {
    let doors = sources.iter().filter(|it| it.is_in("server/src/gateway") || it.is_in("server/src/dialect"));
    let parts = doors.filter(|it| !it.path.ends_with("/golden.rs")).map(|it| {
        let code = it.text.split("#[cfg(test)]").next().unwrap_or_default();
        Source::sample(&it.path, code)
    });
    lines_with(
        &parts.collect::<Vec<_>>(),
        &["serde_json::from_", "serde_json::Deserializer", "serde_path_to_error"],
    )
}

#[test]
fn json_of_clients_is_read_in_one_place() {
    let bad = [Source::sample("server/src/dialect/native.rs", "fn f() { serde_json::from_str(frame) }\n")];
    assert_eq!(other_readers(&bad), ["server/src/dialect/native.rs:1 has `serde_json::from_`"]);
    holds(&other_readers(&sources()));
}

fn spellings_with_a_transport(sources: &[Source]) -> Vec<String> {
    lines_with(
        sources.iter().filter(|it| it.is_in("server/src/dialect")),
        &["axum", "rusqlite", "sqlx", "tokio"],
    )
}

#[test]
fn a_spelling_knows_no_transport() {
    let bad = [Source::sample("server/src/dialect/native.rs", "use axum::extract::ws::Message;\n")];
    assert_eq!(spellings_with_a_transport(&bad), ["server/src/dialect/native.rs:1 has `axum`"]);
    holds(&spellings_with_a_transport(&sources()));
}

/// Everybody else knows `hub::port::Store` and does not care what is behind it.
fn friends_of_the_store(sources: &[Source]) -> Vec<String> {
    let wiring = [
        "server/src/store",
        "server/src/lib.rs",
        "server/src/main.rs",
        "server/src/state.rs",
        "server/src/lifecycle.rs",
    ];
    let others =
        sources.iter().filter(|it| it.is_in("server/src/") && !wiring.iter().any(|place| it.is_in(place)));
    lines_with(others, &["crate::store", "super::store", "server::store"])
}

#[test]
fn only_the_wiring_knows_which_store_it_is() {
    let bad = [Source::sample("server/src/gateway/ssr.rs", "use crate::store::Sqlite;\n")];
    assert_eq!(friends_of_the_store(&bad), ["server/src/gateway/ssr.rs:1 has `crate::store`"]);
    holds(&friends_of_the_store(&sources()));
}

const MANY_LINES: usize = 400;

/// A longer file says in its first lines why: `Long because …`.
fn long_without_a_reason(sources: &[Source]) -> Vec<String> {
    let explained = |it: &Source| it.text.lines().take(10).any(|line| line.contains("Long because"));
    let long = sources.iter().filter(|it| it.text.lines().count() > MANY_LINES && !explained(it));
    long.map(|it| format!("{} has {} lines", it.path, it.text.lines().count())).collect()
}

#[test]
fn a_long_file_says_why() {
    let long = "x\n".repeat(MANY_LINES + 1);
    let bad = [
        Source::sample("a.rs", &long),
        Source::sample("b.rs", &format!("//! Long because it is a table.\n{long}")),
    ];
    assert_eq!(long_without_a_reason(&bad), ["a.rs has 401 lines"]);
    holds(&long_without_a_reason(&sources()));
}

/// What is for tests in this file: all of it, the part after `#[cfg(test)]`, or nothing.
fn test_part(source: &Source) -> Option<Source> {
    let whole = source.path.contains("/tests/") || source.is_in("end2end/");
    let start = if whole { Some(0) } else { source.text.find("#[cfg(test)]") }?;
    Some(Source::sample(&source.path, &source.text[start..]))
}

fn sleepers(sources: &[Source]) -> Vec<String> {
    let words = [
        concat!("thread::", "sleep"),
        concat!("time::", "sleep"),
        concat!("waitFor", "Timeout"),
        concat!("set", "Timeout("),
    ];
    // The first do what somebody else's client does, and that waits before it comes back; the second measure.
    let others = ["end2end/dialects/clients/", "end2end/bench/"];
    let ours = sources.iter().filter(|it| !others.iter().any(|folder| it.is_in(folder)));
    let parts: Vec<Source> = ours.filter_map(test_part).collect();
    lines_with(&parts, &words)
}

#[test]
fn no_test_waits_for_time_to_pass() {
    let nap = concat!("tokio::time::", "sleep(NAP).await;\n");
    let bad = [
        Source::sample("crates/hub/tests/rooms.rs", nap),
        Source::sample("crates/hub/src/room.rs", nap),
        Source::sample(
            "crates/hub/src/peer.rs",
            &format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{nap}}}\n"),
        ),
        Source::sample("end2end/tests/chat.spec.ts", concat!("await page.waitFor", "Timeout(100);\n")),
    ];
    assert_eq!(sleepers(&bad).len(), 3, "{:?}", sleepers(&bad));
    holds(&sleepers(&sources()));
}

/// `#[expect(…, reason = "…")]` complains when its reason is gone; its sister stays silent for ever.
fn silencers(sources: &[Source]) -> Vec<String> {
    let words = [concat!("#[al", "low("), concat!("#![al", "low(")];
    lines_with(sources.iter().filter(|it| it.ends_in(&[".rs"])), &words)
}

#[test]
fn no_lint_is_silenced_without_an_end() {
    let bad = [Source::sample("crates/hub/src/lib.rs", concat!("#![al", "low(dead_code)]\n"))];
    assert_eq!(silencers(&bad).len(), 1);
    holds(&silencers(&sources()));
}

/// The content security policy refuses them.
fn inline_styles(sources: &[Source]) -> Vec<String> {
    lines_with(sources.iter().filter(|it| it.is_in("app/src/")), &[" style=", " style:", "<style"])
}

#[test]
fn pages_have_no_inline_styles() {
    let bad = [Source::sample("app/src/pages/room.rs", "view! { <p style=\"color: red\">\"no\"</p> }\n")];
    assert_eq!(inline_styles(&bad).len(), 1);
    holds(&inline_styles(&sources()));
}

fn foreign_sources(cargo_lock: &str) -> Vec<String> {
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let named = cargo_lock.lines().filter(|line| line.starts_with("source = "));
    named.filter(|line| *line != public).map(str::to_owned).collect()
}

fn foreign_packages(package_lock: &str) -> Vec<String> {
    let named = package_lock.lines().map(str::trim).filter(|line| line.starts_with("\"resolved\""));
    named.filter(|line| !line.contains("\"https://registry.npmjs.org/")).map(str::to_owned).collect()
}

#[test]
fn lock_files_name_public_registries_only() {
    assert_eq!(foreign_sources("name = \"x\"\nsource = \"git+https://example.org/x\"\n").len(), 1);
    assert_eq!(foreign_packages("\"resolved\": \"https://mirror.example.org/ws.tgz\",\n").len(), 1);
    let (cargo_lock, package_lock) = (read("Cargo.lock"), read("package-lock.json"));
    assert!(cargo_lock.contains("crates.io-index") && package_lock.contains("\"integrity\""));
    holds(&foreign_sources(&cargo_lock));
    holds(&foreign_packages(&package_lock));
}
