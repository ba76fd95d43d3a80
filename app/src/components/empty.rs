//! What stands where nothing is yet.

use leptos::prelude::*;

use super::arcs::Arcs;

/// The motif, a line and what to do next.
#[component]
pub fn Empty(
    /// What is missing, as a heading.
    #[prop(into)]
    title: Signal<String>,
    /// What to do about it.
    #[prop(into)]
    hint: Signal<String>,
    /// A button, if one helps.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Arcs/>
            <h1 class="empty__title">{move || title.get()}</h1>
            <p class="empty__hint">{move || hint.get()}</p>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}
