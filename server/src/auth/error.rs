//! Auth errors: why a sign-in or a proof of identity was rejected.

use protocol::ErrorCode;

use super::TokenError;
use super::accounts::AccountError;

/// The text about a token that is not good: one for all of them, because which part was wrong is not for strangers.
const BAD_TOKEN: &str = "sign in: the token is missing, wrong, expired or revoked";

/// An error with a text for users. The text never depends on the secret that was shown.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token, cookie or ticket, or a cookie that is over.
    #[error("{BAD_TOKEN}")]
    Unauthorized,
    /// A token or ticket that is not good.
    #[error("{}", token_text(*.error, *.is_shown))]
    Token {
        /// What is wrong with it, which is always logged.
        error: TokenError,
        /// Whether the answer contains it, too. In development only.
        is_shown: bool,
    },
    /// The user name or the password is wrong; which one is not shown.
    #[error("the user name or the password is wrong")]
    WrongCredentials,
    /// The current password, when a user sets another one.
    #[error("this is not the current password")]
    WrongPassword,
    /// As [`Self::WeakPassword`], for another password.
    #[error("{0}")]
    WeakNewPassword(&'static str),
    /// A token that another service signed opens no way to change what is signed in with here.
    #[error("sign in with the password to change it: this token was signed by another service")]
    SignedElsewhere,
    /// A sign-in that the caller does not have.
    #[error("you have no such sign-in")]
    NoSuchSignIn,
    /// A request with the cookie that another site's page made.
    #[error("this request did not come from one of our own pages")]
    ForeignPage,
    /// Accounts are kept by another backend.
    #[error("accounts are kept by another service: register and sign in there")]
    KeptElsewhere,
    /// Strangers make no accounts here.
    #[error("registration is closed: ask an administrator of this hub for an account")]
    RegistrationClosed,
    /// A value is outside what is allowed.
    #[error("{message}")]
    Invalid {
        /// The name of the value.
        field: &'static str,
        /// What is wrong with it.
        message: &'static str,
    },
    /// A password that is too short, too long or too easy to guess.
    #[error("{0}")]
    WeakPassword(&'static str),
    /// Too many attempts.
    #[error("too many attempts, try again later")]
    TooFast {
        /// Milliseconds until the client may try again.
        retry_after_ms: u64,
    },
    /// More passwords are waiting to be checked than is healthy.
    #[error("too many users sign in at the moment, try again")]
    Busy,
    /// An error of the stored accounts.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// An internal error; the cause is for the log.
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AuthError {
    /// An internal error, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Whether identity was not proven, as opposed to not made or not found out.
    pub fn is_unproven(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Token { .. })
    }

    /// The error of a token, where the answer may show it.
    pub fn shown_error(&self) -> Option<TokenError> {
        match self {
            Self::Token { error, is_shown: true } => Some(*error),
            _ => None,
        }
    }

    /// Which row of the table.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unauthorized | Self::Token { .. } => ErrorCode::Unauthorized,
            Self::WrongCredentials | Self::WrongPassword | Self::Account(AccountError::PasswordChanged) => {
                ErrorCode::WrongCredentials
            }
            Self::ForeignPage | Self::RegistrationClosed | Self::SignedElsewhere => ErrorCode::Forbidden,
            Self::Invalid { .. } => ErrorCode::Invalid,
            Self::WeakPassword(_) | Self::WeakNewPassword(_) => ErrorCode::WeakPassword,
            Self::TooFast { .. } => ErrorCode::RateLimited,
            Self::Account(AccountError::UsernameTaken | AccountError::EmailTaken | AccountError::IdTaken) => {
                ErrorCode::Taken
            }
            Self::KeptElsewhere | Self::NoSuchSignIn | Self::Account(AccountError::NoSuchAccount(_)) => {
                ErrorCode::NotFound
            }
            Self::Busy | Self::Account(AccountError::Unavailable(_)) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The field that is wrong, where it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::WeakPassword(_) => Some("password"),
            Self::WrongPassword => Some("current_password"),
            Self::WeakNewPassword(_) => Some("new_password"),
            Self::Account(AccountError::UsernameTaken) => Some("username"),
            Self::Account(AccountError::EmailTaken) => Some("email"),
            _ => None,
        }
    }

    /// When trying again may help, in milliseconds.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::TooFast { retry_after_ms } => Some(*retry_after_ms),
            Self::Busy | Self::Account(AccountError::Unavailable(_)) => Some(1_000),
            _ => None,
        }
    }
}

fn token_text(error: TokenError, is_shown: bool) -> String {
    if is_shown { format!("sign in: the token is refused: {error}") } else { BAD_TOKEN.to_owned() }
}
