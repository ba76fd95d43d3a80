//! State: composes the parts of a running server, and gives each handler the parts that it asks for.

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
use crate::auth::cookies::CookieNames;
use crate::auth::{AuthService, Authenticator, Tickets};
use crate::build;
use crate::config::Config;
use crate::demo::simulated_jobs::RunCounts;
use crate::gateway::pages::site_files::SiteFiles;
use crate::limits::connection_limiter::{ConnectionError, ConnectionLimiter, ConnectionPermit};
use crate::limits::handshake_limiter::HandshakeLimiter;
use crate::limits::rate_limiter::{RateLimited, RateLimiter};
use crate::limits::requests::RequestLimiter;
use crate::readiness::Readiness;
use crate::rejection_log::RejectionLog;

/// Users whose look-ups are counted at a time.
const LOOKUP_USERS: usize = 20_000;

/// The parts of a running server. Cloning copies one pointer.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
}

struct Parts {
    config: Arc<Config>,
    authenticator: Authenticator,
    auth: Arc<AuthService>,
    tickets: Arc<Tickets>,
    cookies: Arc<CookieNames>,
    connection_limiter: ConnectionLimiter,
    handshake_limiter: HandshakeLimiter,
    requests: Arc<RequestLimiter>,
    lookups: Arc<LookupLimiter>,
    writer_pool: WriterPool,
    maintenance: Arc<MaintenanceState>,
    run_counts: RunCounts,
    readiness: Arc<Readiness>,
    demo: Option<Demo>,
    pages: LeptosOptions,
    site_files: SiteFiles,
    build: BuildName,
    rejection_log: Arc<RejectionLog>,
    sockets: TaskTracker,
    background_tasks: TaskTracker,
    stopping: CancellationToken,
}

/// The build that the pages and their files are of; another one has another name.
#[derive(Clone)]
pub(crate) struct BuildName(pub(crate) HeaderValue);

/// Counts how often users look up others by their exact names.
pub(crate) struct LookupLimiter {
    lookups: RateLimiter<UserId>,
    clock: Arc<dyn Clock>,
}

impl LookupLimiter {
    /// Counts one.
    ///
    /// # Errors
    /// [`HubError::TooFast`].
    pub(crate) fn count(&self, user: &UserId) -> Result<(), HubError> {
        let counted = self.lookups.check(user.clone(), self.clock.monotonic_ms());
        counted.map_err(|RateLimited { retry_after_ms }| HubError::TooFast { retry_after_ms })
    }
}

/// Whether the application is out of service. A restart forgets it.
pub(crate) struct MaintenanceState {
    hub: Hub,
    current: Mutex<Option<Maintenance>>,
}

impl MaintenanceState {
    /// Stores whether the application is out of service and notifies every client.
    pub(crate) fn set(&self, maintenance: Maintenance) {
        let current = Some(maintenance.clone()).filter(|it| it.enabled);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
        self.hub.announce_maintenance(maintenance);
    }
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
        let (auth, tickets) = (Arc::new(auth), Arc::<Tickets>::default());
        let cookies = Arc::new(CookieNames::new(config.cookie_name(port)));
        let lookups = RateLimiter::per_minute(config.rate_limits.lookups_per_minute, LOOKUP_USERS);
        let handshake_limiter = HandshakeLimiter::new(
            config.limits.max_concurrent_handshakes,
            config.limits.max_queued_handshakes,
        );
        let parts = Parts {
            authenticator: Authenticator::new(auth.clone(), tickets.clone(), cookies.clone()),
            connection_limiter: ConnectionLimiter::new(config.limits, config.rate_limits),
            handshake_limiter,
            requests: Arc::new(RequestLimiter::new(&config.quotas)),
            lookups: Arc::new(LookupLimiter { lookups, clock: auth.clock().clone() }),
            writer_pool: WriterPool::start(),
            maintenance: Arc::new(MaintenanceState { hub: auth.hub().clone(), current: Mutex::default() }),
            run_counts: RunCounts::default(),
            readiness: Arc::default(),
            demo,
            pages: page_options(&config),
            site_files: SiteFiles::new(&config.site_dir, config.reload_port.is_some()),
            build: BuildName(build::name_of(&config.site_dir)),
            rejection_log: Arc::new(RejectionLog::new()),
            sockets: TaskTracker::new(),
            background_tasks: TaskTracker::new(),
            stopping,
            config: Arc::new(config),
            auth,
            tickets,
            cookies,
        };
        Self { parts: Arc::new(parts) }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.parts.config
    }

    /// Rooms, inboxes and presence.
    pub fn hub(&self) -> &Hub {
        self.parts.auth.hub()
    }

    /// The service that proves and manages identity.
    pub fn auth(&self) -> &AuthService {
        &self.parts.auth
    }

    /// The reader of proofs of identity.
    pub fn authenticator(&self) -> &Authenticator {
        &self.parts.authenticator
    }

    /// Permits one more socket from an address, which every gateway asks for first. The permit is held until the socket is
    /// closed.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub fn admit(&self, address: ClientIp) -> Result<ConnectionPermit, ConnectionError> {
        self.parts.connection_limiter.admit(address, self.clock().monotonic_ms())
    }

    /// Counts one more handshake on a socket that is open.
    ///
    /// # Errors
    /// [`ConnectionError::TooManyOfAddress`].
    pub fn admit_again(&self, permit: &ConnectionPermit) -> Result<(), ConnectionError> {
        self.parts.connection_limiter.count(permit.address(), self.clock().monotonic_ms())
    }

    /// The limiter of handshakes, for sockets that have a permit.
    pub fn handshake_limiter(&self) -> &HandshakeLimiter {
        &self.parts.handshake_limiter
    }

    /// The tasks that write for all sockets.
    pub fn writer_pool(&self) -> &WriterPool {
        &self.parts.writer_pool
    }

    /// What a client that connects receives while the application is out of service; `None` while it is not.
    pub fn maintenance(&self) -> Option<Maintenance> {
        self.parts.maintenance.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many simulated jobs each user has under way.
    pub fn run_counts(&self) -> &RunCounts {
        &self.parts.run_counts
    }

    /// Whether anything could be stored a moment ago.
    pub(crate) fn readiness(&self) -> &Arc<Readiness> {
        &self.parts.readiness
    }

    /// A time of the calendar as a moment of this process.
    pub fn moment(&self, at_ms: i64) -> Instant {
        let left = at_ms.saturating_sub(self.clock().now_ms());
        // A year is as good as for ever, and cannot overflow the clock.
        let left = u64::try_from(left).unwrap_or(0).min(365 * 24 * 3_600_000);
        Instant::now() + Duration::from_millis(left)
    }

    /// The clocks of this server.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.parts.auth.clock()
    }

    /// Demo users that sign in with one click; only in development.
    pub fn demo(&self) -> Option<&Demo> {
        self.parts.demo.as_ref()
    }

    /// Where rejections are noted that an operator should know of.
    pub(crate) fn rejection_log(&self) -> &RejectionLog {
        &self.parts.rejection_log
    }

    /// Counts the sockets that are open. The task of a socket holds a [`TaskTracker::token`] until the close frame is written;
    /// a stop waits for them.
    pub fn sockets(&self) -> &TaskTracker {
        &self.parts.sockets
    }

    /// Work that no request waits for. A stop does, so every such task checks [`AppState::stopping`].
    pub fn background_tasks(&self) -> &TaskTracker {
        &self.parts.background_tasks
    }

    /// Cancelled when the server begins to stop.
    pub fn stopping(&self) -> &CancellationToken {
        &self.parts.stopping
    }
}

/// Implements the state of a handler for each of these types.
macro_rules! states {
    ($($part:ty: |$state:ident| $from:expr;)+) => { $(
        impl FromRef<AppState> for $part {
            fn from_ref($state: &AppState) -> Self {
                $from
            }
        }
    )+ };
}

states! {
    Hub: |state| state.hub().clone();
    Arc<AuthService>: |state| state.parts.auth.clone();
    Authenticator: |state| state.parts.authenticator.clone();
    Arc<Tickets>: |state| state.parts.tickets.clone();
    Arc<CookieNames>: |state| state.parts.cookies.clone();
    Arc<Config>: |state| state.parts.config.clone();
    Arc<dyn Clock>: |state| state.clock().clone();
    Arc<RequestLimiter>: |state| state.parts.requests.clone();
    Arc<LookupLimiter>: |state| state.parts.lookups.clone();
    Arc<MaintenanceState>: |state| state.parts.maintenance.clone();
    Arc<Readiness>: |state| state.parts.readiness.clone();
    Arc<RejectionLog>: |state| state.parts.rejection_log.clone();
    LeptosOptions: |state| state.parts.pages.clone();
    SiteFiles: |state| state.parts.site_files.clone();
    Option<Demo>: |state| state.parts.demo.clone();
    BuildName: |state| state.parts.build.clone();
    BackgroundTasks: |state| BackgroundTasks {
        background_tasks: state.parts.background_tasks.clone(),
        stopping: state.parts.stopping.clone(),
    };
    CancellationToken: |state| state.parts.stopping.clone();
}

/// Runs work that no request waits for.
#[derive(Clone)]
pub(crate) struct BackgroundTasks {
    background_tasks: TaskTracker,
    stopping: CancellationToken,
}

impl BackgroundTasks {
    /// Starts a task. A stop waits for it, so it has to end by itself when [`Self::stopping`] is cancelled.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.background_tasks.spawn(task);
    }

    /// Cancelled when the server begins to stop.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

fn page_options(config: &Config) -> LeptosOptions {
    let site_root: &Path = &config.site_dir;
    LeptosOptions::builder()
        .output_name("hubbub")
        .site_root(site_root.to_string_lossy())
        .site_pkg_dir("pkg")
        .reload_port(u32::from(config.reload_port.unwrap_or_default()))
        .env(if config.is_development() { Env::DEV } else { Env::PROD })
        .build()
}
