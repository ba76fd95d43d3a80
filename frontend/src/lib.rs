//! The browser's way in: the server's HTML is already on screen, this brings it to life.
//!
//! Each feature is a page that lives. A release builds one file for each; while developing, one file holds them all.

use wasm_bindgen::prelude::wasm_bindgen;

/// Brings a page to life if the address names it, or if this file holds no other.
macro_rules! bring_to_life {
    ($($feature:literal, $place:pat, $root:path;)+) => {$(
        #[cfg(feature = $feature)]
        if is_alone() || matches!(app::place(), $place) {
            leptos::mount::hydrate_body($root);
            return;
        }
    )+};
}

/// Called by the script that the shell put into the page.
#[wasm_bindgen]
pub fn hydrate() {
    use app::address::Place;

    console_error_panic_hook::set_once();
    bring_to_life! {
        "devtools", Place::Devtools, app::Workbench;
        "live", Place::Live(_), app::Live;
        "test", Place::Test, app::Test;
        "rooms", Place::Lobby | Place::Room(_), app::Rooms;
    }
}

/// Whether this file was built for one page.
fn is_alone() -> bool {
    let pages =
        [cfg!(feature = "rooms"), cfg!(feature = "live"), cfg!(feature = "devtools"), cfg!(feature = "test")];
    pages.into_iter().filter(|it| *it).count() == 1
}
