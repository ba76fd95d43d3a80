//! The browser's way in: the server's HTML is already on screen, this brings it to life.
//!
//! Each feature is a page that lives. A release builds one file for each; while developing, one file holds them all.

mod life;

use leptos::mount::{hydrate_body, mount_to_body};
use wasm_bindgen::prelude::wasm_bindgen;

/// Brings a page to life if the address names it, or if this file holds no other.
macro_rules! bring_to_life {
    ($how:ident: $($feature:literal, $place:pat, $root:path;)+) => {$(
        #[cfg(feature = $feature)]
        if is_alone() || matches!(app::place(), $place) {
            $how($root);
            return;
        }
    )+};
}

/// The pages that live, each with what is done to it.
macro_rules! pages {
    ($how:ident) => {
        use app::address::Place;

        bring_to_life! { $how:
            "devtools", Place::Devtools, app::Workbench;
            "live", Place::Live(_), app::Live;
            "test", Place::Test, app::Test;
            "rooms", Place::Lobby | Place::Room(_), app::Rooms;
        }
    };
}

/// Takes over the nodes that the server rendered. Called by the loader (`app/src/loader.js`).
#[wasm_bindgen]
pub fn hydrate() {
    life::begin();
    pages!(hydrate_body);
}

/// Builds the page into a body that the loader has emptied, because something changed what the server rendered.
#[wasm_bindgen]
pub fn mount() {
    life::begin();
    pages!(mount_to_body);
}

/// Whether this file was built for one page.
fn is_alone() -> bool {
    let pages =
        [cfg!(feature = "rooms"), cfg!(feature = "live"), cfg!(feature = "devtools"), cfg!(feature = "test")];
    pages.into_iter().filter(|it| *it).count() == 1
}
