//! Light, dark or the system's choice.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::{Glyph, Icon};
use crate::browser::attempt;
use crate::page::use_page;
use crate::start::Theme;

/// A button that goes round the three themes. A cookie keeps the choice. On a page that lives the document shows it at
/// once; elsewhere the server sets the cookie and leads back.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let page = use_page();
    let theme = page.theme;
    let icon = move || match theme.get() {
        Theme::System => Icon::Screen,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    };
    let turn = move |submitted: leptos::ev::SubmitEvent| {
        submitted.prevent_default();
        theme.update(|it| *it = it.next());
        keep(theme.get_untracked());
    };
    view! {
        <form class="theme_switch" method="post" action="/theme" on:submit=turn>
            <input type="hidden" name="theme" value=move || theme.get().next().as_str().to_owned()/>
            <input type="hidden" name="next" value=move || page.here()/>
            <button class="icon_button" type="submit" aria-label=move || label(theme.get()) title=move || label(theme.get())>
                {move || view! { <Glyph icon=icon()/> }}
            </button>
        </form>
    }
}

fn label(theme: Theme) -> String {
    format!("Theme: {}", theme.as_str())
}

/// For the next page that is loaded; see [`crate::App`] for this one.
fn keep(theme: Theme) {
    let secure = location().protocol().is_ok_and(|it| it == "https:");
    let cookie = format!(
        "{}={}; Path=/; Max-Age={}; SameSite=Lax{}",
        Theme::COOKIE,
        theme.as_str(),
        Theme::KEPT_SECONDS,
        if secure { "; Secure" } else { "" }
    );
    let document: web_sys::HtmlDocument = document().unchecked_into();
    attempt("keeping the theme", document.set_cookie(&cookie));
}
