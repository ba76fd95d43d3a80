//! The browser's way in: the server's HTML is already on screen, this brings it to life.
//!
//! `/devtools` and `/test` are features: `make build` leaves them out of the bundle that everybody loads.

mod life;

use app::App;
use app::early_text::EarlyText;
use leptos::mount::{hydrate_body, mount_to_body};
use leptos::prelude::IntoView;
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the nodes that the server rendered. Called by the loader (`app/src/loader.js`).
///
/// `typed`: what already stands in the message field.
#[wasm_bindgen]
pub fn hydrate(typed: String) {
    life::begin();
    hydrate_body(move || page(typed));
}

/// Builds the page into a body that the loader has emptied, because something changed what the server rendered.
///
/// `typed`: what stood in the message field.
#[wasm_bindgen]
pub fn mount(typed: String) {
    life::begin();
    mount_to_body(move || page(typed));
}

/// The page that the address names.
fn page(typed: String) -> impl IntoView {
    EarlyText::provide(typed);
    App()
}
