//! Unsent texts: what was written for a room in which nothing can be written any more, offered to be copied.

use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::DraftId;

use crate::browser::{NoClipboard, copy_text};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentText {
    /// Which draft; `None` for the text that stands in the field.
    pub draft: Option<DraftId>,
    /// What was written.
    pub body: String,
}

/// Nothing while there are none.
#[component]
pub fn UnsentTexts(
    /// The texts, oldest first.
    texts: Memo<Vec<UnsentText>>,
    /// Asked to forget one.
    on_discard: Callback<Option<DraftId>>,
) -> impl IntoView {
    move || {
        let items = texts.get().into_iter().map(|text| view! { <Item text on_discard/> }).collect_view();
        if items.is_empty() {
            return ().into_any();
        }
        view! {
            <section class="unsent" aria-label="Not sent">
                <h2 class="unsent__title">"Not sent"</h2>
                <p class="unsent__hint">"You wrote this and it was not sent. Copy what you want to keep."</p>
                <ul class="unsent__texts">{items}</ul>
            </section>
        }
        .into_any()
    }
}

#[component]
fn Item(text: UnsentText, on_discard: Callback<Option<DraftId>>) -> impl IntoView {
    let UnsentText { draft, body } = text;
    let outcome = RwSignal::new("");
    let copy = {
        let body = body.clone();
        move |_| {
            let body = body.clone();
            spawn_local(async move {
                outcome.try_set(match copy_text(&body).await {
                    Ok(()) => "Copied",
                    Err(NoClipboard) => "The browser does not allow it here: select the text and copy it",
                });
            });
        }
    };
    view! {
        <li class="unsent__item">
            <p class="unsent__text" dir="auto">{body}</p>
            <div class="unsent__actions">
                <span class="unsent__outcome" role="status">{move || outcome.get()}</span>
                <button class="button is-small is-plain" type="button" on:click=move |_| on_discard.run(draft)>
                    "Discard"
                </button>
                <button class="button is-small" type="button" on:click=copy>"Copy"</button>
            </div>
        </li>
    }
}
