//! What every handler can reach.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::Demo;
use axum::extract::FromRef;
use axum::http::HeaderValue;
use hub::store::Clock;
use hub::{Hub, HubError};
use leptos::config::{Env, LeptosOptions};
use protocol::{Maintenance, UserId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use websocket::WriterPool;

use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthService, Tickets};
use crate::build;
use crate::config::Config;
use crate::demo::simulated_jobs::RunCounts;
use crate::error::ApiError;
use crate::limits::connection_limiter::{ConnectionLimiter, ConnectionPermit};
use crate::limits::handshake_limiter::HandshakeLimiter;
use crate::limits::rate_limiter::{RateLimited, RateLimiter};
use crate::limits::requests::RequestLimiter;
use crate::readiness::Readiness;
use crate::rejection_log::RejectionLog;

/// Users whose look-ups are counted at a time.
const LOOKING: usize = 20_000;

/// The parts of a running server. Cloning copies one pointer.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    hub: Hub,
    auth: AuthService,
    tickets: Tickets,
    connection_limiter: ConnectionLimiter,
    handshake_limiter: HandshakeLimiter,
    writer_pool: WriterPool,
    maintenance: Mutex<Option<Maintenance>>,
    run_counts: RunCounts,
    readiness: Readiness,
    demo: Option<Demo>,
    pages: LeptosOptions,
    build: HeaderValue,
    cookie_name: String,
    device_cookie_name: String,
    rejection_log: RejectionLog,
    lookups: RateLimiter<UserId>,
    requests: RequestLimiter,
    sockets: TaskTracker,
    background_tasks: TaskTracker,
    stopping: CancellationToken,
}

impl AppState {
    /// Puts the parts together, in the runtime that serves them.
    ///
    /// `port` is that of the first listener.
    pub fn new(
        config: Config,
        port: u16,
        auth: AuthService,
        demo: Option<Demo>,
        stopping: CancellationToken,
    ) -> Self {
        let pages = page_options(&config);
        let build = build::name_of(&config.site_dir);
        let connection_limiter = ConnectionLimiter::new(config.limits, config.rate_limits);
        let handshake_limiter = HandshakeLimiter::new(
            config.limits.max_concurrent_handshakes,
            config.limits.max_queued_handshakes,
        );
        let cookie_name = config.cookie_name(port);
        let device_cookie_name = format!("{cookie_name}_device");
        let lookups = RateLimiter::per_minute(config.rate_limits.lookups_per_minute, LOOKING);
        let requests = RequestLimiter::new(&config.quotas);
        let shared = Shared {
            config,
            hub: auth.hub.clone(),
            auth,
            tickets: Tickets::default(),
            connection_limiter,
            handshake_limiter,
            writer_pool: WriterPool::start(),
            maintenance: Mutex::default(),
            run_counts: RunCounts::default(),
            readiness: Readiness::default(),
            demo,
            pages,
            build,
            cookie_name,
            device_cookie_name,
            rejection_log: RejectionLog::new(),
            lookups,
            requests,
            sockets: TaskTracker::new(),
            background_tasks: TaskTracker::new(),
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
    pub fn auth(&self) -> &AuthService {
        &self.shared.auth
    }

    /// The tickets that are out.
    pub fn tickets(&self) -> &Tickets {
        &self.shared.tickets
    }

    /// Lets somebody at an address open a socket, which every door asks for first. The place is held until the socket is
    /// closed.
    ///
    /// # Errors
    /// [`ApiError::TooManySockets`], [`ApiError::Full`].
    pub fn admit(&self, address: ClientIp) -> Result<ConnectionPermit, ApiError> {
        self.shared.connection_limiter.admit(address, self.clock().monotonic_ms())
    }

    /// Counts that a client asks to come in once more on a socket that is open.
    ///
    /// # Errors
    /// [`ApiError::TooManySockets`].
    pub fn admit_again(&self, place: &ConnectionPermit) -> Result<(), ApiError> {
        self.shared.connection_limiter.count(place.address(), self.clock().monotonic_ms())
    }

    /// Where those who were admitted wait until they are let in.
    pub fn handshake_limiter(&self) -> &HandshakeLimiter {
        &self.shared.handshake_limiter
    }

    /// The tasks that write for all sockets.
    pub fn writer_pool(&self) -> &WriterPool {
        &self.shared.writer_pool
    }

    /// What clients are to be told when they come while the application is out of service; `None` while it is not. A
    /// restart forgets it.
    pub fn maintenance(&self) -> Option<Maintenance> {
        self.shared.maintenance.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers whether the application is out of service and tells every client.
    pub fn set_maintenance(&self, maintenance: Maintenance) {
        let kept = Some(maintenance.clone()).filter(|it| it.enabled);
        *self.shared.maintenance.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        self.hub().announce_maintenance(maintenance);
    }

    /// How many simulated jobs each person has under way.
    pub fn run_counts(&self) -> &RunCounts {
        &self.shared.run_counts
    }

    /// Whether anything could be stored a moment ago.
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.shared.readiness
    }

    /// A time of the calendar as a moment of this process.
    pub fn moment(&self, at_ms: i64) -> Instant {
        let left = at_ms.saturating_sub(self.clock().now_ms());
        // A year is as good as for ever, and cannot overflow the clock.
        let left = u64::try_from(left).unwrap_or(0).min(365 * 24 * 3_600_000);
        Instant::now() + Duration::from_millis(left)
    }

    /// What time it is.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.auth.clock
    }

    /// People to sign in as with one click; only in development.
    pub fn demo(&self) -> Option<&Demo> {
        self.shared.demo.as_ref()
    }

    /// Which build the pages and their files are of; another one has another name.
    pub fn build(&self) -> &HeaderValue {
        &self.shared.build
    }

    /// What the cookie of the pages is called.
    pub fn cookie_name(&self) -> &str {
        &self.shared.cookie_name
    }

    /// What the cookie is called in which a browser keeps its device tokens.
    pub fn device_cookie_name(&self) -> &str {
        &self.shared.device_cookie_name
    }

    /// Where a refusal that an operator should know of is noted.
    pub(crate) fn rejection_log(&self) -> &RejectionLog {
        &self.shared.rejection_log
    }

    /// Who asks how often, and how much is at work for whom.
    pub(crate) fn requests(&self) -> &RequestLimiter {
        &self.shared.requests
    }

    /// Counts that a user looks for others by their exact names.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub(crate) fn count_lookup(&self, asker: &UserId) -> Result<(), HubError> {
        let counted = self.shared.lookups.check(asker.clone(), self.clock().monotonic_ms());
        counted.map_err(|RateLimited { retry_after_ms }| HubError::TooFast { retry_after_ms })
    }

    /// Counts the sockets that are open. Whoever serves one holds a [`TaskTracker::token`] until the close frame is
    /// written; a stop waits for them.
    pub fn sockets(&self) -> &TaskTracker {
        &self.shared.sockets
    }

    /// Work that nobody waits for. A stop does, so whatever is put there looks at [`AppState::stopping`].
    pub fn background_tasks(&self) -> &TaskTracker {
        &self.shared.background_tasks
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
        .env(if config.is_development() { Env::DEV } else { Env::PROD })
        .build()
}
