//! Routes: which page is at which path, and what it is called. CONTRIBUTING.md says what else a page needs.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::{ParentRoute, Route, Routes};
use leptos_router::path;

#[cfg(feature = "devtools")]
use crate::pages::DevtoolsPage;
#[cfg(not(feature = "devtools"))]
use crate::pages::LeftOut as DevtoolsPage;
#[cfg(not(feature = "test"))]
use crate::pages::LeftOut as TestPage;
#[cfg(feature = "test")]
use crate::pages::TestPage;

// Forms and links alone: the browser loads no program for these, so its program does without them.
#[cfg(feature = "ssr")]
use crate::pages::{AccountPage, RegisterPage, SignInPage};
#[cfg(not(feature = "ssr"))]
use crate::pages::{LeftOut as AccountPage, LeftOut as RegisterPage, LeftOut as SignInPage};

use crate::pages::{LivePage, LobbyPage, NotFoundPage, RoomPage, RoomsLayout};

/// All pages. Those in the layout of the rooms share its connection, and a link between them loads nothing.
#[component]
pub fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=not_found>
            <ParentRoute path=path!("") view=RoomsLayout>
                <Route path=path!("") view=titled("", LobbyPage)/>
                <Route path=path!("rooms/:room") view=with_own_title(RoomPage)/>
                <Route path=path!("live/:chat") view=with_own_title(LivePage)/>
            </ParentRoute>
            <Route path=path!("sign-in") view=titled("Sign in", SignInPage)/>
            <Route path=path!("register") view=titled("Create an account", RegisterPage)/>
            <Route path=path!("account") view=titled("Account", AccountPage)/>
            <Route path=path!("devtools") view=titled("Devtools", DevtoolsPage)/>
            <Route path=path!("test") view=titled("Connection test", TestPage)/>
        </Routes>
    }
}

/// What stands at every other path.
pub(crate) fn not_found() -> AnyView {
    titled("Not found", NotFoundPage)()
}

/// A page that is always called the same.
fn titled<V>(title: &'static str, page: fn() -> V) -> impl Fn() -> AnyView + Clone + Send + 'static
where
    V: IntoView + 'static,
{
    move || {
        let titled = move || view! { <Title text=title/> {page()} };
        titled.into_any()
    }
}

/// A page that renders a `Title` of its own, because what it is called depends on what it shows.
///
/// In a closure, as every page: one page takes the place of another one, and is not patched into its nodes.
fn with_own_title<V>(page: fn() -> V) -> impl Fn() -> AnyView + Clone + Send + 'static
where
    V: IntoView + 'static,
{
    move || (move || page().into_any()).into_any()
}
