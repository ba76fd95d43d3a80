//! Looks for inputs that break a promise, with libFuzzer. `FUZZ_TARGET` names the target, or is `list`.

#![no_main]

use std::sync::OnceLock;

use fuzz::cost::bounded;
use fuzz::{TARGETS, Target, find};

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

fn choose() {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some(target) = find(&wanted) else {
        for target in &TARGETS {
            println!("{}", target.name);
        }
        std::process::exit(i32::from(wanted != "list"));
    };
    CHOSEN.get_or_init(|| target);
}

libfuzzer_sys::fuzz_target!(
    init: choose(),
    |input: &[u8]| {
        if let Some(target) = CHOSEN.get() {
            bounded(input.len(), || (target.run)(input));
        }
    }
);
