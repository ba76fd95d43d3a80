//! Sign-in source: the extractor of the address and the device tokens of a client that signs in.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::auth::SignInSource;
use crate::auth::client_ip::ClientIp;
use crate::auth::cookies::CookieNames;
use crate::state::AppState;

impl FromRequestParts<AppState> for SignInSource {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let address = ClientIp::from_request_parts(parts, state).await?;
        let cookies = Arc::<CookieNames>::from_ref(state);
        Ok(Self::of(address, &parts.headers, cookies.device()))
    }
}
