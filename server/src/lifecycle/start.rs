//! Starts a server: from the settings to open listeners.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::Demo;
use axum::extract::FromRef;
use hub::store::Clock;
use hub::{Hub, HubSettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::listener::ListenError;
use super::running::Running;
use super::serve::{Shutdown, serve};
use super::sweep::sweep;
use crate::account_watch;
use crate::auth::accounts::AccountError;
use crate::auth::secret::{SECRET_FILE, load_or_make};
use crate::auth::{AuthError, AuthService, AuthSettings, CachedAccounts, Keys, Passwords};
use crate::config::{AccountsMode, Config, Registration, Secret, Synchronous};
use crate::demo::users::{self, DemoError};
use crate::gateway::socketio;
use crate::readiness;
use crate::router::router;
use crate::sign_in_use;
use crate::state::AppState;
use crate::store::sqlite::{OpenError, SqliteStore};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listening socket cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data folder cannot be created.
    #[error("the data folder `{}` cannot be created", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The signing secret cannot be read or stored.
    #[error("the secret in `{}` cannot be read or created", .0.display())]
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
    /// Signal handlers cannot be installed, so the server could not be stopped gracefully.
    #[error("signal handlers cannot be installed")]
    Signals(#[source] io::Error),
    /// The listener failed.
    #[error("the listener failed")]
    Serve(#[source] io::Error),
}

/// Serves on listeners that are bound already; with port 0 each test has its own server.
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
    warn_about_settings(&config);
    let auth = AuthService::new(
        Arc::new(CachedAccounts::new(Arc::new(store.clone()))),
        Hub::new(Arc::new(store.clone()), clock.clone(), hub_settings(&config)),
        clock,
        Keys::new(&secret).map_err(StartError::Keys)?.lasting_minutes(config.access_token_minutes),
        Passwords::new().await.map_err(StartError::Passwords)?,
        AuthSettings::of(&config),
    );
    let known_change = account_watch::newest(&auth).await?;
    let demo = demo(&config, &auth).await?;

    let stopping = CancellationToken::new();
    // Not empty, see above.
    let port = addresses.first().map_or(0, SocketAddr::port);
    let state = AppState::new(config, port, auth, demo, stopping.clone());
    let socket_io = socketio::gateway(state.clone());
    let limits = state.config().limits;
    let shutdown = Shutdown::default();
    let router = router(&state, socket_io.clone());
    let server = tokio::spawn(serve(listeners, router, shutdown.clone(), limits));
    let auth = Arc::<AuthService>::from_ref(&state);
    let sweeper = tokio::spawn(sweep(state.clone()));
    let watcher = tokio::spawn(account_watch::watch(auth.clone(), stopping.clone(), known_change));
    let probe = readiness::watch(state.readiness().clone(), auth.clone(), stopping.clone());
    state.background_tasks().spawn(probe);
    let seen_keeper = tokio::spawn(sign_in_use::keep(auth, stopping));
    for addr in &addresses {
        tracing::info!(%addr, "Listening on http://{addr}");
    }
    let background = vec![sweeper, watcher, seen_keeper];
    Ok(Running { addresses, state, store, server, shutdown, background, socket_io })
}

/// Logs what the settings mean for the safety of messages, accounts and the next upgrade.
fn warn_about_settings(config: &Config) {
    if !config.retired_names.is_empty() {
        let names: Vec<_> = config.retired_names.iter().map(ToString::to_string).collect();
        tracing::warn!(
            "Old names of settings are in use, which the next release refuses: {}",
            names.join(", ")
        );
    }
    if config.synchronous == Synchronous::Normal {
        tracing::warn!(
            "HUBBUB_SYNCHRONOUS=normal: a power cut may lose acknowledged messages; a crash of the program does not"
        );
    }
    if !config.is_development()
        && config.accounts == AccountsMode::Local
        && config.users.registration == Registration::Open
    {
        tracing::info!(
            "Any visitor may create an account (HUBBUB_REGISTRATION=open); with closed, only `hubbub user add` does"
        );
    }
    check_pages(&config.site_dir);
}

fn hub_settings(config: &Config) -> HubSettings {
    HubSettings {
        rates: config.quotas.with_requests(config.rate_limits.of_hub()),
        quotas: config.quotas.of_hub(),
        connections_per_user: config.limits.connections_per_user,
        rooms_per_connection: config.limits.rooms_per_connection,
        message_bytes: config.limits.message_bytes,
        history_cache_bytes: config.limits.history_cache_bytes,
        inbox_bytes_per_user: config.limits.inbox_bytes_per_user,
        edit_window: config.changes.edit_window,
        members_may_pin: config.changes.members_may_pin,
        reaction_words: config.changes.reaction_words.iter().map(|word| word.as_str().into()).collect(),
        server_name: config.server_name.as_str().into(),
        ..HubSettings::default()
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

async fn demo(config: &Config, sign_ins: &AuthService) -> Result<Option<Demo>, DemoError> {
    if config.is_development() && config.accounts == AccountsMode::Local {
        users::fill(sign_ins).await
    } else {
        Ok(None)
    }
}

fn check_pages(site: &Path) {
    if !site.join("pkg").is_dir() {
        tracing::warn!(
            site_dir = %site.display(),
            "No built pages in `{}`: the API works, pages have no style and script", site.display()
        );
    }
}
