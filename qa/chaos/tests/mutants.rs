//! Tests of the mutants: each patch states what it breaks and how that is found, and still applies to today's sources.
//! `make mutants` shows that the simulation finds each of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::path::{Path, PathBuf};

/// A hunk: the lines that a file must have, once, and where.
struct Hunk {
    path: String,
    before: String,
}

/// The hunks of a unified diff.
fn hunks(patch: &str) -> Vec<Hunk> {
    let (mut all, mut file) = (Vec::new(), String::new());
    for line in patch.lines().skip_while(|line| line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("--- a/") {
            name.clone_into(&mut file);
        } else if line.starts_with("@@ ") {
            all.push(Hunk { path: file.clone(), before: String::new() });
        } else if let (Some(hunk), Some(text)) =
            (all.last_mut(), line.strip_prefix(' ').or_else(|| removed(line)))
        {
            hunk.before += text;
            hunk.before.push('\n');
        }
    }
    all
}

/// A line that a patch takes out; the head of the next file looks like one and is none.
fn removed(line: &str) -> Option<&str> {
    line.strip_prefix('-').filter(|_| !line.starts_with("--- "))
}

/// What keeps a patch from being applied to the files that `read` finds.
fn obstacles(patch: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let parsed = hunks(patch);
    let mut found: Vec<String> = parsed
        .iter()
        .filter_map(|Hunk { path, before }| {
            let Some(text) = read(path) else { return Some(format!("there is no {path}")) };
            let times = text.matches(before.as_str()).count();
            (times != 1).then(|| format!("{path} has these lines {times} times:\n{before}"))
        })
        .collect();
    if parsed.is_empty() {
        found.push("there is no hunk in it".to_owned());
    }
    let heads: Vec<&str> = patch.lines().take(2).collect();
    if !matches!(heads.as_slice(), [what, how] if what.starts_with("# ") && how.starts_with("# Found by: ")) {
        found.push("its first two lines do not say what it breaks and how that is found".to_owned());
    }
    found
}

fn patches() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|it| it == "patch")).collect()
}

/// The folder that the paths in patches begin at.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap().to_owned()
}

#[test]
fn each_mutant_says_what_it_breaks_and_applies() {
    let patches = patches();
    assert!(patches.len() >= 11, "{patches:?}");
    for path in patches {
        let patch = std::fs::read_to_string(&path).unwrap();
        let found = obstacles(&patch, |name| std::fs::read_to_string(root().join(name)).ok());
        assert!(found.is_empty(), "{}: {}", path.display(), found.join("\n"));
    }
}

#[test]
fn a_patch_whose_lines_are_gone_or_ambiguous_is_an_obstacle() {
    let patch =
        "# Breaks it.\n# Found by: it\n--- a/hub.rs\n+++ b/hub.rs\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
    let with = |text: &'static str| obstacles(patch, move |_| Some(text.to_owned()));
    assert!(with("zero\none\ntwo\n").is_empty());
    assert_eq!(with("one\nthree\n"), ["hub.rs has these lines 0 times:\none\ntwo\n"]);
    assert_eq!(with("one\ntwo\none\ntwo\n").len(), 1);
    assert_eq!(obstacles(patch, |_| None), ["there is no hub.rs"]);
    assert_eq!(obstacles("--- a/hub.rs\n", |_| None).len(), 2);
}
