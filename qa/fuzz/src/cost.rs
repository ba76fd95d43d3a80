//! What a decoder may cost: a bound on the time of a processor for each input while inputs are looked for, and long inputs
//! whose instructions are counted (`tools/fuzz-cost`).

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time of a processor that any input may take, and each of its bytes. The program that looks for inputs is some fifty times
/// slower than a release build: what is found here takes more than a straight way through the input.
const ANY: Duration = Duration::from_millis(100);
const EACH_BYTE: Duration = Duration::from_micros(50);

/// Runs some work on an input of so many bytes.
///
/// # Panics
/// When it took longer than such an input may.
pub fn bounded(bytes: usize, work: impl FnOnce()) {
    let begun = of_this_thread();
    work();
    let taken = of_this_thread().saturating_sub(begun);
    let limit = ANY + EACH_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
    assert!(taken <= limit, "{bytes} bytes took {taken:?} of a processor, {limit:?} is the limit");
}

/// Time of a processor, not of the clock: the machine may be as busy as it likes.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// Inputs of so many bytes that are made of a short one: each has another part of it again and again.
pub fn grown(input: &[u8], bytes: usize) -> Vec<Vec<u8>> {
    const PARTS: usize = 8;
    let cut = |number: usize| input.len() * number / PARTS;
    let mut all = Vec::new();
    for (from, to) in (0..PARTS).flat_map(|from| [1, PARTS / 2].map(|wide| (from, (from + wide).min(PARTS))))
    {
        let (from, to) = (cut(from), cut(to));
        let (Some(before), Some(part), Some(after)) =
            (input.get(..from), input.get(from..to), input.get(to..))
        else {
            continue;
        };
        if part.is_empty() {
            continue;
        }
        let room = bytes.saturating_sub(before.len() + after.len());
        let mut long = before.to_vec();
        long.extend(part.iter().cycle().take(room - room % part.len()));
        long.extend_from_slice(after);
        all.push(long);
    }
    all
}
