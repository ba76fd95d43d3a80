//! The motif: three arcs that lean into each other like overlapping voices. Used in the wordmark, while connecting and
//! in empty places, nowhere else.

use leptos::prelude::*;

/// The motif alone. It takes its colour and size from where it stands.
#[component]
pub fn Arcs(
    /// Whether the arcs breathe, because something is under way.
    #[prop(into, default = Signal::from(false))]
    breathing: Signal<bool>,
) -> impl IntoView {
    view! {
        <svg class="arcs" class:is-breathing=move || breathing.get() viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path class="arcs__arc" d="M8.48 14.14A8 8 0 0 1 22.93 7.4"/>
            <path class="arcs__arc" d="M22.15 11.77A8 8 0 0 1 20.76 27.65"/>
            <path class="arcs__arc" d="M17.37 24.79A8 8 0 0 1 4.31 15.65"/>
        </svg>
    }
}

/// The name, drawn from the same arcs as the motif. A link around it says "Hubbub" to those who cannot see it.
#[component]
pub fn Wordmark() -> impl IntoView {
    view! {
        <span class="wordmark">
            <Arcs/>
            <svg class="wordmark__name" viewBox="0 0 93 20" aria-hidden="true" focusable="false">
                <path d="M2 2V18M2 12.5a5 5 0 0 1 10 0V18"/>
                <path d="M18 7.5V13a5 5 0 0 0 10 0V7.5"/>
                <path d="M34 2V18M34 12.75a5.25 5.25 0 1 1 10.5 0a5.25 5.25 0 1 1 -10.5 0"/>
                <path d="M50.5 2V18M50.5 12.75a5.25 5.25 0 1 1 10.5 0a5.25 5.25 0 1 1 -10.5 0"/>
                <path d="M67 7.5V13a5 5 0 0 0 10 0V7.5"/>
                <path d="M80.5 2V18M80.5 12.75a5.25 5.25 0 1 1 10.5 0a5.25 5.25 0 1 1 -10.5 0"/>
            </svg>
        </span>
    }
}
