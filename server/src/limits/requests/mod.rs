//! Request limiter: bounds how often addresses send requests, and how many requests of an address and of a user are at work or
//! have an answer that was not read, because each of them holds memory.

mod body;
mod permits;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::Extensions;
use axum::response::Response;
use protocol::UserId;

use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::config::Quotas;
use crate::limits::address_rate_limiter::AddressRateLimiter;
use crate::limits::rate_limiter::RateLimited;

use body::HeldBody;
use permits::{Permit, Permits};

pub(crate) use permits::TooManyAtWork;

/// Requests of an address that may come at once, in seconds of its rate: an office opens its pages at nine.
const BURST_SECONDS: u32 = 5;

/// Addresses whose requests are counted at a time, some 6 MB.
const ADDRESSES: usize = 100_000;

/// How many times as many requests a part of the application may have at work: it asks for many users.
const SERVICE_TIMES: usize = 16;

/// Requests that wait for a permit, for each that may be at work: a page asks for a few things at once, in a few tabs.
const WAITING_TIMES: usize = 8;

/// One address asks too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests from your network, try again later")]
pub struct TooManyRequests {
    /// Milliseconds until the client may try again.
    pub retry_after_ms: u64,
}

/// Counts requests by address and by user.
pub(crate) struct RequestLimiter {
    rate: AddressRateLimiter,
    of_addresses: Permits<IpAddr>,
    of_users: Permits<UserId>,
    of_services: Permits<UserId>,
}

/// The right of an address to have a request at work.
pub(crate) struct AddressPermit(Permit<IpAddr>);

/// Takes the permit of a request's user, once the user is known. An extension of the request.
#[derive(Clone, Default)]
pub(crate) struct UserPermit(Arc<Mutex<Option<Permit<UserId>>>>);

impl RequestLimiter {
    /// No request has come yet.
    pub(crate) fn new(quotas: &Quotas) -> Self {
        let permits = |at_once: usize| (at_once, at_once.saturating_mul(WAITING_TIMES));
        let (users, waiting_users) = permits(quotas.concurrent_requests_per_user);
        let (services, waiting_services) =
            permits(quotas.concurrent_requests_per_user.saturating_mul(SERVICE_TIMES));
        let (addresses, waiting_addresses) = permits(quotas.concurrent_requests_per_address);
        Self {
            rate: AddressRateLimiter::per_second(
                quotas.requests_per_second_per_address,
                BURST_SECONDS,
                ADDRESSES,
            ),
            of_addresses: Permits::new(addresses, waiting_addresses),
            of_users: Permits::new(users, waiting_users),
            of_services: Permits::new(services, waiting_services),
        }
    }

    /// Counts a request of an address.
    ///
    /// # Errors
    /// [`TooManyRequests`].
    pub(crate) fn count(&self, address: ClientIp, now_ms: i64) -> Result<(), TooManyRequests> {
        let counted = self.rate.check(address, now_ms);
        counted.map_err(|RateLimited { retry_after_ms }| TooManyRequests { retry_after_ms })
    }

    /// Waits until few enough other requests of an address are at work.
    ///
    /// # Errors
    /// [`TooManyAtWork`].
    pub(crate) async fn enter_address(&self, address: ClientIp) -> Result<AddressPermit, TooManyAtWork> {
        self.of_addresses.enter(address.0).await.map(AddressPermit)
    }

    /// Waits until few enough other requests of a user are at work.
    ///
    /// # Errors
    /// [`TooManyAtWork`].
    pub(crate) async fn enter_user(
        &self,
        permit: &UserPermit,
        caller: &AuthUser,
    ) -> Result<(), TooManyAtWork> {
        let permits = if caller.claims_role.is_service() { &self.of_services } else { &self.of_users };
        permit.put(permits.enter(caller.user.id.clone()).await?);
        Ok(())
    }
}

impl AddressPermit {
    /// Gives both permits back when the answer was written or given up.
    pub(crate) fn hold_with(self, of_user: UserPermit, response: Response) -> Response {
        response.map(|body| Body::new(HeldBody::new(body, (self.0, of_user))))
    }
}

impl UserPermit {
    /// That of a request, if its requests are limited.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }

    fn put(&self, permit: Permit<UserId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
    }
}
