//! Settings of accounts: registration, the directory, the pages' cookie, the claim of roles.

use clap::{Args, ValueEnum};

use super::choice::{Environment, OnOff};
use super::error::{ConfigError, invalid};
use crate::auth::RoleClaim;

/// Whether strangers may create accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Any visitor.
    Open,
    /// No visitor: accounts are created with `hubbub user add`.
    Closed,
}

/// Which users the directory lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Directory {
    /// Every user.
    All,
    /// Users who share a room with the caller; an exact user name finds any user.
    #[value(name = "shared_rooms")]
    SharedRooms,
}

/// The settings of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicy {
    /// Whether strangers may create accounts.
    pub registration: Registration,
    /// Which users the directory lists.
    pub directory: Directory,
    /// Whether members of a room see each other's e-mail addresses.
    pub member_emails: bool,
    /// Name of the pages' cookie; `None`: a default that depends on the environment.
    pub cookie_name: Option<String>,
    /// Which claim of a token names a role of the hub.
    pub role_claim: RoleClaim,
}

impl AccountPolicy {
    /// The defaults of an environment: in production users see of one another only what they need.
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
    /// open: any visitor may create an account. closed: accounts are created with `hubbub user add` only.
    #[arg(long, env = "HUBBUB_REGISTRATION", value_enum, default_value = "open")]
    registration: Registration,

    /// Users that `/api/v1/users` lists. all: every user. `shared_rooms`: users who share a room with the caller; an exact user
    /// name still finds any user, so that a first room can be created [default: `shared_rooms`; all in development]
    #[arg(long, env = "HUBBUB_DIRECTORY", value_enum)]
    directory: Option<Directory>,

    /// Whether members of a room see each other's e-mail addresses; off: the key is present and empty [default: off; on in
    /// development]
    #[arg(long, env = "HUBBUB_MEMBER_EMAILS", value_enum, value_name = "on|off")]
    member_emails: Option<OnOff>,

    /// Name of the cookie of the pages. Two hubs on one host need two, because cookies do not depend on the port
    /// [default: `__Host-hubbub_session`; in development `hubbub_session` with the port behind it]
    #[arg(long, env = "HUBBUB_COOKIE_NAME", value_name = "NAME")]
    cookie_name: Option<String>,

    /// Claim of an access token that gives its bearer the role `service` or `admin` in the hub
    /// [default: `hubbub_role`, so that an application's own roles have no effect here]
    #[arg(long, env = "HUBBUB_ROLE_CLAIM", value_name = "CLAIM")]
    role_claim: Option<String>,
}

impl AccountSettings {
    pub(super) fn check(self, environment: Environment) -> Result<AccountPolicy, ConfigError> {
        let default = AccountPolicy::of(environment);
        let cookie_name = self.cookie_name.map(|name| check_cookie(name, environment)).transpose()?;
        let role_claim = match self.role_claim.as_deref().map(str::trim) {
            None => default.role_claim,
            Some(name) => RoleClaim::chosen(name).ok_or_else(|| {
                invalid(format!("HUBBUB_ROLE_CLAIM `{name}` means something else in a token, or is empty"))
            })?,
        };
        Ok(AccountPolicy {
            registration: self.registration,
            directory: self.directory.unwrap_or(default.directory),
            member_emails: self.member_emails.map_or(default.member_emails, |it| it == OnOff::On),
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
        return Err(invalid(format!(
            "HUBBUB_COOKIE_NAME `{name}` is not 1 to {COOKIE_CHARS} letters, digits, '_', '-' or '.'"
        )));
    }
    if name == app::Theme::COOKIE {
        return Err(invalid(format!("HUBBUB_COOKIE_NAME `{name}` is the cookie of the theme")));
    }
    let needs_tls = ["__host-", "__secure-"].iter().any(|it| name.to_ascii_lowercase().starts_with(it));
    if needs_tls && environment == Environment::Development {
        return Err(invalid(format!(
            "HUBBUB_COOKIE_NAME `{name}` needs TLS, which cookies of a development server do not ask for"
        )));
    }
    Ok(name)
}
