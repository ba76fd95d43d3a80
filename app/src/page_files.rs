//! Page files: the addresses of what a page loads. The server finds them in its site folder, with hashes of the contents in
//! their names.

use std::sync::Arc;

use leptos::nonce::use_nonce;
use leptos::prelude::*;

/// What one page loads; the server puts it into the context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFiles {
    /// Address of the JavaScript that goes with the WebAssembly.
    pub script: String,
    /// Address of the WebAssembly.
    pub wasm: String,
    /// The style sheet.
    pub style_sheet: PageStyle,
}

/// How a page comes by its style sheet.
///
/// Inside the page as a rule. A file would be a second round trip before there is text: on a line of 50 kB/s and 400 ms it
/// takes 1.5 s to the first paint that way, and 0.7 s with 13 kB more of HTML. A part of the rules inside and the rest later
/// would be two style sheets to keep apart, and a page that changes under the eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStyle {
    /// The rules themselves.
    Inline(Arc<str>),
    /// The address of a file.
    File(String),
}

impl Default for PageStyle {
    fn default() -> Self {
        Self::File("/pkg/hubbub.css".to_owned())
    }
}

/// The style sheet, in the head.
#[component]
pub(crate) fn StyleSheet() -> impl IntoView {
    let PageFiles { style_sheet, .. } = use_context().unwrap_or_default();
    match style_sheet {
        PageStyle::Inline(rules) => view! { <style nonce=use_nonce() inner_html=rules></style> }.into_any(),
        PageStyle::File(address) => view! { <link rel="stylesheet" href=address/> }.into_any(),
    }
}
