//! `/api/v1/auth/sessions` and `/api/v1/auth/password`: a user's own sign-ins and password.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::rest::{NewPassword, SignIn, SignIns};

use crate::auth::accounts::ListedSignIn;
use crate::auth::client_ip::ClientIp;
use crate::auth::{AuthService, AuthUser, OwnSignIn};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, SignInPath};

pub(crate) async fn list(
    State(auth): State<Arc<AuthService>>,
    caller: AuthUser,
) -> Result<Json<SignIns>, ApiError> {
    let own = auth.own_sign_ins(&caller).await?;
    Ok(Json(SignIns { sessions: own.into_iter().map(shown).collect() }))
}

pub(crate) async fn end(
    State(auth): State<Arc<AuthService>>,
    caller: AuthUser,
    SignInPath(id): SignInPath,
) -> Result<StatusCode, ApiError> {
    auth.end_one(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_others(
    State(auth): State<Arc<AuthService>>,
    caller: AuthUser,
) -> Result<StatusCode, ApiError> {
    auth.end_others(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn change_password(
    State(auth): State<Arc<AuthService>>,
    address: ClientIp,
    caller: AuthUser,
    ApiBody(form): ApiBody<NewPassword>,
) -> Result<StatusCode, ApiError> {
    auth.change_password(&caller, form, address).await?;
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
