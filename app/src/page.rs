//! What every page knows: who looks at it, in which colours, and whether it lives yet.

use leptos::prelude::*;

use crate::browser::attempt;
use crate::paths::{REGISTER, SIGN_IN, entry_address};
use crate::start::{Account, Demo, Problem, Start, Theme};
use crate::translated::keep_texts_current;

/// A handle to the facts of this tab. Copying it copies a few indices.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    facts: StoredValue<Facts>,
    /// The colours, to read and to change.
    pub theme: RwSignal<Theme>,
    /// Whether the browser has taken over from the server's HTML.
    pub live: Signal<bool>,
    /// Whether the window is wide enough for a panel beside the conversation. `false` until the page lives.
    pub is_wide: Signal<bool>,
    /// Whether the people of a room are shown; `None` leaves it to the width of the window.
    pub people: RwSignal<Option<bool>>,
}

/// What the page was loaded with. None of it changes, except that a problem is shown once.
#[derive(Debug)]
struct Facts {
    account: Option<Account>,
    demo: Option<Demo>,
    registration_closed: bool,
    problem: Option<Problem>,
    path: String,
    next: String,
}

/// From here on the style sheet shows the people beside the conversation; see `_people_panel.scss`.
const WIDE: &str = "(min-width: 75rem)";

impl Page {
    /// Puts a [`Page`] into the context, once, at the root of the pages.
    pub fn provide(start: &Start) -> Self {
        let (live, is_wide) = (RwSignal::new(false), RwSignal::new(false));
        let people = RwSignal::new(None);
        // An effect does not run on the server, and in the browser only after hydration.
        Effect::new(move |_| {
            live.set(true);
            keep_texts_current();
            if let Some(root) = document().document_element() {
                attempt("marking the document as live", root.set_attribute("data-hydrated", ""));
            }
            let look = move || {
                let wide = window().match_media(WIDE).ok().flatten().is_some_and(|it| it.matches());
                if is_wide.get_untracked() != wide {
                    // A choice made in a wide window means nothing in a narrow one.
                    people.set(None);
                    is_wide.set(wide);
                }
            };
            look();
            let listener = window_event_listener(leptos::ev::resize, move |_| look());
            on_cleanup(move || listener.remove());
        });
        let page = Self {
            facts: StoredValue::new(Facts {
                account: start.account.clone(),
                demo: start.demo.clone(),
                registration_closed: start.registration_closed,
                problem: start.problem.clone(),
                path: start.path.clone(),
                next: start.next.clone(),
            }),
            theme: RwSignal::new(start.theme),
            live: live.into(),
            is_wide: is_wide.into(),
            people,
        };
        provide_context(page);
        page
    }

    /// Who is signed in.
    pub fn account(self) -> Option<Account> {
        self.facts.with_value(|it| it.account.clone())
    }

    /// People to sign in as with one click, in development.
    pub fn demo(self) -> Option<Demo> {
        self.facts.with_value(|it| it.demo.clone())
    }

    /// Whether strangers may make no accounts here.
    pub fn registration_closed(self) -> bool {
        self.facts.with_value(|it| it.registration_closed)
    }

    /// The address that leads to this page again.
    pub fn here(self) -> String {
        self.facts.with_value(|it| match it.path.as_str() {
            SIGN_IN | REGISTER => entry_address(&it.path, &it.next),
            _ => it.path.clone(),
        })
    }

    /// Where to go after signing in: what the address asks for, else the page that one wanted to see.
    pub fn next(self) -> String {
        self.facts.with_value(|it| it.next.clone())
    }

    /// Why the form was refused that led here. It belongs to the page that asks first: whoever goes on to another form
    /// has left the problem behind.
    pub fn take_problem(self) -> Option<Problem> {
        self.facts.try_update_value(|it| it.problem.take()).flatten()
    }
}

/// The facts of this tab.
///
/// # Panics
/// When no [`Page::provide`] stands above.
pub fn use_page() -> Page {
    expect_context::<Page>()
}
