//! Authenticated users: the extractors of the user who sends a request, whose requests are counted.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::auth::{AuthError, AuthService, AuthUser, Authenticator};
use crate::error::ApiError;
use crate::gateway::request_limits::enter;
use crate::limits::requests::{RequestLimiter, UserPermit};
use crate::state::AppState;

impl FromRequestParts<AppState> for AuthUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Authenticator::from_ref(state).request(&parts.method, &parts.headers).await?;
        count(parts, state, &caller).await?;
        let auth = Arc::<AuthService>::from_ref(state);
        parts.extensions.insert(Authenticated { auth, caller: caller.clone() });
        Ok(caller)
    }
}

/// The user who visits a page, if one is signed in.
pub(crate) struct Visitor(pub(crate) Option<AuthUser>);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Authenticator::from_ref(state).visitor(&parts.headers).await?;
        if let Some(caller) = &caller {
            count(parts, state, caller).await?;
        }
        Ok(Self(caller))
    }
}

async fn count(parts: &Parts, state: &AppState, caller: &AuthUser) -> Result<(), ApiError> {
    let limiter = Arc::<RequestLimiter>::from_ref(state);
    enter(&limiter, state.hub(), UserPermit::of(&parts.extensions), caller).await
}

/// The caller whom the head of a request has authenticated. An extension of the request, for the extractor of its body.
#[derive(Clone)]
pub(super) struct Authenticated {
    auth: Arc<AuthService>,
    caller: AuthUser,
}

impl Authenticated {
    /// Checks that the caller may still ask: a body may take minutes, and the sign-in may have ended meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Token`] if it has, and failures of the store.
    pub(super) async fn check_still(&self) -> Result<(), AuthError> {
        self.auth.check_still(&self.caller).await
    }
}
