//! Copies of pages for a reload without network: the page says what it shows (`copies.js`, which this only gives types), and
//! the service worker (`public/sw.js`) fetches and keeps it. In a browser only.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/copies.js")]
extern "C" {
    /// From now on there are copies of what this page shows, until nobody is signed in any more.
    #[wasm_bindgen(js_name = startCopies)]
    pub(crate) fn start_copies();
    /// Something changed on this page; `turned`: it shows another room.
    #[wasm_bindgen(js_name = noteChange)]
    pub(crate) fn note_change(turned: bool);
    /// There are no copies any more: nobody is signed in. Every page that lives says so, whether it is copied or not.
    #[wasm_bindgen(js_name = dropCopies)]
    pub(crate) fn drop_copies();
}
