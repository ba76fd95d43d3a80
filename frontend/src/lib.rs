//! The browser's way in: the server's HTML is already on screen, this brings it to life.
//!
//! Each feature is a page that lives. A release builds one file for each; while developing, one file holds both.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that the shell put into the page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    #[cfg(feature = "devtools")]
    if cfg!(not(feature = "rooms")) || app::is_workbench() {
        leptos::mount::hydrate_body(app::Workbench);
        return;
    }
    #[cfg(feature = "rooms")]
    leptos::mount::hydrate_body(app::Rooms);
}
