//! Light, dark or the system's choice.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::{Glyph, Icon};
use crate::start::Theme;

const YEAR_SECONDS: u32 = 31_536_000;

/// A button that goes round the three themes. The document shows the choice at once, a cookie keeps it.
#[component]
pub fn ThemeSwitch(
    /// The choice, shared by all pages.
    theme: RwSignal<Theme>,
) -> impl IntoView {
    let icon = Signal::derive(move || match theme.get() {
        Theme::System => Icon::Screen,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    });
    let label = move || format!("Theme: {}", theme.get().as_str());
    let turn = move |_| {
        theme.update(|it| *it = it.next());
        show(theme.get_untracked());
    };
    view! {
        <button class="icon_button theme_switch" type="button" aria-label=label title=label on:click=turn>
            <Glyph icon/>
        </button>
    }
    .into_any()
}

/// A browser that refuses one of the two still does the other.
fn show(theme: Theme) {
    let document = document();
    if let Some(root) = document.document_element()
        && let Err(error) = root.set_attribute("data-theme", theme.as_str())
    {
        leptos::logging::warn!("the theme could not be shown: {error:?}");
    }
    let secure = location().protocol().is_ok_and(|it| it == "https:");
    let cookie = format!(
        "{}={}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax{}",
        Theme::COOKIE,
        theme.as_str(),
        if secure { "; Secure" } else { "" }
    );
    let document: web_sys::HtmlDocument = document.unchecked_into();
    if let Err(error) = document.set_cookie(&cookie) {
        leptos::logging::warn!("the theme could not be kept: {error:?}");
    }
}
