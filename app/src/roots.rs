//! Where a page begins. Each root is everything inside `<body>`, and each that lives in the browser has WebAssembly of
//! its own, so that nobody loads the workbench in order to chat. Pages of plain HTML have none: see [`Plain`].

use leptos::prelude::*;

use crate::address::{Address, Place, current_path};
use crate::link::{ConnectionOptions, provide_link};
use crate::pages::{
    AccountPage, DevtoolsPage, LivePage, NotFoundPage, RegisterPage, RoomsPage, SignInPage, TestPage,
};
use crate::start::{Spelling, Start};
use crate::{chat, page, session, when};

/// The rooms.
#[component]
pub fn Rooms() -> impl IntoView {
    let start = shared_start();
    Address::provide(&start.path);
    page::Page::provide(&start);
    when::Calendar::provide();
    chat::provide_chat_store(&start);
    view! { <RoomsPage/> }
}

/// A live session.
#[component]
pub fn Live() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    when::Calendar::provide();
    chat::provide_chat_store(&start);
    let session = session::LiveSession::provide(&start);
    view! { <LivePage session/> }
}

/// The devtools.
#[component]
pub fn Workbench() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    provide_link(start.account.is_some(), ConnectionOptions::default());
    view! { <DevtoolsPage/> }
}

/// The test of one's own connection.
#[component]
pub fn Test() -> impl IntoView {
    let start = shared_start();
    page::Page::provide(&start);
    provide_link(start.account.is_some(), ConnectionOptions::default());
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
        Place::Account => view! { <AccountPage/> }.into_any(),
        Place::Nowhere => view! { <NotFoundPage/> }.into_any(),
        _ => view! { <SignInPage/> }.into_any(),
    }
}

/// What the address bar names; asked in a browser only.
pub fn place() -> Place {
    Place::of(&current_path())
}

/// What the server knew comes along in the HTML, so that both sides begin with the same.
fn shared_start() -> Start {
    SharedValue::<_, Spelling>::new_with_encoding(known).into_inner()
}

#[cfg(not(target_arch = "wasm32"))]
fn known() -> Start {
    use_context::<Start>().unwrap_or_default()
}

/// A page that is built anew reads what stands in the HTML by itself. Without it there is nothing to show, which the
/// loader puts into words.
#[cfg(target_arch = "wasm32")]
fn known() -> Start {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// The values that the server wrote, in the order in which the pages ask for them. This is the only one.
        #[wasm_bindgen(thread_local_v2, js_name = __RESOLVED_RESOURCES)]
        static WRITTEN: js_sys::Array;
    }

    let text = WRITTEN.with(|written| written.get(0)).as_string().unwrap_or_default();
    match protocol::json::from_text(&text) {
        Ok(start) => start,
        Err(error) => wasm_bindgen::throw_str(&format!("what the server knows cannot be read: {error}")),
    }
}
