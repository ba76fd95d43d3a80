//! What no source may contain: sleeping in tests, silenced lints, inline styles, packages from private places.

use std::collections::BTreeSet;

use crate::source::{Source, holds, in_package, lines_with, read, sources};

/// The test code of a file: all of it, the part after `#[cfg(test)]`, or nothing.
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

/// The content security policy refuses them, except a style sheet with the nonce of its page.
fn inline_styles(sources: &[Source]) -> Vec<String> {
    let app = in_package("app", "src/");
    lines_with(sources.iter().filter(|it| it.is_in(&app)), &[" style=", " style:", "<style>"])
}

#[test]
fn pages_have_no_inline_styles() {
    let path = in_package("app", "src/pages/room.rs");
    let bad = [Source::sample(&path, "view! { <p style=\"color: red\">\"no\"</p> }\n")];
    assert_eq!(inline_styles(&bad).len(), 1);
    holds(&inline_styles(&sources()));
}

/// The libraries that log, and are missing in the list of parts that `HUBBUB_LOG` may name.
fn missing_log_parts(sources: &[Source], log_filter: &str) -> Vec<String> {
    let libraries = sources.iter().filter_map(|source| {
        let (package, _) = source.path.strip_prefix("crates/")?.split_once("/src/")?;
        source.text.contains("tracing::").then_some(package)
    });
    let libraries: BTreeSet<&str> = libraries.collect();
    let missing = libraries.into_iter().filter(|it| !log_filter.contains(&format!("\"{it}\",")));
    missing.map(str::to_owned).collect()
}

#[test]
fn the_log_filter_knows_every_library_that_logs() {
    let logs = Source::sample("crates/hub/src/room.rs", "tracing::info!();\n");
    assert_eq!(missing_log_parts(&[logs], "[\"server\", ]"), ["hub"]);
    let log_filter = read(&in_package("server", "src/config/log.rs"));
    holds(&missing_log_parts(&sources(), &log_filter));
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
