//! What a browser may refuse.

use wasm_bindgen::JsValue;

/// Tells the console when the browser did not do what it was asked for. The page goes on without.
pub(crate) fn attempt(what: &str, outcome: Result<(), JsValue>) {
    if let Err(why) = outcome {
        web_sys::console::warn_2(&format!("{what} did not work:").into(), &why);
    }
}
