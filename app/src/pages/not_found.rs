//! Any other address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::components::empty::Empty;

/// Says so, and shows the way home.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · Hubbub"/>
        <main class="alone">
            <Empty title="Nobody is talking here" hint="This page does not exist. The address may be misspelt or out of date.">
                <A href="/" attr:class="button">"Go to your rooms"</A>
            </Empty>
        </main>
    }
    .into_any()
}
