//! Where a proof of identity is found: a header, a cookie, the address of a socket.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::{AuthError, Caller, origin};
use crate::error::ApiError;
use crate::state::AppState;

/// The cookie of the browser pages.
pub const COOKIE: &str = "hubbub_session";

/// What the address of a socket may carry. Has no `Debug`: it must not reach a log.
#[derive(Clone, Default, Deserialize)]
pub struct SocketQuery {
    /// An access token.
    pub token: Option<String>,
    /// A ticket, good once.
    pub ticket: Option<String>,
    /// The client's cursor of its inbox, where the dialect has one. A text: elsewhere it may mean anything.
    pub inbox: Option<String>,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(token) = bearer(parts.headers.get(AUTHORIZATION))? {
            return Ok(identify_token(state, token).await?);
        }
        let cookie = cookie(&parts.headers).ok_or(AuthError::Unauthorized)?;
        if !origin::may_use_cookie(&parts.method, &parts.headers) {
            return Err(AuthError::ForeignPage.into());
        }
        Ok(state.sign_ins().by_cookie(&cookie).await?)
    }
}

/// Who looks at a page, if anybody is signed in.
///
/// # Errors
/// [`AuthError::Account`] when the store fails; a cookie that is over is nobody.
pub async fn identify_visitor(state: &AppState, headers: &HeaderMap) -> Result<Option<Caller>, AuthError> {
    let Some(cookie) = cookie(headers) else {
        return Ok(None);
    };
    match state.sign_ins().by_cookie(&cookie).await {
        Ok(caller) => Ok(Some(caller)),
        Err(AuthError::Unauthorized) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who opens a socket: by `Authorization`, else `?token=`, else `?ticket=`. `None` if there is nothing of the kind; then
/// the first frame has to say.
///
/// # Errors
/// [`AuthError::Unauthorized`] for whatever is wrong with what was shown.
pub async fn identify_socket(
    state: &AppState,
    authorization: Option<&HeaderValue>,
    query: &SocketQuery,
) -> Result<Option<Caller>, AuthError> {
    let token = bearer(authorization)?.or(query.token.as_deref());
    if let Some(token) = token {
        return identify_token(state, token).await.map(Some);
    }
    let Some(ticket) = &query.ticket else {
        return Ok(None);
    };
    let caller = state.tickets().redeem(ticket, state.clock().monotonic_ms())?;
    state.sign_ins().still(caller).await.map(Some)
}

/// Whose access token a carrier holds. Every carrier ends here, so all take a token alike.
///
/// # Errors
/// [`AuthError::Unauthorized`] for whatever is wrong with it.
pub async fn identify_token(state: &AppState, carried: &str) -> Result<Caller, AuthError> {
    state.sign_ins().by_token(access_token(carried)).await
}

/// The access token in what a carrier holds: without white space around it, and without the scheme of the header, which
/// many clients put before it everywhere.
pub fn access_token(carried: &str) -> &str {
    let carried = carried.trim();
    without_scheme(carried).unwrap_or(carried)
}

/// The token of the `Authorization` header; another scheme than `Bearer` is refused, not passed over.
///
/// # Errors
/// [`AuthError::Unauthorized`].
pub fn bearer(authorization: Option<&HeaderValue>) -> Result<Option<&str>, AuthError> {
    let Some(value) = authorization else {
        return Ok(None);
    };
    let token = value.to_str().ok().and_then(|value| without_scheme(value.trim()));
    token.map(Some).ok_or(AuthError::Unauthorized)
}

/// What comes after `Bearer`, if the text begins with it.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(char::is_whitespace)?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// What the cookie of the browser pages says, if it came along.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}
