//! Accounts as whoever runs the hub makes and changes them, beside a running server too.

use std::fmt;
use std::io::{self, Read};

use hub::model::User;
use uuid::Uuid;

use super::accounts::{AccountError, Accounts};
use super::names::{self, NewUser};
use super::{AuthError, Clearance, Passwords};
use crate::config::{UserChange, UserOrder, UserRole};

/// Bytes of a password that are read; more are no password.
const PASSWORD_BYTES: u64 = 4096;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// Nobody is called so.
    #[error("there is no user `{0}`")]
    NoSuchUser(String),
    /// Stdin cannot be read.
    #[error("the password cannot be read from stdin")]
    Stdin(#[source] io::Error),
    /// What came from stdin is not one line.
    #[error("stdin must have the password in one line of UTF-8")]
    NotOneLine,
    /// A value is outside its limits, or the store failed.
    #[error(transparent)]
    Refused(#[from] AuthError),
}

impl From<AccountError> for ManageError {
    fn from(error: AccountError) -> Self {
        Self::Refused(error.into())
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    user: String,
    change: UserChange,
}

impl fmt::Display for Managed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = &self.user;
        match &self.change {
            UserChange::Add { .. } => write!(out, "Made the user `{user}`"),
            UserChange::Password => {
                write!(out, "Changed the password of `{user}`, whose sign-ins have ended")
            }
            UserChange::Disable => write!(out, "Disabled `{user}`, whose sign-ins have ended"),
            UserChange::Enable => write!(out, "Enabled `{user}`"),
            UserChange::Role(UserRole::Admin) => write!(out, "`{user}` is an administrator"),
            UserChange::Role(UserRole::None) => write!(out, "`{user}` is no administrator"),
        }
    }
}

/// Carries out what was asked for. The password, where one is needed, is read from `stdin`.
///
/// # Errors
/// [`ManageError`]; its text is fit for the person who asked.
pub async fn manage(
    accounts: &dyn Accounts,
    order: UserOrder,
    stdin: impl Read,
    now_ms: i64,
) -> Result<Managed, ManageError> {
    let UserOrder { name, change } = order;
    let user = match &change {
        UserChange::Add { email } => add(accounts, &name, email.as_deref(), stdin, now_ms).await?,
        UserChange::Password => {
            let user = find(accounts, &name).await?;
            let password = read_password(stdin)?;
            names::check_password(&password, &user.username, &user.email)?;
            let hash = Passwords::new().await?.hash(&password).await?;
            accounts.set_password(&user.id, hash).await?;
            user
        }
        UserChange::Disable | UserChange::Enable => {
            let user = find(accounts, &name).await?;
            accounts.set_active(&user.id, change == UserChange::Enable).await?;
            user
        }
        UserChange::Role(role) => {
            let user = find(accounts, &name).await?;
            let clearance = match role {
                UserRole::Admin => Clearance::Admin,
                UserRole::None => Clearance::Person,
            };
            accounts.set_clearance(&user.id, clearance).await?;
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
    // Every account has an address of its own; this one leads nowhere (RFC 2606).
    let made_up = || format!("{}@people.invalid", Uuid::now_v7().simple());
    let email = email.map_or_else(made_up, str::to_owned);
    let new = NewUser::check(name, &email, &password)?;
    let account = new.account(&Passwords::new().await?, now_ms).await?;
    Ok(accounts.create(account).await?)
}

async fn find(accounts: &dyn Accounts, name: &str) -> Result<User, ManageError> {
    let mut found = accounts.by_usernames(&[name.trim().to_owned()]).await?;
    found.pop().ok_or_else(|| ManageError::NoSuchUser(name.to_owned()))
}

/// Without the end of its line, which is no part of it.
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
