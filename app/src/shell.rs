//! The document around the pages.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::loader::Loader;
use crate::page_files::StyleSheet;
use crate::start::PageKind;

/// The whole HTML document, rendered by the server for every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let is_interactive = PageKind::current() == PageKind::Interactive;
    view! {
        <!DOCTYPE html>
        <html lang="en" dir="ltr">
            <head>
                <meta charset="utf-8"/>
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <MetaTags/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfaf7"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d0f15"/>
                <meta name="description" content="Hubbub: many voices, one room. A chat that keeps up with you."/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <StyleSheet/>
                <AutoReload options/>
                {is_interactive.then(|| view! { <Loader/> })}
            </head>
            <body>
                <App/>
                <noscript>
                    <p class="page_notice">
                        "JavaScript is switched off in this browser. You can sign in and read; writing, and everything live, needs it."
                    </p>
                </noscript>
            </body>
        </html>
    }
}
