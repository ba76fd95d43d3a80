//! Idle: measures what connections cost that only listen.

use serde_json::{Value, json};

use crate::casts::{count, fraction};
use crate::clock::{nanos, now};
use crate::engine::Engine;
use crate::failed::Failed;
use crate::options::Options;
use crate::usage::{Span, anonymous_kib, resident_kib};

pub(crate) fn run(engine: &mut Engine, options: &Options) -> Result<Value, Failed> {
    // What the server does at its start takes memory for a moment.
    listen(engine, options.warmup);
    let (before, anonymous_before) = (resident_kib(options.pid)?, anonymous_kib(options.pid)?);
    engine.open_all(options.limit)?;
    // What was sent while they connected is read first.
    listen(engine, options.warmup);
    let after = resident_kib(options.pid)?;
    let span = Span::begin(options.pid)?;
    listen(engine, options.duration);
    let used = span.end()?;
    let held = resident_kib(options.pid)?;
    let anonymous = anonymous_kib(options.pid)?;
    let each = |kib: u64| fraction(kib.saturating_sub(before)) / fraction(count(engine.len()));
    let anonymous_each = fraction(anonymous.saturating_sub(anonymous_before)) / fraction(count(engine.len()));
    Ok(json!({
        "rss_before_kib": before, "rss_after_kib": after, "rss_held_kib": held,
        "kib_per_connection": each(after.min(held)), "kib_per_connection_at_once": each(after),
        "anonymous_kib_per_connection": anonymous_each,
        "server_percent": 100.0 * used.server_seconds / used.seconds, "still_open": engine.ready(),
        "shares": used.shares(),
    }))
}

fn listen(engine: &mut Engine, seconds: f64) {
    let end = now() + nanos(seconds);
    while now() < end {
        engine.poll(5_000_000, &mut |_| ());
    }
}
