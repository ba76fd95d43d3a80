//! Browser: what a page needs to know of the browser, and what the browser may refuse.

use leptos::prelude::{document, location, window};
use wasm_bindgen::JsValue;

/// Whether this code runs in a browser. A server renders with the same code, and never gets to where the browser is asked.
pub(crate) const IS_BROWSER: bool = cfg!(target_arch = "wasm32");

/// Whether the page is in view: in front, in a window that is not minimized.
pub(crate) fn is_in_view() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Warns in the console when the browser did not do what it was asked for. The page goes on without.
pub(crate) fn attempt(what: &str, outcome: Result<(), JsValue>) {
    if let Err(error) = outcome {
        web_sys::console::warn_2(&format!("{what} did not work:").into(), &error);
    }
}

/// The path in the address bar; in a browser only.
pub(crate) fn current_path() -> String {
    location().pathname().unwrap_or_default()
}

/// The browser gives no access to the clipboard: it was refused, or the page did not come over a secure connection.
pub(crate) struct NoClipboard;

/// Puts a text into the clipboard.
pub(crate) async fn copy_text(text: &str) -> Result<(), NoClipboard> {
    let navigator = window().navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into()).map_err(|_| NoClipboard)?;
    if clipboard.is_undefined() {
        return Err(NoClipboard);
    }
    let written = navigator.clipboard().write_text(text);
    wasm_bindgen_futures::JsFuture::from(written).await.map(drop).map_err(|_| NoClipboard)
}
