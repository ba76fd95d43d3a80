//! Loader: the script in the head of each page that lives. It fetches the WebAssembly and hydrates what the server rendered.
//!
//! Hydration walks the nodes of the document without looking at their names, so it fits only what the server sent.
//! Extensions and proxies change that: nodes are added, comments removed, white space collapsed, addresses rewritten. The
//! server says in `data-nodes` how many nodes and characters it sent ([`BODY`]); where the count differs the body is emptied
//! and the page is built anew. A hydration that fails all the same leaves a broken instance behind, so a second one builds
//! the page.
//!
//! What is typed into the message field before that goes with the start of the page ([`crate::early_text`]), and a page that
//! has to be loaded again takes it along. That is once without asking where the server has other files by now. A page that
//! cannot start for other reasons says so, with a button that reloads it.
//!
//! `loader.js` travels inside the document, past the same proxies: no line comments, a semicolon after each statement, and
//! no text with two spaces, so that it means the same on one line.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::page_files::PageFiles;

/// The body's tag as [`crate::shell`] renders it. The server puts `data-nodes` into it.
pub const BODY: &str = "<body>";

/// What stands behind the nodes of the page in the body; nothing from here on is hydrated.
pub const BODY_END: &str = "<noscript";

const SCRIPT: &str = include_str!("loader.js");

/// The script, and hints so that what it fetches is on its way while the document still comes in.
#[component]
pub(crate) fn Loader() -> impl IntoView {
    let PageFiles { script, wasm, .. } = use_context().unwrap_or_default();
    let call = on_one_line(SCRIPT, &script, &wasm);
    view! {
        <link rel="modulepreload" href=script crossorigin="anonymous"/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=use_nonce()>{call}</script>
    }
}

/// Without the indentation and the line breaks, which every page would carry.
fn on_one_line(loader: &str, script: &str, wasm: &str) -> String {
    let line = loader.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    format!("{line}({script:?}, {wasm:?});")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_survives_the_loss_of_its_line_breaks() {
        let line = on_one_line(SCRIPT, "/pkg/hubbub.js", "/pkg/hubbub.wasm");
        assert!(line.ends_with("})(\"/pkg/hubbub.js\", \"/pkg/hubbub.wasm\");"));
        for lost in ["//", "<!--", "  ", "\n", "`"] {
            assert!(!line.contains(lost), "{lost:?}");
        }
    }
}
