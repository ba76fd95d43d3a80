//! The seven points, each with its verdict.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::self_check::{Facts, Point, Verdict, summary};

fn look(verdict: Verdict) -> (&'static str, Icon) {
    match verdict {
        Verdict::Ok => ("check is-good", Icon::Check),
        Verdict::Attention => ("check is-wait", Icon::Clock),
        Verdict::NotOk => ("check is-bad", Icon::Warning),
    }
}

/// What is wrong and what to do, point by point.
#[component]
pub fn SelfCheckCard(
    /// What the check looks at.
    facts: Signal<Facts>,
    /// Which points it has.
    points: fn(&Facts) -> Vec<Point>,
    /// Whether answers are on their way.
    pending: Signal<bool>,
    /// Asked to look again.
    on_check: Callback<()>,
) -> impl IntoView {
    let found = Memo::new(move |_| facts.with(points));
    let rows = move || found.with(|points| points.iter().map(row).collect_view());
    view! {
        <section class="devtools__card" aria-label="Self-check">
            <h2 class="devtools__title">"Self-check"</h2>
            <div class="devtools__row">
                <button
                    class="button"
                    type="button"
                    aria-busy=move || pending.get().then_some("true")
                    on:click=move |_| on_check.run(())
                >
                    "Check again"
                </button>
                <p class="checks__summary" role="status" aria-label="Self-check">
                    {move || if pending.get() { "Checking…".to_owned() } else { found.with(|it| summary(it)) }}
                </p>
            </div>
            <ol class="checks">{rows}</ol>
        </section>
    }
}

fn row(point: &Point) -> impl IntoView + use<> {
    let (class, icon) = look(point.verdict);
    let advice = (!point.advice.is_empty()).then(|| view! { <p class="check__advice">{point.advice}</p> });
    view! {
        <li class=class aria-label=point.name>
            <Glyph icon/>
            <div class="check__words">
                <p class="check__name">
                    {point.name}
                    <span class="check__verdict">{point.verdict.word()}</span>
                </p>
                <p>{point.found.clone()}</p>
                {advice}
            </div>
        </li>
    }
}
