//! Every target is given everything that is kept for it, and what is close to that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Tries an input; a failure names where it comes from.
fn attempt(target: &Target, input: &[u8], origin: &str) {
    let done = catch_unwind(|| (target.run)(input));
    assert!(done.is_ok(), "{}: {origin}: {}", target.name, input.escape_ascii());
}

/// Every beginning, and every byte once changed.
fn neighbours(input: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let beginnings = (0..input.len()).map(|end| input.iter().take(end).copied().collect());
    let changed = (0..input.len()).map(|place| {
        let flip = |(at, byte): (usize, &u8)| if at == place { byte ^ (1 << (at % 8)) } else { *byte };
        input.iter().enumerate().map(flip).collect()
    });
    beginnings.chain(changed)
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "a name is used once");
    assert_eq!(names(&corpus()), targets);
}

#[test]
fn what_is_kept_and_what_is_close_to_it_breaks_no_promise() {
    for target in &TARGETS {
        let folder = corpus().join(target.name);
        let kept = names(&folder);
        assert!(!kept.is_empty(), "{} has no input", target.name);
        attempt(target, b"", "nothing");
        for name in kept {
            let input = fs::read(folder.join(&name)).unwrap();
            attempt(target, &input, &name);
            for neighbour in neighbours(&input) {
                attempt(target, &neighbour, &format!("close to {name}"));
            }
        }
    }
}

#[test]
fn a_broken_promise_is_reported_with_its_input() {
    let broken = Target { name: "broken", run: |input| assert_ne!(input, b"ab", "a promise") };
    attempt(&broken, b"ax", "harmless");
    let message = catch_unwind(|| attempt(&broken, b"ab", "the one")).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap_or_else(|| panic!("not a text"));
    assert!(message.contains("broken: the one: ab"), "{message}");
    assert!(neighbours(b"ac").any(|it| it == b"a") && neighbours(b"cb").count() == 4);
}
