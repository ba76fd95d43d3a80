//! History end: what stands above the oldest message that is known.

use leptos::prelude::*;

use super::arcs::Arcs;

/// How far back the conversation is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HistoryState {
    /// From the very first message.
    #[default]
    Beginning,
    /// There is more.
    More,
    /// More is on its way.
    Loading,
    /// More could not be had; trying again may help.
    Failed,
}

/// The beginning of the conversation, or the way further back.
#[component]
pub(super) fn HistoryEnd(
    room_name: Memo<String>,
    history: Memo<HistoryState>,
    loading: Memo<bool>,
    on_older: Callback<()>,
) -> impl IntoView {
    move || {
        if loading.get() {
            return view! { <Skeleton/> }.into_any();
        }
        match history.get() {
            HistoryState::Beginning => view! {
                <div class="message_list__beginning">
                    <Arcs/>
                    <p class="message_list__room"><bdi>{move || room_name.get()}</bdi></p>
                    <p class="message_list__hint">"This is where it begins. Say something."</p>
                </div>
            }
            .into_any(),
            HistoryState::Loading => view! { <p class="message_list__upper" role="status">"Loading older messages…"</p> }.into_any(),
            HistoryState::More | HistoryState::Failed => view! {
                <div class="message_list__upper">
                    {(history.get() == HistoryState::Failed)
                        .then(|| view! { <p role="alert">"Older messages could not be loaded. Nothing is lost."</p> })}
                    <button class="button is-small" type="button" on:click=move |_| on_older.run(())>
                        "Load older messages"
                    </button>
                </div>
            }
            .into_any(),
        }
    }
}

/// The shape of messages to come. The style sheet shows it after 200 ms, so that a quick answer does not flicker.
#[component]
fn Skeleton() -> impl IntoView {
    let line = || {
        view! {
            <div class="skeleton__line"><span class="skeleton__face"></span><span class="skeleton__words"></span></div>
        }
    };
    view! {
        <div class="skeleton" aria-hidden="true">{line()} {line()} {line()} {line()}</div>
        <p class="sr_only" role="status">"Loading messages…"</p>
    }
}
