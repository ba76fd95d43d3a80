//! `/api/v1/auth/sessions` and `/api/v1/auth/password`: a user's own sign-ins and password.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::rest::{NewPassword, SignIn, SignIns};
use uuid::Uuid;

use crate::auth::accounts::ListedSignIn;
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthUser, OwnSignIn};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiPath};
use crate::state::AppState;

pub(crate) async fn list(State(state): State<AppState>, caller: AuthUser) -> Result<Json<SignIns>, ApiError> {
    let own = state.auth().own_sign_ins(&caller).await?;
    Ok(Json(SignIns { sessions: own.into_iter().map(shown).collect() }))
}

pub(crate) async fn end(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let id = Uuid::try_parse(&id).map_err(|_| ApiError::NotFound)?;
    state.auth().end_one(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_others(
    State(state): State<AppState>,
    caller: AuthUser,
) -> Result<StatusCode, ApiError> {
    state.auth().end_others(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn change_password(
    State(state): State<AppState>,
    address: ClientIp,
    caller: AuthUser,
    ApiBody(form): ApiBody<NewPassword>,
) -> Result<StatusCode, ApiError> {
    state.auth().change_password(&caller, form, address).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(own: OwnSignIn) -> SignIn {
    let OwnSignIn { listed, seen_at_ms, is_current, is_connected } = own;
    let ListedSignIn { id, device, created_at_ms, expires_at_ms, .. } = listed;
    SignIn {
        id,
        device,
        is_current,
        is_connected,
        created_at: rfc3339(created_at_ms),
        last_seen_at: rfc3339(seen_at_ms),
        expires_at: rfc3339(expires_at_ms),
    }
}
