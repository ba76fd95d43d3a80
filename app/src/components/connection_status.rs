//! Where the connection stands: quiet while all is well, clear when it is not.

use leptos::prelude::*;

use super::arcs::Arcs;
use super::icon::{Glyph, Icon};
use crate::browser::current_path;
use crate::model::connection_state::ConnectionState;
use crate::paths::{SIGN_IN, entry_address};

/// How loudly a status speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Busy,
    Wait,
    Bad,
}

fn tone(status: &ConnectionState) -> Tone {
    match status {
        ConnectionState::Connected => Tone::Good,
        ConnectionState::Connecting => Tone::Busy,
        ConnectionState::Idle | ConnectionState::Reconnecting { .. } | ConnectionState::Offline => Tone::Wait,
        ConnectionState::SignedOut | ConnectionState::Refused { .. } => Tone::Bad,
    }
}

fn words(status: &ConnectionState) -> String {
    match status {
        ConnectionState::Idle => "Disconnected".to_owned(),
        ConnectionState::Connecting => "Connecting…".to_owned(),
        ConnectionState::Connected => "Connected".to_owned(),
        ConnectionState::Reconnecting { attempt, seconds_left: 0 } => {
            format!("Reconnecting… attempt {attempt}")
        }
        ConnectionState::Reconnecting { attempt, seconds_left } => {
            format!("Reconnecting… attempt {attempt}, next try in {seconds_left} s")
        }
        ConnectionState::Offline => "Offline".to_owned(),
        ConnectionState::SignedOut => "Not connected: Your sign-in has ended.".to_owned(),
        ConnectionState::Refused { reason } => format!("Not connected: {reason}"),
    }
}

/// One line with a shape, words and, where it helps, a way to try again.
#[component]
pub fn ConnectionStatus(
    /// Where the connection stands.
    status: ReadSignal<ConnectionState>,
    /// Asked to try at once.
    on_retry: Callback<()>,
    /// The path to come back to from the sign-in page. Asked for when the sign-in has ended, in the browser.
    #[prop(default = Signal::derive(current_path))]
    here: Signal<String>,
) -> impl IntoView {
    let tone = Memo::new(move |_| status.with(tone));
    let is_signed_out = Memo::new(move |_| status.with(|it| *it == ConnectionState::SignedOut));
    let is_loud = Memo::new(move |_| matches!(tone.get(), Tone::Wait | Tone::Bad));
    let shape = move || match tone.get() {
        Tone::Good => view! { <span class="connection_status__dot"></span> }.into_any(),
        Tone::Busy => view! { <Arcs breathing=true/> }.into_any(),
        Tone::Wait | Tone::Bad => view! { <Glyph icon=Icon::Warning/> }.into_any(),
    };
    view! {
        <div class="connection_status" class:is-loud=move || is_loud.get() class:is-bad=move || tone.get() == Tone::Bad>
            {move || shape()}
            <p class="connection_status__words" role="status" aria-label="Connection">
                {move || status.with(words)}
            </p>
            {move || match (is_loud.get(), is_signed_out.get()) {
                (false, _) => ().into_any(),
                (true, false) => view! {
                    <button class="button is-small" type="button" on:click=move |_| on_retry.run(())>
                        "Retry now"
                    </button>
                }
                .into_any(),
                (true, true) => view! {
                    <a class="button is-small" href=move || entry_address(SIGN_IN, &here.get()) rel="external">"Sign in"</a>
                }
                .into_any(),
            }}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_happens_next() {
        let waiting = ConnectionState::Reconnecting { attempt: 3, seconds_left: 4 };
        assert_eq!(words(&waiting), "Reconnecting… attempt 3, next try in 4 s");
        let refused = ConnectionState::Refused { reason: "not this account".to_owned() };
        assert_eq!(words(&refused), "Not connected: not this account");
        assert_eq!(tone(&ConnectionState::Offline), Tone::Wait);
    }
}
