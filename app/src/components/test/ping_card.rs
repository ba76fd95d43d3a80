//! Round trips, in figures.

use leptos::prelude::*;

use crate::model::round_trips::{Figures, RoundTrips, words};

/// Sends pings and shows how long the answers took.
#[component]
pub fn PingCard(
    /// Pings and answers.
    trips: RwSignal<RoundTrips>,
    /// Whether a ping can be sent.
    enabled: Signal<bool>,
    /// Asked to send so many, one after the other.
    on_ping: Callback<u32>,
) -> impl IntoView {
    let figures = move || {
        let figures = trips.with(RoundTrips::figures);
        let of =
            |pick: fn(&Figures) -> u64| figures.as_ref().map_or_else(|| "–".to_owned(), |it| words(pick(it)));
        [
            ("Last", of(|it| it.last)),
            ("Median", of(|it| it.median)),
            ("Worst", of(|it| it.worst)),
            ("Answers", figures.map_or(0, |it| it.count).to_string()),
        ]
        .map(|(name, value)| {
            view! {
                <div class="run__figure">
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
        .collect_view()
    };
    let button = |count: u32, label: &'static str| {
        view! {
            <button class="button" type="button" disabled=move || !enabled.get() on:click=move |_| on_ping.run(count)>
                {label}
            </button>
        }
    };
    view! {
        <section class="devtools__card" aria-label="Round trips">
            <h2 class="devtools__title">"Pings"</h2>
            <p class="devtools__hint">"There and back, through the socket and the hub. Figures are of the last 20."</p>
            <div class="devtools__row">{button(1, "Send a ping")} {button(20, "Send 20 pings")}</div>
            <dl class="run__figures">{figures}</dl>
        </section>
    }
}
