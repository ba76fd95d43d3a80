//! One frame in full.

use leptos::prelude::*;

use crate::components::counted::counted;
use crate::components::icon::{Glyph, Icon};
use crate::model::wire_log::Entry;

/// The frame that was chosen, with one fact a line.
#[component]
pub fn FrameDetail(
    /// Which one.
    selected: RwSignal<Option<Entry>>,
) -> impl IntoView {
    move || {
        selected.get().map(|Entry { frame, .. }| {
            let title =
                format!("{} ({}, {})", frame.kind, frame.direction.word(), counted(frame.size, "byte"));
            view! {
                <section class="frame-detail" aria-label="Frame in full">
                    <header class="frame-detail__head">
                        <h3 class="frame-detail__title">{title}</h3>
                        <button
                            class="icon_button"
                            type="button"
                            aria-label="Close the frame"
                            title="Close"
                            on:click=move |_| selected.set(None)
                        >
                            <Glyph icon=Icon::Close/>
                        </button>
                    </header>
                    <pre class="frame-detail__text" tabindex="0" role="group" aria-label="Text of the frame">
                        <code>{frame.pretty()}</code>
                    </pre>
                </section>
            }
        })
    }
}
