//! Any other address.

use leptos::prelude::*;

use crate::components::empty::Empty;

/// Says so, and shows the way home.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <main class="alone">
            <Empty title="Nobody is talking here" hint="This page does not exist. The address may be misspelt or out of date.">
                <a href="/" class="button" rel="external">"Go to your rooms"</a>
            </Empty>
        </main>
    }
}
