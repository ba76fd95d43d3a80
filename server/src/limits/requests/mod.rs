//! Limits requests: how often a user and an address may ask, and how many of their requests of REST and of the pages are at
//! work or have an answer that was not read. Of built files it counts how often an address asks, and no more: reading one is
//! little work, and an answer that is not read holds 16 KiB.
//!
//! An address is counted before anything is looked at. A user is counted by whoever finds out whose a request is, so that no
//! token is looked at twice.

mod body;
mod permits;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Extensions;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::UserId;

use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::config::Quotas;
use crate::error::ApiError;
use crate::limits::address_rate_limiter::AddressRateLimiter;
use crate::limits::rate_limiter::RateLimited;
use crate::state::AppState;

use body::HeldBody;
use permits::{Permit, Permits};

/// Requests of an address that may come at once, in seconds of its rate: an office opens its pages at nine.
const BURST_SECONDS: u32 = 5;

/// Addresses whose requests are counted at a time, some 6 MB.
const ADDRESSES: usize = 100_000;

/// How many times as many requests a part of the application may have at work: it asks for many users.
const SERVICE_TIMES: usize = 16;

/// Requests that wait for their turn, for each that may be at work: a page asks for a few things at once, in a few tabs.
const WAITING_TIMES: usize = 8;

/// Counts requests by address and by user.
pub(crate) struct RequestLimiter {
    rate: AddressRateLimiter,
    of_addresses: Permits<IpAddr>,
    of_users: Permits<UserId>,
    of_services: Permits<UserId>,
}

impl RequestLimiter {
    /// Nobody has asked for anything yet.
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
}

/// What a request holds beside the permit of its address: the permit of its user, once that is known.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<Option<Permit<UserId>>>>);

impl Held {
    /// That of a request, if its requests are limited.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }

    fn put(&self, permit: Permit<UserId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
    }
}

/// The layer.
pub(crate) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    limited(&state, request, |request| next.run(request)).await
}

/// The layer of built files.
pub(crate) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match count_address(&state, ClientIp::of(&parts, &state)) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    }
}

fn count_address(state: &AppState, address: ClientIp) -> Result<(), ApiError> {
    let counted = state.requests().rate.check(address, state.clock().monotonic_ms());
    counted.map_err(|RateLimited { retry_after_ms }| ApiError::TooManyRequests { retry_after_ms })
}

/// Answers a request when its address may ask. Its permits are given back when the answer was written or given up.
pub(crate) async fn limited<F: Future<Output = Response>>(
    state: &AppState,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let address = ClientIp::of(&parts, state);
    if let Err(error) = count_address(state, address) {
        return error.into_response();
    }
    let of_address = match state.requests().of_addresses.enter(address.0).await {
        Ok(permit) => permit,
        Err(error) => return error.into_response(),
    };
    let held = Held::default();
    parts.extensions.insert(held.clone());
    let response = answer(Request::from_parts(parts, body)).await;
    response.map(|body| Body::new(HeldBody::new(body, (of_address, held))))
}

/// Counts a request of somebody who was just found out, and waits until few enough others of the same user are at work.
///
/// # Errors
/// [`hub::Refusal::TooFast`], [`ApiError::TooManyAtWork`].
pub(crate) async fn enter(state: &AppState, held: Option<Held>, caller: &AuthUser) -> Result<(), ApiError> {
    state.hub().count_request(caller.actor())?;
    let Some(held) = held else { return Ok(()) };
    let limiter = state.requests();
    let permits = if caller.claims_role.is_service() { &limiter.of_services } else { &limiter.of_users };
    held.put(permits.enter(caller.user.id.clone()).await?);
    Ok(())
}
