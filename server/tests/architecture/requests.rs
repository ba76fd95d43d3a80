//! Where parts of requests are read: in one place each, so that every refusal of bad input has the same form.

use crate::source::{Source, holds, in_package, lines_with, sources};

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

/// Where something of the framework is taken from a request that `gateway/extract` takes, too.
fn foreign_extractors(sources: &[Source]) -> Vec<String> {
    let ours = in_package("server", "src/gateway/extract");
    let folders = ["src/gateway", "src/auth"].map(|path| in_package("server", path));
    let is_handler = |it: &&Source| folders.iter().any(|folder| it.is_in(folder)) && !it.is_in(&ours);
    let mut offences = Vec::new();
    for source in sources.iter().filter(is_handler) {
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
    let gateway = in_package("server", "src/gateway");
    let sample = |path: &str, text: &str| Source::sample(&format!("{gateway}/{path}"), text);
    let bad = [
        sample("rest/a.rs", "use axum::extract::{\n    Path, State,\n};\n"),
        sample("b.rs", "fn f() { axum::extract::Query::try_from_uri(uri) }\n"),
        sample("c.rs", "async fn f(Json(body): Json<Body>) {}\n"),
        sample("d.rs", "async fn f() -> Json<Body> {}\nuse axum::extract::State;\n"),
    ];
    let offences = ["/rest/a.rs takes `Path`", "/b.rs takes `Query`", "/c.rs:1 has `: Json<`"];
    assert_eq!(foreign_extractors(&bad), offences.map(|it| format!("{gateway}{it}")));
    holds(&foreign_extractors(&sources()));
}

/// `server/src/json` reads what clients send: it takes no list for an object and names no type of ours.
fn other_readers(sources: &[Source]) -> Vec<String> {
    let folders = ["src/gateway", "src/dialect"].map(|path| in_package("server", path));
    let readers = sources.iter().filter(|it| folders.iter().any(|folder| it.is_in(folder)) && !it.is_test());
    let parts = readers.map(|it| {
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
    let path = in_package("server", "src/dialect/native/mod.rs");
    let bad = [Source::sample(&path, "fn f() { serde_json::from_str(frame) }\n")];
    assert_eq!(other_readers(&bad), [format!("{path}:1 has `serde_json::from_`")]);
    holds(&other_readers(&sources()));
}
