//! What cargo-leptos tells the server that it starts. It has it from `[[workspace.metadata.leptos]]` of Cargo.toml.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Defaults of other settings, for whoever develops: not in the help.
#[derive(Args)]
pub(crate) struct CargoLeptos {
    /// Address at which it says that the server is.
    #[arg(long = "leptos-site-addr", env = "LEPTOS_SITE_ADDR", hide = true)]
    pub(super) site_addr: Option<SocketAddr>,

    /// Folder into which it builds the pages.
    #[arg(long = "leptos-site-root", env = "LEPTOS_SITE_ROOT", hide = true)]
    pub(super) site_root: Option<PathBuf>,

    /// Whether it builds again while the server runs.
    #[arg(long = "leptos-watch", env = "LEPTOS_WATCH", hide = true)]
    watch: Option<bool>,

    /// Port at which pages hear that it did.
    #[arg(long = "leptos-reload-port", env = "LEPTOS_RELOAD_PORT", hide = true)]
    reload_port: Option<u16>,
}

impl CargoLeptos {
    /// The port at which pages hear that they were built again, under `cargo leptos watch`.
    pub(super) fn reload_port(&self) -> Option<u16> {
        self.reload_port.filter(|_| self.watch == Some(true))
    }
}
