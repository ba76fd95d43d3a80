//! People come, join, post, leave and go, so many a second for long: does the memory come back to where it was?

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::clock::{nanos, now, seconds};
use crate::engine::{Engine, Event};
use crate::failed::Failed;
use crate::mark::Mark;
use crate::number::{count, fraction, whole};
use crate::options::Options;
use crate::usage::{Span, resident_kib};

/// How often memory is looked at.
const LOOK_EVERY: u64 = 10_000_000_000;

/// Messages that nobody has acknowledged yet, with who said them. Who waits longer than the others is let go.
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
    let mut look = began;
    let mut memory = Vec::new();
    let mut waiting = Waiting::new();
    let mut counts = Counts::default();
    let (mut next, mut number) = (0_usize, 0_u64);
    let (mut arrived, mut stored) = (Vec::new(), Vec::new());
    while now() < end {
        if now() >= look {
            memory.push(json!({ "s": seconds(now() - began), "rss_kib": resident_kib(options.pid)? }));
            look += LOOK_EVERY;
        }
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
        engine.turn(wait, &mut |event| match event {
            Event::Ready(id) => arrived.push(id),
            Event::Stored { number, .. } => stored.push(number),
            Event::Lost(_) => counts.lost += 1,
            Event::Told { .. } => {}
        });
        for id in arrived.drain(..) {
            counts.came += 1;
            number += 1;
            engine.post(id, number, &Mark { number, sent: now() }.body(options.payload))?;
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
        "visitors": count(engine.len()), "memory": memory, "shares": used.shares(),
    }))
}
