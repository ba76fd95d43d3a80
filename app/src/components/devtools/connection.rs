//! The connection, by hand.

use leptos::prelude::*;

use crate::model::connection_state::ConnectionState;

/// Two buttons for what the connection otherwise does by itself.
#[component]
pub fn ConnectionCard(
    /// Where the connection stands.
    status: ReadSignal<ConnectionState>,
    /// Whether the buttons may be used at all.
    enabled: Signal<bool>,
    /// Asked to connect.
    on_connect: Callback<()>,
    /// Asked to disconnect.
    on_disconnect: Callback<()>,
) -> impl IntoView {
    // What is under way can be given up; only what rests can be started.
    let rests = move || status.with(|status| *status == ConnectionState::Idle || !status.takes_posts());
    view! {
        <section class="devtools__card" aria-label="Connection control">
            <h2 class="devtools__title">"Connection"</h2>
            <p class="devtools__hint">
                "A page connects by itself and comes back after a loss. Here it does so when you say."
            </p>
            <div class="devtools__row">
                <button
                    class="button"
                    type="button"
                    disabled=move || !enabled.get() || !rests()
                    on:click=move |_| on_connect.run(())
                >
                    "Connect"
                </button>
                <button
                    class="button"
                    type="button"
                    disabled=move || !enabled.get() || rests()
                    on:click=move |_| on_disconnect.run(())
                >
                    "Disconnect"
                </button>
            </div>
        </section>
    }
}
