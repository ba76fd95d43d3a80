//! Tests of a simulated job as the devtools page shows it.

use uuid::Uuid;

use super::*;

fn run(number: u128) -> RunId {
    RunId(Uuid::from_u128(number))
}

fn form(duration: &str, frequency: &str, prefix: &str, failure_rate: &str) -> PlanForm {
    PlanForm {
        duration: duration.to_owned(),
        frequency: frequency.to_owned(),
        prefix: prefix.to_owned(),
        failure_rate: failure_rate.to_owned(),
    }
}

fn started() -> Simulation {
    let mut simulation = Simulation::default();
    simulation.start(&form("10", "2", "Step", "0").check(run(1)).unwrap());
    simulation
}

fn step(run: RunId, step: u32) -> RunStep {
    RunStep {
        run,
        step,
        steps: 5,
        message: format!("Step #{step}"),
        elapsed_ms: u64::from(step) * 2_000,
        remaining_ms: 10_000 - u64::from(step) * 2_000,
    }
}

fn end(outcome: RunOutcome, steps_done: u32) -> RunEnd {
    RunEnd { run: run(1), outcome, steps_done, elapsed_ms: 9_999 }
}

#[test]
fn seconds_and_percent_become_a_plan() {
    let plan = form(" 2.5 ", "0,05", "Téléchargement", "12.5").check(run(7)).unwrap();
    assert_eq!((plan.duration_ms, plan.frequency_ms), (2_500, 50));
    assert!((plan.failure_rate - 0.125).abs() < 1e-9);
    assert_eq!((plan.prefix.as_str(), plan.run), ("Téléchargement", run(7)));
    assert!(PlanForm::default().check(run(1)).is_ok(), "what the page begins with is legal");
}

#[test]
fn each_wrong_field_gets_its_own_sentence() {
    let problems = form("0", "soon", &"x".repeat(81), "101").check(run(1)).unwrap_err();
    assert_eq!(problems.duration.as_deref(), Some("A number of seconds from 0.1 to 3600."));
    assert_eq!(problems.frequency.as_deref(), Some("A number of seconds from 0.05 to 60."));
    assert_eq!(problems.prefix.as_deref(), Some("At most 80 characters."));
    assert_eq!(problems.failure_rate.as_deref(), Some("A number from 0 to 100."));
    for wrong in ["", "-1", "NaN", "inf", "1e999", "3601", "0.099"] {
        let problems = form(wrong, "1", "", "0").check(run(1)).unwrap_err();
        assert!(problems.duration.is_some() && problems.frequency.is_none(), "{wrong}");
    }
}

#[test]
fn progress_is_shown_in_percent_and_time() {
    let mut simulation = started();
    assert_eq!((simulation.percent(), simulation.times()), (0, (0, 10_000)));
    assert!(simulation.progress(&step(run(1), 1)));
    assert!(simulation.progress(&step(run(1), 2)));
    assert_eq!((simulation.percent(), simulation.steps()), (40, (2, 5)));
    assert_eq!(simulation.times(), (4_000, 6_000));
    assert_eq!(simulation.ticks().len(), 2);
    assert_eq!(simulation.running(), Some(run(1)));
}

#[test]
fn steps_of_other_runs_and_repeated_ones_change_nothing() {
    let mut simulation = started();
    simulation.progress(&step(run(1), 2));
    let before = simulation.clone();
    assert!(!simulation.progress(&step(run(2), 3)));
    assert!(!simulation.progress(&step(run(1), 2)));
    assert!(!simulation.progress(&step(run(1), 1)));
    assert!(!simulation.finished(&RunEnd { run: run(2), ..end(RunOutcome::Completed, 5) }));
    assert_eq!(simulation, before);
}

#[test]
fn a_run_ends_once() {
    let endings = [
        (end(RunOutcome::Completed, 5), RunState::Completed),
        (end(RunOutcome::Failed, 2), RunState::Failed { reason: "at step 3 of 5".to_owned() }),
        (end(RunOutcome::Cancelled, 2), RunState::Cancelled),
    ];
    for (how, expected) in endings {
        let mut simulation = started();
        simulation.progress(&step(run(1), 2));
        assert!(simulation.finished(&how));
        assert_eq!(simulation.state(), &expected);
        assert_eq!(simulation.running(), None);
        assert!(!simulation.progress(&step(run(1), 3)));
        assert!(!simulation.finished(&how));
        assert!(!simulation.lost());
        assert_eq!(simulation.state(), &expected);
    }
}

#[test]
fn completed_means_all_of_it() {
    let mut simulation = started();
    simulation.progress(&step(run(1), 4));
    simulation.finished(&end(RunOutcome::Completed, 5));
    assert_eq!((simulation.percent(), simulation.times().1), (100, 0));
}

#[test]
fn the_first_word_says_where_it_stands() {
    assert_eq!(Simulation::default().words(), "Not started");
    let mut simulation = started();
    assert_eq!(simulation.words(), "Running");
    simulation.progress(&step(run(1), 2));
    let mut other = simulation.clone();
    simulation.finished(&end(RunOutcome::Cancelled, 2));
    assert_eq!(simulation.words(), "Cancelled after step 2 of 5");
    other.finished(&end(RunOutcome::Completed, 5));
    assert_eq!(other.words(), "Completed in 9.99 s");
}

#[test]
fn a_lost_connection_ends_the_run_and_says_after_which_step() {
    let mut simulation = started();
    assert!(!Simulation::default().lost());
    simulation.progress(&step(run(1), 2));
    assert!(simulation.lost());
    let reason = "after step 2 of 5: The connection was lost".to_owned();
    assert_eq!(simulation.state(), &RunState::Failed { reason });
}

#[test]
fn a_refused_plan_never_ran() {
    let mut simulation = started();
    assert!(simulation.refused("At most 10 simulations at a time."));
    assert_eq!(simulation.words(), "Failed before the first step: At most 10 simulations at a time.");
    let mut running = started();
    running.progress(&step(run(1), 1));
    assert!(!running.refused("about something else"));
}

#[test]
fn seconds_are_written_with_the_digits_they_need() {
    let written = [0, 50, 100, 1_000, 1_500, 12_340, 3_600_000].map(seconds);
    assert_eq!(written, ["0", "0.05", "0.1", "1", "1.5", "12.34", "3600"]);
}
