//! `/api/v1/auth`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use protocol::rest::{Login, Refresh, Register, Ticket, Tokens, User};

use crate::auth::client_ip::ClientIp;
use crate::auth::device_token::DEVICE_HEADER;
use crate::auth::{AuthUser, Device, SignInSource, TICKET_MS, user};
use crate::error::ApiError;
use crate::gateway::extract::ApiBody;
use crate::state::AppState;

/// What the device is to show at the next sign-in.
type DeviceTokens = [(HeaderName, String); 1];

fn device_tokens(state: &AppState, tokens: &Tokens, source: &SignInSource) -> Result<DeviceTokens, ApiError> {
    let kept = state.auth().device_tokens(&tokens.user.id, source)?;
    Ok([(HeaderName::from_static(DEVICE_HEADER), kept)])
}

pub(crate) async fn register(
    State(state): State<AppState>,
    source: SignInSource,
    device: Device,
    ApiBody(form): ApiBody<Register>,
) -> Result<(StatusCode, DeviceTokens, Json<Tokens>), ApiError> {
    let tokens = state.auth().register(form, source.address, device).await?;
    Ok((StatusCode::CREATED, device_tokens(&state, &tokens, &source)?, Json(tokens)))
}

pub(crate) async fn login(
    State(state): State<AppState>,
    source: SignInSource,
    device: Device,
    ApiBody(form): ApiBody<Login>,
) -> Result<(DeviceTokens, Json<Tokens>), ApiError> {
    let tokens = state.auth().login(form, &source, device).await?;
    Ok((device_tokens(&state, &tokens, &source)?, Json(tokens)))
}

pub(crate) async fn refresh(
    State(state): State<AppState>,
    address: ClientIp,
    ApiBody(form): ApiBody<Refresh>,
) -> Result<Json<Tokens>, ApiError> {
    Ok(Json(state.auth().refresh(&form.refresh_token, address).await?))
}

pub(crate) async fn logout(State(state): State<AppState>, caller: AuthUser) -> Result<StatusCode, ApiError> {
    state.auth().logout(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn me(caller: AuthUser) -> Json<User> {
    Json(user(&caller.user))
}

pub(crate) async fn ticket(
    State(state): State<AppState>,
    caller: AuthUser,
) -> Result<Json<Ticket>, ApiError> {
    let ticket = state.tickets().issue(caller, state.clock().monotonic_ms())?;
    Ok(Json(Ticket { ticket, expires_in: TICKET_MS.unsigned_abs() / 1_000 }))
}
