//! A simulated job as the devtools page shows it: what was asked for, how far it is, how it ended.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::limits::{MAX_SIMULATION_PREFIX_CHARS, SIMULATION_DURATION_MS, SIMULATION_FREQUENCY_MS};
use protocol::{RunEnd, RunId, RunOutcome, RunStep, SimulationPlan};

/// Ticks that the page lists; the oldest go first.
const MAX_TICKS: usize = 200;

/// What a person typed, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanForm {
    /// Seconds.
    pub duration: String,
    /// Seconds.
    pub frequency: String,
    /// Any text.
    pub prefix: String,
    /// Percent.
    pub failure_rate: String,
}

impl Default for PlanForm {
    fn default() -> Self {
        Self {
            duration: "10".to_owned(),
            frequency: "1".to_owned(),
            prefix: "Step".to_owned(),
            failure_rate: "0".to_owned(),
        }
    }
}

/// What is wrong with each field; empty when nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanProblems {
    /// See [`PlanForm::duration`].
    pub duration: Option<String>,
    /// See [`PlanForm::frequency`].
    pub frequency: Option<String>,
    /// See [`PlanForm::prefix`].
    pub prefix: Option<String>,
    /// See [`PlanForm::failure_rate`].
    pub failure_rate: Option<String>,
}

impl PlanForm {
    /// A plan under this name, or what is wrong.
    ///
    /// # Errors
    /// [`PlanProblems`] with a sentence for each field that is outside of its limits.
    pub fn check(&self, run: RunId) -> Result<SimulationPlan, PlanProblems> {
        let duration = milliseconds(&self.duration, &SIMULATION_DURATION_MS);
        let frequency = milliseconds(&self.frequency, &SIMULATION_FREQUENCY_MS);
        let failure_rate = number(&self.failure_rate)
            .filter(|percent| (0.0..=100.0).contains(percent))
            .ok_or_else(|| "A number from 0 to 100.".to_owned());
        let prefix = if self.prefix.chars().count() > MAX_SIMULATION_PREFIX_CHARS {
            Err(format!("At most {MAX_SIMULATION_PREFIX_CHARS} characters."))
        } else {
            Ok(self.prefix.clone())
        };
        match (duration, frequency, prefix, failure_rate) {
            (Ok(duration_ms), Ok(frequency_ms), Ok(prefix), Ok(percent)) => {
                Ok(SimulationPlan { run, duration_ms, frequency_ms, prefix, failure_rate: percent / 100.0 })
            }
            (duration, frequency, prefix, failure_rate) => Err(PlanProblems {
                duration: duration.err(),
                frequency: frequency.err(),
                prefix: prefix.err(),
                failure_rate: failure_rate.err(),
            }),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    // Many people write a comma.
    text.trim().replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite())
}

fn milliseconds(text: &str, legal: &std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    number(text)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|span| u64::try_from((span.as_micros() + 500) / 1_000).ok())
        .filter(|span| legal.contains(span))
        .ok_or_else(|| {
            format!("A number of seconds from {} to {}.", seconds(*legal.start()), seconds(*legal.end()))
        })
}

/// Milliseconds as seconds with as many digits as are needed, at most one hundredth.
pub fn seconds(ms: u64) -> String {
    let (whole, hundredths) = (ms / 1_000, ms % 1_000 / 10);
    match (hundredths / 10, hundredths % 10) {
        (0, 0) => whole.to_string(),
        (tenths, 0) => format!("{whole}.{tenths}"),
        (tenths, rest) => format!("{whole}.{tenths}{rest}"),
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RunState {
    /// None was started.
    #[default]
    Idle,
    /// Asked for, or under way.
    Running,
    /// Every step was told.
    Completed,
    /// It broke.
    Failed {
        /// For a person to read, after the word "Failed"; names the step.
        reason: String,
    },
    /// It was stopped.
    Cancelled,
}

/// One step that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// 1 for the first.
    pub step: u32,
    /// What it said.
    pub message: String,
    /// Milliseconds since the start.
    pub elapsed_ms: u64,
}

/// The newest run of this page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulation {
    run: Option<RunId>,
    state: RunState,
    step: u32,
    steps: u32,
    elapsed_ms: u64,
    remaining_ms: u64,
    ticks: VecDeque<Tick>,
}

impl Simulation {
    /// A run was asked for.
    pub fn start(&mut self, plan: &SimulationPlan) {
        // As the server counts: one each `frequency_ms`, and the last one at the end.
        let steps = plan.duration_ms.div_ceil(plan.frequency_ms.max(1));
        *self = Self {
            run: Some(plan.run),
            state: RunState::Running,
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
            remaining_ms: plan.duration_ms,
            ..Self::default()
        };
    }

    /// Folds in one step. Steps of other runs, and those that come late or twice, change nothing.
    pub fn progress(&mut self, step: &RunStep) -> bool {
        if !self.is_running() || self.run != Some(step.run) || step.step <= self.step {
            return false;
        }
        self.step = step.step;
        self.steps = step.steps.max(1);
        self.elapsed_ms = step.elapsed_ms;
        self.remaining_ms = step.remaining_ms;
        self.ticks.push_back(Tick {
            step: step.step,
            message: step.message.clone(),
            elapsed_ms: step.elapsed_ms,
        });
        if self.ticks.len() > MAX_TICKS {
            self.ticks.pop_front();
        }
        true
    }

    /// Folds in the end.
    pub fn finished(&mut self, end: &RunEnd) -> bool {
        if !self.is_running() || self.run != Some(end.run) {
            return false;
        }
        self.elapsed_ms = end.elapsed_ms;
        self.state = match end.outcome {
            RunOutcome::Completed => {
                self.step = self.steps;
                RunState::Completed
            }
            RunOutcome::Failed => {
                RunState::Failed { reason: format!("at step {} of {}", end.steps_done + 1, self.steps) }
            }
            RunOutcome::Cancelled => RunState::Cancelled,
        };
        self.remaining_ms = 0;
        true
    }

    /// The server did not take the plan. Only a run that has not told a step can be meant.
    pub fn refused(&mut self, message: &str) -> bool {
        let meant = self.is_running() && self.step == 0;
        if meant {
            self.state = RunState::Failed { reason: format!("before the first step: {message}") };
            self.remaining_ms = 0;
        }
        meant
    }

    /// The connection is gone, and the run with it.
    pub fn lost(&mut self) -> bool {
        let running = self.is_running();
        if running {
            let reason = format!("after step {} of {}: The connection was lost", self.step, self.steps);
            self.state = RunState::Failed { reason };
            self.remaining_ms = 0;
        }
        running
    }

    /// Which run is under way.
    pub fn running(&self) -> Option<RunId> {
        self.run.filter(|_| self.is_running())
    }

    /// Where it stands.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// One sentence on where it stands; the first word says it.
    pub fn words(&self) -> String {
        match &self.state {
            RunState::Idle => "Not started".to_owned(),
            RunState::Running => "Running".to_owned(),
            RunState::Completed => format!("Completed in {} s", seconds(self.elapsed_ms)),
            RunState::Failed { reason } => format!("Failed {reason}"),
            RunState::Cancelled => format!("Cancelled after step {} of {}", self.step, self.steps),
        }
    }

    /// 0 to 100.
    pub fn percent(&self) -> u32 {
        if self.steps == 0 {
            return 0;
        }
        u32::try_from(u64::from(self.step.min(self.steps)) * 100 / u64::from(self.steps)).unwrap_or(100)
    }

    /// The steps told, and how many there will be.
    pub fn steps(&self) -> (u32, u32) {
        (self.step, self.steps)
    }

    /// Milliseconds since the start, and until the planned end.
    pub fn times(&self) -> (u64, u64) {
        (self.elapsed_ms, self.remaining_ms)
    }

    /// The newest steps, oldest first.
    pub fn ticks(&self) -> Vec<Tick> {
        self.ticks.iter().cloned().collect()
    }

    fn is_running(&self) -> bool {
        self.state == RunState::Running
    }
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
