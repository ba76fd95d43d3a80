//! Rights: the extractors of callers for addresses that are not for every user.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::auth::{AuthError, AuthUser, ClaimsRole};
use crate::config::Config;
use crate::error::ApiError;
use crate::state::AppState;

/// A caller who may try things out on others: in development any user; in production a part of the application, and for all
/// others the address does not exist.
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

/// A caller who runs the application; in development any user.
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

/// Checks that the caller may see counts, and which users are connected: in development any user; in production a part of the
/// application.
pub(super) fn check_may_watch(config: &Config, caller: &AuthUser) -> Result<(), ApiError> {
    if config.is_development() || caller.claims_role.is_service() {
        return Ok(());
    }
    Err(ApiError::NotAllowed("only a token with the role `service` or `admin` may see this"))
}
