//! Authentication: passwords, tokens, tickets and cookies prove who a user is.

pub mod accounts;
mod authenticator;
mod cached_accounts;
pub mod carriers;
mod claims_role;
pub mod client_ip;
pub mod cookies;
pub mod device_token;
mod error;
mod lifetime;
mod local_accounts;
mod login_rate_limiter;
pub mod manage;
mod numeric_date;
pub mod origin;
mod password;
mod provision;
mod proxies;
mod rest_user;
mod roles;
pub mod secret;
mod seen_times;
mod service;
mod sessions;
mod ticket;
mod token;
mod token_error;
mod token_sign_in;
mod user_agent;
mod validation;
mod verifier;

pub use authenticator::Authenticator;
pub use cached_accounts::CachedAccounts;
pub use claims_role::{ClaimsRole, RoleClaim};
pub use device_token::SignInSource;
pub use error::AuthError;
pub(crate) use lifetime::KEPT_AFTER_END_MS;
pub use lifetime::SIGN_IN_MS;
pub use login_rate_limiter::{Guessed, LoginRateLimiter};
pub use password::Passwords;
pub use proxies::Proxies;
pub use rest_user::rest_user;
pub use roles::RoleNotice;
pub use seen_times::SeenTimes;
pub use service::{AuthService, AuthSettings};
pub use sessions::{CookieSignIn, OwnSignIn};
pub use ticket::{TICKET_MS, Tickets};
pub use token::{ACCESS_MINUTES, Claims, Keys};
pub use token_error::TokenError;
pub use user_agent::Device;

use std::sync::Arc;

use hub::model::User;
use hub::{Requester, SignInId};

/// A user who has proven their identity.
#[derive(Debug, Clone)]
pub struct AuthUser {
    /// The user.
    pub user: Arc<User>,
    /// The sign-in of the device.
    pub sign_in: SignInId,
    /// Until when the proof is good, in milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
    /// A user, or a part of the application.
    pub claims_role: ClaimsRole,
}

impl AuthUser {
    /// The caller as the hub sees it.
    pub fn requester(&self) -> Requester<'_> {
        Requester { user: &self.user.id, is_service: self.claims_role.is_service() }
    }
}
