//! Hubbub's pages. The server renders them to HTML; the browser hydrates the same code and keeps it live.

// Views are nested types; the deepest page is deeper than the default allows.
#![recursion_limit = "256"]

// With other views than the server's, the browser would find nodes that are not there.
#[cfg(not(any(erase_components, doc)))]
compile_error!(
    "Build with `--cfg erase_components`. `.cargo/config.toml` sets it, unless RUSTFLAGS, CARGO_ENCODED_RUSTFLAGS or a \
     target's `rustflags` replace its flags: unset those, or add this one to them."
);

pub mod api;
pub mod app;
mod browser;
pub mod chat;
mod clock;
pub mod components;
pub mod connection;
mod copies;
pub mod early_text;
pub mod loader;
pub mod model;
mod notices;
pub mod page;
pub mod page_files;
pub mod pages;
pub mod paths;
pub mod pending_posts;
pub mod routes;
pub mod self_check;
mod shell;
mod start;
mod tabs;
mod title;
mod translated;
mod troubles;
pub mod when;

pub use app::App;
pub use pages::account::{AccountFacts, Done, SignInFacts};
pub use shell::shell;
pub use start::{Account, Demo, PageKind, Problem, Start, Theme};
