//! Connect: connections one after the other in so many slots: open, join, reset, again; measures what one costs the server.

use serde_json::{Value, json};

use crate::clock::{nanos, now};
use crate::engine::{Engine, Event};
use crate::failed::Failed;
use crate::latency::microseconds;
use crate::options::Options;
use crate::usage::Span;

pub(crate) fn run(engine: &mut Engine, options: &Options) -> Result<Value, Failed> {
    let slots = options.window.clamp(1, engine.len());
    let mut next = 0;
    let mut lost = 0_u64;
    let mut note_loss = |event: Event| lost += u64::from(matches!(event, Event::Lost(_)));
    for _ in 0..slots {
        engine.open(next, &mut note_loss);
        next += 1;
    }
    let warm = now() + nanos(options.warmup);
    run_until(engine, warm, &mut next, &mut lost);
    engine.forget_handshakes();
    let span = Span::begin(options.pid)?;
    let done = run_until(engine, now() + nanos(options.duration), &mut next, &mut lost);
    let used = span.end()?;
    Ok(json!({
        "handshakes_per_s": used.per_second(done), "server_us_per_handshake": used.server_us_per(done),
        "failures": lost, "ready_us": microseconds(engine.handshake()), "shares": used.shares(),
    }))
}

/// Replaces each connection that is ready or lost by the next one; returns how many were ready.
fn run_until(engine: &mut Engine, end: u64, next: &mut usize, lost: &mut u64) -> u64 {
    let mut done = 0;
    let (mut arrived, mut failed) = (Vec::new(), Vec::new());
    while now() < end {
        engine.poll(5_000_000, &mut |event| match event {
            Event::Ready(id) => arrived.push(id),
            Event::Lost(id) => failed.push(id),
            Event::Received { .. } | Event::Stored { .. } => {}
        });
        done += crate::casts::count(arrived.len());
        *lost += crate::casts::count(failed.len());
        for id in arrived.drain(..) {
            engine.close(id, true);
            failed.push(id);
        }
        for _ in std::mem::take(&mut failed) {
            engine.open(*next % engine.len(), &mut |event| {
                if let Event::Lost(id) = event {
                    failed.push(id);
                }
            });
            *next += 1;
        }
    }
    done
}
