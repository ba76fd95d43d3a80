//! Recorded digests: what seeds without faults gave when they were recorded, because a hub that was changed inside must
//! still give the same.
//!
//! The file is what `chaos digest --no-faults` prints: a seed and its digest in each line, and remarks behind `#`.

use super::run_without_faults;

const RECORDED: &str = include_str!("../../digests.txt");

/// Each recorded seed with its digest.
pub fn recorded_digests() -> impl Iterator<Item = (u64, u64)> {
    let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (seed, digest) = line.split_once(' ')?;
        Some((seed.parse().ok()?, u64::from_str_radix(digest, 16).ok()?))
    })
}

/// Those of `seeds` that do not give their recorded digest, and what else is wrong with them.
///
/// # Errors
/// Whatever keeps the runtime from being built.
pub fn differing_from_recorded(seeds: std::ops::Range<u64>) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut compared = 0;
    for (seed, expected) in recorded_digests().filter(|(seed, _)| seeds.contains(seed)) {
        let outcome = run_without_faults(seed, false)?;
        compared += 1;
        found.extend(outcome.violations.iter().map(|violation| format!("seed {seed}: {violation}")));
        if outcome.digest != expected {
            found.push(format!(
                "seed {seed} has the digest {:016x}, recorded is {expected:016x}",
                outcome.digest
            ));
        }
    }
    if compared != seeds.end.saturating_sub(seeds.start) {
        found.push(format!("of {seeds:?} only {compared} are recorded"));
    }
    Ok(found)
}
