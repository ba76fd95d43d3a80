//! Request limits: the layers that count requests of REST, of the pages and of built files.
//!
//! Of built files only the rate of an address counts: reading one is little work, and an answer that is not read holds 16 KiB.
//! An address is counted before anything is read. A user is counted where the request is authenticated, so that no token is
//! checked twice.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub::Hub;
use hub::store::Clock;

use crate::auth::AuthUser;
use crate::auth::client_ip::ClientIp;
use crate::error::ApiError;
use crate::limits::requests::{RequestLimiter, UserPermit};

/// The layer of REST and of the pages.
pub(crate) async fn limit(
    State(limiter): State<Arc<RequestLimiter>>,
    State(clock): State<Arc<dyn Clock>>,
    address: ClientIp,
    request: Request,
    next: Next,
) -> Response {
    limited(&limiter, &*clock, address, request, |request| next.run(request)).await
}

/// The layer of built files.
pub(crate) async fn count(
    State(limiter): State<Arc<RequestLimiter>>,
    State(clock): State<Arc<dyn Clock>>,
    address: ClientIp,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    limiter.count(address, clock.monotonic_ms())?;
    Ok(next.run(request).await)
}

/// Answers a request when its address may ask. Its permits are given back when the answer was written or given up.
pub(crate) async fn limited<F: Future<Output = Response>>(
    limiter: &RequestLimiter,
    clock: &dyn Clock,
    address: ClientIp,
    mut request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    if let Err(error) = limiter.count(address, clock.monotonic_ms()) {
        return ApiError::from(error).into_response();
    }
    let permit = match limiter.enter_address(address).await {
        Ok(permit) => permit,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let of_user = UserPermit::default();
    request.extensions_mut().insert(of_user.clone());
    permit.hold_with(of_user, answer(request).await)
}

/// Counts a request whose user was just found out, and waits until few enough others of the same user are at work.
///
/// # Errors
/// [`hub::HubError::TooFast`], [`ApiError::TooManyAtWork`].
pub(crate) async fn enter(
    limiter: &RequestLimiter,
    hub: &Hub,
    permit: Option<UserPermit>,
    caller: &AuthUser,
) -> Result<(), ApiError> {
    hub.count_request(caller.requester())?;
    if let Some(permit) = permit {
        limiter.enter_user(&permit, caller).await?;
    }
    Ok(())
}
