//! Search: finds the highest rate that a server keeps up with: nothing lost, and nearly all deliveries in time.

use serde_json::{Value, json};

use super::step::{Pace, Step, Workload};
use crate::casts::fraction;
use crate::engine::Engine;
use crate::failed::Failed;
use crate::options::Options;

/// Halvings, on a scale of factors, between a rate that held and one that did not: 4 bring 2 down to 1.04.
const HALVINGS: u32 = 4;

/// Of the messages that were due, so many must have been sent, or the generator was too slow.
const ON_TIME: f64 = 0.97;

/// Below this many deliveries a second nothing is looked for.
const LOWEST: f64 = 500.0;

/// From `--rate` on twice as much each time until it does not hold, then in between.
pub(super) fn highest(
    engine: &mut Engine,
    workload: &mut Workload,
    options: &Options,
    mean: f64,
) -> Result<(Step, Vec<Value>), Failed> {
    let (mut held, mut broke) = (None::<(f64, Step)>, None::<f64>);
    let mut tried = Vec::new();
    let mut halvings = 0;
    let mut rate = options.rate.max(LOWEST);
    loop {
        let step = workload.step(engine, Pace::Rate(rate / mean), options)?;
        let is_held = holds(&step, rate / mean, options);
        tried.push(json!({
            "asked": rate, "held": is_held, "got": step.used.per_second(step.heard), "lost": step.lost,
            "p99_us": fraction(step.latency.value_at_quantile(0.99)) / 1e3,
        }));
        eprintln!("  {rate:.0} deliveries/s: {}", if is_held { "holds" } else { "does not hold" });
        if is_held {
            held = Some((rate, step));
        } else {
            broke = Some(rate);
            if held.is_none() && rate / 4.0 < LOWEST {
                return Ok((step, tried));
            }
        }
        rate = match (&held, broke) {
            (Some((low, _)), None) => low * 2.0,
            (None, _) => rate / 4.0,
            (Some((low, _)), Some(high)) => {
                halvings += 1;
                (low * high).sqrt()
            }
        };
        if halvings > HALVINGS
            && let Some((_, step)) = held
        {
            return Ok((step, tried));
        }
    }
}

fn holds(step: &Step, messages_per_s: f64, options: &Options) -> bool {
    step.lost == 0
        && fraction(step.latency.value_at_quantile(0.99)) <= options.p99_ms * 1e6
        && fraction(step.said) >= ON_TIME * messages_per_s * step.used.seconds
}
