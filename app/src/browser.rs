//! What a browser may refuse.

use leptos::prelude::{location, window};
use wasm_bindgen::JsValue;

/// Tells the console when the browser did not do what it was asked for. The page goes on without.
pub(crate) fn attempt(what: &str, outcome: Result<(), JsValue>) {
    if let Err(why) = outcome {
        web_sys::console::warn_2(&format!("{what} did not work:").into(), &why);
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
