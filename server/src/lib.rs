//! Hubbub's server: gateways (REST, WebSocket, Socket.IO, pages), dialects, accounts, and the SQLite store.
//!
//! `main.rs` reads the settings and calls [`run`]. Tests call [`serve_on`] with a port of their own.

// The type of a page is as deep as its elements are nested.
#![recursion_limit = "512"]

mod account_watch;
pub mod auth;
mod build;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod dialect;
pub mod error;
pub mod gateway;
pub mod json;
mod lifecycle;
pub mod limits;
mod own_file;
mod readiness;
mod rejection_log;
mod router;
mod sign_in_use;
pub mod state;
pub mod store;
pub mod tcp_upgrade;
pub mod telemetry;

pub use lifecycle::{ExitReason, ListenError, NextBinary, Running, StartError, inherited, run, serve_on};
