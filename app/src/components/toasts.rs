//! Notes at the lower edge of the page, and the banner while the application is out of service.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::clock::now_ms;
use crate::model::toasts::{Toast, Toasts, Tone, Words};

/// Up to here the style sheet gives a note one line; see `_toasts.scss`.
const NARROW: &str = "(width <= 40rem)";

fn style(tone: Tone) -> (&'static str, &'static str, Icon) {
    match tone {
        Tone::Info => ("toast", "Note: ", Icon::Info),
        Tone::Success => ("toast is-good", "Done: ", Icon::Check),
        Tone::Warning => ("toast is-wait", "Warning: ", Icon::Warning),
        Tone::Error => ("toast is-bad", "Error: ", Icon::Warning),
    }
}

/// What the server wants noticed. Copying it copies two indexes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notices {
    toasts: RwSignal<Toasts>,
    /// What stands in the banner; empty for none.
    banner: RwSignal<String>,
}

impl Notices {
    /// Shows a text in the banner, or no banner for an empty one.
    pub fn show_banner(self, text: String) {
        self.banner.set(text);
    }

    /// Adds a note.
    pub fn push(self, words: Words) {
        change(self.toasts, |it, now| it.push(words, now));
    }
}

/// Everything that the server wants noticed, wherever one is.
#[component]
pub fn Toaster(
    /// What there is to notice.
    notices: Notices,
) -> impl IntoView {
    let Notices { toasts, banner } = notices;
    Effect::new(move |_| {
        let measure = move || {
            let is_narrow = window().match_media(NARROW).ok().flatten().is_some_and(|it| it.matches());
            change(toasts, |it, _| it.narrow(is_narrow));
        };
        measure();
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    });
    // Setting the timer again costs nothing: one that comes too early finds nothing to take away.
    Effect::new(move |_| {
        if let Some(wait) = toasts.with(Toasts::next_in) {
            set_timeout(move || let_go(toasts), Duration::from_millis(wait.max(1).unsigned_abs()));
        }
    });
    let folded = Memo::new(move |_| toasts.with(Toasts::folded));
    view! {
        <p
            class="banner"
            class:is-on=move || banner.with(|it| !it.is_empty())
            role="status"
            aria-label="Maintenance"
            dir="auto"
        >
            {move || banner.get()}
        </p>
        <div class="toasts">
            <div role="alert" aria-label="Errors"><Notes toasts are_urgent=true/></div>
            <div role="status" aria-label="Notifications"><Notes toasts are_urgent=false/></div>
            {move || (folded.get() != 0).then(|| view! { <More folded toasts/> })}
        </div>
    }
}

/// Those that are shown, either the urgent ones or the others.
#[component]
fn Notes(toasts: RwSignal<Toasts>, are_urgent: bool) -> impl IntoView {
    let shown = move || {
        let kind = |toast: &&Toast| (toast.words.tone == Tone::Error) == are_urgent;
        toasts.with(|it| it.shown().iter().filter(kind).cloned().collect::<Vec<_>>())
    };
    view! {
        <For each=shown key=|toast| toast.number let(toast)>
            <Note toast toasts/>
        </For>
    }
}

/// The folded ones in one line.
#[component]
fn More(folded: Memo<usize>, toasts: RwSignal<Toasts>) -> impl IntoView {
    view! {
        <div class="toasts__more">
            <button class="button is-small" type="button" on:click=move |_| change(toasts, Toasts::unfold)>
                {move || format!("and {} more", folded.get())}
            </button>
            <button class="button is-small" type="button" on:click=move |_| change(toasts, |it, _| it.clear())>
                "Dismiss all"
            </button>
        </div>
    }
}

/// Takes away those whose time is over, unless somebody looks closely.
fn let_go(toasts: RwSignal<Toasts>) {
    let is_looked_at =
        document().query_selector(".toasts:is(:hover, :focus-within)").is_ok_and(|it| it.is_some());
    change(toasts, |it, now| if is_looked_at { it.linger(now) } else { it.pass(now) });
}

/// Every change of the notes; it says whether it made a difference. The page may have gone meanwhile.
fn change(toasts: RwSignal<Toasts>, act: impl FnOnce(&mut Toasts, i64) -> bool) {
    toasts.try_maybe_update(|it| (act(it, now_ms()), ()));
}

#[component]
fn Note(toast: Toast, toasts: RwSignal<Toasts>) -> impl IntoView {
    let Toast { number, words: Words { tone, title, message }, .. } = toast;
    let (class, word, icon) = style(tone);
    view! {
        <div class=class>
            <Glyph icon/>
            <p class="toast__words">
                <span class="sr_only">{word}</span>
                <bdi class="toast__title">{title}</bdi>
                <bdi class="toast__message">{message}</bdi>
            </p>
            <button
                class="icon_button"
                type="button"
                aria-label="Dismiss"
                title="Dismiss"
                on:click=move |_| change(toasts, |it, now| it.dismiss(number, now))
            >
                <Glyph icon=Icon::Close/>
            </button>
        </div>
    }
}
