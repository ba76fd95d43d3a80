//! From settings to a listening server, and gently back to nothing.

use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use any_spawner::Executor;
use app::Demo;
use hub::store::Clock;
use hub::{Hub, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::account_watch;
use crate::auth::accounts::AccountError;
use crate::auth::secret::{SECRET_FILE, load_or_make};
use crate::auth::{
    Attempts, AuthError, KEPT_AFTER_END_MS, Keys, Passwords, Remembered, RoleNotice, SeenTimes, SignIns,
};
use crate::clock::SystemClock;
use crate::config::{AccountsMode, Config, Registration, Secret, Synchronous};
use crate::demo::{self, DemoError};
use crate::gateway::socketio::{self, SocketIoDoor};
use crate::last_seen;
use crate::listener::{self, ListenError};
use crate::readiness;
use crate::router::router;
use crate::serve::{Steps, serve};
use crate::signals::{Asked, Signals};
use crate::state::AppState;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::upgrade::{Program, Successor};

/// How long a stop waits for each of its stages. Together less than the 10 s that service managers give.
const ERRANDS: Duration = Duration::from_millis(500);
const DRAIN: Duration = Duration::from_secs(3);
const FAREWELL: Duration = Duration::from_secs(2);
const REQUESTS: Duration = Duration::from_secs(2);
const CLOSE: Duration = Duration::from_secs(2);

/// How often expired sign-ins are swept out. They are refused at once in any case; this only frees space.
const SWEEP: Duration = Duration::from_hours(1);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listening socket cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data folder cannot be made.
    #[error("the data folder `{}` cannot be made", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The signing secret cannot be kept.
    #[error("the secret in `{}` cannot be read or made", .0.display())]
    Secret(PathBuf, #[source] io::Error),
    /// The signing secret is refused.
    #[error("the signing secret cannot be used")]
    Keys(#[source] AuthError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Accounts cannot be read.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed")]
    Passwords(#[source] AuthError),
    /// The demo cannot be set up.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// Signals cannot be heard, so the server could not be stopped gently.
    #[error("signals cannot be heard")]
    Signals(#[source] io::Error),
    /// The listener broke.
    #[error("the listener broke")]
    Serve(#[source] io::Error),
}

/// A server that listens.
pub struct Running {
    addresses: Vec<SocketAddr>,
    state: AppState,
    store: SqliteStore,
    server: JoinHandle<()>,
    /// Ends the server's listening.
    steps: Steps,
    sweeper: JoinHandle<()>,
    watcher: JoinHandle<()>,
    seen_keeper: JoinHandle<()>,
    socket_io: SocketIoDoor,
}

/// How a server ended.
#[derive(Debug)]
pub enum Ended {
    /// It was asked to stop.
    Stopped,
    /// It was asked to make room for another version.
    Replaced(Successor),
}

/// Serves until SIGTERM, SIGINT or SIGHUP, then stops gently; with SIGUSR2 so that another version can take over the sockets.
/// `inherited` are the sockets that were handed over; if there are none, the addresses of the settings are bound.
///
/// # Errors
/// [`StartError`]; with its sources it makes one line.
pub async fn run(config: Config, inherited: Vec<std::net::TcpListener>) -> Result<Ended, StartError> {
    let mut signals = Signals::new().map_err(StartError::Signals)?;
    let program = Program::of_this_process();
    let outlive_us = !inherited.is_empty();
    // Before anything else: a second start must not touch what the first one uses.
    let listeners = if outlive_us {
        inherited.into_iter().map(listener::take_up).collect::<Result<_, _>>()?
    } else {
        listener::bind(&config.listen)?
    };
    let (listeners, spares) = with_spares(listeners).map_err(ListenError::Inherited)?;
    let mut running = serve_on(listeners, config, Arc::new(SystemClock::default())).await?;
    running.announce();
    let asked = tokio::select! {
        asked = signals.next(&program, &spares) => asked,
        ended = &mut running.server => {
            running.store.close().await;
            return ended.map(|()| Ended::Stopped).map_err(|error| StartError::Serve(io::Error::other(error)));
        }
    };
    if outlive_us || matches!(asked, Asked::Replace(_)) {
        running.shut();
    }
    running.shutdown().await;
    Ok(match asked {
        Asked::Stop => Ended::Stopped,
        Asked::Replace(successor) => Ended::Replaced(successor),
    })
}

/// The listeners, and copies of them to be handed over.
fn with_spares(listeners: Vec<TcpListener>) -> io::Result<(Vec<TcpListener>, Vec<std::net::TcpListener>)> {
    let (mut served, mut spares) = (Vec::new(), Vec::new());
    for listener in listeners {
        let listener = listener.into_std()?;
        spares.push(listener.try_clone()?);
        served.push(TcpListener::from_std(listener)?);
    }
    Ok((served, spares))
}

/// Serves on listeners that are bound already; port 0 gives each test its own server.
///
/// # Errors
/// [`StartError`].
pub async fn serve_on(
    listeners: Vec<TcpListener>,
    config: Config,
    clock: Arc<dyn Clock>,
) -> Result<Running, StartError> {
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>();
    let addresses = addresses.map_err(ListenError::Inherited)?;
    if addresses.is_empty() {
        return Err(ListenError::Nowhere.into());
    }
    let secret = signing_secret(&config)?;
    let store = SqliteStore::open_with(&config.database, config.synchronous).await?;
    if config.synchronous == Synchronous::Normal {
        tracing::warn!(
            "HUBBUB_SYNCHRONOUS=normal: a power cut may take messages that were acknowledged; a crash of the program does not"
        );
    }
    let users = &config.users;
    let sign_ins = SignIns {
        accounts: Arc::new(Remembered::new(Arc::new(store.clone()))),
        hub: Hub::new(Arc::new(store.clone()), clock.clone(), hub_settings(&config)),
        clock,
        keys: Keys::new(&secret).map_err(StartError::Keys)?.lasting_minutes(config.access_token_minutes),
        passwords: Passwords::new().await.map_err(StartError::Passwords)?,
        attempts: Attempts::new(&config.rate_limits),
        most_sign_ins: config.quotas.sign_ins,
        seen: SeenTimes::default(),
        mode: config.accounts,
        registration: users.registration,
        roles: RoleNotice::new(users.role_claim.clone()),
        tells_faults: config.is_development(),
    };
    let known_change = account_watch::newest(&sign_ins).await?;
    let demo = demo(&config, &sign_ins).await?;
    if !config.is_development()
        && config.accounts == AccountsMode::Local
        && users.registration == Registration::Open
    {
        tracing::info!(
            "Anybody who finds this hub may make an account (HUBBUB_REGISTRATION=open); with closed, `hubbub user add` does"
        );
    }
    look_for_pages(&config.site_dir);
    // Fails when it was done before, by an earlier server of the same process.
    Executor::init_tokio().ok();

    let stopping = CancellationToken::new();
    // Not empty, see above.
    let port = addresses.first().map_or(0, SocketAddr::port);
    let state = AppState::new(config, port, sign_ins, demo, stopping);
    let socket_io = socketio::door(state.clone());
    let limits = state.config().limits;
    let steps = Steps::default();
    let router = router(&state, socket_io.clone());
    let server = tokio::spawn(serve(listeners, router, steps.clone(), limits));
    let sweeper = tokio::spawn(sweep(state.clone()));
    let watcher = tokio::spawn(account_watch::watch(state.clone(), known_change));
    state.errands().spawn(readiness::watch(state.clone()));
    let seen_keeper = tokio::spawn(last_seen::keep(state.clone()));
    for addr in &addresses {
        tracing::info!(%addr, "Listening on http://{addr}");
    }
    Ok(Running { addresses, state, store, server, steps, sweeper, watcher, seen_keeper, socket_io })
}

impl Running {
    /// Where it listens; at least one address.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no connections any more: those that come from now on wait for whoever has the sockets next.
    fn shut(&self) {
        self.steps.shut.cancel();
    }

    /// Takes nobody in any more, lets rooms finish, closes sockets and the database. Takes at most 9.5 s.
    pub async fn shutdown(self) {
        self.state.stopping().cancel();
        let (errands, sockets) = (self.state.errands(), self.state.sockets());
        errands.close();
        sockets.close();
        // Before the rooms, which take nothing more afterwards.
        if timeout(ERRANDS, errands.wait()).await.is_err() {
            tracing::warn!("Errands were not done after {} ms", ERRANDS.as_millis());
        }
        if timeout(DRAIN, self.state.hub().drain()).await.is_err() {
            tracing::warn!("Rooms were not done after {} s", DRAIN.as_secs());
        }
        // Those that are in no namespace, and so unknown to the hub.
        self.socket_io.shutdown(FAREWELL).await;
        if timeout(FAREWELL, sockets.wait()).await.is_err() {
            tracing::warn!(open = sockets.len(), "Sockets were still open after {} s", FAREWELL.as_secs());
        }
        // Not before: who polls hears the farewell with the next request.
        self.steps.closing.cancel();
        let end = self.server.abort_handle();
        match timeout(REQUESTS, self.server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The server panicked"),
            Err(_) => {
                tracing::warn!("Requests were not done after {} s", REQUESTS.as_secs());
                end.abort();
            }
        }
        let close = async {
            if let Err(error) = self.sweeper.await {
                tracing::error!(%error, "The sweeper panicked");
            }
            if let Err(error) = self.watcher.await {
                tracing::error!(%error, "The watch over accounts panicked");
            }
            if let Err(error) = self.seen_keeper.await {
                tracing::error!(%error, "The task that stores when sign-ins were last used panicked");
            }
            self.store.close().await;
        };
        if timeout(CLOSE, close).await.is_err() {
            // What was acknowledged is on disk; the next start takes it from the write-ahead log.
            tracing::warn!("The database was not closed after {} s", CLOSE.as_secs());
        }
        tracing::info!("Stopped");
    }

    /// Tells a developer where to look. In production the log says enough.
    fn announce(&self) {
        if !self.state.config().is_development() {
            return;
        }
        let mut out = io::stdout().lock();
        let users = self.state.demo().map(|Demo { people, password }| {
            format!("\n  Sign in as {} with the password {password}", people.join(", "))
        });
        // Nobody may be reading; the log has the address too.
        let addresses: Vec<_> = self.addresses.iter().map(|addr| format!("http://{addr}")).collect();
        writeln!(out, "\n  Hubbub: {}{}\n", addresses.join(" "), users.unwrap_or_default()).ok();
    }
}

fn hub_settings(config: &Config) -> Settings {
    Settings {
        rates: config.quotas.with_requests(config.rate_limits.of_hub()),
        quotas: config.quotas.of_hub(),
        connections_per_user: config.limits.connections_per_user,
        rooms_per_connection: config.limits.rooms_per_connection,
        message_bytes: config.limits.message_bytes,
        history_cache_bytes: config.limits.history_cache_bytes,
        inbox_bytes_per_user: config.limits.inbox_bytes_per_user,
        server_name: config.server_name.as_str().into(),
        ..Settings::default()
    }
}

fn signing_secret(config: &Config) -> Result<Secret, StartError> {
    if let Some(secret) = &config.secret {
        return Ok(secret.clone());
    }
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder(folder.clone(), error))?;
    load_or_make(folder).map_err(|error| StartError::Secret(folder.join(SECRET_FILE), error))
}

async fn demo(config: &Config, sign_ins: &SignIns) -> Result<Option<Demo>, DemoError> {
    if config.is_development() && config.accounts == AccountsMode::Local {
        demo::fill(sign_ins).await
    } else {
        Ok(None)
    }
}

fn look_for_pages(site: &Path) {
    if !site.join("pkg").is_dir() {
        tracing::warn!(
            site_dir = %site.display(),
            "No built pages in `{}`: the API works, pages come without style and script", site.display()
        );
    }
}

async fn sweep(state: AppState) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.stopping().cancelled() => return,
        }
        let over_before_ms = state.clock().now_ms() - KEPT_AFTER_END_MS;
        match state.sign_ins().accounts.purge_expired(over_before_ms).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Swept out {count} expired sign-ins"),
            Err(error) => {
                // A later sweep does it.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "Could not sweep out expired sign-ins"
                );
            }
        }
    }
}
