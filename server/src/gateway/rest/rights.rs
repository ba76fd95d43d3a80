//! Who may use the addresses that are not for everybody.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth::{AuthError, AuthUser, ClaimsRole};
use crate::error::ApiError;
use crate::state::AppState;

/// Somebody who may try things out on others: in development whoever is signed in; in production a part of the
/// application, and for everybody else there is nothing there.
pub(crate) struct Tester(pub(crate) AuthUser);

impl FromRequestParts<AppState> for Tester {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = AuthUser::from_request_parts(parts, state).await;
        if state.config().is_development() {
            return caller.map(Self);
        }
        match caller {
            Ok(caller) if caller.claims_role.is_service() => Ok(Self(caller)),
            Ok(_) | Err(ApiError::Auth(AuthError::ForeignPage)) => Err(ApiError::NotFound),
            Err(ApiError::Auth(error)) if error.is_unproven() => Err(ApiError::Hidden(error)),
            Err(error) => Err(error),
        }
    }
}

/// Somebody who runs the application; in development whoever is signed in.
pub(crate) struct Operator;

impl FromRequestParts<AppState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = AuthUser::from_request_parts(parts, state).await?;
        if state.config().is_development() || caller.claims_role == ClaimsRole::Admin {
            return Ok(Self);
        }
        Err(ApiError::NotAllowed("only a token with the role `admin` may do this"))
    }
}

/// Somebody who may see how the server and its people do: in development whoever is signed in; in production a part of the
/// application.
pub(super) fn may_watch(state: &AppState, caller: &AuthUser) -> Result<(), ApiError> {
    if state.config().is_development() || caller.claims_role.is_service() {
        return Ok(());
    }
    Err(ApiError::NotAllowed("only a token with the role `service` or `admin` may see this"))
}
