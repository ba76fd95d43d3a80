//! Login rate limiter: bounds how often passwords and refresh tokens may be tried.
//!
//! Strangers are counted by their address, tightly, and by the login that they try, more widely: one that tries passwords from
//! one address locks out no other user. A device that has signed in as the user before ([`super::device`]) is counted by itself
//! and in a table apart, so that it passes whatever strangers have used up.

use protocol::UserId;

use super::client_ip::ClientIp;
use super::{AuthError, secret};
use crate::config::RateLimits;
use crate::limits::address_rate_limiter::{AddressRateLimiter, SITE_TIMES};
use crate::limits::rate_limiter::{RateLimited, RateLimiter};

/// Addresses that are counted at a time, and as many logins and devices, each in a table of some 2 MB.
const CAPACITY: usize = 20_000;

/// How many refresh tokens that are good for nothing an address may show, as a multiple of its attempts to sign in: they
/// cost one read each.
const REFRESHES: u32 = 6;

/// The tables. Strangers and known devices have none in common.
pub struct LoginRateLimiter {
    addresses: AddressRateLimiter,
    logins: RateLimiter<[u8; 32]>,
    devices: RateLimiter<[u8; 32]>,
    /// As many devices may be behind one address as networks in a site.
    devices_by_address: AddressRateLimiter,
    refreshes: AddressRateLimiter,
}

impl LoginRateLimiter {
    /// Nothing was tried yet. Without numbers nothing is limited.
    pub fn new(rates: &RateLimits) -> Self {
        let tight = rates.logins_per_minute;
        let times = |factor: u32| tight.map(|count| count.saturating_mul(factor));
        Self {
            addresses: AddressRateLimiter::per_minute(tight, CAPACITY),
            logins: RateLimiter::per_minute(rates.logins_per_minute_per_user, CAPACITY),
            devices: RateLimiter::per_minute(tight, CAPACITY),
            devices_by_address: AddressRateLimiter::per_minute(times(SITE_TIMES), CAPACITY),
            refreshes: AddressRateLimiter::per_minute(times(REFRESHES), CAPACITY),
        }
    }

    /// Counts an attempt of a stranger at an address, to sign in or to register.
    ///
    /// # Errors
    /// [`AuthError::TooFast`], with when to try again.
    pub fn of_address(&self, address: ClientIp, now_ms: i64) -> Result<(), AuthError> {
        self.addresses.check(address, now_ms).map_err(too_fast)
    }

    /// Counts an attempt of a stranger at what is guessed.
    ///
    /// # Errors
    /// As [`Self::of_address`].
    pub fn of_login(&self, guessed: &Guessed<'_>, now_ms: i64) -> Result<(), AuthError> {
        self.logins.check(guessed.hash(), now_ms).map_err(too_fast)
    }

    /// Counts an attempt from an address with a device token of ours, of whichever user.
    ///
    /// # Errors
    /// As [`Self::of_address`].
    pub fn of_device_address(&self, address: ClientIp, now_ms: i64) -> Result<(), AuthError> {
        self.devices_by_address.check(address, now_ms).map_err(too_fast)
    }

    /// Counts an attempt of a device that is known for the user whose password is tried.
    ///
    /// # Errors
    /// As [`Self::of_address`].
    pub fn of_device(&self, device: [u8; 32], now_ms: i64) -> Result<(), AuthError> {
        self.devices.check(device, now_ms).map_err(too_fast)
    }

    /// Counts a refresh token that was good for nothing.
    ///
    /// # Errors
    /// As [`Self::of_address`].
    pub fn of_refresh(&self, address: ClientIp, now_ms: i64) -> Result<(), AuthError> {
        self.refreshes.check(address, now_ms).map_err(too_fast)
    }
}

fn too_fast(RateLimited { retry_after_ms }: RateLimited) -> AuthError {
    AuthError::TooFast { retry_after_ms }
}

/// The owner of the password that is tried. The user name and the address of one account are one thing to guess.
pub enum Guessed<'a> {
    /// An account.
    User(&'a UserId),
    /// No account, by the login as it was typed.
    Unknown(&'a str),
}

impl Guessed<'_> {
    /// Of one size, however long the login is.
    fn hash(&self) -> [u8; 32] {
        match self {
            Self::User(id) => secret::hash(&format!("user {id}")),
            Self::Unknown(login) => secret::hash(&format!(
                "login {}",
                login.chars().flat_map(char::to_lowercase).collect::<String>()
            )),
        }
    }
}
