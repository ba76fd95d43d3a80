//! Translated pages: texts that change stay current although the browser has put others in their place. See `translated.js`.

/// Watches over the texts of this page from now on.
pub(crate) fn keep_texts_current() {
    browser::keep_texts_current();
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen(module = "/src/translated.js")]
    extern "C" {
        #[wasm_bindgen(js_name = keepTextsCurrent)]
        pub(super) fn keep_texts_current();
    }
}

/// The server's texts do not change.
#[cfg(not(target_arch = "wasm32"))]
mod browser {
    pub(super) fn keep_texts_current() {}
}
