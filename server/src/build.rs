//! The name of this build, because a browser must never combine a page of one build with the scripts of another.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::http::HeaderValue;
use sha2::{Digest, Sha256};

/// Bytes of the digest that make the name.
const NAME_BYTES: usize = 8;

/// A name that changes with the files under `pkg` and with this program. Sizes and times stand for the contents, which
/// would take a second to read in a debug build.
pub(crate) fn name_of(site: &Path) -> HeaderValue {
    let mut digest = Sha256::new();
    digest.update(env!("CARGO_PKG_VERSION"));
    let program = std::env::current_exe().ok();
    let mut files = files_under(&site.join("pkg"));
    files.sort();
    for path in files.iter().chain(&program) {
        if let Ok(facts) = path.metadata() {
            let changed = facts.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
            digest.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            digest.update(facts.len().to_le_bytes());
            digest.update(changed.unwrap_or_default().as_nanos().to_le_bytes());
        }
    }
    let mut name = String::new();
    for byte in digest.finalize().iter().take(NAME_BYTES) {
        // Writing to a string does not fail.
        write!(name, "{byte:02x}").ok();
    }
    HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("unknown"))
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_another_build() {
        let site = tempfile::tempdir().unwrap();
        let nothing = name_of(site.path());
        assert_eq!(name_of(site.path()), nothing);
        std::fs::create_dir(site.path().join("pkg")).unwrap();
        std::fs::write(site.path().join("pkg/hubbub.wasm"), "one").unwrap();
        let one = name_of(site.path());
        assert_ne!(one, nothing);
        std::fs::write(site.path().join("pkg/hubbub.wasm"), "another").unwrap();
        assert_ne!(name_of(site.path()), one);
    }
}
