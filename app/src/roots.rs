//! Where a page begins. Each root is everything inside `<body>`, and each that lives in the browser has WebAssembly of
//! its own, so that nobody loads the workbench in order to chat. Pages of plain HTML have none: see [`Plain`].

use leptos::prelude::*;

use crate::address::{Address, Place};
use crate::link::{Whose, provide_link};
use crate::pages::{DevtoolsPage, LivePage, NotFoundPage, RegisterPage, RoomsPage, SignInPage, TestPage};
use crate::start::{Spelling, Start};
use crate::{conversation, page, session, when};

/// The rooms.
#[component]
pub fn Rooms() -> impl IntoView {
    let start = shared_start();
    Address::provide(&start.path);
    page::Page::provide(&start);
    when::Calendar::provide();
    conversation::provide_conversations(&start);
    view! { <RoomsPage/> }
}

/// A live session.
#[component]
pub fn Live() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    when::Calendar::provide();
    conversation::provide_conversations(&start);
    let session = session::LiveSession::provide(&start);
    view! { <LivePage session/> }
}

/// The devtools.
#[component]
pub fn Workbench() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    provide_link(start.account.is_some(), Whose::default());
    view! { <DevtoolsPage/> }
}

/// The test of one's own connection.
#[component]
pub fn Test() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    provide_link(start.account.is_some(), Whose::default());
    view! { <TestPage rooms=start.rooms/> }
}

#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
/// Pages that are forms and links, which every browser brings to life by itself.
#[component]
pub fn Plain(
    /// What the server knows.
    start: Start,
    /// Which page.
    place: Place,
) -> impl IntoView {
    page::Page::provide(&start);
    match place {
        Place::Register => view! { <RegisterPage/> }.into_any(),
        Place::Nowhere => view! { <NotFoundPage/> }.into_any(),
        _ => view! { <SignInPage/> }.into_any(),
    }
}

/// What the address bar names; asked in a browser only.
pub fn place() -> Place {
    location().pathname().map_or(Place::Nowhere, |path| Place::of(&path))
}

/// What the server knew comes along in the HTML, so that both sides begin with the same.
fn shared_start() -> Start {
    SharedValue::<_, Spelling>::new_with_encoding(known).into_inner()
}

#[cfg(not(target_arch = "wasm32"))]
fn known() -> Start {
    use_context::<Start>().unwrap_or_default()
}

/// Nothing but what stands in the HTML.
#[cfg(target_arch = "wasm32")]
fn known() -> Start {
    Start::default()
}
