//! Files of ours as text, and what can be asked of it.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of ours: its path from the root, with `/`, and what is in it.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    pub(crate) fn ends_in(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }
}

/// Made by tools or by running, not by us.
const NOT_OURS: [&str; 9] = [
    ".cache",
    ".git",
    ".tools",
    "data",
    "node_modules",
    "playwright-report",
    "screenshots",
    "target",
    "test-results",
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every Rust, TypeScript, JavaScript and style file of ours.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !NOT_OURS.contains(&name.as_str()) {
                    folders.push(entry.path());
                }
            } else if [".rs", ".ts", ".mjs", ".js", ".scss"].iter().any(|ending| name.ends_with(ending)) {
                let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source { text: fs::read_to_string(entry.path()).unwrap(), path });
            }
        }
    }
    found
}

pub(crate) fn holds(offences: &[String]) {
    assert!(offences.is_empty(), "{} offence(s):\n  {}", offences.len(), offences.join("\n  "));
}

/// The lines of these files that have one of the words in them, comments left out.
pub(crate) fn lines_with<'a>(sources: impl IntoIterator<Item = &'a Source>, words: &[&str]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                offences.push(format!("{}:{} has `{word}`", source.path, number + 1));
            }
        }
    }
    offences
}

/// The names under `[dependencies]`, `[dependencies.NAME]` and `[target.….dependencies]`; not those for tests and builds.
pub(crate) fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = header == "dependencies"
                || (header.starts_with("target.") && header.ends_with(".dependencies"));
            names.extend(header.strip_prefix("dependencies."));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.extend(line.split(['.', '=', ' ']).next());
        }
    }
    names
}
