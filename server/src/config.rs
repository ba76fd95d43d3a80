//! The settings of a running server. Every knob with its flag, variable, unit, default and reason is in
//! `command_line.rs`.

mod accounts;
mod command_line;
mod limits;
mod listen;
mod log;
mod quotas;
mod secret_file;
mod user_command;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use protocol::UserId;

use crate::auth::Proxies;
use crate::auth::origin::Origins;
pub use accounts::{Accounts, Directory, Registration};
use command_line::{Place, Settings, Switch};
pub use limits::{Limits, RateLimits};
pub use listen::ListenAddress;
pub use quotas::Quotas;
pub use user_command::{UserChange, UserOrder, UserRole};

/// Bytes that a signing secret has at least: as many as HS256 puts out (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Where the server listens when nothing says otherwise: this machine only, because a proxy with TLS belongs in front.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not an error: somebody asked for the help or the version.
    #[error("{0}")]
    Shown(String),
    /// A setting is unknown, wrong or contradicts another. One line.
    #[error("{0}")]
    Refused(String),
}

fn refused(why: impl Into<String>) -> ConfigError {
    ConfigError::Refused(why.into())
}

/// What the program is asked to do.
#[derive(Debug)]
pub enum Order {
    /// Run the server.
    Serve(Box<Config>),
    /// Copy the database.
    Backup {
        /// The SQLite file.
        database: PathBuf,
        /// Where the copy goes.
        file: PathBuf,
    },
    /// Put a copy in the place of the database.
    Restore {
        /// The SQLite file.
        database: PathBuf,
        /// The copy.
        file: PathBuf,
    },
    /// Look for what is wrong in a database.
    Check {
        /// The SQLite file.
        database: PathBuf,
    },
    /// Make or change an account.
    User {
        /// The SQLite file.
        database: PathBuf,
        /// Whose, and what.
        order: UserOrder,
    },
}

/// The settings of a running server, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Strict or convenient.
    pub environment: Environment,
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Where the database and the generated secret are kept.
    pub data_dir: PathBuf,
    /// The SQLite file.
    pub database: PathBuf,
    /// What an acknowledgement is worth in a power cut.
    pub synchronous: Synchronous,
    /// Signs access tokens; `None` only in development, where one is kept in the data folder.
    pub secret: Option<Secret>,
    /// Minutes that an access token made here lasts.
    pub access_token_minutes: u32,
    /// Browser origins besides our own.
    pub origins: Origins,
    /// Machines whose word about a client's address counts, besides this one.
    pub proxies: Proxies,
    /// Who keeps the accounts.
    pub accounts: AccountsMode,
    /// Who may have an account, and what users see of one another.
    pub users: Accounts,
    /// How this server calls itself.
    pub server_name: String,
    /// Who is taken without a token at some addresses, in development.
    pub mock_person: UserId,
    /// The built pages.
    pub site_dir: PathBuf,
    /// Whether a client of Socket.IO without a token is believed who it says it is in `query.userId`.
    pub trust_query_user: bool,
    /// How often something may be done.
    pub rate_limits: RateLimits,
    /// How much there may be of something.
    pub limits: Limits,
    /// What one user, and one address, may ask for, make and keep.
    pub quotas: Quotas,
    /// Bytes from which on a message is compressed for a socket that can inflate; `None`: no socket is told that we can.
    pub compress_from: Option<usize>,
    /// What is logged.
    pub log: String,
}

/// Strict or convenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Nothing is made up: a missing secret stops the start, cookies need TLS.
    Production,
    /// The first start works without any setting and brings demo people.
    Development,
}

impl Environment {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// When a commit waits for the disk (<https://sqlite.org/pragma.html#pragma_synchronous>, for a write-ahead log).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Synchronous {
    /// At each commit: what is acknowledged survives a power cut.
    #[default]
    Full,
    /// Now and then: a power cut may take the last commits; a crash of the program takes none.
    Normal,
}

/// Who keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccountsMode {
    /// People register here.
    Local,
    /// Another backend signs the tokens; people are created from the claims at first sight.
    External,
}

/// The key that signs access tokens. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes any bytes that are enough.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() >= MIN_SECRET_BYTES).then_some(Self(bytes))
    }

    /// For the signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

impl Config {
    fn check(settings: Settings, listen_flag: bool, port_flag: bool) -> Result<Self, ConfigError> {
        let environment = settings.env;
        let port = settings.port.filter(|_| port_flag || !listen_flag);
        let listen = settings.listen.filter(|_| listen_flag || !port_flag);
        let listen = match (listen, port) {
            (Some(listen), Some(port)) if listen.iter().all(|place| place.port() != port) => {
                let ports: Vec<_> = listen.iter().map(|place| place.port().to_string()).collect();
                return Err(refused(format!(
                    "HUBBUB_LISTEN says port {} and PORT says {port}",
                    ports.join(", ")
                )));
            }
            (Some(listen), _) => listen,
            (None, Some(port)) => vec![SocketAddr::new(DEFAULT_LISTEN.ip(), port).into()],
            (None, None) => vec![DEFAULT_LISTEN.into()],
        };
        log::log_filter(&settings.log)?;
        let with_rates = settings.rate_limits == Switch::On;
        let (rate_limits, limits) = settings.limits.check(environment, with_rates)?;
        let quotas = settings.quotas.check(environment, with_rates, &limits)?;
        Ok(Self {
            environment,
            listen,
            database: settings.place.database()?,
            data_dir: settings.place.data_dir,
            synchronous: settings.synchronous,
            secret: secret(
                environment,
                settings.jwt_secret,
                settings.access_token_secret,
                settings.jwt_secret_file.as_deref(),
            )?,
            access_token_minutes: settings.access_token_minutes,
            origins: Origins::parse(settings.cors_origin.as_deref().unwrap_or_default()).map_err(|raw| {
                refused(format!("CORS_ORIGIN `{raw}` is not an origin such as https://chat.example.org"))
            })?,
            proxies: Proxies::parse(settings.trusted_proxies.as_deref().unwrap_or_default()).map_err(
                |raw| {
                    refused(format!(
                        "HUBBUB_TRUSTED_PROXIES `{raw}` is no address and no network such as 10.0.0.0/8"
                    ))
                },
            )?,
            accounts: settings.accounts,
            users: settings.users.check(environment)?,
            server_name: settings.server_name.unwrap_or_else(|| environment.as_str().to_owned()),
            mock_person: settings.mock_user_id,
            site_dir: settings.site_dir,
            trust_query_user: trust_query_user(settings.trust_query_user, environment)?,
            rate_limits,
            limits,
            quotas,
            compress_from: compress_from(settings.compression, settings.compress_from)?,
            log: settings.log,
        })
    }

    /// Whether convenience goes before strictness.
    pub fn is_development(&self) -> bool {
        self.environment == Environment::Development
    }
}

/// Below it a frame fits into one packet either way, and compressing it is work for nothing.
const COMPRESS_FROM: usize = 1024;

fn compress_from(compression: Switch, from: Option<u32>) -> Result<Option<usize>, ConfigError> {
    match (compression, from) {
        (Switch::Off, Some(_)) => Err(refused("HUBBUB_COMPRESSION is off, but HUBBUB_COMPRESS_FROM is set")),
        (Switch::Off, None) => Ok(None),
        (Switch::On, None) => Ok(Some(COMPRESS_FROM)),
        (Switch::On, Some(bytes)) => Ok(Some(usize::try_from(bytes).unwrap_or(usize::MAX))),
    }
}

fn trust_query_user(trust: Option<Switch>, environment: Environment) -> Result<bool, ConfigError> {
    match (trust, environment) {
        (Some(Switch::On), Environment::Production) => Err(refused(
            "HUBBUB_TRUST_QUERY_USER=on believes anybody to be whoever they say, so it only works with \
             HUBBUB_ENV=development",
        )),
        (trust, _) => Ok(trust == Some(Switch::On)),
    }
}

fn secret(
    environment: Environment,
    first: Option<String>,
    second: Option<String>,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    let (first, name) = match file {
        None => (first, "JWT_SECRET"),
        Some(_) if first.is_some() => return Err(refused("JWT_SECRET and JWT_SECRET_FILE are both set")),
        Some(_) if second.is_some() => {
            return Err(refused("ACCESS_TOKEN_SECRET and JWT_SECRET_FILE are both set"));
        }
        Some(file) => (Some(secret_file::read(file)?), "what JWT_SECRET_FILE names"),
    };
    // Files end in a line break, and so does what was made of them, such as a secret of Kubernetes.
    let trimmed = |given: Option<String>| given.map(|it| it.trim().to_owned());
    let given = match (trimmed(first), trimmed(second)) {
        (Some(first), Some(second)) if first != second => {
            return Err(refused("JWT_SECRET and ACCESS_TOKEN_SECRET are both set and differ"));
        }
        (first, second) => first.or(second),
    };
    match (given, environment) {
        (Some(given), _) => Secret::new(given)
            .map(Some)
            .ok_or_else(|| refused(format!("{name} is shorter than {MIN_SECRET_BYTES} bytes"))),
        (None, Environment::Development) => Ok(None),
        (None, Environment::Production) => Err(refused(format!(
            "JWT_SECRET is not set, nor JWT_SECRET_FILE: production needs one of at least {MIN_SECRET_BYTES} bytes \
             (or set HUBBUB_ENV=development to have one made)"
        ))),
    }
}

impl Place {
    fn database(&self) -> Result<PathBuf, ConfigError> {
        let Some(url) = self.database_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(self.data_dir.join("hubbub.db"));
        };
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Err(refused(
                "DATABASE_URL names PostgreSQL, but this version only has SQLite (sqlite://PATH)",
            ));
        }
        match url.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() && !path.contains([':', '?']) => Ok(PathBuf::from(path)),
            Some(_) => Err(refused("DATABASE_URL must be sqlite:// and the path of a file, without options")),
            None => Err(refused("DATABASE_URL must begin with sqlite://")),
        }
    }
}
