//! Which package and which folder may depend on which, so that the layers of ARCHITECTURE.md stay layers.

use crate::circles::imports_of;
use crate::modules::Crate;
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
    cargo(&["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--offline"])
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
    let is_stranger =
        |name: &str| !["serde", "serde-lite", "serde_json", "thiserror", "uuid"].contains(&name);
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

/// The folders of the pages' crate that a component does not know: it gets signals and callbacks instead.
const ABOVE_COMPONENTS: [&str; 4] = ["chat", "connection", "pending_posts", "tabs"];

/// What components use of these folders, and of the router.
fn components_that_know_too_much(sources: &[Source]) -> Vec<String> {
    let components = in_package("app", "src/components");
    let above = ABOVE_COMPONENTS.map(|name| in_package("app", &format!("src/{name}")));
    let pages = Crate::read(&in_package("app", "src/lib.rs"), sources);
    let path = |file: usize| pages.files[file].path.as_str();
    let is_above = |file: usize| {
        let rest = above.iter().find_map(|folder| path(file).strip_prefix(folder.as_str()));
        rest.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    };
    let mut offences = lines_with(sources.iter().filter(|it| it.is_in(&components)), &["leptos_router"]);
    for (from, used) in
        imports_of(&pages).into_iter().filter(|(from, _)| path(*from).starts_with(&components))
    {
        for (to, names) in used.into_iter().filter(|(to, _)| is_above(*to)) {
            let names: Vec<String> = names.into_iter().collect();
            offences.push(format!("{} uses {} of {}", path(from), names.join(", "), path(to)));
        }
    }
    offences
}

#[test]
fn a_component_knows_neither_the_connection_nor_the_router() {
    let in_app = |path: &str| in_package("app", &format!("src/{path}"));
    let (chat, toasts) = (in_app("components/chat.rs"), in_app("components/toasts.rs"));
    let bad = [
        Source::sample(&in_app("lib.rs"), "mod chat; mod components; mod connection; mod notices;"),
        Source::sample(&in_app("chat/mod.rs"), "mod store; pub use store::ChatStore;"),
        Source::sample(&in_app("chat/store.rs"), "pub struct ChatStore;"),
        Source::sample(&in_app("connection.rs"), "pub fn use_connection() {}"),
        Source::sample(&in_app("notices.rs"), "use crate::connection::use_connection;"),
        Source::sample(&in_app("components/mod.rs"), "mod chat; mod toasts;"),
        Source::sample(&chat, "use crate::{chat, notices}; fn f(store: chat::ChatStore) {}"),
        Source::sample(&toasts, "use leptos_router::hooks;\nfn f() { crate::connection::use_connection(); }"),
    ];
    assert_eq!(
        components_that_know_too_much(&bad),
        [
            format!("{toasts}:1 has `leptos_router`"),
            format!("{chat} uses ChatStore of {}", in_app("chat/store.rs")),
            format!("{toasts} uses use_connection of {}", in_app("connection.rs")),
        ]
    );
    let sources = sources();
    for name in ABOVE_COMPONENTS {
        assert!(sources.iter().any(|it| it.is_in(&in_app(name))), "{name}");
    }
    holds(&components_that_know_too_much(&sources));
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
    let path = in_package("server", "src/dialect/native/mod.rs");
    let bad = [Source::sample(&path, "use axum::extract::ws::Message;\n")];
    assert_eq!(dialects_with_a_transport(&bad), [format!("{path}:1 has `axum`")]);
    holds(&dialects_with_a_transport(&sources()));
}

/// Everybody else knows `hub::store::Store` and does not care what is behind it.
fn users_of_the_store(sources: &[Source]) -> Vec<String> {
    let wiring = ["src/store", "src/lib.rs", "src/main.rs", "src/state.rs", "src/lifecycle"];
    let wiring = wiring.map(|path| in_package("server", path));
    let server = in_package("server", "src/");
    let others = sources.iter().filter(|it| it.is_in(&server) && !wiring.iter().any(|path| it.is_in(path)));
    lines_with(others, &["crate::store", "super::store", "server::store"])
}

#[test]
fn only_the_wiring_knows_which_store_it_is() {
    let path = in_package("server", "src/gateway/pages/views.rs");
    let bad = [Source::sample(&path, "use crate::store::Sqlite;\n")];
    assert_eq!(users_of_the_store(&bad), [format!("{path}:1 has `crate::store`")]);
    holds(&users_of_the_store(&sources()));
}
