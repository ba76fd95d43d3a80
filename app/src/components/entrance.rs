//! The frame of the pages before one is in: the motif on one side, a form on the other.

use leptos::prelude::*;

use super::arcs::{Arcs, Wordmark};
use super::theme_switch::ThemeSwitch;

/// Motif and form, side by side; on a phone the form only.
#[component]
pub fn Entrance(
    /// The page's heading.
    title: &'static str,
    /// One sentence under it.
    lead: &'static str,
    /// The form and what stands under it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="entrance">
            <header class="entrance__poster">
                <Arcs/>
                <p class="entrance__sentence">"Many voices,"<br/>"one room."</p>
            </header>
            <main class="entrance__main">
                <div class="entrance__top">
                    <Wordmark/>
                    <ThemeSwitch/>
                </div>
                <div class="entrance__form">
                    <h1 class="entrance__title">{title}</h1>
                    <p class="entrance__lead">{lead}</p>
                    {children()}
                </div>
            </main>
        </div>
    }
}
