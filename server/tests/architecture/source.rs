//! Source files and packages of the workspace as text, because every architecture test is a function of text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A file of the repository: its path from the root, with `/`, and its text.
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

    /// Whether all of the file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.ends_in(&["_tests.rs", "/tests.rs", "/golden.rs"])
    }
}

/// Written by tools or by running programs.
const GENERATED: [&str; 9] = [
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

/// The root of the repository: the nearest folder above this package that has ARCHITECTURE.md.
pub(crate) fn root() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|folder| folder.join("ARCHITECTURE.md").is_file()).unwrap().to_owned()
}

#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs cargo at the root and returns what it prints.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package of the workspace.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// From the root, with `/`.
    pub(crate) folder: String,
    /// The root files of its library and programs, from the root.
    pub(crate) targets: Vec<String>,
}

/// Every package of the workspace, as cargo knows them: no test names the folder of a package.
pub(crate) fn packages() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let metadata = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let packages = list(&metadata["packages"]).into_iter().map(|package| {
            let is_product = |target: &serde_json::Value| {
                list(&target["kind"])
                    .iter()
                    .any(|kind| ["bin", "cdylib", "lib"].contains(&text(kind).as_str()))
            };
            let targets = list(&package["targets"]).into_iter().filter(is_product);
            Package {
                name: text(&package["name"]),
                folder: from_root(Path::new(&text(&package["manifest_path"])).parent().unwrap()),
                targets: targets.map(|target| from_root(Path::new(&text(&target["src_path"])))).collect(),
            }
        });
        packages.collect()
    })
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

/// The path of something in a package, from the root: `in_package("hub", "src/")`.
#[track_caller]
pub(crate) fn in_package(name: &str, path: &str) -> String {
    let package = packages().iter().find(|package| package.name == name);
    let package = package.unwrap_or_else(|| panic!("the workspace has no package `{name}`"));
    format!("{}/{path}", package.folder)
}

/// Every Rust, TypeScript, JavaScript and style file of the repository, in the order of their paths.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !GENERATED.contains(&name.as_str()) {
                    folders.push(entry.path());
                }
            } else if [".rs", ".ts", ".mjs", ".js", ".scss"].iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(entry.path()).unwrap();
                found.push(Source { path: from_root(&entry.path()), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

#[track_caller]
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
