//! Fan-out: members of rooms send in turn, and each member of the room must receive it.
//!
//! Closed loop (`--window`): so many messages are under way at any time, so the server runs flat out. Open loop (`--rate`):
//! messages are sent by the clock whatever the server does, and latency counts from when they were due.

use serde_json::{Value, json};

use super::search;
use super::step::{Durability, Pace, Step, Workload};
use crate::answer::set;
use crate::casts::{count, fraction};
use crate::engine::Engine;
use crate::failed::Failed;
use crate::latency::microseconds;
use crate::options::Options;

pub(crate) fn run(engine: &mut Engine, options: &Options, durability: Durability) -> Result<Value, Failed> {
    engine.open_all(options.limit)?;
    let mut workload = Workload::new(&options.places(), options, durability);
    let mean = fraction(count(engine.len())) / fraction(options.rooms.max(1));
    let (best, tried) = if options.search {
        search::highest(engine, &mut workload, options, mean)?
    } else {
        let pace = match (options.window, options.rate) {
            (0, 0.0) => return Err(Failed::Usage("--window or --rate is needed".to_owned())),
            (0, rate) => Pace::Rate(rate / mean),
            (window, _) => Pace::Window(window),
        };
        (workload.step(engine, pace, options)?, Vec::new())
    };
    if best.heard == 0 && best.stored == 0 {
        let why = engine.first_failure().unwrap_or("nothing that anybody heard");
        return Err(Failed::Refused(why.to_owned()));
    }
    let mut answer = best.shown();
    set(&mut answer, "members", json!(mean));
    set(&mut answer, "still_open", json!(engine.ready()));
    set(&mut answer, "tried", Value::from(tried));
    Ok(answer)
}

impl Step {
    fn shown(&self) -> Value {
        json!({
            "said": self.said, "heard": self.heard, "lost": self.lost, "doubled": self.doubled,
            "deliveries_per_s": self.used.per_second(self.heard),
            "server_us_per_delivery": self.used.server_us_per(self.heard),
            "messages_per_s": self.used.per_second(self.said),
            "stored": self.stored, "stored_per_s": self.used.per_second(self.stored),
            "unanswered": self.unanswered,
            "latency_us": microseconds(&self.latency),
            "stored_us": microseconds(&self.stored_latency),
            "shares": self.used.shares(),
        })
    }
}
