//! Why a sign-in or a proof of identity was refused.

use protocol::ErrorCode;

use super::accounts::AccountError;

/// A refusal, with words for a person. The words never depend on the secret that was shown.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token, cookie or ticket, or one that is forged, expired, spent or revoked.
    #[error("sign in: the token is missing, wrong, expired or revoked")]
    Unauthorized,
    /// The user name or the password; which one is not said.
    #[error("the user name or the password is wrong")]
    WrongCredentials,
    /// A request with the cookie that another site's page made.
    #[error("this request did not come from one of our own pages")]
    ForeignPage,
    /// Accounts are kept by another backend.
    #[error("accounts are kept by another service: register and sign in there")]
    KeptElsewhere,
    /// A value is outside what is allowed.
    #[error("{message}")]
    Invalid {
        /// Which one.
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
        /// When.
        retry_after_ms: u64,
    },
    /// More passwords are waiting to be checked than is healthy.
    #[error("too many people sign in at the moment, try again")]
    Busy,
    /// The memory of accounts said no.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Our fault; the cause is for the log.
    #[error("something went wrong on our side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AuthError {
    /// Our fault, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Which row of the table.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::WrongCredentials => ErrorCode::WrongCredentials,
            Self::ForeignPage => ErrorCode::Forbidden,
            Self::Invalid { .. } => ErrorCode::Invalid,
            Self::WeakPassword(_) => ErrorCode::WeakPassword,
            Self::TooFast { .. } => ErrorCode::RateLimited,
            Self::Account(AccountError::UsernameTaken | AccountError::EmailTaken | AccountError::IdTaken) => {
                ErrorCode::Taken
            }
            Self::KeptElsewhere | Self::Account(AccountError::NoSuchAccount(_)) => ErrorCode::NotFound,
            Self::Busy | Self::Account(AccountError::Unavailable(_)) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The field that is wrong, where it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::WeakPassword(_) => Some("password"),
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
