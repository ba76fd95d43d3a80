//! What stands where nothing is yet.

use leptos::prelude::*;

use super::arcs::Arcs;

/// The motif, a line and what to do next.
#[component]
pub fn Empty(
    /// What is missing, as a heading.
    title: &'static str,
    /// What to do about it.
    hint: &'static str,
    /// A button, if one helps.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Arcs/>
            <h1 class="empty__title">{title}</h1>
            <p class="empty__hint">{hint}</p>
            {children.map(|children| children())}
        </div>
    }
}
