//! Hubbub's pages. The server renders them to HTML; the browser hydrates the same code and keeps it live.

// Views are nested types; the deepest page is deeper than the default allows.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
mod browser;
pub mod chat;
mod clock;
pub mod components;
mod copies;
mod errand;
#[cfg(target_arch = "wasm32")]
mod keep;
pub mod link;
pub mod loader;
pub mod model;
pub mod page;
pub mod pages;
pub mod paths;
mod reactive;
pub mod routes;
pub mod self_check;
mod shell;
mod start;
mod title;
mod translated;
mod troubles;
pub mod when;

pub use app::App;
pub use pages::account::{AccountFacts, Done, SignInFacts};
pub use shell::shell;
pub use start::{Account, Demo, PageKind, Problem, Start, Theme};
