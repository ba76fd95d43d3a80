//! Where a proof of identity is found: a header, a cookie, the address of a socket.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::{AuthError, AuthUser, origin};
use crate::error::ApiError;
use crate::limits::requests::{self, Held};
use crate::state::AppState;

/// What the cookie of the browser pages was always called in version 0.1, and is still read by, for one release.
pub const PLAIN_COOKIE: &str = "hubbub_session";

/// What browsers take only from this very host, over TLS and for all of its paths, so that no sibling domain can put a cookie
/// in the place of ours (RFC 6265bis, section 4.1.3.2).
pub const HOST_PREFIX: &str = "__Host-";

/// Cookies of the pages that are looked at in one request. A browser sends one for each domain and path that has set one, and
/// a page of a sibling domain can add some; each costs a look at the database.
const MAX_COOKIES: usize = 16;

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

impl FromRequestParts<AppState> for AuthUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = identify(parts, state).await?;
        requests::enter(state, Held::of(&parts.extensions), &caller).await?;
        parts.extensions.insert(Identified { state: state.clone(), caller: caller.clone() });
        Ok(caller)
    }
}

/// The caller that a request's head was found to be of, for whoever waits for its body.
#[derive(Clone)]
pub(crate) struct Identified {
    state: AppState,
    caller: AuthUser,
}

impl Identified {
    /// Checks that the caller may still ask: a body may take minutes, and the sign-in may have ended meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Token`] if it has, and failures of the store.
    pub(crate) async fn check_still(&self) -> Result<(), AuthError> {
        self.state.auth().check_still(&self.caller).await
    }
}

async fn identify(parts: &Parts, state: &AppState) -> Result<AuthUser, AuthError> {
    if let Some(token) = bearer(parts.headers.get(AUTHORIZATION))? {
        return identify_token(state, token).await;
    }
    let mut shown = page_cookies(state, &parts.headers).peekable();
    if shown.peek().is_some() && !origin::may_use_cookie(&parts.method, &parts.headers) {
        return Err(AuthError::ForeignPage);
    }
    let caller = identify_visitor(state, &parts.headers).await?;
    caller.ok_or(AuthError::Unauthorized)
}

/// Who looks at a page, if anybody is signed in. Of several cookies the first good one counts: one that is over, of another
/// domain or path, must not keep out whose newer one is good.
///
/// # Errors
/// [`AuthError::Account`] when the store fails; a cookie that is over is nobody.
pub async fn identify_visitor(state: &AppState, headers: &HeaderMap) -> Result<Option<AuthUser>, AuthError> {
    for (_, cookie) in page_cookies(state, headers) {
        if let Some(caller) = by_cookie(state, cookie).await? {
            return Ok(Some(caller));
        }
    }
    Ok(None)
}

/// Every sign-in that a request shows by a cookie, with the name of its cookie.
///
/// # Errors
/// As [`identify_visitor`].
pub async fn all_by_cookie<'a>(
    state: &'a AppState,
    headers: &'a HeaderMap,
) -> Result<Vec<(&'a str, AuthUser)>, AuthError> {
    let mut callers = Vec::new();
    for (name, cookie) in page_cookies(state, headers) {
        callers.extend(by_cookie(state, cookie).await?.map(|caller| (name, caller)));
    }
    Ok(callers)
}

async fn by_cookie(state: &AppState, cookie: &str) -> Result<Option<AuthUser>, AuthError> {
    match state.auth().by_cookie(cookie).await {
        Ok(caller) => Ok(Some(caller)),
        Err(error) if error.is_unproven() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The cookies of the pages that a request carries, with their names: those of our own name first.
fn page_cookies<'a>(
    state: &'a AppState,
    headers: &'a HeaderMap,
) -> impl Iterator<Item = (&'a str, &'a str)> + Send {
    let own = state.cookie_name();
    let names = [Some(own), Some(PLAIN_COOKIE).filter(|plain| *plain != own)];
    let shown = names.into_iter().flatten().flat_map(|name| cookies(headers, name).map(move |it| (name, it)));
    shown.take(MAX_COOKIES)
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
) -> Result<Option<AuthUser>, AuthError> {
    let token = bearer(authorization)?.or(query.token.as_deref());
    if let Some(token) = token {
        return identify_token(state, token).await.map(Some);
    }
    let Some(ticket) = &query.ticket else {
        return Ok(None);
    };
    let redeemed = state.tickets().redeem(ticket, state.clock().monotonic_ms());
    let caller = redeemed.map_err(|fault| state.auth().refuse(fault))?;
    state.auth().check_still(&caller).await?;
    Ok(Some(caller))
}

/// Whose access token a carrier holds. Every carrier ends here, so all take a token alike.
///
/// # Errors
/// [`AuthError::Unauthorized`] for whatever is wrong with it.
pub async fn identify_token(state: &AppState, carried: &str) -> Result<AuthUser, AuthError> {
    state.auth().by_token(access_token(carried)).await
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

/// The values of the cookies of this name, in the order sent.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> + Send {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(named, _)| *named == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_of_a_name_is_read_in_the_order_sent() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "theme=dark; hubbub_session=one;hubbub_session=two".parse().unwrap());
        headers.append(COOKIE, "hubbub_session_3000=no; hubbub_session=three; broken".parse().unwrap());
        let read: Vec<_> = cookies(&headers, "hubbub_session").collect();
        assert_eq!(read, ["one", "two", "three"]);
    }
}
