//! Storm: all connections are lost at once and come back at once, from their positions.

use serde_json::{Value, json};

use crate::casts::{count, fraction};
use crate::clock::now;
use crate::engine::{Engine, Event};
use crate::failed::Failed;
use crate::latency::microseconds;
use crate::options::Options;
use crate::usage::{Span, resident_kib};

pub(crate) fn run(engine: &mut Engine, options: &Options) -> Result<Value, Failed> {
    engine.open_all(options.limit)?;
    let connections = engine.len();
    let before = resident_kib(options.pid)?;
    engine.forget_handshakes();
    let span = Span::begin(options.pid)?;
    let began = now();
    (0..connections).for_each(|id| engine.close(id, true));
    let mut times = Vec::with_capacity(connections);
    let ramp = engine.ramp(0..connections, options.window.max(1), options.limit, &mut |event| {
        if let Event::Ready(_) = event {
            times.push(now() - began);
        }
    });
    let used = span.end()?;
    let after = resident_kib(options.pid)?;
    let ms = |part: usize| times.get(part).map(|nanos| fraction(*nanos) / 1e6);
    Ok(json!({
        "wanted": ramp.wanted, "back": engine.ready(), "refused": ramp.failures, "given_up": ramp.given_up,
        "recovered": engine.recovered(),
        "half_ms": ms(connections / 2), "most_ms": ms(connections * 99 / 100), "all_ms": ms(connections.saturating_sub(1)),
        "server_us_per_return": used.server_us_per(count(connections)), "server_ms": used.server_seconds * 1e3,
        "rss_before_kib": before, "rss_after_kib": after, "rss_ratio": fraction(after) / fraction(before.max(1)),
        "ready_us": microseconds(engine.handshake()), "shares": used.shares(),
    }))
}
