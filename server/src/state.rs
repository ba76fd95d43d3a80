//! What every handler can reach.

use std::path::Path;
use std::sync::Arc;

use app::Demo;
use axum::extract::FromRef;
use hub::Hub;
use hub::port::Clock;
use leptos::config::{Env, LeptosOptions};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{SignIns, Tickets};
use crate::config::Config;
use crate::simulate::RunCounts;

/// The parts of a running server. Cloning copies one pointer.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    hub: Hub,
    sign_ins: SignIns,
    tickets: Tickets,
    run_counts: RunCounts,
    demo: Option<Demo>,
    pages: LeptosOptions,
    sockets: TaskTracker,
    stopping: CancellationToken,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(config: Config, sign_ins: SignIns, demo: Option<Demo>, stopping: CancellationToken) -> Self {
        let pages = page_options(&config);
        let shared = Shared {
            config,
            hub: sign_ins.hub.clone(),
            sign_ins,
            tickets: Tickets::default(),
            run_counts: RunCounts::default(),
            demo,
            pages,
            sockets: TaskTracker::new(),
            stopping,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Rooms and people.
    pub fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    /// Where identity is proven.
    pub fn sign_ins(&self) -> &SignIns {
        &self.shared.sign_ins
    }

    /// The tickets that are out.
    pub fn tickets(&self) -> &Tickets {
        &self.shared.tickets
    }

    /// How many simulated jobs each person has under way.
    pub fn run_counts(&self) -> &RunCounts {
        &self.shared.run_counts
    }

    /// What time it is.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.sign_ins.clock
    }

    /// People to sign in as with one click; only in development.
    pub fn demo(&self) -> Option<&Demo> {
        self.shared.demo.as_ref()
    }

    /// Counts the sockets that are open. Whoever serves one holds a [`TaskTracker::token`] until the close frame is
    /// written; a stop waits for them.
    pub fn sockets(&self) -> &TaskTracker {
        &self.shared.sockets
    }

    /// Cancelled when the server begins to stop.
    pub fn stopping(&self) -> &CancellationToken {
        &self.shared.stopping
    }
}

impl FromRef<AppState> for Hub {
    fn from_ref(state: &AppState) -> Self {
        state.shared.hub.clone()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.shared.pages.clone()
    }
}

fn page_options(config: &Config) -> LeptosOptions {
    let site_root: &Path = &config.site_dir;
    LeptosOptions::builder()
        .output_name("hubbub")
        .site_root(site_root.to_string_lossy())
        .site_pkg_dir("pkg")
        .site_addr(config.listen)
        .env(if config.is_development() { Env::DEV } else { Env::PROD })
        .build()
}
