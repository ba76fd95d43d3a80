//! Mutant hunt: runs simulated seeds until one breaks the promise in an expected way, because a machine that finds no mutant
//! proves nothing: `hunt SEEDS WORDS`.
//!
//! Ends with 0 when a violation of a seed below SEEDS contains WORDS. `tools/mutants` builds it with one mutant after the
//! other.

use std::process::ExitCode;

use chaos::simulation::run;

/// Other violations that are shown when the expected one is not found.
const SHOWN: usize = 10;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(seeds), Some(words)) = (arguments.next(), arguments.next()) else {
        return Err("the call is: hunt SEEDS WORDS".into());
    };
    let mut others = Vec::new();
    for seed in 0..seeds.parse()? {
        let violations = run(seed, false)?.violations;
        if let Some(violation) = violations.iter().find(|it| it.contains(&words)) {
            println!("found by seed {seed}: {violation}");
            return Ok(ExitCode::SUCCESS);
        }
        others.extend(violations);
    }
    println!("not found within {seeds} seeds by `{words}`; other violations:");
    for violation in others.iter().take(SHOWN) {
        println!("  {violation}");
    }
    Ok(ExitCode::FAILURE)
}
