//! What every page knows: who looks at it, in which colours, and whether it lives yet.

use leptos::prelude::*;

use crate::browser::attempt;
use crate::reactive::effect;
use crate::start::{Account, Demo, Problem, Start, Theme};

/// A handle to the facts of this tab. Copying it copies a few indices.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    account: StoredValue<Option<Account>>,
    demo: StoredValue<Option<Demo>>,
    problem: StoredValue<Option<Problem>>,
    path: StoredValue<String>,
    next: StoredValue<String>,
    /// The colours, to read and to change.
    pub theme: RwSignal<Theme>,
    /// Whether the browser has taken over from the server's HTML.
    pub live: Signal<bool>,
    /// Whether the window is wide enough for a panel beside the conversation. `false` until the page lives.
    pub is_wide: Signal<bool>,
    /// Whether the people of a room are shown; `None` leaves it to the width of the window.
    pub people: RwSignal<Option<bool>>,
}

/// From here on the style sheet shows the people beside the conversation; see `_people_panel.scss`.
const WIDE: &str = "(min-width: 75rem)";

impl Page {
    /// Puts a [`Page`] into the context, once, at the root of the pages.
    pub fn provide(start: &Start) -> Self {
        let (live, set_live) = signal(false);
        let (is_wide, set_wide) = signal(false);
        let people = RwSignal::new(None);
        // An effect does not run on the server, and in the browser only after hydration.
        effect(move || {
            set_live.set(true);
            if let Some(root) = document().document_element() {
                attempt("marking the document as live", root.set_attribute("data-hydrated", ""));
            }
            let look = move || {
                let wide = window().match_media(WIDE).ok().flatten().is_some_and(|it| it.matches());
                if is_wide.get_untracked() != wide {
                    // A choice made in a wide window means nothing in a narrow one.
                    people.set(None);
                    set_wide.set(wide);
                }
            };
            look();
            let listener = window_event_listener(leptos::ev::resize, move |_| look());
            on_cleanup(move || listener.remove());
        });
        let page = Self {
            account: StoredValue::new(start.account.clone()),
            demo: StoredValue::new(start.demo.clone()),
            problem: StoredValue::new(start.problem.clone()),
            path: StoredValue::new(start.path.clone()),
            next: StoredValue::new(start.next.clone()),
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
        self.account.get_value()
    }

    /// People to sign in as with one click, in development.
    pub fn demo(self) -> Option<Demo> {
        self.demo.get_value()
    }

    /// The path that the page was loaded from.
    pub fn path(self) -> String {
        self.path.get_value()
    }

    /// Where to go after signing in: what the address asks for, else the page that one wanted to see.
    pub fn next(self) -> String {
        self.next.get_value()
    }

    /// Why the form was refused that led here. It belongs to the page that asks first: whoever goes on to another form
    /// has left the problem behind.
    pub fn take_problem(self) -> Option<Problem> {
        self.problem.try_update_value(Option::take).flatten()
    }
}

/// The facts of this tab.
///
/// # Panics
/// When no [`Page::provide`] stands above.
pub fn use_page() -> Page {
    expect_context::<Page>()
}
