//! The form that starts and stops a simulation.

use leptos::prelude::*;
use protocol::limits::{MAX_SIMULATION_PREFIX_CHARS, SIMULATION_DURATION_MS, SIMULATION_FREQUENCY_MS};
use protocol::{RunId, SimulationPlan};
use uuid::Uuid;

use crate::model::simulation::{PlanForm, PlanProblems, seconds};

/// What was typed. Copying it copies a few indices.
#[derive(Clone, Copy)]
struct Fields {
    duration: RwSignal<String>,
    frequency: RwSignal<String>,
    prefix: RwSignal<String>,
    failure_rate: RwSignal<String>,
}

impl Fields {
    fn new() -> Self {
        let PlanForm { duration, frequency, prefix, failure_rate } = PlanForm::default();
        Self {
            duration: RwSignal::new(duration),
            frequency: RwSignal::new(frequency),
            prefix: RwSignal::new(prefix),
            failure_rate: RwSignal::new(failure_rate),
        }
    }

    fn form(self) -> PlanForm {
        PlanForm {
            duration: self.duration.get(),
            frequency: self.frequency.get(),
            prefix: self.prefix.get(),
            failure_rate: self.failure_rate.get(),
        }
    }
}

/// Four fields, checked before anything is sent, and two buttons.
#[component]
pub fn PlanCard(
    /// Whether a run can be asked for.
    enabled: Signal<bool>,
    /// Whether one is under way.
    running: Signal<bool>,
    /// A plan within the limits.
    on_start: Callback<SimulationPlan>,
    /// Asked to stop.
    on_stop: Callback<()>,
    /// Where the run stands.
    children: Children,
) -> impl IntoView {
    let fields = Fields::new();
    // Nobody is told of a mistake before having tried; then each is gone as soon as it is mended.
    let tried = RwSignal::new(false);
    let problems = Memo::new(move |_| {
        let checked = fields.form().check(RunId(Uuid::nil()));
        if tried.get() { checked.err().unwrap_or_default() } else { PlanProblems::default() }
    });
    let start = move |submitted: leptos::ev::SubmitEvent| {
        submitted.prevent_default();
        tried.set(true);
        if !enabled.get_untracked() || running.get_untracked() {
            return;
        }
        if let Ok(plan) = untrack(move || fields.form()).check(RunId(Uuid::new_v4())) {
            on_start.run(plan);
        }
    };
    view! {
        <section class="devtools__card" aria-label="Simulation control">
            <h2 class="devtools__title">"Simulation"</h2>
            <p class="devtools__hint">
                "A job on the server that reports its steps here, and fails as often as you like."
            </p>
            <form class="devtools__form" novalidate=true on:submit=start>
                <PlanFields fields problems/>
                <div class="devtools__row">
                    <button
                        class="button is-primary"
                        type="submit"
                        disabled=move || !enabled.get() || running.get()
                    >
                        "Start simulation"
                    </button>
                    <button
                        class="button"
                        type="button"
                        disabled=move || !enabled.get() || !running.get()
                        on:click=move |_| on_stop.run(())
                    >
                        "Stop simulation"
                    </button>
                </div>
            </form>
            {children()}
        </section>
    }
}

#[component]
fn PlanFields(fields: Fields, problems: Memo<PlanProblems>) -> impl IntoView {
    let Fields { duration, frequency, prefix, failure_rate } = fields;
    let range = |range: &std::ops::RangeInclusive<u64>| {
        format!("{} to {}", seconds(*range.start()), seconds(*range.end()))
    };
    view! {
        <PlanField
            name="run-duration"
            label="Duration (seconds)"
            hint=range(&SIMULATION_DURATION_MS)
            value=duration
            problem=Signal::derive(move || problems.with(|it| it.duration.clone()))
        />
        <PlanField
            name="run-frequency"
            label="Seconds between steps"
            hint=range(&SIMULATION_FREQUENCY_MS)
            value=frequency
            problem=Signal::derive(move || problems.with(|it| it.frequency.clone()))
        />
        <PlanField
            name="run-prefix"
            label="Message prefix"
            hint=format!("Up to {MAX_SIMULATION_PREFIX_CHARS} characters")
            is_text=true
            value=prefix
            problem=Signal::derive(move || problems.with(|it| it.prefix.clone()))
        />
        <PlanField
            name="run-failure"
            label="Failure rate (%)"
            hint="0 to 100: the chance that the run fails".to_owned()
            value=failure_rate
            problem=Signal::derive(move || problems.with(|it| it.failure_rate.clone()))
        />
    }
}

#[component]
fn PlanField(
    name: &'static str,
    label: &'static str,
    hint: String,
    #[prop(optional)] is_text: bool,
    value: RwSignal<String>,
    problem: Signal<Option<String>>,
) -> impl IntoView {
    let note = format!("{name}-note");
    view! {
        <div class="field" class:is-wrong=move || problem.with(Option::is_some)>
            <label class="field__label" for=name>{label}</label>
            <input
                class="field__input"
                id=name
                name=name
                type="text"
                inputmode=if is_text { "text" } else { "decimal" }
                autocomplete="off"
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=note.clone()
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p
                id=note
                class=move || if problem.with(Option::is_some) { "field__problem" } else { "field__hint" }
            >
                {move || problem.get().unwrap_or_else(|| hint.clone())}
            </p>
        </div>
    }
}
