//! References: a test that a document names as `path.rs::name` exists, so that a rename leaves no proof behind.

use crate::source::{Source, holds, read, sources};

const DOCUMENTS: [&str; 4] = ["CONTRIBUTING.md", "docs/DELIVERY.md", "docs/DIALECTS.md", "docs/SECURITY.md"];

/// The paths and names of `path.rs::name` in a document.
fn references(document: &str) -> Vec<(&str, &str)> {
    let spans = document.split('`').filter_map(|span| span.split_once(".rs::").map(|(path, _)| (path, span)));
    let named = spans.filter_map(|(path, span)| {
        let (file, name) = span.split_at(path.len() + ".rs".len());
        let name = name.trim_start_matches("::");
        let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || "_:".contains(it));
        is_name.then_some((file, name.rsplit("::").next().unwrap_or(name)))
    });
    named.collect()
}

/// References of which no file with that path has a function of that name. The folders of tests may be left out.
fn dangling(document: &str, sources: &[Source]) -> Vec<String> {
    let exists = |(file, name): &(&str, &str)| {
        let files = sources.iter().filter(|it| {
            it.path == *file || it.path.strip_suffix(file).is_some_and(|folder| folder.ends_with("/tests/"))
        });
        let mut functions = files.flat_map(|it| it.text.split("fn ").skip(1));
        functions.any(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', '<'])))
    };
    let gone = references(document).into_iter().filter(|reference| !exists(reference));
    gone.map(|(file, name)| format!("{file} has no `{name}`")).collect()
}

#[test]
fn every_test_that_a_document_names_exists() {
    let sample = [Source::sample("server/tests/quotas/stored.rs", "fn a_quota_holds() {}\nfn other() {}")];
    let document =
        "`quotas/stored.rs::a_quota_holds`, `quotas/stored.rs::a_quota`, `stored.rs::other`, `HashMap::new`";
    assert_eq!(
        dangling(document, &sample),
        ["quotas/stored.rs has no `a_quota`", "stored.rs has no `other`"]
    );
    let (sources, documents) = (sources(), DOCUMENTS.map(read));
    assert!(documents.iter().map(|it| references(it).len()).sum::<usize>() > 100);
    holds(&documents.iter().flat_map(|document| dangling(document, &sources)).collect::<Vec<_>>());
}
