//! Where a session stands, in a shape, a colour and a word.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::model::session::{Session, Standing};
use crate::when::Calendar;

fn icon(standing: &Standing) -> Icon {
    match standing {
        Standing::NotStarted | Standing::Other(_) => Icon::Clock,
        Standing::Live => Icon::Live,
        Standing::Paused => Icon::Pause,
        Standing::Ended => Icon::Stop,
    }
}

/// "Live since 14:05", told to those who listen whenever it changes.
#[component]
pub fn StandingLine(
    /// What is known of the session.
    session: RwSignal<Session>,
) -> impl IntoView {
    let calendar = expect_context::<Calendar>();
    let standing = Memo::new(move |_| session.with(Session::standing));
    let is = move |wanted: Standing| move || standing.with(|it| *it == wanted);
    let words = move || {
        let label = standing.with(Standing::label);
        match session.with(Session::since) {
            Some(at_ms) if standing.with(|it| *it == Standing::Ended) => {
                format!("{label} at {}", calendar.moment(at_ms))
            }
            Some(at_ms) => format!("{label} since {}", calendar.moment(at_ms)),
            None => label,
        }
    };
    view! {
        <p
            class="standing"
            class:is-live=is(Standing::Live)
            class:is-paused=is(Standing::Paused)
            class:is-ended=is(Standing::Ended)
        >
            {move || view! { <Glyph icon=standing.with(icon)/> }}
            <span role="status" aria-label="Session">{words}</span>
        </p>
    }
}
