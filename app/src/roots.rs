//! Where a page begins. Each root is everything inside `<body>`, and each that lives in the browser has WebAssembly of
//! its own, so that nobody loads the workbench in order to chat. Pages of plain HTML have none: see [`Plain`].

use leptos::prelude::*;

use crate::address::{Address, Place};
use crate::link::provide_link;
use crate::pages::{DevtoolsPage, NotFoundPage, RegisterPage, RoomsPage, SignInPage};
use crate::start::{Spelling, Start};
use crate::{conversation, page, when};

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

/// The devtools.
#[component]
pub fn Workbench() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    provide_link(start.account.is_some());
    view! { <DevtoolsPage/> }
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

/// Whether the address bar names the devtools; asked in a browser only.
pub fn is_workbench() -> bool {
    location().pathname().is_ok_and(|path| Place::of(&path) == Place::Devtools)
}

/// What the server knew comes along in the HTML, so that both sides begin with the same.
fn shared_start() -> Start {
    SharedValue::<_, Spelling>::new_with_encoding(|| use_context::<Start>().unwrap_or_default()).into_inner()
}
