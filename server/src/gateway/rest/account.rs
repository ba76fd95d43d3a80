//! `/api/v1/auth`: registers users, signs them in and out, and issues tokens and tickets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use hub::store::Clock;
use protocol::rest::{Login, Refresh, Register, Ticket, Tokens, User};

use crate::auth::client_ip::ClientIp;
use crate::auth::device_token::DEVICE_HEADER;
use crate::auth::{AuthService, AuthUser, Device, SignInSource, TICKET_MS, Tickets, rest_user};
use crate::error::ApiError;
use crate::gateway::extract::ApiBody;

/// The header that the device is to show at the next sign-in.
type DeviceTokens = [(HeaderName, String); 1];

fn device_tokens(
    auth: &AuthService,
    tokens: &Tokens,
    source: &SignInSource,
) -> Result<DeviceTokens, ApiError> {
    let device = auth.device_tokens(&tokens.user.id, source)?;
    Ok([(HeaderName::from_static(DEVICE_HEADER), device)])
}

pub(crate) async fn register(
    State(auth): State<Arc<AuthService>>,
    source: SignInSource,
    device: Device,
    ApiBody(form): ApiBody<Register>,
) -> Result<(StatusCode, DeviceTokens, Json<Tokens>), ApiError> {
    let tokens = auth.register(form, source.address, device).await?;
    Ok((StatusCode::CREATED, device_tokens(&auth, &tokens, &source)?, Json(tokens)))
}

pub(crate) async fn login(
    State(auth): State<Arc<AuthService>>,
    source: SignInSource,
    device: Device,
    ApiBody(form): ApiBody<Login>,
) -> Result<(DeviceTokens, Json<Tokens>), ApiError> {
    let tokens = auth.login(form, &source, device).await?;
    Ok((device_tokens(&auth, &tokens, &source)?, Json(tokens)))
}

pub(crate) async fn refresh(
    State(auth): State<Arc<AuthService>>,
    address: ClientIp,
    ApiBody(form): ApiBody<Refresh>,
) -> Result<Json<Tokens>, ApiError> {
    Ok(Json(auth.refresh(&form.refresh_token, address).await?))
}

pub(crate) async fn logout(
    State(auth): State<Arc<AuthService>>,
    caller: AuthUser,
) -> Result<StatusCode, ApiError> {
    auth.logout(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn me(caller: AuthUser) -> Json<User> {
    Json(rest_user(&caller.user))
}

pub(crate) async fn ticket(
    State(tickets): State<Arc<Tickets>>,
    State(clock): State<Arc<dyn Clock>>,
    caller: AuthUser,
) -> Result<Json<Ticket>, ApiError> {
    let ticket = tickets.issue(caller, clock.monotonic_ms())?;
    Ok(Json(Ticket { ticket, expires_in: TICKET_MS.unsigned_abs() / 1_000 }))
}
