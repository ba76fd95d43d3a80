//! Hubbub's pages. The server renders them to HTML; the browser hydrates the same code and keeps it live.

// Views are nested types; the deepest page is deeper than the default allows.
#![recursion_limit = "256"]

// With other views than the server's, the browser would find nodes that are not there.
#[cfg(not(any(erase_components, doc)))]
compile_error!(
    "Build with `--cfg erase_components`. `.cargo/config.toml` sets it, unless RUSTFLAGS, CARGO_ENCODED_RUSTFLAGS or a \
     target's `rustflags` replace its flags: unset those, or add this one to them."
);

pub mod address;
pub mod api;
mod browser;
pub mod chat;
mod clock;
pub mod components;
mod copies;
pub mod early_text;
mod errand;
#[cfg(target_arch = "wasm32")]
mod keep;
pub mod link;
pub mod loader;
pub mod model;
pub mod page;
pub mod page_files;
pub mod pages;
mod reactive;
pub mod roots;
pub mod self_check;
pub mod session;
mod shell;
mod start;
mod title;
mod translated;
mod troubles;
pub mod when;

pub use pages::account::{AccountFacts, Done, SignInFacts};
pub use roots::{Live, Rooms, Test, Workbench, place};
pub use shell::shell;
pub use start::{Account, Demo, Problem, Start, Theme};
