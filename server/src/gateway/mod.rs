//! The doors: REST, pages, sockets.

pub(crate) mod headers;
pub(crate) mod pages;
pub mod rest;
pub(crate) mod ssr;
pub mod websocket;
