//! Pages: renders the pages, takes their forms, and serves the files that were built for them.

pub(crate) mod account;
pub(crate) mod files;
pub(crate) mod forms;
mod node_count;
mod redirect;
mod renderer;
pub(crate) mod routes;
mod sign_in_cookies;
pub(crate) mod site_files;
pub(crate) mod views;
