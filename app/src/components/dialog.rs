//! A window above the page: the browser's own `<dialog>`, which keeps the focus inside, closes on Esc and gives the
//! focus back.

use crate::browser::attempt;
use leptos::html;
use leptos::prelude::*;

/// A modal dialog with a title.
#[component]
pub fn Dialog(
    /// What it is called; its accessible name.
    title: &'static str,
    /// Whether it is open. Esc and the browser's own ways of closing set it to `false`.
    open: RwSignal<bool>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let window = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let (Some(window), open) = (window.get(), open.get()) else {
            return;
        };
        if open && !window.open() {
            attempt("opening the dialog", window.show_modal());
        } else if !open && window.open() {
            window.close();
        }
    });
    // The browser tells of a close later than it closes: the dialog may have been opened again meanwhile.
    let closed = move |_| {
        if !window.get_untracked().is_some_and(|window| window.open()) {
            open.set(false);
        }
    };
    view! {
        <dialog class="dialog" node_ref=window aria-label=title on:close=closed>
            <h2 class="dialog__title">{title}</h2>
            {children()}
        </dialog>
    }
}
