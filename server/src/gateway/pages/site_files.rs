//! Site files: finds what pages load in the folder `pkg` of the site.
//!
//! cargo-leptos (`hash-files`) and `tools/build-site.mjs` put a hash of the content into each name:
//! `hubbub.kXy2….js`. Builds while `cargo leptos watch` runs leave it out, beside the older files that have one.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use app::page_files::{PageFiles, PageStyle};
use app::paths;

/// The bundle, and the style sheet beside it: `output-name` of cargo-leptos.
const MAIN: &str = "hubbub";

/// The bundle that has the pages for developers, too. `make build` makes it, and leaves them out of the main one.
const TOOLS: &str = "hubbub-tools";

/// Characters of a hash: MD5 in base64url, without padding.
const HASH_CHARS: usize = 22;

/// Knows what each page loads.
#[derive(Clone)]
pub(crate) enum SiteFiles {
    /// As the folder was at the start.
    Found(Arc<FoundFiles>),
    /// As the folder is at each page, because cargo-leptos builds again beside the running server.
    Watched(PathBuf),
}

/// What pages load: those for developers something of their own.
pub(crate) struct FoundFiles {
    main: PageFiles,
    tools: PageFiles,
}

impl SiteFiles {
    /// Those of a site.
    pub(crate) fn new(site: &Path, is_watched: bool) -> Self {
        let package = site.join("pkg");
        if is_watched {
            Self::Watched(package)
        } else {
            Self::Found(Arc::new(FoundFiles::find(&package, true)))
        }
    }

    /// What the page at this path loads.
    pub(super) fn of(&self, path: &str) -> PageFiles {
        let of = |found: &FoundFiles| match path {
            paths::DEVTOOLS | paths::TEST => found.tools.clone(),
            _ => found.main.clone(),
        };
        match self {
            Self::Found(found) => of(found),
            // The script of cargo-leptos replaces style sheets by their address.
            Self::Watched(package) => of(&FoundFiles::find(package, false)),
        }
    }
}

impl FoundFiles {
    fn find(package: &Path, has_inline_style: bool) -> Self {
        let names = names_in(package);
        let style_name = newest(&names, MAIN, "css");
        let rules = style_name.filter(|_| has_inline_style).and_then(|name| read(&package.join(name)));
        let style_sheet = match rules {
            Some(rules) => PageStyle::Inline(rules.into()),
            None => PageStyle::File(address(style_name, MAIN, "css")),
        };
        let bundle = |name: &str| PageFiles {
            script: address(newest(&names, name, "js"), name, "js"),
            wasm: address(newest(&names, name, "wasm"), name, "wasm"),
            style_sheet: style_sheet.clone(),
        };
        let has_tools = newest(&names, TOOLS, "wasm").is_some();
        Self { main: bundle(MAIN), tools: bundle(if has_tools { TOOLS } else { MAIN }) }
    }
}

/// Whether a file has a hash of its content in its name, so that there is never another content under it.
pub(super) fn has_hash(name: &str) -> bool {
    let mut parts = name.rsplitn(3, '.');
    let (_, hash, stem) = (parts.next(), parts.next(), parts.next());
    stem.is_some_and(|stem| !stem.is_empty()) && hash.is_some_and(is_hash)
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_CHARS && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
}

/// The names in a folder, the newest file first. Without the folder there are none.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(SystemTime, String)> =
        entries.filter_map(|entry| Some((changed(&entry), entry.file_name().into_string().ok()?))).collect();
    files.sort_unstable_by(|one, other| other.cmp(one));
    files.into_iter().map(|(_, name)| name).collect()
}

fn changed(entry: &DirEntry) -> SystemTime {
    entry.metadata().and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The file of this bundle: the one without a hash if there is one, because a build under `watch` is newer than all others.
fn newest<'a>(names: &'a [String], bundle: &str, extension: &str) -> Option<&'a str> {
    let hash_of = |name: &'a str| {
        name.strip_prefix(bundle)?.strip_prefix('.')?.strip_suffix(extension)?.strip_suffix('.')
    };
    let mut all = names.iter().map(String::as_str);
    let plain = all
        .clone()
        .find(|name| name.strip_prefix(bundle).and_then(|it| it.strip_prefix('.')) == Some(extension));
    plain.or_else(|| all.find(|name| hash_of(name).is_some_and(is_hash)))
}

/// Where a page asks for a file. One that is not there is asked for, too: the answer says so.
fn address(found: Option<&str>, bundle: &str, extension: &str) -> String {
    match found {
        Some(name) => format!("/pkg/{name}"),
        None => format!("/pkg/{bundle}.{extension}"),
    }
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path)
        .inspect_err(
            |error| tracing::error!(%error, path = %path.display(), "Could not read the style sheet"),
        )
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    const NEW: &str = "k_Xy2-BBBBBBBBBBBBBBBB";

    fn site(names: &[&str]) -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        let package = site.path().join("pkg");
        std::fs::create_dir(&package).unwrap();
        for (at, name) in (1_u64..).zip(names) {
            let file = std::fs::File::create(package.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at)).unwrap();
        }
        site
    }

    fn of(site: &tempfile::TempDir, path: &str) -> (String, String) {
        let files = SiteFiles::new(site.path(), false).of(path);
        (files.script, files.wasm)
    }

    fn pair(bundle: &str) -> (String, String) {
        (format!("/pkg/{bundle}.js"), format!("/pkg/{bundle}.wasm"))
    }

    #[test]
    fn pages_for_developers_have_a_bundle_of_their_own_where_there_is_one() {
        let (js, wasm) = (format!("hubbub.{NEW}.js"), format!("hubbub.{NEW}.wasm"));
        let main = site(&[&js, &wasm, &format!("{js}.br"), "hubbub.js.gz"]);
        for path in ["/", "/devtools", "/test"] {
            assert_eq!(of(&main, path), pair(&format!("hubbub.{NEW}")), "{path}");
        }
        let (tools_js, tools_wasm) = (format!("hubbub-tools.{OLD}.js"), format!("hubbub-tools.{OLD}.wasm"));
        let both = site(&[&js, &wasm, &tools_js, &tools_wasm]);
        assert_eq!(of(&both, "/"), pair(&format!("hubbub.{NEW}")));
        for path in ["/devtools", "/test"] {
            assert_eq!(of(&both, path), pair(&format!("hubbub-tools.{OLD}")), "{path}");
        }
    }

    #[test]
    fn the_newest_file_counts_and_one_without_a_hash_before_all() {
        let (old, new) = (format!("hubbub.{OLD}.js"), format!("hubbub.{NEW}.js"));
        assert_eq!(of(&site(&[&old, &new]), "/").0, format!("/pkg/{new}"));
        assert_eq!(of(&site(&[&new, &old]), "/").0, format!("/pkg/{old}"));
        assert_eq!(of(&site(&["hubbub.js", &old, &new]), "/").0, "/pkg/hubbub.js");
        assert_eq!(of(&site(&[]), "/"), pair("hubbub"));
    }

    #[test]
    fn a_watched_folder_is_read_at_each_page_and_its_style_sheet_is_a_file() {
        let site = site(&[&format!("hubbub.{OLD}.css")]);
        let (found, watched) = (SiteFiles::new(site.path(), false), SiteFiles::new(site.path(), true));
        assert_eq!(found.of("/").style_sheet, PageStyle::Inline("".into()));
        assert_eq!(watched.of("/").style_sheet, PageStyle::File(format!("/pkg/hubbub.{OLD}.css")));
        std::fs::write(site.path().join("pkg/hubbub.css"), "body {}").unwrap();
        assert_eq!(found.of("/").style_sheet, PageStyle::Inline("".into()));
        assert_eq!(watched.of("/").style_sheet, PageStyle::File("/pkg/hubbub.css".to_owned()));
    }

    #[test]
    fn a_hash_has_22_characters_between_dots() {
        for name in [format!("hubbub.{NEW}.js"), format!("hubbub-tools.{OLD}.wasm"), format!("a.b.{OLD}.css")]
        {
            assert!(has_hash(&name), "{name}");
        }
        let wrong =
            [format!("{OLD}.js"), format!("hubbub.{OLD}"), format!(".{OLD}.js"), format!("hubbub.{OLD}A.js")];
        for name in wrong.iter().map(String::as_str).chain(["hubbub.js", "hubbub", "", "hubbub.wasm.br"]) {
            assert!(!has_hash(name), "{name}");
        }
    }
}
