//! The simulated jobs behind `/devtools`: steps at a distance, and a chance to fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub::{ClientNotifier, Event, HubError};
use protocol::{RunEnd, RunId, RunOutcome, RunStep, SimulationPlan, UserId, limits};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many runs each person has under way. Cloning copies one pointer.
#[derive(Clone, Default)]
pub struct RunCounts {
    running: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One run's place among those of its person; dropping it makes room.
struct Place {
    counts: RunCounts,
    user: UserId,
}

impl RunCounts {
    fn take(&self, user: &UserId) -> Option<Place> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(user.clone()).or_default();
        if *count >= limits::MAX_SIMULATIONS_PER_PERSON {
            return None;
        }
        *count += 1;
        Some(Place { counts: self.clone(), user: user.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.counts.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.user);
            }
        }
    }
}

/// The runs of one connection. Dropping it ends them.
pub struct Simulations {
    counts: RunCounts,
    user: UserId,
    stops: HashMap<RunId, CancellationToken>,
    tasks: JoinSet<RunId>,
}

impl Simulations {
    /// None is running yet.
    pub fn new(counts: RunCounts, user: UserId) -> Self {
        Self { counts, user, stops: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Starts a run that tells `voice` of its steps.
    ///
    /// # Errors
    /// A plan outside the limits, a name in use, too many runs. Nothing is started then.
    pub fn start(&mut self, plan: SimulationPlan, voice: ClientNotifier) -> Result<(), HubError> {
        self.sweep();
        check(&plan)?;
        if self.stops.contains_key(&plan.run) {
            return Err(HubError::Invalid { field: "run", message: "is under way already".to_owned() });
        }
        let place = self.counts.take(&self.user).ok_or(HubError::TooManyRuns)?;
        let steps = steps(&plan);
        let fails = rand::random_bool(plan.failure_rate);
        let fails_at = fails.then(|| rand::random_range(1..=steps));
        let stop = CancellationToken::new();
        self.stops.insert(plan.run, stop.clone());
        // A client that is gone is noticed by its gateway, which ends all its runs.
        voice.tell(&Event::RunStarted(plan.clone())).ok();
        self.tasks.spawn(async move {
            let run = plan.run;
            play(&plan, fails_at, &stop, &voice).await;
            drop(place);
            run
        });
        Ok(())
    }

    /// Stops a run; one that is over, or never was, is let be.
    pub fn cancel(&mut self, run: RunId) {
        if let Some(stop) = self.stops.get(&run) {
            stop.cancel();
        }
    }

    fn sweep(&mut self) {
        while let Some(Ok(run)) = self.tasks.try_join_next() {
            self.stops.remove(&run);
        }
    }
}

fn check(plan: &SimulationPlan) -> Result<(), HubError> {
    let outside = |field, range: &std::ops::RangeInclusive<u64>| HubError::Invalid {
        field,
        message: format!("must be {} to {} ms", range.start(), range.end()),
    };
    if !limits::SIMULATION_DURATION_MS.contains(&plan.duration_ms) {
        return Err(outside("duration_ms", &limits::SIMULATION_DURATION_MS));
    }
    if !limits::SIMULATION_FREQUENCY_MS.contains(&plan.frequency_ms) {
        return Err(outside("frequency_ms", &limits::SIMULATION_FREQUENCY_MS));
    }
    let size = plan.prefix.chars().count();
    if size > limits::MAX_SIMULATION_PREFIX_CHARS {
        let limit = limits::MAX_SIMULATION_PREFIX_CHARS;
        return Err(HubError::TooLong { field: "prefix", size, unit: "characters", limit });
    }
    if !(0.0..=1.0).contains(&plan.failure_rate) {
        return Err(HubError::Invalid { field: "failure_rate", message: "must be 0 to 1".to_owned() });
    }
    Ok(())
}

/// One step each `frequency_ms`, and the last one at the end.
fn steps(plan: &SimulationPlan) -> u32 {
    u32::try_from(plan.duration_ms.div_ceil(plan.frequency_ms)).unwrap_or(u32::MAX)
}

async fn play(
    plan: &SimulationPlan,
    fails_at: Option<u32>,
    stop: &CancellationToken,
    voice: &ClientNotifier,
) {
    let start = Instant::now();
    let steps = steps(plan);
    let mut elapsed_ms = 0;
    let mut outcome = RunOutcome::Completed;
    let mut steps_done = 0;
    for step in 1..=steps {
        elapsed_ms = plan.duration_ms.min(u64::from(step) * plan.frequency_ms);
        tokio::select! {
            () = tokio::time::sleep_until(start + Duration::from_millis(elapsed_ms)) => {}
            () = stop.cancelled() => {
                elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                outcome = RunOutcome::Cancelled;
                break;
            }
        }
        if fails_at == Some(step) {
            outcome = RunOutcome::Failed;
            break;
        }
        let message = format!("{} #{step}", plan.prefix);
        let remaining_ms = plan.duration_ms - elapsed_ms;
        let told = RunStep { run: plan.run, step, steps, message, elapsed_ms, remaining_ms };
        if voice.tell(&Event::Progress(told)).is_err() {
            return;
        }
        steps_done = step;
    }
    let end = RunEnd { run: plan.run, outcome, steps_done, elapsed_ms };
    // A client that left needs no ending.
    voice.tell(&Event::Finished(end)).ok();
}
