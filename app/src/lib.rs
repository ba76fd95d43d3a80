//! Hubbub's pages. The server renders them to HTML; the browser hydrates the same code and keeps it live.

// Views are nested types; the deepest page is deeper than the default allows.
#![recursion_limit = "256"]

pub mod address;
pub mod api;
mod browser;
mod clock;
pub mod components;
pub mod conversation;
mod errand;
pub mod link;
pub mod model;
pub mod page;
pub mod pages;
mod reactive;
pub mod roots;
mod shell;
mod start;
mod title;
pub mod when;

pub use roots::{Rooms, Workbench, is_workbench};
pub use shell::shell;
pub use start::{Account, Demo, Problem, Start, Theme};
