//! App: all pages, from the element inside of `<body>` down. The server renders it, the browser hydrates it.

use leptos::prelude::*;
use leptos_meta::{Html, Title, provide_meta_context};
use leptos_router::components::Router;

use crate::page::Page;
use crate::routes::{Pages, not_found};
use crate::start::{PageKind, Start};
use crate::title::document_title;
use crate::when::Calendar;

/// The page at the path of the request, or of the address bar.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let start = Start::shared();
    let page = Page::provide(&start);
    Calendar::provide();
    provide_context(start);
    view! {
        <Html {..} data-theme=move || page.theme.get().as_str()/>
        <Title formatter=document_title/>
        {match PageKind::current() {
            PageKind::Missing => not_found(),
            PageKind::Interactive | PageKind::Static => view! { <Router><Pages/></Router> }.into_any(),
        }}
    }
}
