//! Where a simulation stands: a bar, figures, the end in a word, and each step.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::model::simulation::{RunState, Simulation, Tick, seconds};

fn icon(state: &RunState) -> Icon {
    match state {
        RunState::Idle | RunState::Running => Icon::Clock,
        RunState::Completed => Icon::Check,
        RunState::Failed { .. } => Icon::Warning,
        RunState::Cancelled => Icon::Close,
    }
}

/// The newest run.
#[component]
pub fn RunView(
    /// What is known of it.
    simulation: Signal<Simulation>,
) -> impl IntoView {
    let percent = Memo::new(move |_| simulation.with(Simulation::percent));
    let words = Memo::new(move |_| simulation.with(Simulation::words));
    let glyph = Memo::new(move |_| simulation.with(|it| icon(it.state())));
    let is = move |wanted: fn(&RunState) -> bool| move || simulation.with(|it| wanted(it.state()));
    let figures = move || simulation.with(figures);
    let was_started = Memo::new(move |_| simulation.with(|it| *it.state() != RunState::Idle));
    view! {
        <div class="run">
            <p
                class="run__state"
                class:is-good=is(|state| *state == RunState::Completed)
                class:is-bad=is(|state| matches!(state, RunState::Failed { .. }))
                class:is-wait=is(|state| *state == RunState::Cancelled)
            >
                {move || view! { <Glyph icon=glyph.get()/> }}
                <span role="status" aria-label="Simulation">{words}</span>
            </p>
            <progress
                class="run__bar"
                aria-label="Simulation progress"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || percent.get().to_string()
                max="100"
                value=move || percent.get().to_string()
            ></progress>
            <dl class="run__figures">{figures}</dl>
            {move || {
                was_started
                    .get()
                    .then(|| {
                        view! {
                            <div class="run__steps" role="group" aria-label="Steps" tabindex="0">
                                <ol class="run__ticks">
                                    <For
                                        each=move || simulation.with(Simulation::ticks)
                                        key=|tick| tick.step
                                        let(tick)
                                    >
                                        <TickLine tick/>
                                    </For>
                                </ol>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

fn figures(simulation: &Simulation) -> impl IntoView + use<> {
    let ((step, steps), (elapsed, remaining)) = (simulation.steps(), simulation.times());
    let figures = [
        ("Progress", format!("{} %", simulation.percent())),
        ("Elapsed", format!("{} s", seconds(elapsed))),
        ("Remaining", format!("{} s", seconds(remaining))),
        ("Steps", format!("{step} of {steps}")),
    ];
    let figure = |(name, value)| {
        view! {
            <div class="run__figure">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    figures.map(figure).collect_view()
}

#[component]
fn TickLine(tick: Tick) -> impl IntoView {
    view! {
        <li class="run__tick">
            <span class="run__time">{format!("{} s", seconds(tick.elapsed_ms))}</span>
            <bdi>{tick.message}</bdi>
        </li>
    }
}
