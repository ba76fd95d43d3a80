//! Carriers of tokens: where a request carries a proof of identity, and how it is read out of there.

use axum::http::HeaderValue;
use serde::Deserialize;

use super::AuthError;

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

/// The access token in what a carrier holds: without white space around it, and without the scheme of the header, which
/// many clients put before it everywhere.
pub fn access_token(carried: &str) -> &str {
    let carried = carried.trim();
    without_scheme(carried).unwrap_or(carried)
}

/// The token of the `Authorization` header; another scheme than `Bearer` is rejected, not passed over.
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

/// The text behind `Bearer`, if the text begins with it.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(char::is_whitespace)?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}
