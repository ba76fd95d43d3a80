//! Who somebody is, and how that is proven: passwords, tokens, tickets, cookies.

pub mod accounts;
mod cached_accounts;
mod claims_role;
pub mod client_ip;
mod dev_user;
pub mod device_token;
mod error;
pub mod extract;
mod fault;
mod login_rate_limiter;
pub mod manage;
mod numeric_date;
pub mod origin;
mod own_sign_ins;
mod password;
mod proof;
mod proxies;
mod renewal;
mod roles;
pub mod secret;
mod seen_times;
mod service;
mod ticket;
mod token;
mod user_agent;
mod validation;

pub use cached_accounts::CachedAccounts;
pub use claims_role::{ClaimsRole, RoleClaim};
pub use device_token::SignInSource;
pub use error::AuthError;
pub use fault::TokenFault;
pub use login_rate_limiter::{Guessed, LoginRateLimiter};
pub use own_sign_ins::OwnSignIn;
pub use password::Passwords;
pub use proxies::Proxies;
pub use roles::RoleNotice;
pub use seen_times::SeenTimes;
pub(crate) use service::KEPT_AFTER_END_MS;
pub use service::{AuthService, CookieSignIn, SIGN_IN_MS, user};
pub use ticket::{TICKET_MS, Tickets};
pub use token::{ACCESS_MINUTES, Claims, Keys};
pub use user_agent::Device;

use std::sync::Arc;

use hub::model::User;
use hub::{Requester, SignInId};

/// Somebody who has proven who they are.
#[derive(Debug, Clone)]
pub struct AuthUser {
    /// Who.
    pub user: Arc<User>,
    /// On which device.
    pub sign_in: SignInId,
    /// Until when the proof is good, in milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
    /// A person, or a part of the application.
    pub claims_role: ClaimsRole,
}

impl AuthUser {
    /// As the hub sees who asks.
    pub fn actor(&self) -> Requester<'_> {
        Requester { user: &self.user.id, is_service: self.claims_role.is_service() }
    }
}
