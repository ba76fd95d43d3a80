//! Hubbub's server: gateways (REST, WebSocket, Socket.IO, pages), dialects, accounts, and the SQLite store.
//!
//! `main.rs` reads the settings and calls [`run`]. Tests call [`serve_on`] with a port of their own.

// The type of a page is as deep as its elements are nested.
#![recursion_limit = "512"]

mod account_watch;
mod address_rate_limiter;
pub mod admission;
mod analysis;
pub mod auth;
mod build;
pub mod cli;
pub mod clock;
pub mod config;
mod demo;
pub mod dialect;
pub mod error;
pub mod gateway;
mod http_activity;
mod http_timeouts;
pub mod json;
mod last_seen;
mod lifecycle;
mod own_file;
mod pace;
mod rate_limiter;
mod readiness;
mod refusals;
mod requests;
mod router;
pub mod simulate;
pub mod state;
pub mod store;
pub mod tcp_upgrade;
pub mod telemetry;
pub mod turns;

pub use lifecycle::{ExitReason, ListenError, NextBinary, Running, StartError, inherited, run, serve_on};
