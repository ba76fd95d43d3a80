//! The document around the pages.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::start::Start;

/// The whole HTML document, rendered by the server for every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Start>().unwrap_or_default().theme;
    view! {
        <!DOCTYPE html>
        <html lang="en" dir="auto" data-theme=theme.as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfaf7"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d0f15"/>
                <meta name="description" content="Hubbub: many voices, one room. A chat that keeps up with you."/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="stylesheet" id="leptos" href="/pkg/hubbub.css"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
