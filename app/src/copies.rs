//! Copies of pages for a reload without network: the page says what it shows (`copies.js`), the service worker
//! (`public/sw.js`) fetches and keeps it.

use leptos::prelude::*;
use protocol::ServerFrame;

use crate::address::Address;
use crate::link::Link;
use crate::reactive::effect;

/// From now on there are copies of what this page shows, until nobody is signed in any more.
pub(crate) fn keep_copies(address: Address, link: Link) {
    let mut is_first = true;
    effect(move || {
        address.place.track();
        if std::mem::take(&mut is_first) {
            browser::start_copies();
        } else {
            browser::note_change(true);
        }
    });
    link.on_frame(|frame| {
        if let ServerFrame::Message { .. } = frame {
            browser::note_change(false);
        }
    });
}

/// There are no copies any more: nobody is signed in. Every page that lives says so, whether it is copied or not.
#[cfg(target_arch = "wasm32")]
pub(crate) fn drop_copies() {
    browser::drop_copies();
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen(module = "/src/copies.js")]
    extern "C" {
        #[wasm_bindgen(js_name = startCopies)]
        pub(super) fn start_copies();
        #[wasm_bindgen(js_name = noteChange)]
        pub(super) fn note_change(turned: bool);
        #[wasm_bindgen(js_name = dropCopies)]
        pub(super) fn drop_copies();
    }
}

/// The server renders pages and keeps none.
#[cfg(not(target_arch = "wasm32"))]
mod browser {
    pub(super) fn start_copies() {}
    pub(super) fn note_change(_turned: bool) {}
}
