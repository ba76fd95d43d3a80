//! Churn: users connect, join, post, leave and go, so many a second for long; measures whether memory stays where it is and
//! whether the server frees everything when no client comes any more.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::casts::{count, fraction, whole};
use crate::clock::{nanos, now};
use crate::engine::{Engine, Event};
use crate::failed::Failed;
use crate::options::Options;
use crate::payload_stamp::PayloadStamp;
use crate::usage::Span;
use crate::watch::{Sample, Watch};

/// So many seconds does a server have to passivate empty rooms, which it does after one minute.
const PASSIVATION: f64 = 150.0;

/// Messages that are not acknowledged yet, with their connections. The oldest ones are given up where there are too many.
type Waiting = VecDeque<(u64, usize)>;

#[derive(Default)]
struct Counts {
    came: u64,
    posted: u64,
    lost: u64,
    late: u64,
}

pub(crate) fn run(engine: &mut Engine, options: &Options) -> Result<Value, Failed> {
    let gap = 1e9 / options.rate.max(1.0);
    let span = Span::begin(options.pid)?;
    let (began, end) = (now(), now() + nanos(options.duration));
    let mut due = fraction(began);
    let mut watch = Watch::begin(options)?;
    let mut waiting = Waiting::new();
    let mut counts = Counts::default();
    let (mut next, mut number) = (0_usize, 0_u64);
    let (mut arrived, mut stored) = (Vec::new(), Vec::new());
    while now() < end {
        watch.sample_if_due()?;
        while due <= fraction(now()) {
            let id = next % engine.len();
            if engine.is_ready(id) {
                counts.late += 1;
                engine.close(id, true);
            }
            engine.open(id, &mut |_| counts.lost += 1);
            next += 1;
            due += gap;
        }
        let wait = whole(due - fraction(now())).min(5_000_000);
        engine.poll(wait, &mut |event| match event {
            Event::Ready(id) => arrived.push(id),
            Event::Stored { number, .. } => stored.push(number),
            Event::Lost(_) => counts.lost += 1,
            Event::Received { .. } => {}
        });
        for id in arrived.drain(..) {
            counts.came += 1;
            number += 1;
            engine.post(id, number, &PayloadStamp { number, sent: now() }.body(options.payload))?;
            waiting.push_back((number, id));
        }
        for number in stored.drain(..) {
            let Some(place) = waiting.iter().position(|(it, _)| *it == number) else { continue };
            if let Some((_, id)) = waiting.remove(place) {
                counts.posted += 1;
                engine.leave(id);
                engine.close(id, false);
            }
        }
        while waiting.len() > engine.len() {
            waiting.pop_front();
        }
    }
    let used = span.end()?;
    Ok(json!({
        "came": counts.came, "posted": counts.posted, "lost": counts.lost, "late": counts.late,
        "per_s": used.per_second(counts.came), "server_us_per_visit": used.server_us_per(counts.came),
        "visitors": count(engine.len()), "shares": used.shares(),
        "plateau": watch.plateau(), "memory": watch.json(), "after": after(engine, options)?,
    }))
}

/// Everybody goes: what the server holds when its rooms are passivated, or when it has had time enough.
fn after(engine: &mut Engine, options: &Options) -> Result<Value, Failed> {
    for id in 0..engine.len() {
        engine.close(id, false);
    }
    let mut watch = Watch::begin(options)?;
    let end = now() + nanos(PASSIVATION);
    while now() < end && watch.last().is_none_or(|sample| sample.rooms > 0) {
        watch.sample_if_due()?;
        engine.poll(100_000_000, &mut |_| {});
    }
    Ok(watch.last().map_or(Value::Null, Sample::json))
}
