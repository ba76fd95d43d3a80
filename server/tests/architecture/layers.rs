//! Which package and which folder may depend on which, so that the layers of ARCHITECTURE.md stay layers.

use crate::source::{Source, cargo, dependencies, holds, in_package, lines_with, read, sources};

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
    holds(&strangers(&read(&in_package("hub", "Cargo.toml")), is_stranger));
}

/// The crates in the output of `cargo tree --prefix none` whose names begin with one of these.
fn named_in(tree: &str, strangers: &[&str]) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| strangers.iter().any(|it| name.starts_with(it))).map(str::to_owned).collect()
}

/// Everything that a package depends on, one a line.
fn tree_of(package: &str) -> String {
    tree_with(package, "normal")
}

/// The same over these edges.
fn tree_with(package: &str, edges: &str) -> String {
    cargo(&["tree", "--package", package, "--edges", edges, "--prefix", "none", "--offline"])
}

#[test]
fn nothing_that_the_hub_depends_on_brings_one_in() {
    assert_eq!(named_in("hub v0.1.0 (/hub)\nbytes v1.0.0\naxum-core v0.5.0\n", &TRANSPORTS), ["axum-core"]);
    let tree = tree_of("hub");
    assert!(tree.contains("protocol"), "{tree}");
    holds(&named_in(&tree, &TRANSPORTS));
}

fn planted_in(tree: &str) -> Vec<String> {
    lines_with([&Source::sample("cargo tree", tree)], &["hub feature \"planted\""])
}

#[test]
fn no_server_has_planted_bugs() {
    let with_tests = tree_with("chaos", "normal,dev,features");
    assert!(!planted_in(&with_tests).is_empty(), "{with_tests}");
    for package in ["server", "bench", "chaos"] {
        let tree = tree_with(package, "normal,build,features");
        assert!(tree.contains("hub feature \"default\""), "{tree}");
        holds(&planted_in(&tree));
    }
}

/// Packages that do I/O or wait.
const RUNTIMES: [&str; 9] =
    ["async-std", "axum", "futures", "hyper", "mio", "smol", "socket2", "tokio", "tungstenite"];

/// Libraries that turn bytes into messages and back, and do no I/O.
const CODECS: [&str; 1] = ["wire"];

#[test]
fn the_codecs_know_no_runtime_and_no_transport() {
    let bad = "wire v0.1.0 (/wire)\nbytes v1.0.0\ntokio v1.0.0\nhyper-util v0.1.0\n";
    assert_eq!(named_in(bad, &RUNTIMES), ["tokio", "hyper-util"]);
    for codec in CODECS {
        let tree = tree_of(codec);
        assert!(tree.contains("bytes"), "{tree}");
        holds(&named_in(&tree, &RUNTIMES));
    }
}

#[test]
fn the_protocol_is_words_and_nothing_else() {
    let is_stranger = |name: &str| !["serde", "serde_json", "thiserror", "uuid"].contains(&name);
    assert_eq!(
        strangers("[dependencies]\nserde = \"1\"\ntokio = \"1\"\n", is_stranger),
        ["depends on tokio"]
    );
    holds(&strangers(&read(&in_package("protocol", "Cargo.toml")), is_stranger));
}

#[test]
fn the_pages_do_not_know_the_hub_or_the_server() {
    let is_stranger = |name: &str| ["hub", "server"].contains(&name);
    assert_eq!(strangers("[dependencies]\nhub.workspace = true\n", is_stranger), ["depends on hub"]);
    holds(&strangers(&read(&in_package("app", "Cargo.toml")), is_stranger));
    holds(&strangers(&read(&in_package("frontend", "Cargo.toml")), is_stranger));
}

fn gateways_with_a_database(sources: &[Source]) -> Vec<String> {
    let gateways = in_package("server", "src/gateway");
    lines_with(sources.iter().filter(|it| it.is_in(&gateways)), &["rusqlite", "sqlx"])
}

#[test]
fn the_gateways_do_not_know_the_database() {
    let path = in_package("server", "src/gateway/rest/rooms.rs");
    let bad = [Source::sample(&path, "fn f() {}\nuse sqlx::SqlitePool;\n")];
    assert_eq!(gateways_with_a_database(&bad), [format!("{path}:2 has `sqlx`")]);
    holds(&gateways_with_a_database(&sources()));
}

fn dialects_with_a_transport(sources: &[Source]) -> Vec<String> {
    let dialects = in_package("server", "src/dialect");
    lines_with(sources.iter().filter(|it| it.is_in(&dialects)), &["axum", "rusqlite", "sqlx", "tokio"])
}

#[test]
fn a_dialect_knows_no_transport() {
    let path = in_package("server", "src/dialect/native.rs");
    let bad = [Source::sample(&path, "use axum::extract::ws::Message;\n")];
    assert_eq!(dialects_with_a_transport(&bad), [format!("{path}:1 has `axum`")]);
    holds(&dialects_with_a_transport(&sources()));
}

/// Everybody else knows `hub::port::Store` and does not care what is behind it.
fn users_of_the_store(sources: &[Source]) -> Vec<String> {
    let wiring = ["src/store", "src/lib.rs", "src/main.rs", "src/state.rs", "src/lifecycle"];
    let wiring = wiring.map(|path| in_package("server", path));
    let server = in_package("server", "src/");
    let others = sources.iter().filter(|it| it.is_in(&server) && !wiring.iter().any(|path| it.is_in(path)));
    lines_with(others, &["crate::store", "super::store", "server::store"])
}

#[test]
fn only_the_wiring_knows_which_store_it_is() {
    let path = in_package("server", "src/gateway/ssr.rs");
    let bad = [Source::sample(&path, "use crate::store::Sqlite;\n")];
    assert_eq!(users_of_the_store(&bad), [format!("{path}:1 has `crate::store`")]);
    holds(&users_of_the_store(&sources()));
}
