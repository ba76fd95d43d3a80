//! Settings of accounts: who may have one, what users see of one another, how the pages' cookie and the claim of roles are
//! called.

use clap::{Args, ValueEnum};

use super::command_line::Switch;
use super::{ConfigError, Environment, refused};
use crate::auth::RoleClaim;
use crate::auth::extract::{HOST_PREFIX, PLAIN_COOKIE};

/// Whether strangers may make accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anybody who finds the page.
    Open,
    /// Nobody: accounts are made with `hubbub user add`.
    Closed,
}

/// Whom the list of users shows to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Directory {
    /// Every user.
    All,
    /// Who is in a room together with the asker, and whoever is asked for by the exact user name.
    #[value(name = "shared_rooms")]
    SharedRooms,
}

/// What was decided about accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// Whether strangers may make accounts.
    pub registration: Registration,
    /// Whom the list of users shows.
    pub directory: Directory,
    /// Whether members of a room see each other's e-mail addresses.
    pub member_emails: bool,
    /// What the cookie of the pages is called; `None`: as [`Accounts::cookie_name`] says.
    pub cookie_name: Option<String>,
    /// Which claim of a token names a role of the hub.
    pub role_claim: RoleClaim,
}

impl Accounts {
    /// What an environment has where nothing else is said: strangers on the internet see of others what they need.
    pub fn of(environment: Environment) -> Self {
        let is_development = environment == Environment::Development;
        Self {
            registration: Registration::Open,
            directory: if is_development { Directory::All } else { Directory::SharedRooms },
            member_emails: is_development,
            cookie_name: None,
            role_claim: RoleClaim::default(),
        }
    }
}

/// The settings as they are written.
#[derive(Args)]
pub(super) struct AccountSettings {
    /// open: anybody may make an account. closed: accounts are made with `hubbub user add` only.
    #[arg(long, env = "HUBBUB_REGISTRATION", value_enum, default_value = "open")]
    registration: Registration,

    /// Whom `/api/v1/users` lists. all: every user. `shared_rooms`: who shares a room with the asker; an exact user name still
    /// finds anybody, so that a first room can be made [default: `shared_rooms`; all in development]
    #[arg(long, env = "HUBBUB_DIRECTORY", value_enum)]
    directory: Option<Directory>,

    /// Whether members of a room see each other's e-mail addresses; off: the key is there and empty [default: off; on in
    /// development]
    #[arg(long, env = "HUBBUB_MEMBER_EMAILS", value_enum, value_name = "on|off")]
    member_emails: Option<Switch>,

    /// Name of the cookie of the pages. Two hubs on one host need two, because cookies know no ports
    /// [default: `__Host-hubbub_session`; in development `hubbub_session` with the port behind it]
    #[arg(long, env = "HUBBUB_COOKIE_NAME", value_name = "NAME")]
    cookie_name: Option<String>,

    /// Claim of an access token that says `service` or `admin` of its bearer, who is that to the hub then
    /// [default: `hubbub_role`, so that an application's own roles count for nothing here]
    #[arg(long, env = "HUBBUB_ROLE_CLAIM", value_name = "CLAIM")]
    role_claim: Option<String>,
}

impl AccountSettings {
    pub(super) fn check(self, environment: Environment) -> Result<Accounts, ConfigError> {
        let usual = Accounts::of(environment);
        let cookie_name = self.cookie_name.map(|name| check_cookie(name, environment)).transpose()?;
        let role_claim = match self.role_claim.as_deref().map(str::trim) {
            None => usual.role_claim,
            Some(name) => RoleClaim::chosen(name).ok_or_else(|| {
                refused(format!("HUBBUB_ROLE_CLAIM `{name}` means something else in a token, or is empty"))
            })?,
        };
        Ok(Accounts {
            registration: self.registration,
            directory: self.directory.unwrap_or(usual.directory),
            member_emails: self.member_emails.map_or(usual.member_emails, |it| it == Switch::On),
            cookie_name,
            role_claim,
        })
    }
}

/// Characters of a cookie's name at most.
const COOKIE_CHARS: usize = 64;

/// A token of RFC 6265, section 4.1.1, of plain characters.
fn check_cookie(name: String, environment: Environment) -> Result<String, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=COOKIE_CHARS).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(refused(format!(
            "HUBBUB_COOKIE_NAME `{name}` is not 1 to {COOKIE_CHARS} letters, digits, '_', '-' or '.'"
        )));
    }
    if name == app::Theme::COOKIE {
        return Err(refused(format!("HUBBUB_COOKIE_NAME `{name}` is the cookie of the theme")));
    }
    let needs_tls = ["__host-", "__secure-"].iter().any(|it| name.to_ascii_lowercase().starts_with(it));
    if needs_tls && environment == Environment::Development {
        return Err(refused(format!(
            "HUBBUB_COOKIE_NAME `{name}` needs TLS, which cookies of a development server do not ask for"
        )));
    }
    Ok(name)
}

impl super::Config {
    /// What the cookie of the pages is called on a server whose first listener has this port. Browsers send cookies to every
    /// port of a host, and a developer has more than one hub on one.
    pub fn cookie_name(&self, port: u16) -> String {
        match &self.users.cookie_name {
            Some(name) => name.clone(),
            None if self.is_development() => format!("{PLAIN_COOKIE}_{port}"),
            None => format!("{HOST_PREFIX}{PLAIN_COOKIE}"),
        }
    }
}
