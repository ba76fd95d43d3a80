//! The browser's way in: the server's HTML is already on screen, this brings it to life.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that the shell put into the page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
