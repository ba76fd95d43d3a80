//! `hubbub user`: creates and changes accounts, also while a server runs.

use std::fmt;
use std::io::{self, Read};

use hub::model::User;
use uuid::Uuid;

use super::accounts::{AccountError, Accounts};
use super::validation::{self, NewUser};
use super::{AuthError, ClaimsRole, Passwords};

/// Maximum length of a password on stdin, in bytes.
const PASSWORD_BYTES: u64 = 4096;

/// Why no account was changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// No account has this name.
    #[error("there is no user `{0}`")]
    NoSuchUser(String),
    /// Stdin cannot be read.
    #[error("the password cannot be read from stdin")]
    Stdin(#[source] io::Error),
    /// Stdin is not one line.
    #[error("stdin must contain the password in one line of UTF-8")]
    NotOneLine,
    /// A value is outside its limits, or the store failed.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

impl From<AccountError> for ManageError {
    fn from(error: AccountError) -> Self {
        Self::Auth(error.into())
    }
}

/// A change of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCommand {
    /// The user name.
    pub name: String,
    /// The change.
    pub change: AccountChange,
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Create it, with a password from stdin.
    Add {
        /// The e-mail address; without one the account gets an address that leads nowhere.
        email: Option<String>,
    },
    /// Set its password, from stdin.
    Password,
    /// Reject its sign-ins and end its sessions.
    Disable,
    /// Accept its sign-ins again.
    Enable,
    /// Make its user an administrator, or an ordinary user again.
    Administrator(bool),
}

/// The change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    user: String,
    change: AccountChange,
}

impl fmt::Display for Managed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = &self.user;
        match &self.change {
            AccountChange::Add { .. } => write!(out, "Created the user `{user}`"),
            AccountChange::Password => {
                write!(out, "Changed the password of `{user}`, whose sign-ins have ended")
            }
            AccountChange::Disable => write!(out, "Disabled `{user}`, whose sign-ins have ended"),
            AccountChange::Enable => write!(out, "Enabled `{user}`"),
            AccountChange::Administrator(true) => write!(out, "`{user}` is an administrator"),
            AccountChange::Administrator(false) => write!(out, "`{user}` is not an administrator"),
        }
    }
}

/// Carries out a command. The password, where one is needed, is read from `stdin`.
///
/// # Errors
/// [`ManageError`]; its text is fit for the terminal.
pub async fn manage(
    accounts: &dyn Accounts,
    command: AccountCommand,
    stdin: impl Read,
    now_ms: i64,
) -> Result<Managed, ManageError> {
    let AccountCommand { name, change } = command;
    let user = match &change {
        AccountChange::Add { email } => add(accounts, &name, email.as_deref(), stdin, now_ms).await?,
        AccountChange::Password => {
            let user = find(accounts, &name).await?;
            let password = read_password(stdin)?;
            validation::check_password(&password, &user.username, &user.email)?;
            let hash = Passwords::new().await?.hash(&password).await?;
            accounts.set_password(&user.id, hash).await?;
            user
        }
        AccountChange::Disable | AccountChange::Enable => {
            let user = find(accounts, &name).await?;
            accounts.set_active(&user.id, change == AccountChange::Enable).await?;
            user
        }
        AccountChange::Administrator(is_admin) => {
            let user = find(accounts, &name).await?;
            let claims_role = if *is_admin { ClaimsRole::Admin } else { ClaimsRole::User };
            accounts.set_claims_role(&user.id, claims_role).await?;
            user
        }
    };
    Ok(Managed { user: user.username, change })
}

async fn add(
    accounts: &dyn Accounts,
    name: &str,
    email: Option<&str>,
    stdin: impl Read,
    now_ms: i64,
) -> Result<User, ManageError> {
    let password = read_password(stdin)?;
    // Every account has a unique e-mail address; this one leads nowhere (RFC 2606).
    let placeholder = || format!("{}@people.invalid", Uuid::now_v7().simple());
    let email = email.map_or_else(placeholder, str::to_owned);
    let new = NewUser::check(name, &email, &password)?;
    let account = new.account(&Passwords::new().await?, now_ms).await?;
    Ok(accounts.create(account).await?)
}

async fn find(accounts: &dyn Accounts, name: &str) -> Result<User, ManageError> {
    let mut found = accounts.by_usernames(&[name.trim().to_owned()]).await?;
    found.pop().ok_or_else(|| ManageError::NoSuchUser(name.to_owned()))
}

/// The password without the line break behind it.
fn read_password(stdin: impl Read) -> Result<String, ManageError> {
    let mut bytes = Vec::new();
    stdin.take(PASSWORD_BYTES + 1).read_to_end(&mut bytes).map_err(ManageError::Stdin)?;
    let text = String::from_utf8(bytes).map_err(|_| ManageError::NotOneLine)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) || text.len() as u64 > PASSWORD_BYTES {
        return Err(ManageError::NotOneLine);
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        for (input, password) in
            [("word", "word"), ("word\n", "word"), ("word\r\n", "word"), (" a b ", " a b ")]
        {
            assert_eq!(read_password(input.as_bytes()).unwrap(), password, "{input:?}");
        }
        for bad in [&b"two\nlines"[..], b"\xff", &[b'x'; 5_000]] {
            assert!(matches!(read_password(bad), Err(ManageError::NotOneLine)));
        }
    }
}
