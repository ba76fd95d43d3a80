//! The browser's way in: the server's HTML is already on screen, this brings it to life.

mod life;

use app::App;
use leptos::mount::{hydrate_body, mount_to_body};
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the nodes that the server rendered. Called by the loader (`app/src/loader.js`).
#[wasm_bindgen]
pub fn hydrate() {
    life::begin();
    hydrate_body(App);
}

/// Builds the page into a body that the loader has emptied, because something changed what the server rendered.
#[wasm_bindgen]
pub fn mount() {
    life::begin();
    mount_to_body(App);
}
