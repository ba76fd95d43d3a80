//! Notes at the lower edge of the page, and the banner while the application is out of service.

use std::time::Duration;

use leptos::prelude::*;

use super::fixed::fixed;
use super::icon::{Glyph, Icon};
use super::keyed::{Key, Row, keyed};
use crate::clock::now_ms;
use crate::model::toasts::{Toast, Toasts, Tone, Words};
use crate::reactive::{effect, memo};

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
        let mut words = Some(words);
        change(self.toasts, &mut |it, now| words.take().is_some_and(|words| it.push(words, now)));
    }
}

/// Everything that the server wants noticed, wherever one is.
#[component]
pub fn Toaster(
    /// What there is to notice.
    notices: Notices,
) -> impl IntoView {
    let Notices { toasts, banner } = notices;
    effect(move || {
        let measure = move || {
            let is_narrow = window().match_media(NARROW).ok().flatten().is_some_and(|it| it.matches());
            change(toasts, &mut |it, _| it.narrow(is_narrow));
        };
        measure();
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    });
    // Setting the timer again costs nothing: one that comes too early finds nothing to take away.
    effect(move || {
        let mut wait = None;
        look(toasts, &mut |it| wait = it.next_in());
        if let Some(wait) = wait {
            set_timeout(move || let_go(toasts), Duration::from_millis(wait.max(1).unsigned_abs()));
        }
    });
    let rows = move |is_urgent: bool| {
        keyed(move || {
            let mut rows = Vec::new();
            look(toasts, &mut |it| {
                for toast in it.shown() {
                    if (toast.words.tone == Tone::Error) == is_urgent {
                        rows.push(row(toast.clone(), toasts));
                    }
                }
            });
            rows
        })
    };
    let folded = memo(move || {
        let mut folded = 0;
        look(toasts, &mut |it| folded = it.folded());
        folded
    });
    view! {
        <p class="banner" class:is-on=move || banner.with(|it| !it.is_empty()) {..fixed([("role", "status"), ("aria-label", "Maintenance"), ("dir", "auto")])}>
            {move || banner.get()}
        </p>
        <div class="toasts">
            <div {..fixed([("role", "alert"), ("aria-label", "Errors")])}>{rows(true)}</div>
            <div {..fixed([("role", "status"), ("aria-label", "Notifications")])}>{rows(false)}</div>
            {move || (folded.get() != 0).then(|| more(folded, toasts))}
        </div>
    }
    .into_any()
}

/// The folded ones in one line.
fn more(folded: Memo<usize>, toasts: RwSignal<Toasts>) -> AnyView {
    view! {
        <div class="toasts__more">
            <button class="button is-small" type="button" on:click=move |_| change(toasts, &mut Toasts::unfold)>
                {move || format!("and {} more", folded.get())}
            </button>
            <button class="button is-small" type="button" on:click=move |_| change(toasts, &mut |it, _| it.clear())>
                "Dismiss all"
            </button>
        </div>
    }
    .into_any()
}

/// Takes away those whose time is over, unless somebody looks closely.
fn let_go(toasts: RwSignal<Toasts>) {
    let is_looked_at =
        document().query_selector(".toasts:is(:hover, :focus-within)").is_ok_and(|it| it.is_some());
    change(toasts, &mut |it, now| if is_looked_at { it.linger(now) } else { it.pass(now) });
}

/// Every look at the notes. Through one door, because each closure that a signal is given brings its own copy of it.
fn look(toasts: RwSignal<Toasts>, see: &mut dyn FnMut(&Toasts)) {
    toasts.with(|it| see(it));
}

/// Every change of the notes; it says whether it made a difference. The page may have gone meanwhile.
fn change(toasts: RwSignal<Toasts>, act: &mut dyn FnMut(&mut Toasts, i64) -> bool) {
    toasts.try_maybe_update(|it| (act(it, now_ms()), ()));
}

fn row(toast: Toast, toasts: RwSignal<Toasts>) -> Row {
    Row::new(Key::Number(toast.number), move || {
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
                    {..fixed([("aria-label", "Dismiss"), ("title", "Dismiss")])}
                    on:click=move |_| change(toasts, &mut |it, now| it.dismiss(number, now))
                >
                    <Glyph icon=Icon::Close/>
                </button>
            </div>
        }
        .into_any()
    })
}
