//! The document around the pages.

use leptos::prelude::*;

use crate::address::Place;
use crate::loader::Loader;
use crate::page_files::StyleSheet;
use crate::roots::{Live, Plain, Rooms, Test, Workbench};
use crate::start::Start;
use crate::title::title;

/// The whole HTML document, rendered by the server for every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let start = use_context::<Start>().unwrap_or_default();
    let place = Place::of(&start.path);
    // As HTML: a child would bring marks for the hydration along, which a title shows.
    let title = escaped(&title(&place, &start.rooms));
    let theme = start.theme;
    let lives = start.lives();
    let body = match &place {
        Place::Devtools => view! { <Workbench/> }.into_any(),
        Place::Test => view! { <Test/> }.into_any(),
        Place::Live(_) if lives => view! { <Live/> }.into_any(),
        _ if lives => view! { <Rooms/> }.into_any(),
        _ => view! { <Plain start place/> }.into_any(),
    };
    view! {
        <!DOCTYPE html>
        <html lang="en" dir="ltr" data-theme=theme.as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <title inner_html=title></title>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfaf7"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d0f15"/>
                <meta name="description" content="Hubbub: many voices, one room. A chat that keeps up with you."/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <StyleSheet/>
                <AutoReload options/>
                {lives.then(|| view! { <Loader/> })}
            </head>
            <body>
                {body}
                <noscript>
                    <p class="page_notice">
                        "JavaScript is switched off in this browser. You can sign in and read; writing, and everything live, needs it."
                    </p>
                </noscript>
            </body>
        </html>
    }
}

/// A text as HTML (HTML, section 13.3).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
