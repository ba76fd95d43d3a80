//! `Config`: the settings of a running server, checked. `settings.rs` has each of them with its flag, variable, unit, default and
//! reason.

mod accounts;
mod cargo_leptos;
mod changes;
mod choice;
mod data_paths;
mod error;
mod limits;
mod listen;
mod log;
mod quotas;
pub(crate) mod retired;
mod secret;
mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use protocol::UserId;

use crate::auth::Proxies;
use crate::auth::cookies::{HOST_PREFIX, PLAIN_COOKIE};
use crate::auth::origin::Origins;
pub use accounts::{AccountPolicy, Directory, Registration};
pub use changes::ChangeRules;
use choice::OnOff;
pub use choice::{AccountsMode, Environment, Synchronous};
pub(crate) use data_paths::DataPaths;
pub use error::ConfigError;
pub(crate) use error::invalid;
pub use limits::{Limits, RateLimits};
pub use listen::ListenAddress;
pub use quotas::Quotas;
pub use retired::RetiredName;
pub use secret::Secret;
pub(crate) use settings::Settings;

/// Default address: this machine only, because a proxy with TLS belongs in front.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

/// Where `make build` and cargo-leptos put the pages.
const DEFAULT_SITE_DIR: &str = "target/site";

/// The settings of a running server, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Strict or convenient.
    pub environment: Environment,
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Folder of the database and the generated secret.
    pub data_dir: PathBuf,
    /// The SQLite file.
    pub database: PathBuf,
    /// Whether acknowledged messages survive a power cut.
    pub synchronous: Synchronous,
    /// Signs access tokens; `None` only in development, where one is kept in the data folder.
    pub secret: Option<Secret>,
    /// Lifetime in minutes of an access token issued here.
    pub access_token_minutes: u32,
    /// Browser origins besides the server's own.
    pub origins: Origins,
    /// Machines besides this one whose `X-Forwarded-For` is trusted.
    pub proxies: Proxies,
    /// Which service keeps the accounts.
    pub accounts: AccountsMode,
    /// Registration, and what users see of one another.
    pub users: AccountPolicy,
    /// Name of this server in `welcome`.
    pub server_name: String,
    /// The user of the endpoints that accept connections without a token in development.
    pub dev_user: UserId,
    /// The built pages.
    pub site_dir: PathBuf,
    /// Port at which `cargo leptos watch` tells pages that they were built again; `None` where it does not run.
    pub reload_port: Option<u16>,
    /// Whether a Socket.IO client without a token is the user that it names in `query.userId`.
    pub trust_query_user: bool,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// Limits of size and number.
    pub limits: Limits,
    /// Quotas of one user, and of one address.
    pub quotas: Quotas,
    /// Rules for changes of messages.
    pub changes: ChangeRules,
    /// Minimum size in bytes of a message that is compressed; `None`: compression is not negotiated.
    pub compression_min_bytes: Option<usize>,
    /// The log filter.
    pub log: String,
    /// Settings that were set by their old names.
    pub retired_names: Vec<RetiredName>,
}

impl Config {
    /// Checks the settings. `listen_flag` and `port_flag` are whether these two came from flags, which win over variables.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    // Long because each setting has a line.
    pub(crate) fn check(
        settings: Settings,
        listen_flag: bool,
        port_flag: bool,
        retired_names: Vec<RetiredName>,
    ) -> Result<Self, ConfigError> {
        let environment = settings.env;
        let listen = listen_addresses(
            settings.listen.filter(|_| listen_flag || !port_flag),
            settings.port.filter(|_| port_flag || !listen_flag),
            settings.cargo_leptos.site_addr.unwrap_or(DEFAULT_LISTEN),
        )?;
        log::log_filter(&settings.log)?;
        let with_rates = settings.rate_limits == OnOff::On;
        let (rate_limits, limits) = settings.limits.check(environment, with_rates)?;
        let quotas = settings.quotas.check(environment, with_rates, &limits)?;
        Ok(Self {
            environment,
            listen,
            database: settings.paths.database()?,
            data_dir: settings.paths.data_dir,
            synchronous: settings.synchronous,
            secret: secret::from_settings(
                environment,
                settings.jwt_secret,
                settings.access_token_secret,
                settings.jwt_secret_file.as_deref(),
            )?,
            access_token_minutes: settings.access_token_minutes,
            origins: Origins::parse(settings.cors_origin.as_deref().unwrap_or_default()).map_err(|raw| {
                invalid(format!("CORS_ORIGIN `{raw}` is not an origin such as https://chat.example.org"))
            })?,
            proxies: Proxies::parse(settings.trusted_proxies.as_deref().unwrap_or_default()).map_err(
                |raw| {
                    invalid(format!(
                        "HUBBUB_TRUSTED_PROXIES `{raw}` is not an address or a network such as 10.0.0.0/8"
                    ))
                },
            )?,
            accounts: settings.accounts,
            users: settings.users.check(environment)?,
            server_name: settings.server_name.unwrap_or_else(|| environment.as_str().to_owned()),
            dev_user: settings.dev_user_id,
            reload_port: settings.cargo_leptos.reload_port(),
            site_dir: settings
                .site_dir
                .or(settings.cargo_leptos.site_root)
                .unwrap_or_else(|| DEFAULT_SITE_DIR.into()),
            trust_query_user: trust_query_user(settings.trust_query_user, environment)?,
            rate_limits,
            limits,
            quotas,
            changes: settings.changes.check()?,
            compression_min_bytes: compression_min_bytes(
                settings.compression,
                settings.compression_min_bytes,
            )?,
            log: settings.log,
            retired_names,
        })
    }

    /// Whether this is a development server.
    pub fn is_development(&self) -> bool {
        self.environment == Environment::Development
    }

    /// Name of the pages' cookie on a server whose first listener has this port. Browsers send cookies to every port of a
    /// host, and a developer runs more than one hub on one.
    pub fn cookie_name(&self, port: u16) -> String {
        match &self.users.cookie_name {
            Some(name) => name.clone(),
            None if self.is_development() => format!("{PLAIN_COOKIE}_{port}"),
            None => format!("{HOST_PREFIX}{PLAIN_COOKIE}"),
        }
    }
}

/// The addresses of `HUBBUB_LISTEN` and `PORT`, which must not contradict each other.
fn listen_addresses(
    listen: Option<Vec<ListenAddress>>,
    port: Option<u16>,
    default: SocketAddr,
) -> Result<Vec<ListenAddress>, ConfigError> {
    match (listen, port) {
        (Some(listen), Some(port)) if listen.iter().all(|address| address.port() != port) => {
            let ports: Vec<_> = listen.iter().map(|address| address.port().to_string()).collect();
            Err(invalid(format!("HUBBUB_LISTEN says port {} and PORT says {port}", ports.join(", "))))
        }
        (Some(listen), _) => Ok(listen),
        (None, Some(port)) => Ok(vec![SocketAddr::new(DEFAULT_LISTEN.ip(), port).into()]),
        (None, None) => Ok(vec![default.into()]),
    }
}

/// A smaller frame fits into one packet either way, so compressing it gains nothing.
const COMPRESSION_MIN_BYTES: usize = 1024;

fn compression_min_bytes(compression: OnOff, bytes: Option<u32>) -> Result<Option<usize>, ConfigError> {
    match (compression, bytes) {
        (OnOff::Off, Some(_)) => {
            Err(invalid("HUBBUB_COMPRESSION is off, but HUBBUB_COMPRESSION_MIN_BYTES is set"))
        }
        (OnOff::Off, None) => Ok(None),
        (OnOff::On, None) => Ok(Some(COMPRESSION_MIN_BYTES)),
        (OnOff::On, Some(bytes)) => Ok(Some(usize::try_from(bytes).unwrap_or(usize::MAX))),
    }
}

fn trust_query_user(trust: Option<OnOff>, environment: Environment) -> Result<bool, ConfigError> {
    match (trust, environment) {
        (Some(OnOff::On), Environment::Production) => Err(invalid(
            "HUBBUB_TRUST_QUERY_USER=on lets any client act as any user, so it only works with HUBBUB_ENV=development",
        )),
        (trust, _) => Ok(trust == Some(OnOff::On)),
    }
}
