//! Who somebody is, and how that is proven: passwords, tokens, tickets, cookies.

pub mod accounts;
pub mod address;
mod attempts;
mod clearance;
pub mod device_token;
mod error;
pub mod extract;
mod fault;
pub mod manage;
mod mock;
mod names;
mod numeric_date;
pub mod origin;
mod own_sign_ins;
mod password;
mod proof;
mod proxies;
mod remembered;
mod renewal;
mod roles;
pub mod secret;
mod seen_times;
mod sign_in;
mod ticket;
mod token;
mod user_agent;

pub use attempts::{Attempts, Guessed};
pub use clearance::{Clearance, RoleClaim};
pub use device_token::SignInSource;
pub use error::AuthError;
pub use fault::TokenFault;
pub use own_sign_ins::OwnSignIn;
pub use password::Passwords;
pub use proxies::Proxies;
pub use remembered::Remembered;
pub use roles::RoleNotice;
pub use seen_times::SeenTimes;
pub(crate) use sign_in::KEPT_AFTER_END_MS;
pub use sign_in::{CookieSignIn, SIGN_IN_MS, SignIns, user};
pub use ticket::{TICKET_MS, Tickets};
pub use token::{ACCESS_MINUTES, Claims, Keys};
pub use user_agent::Device;

use std::sync::Arc;

use hub::model::User;
use hub::{Requester, SignInId};

/// Somebody who has proven who they are.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: Arc<User>,
    /// On which device.
    pub sign_in: SignInId,
    /// Until when the proof is good, in milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
    /// A person, or a part of the application.
    pub clearance: Clearance,
}

impl Caller {
    /// As the hub sees who asks.
    pub fn actor(&self) -> Requester<'_> {
        Requester { user: &self.user.id, is_service: self.clearance.is_service() }
    }
}
