//! `/api/v1/auth`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::rest::{Login, Refresh, Register, Ticket, Tokens, User};

use crate::auth::address::Address;
use crate::auth::{Caller, Device, TICKET_MS, user};
use crate::error::ApiError;
use crate::gateway::extract::ApiBody;
use crate::state::AppState;

pub(crate) async fn register(
    State(state): State<AppState>,
    address: Address,
    device: Device,
    ApiBody(form): ApiBody<Register>,
) -> Result<(StatusCode, Json<Tokens>), ApiError> {
    let tokens = state.sign_ins().register(form, address, device).await?;
    Ok((StatusCode::CREATED, Json(tokens)))
}

pub(crate) async fn login(
    State(state): State<AppState>,
    address: Address,
    device: Device,
    ApiBody(form): ApiBody<Login>,
) -> Result<Json<Tokens>, ApiError> {
    Ok(Json(state.sign_ins().login(form, address, device).await?))
}

pub(crate) async fn refresh(
    State(state): State<AppState>,
    ApiBody(form): ApiBody<Refresh>,
) -> Result<Json<Tokens>, ApiError> {
    Ok(Json(state.sign_ins().refresh(&form.refresh_token).await?))
}

pub(crate) async fn logout(State(state): State<AppState>, caller: Caller) -> Result<StatusCode, ApiError> {
    state.sign_ins().logout(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn me(caller: Caller) -> Json<User> {
    Json(user(&caller.person))
}

pub(crate) async fn ticket(State(state): State<AppState>, caller: Caller) -> Result<Json<Ticket>, ApiError> {
    let ticket = state.tickets().issue(caller, state.clock().monotonic_ms())?;
    Ok(Json(Ticket { ticket, expires_in: TICKET_MS.unsigned_abs() / 1_000 }))
}
