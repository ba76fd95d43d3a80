//! Translated pages: texts that change stay current although the browser has put others in their place. See `translated.js`.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/translated.js")]
extern "C" {
    /// Watches over the texts of this page from now on. In a browser only.
    #[wasm_bindgen(js_name = keepTextsCurrent)]
    pub(crate) fn keep_texts_current();
}
