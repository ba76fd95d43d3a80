//! Hubbub's pages. The server renders them to HTML; the browser hydrates the same code and keeps it live.

// Views are nested types; the deepest page is deeper than the default allows.
#![recursion_limit = "256"]

pub mod api;
mod clock;
pub mod components;
pub mod conversation;
pub mod link;
pub mod model;
pub mod page;
pub mod pages;
mod shell;
mod start;
pub mod when;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::pages::{DevtoolsPage, Lobby, NotFoundPage, RegisterPage, RoomPage, RoomsLayout, SignInPage};

pub use shell::shell;
pub use start::{Account, Demo, Problem, Start, Theme};

/// Everything inside `<body>`. What the server knew comes along in the HTML, so that both sides begin with the same.
#[component]
pub fn App() -> impl IntoView {
    let start = SharedValue::new(|| use_context::<Start>().unwrap_or_default()).into_inner();
    provide_meta_context();
    page::Page::provide(&start);
    when::Calendar::provide();
    conversation::provide_conversations(&start);
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/sign-in") view=SignInPage/>
                <Route path=path!("/register") view=RegisterPage/>
                <Route path=path!("/devtools") view=DevtoolsPage/>
                <ParentRoute path=path!("") view=RoomsLayout>
                    <Route path=path!("") view=Lobby/>
                    <Route path=path!("rooms/:id") view=RoomPage/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
