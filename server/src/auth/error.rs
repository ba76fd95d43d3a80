//! Why a sign-in or a proof of identity was refused.

use protocol::ErrorCode;

use super::TokenFault;
use super::accounts::AccountError;

/// What is said of a token that is not good: one sentence for all of them, because which part was wrong is not for strangers.
const REFUSED_TOKEN: &str = "sign in: the token is missing, wrong, expired or revoked";

/// A refusal, with words for a person. The words never depend on the secret that was shown.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token, cookie or ticket, or a cookie that is over.
    #[error("{REFUSED_TOKEN}")]
    Unauthorized,
    /// A token or ticket that is not good.
    #[error("{}", refused_token(*.fault, *.is_told))]
    Token {
        /// What is wrong with it, which the log always says.
        fault: TokenFault,
        /// Whether the answer says it, too. In development only.
        is_told: bool,
    },
    /// The user name or the password; which one is not said.
    #[error("the user name or the password is wrong")]
    WrongCredentials,
    /// The current password of somebody who is signed in and sets another one.
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
    #[error("registration is closed: ask whoever runs this hub for an account")]
    RegistrationClosed,
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

    /// Whether identity was not proven, as opposed to not made or not found out.
    pub fn is_unproven(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Token { .. })
    }

    /// What the answer says is wrong with a token; `None` where it does not say it.
    pub fn told_fault(&self) -> Option<TokenFault> {
        match self {
            Self::Token { fault, is_told: true } => Some(*fault),
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

fn refused_token(fault: TokenFault, is_told: bool) -> String {
    if is_told { format!("sign in: the token is refused: {fault}") } else { REFUSED_TOKEN.to_owned() }
}
